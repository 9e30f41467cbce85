// What a namespace's labels mean for guarded pods. Pure.

import { enforceLabel } from '../../core/identifiers.ts'
import { podSecurityLabel } from '../../core/pod-security.ts'
import type { pluginStanding } from '../network-plugin.ts'

/** `hinders`: guarded pods cannot start. */
export type NamespaceNote = { hinders: boolean; says: string }

type Labels = { readonly [name: string]: string }

const meshes: Labels = {
  'istio-injection': 'enabled',
  'linkerd.io/inject': 'enabled',
}

/** `plugin`: how the network plugin stands, where guarded pods of such a namespace need it. */
export function notesOf(
  name: string,
  labels: Labels,
  plugin: ReturnType<typeof pluginStanding> | undefined,
): NamespaceNote[] {
  return [
    ...(plugin === undefined
      ? []
      : [
          {
            hinders: plugin.state === 'wrong',
            says: `its label ${podSecurityLabel}=${labels[podSecurityLabel] ?? ''} forbids NET_ADMIN, so the node’s network plugin sets the packet filter: ${plugin.says}`,
          },
        ]),
    ...Object.entries(meshes)
      .filter(([label, value]) => labels[label] === value)
      .map(([label, value]) => ({
        hinders: false,
        says: `its label ${label}=${value} puts another sidecar into each pod: one that sets packet rules asks for NET_ADMIN and is refused, so take it off for guarded workloads`,
      })),
    ...(labels[enforceLabel] === 'true'
      ? []
      : [
          {
            hinders: false,
            says: `it is not enrolled: nothing is judged there until kubectl label namespace ${name} ${enforceLabel}=true`,
          },
        ]),
  ]
}
