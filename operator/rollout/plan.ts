// Pods of a server that run unguarded are replaced once: one first, and the others only when that one is ready and says
// that the policy is in force. Pure: the next step out of what is there, so that an operator that starts anew goes on.

import { guardedLabel, serverAnnotation } from '../../core/identifiers.ts'
import { type Fleet, fleetOf } from '../conditions/fleet.ts'
import { saysOf } from '../desired/template-annotation.ts'
import { controllerOf, isReady, matchesLabels, type Pod, type Workload } from '../objects.ts'
import type { Seen } from '../observe.ts'
import { judge, keepsPodsFromServing } from '../readiness.ts'
import { cameAfter } from './evict.ts'

export type Remaining = 'Job' | 'Bare' | 'OtherController'

export type Rollout = {
  /**
   * Done: nothing is left to replace. Waiting: the server could not serve yet. Canary, Rolling: under way, before and after
   * the first guarded pod. Held: whichever is next may not be evicted. CanaryNotReady, ReplacementMissing,
   * ReplacementUnguarded: stopped. OldPodNotReady: a StatefulSet replaces none before that one is ready. Paused: only workloads are
   * left whose authors hold their pods back. Remaining: only what nothing makes anew is.
   */
  state:
    | 'Done'
    | 'Waiting'
    | 'Canary'
    | 'Rolling'
    | 'Held'
    | 'CanaryNotReady'
    | 'ReplacementMissing'
    | 'ReplacementUnguarded'
    | 'OldPodNotReady'
    | 'Paused'
    | 'Remaining'
  /** The pod to evict now. Those of a workload whose template changed are replaced by its own controller. */
  next?: Pod
  /** Pods that nothing makes anew, or whose work would be lost: said, and never ended. */
  remaining: readonly { pod: Pod; why: Remaining }[]
}

/** Milliseconds that a new pod has until it is ready: images are pulled, certificates asked for. */
export const patience = 180_000

/** `now` in milliseconds since 1970. */
export function rolloutOf(
  seen: Seen,
  { guarded, inForce }: Pick<Fleet, 'guarded' | 'inForce'>,
  now: number,
): Rollout {
  const { server, pods, makers, evicted, held } = seen
  const makerOf = ({ metadata }: Pod) => makers.get(metadata.uid ?? '')
  const isEnding = ({ metadata }: Pod) =>
    metadata.deletionTimestamp !== undefined || evicted.has(metadata.uid ?? '')
  const unguarded = pods.filter((pod) => pod.metadata.labels?.[guardedLabel] !== server.metadata.name)
  const replaceable = unguarded.filter((pod) => makerOf(pod) !== undefined)
  const remaining = unguarded.flatMap((pod) => {
    const why = remainingFor(pod, makers)
    return why === undefined || isEnding(pod) ? [] : [{ pod, why }]
  })
  if (unguarded.length === 0) return { state: 'Done', remaining }
  if (keepsPodsFromServing(judge(seen))) return { state: 'Waiting', remaining }
  if (replaceable.length === 0) return { state: 'Remaining', remaining }
  const unproved = guarded.filter((pod) => !isEnding(pod) && !isProved(pod, inForce))
  const isOld = ({ metadata }: Pod) => now - Date.parse(metadata.creationTimestamp ?? '') > patience
  if (unproved.some(isOld)) return { state: 'CanaryNotReady', remaining }
  // Whose own controller says so: refused by admission or by a quota, while the pods of before run on.
  if (replaceable.some((pod) => makerOf(pod)?.status?.refused === true))
    return { state: 'ReplacementMissing', remaining }
  const under = guarded.length === 0 ? 'Canary' : 'Rolling'
  if (unproved.length > 0 || pods.some(isEnding)) return { state: under, remaining }
  const evictable = replaceable.filter((pod) => isLeftToUs(pod, makers, server))
  if (evictable.length === 0 && replaceable.every((pod) => isHeldBack(makerOf(pod))))
    return { state: 'Paused', remaining }
  const stops = (pod: Pod) => isOld(pod) && !evictable.includes(pod) && stopsItsSet(pod, makerOf(pod), server)
  const going = replaceable.some(stops) ? 'OldPodNotReady' : under
  // The canary comes of a workload's own controller: no second one beside it.
  if (guarded.length === 0 && replaceable.some((pod) => rollsItself(makerOf(pod), server.metadata.name)))
    return { state: going, remaining }
  // Admission let it in as it is: is it away, or taken away? The next one would come likewise, for ever.
  if (evictable.some((pod) => cameAfter(pod, firstOf(pod, evicted))))
    return { state: 'ReplacementUnguarded', remaining }
  // Its replacement has not come: refused by admission, by a quota, by the scheduler's absence.
  if (evictable.some((pod) => isShort(makerOf(pod), seen))) return { state: 'ReplacementMissing', remaining }
  // One that is held keeps no other waiting.
  const isHeld = ({ metadata }: Pod) => held.has(metadata.uid ?? '')
  const [next] = evictable.toSorted(by((pod) => `${isHeld(pod) ? 1 : 0} ${pod.metadata.name}`))
  if (next === undefined) return { state: going, remaining }
  return { state: isHeld(next) ? 'Held' : under, remaining, next }
}

