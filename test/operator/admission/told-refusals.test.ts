// What admission refuses, on its way to the trail.

import { expect, test } from 'vitest'
import { type AuditRecord, recordBytes, recordSchema } from '../../../core/record.ts'
import { membersHold } from '../../../core/record-shape.ts'
import type { AdmissionsRequest } from '../../../core/wire.ts'
import type { Request, Verdict } from '../../../operator/admission/review.ts'
import { recording, toldRefusals } from '../../../operator/admission/told-refusals.ts'
import { CollectorAnswered } from '../../../operator/collector-client.ts'
import { verifies } from '../../verifies.ts'
import { quiet } from '../cluster/scripted-api.ts'
import { aPod, aRequest } from './pods.ts'

/** A collector that takes what it is told, says no to some of it, is away, or takes it and its answer is lost. */
function aCollector() {
  const took: AdmissionsRequest[] = []
  const collector = {
    away: false,
    answerLost: false,
    /** Status for what it is told; it takes that for which there is none. */
    saysNo: undefined as ((told: AdmissionsRequest) => number | undefined) | undefined,
    took,
    tellAdmissions: async (told: AdmissionsRequest): Promise<void> => {
      if (collector.away) throw new Error('ECONNREFUSED')
      const status = collector.saysNo?.(told)
      if (status !== undefined) throw new CollectorAnswered(status, '/v1/admissions')
      took.push(structuredClone(told))
      if (collector.answerLost) throw new Error('ECONNRESET')
    },
    reviews: () => took.flatMap(({ refused }) => refused.map(({ review }) => review)),
    counted: () => took.flatMap(({ counted }) => counted),
  }
  return collector
}

const begin = Date.parse('2026-11-26T12:00:00.000Z')
const refusing = (collector: ReturnType<typeof aCollector>, clock = { now: begin }) =>
  toldRefusals({
    collector,
    enrolled: () => true,
    log: quiet,
    now: () => clock.now,
  })
const asked = (uid: string, namespace = 'clinic', username = 'dev-1') =>
  aRequest(aPod(), { uid, namespace, name: 'ehr-1', userInfo: { username } })

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
  'who is refused again and again is counted, and nobody and nothing else is',
  async () => {
    const collector = aCollector()
    const clock = { now: begin }
    const told = refusing(collector, clock)

    for (let i = 0; i < 50; i++) told.refused(asked(`r-${i}`), 'no')
    // What they hid behind it, and another person.
    told.refused({ ...asked('exec'), subResource: 'exec', operation: 'CONNECT' }, 'no')
    told.refused(asked('other', 'clinic', 'dev-2'), 'no')
    clock.now += 60_000
    told.refused(asked('later'), 'no')
    await told.stop()

    expect(collector.reviews()).toEqual(['r-0', 'r-1', 'r-2', 'r-3', 'r-4', 'exec', 'other', 'later'])
    expect(collector.counted()).toMatchObject([
      { namespace: 'clinic', count: 45, since: '2026-11-26T12:00:00.000Z', by: ['dev-1'] },
    ])
  },
)

verifies(
  'audit:admission',
  'many persons are counted in their namespace, with names of sixteen',
  async () => {
    const collector = aCollector()
    const told = refusing(collector)

    for (let i = 0; i < 100; i++) told.refused(asked(`r-${i}`, 'noisy', `dev-${i}`), 'no')
    told.refused(asked('quiet-1', 'quiet'), 'no')
    await told.stop()

    expect(collector.reviews()).toHaveLength(61)
    expect(collector.reviews()).toContain('quiet-1')
    const by = Array.from({ length: 16 }, (_, i) => `dev-${60 + i}`)
    expect(collector.counted()).toMatchObject([{ namespace: 'noisy', count: 40, by }])
  },
)

verifies('audit:admission', 'what is not enrolled shares one quota, and all share one', async () => {
  const collector = aCollector()
  const told = toldRefusals({
    collector,
    enrolled: (namespace) => namespace.startsWith('clinic'),
    log: quiet,
    now: () => begin,
  })

  for (let i = 0; i < 200; i++) told.refused(asked(`r-${i}`, `n-${i}`, `dev-${i}`), 'no')
  for (let i = 0; i < 900; i++) told.refused(asked(`s-${i}`, `clinic-${i}`, `dev-${i}`), 'no')
  await told.stop()

  expect(collector.reviews().filter((uid) => uid.startsWith('r-'))).toHaveLength(60)
  expect(collector.reviews()).toHaveLength(600)
  expect(collector.counted().find(({ namespace }) => namespace === '')).toMatchObject({ count: 140 })
})

verifies(
  'audit:admission',
  'a count whose answer was lost is told again under its id, and no other',
  async () => {
    const collector = aCollector()
    const told = refusing(collector)
    for (let i = 0; i < 5; i++) told.refused(asked(`r-${i}`), 'no')
    await told.stop()

    collector.answerLost = true
    for (let i = 0; i < 3; i++) told.refused(asked(`s-${i}`), 'no')
    await told.stop()
    for (let i = 0; i < 4; i++) told.refused(asked(`t-${i}`), 'no')
    expect(told.counts()).toContainEqual({ outcome: 'waiting', count: 7 })
    collector.answerLost = false
    await told.stop()

    const [first, again, next] = collector.counted()
    expect(collector.counted()).toHaveLength(3)
    expect(again).toEqual(first)
    expect(first?.count).toBe(3)
    expect(next?.count).toBe(4)
    expect(new Set([first?.id, next?.id]).size).toBe(2)
  },
)

