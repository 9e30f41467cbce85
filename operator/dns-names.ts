// Names outside of the cluster that a server may have: those of spec.tls.dnsNames that its namespace's administrator lists.
// Our own CA signs for all servers, so whoever may write one in a namespace could stand in for that of another. Editors of
// a namespace write what is in it, and not the Namespace itself.

import { dnsNamesAnnotation } from '../core/identifiers.ts'
import type { KubernetesObject } from '../core/kubernetes.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'

/** Those that the administrator lists, in full or by `*.domain` for every name below it. */
export function permittedNames(server: HipaaMcpServer, namespace: KubernetesObject | undefined): string[] {
  const list = listOf(namespace)
  return (server.spec.tls?.dnsNames ?? []).filter((name) => list.some((entry) => matches(entry, name)))
}

/** Those that no certificate bears. */
export function unlistedNames(server: HipaaMcpServer, namespace: KubernetesObject | undefined): string[] {
  const permitted = new Set(permittedNames(server, namespace))
  return (server.spec.tls?.dnsNames ?? []).filter((name) => !permitted.has(name))
}

function listOf(namespace: KubernetesObject | undefined): string[] {
  const text = namespace?.metadata.annotations?.[dnsNamesAnnotation] ?? ''
  return text.split(',').map((entry) => entry.trim())
}

/** A list of everything (`*`, `*.`) is none: it would be a list that nobody thought about. */
function matches(entry: string, name: string): boolean {
  if (!entry.startsWith('*.')) return entry === name
  const domain = entry.slice(1)
  return domain.length > 1 && name.endsWith(domain)
}
