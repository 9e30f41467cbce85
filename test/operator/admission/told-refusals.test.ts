// What admission refuses, on its way to the trail.

import { expect, test } from 'vitest'
import type { AdmissionsRequest } from '../../../core/wire.ts'
import type { Request, Verdict } from '../../../operator/admission/review.ts'
import { recording, toldRefusals } from '../../../operator/admission/told-refusals.ts'
import { verifies } from '../../verifies.ts'
import { quiet } from '../cluster/scripted-api.ts'
import { aPod, aRequest } from './pods.ts'

/** A collector that takes what it is told, or is away. */
function aCollector() {
  const took: AdmissionsRequest[] = []
  const collector = {
    away: false,
    took,
    refused: async (told: AdmissionsRequest): Promise<void> => {
      if (collector.away) throw new Error('ECONNREFUSED')
      took.push(structuredClone(told))
    },
    reviews: () => took.flatMap(({ refused }) => refused.map(({ review }) => review)),
    counted: () => took.flatMap(({ counted }) => counted),
  }
  return collector
}

const begin = Date.parse('2026-11-26T12:00:00.000Z')
const refusing = (collector: ReturnType<typeof aCollector>, clock = { now: begin }) =>
  toldRefusals({ collector, log: quiet, now: () => clock.now })
const asked = (uid: string, namespace = 'clinic') =>
  aRequest(aPod(), { uid, namespace, name: 'ehr-1', userInfo: { username: 'dev-1' } })

verifies('audit:admission', 'who asked for what, and what was answered', async () => {
  const collector = aCollector()
  const told = refusing(collector)

  told.refused({ ...asked('r-1'), subResource: 'exec', operation: 'CONNECT' }, 'hipaa-mcp: break-glass only')
  await told.stop()

  expect(collector.took).toEqual([
    {
      refused: [
        {
          review: 'r-1',
          refused: '2026-11-26T12:00:00.000Z',
          namespace: 'clinic',
          what: 'pods/exec',
          operation: 'CONNECT',
          name: 'ehr-1',
          by: 'dev-1',
          says: 'hipaa-mcp: break-glass only',
        },
      ],
      counted: [],
    },
  ])
})

verifies('audit:admission', 'while the collector is away they wait, and nothing is lost', async () => {
  const collector = aCollector()
  collector.away = true
  const told = refusing(collector)

  for (const uid of ['r-1', 'r-2']) told.refused(asked(uid), 'no')
  await told.stop()
  expect(told.counts()).toContainEqual({ outcome: 'waiting', count: 2 })
  collector.away = false
  told.refused(asked('r-3'), 'no')
  await told.stop()

  expect(collector.reviews()).toEqual(['r-1', 'r-2', 'r-3'])
  expect(told.counts()).toEqual([
    { outcome: 'recorded', count: 3 },
    { outcome: 'counted', count: 0 },
    { outcome: 'waiting', count: 0 },
  ])
})

verifies(
  'audit:admission',
  'a namespace that is refused again and again is counted, and no other',
  async () => {
    const collector = aCollector()
    const clock = { now: begin }
    const told = refusing(collector, clock)

    for (let i = 0; i < 50; i++) told.refused(asked(`r-${i}`, 'noisy'), 'no')
    told.refused(asked('quiet-1', 'quiet'), 'no')
    clock.now += 60_000
    told.refused(asked('later', 'noisy'), 'no')
    await told.stop()

    expect(collector.reviews()).toHaveLength(22)
    expect(collector.reviews()).toEqual(expect.arrayContaining(['quiet-1', 'later']))
    expect(collector.counted()).toEqual([
      { namespace: 'noisy', count: 30, since: '2026-11-26T12:00:00.000Z' },
    ])
  },
)

verifies('audit:admission', 'counts that could not be told are told later, as many', async () => {
  const collector = aCollector()
  collector.away = true
  const told = refusing(collector)
  for (let i = 0; i < 25; i++) told.refused(asked(`r-${i}`), 'no')
  await told.stop()
  for (let i = 0; i < 5; i++) told.refused(asked(`s-${i}`), 'no')
  collector.away = false
  await told.stop()

  expect(collector.counted()).toEqual([{ namespace: 'clinic', count: 10, since: '2026-11-26T12:00:00.000Z' }])
})

verifies('audit:admission', 'what waits is bounded, whoever asks, and every one counts', async () => {
  const collector = aCollector()
  collector.away = true
  const told = refusing(collector)
  for (let i = 0; i < 5_000; i++) told.refused(asked(`r-${i}`, `n-${i % 2_500}`), 'no')
  expect(told.counts()).toContainEqual({ outcome: 'waiting', count: 5_000 })
  collector.away = false
  await told.stop()

  const [recorded, counted] = told.counts()
  expect(recorded?.count).toBe(1_000)
  expect(counted?.count).toBe(4_000)
  expect(new Set(collector.counted().map(({ namespace }) => namespace)).size).toBeLessThanOrEqual(1_001)
})

test('two who tell at once tell nothing twice', async () => {
  const collector = aCollector()
  const told = refusing(collector)
  told.refused(asked('r-1'), 'no')

  await Promise.all([told.stop(), told.stop()])

  expect(collector.reviews()).toEqual(['r-1'])
})

verifies('audit:admission', 'every webhook tells what it refuses, also what it could not judge', async () => {
  const told: [string, string][] = []
  const record = (request: Request, message: string): void => {
    told.push([request.uid, message])
  }
  const verdicts: { [uid: string]: Verdict } = {
    'let-in': { allowed: true },
    refused: { allowed: false, message: 'hipaa-mcp: no' },
  }
  const judge = recording(async (request) => {
    const verdict = verdicts[request.uid]
    if (verdict === undefined) throw new TypeError('of a shape that we do not know')
    return verdict
  }, record)

  expect(await judge(asked('let-in'))).toEqual({ allowed: true })
  expect(await judge(asked('refused'))).toEqual({ allowed: false, message: 'hipaa-mcp: no' })
  await expect(judge(asked('strange'))).rejects.toThrow('of a shape')

  expect(told).toEqual([
    ['refused', 'hipaa-mcp: no'],
    ['strange', 'hipaa-mcp: it could not be judged, so it is refused'],
  ])
})
