// Who sets the packet filter of a guarded pod: its guard, or the node's network plugin where Pod Security forbids the guard
// NET_ADMIN (docs/cni.md). The namespace says it, which nobody may change who only administers what is in it; no field of a
// pod does. Both end in the same proof. Pure.

import { hasVolume } from '../../core/acknowledge.ts'
import { setsFilter } from '../../core/guard-command.ts'
import { containers } from '../../core/identifiers.ts'
import { type PodSecurity, podSecurityLabel } from '../../core/pod-security.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import type { Pod } from './pod.ts'

export type FilterBy = 'Guard' | 'Plugin'

/**
 * `security`: of the namespace, for a new pod. Undefined for one that runs: whichever of the two it was made for, since its
 * filter is proved, and the namespace may have got another level meanwhile.
 */
export function filterBy(security: PodSecurity | undefined, { spec }: Pod): FilterBy {
  if (security !== undefined) return security === 'privileged' ? 'Guard' : 'Plugin'
  const guard = spec.initContainers?.find(({ name }) => name === containers.guard)
  return guard === undefined || setsFilter(guard.command ?? []) ? 'Guard' : 'Plugin'
}

/** What a server cannot have in a namespace of this level. */
export function podSecurityViolations(
  { metadata, spec }: HipaaMcpServer,
  security: PodSecurity | undefined,
): string[] {
  const acknowledge = spec.trail?.acknowledge
  return security === 'restricted' && hasVolume(acknowledge)
    ? [
        `spec.trail.acknowledge: ${acknowledge} of HipaaMcpServer ${metadata.name} gives a fresh volume to the sidecar as root with CHOWN, which Pod Security restricted forbids: write Stream there, or give the namespace ${podSecurityLabel}=baseline`,
      ]
    : []
}
