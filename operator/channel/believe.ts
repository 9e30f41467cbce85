// Who asks for an identity. A namespace's editor can mint a token bound to any pod, and a pod's own code can read what is
// mounted into it; so the token alone proves nothing: the pod must exist with that UID, and the connection must come
// from its address, which only the sidecar can send from (the guard drops what every other process sends).

import { setTimeout as sleep } from 'node:timers/promises'
import { tokenAudience } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { Pod } from '../admission/pod.ts'
import type { Client } from '../cluster/client.ts'
import { kinds } from '../cluster/kinds.ts'
import { ChannelRefusal } from './refused.ts'

export type Believed = { namespace: string; account: string; pod: Pod }

type TokenReview = KubernetesObject & {
  status?: {
    authenticated?: boolean
    audiences?: string[]
    user?: { username?: string; extra?: { [name: string]: string[] | undefined } }
  }
}

/** A new pod's address is in its status a moment after its sidecar starts. */
const patience = { attempts: 12, milliseconds: 500 }

/** The pod that stands behind this token and address; rejects with `ChannelRefusal`. `peer` is the address of the connection. */
export async function believe(
  client: Pick<Client, 'get' | 'post'>,
  token: string,
  peer: string,
  waits: typeof patience = patience,
): Promise<Believed> {
  const review = await client.post<TokenReview>('/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: kinds.tokenReview.apiVersion,
    kind: kinds.tokenReview.kind,
    spec: { token, audiences: [tokenAudience] },
  })
  const { status = {} } = review
  // An authenticator that knows no audiences leaves the list out: then the token is not for us.
  if (status.authenticated !== true || status.audiences?.includes(tokenAudience) !== true)
    throw new ChannelRefusal(401, `The token is not good for the audience ${tokenAudience}: read it anew`)
  const { username = '', extra = {} } = status.user ?? {}
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? []
  const name = extra['authentication.kubernetes.io/pod-name']?.[0]
  const uid = extra['authentication.kubernetes.io/pod-uid']?.[0]
  if (namespace === undefined || account === undefined || name === undefined || uid === undefined)
    throw new ChannelRefusal(401, 'The token is bound to no pod: use the one that is mounted in the sidecar')
  for (let attempt = 1; ; attempt += 1) {
    const pod = await client.get<Pod>(kinds.pod, namespace, name)
    if (pod === undefined || pod.metadata.uid !== uid)
      throw new ChannelRefusal(401, 'The pod of this token is gone: use a token of the pod that runs')
    const addresses = addressesOf(pod)
    if (addresses.includes(peer)) return { namespace, account, pod }
    // An address that is known and another is an answer; one that is not known yet may still come.
    if (addresses.length > 0 || attempt >= waits.attempts)
      throw new ChannelRefusal(403, 'The connection does not come from the pod of this token')
    await sleep(waits.milliseconds)
  }
}

function addressesOf({ status }: Pod): string[] {
  const all = [status?.podIP, ...(status?.podIPs ?? []).map(({ ip }) => ip)]
  return all.filter((ip): ip is string => ip !== undefined && ip !== '')
}
