// Pods that somebody was let into under a grant (45 CFR 164.312(a)(2)(ii)): noted in its status before anybody is in, and crossed
// off when they are gone. Each write says what it read before: who ends the grant meanwhile, or writes as well, is not written over.

import { grantStanding } from '../core/grant.ts'
import type { BreakGlassGrant } from '../crds/breakglassgrant.generated.ts'
import { ApiError, type Client } from './cluster/client.ts'
import { kinds } from './cluster/kinds.ts'

export type EnteredPod = NonNullable<NonNullable<BreakGlassGrant['status']>['entered']>[number]
export type Way = EnteredPod['ways'][number]

/** Writers that were faster, until a way in is refused. */
const mostTries = 5
/** The schema's bound. */
const mostPods = 64

/**
 * Rejects where it is not known to be noted: the grant is over or gone, has too many pods, others kept writing, or what was written
 * does not stand there; with `ApiError` where the API server said so.
 */
export async function noteEntered(
  client: Pick<Client, 'get' | 'patch'>,
  { metadata: { namespace, name, uid } }: Pick<BreakGlassGrant, 'metadata'>,
  pod: { uid: string; name: string },
  way: Way,
  now: () => number,
): Promise<void> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const grant = await client.get<BreakGlassGrant>(kinds.grant, namespace, name)
    if (grant?.metadata.uid !== uid || grant === undefined || grantStanding(grant, now()).state !== 'Active')
      throw new Error('The grant is over')
    const before = grant.status?.entered ?? []
    const known = before.find((one) => one.uid === pod.uid)
    if (known?.ways.includes(way) === true) return
    const entry: EnteredPod = known
      ? { ...known, ways: [...known.ways, way] }
      : { ...pod, ways: [way], first: new Date(now()).toISOString() }
    const entered = [...before.filter((one) => one !== known), entry]
    if (entered.length > mostPods) throw new Error('Too many pods were entered under the grant')
    const written = await writeEntered(client, grant, entered)
    if (written === undefined) continue
    // An API server whose CRD is of an older version drops what it does not know, and says that all is well.
    if (!isNoted(written, pod.uid, way))
      throw new Error('The API server did not keep who was entered: apply config/crd')
    return
  }
  throw new Error('Others kept writing the grant')
}

const isNoted = ({ status }: BreakGlassGrant, uid: string, way: Way): boolean =>
  status?.entered?.some((one) => one.uid === uid && one.ways.includes(way)) === true

/** Resolves to the grant as it stands now, or undefined where somebody was faster. */
export async function writeEntered(
  client: Pick<Client, 'patch'>,
  { metadata: { namespace, name, uid, resourceVersion } }: BreakGlassGrant,
  entered: readonly EnteredPod[],
): Promise<BreakGlassGrant | undefined> {
  const body = { metadata: { uid, resourceVersion }, status: { entered } }
  try {
    return await client.patch<BreakGlassGrant>(kinds.grant, namespace, name, body, 'merge', 'status')
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return undefined
    throw error
  }
}
