// The names by which callers find a server: the Services that select its pod. Nobody can choose a name outside of the
// pod's own namespace.

import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { Pod } from '../admission/pod.ts'
import { matches } from '../admission/stores.ts'
import type { Client } from '../cluster/client.ts'
import { kinds } from '../cluster/kinds.ts'

export type Service = KubernetesObject & {
  spec?: { selector?: { [label: string]: string }; type?: string }
}

/** More would make a certificate that some clients do not read. */
const mostServices = 64

/**
 * DNS names of the pod's certificate, sorted: four for each Service, or the pod's own DNS name when no Service selects
 * it yet.
 */
export function namesOf(pod: Pod, services: readonly Service[], domain: string): string[] {
  const namespace = pod.metadata.namespace ?? ''
  const selecting = services
    .filter(({ spec }) => spec?.type !== 'ExternalName' && matches(pod, spec?.selector))
    .map(({ metadata }) => metadata.name)
    .toSorted()
    .slice(0, mostServices)
  if (selecting.length === 0) {
    const address = (pod.status?.podIP ?? 'unknown').replaceAll(/[.:]/g, '-')
    return [`${address}.${namespace}.pod.${domain}`]
  }
  return selecting
    .flatMap((name) =>
      ['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.${domain}`].map((end) => name + end),
    )
    .toSorted()
}

/** Services of a namespace, read at most once in `milliseconds`, however many pods ask. */
export function recentServices(
  client: Pick<Client, 'list'>,
  milliseconds: number,
): (namespace: string) => Promise<readonly Service[]> {
  const known = new Map<string, { at: number; services: Promise<readonly Service[]> }>()
  return async (namespace) => {
    const now = performance.now()
    for (const [name, { at }] of known) if (now - at > milliseconds) known.delete(name)
    const recent = known.get(namespace)
    if (recent !== undefined) return await recent.services
    const services = client.list<Service>(kinds.service, { namespace }).then(({ items }) => items)
    known.set(namespace, { at: now, services })
    return await services
  }
}
