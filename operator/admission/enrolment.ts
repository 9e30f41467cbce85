// Every pod of an enrolled namespace is guarded, a store, or a bystander. Decided from the pod and the servers of its
// namespace alone.

import { guardedLabel, serverAnnotation, storeLabel } from '../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { foreignLabels } from './baseline.ts'
import type { Pod } from './pod.ts'
import { matches, storesOf } from './stores.ts'

export type Enrolment =
  | { role: 'guarded'; server: HipaaMcpServer }
  | { role: 'store'; label: string }
  | { role: 'bystander' }
  | { role: 'refused'; violations: string[] }

/** Kubernetes' limit for the value of a label. */
const labelLimit = 63

const refused = (...violations: string[]): Enrolment => ({ role: 'refused', violations })

/** What the pod is. An unclear pod is refused: unguarded by mistake is the one thing that must not happen. */
export function enrolmentOf(pod: Pod, servers: readonly HipaaMcpServer[]): Enrolment {
  const named = pod.metadata.annotations?.[serverAnnotation]
  if (named !== undefined && !servers.some(({ metadata }) => metadata.name === named))
    return refused(
      `metadata.annotations[${serverAnnotation}]: there is no HipaaMcpServer ${JSON.stringify(named)} in this namespace: apply it first, or take the annotation away`,
    )
  const guards = servers.filter(
    ({ metadata, spec }) => metadata.name === named || matches(pod, spec.workload.selector?.matchLabels),
  )
  const stores = storesOf(pod, servers)
  const [server, ...others] = guards
  const claims = [...guards.map(({ metadata }) => metadata.name), ...stores]
  if (others.length > 0 || stores.length > 1 || claims.length > 1)
    return refused(
      `metadata.labels: ${claims.join(' and ')} claim this pod, and only one may: change the annotation, spec.workload.selector or spec.stores`,
    )
  const [store] = stores
  const label = server?.metadata.name ?? store
  if (label !== undefined && label.length > labelLimit)
    return refused(
      `metadata.labels: ${label} is longer than the ${labelLimit} characters of a label: give the HipaaMcpServer or its store a shorter name`,
    )
  const foreign = foreignLabels(pod, {
    ...(server === undefined ? {} : { [guardedLabel]: server.metadata.name }),
    ...(store === undefined ? {} : { [storeLabel]: store }),
  })
  if (foreign.length > 0) return refused(...foreign)
  if (server !== undefined) return { role: 'guarded', server }
  return store === undefined ? { role: 'bystander' } : { role: 'store', label: store }
}