verifies('audit:admission', 'what waits is bounded, whoever asks, and every one counts', async () => {
  const collector = aCollector()
  collector.away = true
  const clock = { now: begin }
  const told = refusing(collector, clock)
  for (let i = 0; i < 5_000; i++) {
    if (i % 500 === 0) clock.now += 60_000
    told.refused(asked(`r-${i}`, `n-${i % 2_500}`), 'no')
  }
  expect(told.counts()).toContainEqual({ outcome: 'waiting', count: 5_000 })
  collector.away = false
  await told.stop()

  const [recorded, counted] = told.counts()
  expect(recorded?.count).toBe(1_000)
  expect(counted?.count).toBe(4_000)
  expect(new Set(collector.counted().map(({ namespace }) => namespace)).size).toBeLessThanOrEqual(1_001)
})

const strange: [what: string, request: Partial<Request> | { [member: string]: unknown }][] = [
  ['a name of 70 KB', { name: 'n'.repeat(70_000) }],
  ['a namespace that is a number', { namespace: 7 }],
  ['no operation', { operation: undefined }],
  ['half a character', { name: 'ehr-\ud800', userInfo: { username: '\udc00' } }],
  ['a person who is none', { userInfo: {} }],
]
for (const [what, more] of strange)
  verifies('audit:admission', `what is told can be a record, whatever was asked: ${what}`, async () => {
    const collector = aCollector()
    const told = refusing(collector)

    told.refused({ ...asked('r-1'), ...more }, '\ud800 no')
    await told.stop()

    const [one] = collector.took.flatMap(({ refused }) => refused)
    const members = { kind: 'admission-refused', ...one } as const
    expect(membersHold('admission-refused', one ?? {})).toBe(true)
    expect(recordBytes({ ...members, schema: recordSchema, at: '' } as AuditRecord).length).toBeLessThan(
      4_000,
    )
  })

verifies('audit:admission', 'a request to the collector is smaller than it takes', async () => {
  const collector = aCollector()
  const sizes: number[] = []
  collector.saysNo = (told) => {
    sizes.push(JSON.stringify(told).length)
    return undefined
  }
  const told = refusing(collector)
  for (let i = 0; i < 300; i++)
    told.refused(asked(`r-${i}`, `n-${i}`, 'p\u0001'.repeat(256)), '\u0001'.repeat(1_000))
  await told.stop()

  expect(collector.reviews()).toHaveLength(300)
  expect(Math.max(...sizes)).toBeLessThan(600 * 1024)
})

for (const status of [400, 413, 500])
  verifies('audit:admission', `one that the collector never takes holds up no other: ${status}`, async () => {
    const collector = aCollector()
    collector.saysNo = ({ refused }) => (refused.some(({ review }) => review === 'r-3') ? status : undefined)
    const told = refusing(collector)

    for (let i = 0; i < 7; i++) told.refused(asked(`r-${i}`, 'clinic', `dev-${i}`), 'no')
    await told.stop()

    expect(collector.reviews()).toEqual(['r-0', 'r-1', 'r-2', 'r-4', 'r-5', 'r-6'])
    expect(collector.counted()).toMatchObject([{ namespace: 'clinic', count: 1, by: ['dev-3'] }])
    expect(told.counts()).toContainEqual({ outcome: 'waiting', count: 0 })
  })

verifies('audit:admission', 'while the collector cannot commit, they wait', async () => {
  const collector = aCollector()
  collector.saysNo = () => 503
  const told = refusing(collector)
  told.refused(asked('r-1'), 'no')
  await told.stop()

  expect(told.counts()).toContainEqual({ outcome: 'waiting', count: 1 })
})

test('two who tell at once tell nothing twice', async () => {
  const collector = aCollector()
  const told = refusing(collector)
  for (let i = 0; i < 7; i++) told.refused(asked(`r-${i}`), 'no')

  await Promise.all([told.stop(), told.stop()])

  expect(collector.reviews()).toEqual(['r-0', 'r-1', 'r-2', 'r-3', 'r-4'])
  expect(collector.counted()).toMatchObject([{ count: 2 }])
})

verifies('audit:admission', 'every webhook tells what it refuses, also what it could not judge', async () => {
  const told: [string, string][] = []
  const record = (request: Request, message: string): void => {
    told.push([request.uid, message])
  }
  const verdicts: { [uid: string]: Verdict } = {
    'let-in': { allowed: true },
    refused: { allowed: false, message: 'hipaa-mcp: no' },
    observed: { allowed: true, observed: 'hipaa-mcp: a policy will' },
  }
  const judge = recording(async (request) => {
    const verdict = verdicts[request.uid]
    if (verdict === undefined) throw new TypeError('of a shape that we do not know')
    return verdict
  }, record)

  expect(await judge(asked('let-in'))).toEqual({ allowed: true })
  expect(await judge(asked('refused'))).toEqual({ allowed: false, message: 'hipaa-mcp: no' })
  expect(await judge(asked('observed'))).toMatchObject({ allowed: true })
  await expect(judge(asked('strange'))).rejects.toThrow('of a shape')

  expect(told).toEqual([
    ['refused', 'hipaa-mcp: no'],
    ['observed', 'hipaa-mcp: a policy will'],
    ['strange', 'hipaa-mcp: it could not be judged, so it is refused'],
  ])
})
