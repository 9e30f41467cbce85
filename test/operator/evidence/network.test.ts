import { expect } from 'vitest'
import { networkCondition } from '../../../core/network.ts'
import { networkEvidence } from '../../../operator/evidence/network.ts'
import type { Outcome, Round } from '../../../operator/evidence/network-canaries.ts'
import type { Pod } from '../../../operator/objects.ts'
import { verifies } from '../../verifies.ts'
import { aGuardedPod, aStorePod, now } from '../world.ts'

const staleMs = 600_000
const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString()

type Said = { status?: string; at?: string; tried?: string[]; open?: string[] }
function reporting({
  status = 'True',
  at = ago(60),
  tried = ['Webhook', 'Metadata'],
  open = [],
}: Said = {}): Pod {
  const pod = aGuardedPod('ehr-1')
  const condition = {
    type: networkCondition,
    status,
    message: JSON.stringify({ tried, open }),
    lastProbeTime: at,
  }
  return { ...pod, status: { ...pod.status, conditions: [...(pod.status?.conditions ?? []), condition] } }
}

const refusedAll: Outcome[] = [
  { from: 'Stranger', to: 'GuardedPod', pod: 'uid-ehr-1', open: false },
  { from: 'Bystander', to: 'GuardedPod', pod: 'uid-ehr-1', open: false },
  { from: 'Bystander', to: 'Webhook', open: false },
  { from: 'Bystander', to: 'Metadata', open: false },
]
const aRound = (more: Partial<Round> = {}): Round => ({
  at: now - 30_000,
  reached: true,
  outcomes: refusedAll,
  ...more,
})
const opened = (from: Outcome['from'], to: Outcome['to']): Outcome[] =>
  refusedAll.map((one) => (one.from === from && one.to === to ? { ...one, open: true } : one))

const judged = (round: Round | undefined, pods: Pod[] = [reporting()], stores: Pod[] = []) =>
  networkEvidence({ round, staleMs, foreign: [], overruling: [] }, pods, stores, now)

verifies('transit:network-proved', 'all was refused that must be, and the open port answered', () => {
  const { lacks, open, provedAt, attempts } = judged(aRound())

  expect([lacks, open, provedAt]).toEqual([undefined, false, now - 60_000])
  expect(attempts).toContainEqual({ from: 'Stranger', to: 'GuardedPod', tried: 1, open: 0 })
  expect(attempts).toContainEqual({ from: 'GuardedPod', to: 'Webhook', tried: 1, open: 0 })
})

const unproved: [string, Parameters<typeof judged>, string][] = [
  ['no canary has run', [undefined], 'CanaryNotRun'],
  ['the stranger reached nothing at all', [aRound({ reached: false })], 'CanaryFailed'],
  ['a canary brought no result', [aRound({ outcomes: [], trouble: 'CanaryDeleted' })], 'CanaryFailed'],
  ['what was seen is old', [aRound({ at: now - staleMs })], 'ProofStale'],
  ['no sidecar has told yet', [aRound(), [aGuardedPod('ehr-1')]], 'NotEveryAttempt'],
  ['the sidecar’s word is old', [aRound(), [reporting({ at: ago(601) })]], 'NotEveryAttempt'],
  [
    'the sidecar could compare with nothing',
    [aRound(), [reporting({ status: 'Unknown' })]],
    'NotEveryAttempt',
  ],
  [
    'the sidecar did not try the open port',
    [aRound(), [reporting({ tried: ['Metadata'] })]],
    'NotEveryAttempt',
  ],
  ['no bystander was sent', [aRound({ outcomes: refusedAll.slice(0, 1) })], 'NotEveryAttempt'],
  [
    'the stranger tried another server’s pod',
    [aRound(), [{ ...reporting(), metadata: { ...reporting().metadata, uid: 'uid-other' } }]],
    'NotEveryAttempt',
  ],
]
for (const [when, given, says] of unproved)
  verifies('transit:network-proved', `unknown: ${when}`, () => {
    const { lacks, open, provedAt } = judged(...given)

    expect([lacks, open, provedAt]).toEqual([says, false, undefined])
  })

const gaps: [string, Parameters<typeof judged>][] = [
  ['a stranger to a guarded pod', [aRound({ outcomes: opened('Stranger', 'GuardedPod') })]],
  ['a bystander to the open port', [aRound({ outcomes: opened('Bystander', 'Webhook') })]],
  ['a bystander to the metadata address', [aRound({ outcomes: opened('Bystander', 'Metadata') })]],
  [
    'a bystander to a store',
    [
      aRound({ outcomes: [...refusedAll, { from: 'Bystander', to: 'Store', pod: 'uid-db', open: true }] }),
      [reporting()],
      [aStorePod('db')],
    ],
  ],
  ['a sidecar to the metadata address', [aRound(), [reporting({ status: 'False', open: ['Metadata'] })]]],
  [
    'a sidecar outwards, while nothing else is known',
    [undefined, [reporting({ status: 'False', tried: ['Outside'], open: ['Outside'] })]],
  ],
]
for (const [what, given] of gaps)
  verifies('transit:network-proved', `a gap: ${what} connected`, () => {
    const { open, provedAt } = judged(...given)

    expect([open, provedAt]).toEqual([true, undefined])
  })

verifies('transit:network-proved', 'a store of another server is none of this one’s matter', () => {
  const other: Outcome = { from: 'Bystander', to: 'Store', pod: 'uid-theirs', open: true }

  expect(judged(aRound({ outcomes: [...refusedAll, other] })).open).toBe(false)
})
