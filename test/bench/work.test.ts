import { expect, test } from 'vitest'
import { parsePolicy } from '../../core/parse-policy.ts'
import { policyText } from '../../core/policy.ts'
import { rulesOf } from '../../sidecar/rules.ts'
import { otherTable } from './other-report.ts'
import type { OtherFigures } from './other-rows.ts'
import { eventsTool, listed, openTool, otherWork } from './other-work.ts'
import { addedRatio, direct, own, report, yardstick } from './report.ts'
import type { VerifyFigures } from './verify-rows.ts'
import { makeWork } from './work.ts'

test('the work is 600 bytes in and 4 KB out', async () => {
  const { request, result } = await makeWork(8080)

  expect(Buffer.byteLength(request)).toBe(600)
  expect(Buffer.byteLength(`{"jsonrpc":"2.0","id":1,"result":${result}}`)).toBe(4_096)
})

test('the bench’s policies are such as a sidecar takes', async () => {
  const work = await makeWork(8080)
  const { list, events, open } = otherWork(work)

  for (const { policy } of [work, list, events, open]) {
    expect(parsePolicy(policyText(policy))).toEqual(policy)
    expect(() => rulesOf(policy)).not.toThrow()
  }
})

test('of 500 tools the role may see 100, and of those that stream both', async () => {
  const { list, events, open } = otherWork(await makeWork(8080))
  const names = ({ policy: { tools } }: typeof list) => tools.map(({ name }) => name)

  expect(new Set(names(list)).size).toBe(listed.all)
  expect(list.policy.roles[0]?.tools.filter((name) => names(list).includes(name))).toHaveLength(listed.seen)
  expect(events.policy).toEqual(open.policy)
  expect(events.policy.roles[0]?.tools).toEqual([eventsTool, openTool])
})

test('the server of the bench can tell by the tool alone what is asked of it', async () => {
  const work = await makeWork(8080)
  const { list, events, open } = otherWork(work)
  const streams = ({ request }: typeof list) => [eventsTool, openTool].map((name) => request.includes(name))

  expect([work, list, events, open].map(streams)).toEqual([
    [false, false],
    [false, false],
    [true, false],
    [false, true],
  ])
  expect([list, events, open].map(({ headers }) => headers['mcp-name'])).toEqual([
    undefined,
    eventsTool,
    openTool,
  ])
})

const figures = (microseconds: number, p50: number) => ({
  microseconds,
  perSecond: 1_000,
  onClock: 2 * microseconds + 10,
  p50,
  p99: 2 * p50,
  memory: 50e6,
})

const verified: VerifyFigures = {
  records: 1_000_000,
  bytes: 500_000_000,
  verify: 1.6,
  hashRecords: 1,
  hashPieces: 0.4,
  processor: 3,
  hashProcessor: 0.9,
  memory: 150e6,
  memoryOfQuarter: 120e6,
}

test('the table states medians, ratios to nginx, and latency over the server alone', async () => {
  const measured = new Map([
    [direct, [figures(0, 0.1), figures(0, 0.1), figures(0, 0.1)]],
    [yardstick, [figures(10, 0.3), figures(90, 0.3), figures(12, 0.3)]],
    ['sidecar', [figures(60, 0.8), figures(61, 0.8), figures(10, 0.8)]],
  ])

  const { table } = report({
    machine: 'm',
    rounds: 3,
    seconds: 1,
    measured,
    others: [],
    redaction: [],
    egress: {},
    verified,
    work: await makeWork(1),
  })

  expect(table).toMatch(/0\.63 × is the rate of `verify` \(aim: 0\.5\); 0\.90 µs/)
  expect(table).toMatch(/150 MB +\| 120 MB for a quarter of the records: 1\.25 ×/)
  expect(table).toMatch(/sidecar +\| 60 +\| 5\.0 × +\| 1000 +\| 130 +\| 3\.8 × +\| 0\.70 \/ 1\.40 +\| 50 MB/)
})

const rounds = (...all: number[]) => all.map((p50) => figures(1, p50))

test('what `Stream` adds is told by what `Local` adds in the same round', () => {
  // Of the medians it would be 4: the machine was busy in another round for each.
  const measured = new Map([
    [direct, rounds(1, 1, 1)],
    [own.Local, rounds(2, 2, 11)],
    [own.Stream, rounds(3, 5, 21)],
  ])

  expect(addedRatio(measured)).toBe(2)
})

const other = (list: number, nginx: number, more: number): OtherFigures => ({
  list: { microseconds: list, nginx, bytes: 26_980, perSecond: 2_000 },
  events: { microseconds: 40, perSecond: 12_345 },
  streamBytes: 70_400,
  token: { known: 300, more },
  records: {
    rate: 1_500,
    records: { onClock: more, most: more / 3, perSecond: 2_900 },
    nginx: { onClock: nginx, most: nginx / 2, perSecond: 16_000 },
  },
})

test('the other rows state medians with their units, and the ratio to nginx of the same round', () => {
  const table = otherTable([other(300, 30, 90), other(900, 45, 300), other(360, 60, 80)])

  expect(table).toContain('100 of 500 tools seen, 26,980 bytes')
  expect(table).toContain('360 µs CPU a list')
  expect(table).toContain('10.0 × nginx (45 µs); 2,000 lists/s at most')
  expect(table).toContain('40 µs CPU an event')
  expect(table).toContain('12,345 events/s at most, each recorded before it leaves')
  expect(table).toContain('70 kB of memory a stream')
  expect(table).toContain('90 µs CPU more a call')
  expect(table).toMatch(
    /at 1,500 calls\/s on a clock +\| 90 µs CPU a call +\| 3\.0 × nginx so \(45 µs; aim: 1\.7\)/,
  )
  expect(table).toMatch(
    /as fast as they go +\| 30 µs CPU a call +\| 2\.0 × nginx so \(23 µs; aim: 1\.7\); 2,900 and 16,000/,
  )
})
