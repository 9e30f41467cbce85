// Until when a pod is let alone that took an ephemeral container under an emergency (45 CFR 164.312(a)(2)(ii)). Pure.

import { grantStanding } from '../../core/grant.ts'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import type { Pod } from '../admission/pod.ts'

/** Milliseconds in which a grant that let it in is known here, or none did. */
const unknown = 60_000

/** When the first of its ephemeral containers began, milliseconds since 1970; undefined while none did. */
export function debuggedSince({ status }: Pick<Pod, 'status'>): number | undefined {
  const began = (status?.ephemeralContainerStatuses ?? [])
    .map(({ state }) => Date.parse((state?.running ?? state?.terminated)?.startedAt ?? ''))
    .filter((at) => !Number.isNaN(at))
  return began.length === 0 ? undefined : Math.min(...began)
}

/**
 * Until the last grant that names this pod and this way is over, whoever is named. Where none is known (it was deleted after its
 * review, or admission was away), until a minute after the container began: a grant that is in force is known by then.
 */
export function aloneUntil(
  pod: { name: string; server: string; began: number },
  grants: readonly BreakGlassGrant[],
  now: number,
): number {
  const ends = grants
    .filter(
      ({ spec: { server, pods } }) =>
        server === pod.server &&
        pods?.names.includes(pod.name) === true &&
        pods.ways.includes('EphemeralContainers'),
    )
    .flatMap((grant) => grantStanding(grant, now).until ?? [])
  return ends.length === 0 ? pod.began + unknown : Math.max(...ends)
}