/** Ready, and says that the policy is in force. */
const isProved = (pod: Pod, inForce: readonly Pod[]): boolean => isReady(pod) && inForce.includes(pod)

/**
 * Whether the pod template of a workload may change now, at which its pods go: of those with pods only one may, until a pod of
 * the server is guarded and proved. A Deployment comes first where there is one, for its new pod comes before an old one goes.
 */
export function mayRoll(workload: Workload, seen: Seen): boolean {
  const { server, workloads, pods, makers } = seen
  const { guarded, inForce } = fleetOf(seen)
  const hasPods = (one: Workload) => pods.some(({ metadata }) => makers.get(metadata.uid ?? '') === one)
  if (!hasPods(workload) || guarded.some((pod) => isProved(pod, inForce))) return true
  if (guarded.length > 0) return false
  const [canary] = workloads
    .filter((one) => rollsItself(one, server.metadata.name) && hasPods(one))
    .toSorted(by((one) => `${rankOf(one)} ${one.kind} ${one.metadata.name}`))
  return canary === undefined || canary === workload
}

/** What has begun stays the canary's. */
function rankOf({ kind, spec, copied }: Workload): number {
  if (copied !== undefined) return 0
  return kind === 'Deployment' && spec.strategy?.type !== 'Recreate' ? 1 : 2
}

/** Whether its own controller replaces its pods when we write its template. */
function rollsItself(workload: Workload | undefined, server: string): boolean {
  if (workload === undefined) return false
  const { own, template } = saysOf(workload)
  const byDeletion = workload.spec.updateStrategy?.type === 'OnDelete'
  return own === server && template === undefined && !isHeldBack(workload) && !byDeletion
}

/** Whether the controller of a StatefulSet that is to replace its pods waits for this one: it takes them in order, each after those are ready. */
function stopsItsSet(pod: Pod, maker: Workload | undefined, { metadata }: Seen['server']): boolean {
  const written = maker?.spec.template.metadata?.annotations?.[serverAnnotation] === metadata.name
  return maker?.kind === 'StatefulSet' && written && !isReady(pod)
}

/** Whether its author keeps its controller from replacing pods: a Deployment is paused, a StatefulSet has a partition. */
function isHeldBack(workload: Workload | undefined): boolean {
  const { paused, updateStrategy } = workload?.spec ?? {}
  return paused === true || (updateStrategy?.rollingUpdate?.partition ?? 0) > 0
}

const by =
  <T>(keyOf: (one: T) => string) =>
  (a: T, b: T): number =>
    keyOf(a) < keyOf(b) ? -1 : 1

/** When the first pod of the same controller was evicted for a rollout; infinite where none was. */
function firstOf(pod: Pod, evicted: Seen['evicted']): number {
  const owner = controllerOf(pod)?.uid
  const went = [...evicted.values()].filter((one) => one.cause === 'Unguarded' && one.owner === owner)
  return Math.min(...went.map(({ at }) => at))
}

function remainingFor(pod: Pod, makers: Seen['makers']): Remaining | undefined {
  if (makers.has(pod.metadata.uid ?? '')) return undefined
  const owner = controllerOf(pod)
  if (owner === undefined) return 'Bare'
  return owner.kind === 'Job' ? 'Job' : 'OtherController'
}

/**
 * Whether a new pod of the workload would be guarded, and the workload does not make one by itself: its template said so
 * all along, or the server's selector does, or it replaces pods only when they are gone.
 */
function isLeftToUs(pod: Pod, makers: Seen['makers'], { metadata, spec }: Seen['server']): boolean {
  const maker = makers.get(pod.metadata.uid ?? '')
  if (maker === undefined) return false
  const says = (annotations: Record<string, string> | undefined) =>
    annotations?.[serverAnnotation] === metadata.name
  if (!says(maker.spec.template.metadata?.annotations)) {
    const labels = spec.workload.selector?.matchLabels
    return labels !== undefined && matchesLabels(pod.metadata.labels, labels)
  }
  return says(pod.metadata.annotations) || maker.spec.updateStrategy?.type === 'OnDelete'
}

/** Whether fewer of its pods are there than it should have. */
function isShort(maker: Workload | undefined, { pods, makers }: Seen): boolean {
  if (maker === undefined) return false
  const wanted = maker.spec.replicas ?? maker.status?.desiredNumberScheduled ?? 1
  return pods.filter(({ metadata }) => makers.get(metadata.uid ?? '') === maker).length < wanted
}
