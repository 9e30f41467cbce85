// Which pods are a declared store of a server: where its PHI rests.

import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import type { Pod } from './pod.ts'

/** Value of the store label: `<server>.<store>`. */
export function storesOf(pod: Pod, servers: readonly HipaaMcpServer[]): string[] {
  return servers.flatMap(({ metadata, spec }) =>
    (spec.stores ?? [])
      .filter(({ pods }) => matches(pod, pods.matchLabels))
      .map(({ name }) => `${metadata.name}.${name}`),
  )
}

/** Whether the pod has all these labels. No label at all matches nothing: an empty selector would take every pod. */
export function matches(pod: Pod, labels: { readonly [name: string]: string } | undefined): boolean {
  const wanted = Object.entries(labels ?? {})
  return wanted.length > 0 && wanted.every(([name, value]) => pod.metadata.labels?.[name] === value)
}
