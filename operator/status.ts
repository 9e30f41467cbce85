// (seen, violations) -> status. Pure but for the clock that it is given. What did not change keeps its time.

import { standing } from '../core/agreement.ts'
import type { Condition } from '../core/kubernetes.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'
import type { Finding } from './conditions/finding.ts'
import { type Fleet, fleetOf } from './conditions/fleet.ts'
import { ready } from './conditions/ready.ts'
import { type ConditionType, conditionTypes, controls } from './conditions.ts'
import { networkEvidence } from './evidence/network.ts'
import type { Seen } from './observe.ts'
import type { Violation } from './readiness.ts'

export type Status = NonNullable<HipaaMcpServer['status']>

/** How much newer a record must be before status alone is written for it, milliseconds. */
const recordStep = 30_000

export type Report = {
  seen: Seen
  violations: readonly Violation[]
  /** Reason and message when something could not be applied: status says so rather than that all is well. */
  failed?: Finding
  generation: number
  now: number
}

export function statusOf({ seen, violations, failed, generation, now }: Report): Status {
  const { server, compiled } = seen
  const before = server.status
  const fleet = fleetOf(seen)
  const found = new Map<ConditionType, Finding>()
  for (const [type, rule] of Object.entries(controls))
    found.set(type as ConditionType, rule(seen, fleet, now))
  const gaps = gapsOf(seen, found, now)
  found.set('Ready', failed ?? ready(seen, fleet, violations, now))
  found.set('Compliant', compliant(seen, found, gaps))
  const lastRecord = lastRecordOf(seen, before?.lastRecord)
  return {
    ...(server.metadata.generation === undefined ? {} : { observedGeneration: server.metadata.generation }),
    tools: 'policy' in compiled ? compiled.policy.tools.length : 0,
    gaps: gaps.join(','),
    ...(lastRecord === undefined ? {} : { lastRecord }),
    ...('hash' in compiled ? { policy: policyStatus(compiled.hash, generation, before?.policy) } : {}),
    pods: {
      guarded: fleet.guarded.length,
      expected: fleet.expected,
      inForce: fleet.inForce.length,
      summary: `${fleet.guarded.length}/${fleet.expected}`,
    },
    volumes: seen.volumes.slice(0, 128),
    trailVolumes: seen.trailVolumes.slice(0, 128).map(({ volume, pod, state }) => ({ volume, pod, state })),
    network: networkStatus(seen, fleet, before?.network, now),
    conditions: conditionTypes.map((type) =>
      conditionOf(type, found.get(type) as Finding, server.metadata.generation, before?.conditions, now),
    ),
  }
}

/** A condition as it is written: the time of its last transition stays as long as its status does. */
export function conditionOf(
  type: string,
  finding: Finding,
  observedGeneration: number | undefined,
  before: readonly { type: string; status: string; lastTransitionTime: string }[] | undefined,
  now: number,
): Condition {
  const same = before?.find((one) => one.type === type && one.status === finding.status)
  return {
    type,
    ...finding,
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    lastTransitionTime: same?.lastTransitionTime ?? timeOf(now),
  }
}

/** Controls that are not fully in force, agreements by name; and training, which has no condition of its own. */
function gapsOf({ server, agreements }: Seen, found: ReadonlyMap<ConditionType, Finding>, now: number) {
  const gaps = [...found]
    .filter(([type, { status }]) => status !== 'True' && type !== 'Baa')
    .map(([type]): string => type)
  for (const [name, agreement] of agreements)
    if (agreement === undefined || !standing(agreement, now).active) gaps.push(`Baa/${name}`)
  // 45 CFR 164.308(a)(5): left out, it is not checked, and that shows.
  if (server.spec.identity.training === undefined) gaps.push('Training')
  return gaps.toSorted()
}

function compliant(
  { server }: Seen,
  found: ReadonlyMap<ConditionType, Finding>,
  gaps: readonly string[],
): Finding {
  if (server.spec.profile === 'Development')
    return {
      status: 'False',
      reason: 'DevelopmentProfile',
      message: 'Profile Development works with file keys and without an archive lock: it is never compliant.',
    }
  const statuses = [...found.values()].map(({ status }) => status)
  if (statuses.includes('False') || gaps.includes('Training'))
    return { status: 'False', reason: 'Gaps', message: 'Controls are not in force: see status.gaps.' }
  return statuses.includes('Unknown')
    ? { status: 'Unknown', reason: 'NotProved', message: 'Controls are not proved yet: see status.gaps.' }
    : { status: 'True', reason: 'AllControlsInForce', message: 'Every control is in force and proved.' }
}

/** The time of a proof is kept when nothing is proved any more: it says since when. */
function networkStatus(
  { network, storePods }: Seen,
  { guarded }: Fleet,
  before: Status['network'],
  now: number,
): NonNullable<Status['network']> {
  const { attempts, provedAt } = networkEvidence(network, guarded, [...storePods.values()].flat(), now)
  const lastProof = provedAt === undefined ? before?.lastProof : timeOf(provedAt)
  return {
    ...(lastProof === undefined ? {} : { lastProof }),
    attempts,
    foreignPolicies: [...network.foreign, ...network.overruling].slice(0, 64),
  }
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** The generation moves with every change in the cluster; status keeps the one at which this policy was first seen. */
function policyStatus(
  hash: string,
  generation: number,
  before: Status['policy'],
): NonNullable<Status['policy']> {
  const kept = before?.hash === hash ? before.generation : undefined
  return { hash, short: hash.slice(0, 12), generation: kept ?? generation }
}

/** Records come many a second: status follows in steps, or it would be written as often. */
function lastRecordOf({ chains }: Seen, before: string | undefined): string | undefined {
  const times = (chains ?? []).map(({ lastRecord }) => Date.parse(lastRecord ?? '')).filter(Number.isFinite)
  const newest = times.length === 0 ? undefined : new Date(Math.max(...times)).toISOString()
  if (newest === undefined) return before
  const step = Date.parse(newest) - Date.parse(before ?? '')
  return before !== undefined && step < recordStep ? before : newest
}
