// Ready: at least one guarded pod serves calls.

import { isReady } from '../objects.ts'
import type { Seen } from '../observe.ts'
import type { Violation } from '../readiness.ts'
import { type Finding, no, yes } from './finding.ts'
import type { Fleet } from './fleet.ts'
import { unguarded } from './in-every-pod.ts'

/** Why they do, each reason once. */
const locks = ({ live }: Fleet): string =>
  [...new Set(live.flatMap(({ locked }) => locked ?? []))].toSorted().join(', ')

export function ready(seen: Seen, fleet: Fleet, violations: readonly Violation[], now: number): Finding {
  const [first] = violations
  if (first !== undefined) return no(first.reason, first.message)
  if (fleet.expected === 0 && seen.workloads.some(({ status }) => status?.refused === true))
    return no(
      'PodsRefused',
      'No pod of the workload is let in, by admission, a quota or whatever else: hipaa-mcp doctor says which and why.',
    )
  if (fleet.expected === 0)
    return no('WaitingForPods', 'The workload has no pod yet: look at its own status and Events.')
  if (fleet.guarded.length === 0) return unguarded(seen, fleet, now)
  if (!fleet.guarded.some(isReady))
    return no(
      'PodsNotReady',
      'No guarded pod is ready: hipaa-mcp doctor says what keeps it, or whose log does.',
    )
  if (fleet.live.length > 0 && fleet.live.every(({ locked }) => locked !== undefined))
    return no(
      'PodsLocked',
      `Every guarded pod refuses all calls (${locks(fleet)}): see the log of its container hipaa-mcp. After a change of port or of trail.acknowledge, restart the workload.`,
    )
  return yes('Serving', 'At least one guarded pod serves calls.')
}
