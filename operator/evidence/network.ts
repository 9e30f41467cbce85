// Whether the network enforces the NetworkPolicies of a server, from what was tried (45 CFR 164.312(a)(1), (e)(1)). Pure.
// Proved is what was refused where the same was let through elsewhere: a refusal alone may be nobody's answer.

import { isObject } from '../../core/is-object.ts'
import { type AttemptSource, type AttemptTarget, networkCondition } from '../../core/network.ts'
import type { Pod } from '../objects.ts'
import type { Round } from './network-canaries.ts'

export type NetworkSeen = {
  /** Of the namespace's canaries; undefined before the first. */
  round: Round | undefined
  /** Milliseconds after which what was seen shows nothing any more. */
  staleMs: number
  /** Names of policies of others that open guarded pods or stores. */
  foreign: readonly string[]
  /** The same of cluster-wide policies, which overrule ours. */
  overruling: readonly string[]
}

/** A row of status.network.attempts. */
type AttemptCount = { from: AttemptSource; to: AttemptTarget; tried: number; open: number }

export type NetworkEvidence = {
  attempts: AttemptCount[]
  /** Why nothing is proved; undefined where it is. */
  lacks: 'CanaryNotRun' | 'CanaryFailed' | 'ProofStale' | 'NotEveryAttempt' | undefined
  /** Something that must be refused was let through. */
  open: boolean
  /** When the oldest part of the proof was seen, milliseconds since 1970; only where it is proved. */
  provedAt?: number
}

type Tried = { from: AttemptSource; to: AttemptTarget; open: boolean }

/** `stores`: the server's own store pods. */
export function networkEvidence(
  { round, staleMs }: NetworkSeen,
  guarded: readonly Pod[],
  stores: readonly Pod[],
  now: number,
): NetworkEvidence {
  const fresh = (at: number): boolean => now - at < staleMs
  const own = new Set([...guarded, ...stores].map(({ metadata }) => metadata.uid))
  const reports = guarded.flatMap(reportOf)
  const freshReports = reports.filter(({ at }) => fresh(at))
  const outcomes = (round !== undefined && fresh(round.at) ? round.outcomes : []).filter(
    ({ pod }) => pod === undefined || own.has(pod),
  )
  const tried: Tried[] = [
    ...outcomes,
    ...freshReports.flatMap((report) =>
      report.tried.map((to): Tried => ({ from: 'GuardedPod', to, open: report.open.includes(to) })),
    ),
  ]
  const attempts = countsOf(tried)
  const refused = (from: AttemptSource, to: AttemptTarget): boolean =>
    attempts.some((row) => row.from === from && row.to === to && row.tried > row.open)
  // An attempt counts where the same program, at the same time, was let through elsewhere.
  const complete =
    refused('Stranger', 'GuardedPod') &&
    refused('Bystander', 'Webhook') &&
    freshReports.some(({ compared }) => compared) &&
    refused('GuardedPod', 'Webhook') &&
    (!outcomes.some(({ to }) => to === 'Store') || refused('Bystander', 'Store'))
  const newest = Math.max(...freshReports.filter(({ compared }) => compared).map(({ at }) => at))
  const open = attempts.some((row) => row.open > 0)
  const lacks = lackOf({ round, complete, stale: round !== undefined && !fresh(round.at) })
  return {
    attempts,
    open,
    lacks,
    ...(lacks === undefined && !open ? { provedAt: Math.min(round?.at ?? newest, newest) } : {}),
  }
}

function lackOf(seen: {
  round: Round | undefined
  complete: boolean
  stale: boolean
}): NetworkEvidence['lacks'] {
  const { round, complete, stale } = seen
  if (round === undefined) return 'CanaryNotRun'
  if (stale) return 'ProofStale'
  if (round.trouble !== undefined || !round.reached) return 'CanaryFailed'
  return complete ? undefined : 'NotEveryAttempt'
}

function countsOf(tried: readonly Tried[]): AttemptCount[] {
  const rows = new Map<string, AttemptCount>()
  for (const { from, to, open } of tried) {
    const key = `${from} ${to}`
    const row = rows.get(key) ?? { from, to, tried: 0, open: 0 }
    rows.set(key, { ...row, tried: row.tried + 1, open: row.open + (open ? 1 : 0) })
  }
  return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

type Report = { at: number; compared: boolean; tried: AttemptTarget[]; open: AttemptTarget[] }

/** What the pod's sidecar said last: the operator wrote it there itself. */
function reportOf({ status }: Pod): Report[] {
  const condition = status?.conditions?.find(({ type }) => type === networkCondition)
  const at = Date.parse(condition?.lastProbeTime ?? '')
  try {
    const said: unknown = JSON.parse(condition?.message ?? '')
    if (!isObject(said) || Number.isNaN(at)) return []
    const { tried = [], open = [] } = said as Partial<Report>
    return [{ at, compared: condition?.status !== 'Unknown', tried, open }]
  } catch {
    return []
  }
}
