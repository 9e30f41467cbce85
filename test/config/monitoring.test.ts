import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { monitoringFiles } from '../../config/monitoring/generate.ts'
import { sourcesBelow, textOf } from '../claims.ts'

type Target = { expr: string; refId: string }
type Panel = {
  type: string
  title: string
  targets?: Target[]
  gridPos: { x: number; y: number; w: number; h: number }
}

const board = async () =>
  JSON.parse(await textOf('config/monitoring/dashboard.json')) as {
    panels: Panel[]
    templating: { list: { name: string }[] }
  }
const rules = async () =>
  parse(await textOf('config/monitoring/rules.yaml')) as {
    groups: { rules: { alert: string; expr: string }[] }[]
  }

test('the committed dashboard and rules are what their code makes', async () => {
  for (const { path, text } of monitoringFiles())
    expect(await readFile(fileURLToPath(path), 'utf8')).toBe(text)
})

test('every metric that a panel or an alert asks for is one that a program of ours exports', async () => {
  const sources = await Promise.all(
    ['sidecar', 'collector', 'operator'].map(
      async (folder) => await Promise.all((await sourcesBelow(folder)).map(textOf)),
    ),
  )
  const exported = new Set(sources.flat().flatMap((text) => text.match(/\bhipaa_mcp_[a-z_]+/g) ?? []))
  const asked = [
    ...(await board()).panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...(await rules()).groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
  ].flatMap((expr) => expr.match(/\bhipaa_mcp_[a-z_]+/g) ?? [])

  // Prometheus' text format adds these to the names of counters and histograms.
  const isExported = (name: string) =>
    exported.has(name) || exported.has(name.replace(/_(bucket|total)$/, ''))

  expect(asked.length).toBeGreaterThan(15)
  expect([...new Set(asked)].filter((name) => !isExported(name))).toEqual([])
})

test('every query of a server’s metric can be narrowed to one server', async () => {
  const { panels, templating } = await board()

  expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'server'])
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  const ofSidecars = queries.filter((expr) => !/hipaa_mcp_(collector_|breach)/.test(expr))
  expect(ofSidecars.filter((expr) => !expr.includes('server=~"$server"'))).toEqual([])
})

test('no panel lies on another', async () => {
  const cells = new Map<string, string>()
  for (const { title, gridPos } of (await board()).panels) {
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(cells.get(`${x} ${y}`), `${title} and ${cells.get(`${x} ${y}`)}`).toBeUndefined()
        cells.set(`${x} ${y}`, title)
      }
    }
  }
})
