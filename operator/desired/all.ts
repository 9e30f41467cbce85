// Everything that we own for one server, in the order in which it is applied. Pure, but for the
// random bytes of new keys; the whole list, every time.

import { guardedLabel } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import { kinds } from '../cluster/kinds.ts'
import { ownerOf, type Seen } from '../observe.ts'
import { keepsPodsFromServing, type Violation } from '../readiness.ts'
import { mayRoll } from '../rollout/plan.ts'
import { asWritten, oneAtATime } from '../rollout/strategy.ts'
import { keysSecret } from './keys.ts'
import { bystanderPolicy, enrolmentIsSettled, serverPolicy, storePolicies } from './network-policies.ts'
import { kindOf, saysOf, templateAnnotation, withoutTemplateAnnotation } from './template-annotation.ts'
import { managedBy, managedByUs, ofServer, type Wanted } from './wanted.ts'

type Builder = (seen: Seen, violations: readonly Violation[], now: number) => Wanted[]

/** `now` in milliseconds since 1970: an agreement that ended closes its way out. */
export function desired(seen: Seen, violations: readonly Violation[], now: number): Wanted[] {
  return builders.flatMap((builder) => builder(seen, violations, now))
}

const keys: Builder = ({ server, keys }) => {
  if (keys !== undefined) return []
  const object = keysSecret(ownerOf(server.metadata.namespace ?? '', server.metadata.name))
  return [{ kind: kinds.secret, object, current: undefined, how: 'create' }]
}

const serversPolicies: Builder = (seen, _, now) => {
  const own = serverPolicy({ ...seen, enrolmentSettled: enrolmentIsSettled(seen), now })
  return [own, ...storePolicies(seen.server)].map((object) => networkPolicy(seen, object))
}

/**
 * Enrolling changes nothing for pods that run: until those of servers and stores are replaced, this policy would cut off
 * the server itself.
 */
const bystandersPolicy: Builder = (seen) =>
  enrolmentIsSettled(seen) ? [networkPolicy(seen, bystanderPolicy(seen.neighbours))] : []

const stalePolicies: Builder = (seen, violations, now) => {
  const kept = new Set(serversPolicies(seen, violations, now).map(({ object }) => object.metadata.name))
  return seen.networkPolicies
    .filter(
      ({ metadata }) =>
        metadata.labels?.[managedBy] === managedByUs[managedBy] &&
        metadata.labels?.[ofServer] === seen.server.metadata.name &&
        metadata.ownerReferences?.some(({ uid }) => uid === seen.server.metadata.uid) === true &&
        !kept.has(metadata.name),
    )
    .map((current) => ({
      kind: kinds.networkPolicy,
      object: { apiVersion: current.apiVersion, kind: current.kind, metadata: current.metadata },
      current,
      how: 'delete' as const,
    }))
}

/**
 * Nothing rolls while the server could not serve: in a namespace that is not enrolled the new pods would come without a
 * sidecar, and without a policy or a certificate they would come and refuse everything. Once rolled, it stays.
 */
const templates: Builder = (seen, violations) =>
  seen.workloads.flatMap((workload): Wanted[] => {
    const { own, template } = saysOf(workload)
    const { name } = seen.server.metadata
    const kind = kindOf(workload)
    if (own === undefined && workload.copied === name)
      return [{ kind, object: withoutTemplateAnnotation(workload), current: undefined, how: 'apply' }]
    if (own !== name || template !== undefined) return []
    if (workload.copied !== name && (keepsPodsFromServing(violations) || !mayRoll(workload, seen))) return []
    const first = workload.copied === name ? undefined : oneAtATime(workload)
    return [
      ...(first === undefined ? [] : [first]),
      { kind, object: templateAnnotation(workload, name), current: workload, how: 'apply' },
    ]
  })

/** Every pod of it is guarded, or it is to be guarded no more: its author's own strategy again. */
const strategies: Builder = ({ server, enrolled, workloads, pods, makers }) =>
  workloads.flatMap((workload) => {
    const { name } = server.metadata
    const own = pods.filter(({ metadata }) => makers.get(metadata.uid ?? '') === workload)
    const rolls =
      enrolled &&
      saysOf(workload).own === name &&
      own.some((pod) => pod.metadata.labels?.[guardedLabel] !== name)
    const back = rolls ? undefined : asWritten(workload)
    return back === undefined ? [] : [back]
  })

const builders: readonly Builder[] = [
  keys, //             nothing is served without them, so first
  serversPolicies, //  stand before the first guarded pod starts
  bystandersPolicy, // everyone else in an enrolled namespace
  stalePolicies, //    of stores that are declared no more
  strategies, //       before the template is taken back: as it went before us
  templates, //        last: this starts pods
]

function networkPolicy(seen: Seen, object: KubernetesObject): Wanted {
  const current = seen.networkPolicies.find(({ metadata }) => metadata.name === object.metadata.name)
  return { kind: kinds.networkPolicy, object, current, how: 'apply', ours: true }
}
