// Pods whose guard fails again and again (45 CFR 164.312(a)(1)): nothing of them starts, and a network plugin that was not on the node
// when the pod's network was made is not asked again for it. Where it is there now, a pod that something makes anew goes, once an hour
// for each node, so that the next one comes up under the plugin.

import { cniPlugin, containers } from '../../core/identifiers.ts'
import { podSecurityOf } from '../../core/pod-security.ts'
import type { Events, Say } from '../cluster/events.ts'
import { controllerOf, isReady, type Pod } from '../objects.ts'
import { cameAfter, type Evicted, type Evictor } from '../rollout/evict.ts'
import type { World } from '../world.ts'

/** How often, until nobody expects it to pass: the kubelet has waited 10, 20 and 40 s between. */
const atLeast = 3

/** Whether its guard failed so often, and did not pass since. A pod that got a new sandbox runs it again: that counts as a restart too. */
export function guardFails({ status }: Pod): boolean {
  const guard = status?.initContainerStatuses?.find(({ name }) => name === containers.guard)
  if (guard === undefined || guard.ready || guard.restartCount < atLeast) return false
  return (
    guard.state?.waiting?.reason === 'CrashLoopBackOff' || (guard.lastState?.terminated?.exitCode ?? 0) !== 0
  )
}

/**
 * Goes: the plugin is there, so that a new pod may pass. SetsItself: it needs no plugin. NoPlugin: that is not ready on its node.
 * Again: it came after another of its controller went from the same node for the same. NotMadeAnew: nothing would make another.
 */
type Standing = 'Goes' | 'SetsItself' | 'NoPlugin' | 'Again' | 'NotMadeAnew'

function standingOf(
  pod: Pod,
  { world, evicted }: { world: Pick<World, 'namespaces' | 'pods'>; evicted: Evicted },
): Standing {
  const { namespace = '', uid } = pod.metadata
  const node = pod.spec.nodeName
  const labels = world.namespaces.get(undefined, namespace)?.metadata.labels
  if (podSecurityOf(labels) === 'privileged') return 'SetsItself'
  const plugins = world.pods
    .in(cniPlugin)
    .filter(({ spec }) => spec.nodeName !== undefined && spec.nodeName === node)
  if (!plugins.some(isReady)) return 'NoPlugin'
  const owner = controllerOf(pod)
  if (owner === undefined || owner.kind === 'Job') return 'NotMadeAnew'
  const went = [...evicted].some(
    ([gone, one]) =>
      gone !== uid &&
      one.cause === 'GuardFails' &&
      one.owner === owner.uid &&
      one.node === node &&
      cameAfter(pod, one.at),
  )
  return went ? 'Again' : 'Goes'
}

const begins = 'The guard of this pod fails again and again, so nothing of it starts:'
const says: { readonly [standing in Standing]: Pick<Say, 'reason' | 'note'> } = {
  Goes: {
    reason: 'GuardFailsReplaced',
    note: `${begins} the network plugin of its node was not there yet when it began. It was evicted; a new one comes under the plugin.`,
  },
  SetsItself: {
    reason: 'GuardFails',
    note: `${begins} the log of hipaa-mcp-guard says why. A new pod on this node would fail likewise.`,
  },
  NoPlugin: {
    reason: 'NetworkPluginNotReady',
    note: `${begins} its namespace needs the network plugin hipaa-mcp-cni, which is not ready on its node. It is replaced when that is.`,
  },
  Again: {
    reason: 'GuardFails',
    note: `${begins} so did the pod before it on this node, which was evicted for that. The log of hipaa-mcp-guard names the first proof that failed.`,
  },
  NotMadeAnew: {
    reason: 'GuardFails',
    note: `${begins} the network plugin of its node was not there yet when it began. Nothing makes it anew: delete it and create it again.`,
  },
}

/** Says what is wrong with each, and evicts one of those that are to go, at the pace of all evictions. */
export async function replaceUnproved(
  pods: readonly Pod[],
  deps: { world: Pick<World, 'namespaces' | 'pods'>; evictor: Evictor; events: Events },
): Promise<void> {
  const { world, evictor, events } = deps
  const say = (about: Pod, what: Pick<Say, 'reason' | 'note'>): void =>
    events.say({ about, type: 'Warning', action: 'Watching', ...what })
  const evicted = evictor.lately()
  for (const pod of pods.filter(guardFails)) {
    const standing = standingOf(pod, { world, evicted })
    if (standing !== 'Goes') {
      say(pod, says[standing])
      continue
    }
    const outcome = await evictor.evict(pod, 'GuardFails')
    if (outcome === 'evicted') say(pod, says.Goes)
    if (outcome === 'held')
      say(pod, {
        reason: 'DisruptionBudgetHolds',
        note: `${begins} it could not be evicted, for a PodDisruptionBudget holds it, or what the operator’s log names. Delete it.`,
      })
  }
}
