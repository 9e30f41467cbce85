// The names by which callers find a server: the Services that select its pod, and the names outside of the cluster that
// its policy lists. Nobody can choose a name of the cluster outside of the pod's own namespace.

import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { Pod } from '../admission/pod.ts'
import { matches } from '../admission/stores.ts'

export type Service = KubernetesObject & {
  spec?: { selector?: { [label: string]: string }; type?: string }
}

/** More would make a certificate that some clients do not read. */
const mostServices = 64

/**
 * DNS names of the pod's certificate, sorted: four for each Service, or the pod's own DNS name when no Service selects
 * it yet; and `outside`, those of the policy.
 */
export function namesOf(
  pod: Pod,
  services: readonly Service[],
  domain: string,
  outside: readonly string[] = [],
): string[] {
  const own = outside.filter((name) => !isOfCluster(name, domain))
  return [...new Set([...namesInside(pod, services, domain), ...own])].toSorted()
}

/**
 * Whether pods may find something of the cluster under this name. The schema refuses most such names; that the cluster's
 * domain may be another than `cluster.local` it does not know. Our own CA signs these names and those of our programs:
 * a server that bore one of theirs could stand in for them.
 */
function isOfCluster(name: string, domain: string): boolean {
  const labels = name.split('.')
  // `name.namespace` is a Service, and the resolver's search list completes it.
  return (
    labels.length < 3 ||
    labels.includes('svc') ||
    labels.at(-1) === 'pod' ||
    `.${name}`.endsWith(`.${domain}`)
  )
}

function namesInside(pod: Pod, services: readonly Service[], domain: string): string[] {
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
  return selecting.flatMap((name) =>
    ['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.${domain}`].map((end) => name + end),
  )
}

/** Reads `namespace` and `name` at most once in `milliseconds`, however many pods ask. */
export function recently<Found>(
  milliseconds: number,
  read: (namespace: string, name: string) => Promise<Found>,
): (namespace: string, name?: string) => Promise<Found> {
  const known = new Map<string, { at: number; found: Promise<Found> }>()
  return async (namespace, name = '') => {
    const now = performance.now()
    for (const [key, { at }] of known) if (now - at > milliseconds) known.delete(key)
    const key = `${namespace}/${name}`
    const recent = known.get(key)
    if (recent !== undefined) return await recent.found
    const found = read(namespace, name)
    known.set(key, { at: now, found })
    return await found
  }
}
