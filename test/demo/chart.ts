// One time series panel as SVG: grid, axes, lines with a soft fill, legend below.

import type { Series } from './prometheus.ts'
import { inUnit } from './units.ts'

export type Line = { name: string; series: Series }

const palette = [
  '#73bf69',
  '#f2cc0c',
  '#8ab8ff',
  '#ff780a',
  '#f2495c',
  '#b877d9',
  '#5794f2',
  '#37872d',
  '#fade2a',
  '#c4162a',
]
/** Colours with a meaning of their own come before the palette's turn. */
const meanings: Record<string, string> = {
  ok: '#73bf69',
  opened: '#73bf69',
  refused: '#ff9830',
  error: '#f2495c',
  unknown: '#b877d9',
  'tool-error': '#f2cc0c',
}

export const colourOf = (name: string, at: number): string =>
  meanings[name] ?? (palette[at % palette.length] as string)

const margin = { left: 64, right: 14, top: 8, bottom: 22 }

/** The chart of the lines between two times, `width` by `height` pixels. */
export function chart(
  lines: readonly Line[],
  from: number,
  to: number,
  unit: string,
  width: number,
  height: number,
): string {
  const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom }
  const values = lines
    .flatMap(({ series }) => series.points.map(([, value]) => value))
    .filter(Number.isFinite)
  const top = niceTop(Math.max(0, ...values))
  const x = (time: number): number => margin.left + ((time - from) / (to - from)) * inner.width
  const y = (value: number): number => margin.top + inner.height * (1 - value / top)
  const rows = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const value = top * share
    return (
      `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y(value)}" y2="${y(value)}" class="grid"/>` +
      `<text x="${margin.left - 8}" y="${y(value) + 4}" text-anchor="end">${inUnit(value, unit)}</text>`
    )
  })
  const columns = ticks(from, to).map(
    (time) =>
      `<line x1="${x(time)}" x2="${x(time)}" y1="${margin.top}" y2="${margin.top + inner.height}" class="grid"/>` +
      `<text x="${x(time)}" y="${height - 5}" text-anchor="middle">${new Date(time * 1000).toISOString().slice(11, 16)}</text>`,
  )
  const drawn = lines.map(({ name, series }, at) => {
    const colour = colourOf(name, at)
    return stretches(series.points)
      .map((points) => {
        const path = points
          .map(([time, value], n) => `${n === 0 ? 'M' : 'L'}${x(time).toFixed(1)},${y(value).toFixed(1)}`)
          .join('')
        const [first, last] = [points[0] as [number, number], points.at(-1) as [number, number]]
        const area = `${path}L${x(last[0]).toFixed(1)},${y(0)}L${x(first[0]).toFixed(1)},${y(0)}Z`
        return `<path d="${area}" fill="${colour}" opacity="0.10"/><path d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"/>`
      })
      .join('')
  })
  return `<svg width="${width}" height="${height}">${rows.join('')}${columns.join('')}${drawn.join('')}</svg>`
}

/** Points in a row that are numbers: a quantile of nothing is none, and the line breaks there. */
function stretches(points: Series['points']): Series['points'][] {
  const out: Series['points'][] = []
  let open: Series['points'] = []
  for (const point of points) {
    if (Number.isFinite(point[1])) open.push(point)
    else if (open.length > 0) {
      out.push(open)
      open = []
    }
  }
  return (open.length > 0 ? [...out, open] : out).filter((stretch) => stretch.length > 1)
}

/** The next of 1, 2, 2.5, 4, 5 times a power of ten. */
function niceTop(most: number): number {
  if (most <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(most))
  return ([1, 2, 2.5, 4, 5, 10].find((step) => step * power >= most * 1.02) ?? 10) * power
}

function ticks(from: number, to: number): number[] {
  const step = [30, 60, 120, 300, 600, 900, 1_800, 3_600].find((step) => (to - from) / step <= 8) ?? 7_200
  const out: number[] = []
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) out.push(time)
  return out
}
