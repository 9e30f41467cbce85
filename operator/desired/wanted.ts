// One object that should be as we say, and what is there now.

import { canonical, type Json } from '../../core/canonical.ts'
import { apiVersion, group } from '../../core/identifiers.ts'
import type { KubernetesObject, OwnerReference } from '../../core/kubernetes.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import type { Kind } from '../cluster/kinds.ts'
import type { Typed } from '../objects.ts'

export type Wanted = {
  kind: Kind
  object: KubernetesObject
  /** As it is now; undefined when it is not there. */
  current: Typed | undefined
  /**
   * apply: server-side apply. create: made once and never written again. delete: must not be there. merge: members of
   * somebody else's object, which stay when we are done with it; null takes one away.
   */
  how: 'apply' | 'create' | 'delete' | 'merge'
  /** merge: what is written where the API server refuses the first as invalid. */
  orElse?: KubernetesObject
  /** The spec is ours alone: a member that somebody added to it is a change of ours. */
  ours?: boolean
}

export const managedBy = 'app.kubernetes.io/managed-by'
export const managedByUs = { [managedBy]: 'hipaa-mcp-operator' } as const
/** On what belongs to one server: its name. */
export const ofServer = `${group}/of`

export function ownedBy({ metadata }: HipaaMcpServer): OwnerReference {
  return { apiVersion, kind: 'HipaaMcpServer', name: metadata.name, uid: metadata.uid ?? '' }
}

/** Whether nothing need be written. */
export function isMet({ object, current, how, ours = false }: Wanted): boolean {
  if (how === 'delete') return current === undefined
  if (current === undefined) return false
  if (how === 'create') return true
  const { spec, ...rest } = object
  const now = current as unknown as KubernetesObject
  return holds(now, rest) && (ours ? equal(now['spec'], spec) : holds(now['spec'], spec))
}

function equal(a: unknown, b: unknown): boolean {
  return canonical((a ?? null) as Json) === canonical((b ?? null) as Json)
}

/** Whether all that `wanted` says is so in `now`; what it does not speak of may be anything. Lists are whole. */
function holds(now: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true
  if (wanted === null) return now === undefined || now === null
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) return equal(now, wanted)
  if (typeof now !== 'object' || now === null) return false
  const members = now as Record<string, unknown>
  return Object.entries(wanted).every(([name, value]) => holds(members[name], value))
}
