import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { openMetrics } from '../../collector/metrics.ts'
import { monitoringFiles } from '../../config/monitoring/generate.ts'
import { idOf } from '../../core/log.ts'
import { observeWorld } from '../../operator/observed-metrics.ts'
import { metricSet } from '../../sidecar/metrics.ts'
import { measure } from '../../sidecar/observed.ts'
import { textOf } from '../claims.ts'
import { aCopy, anArchive, witnessesOutside } from '../operator/world.ts'

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

test('every metric that a panel or an alert asks for is one that sidecar, collector or operator exports', async () => {
  const exported = new Set(await exportedNames())
  const asked = [
    ...(await board()).panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...(await rules()).groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
  ].flatMap((expr) => expr.match(/\bhipaa_mcp_[a-z_]+/g) ?? [])

  expect(asked.length).toBeGreaterThan(15)
  expect([...new Set(asked)].filter((name) => !exported.has(name))).toEqual([])
})

/** Names of the series that a scrape of each program gives once everything has happened once. */
async function exportedNames(): Promise<string[]> {
  const sidecar = metricSet('clinic/ehr')
  sidecar.calls.call({ method: 'tools/call', tool: idOf('get_diagnosis'), outcome: 'ok', milliseconds: 1 })
  sidecar.calls.refusal({ reason: 'tool-unknown', stage: 'authorize' })
  sidecar.calls.handshake({ reason: 'no-certificate' })
  sidecar.calls.emergency()
  sidecar.recorded({ kind: 'intent', milliseconds: 1 })
  sidecar.egress('opened', { kind: 'store' })
  measure(sidecar, {
    identity: { current: () => ({ channelUntil: 1, serverUntil: 1 }) as never },
    orders: { standing: () => ({ locked: 'lockdown', inForce: { generation: 1 } }) as never, age: () => 1 },
    trail: () =>
      ({
        chain: { waitingBytes: 0, size: 1, pressure: () => undefined },
        home: { witnessed: () => 1 },
        unshipped: () => 0,
      }) as never,
    inFlight: () => 0,
  })
  const collector = openMetrics()
  collector.report.record({ namespace: idOf('clinic'), server: idOf('ehr'), kind: 'intent' })
  collector.report.commit(0.001)
  const at = new Date().toISOString()
  const chain = { namespace: 'clinic', server: 'ehr', state: 'live', size: 1, witnessed: 1, lastRecord: at }
  const signal = { namespace: 'clinic', server: 'ehr', rule: '80/3600', lastSeen: at }
  collector.refused(idOf('theirs'), 'ahead')
  const witnesses = { window: () => 1, report: () => witnessesOutside() }
  const sealing = { warning: () => undefined, unsealed: () => 0 }
  collector.watch(
    { summaries: () => [chain], signals: () => [signal], witnesses, sealing } as never,
    Date.now,
  )
  const gaps = [{ reason: 'ArchivePublic', says: 'Block public access.' }]
  collector.watchArchive({ summary: () => anArchive({ gaps }) } as never, Date.now)
  const counts = [{ name: 'siem', taken: 1, refused: 1 }]
  collector.watchCopies({ reports: () => [aCopy()], counts: () => counts } as never)
  const texts = await Promise.all([
    scraped((...asked) => sidecar.serve(...asked)),
    scraped((...asked) => collector.answer(...asked)),
  ])
  const operator: string[] = []
  observeWorld({ observed: (_, name) => void operator.push(name) }, {} as never)
  return [...operator, ...texts.flatMap((text) => text.match(/^hipaa_mcp_[a-z_]+/gm) ?? [])]
}

async function scraped(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`)).text()
  } finally {
    server.close()
  }
}

test('every query of a server’s metric can be narrowed to one server', async () => {
  const { panels, templating } = await board()

  expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'server'])
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  const ofServers = queries.filter((expr) => !/hipaa_mcp_(admission_|collector_|breach)/.test(expr))
  expect(ofServers.filter((expr) => !expr.includes('server=~"$server"'))).toEqual([])
})

test('no panel lies on another, and none goes beyond the 24 columns', async () => {
  const cells = new Map<string, string>()
  for (const { title, gridPos } of (await board()).panels) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(cells.get(`${x} ${y}`), `${title} and ${cells.get(`${x} ${y}`)}`).toBeUndefined()
        cells.set(`${x} ${y}`, title)
      }
    }
  }
})
