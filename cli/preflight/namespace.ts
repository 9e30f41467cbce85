// What a namespace's labels mean for guarded pods. Pure.

import { enforceLabel } from '../../core/identifiers.ts'

/** `hinders`: guarded pods cannot start. */
export type NamespaceNote = { hinders: boolean; says: string }

type Labels = { readonly [name: string]: string }

const security = 'pod-security.kubernetes.io/enforce'
const meshes: Labels = {
  'istio-injection': 'enabled',
  'linkerd.io/inject': 'enabled',
}

export function notesOf(labels: Labels, enrolled: boolean): NamespaceNote[] {
  const level = labels[security]
  return [
    ...(level === 'baseline' || level === 'restricted'
      ? [
          {
            hinders: true,
            says: `its label ${security}=${level} forbids NET_ADMIN, with which the guard sets the packet filter: write privileged; admission of an enrolled namespace holds every pod to the rules of baseline itself`,
          },
        ]
      : []),
    ...Object.entries(meshes)
      .filter(([label, value]) => labels[label] === value)
      .map(([label, value]) => ({
        hinders: false,
        says: `its label ${label}=${value} puts another sidecar into each pod: one that sets packet rules asks for NET_ADMIN and is refused, so take it off for guarded workloads`,
      })),
    ...(enrolled
      ? []
      : [
          {
            hinders: false,
            says: `it is not enrolled: nothing is judged there until kubectl label namespace NAME ${enforceLabel}=true`,
          },
        ]),
  ]
}
