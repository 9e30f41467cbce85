// The keys of one server: hashes of results and arguments, tokens of patients, sealing of patients' identifiers. Made
// once and never written again: whoever replaces them makes six years of tokens unreadable (45 CFR 164.404(c)).

import { randomBytes } from 'node:crypto'
import { ownerLabel, systemNamespace } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { Orders } from '../../core/wire.ts'
import type { Secret } from '../objects.ts'
import { managedByUs } from './wanted.ts'

const names = ['hashes', 'patients', 'seal'] as const

/**
 * A new Secret with three fresh keys of 32 bytes. It lives in the operator's namespace, where no tenant reads, and has
 * no owner: it outlives the server, as the trail does. `immutable`: the API server itself refuses a change.
 */
export function keysSecret(owner: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: keysNameOf(owner),
      namespace: systemNamespace,
      labels: { ...managedByUs, [ownerLabel]: owner },
    },
    type: 'Opaque',
    immutable: true,
    data: Object.fromEntries(names.map((name) => [name, randomBytes(32).toString('base64')])),
  }
}

export function keysNameOf(owner: string): string {
  return `keys.${owner}`
}

/** The keys as orders carry them; undefined when the Secret does not hold three whole keys: then nothing is served. */
export function keysIn(secret: Secret | undefined): Orders['keys'] | undefined {
  const [hashes, patients, seal] = names.map((name) => secret?.data?.[name])
  return whole(hashes) && whole(patients) && whole(seal) ? { hashes, patients, seal } : undefined
}

function whole(key: string | undefined): key is string {
  return key !== undefined && Buffer.from(key, 'base64').length === 32
}
