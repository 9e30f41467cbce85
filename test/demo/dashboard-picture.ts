// The dashboard as a picture: its own JSON, the answers of a real Prometheus, drawn in Chromium. Debian has no Grafana;
// what is shown here is what Grafana would ask and get, in a plainer frame.

import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { chart, colourOf, type Line } from './chart.ts'
import { type Ask, type Dashboard, filled, type Panel, type Series, type Target } from './prometheus.ts'
import { inUnit } from './units.ts'

const width = 1_400
const gap = 8
const column = (width - gap) / 24
const row = 34

/** Draws the last `seconds` of the dashboard into a PNG. Gives the questions that had no data. */
export async function drawDashboard(
  board: Dashboard,
  ask: Ask,
  path: string,
  seconds: number,
  now = Date.now() / 1_000,
): Promise<string[]> {
  const silent: string[] = []
  const panels = await Promise.all(
    board.panels.map(async (panel) => {
      const answers = await Promise.all(
        (panel.targets ?? []).map(async (target) => {
          const series = await answerOf(ask, target, panel.type, now - seconds, now)
          if (series.length === 0) silent.push(`${panel.title}: ${filled(target.expr)}`)
          return { target, series }
        }),
      )
      return framed(panel, answers, now - seconds, now)
    }),
  )
  const last = Math.max(...board.panels.map(({ gridPos }) => gridPos.y + gridPos.h))
  const height = last * row + 72
  await mkdir(dirname(path), { recursive: true })
  await screenshot(page(board, panels.join('\n'), height, now), path, height)
  return silent
}

type Answered = { target: Target; series: Series[] }

async function answerOf(
  ask: Ask,
  { expr }: Target,
  type: string,
  from: number,
  to: number,
): Promise<Series[]> {
  const query = filled(expr)
  return type === 'timeseries'
    ? await ask.range(query, from, to, Math.max(2, Math.ceil((to - from) / 400)))
    : await ask.instant(query)
}

function framed(panel: Panel, answers: readonly Answered[], from: number, to: number): string {
  const { x, y, w, h } = panel.gridPos
  const box = { left: gap + x * column, top: 64 + y * row, width: w * column - gap, height: h * row - gap }
  const style = `left:${box.left}px;top:${box.top}px;width:${box.width}px;height:${box.height}px`
  if (panel.type === 'row') return `<div class="row" style="${style}">${escape(panel.title)}</div>`
  const body =
    panel.type === 'stat'
      ? stat(panel, answers)
      : panel.type === 'table'
        ? table(panel, answers)
        : timeseries(panel, answers, from, to, box.width - 16, box.height - 70)
  return `<div class="panel" style="${style}"><h2>${escape(panel.title)}</h2>${body}</div>`
}

const named: Record<string, string> = { green: '#73bf69', red: '#f2495c', blue: '#8ab8ff', orange: '#ff9830' }

function stat({ fieldConfig }: Panel, answers: readonly Answered[]): string {
  const { unit, decimals, thresholds } = fieldConfig?.defaults ?? {}
  const value = answers[0]?.series[0]?.points.at(-1)?.[1]
  if (value === undefined) return '<div class="stat none">no data</div>'
  const step = thresholds?.steps.findLast((step) => step.value === null || value >= step.value)
  return `<div class="stat" style="color:${named[step?.color ?? 'green'] ?? '#d8d9da'}">${inUnit(value, unit, decimals)}</div>`
}

function timeseries(
  { fieldConfig }: Panel,
  answers: readonly Answered[],
  from: number,
  to: number,
  w: number,
  h: number,
): string {
  const lines = answers.flatMap(({ target, series }) =>
    series.map((one): Line => ({ name: legend(target, one), series: one })),
  )
  const unit = fieldConfig?.defaults?.unit ?? 'short'
  const names = lines.map(
    ({ name }, at) => `<span><i style="background:${colourOf(name, at)}"></i>${escape(name)}</span>`,
  )
  return `${chart(lines, from, to, unit, w, h)}<div class="legend">${names.join('') || 'no data'}</div>`
}

const legend = ({ legendFormat, expr }: Target, { labels }: Series): string =>
  legendFormat?.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => labels[name] ?? '') || expr

/** Grafana's `merge` and `organize`: one line for equal labels, the columns named by the dashboard. */
function table({ transformations = [] }: Panel, answers: readonly Answered[]): string {
  const names = transformations.find(({ id }) => id === 'organize')?.options.renameByName ?? {}
  const columns = answers.map(({ target }) => names[`Value #${target.refId}`] ?? target.refId)
  const rows = new Map<string, (number | undefined)[]>()
  answers.forEach(({ series }, at) => {
    for (const { labels, points } of series) {
      const key = Object.values(labels).join(' ')
      const cells = rows.get(key) ?? Array.from<number | undefined>({ length: answers.length })
      cells[at] = points.at(-1)?.[1]
      rows.set(key, cells)
    }
  })
  const head = ['Server', ...columns].map((name) => `<th>${escape(name)}</th>`).join('')
  const body = [...rows].map(([key, cells]) => {
    const values = cells.map((value) => `<td>${value === undefined ? '–' : inUnit(value)}</td>`).join('')
    return `<tr><td>${escape(key)}</td>${values}</tr>`
  })
  return `<table><tr>${head}</tr>${body.join('')}</table>`
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

function page({ title, description = '' }: Dashboard, panels: string, height: number, now: number): string {
  return `<!doctype html><meta charset="utf-8"><style>
* { box-sizing: border-box; margin: 0 }
body { width: ${width}px; height: ${height}px; background: #111217; color: #ccccdc; font: 13px "DejaVu Sans", sans-serif; position: relative }
header { padding: 18px 16px; display: flex; gap: 14px; align-items: baseline }
header b { font-size: 20px; color: #fff } header span { color: #8e8e9e } header time { margin-left: auto; color: #8e8e9e }
.panel { position: absolute; background: #181b1f; border: 1px solid #25272e; border-radius: 3px; padding: 8px; overflow: hidden }
.panel h2 { font-size: 13px; font-weight: 600; color: #d8d9da; margin-bottom: 6px }
.row { position: absolute; color: #d8d9da; font-weight: 600; padding-top: 6px }
.stat { font-size: 34px; font-weight: 700; text-align: center; padding-top: 18px } .none { color: #6e6e7e; font-size: 20px }
svg { display: block } svg text { fill: #9a9aaa; font-size: 11px } .grid { stroke: #24262d }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; padding-left: 8px; color: #b0b0c0; font-size: 11px; line-height: 13px; height: 30px; overflow: hidden }
.legend i { display: inline-block; width: 14px; height: 3px; margin-right: 6px; vertical-align: middle }
table { width: 100%; border-collapse: collapse } th { text-align: left; color: #8ab8ff; font-weight: 600 }
td, th { padding: 6px 10px; border-bottom: 1px solid #25272e }
</style><header><b>${escape(title)}</b><span>${escape(description)}</span>
<time>${new Date(now * 1_000).toISOString().replace('T', ' ').slice(0, 19)} UTC</time></header>${panels}`
}

/** Chromium with its background traffic off; only the text given is loaded. */
async function screenshot(html: string, path: string, height: number): Promise<void> {
  // Large, and wanted here alone: who only reads the dashboard does without.
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-default-apps',
      '--no-first-run',
      '--disable-domain-reliability',
      '--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication',
      '--host-resolver-rules=MAP * ~NOTFOUND',
    ],
  })
  try {
    const sheet = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: 1 })
    await sheet.setContent(html)
    await sheet.screenshot({ path })
  } finally {
    await browser.close()
  }
}
