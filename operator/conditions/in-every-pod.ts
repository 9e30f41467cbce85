// A control that lives in the sidecar: it holds where every pod has one, and reports the policy that is in force.

import type { Seen } from '../observe.ts'
import { type Rollout, rolloutOf } from '../rollout/plan.ts'
import { collectorAway, type Finding, no, noPods, type Rule, unknown, yes } from './finding.ts'
import type { Fleet } from './fleet.ts'

/**
 * Where a rollout stands, while pods of the server run without a sidecar: pods of before. Where the workload has not got its
 * template's annotation yet, deleting them brings others of the same kind: what Ready names comes first.
 */
const unguardedPods: { readonly [state in Exclude<Rollout['state'], 'Done'>]: Finding } = {
  Waiting: no(
    'NotRolledYet',
    'The pods run without a sidecar: they are replaced once what Ready names is there.',
  ),
  Canary: no(
    'CanaryStarts',
    'The first pod is being replaced; the others wait until it is ready and proved.',
  ),
  Rolling: no(
    'RollingOut',
    'Pods are being replaced, one after the other: status.pods says how many are guarded.',
  ),
  Held: no(
    'DisruptionBudgetHolds',
    'A pod that runs without a sidecar could not be evicted, as its Events say: a PodDisruptionBudget holds it (kubectl get pdb: ALLOWED DISRUPTIONS), or what the operator’s log names. It is tried again each minute.',
  ),
  CanaryNotReady: no(
    'CanaryNotReady',
    'A new pod did not become ready within three minutes, so no other is replaced: hipaa-mcp doctor says what keeps it, or whose log does. hipaa-mcp undo puts the workload back.',
  ),
  ReplacementMissing: no(
    'ReplacementMissing',
    'A new pod of a workload is refused, or does not come, so no other is replaced: hipaa-mcp doctor says which and why. hipaa-mcp undo puts it back.',
  ),
  ReplacementUnguarded: no(
    'ReplacementUnguarded',
    'A new pod came without a sidecar, so no other is replaced: is admission in place? hipaa-mcp doctor says.',
  ),
  OldPodNotReady: no(
    'OldPodNotReady',
    'A pod of a StatefulSet runs without a sidecar and is not ready, and its controller replaces none before it is: its own Events and log say why.',
  ),
  Paused: no(
    'WorkloadPaused',
    'Only pods of Deployments that are paused, or of StatefulSets with a partition, run without a sidecar: kubectl rollout resume has them replaced, or a partition of 0.',
  ),
  Remaining: no(
    'UnguardedPods',
    'Pods that nothing makes anew run without a sidecar (Jobs, bare pods): their Events say what to do.',
  ),
}

/** Why pods run without a sidecar. */
export const unguarded = (seen: Seen, fleet: Fleet, now: number): Finding => {
  const { state } = rolloutOf(seen, fleet, now)
  return unguardedPods[state === 'Done' ? 'Remaining' : state]
}

/** A control that lives in the sidecar holds where every pod is guarded and reports this policy. */
export const inEveryPod =
  (reason: string, message: string): Rule =>
  (seen, fleet, now) => {
    const { chains } = seen
    const { expected, guarded, inForce } = fleet
    if (expected === 0) return noPods
    if (guarded.length < expected) return unguarded(seen, fleet, now)
    if (chains === undefined) return collectorAway
    if (inForce.length < guarded.length)
      return unknown('PolicyNotReported', 'Not every pod has reported this policy as in force yet.')
    return yes(reason, message)
  }
