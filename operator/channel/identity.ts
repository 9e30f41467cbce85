// `POST /v1/identity`: certificates for a process that proved which pod it is. Its private key stays with it.

import {
  accounts,
  enforceLabel,
  guardedLabel,
  identity,
  services as ownServices,
  systemNamespace,
} from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { IdentityRequest, IdentityResponse } from '../../core/wire.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { conforms } from '../admission/conform.ts'
import { containersOf, type Pod } from '../admission/pod.ts'
import type { Surroundings } from '../admission/surroundings.ts'
import type { Authority } from '../authority/ca.ts'
import { issuedByCertManager } from '../authority/cert-manager.ts'
import { type Proved, proved } from '../authority/certificate-request.ts'
import { issue } from '../authority/issue.ts'
import type { Client } from '../cluster/client.ts'
import { kinds } from '../cluster/kinds.ts'
import { permittedNames } from '../dns-names.ts'
import type { Claim, PersistentVolume } from '../objects.ts'
import { trailOf } from '../trail-volumes.ts'
import { type Believed, believe } from './believe.ts'
import { namesOf, type Service } from './names.ts'
import { ChannelRefusal } from './refused.ts'

export type IdentityDeps = {
  client: Pick<Client, 'get' | 'post' | 'list' | 'create' | 'delete'>
  authority: Authority
  surroundings: Surroundings
  /** Validity of the certificates. */
  seconds: number
}

/** Token, address of the peer, body. Rejects with `ChannelRefusal`, `IssuerFault`, or what the API server said. */
export async function answerIdentity(
  deps: IdentityDeps,
  token: string,
  peer: string,
  body: string,
): Promise<IdentityResponse> {
  const csr = csrIn(body)
  const key = await proved(csr)
  if ('refused' in key) throw new ChannelRefusal(400, key.refused)
  const believed = await believe(deps.client, token, peer)
  if (believed.namespace !== systemNamespace) return await forSidecar(deps, believed, csr, key)
  if (believed.account === accounts.recovery) return await forRecovery(deps, believed, key)
  if (believed.account !== accounts.collector)
    throw new ChannelRefusal(403, `No identity is given to ServiceAccount ${believed.account}`)
  return await forCollector(deps, key)
}

async function forCollector(deps: IdentityDeps, key: Proved): Promise<IdentityResponse> {
  const { authority, seconds, surroundings } = deps
  const host = `${ownServices.collector}.${systemNamespace}.svc`
  const names = [host, `${host}.${surroundings.domain}`]
  const leaf = { publicKey: key.publicKey, identity: identity.collector, seconds, names }
  // It serves sidecars and auditors, and calls the channel: one certificate for both ends.
  return { channel: await issue(authority, { ...leaf, usages: ['server', 'client'] }, Date.now()) }
}

/**
 * The pod of a recovery Job acts for the pod whose volume it mounts, and for no other: which that is stands on the volume
 * itself, where only the operator and the cluster's administrators can write.
 */
async function forRecovery(
  { client, authority, seconds, surroundings }: IdentityDeps,
  { pod }: Believed,
  key: Proved,
): Promise<IdentityResponse> {
  const claims = (pod.spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim ?? [])
  const [mounted] = claims
  const claim =
    mounted === undefined || claims.length > 1
      ? undefined
      : await client.get<Claim>(kinds.claim, systemNamespace, mounted.claimName)
  const volume = await client.get<PersistentVolume>(kinds.volume, undefined, claim?.spec.volumeName ?? '-')
  const bound = claim !== undefined && volume?.spec.claimRef?.uid === claim.metadata.uid
  const trail = volume === undefined || !bound ? undefined : trailOf(volume)
  if (trail === undefined)
    throw new ChannelRefusal(
      403,
      'The pod mounts no volume that holds the trail of a pod: see docs/stores.md',
    )
  if (containersOf(pod.spec).some(({ container }) => !surroundings.images.includes(container.image ?? '')))
    throw new ChannelRefusal(403, 'The pod runs another image than ours: delete its Job')
  const { namespace, server, podUid } = trail
  const own = identity.recovery(namespace, server, podUid)
  const leaf = { publicKey: key.publicKey, identity: own, names: [], seconds }
  return { channel: await issue(authority, { ...leaf, usages: ['client'] }, Date.now()) }
}

async function forSidecar(
  deps: IdentityDeps,
  { namespace, pod }: Believed,
  csr: string,
  key: Proved,
): Promise<IdentityResponse> {
  const { client, authority, seconds, surroundings } = deps
  const server = await serverOf(deps, namespace, pod)
  const [{ items }, outside] = await Promise.all([
    client.list<Service>(kinds.service, { namespace }),
    outsideNames(client, server),
  ])
  const names = namesOf(pod, items, surroundings.domain, outside)
  const { name = '', uid = '' } = pod.metadata
  const now = Date.now()
  const own = identity.sidecar(namespace, server.metadata.name, uid)
  // The names stand in this one too: by it each replica sees, on the orders stream, when they are no longer right.
  const leaf = { publicKey: key.publicKey, names, seconds }
  const channel = await issue(authority, { ...leaf, identity: own, usages: ['client'] }, now)
  const { issuerRef } = server.spec.tls ?? {}
  if (issuerRef === undefined)
    return { channel, names, server: await issue(authority, { ...leaf, usages: ['server'] }, now) }
  if (key.names.toSorted().join() !== names.join()) return { channel, names }
  const wanted = { namespace, pod: { name, uid }, issuerRef, csr, names, seconds }
  return { channel, names, server: await issuedByCertManager(client, wanted) }
}

/** Names outside of the cluster that the server may have now. */
export async function outsideNames(
  client: Pick<Client, 'get'>,
  server: HipaaMcpServer,
): Promise<readonly string[]> {
  if ((server.spec.tls?.dnsNames ?? []).length === 0) return []
  return permittedNames(server, await client.get(kinds.namespace, undefined, server.metadata.namespace ?? ''))
}

/**
 * The pod's server, when the pod is one that admission made. The namespace must be enrolled at this moment: in others
 * nobody keeps a pod from being changed after it was checked.
 */
async function serverOf(deps: IdentityDeps, namespace: string, pod: Pod): Promise<HipaaMcpServer> {
  const { client, surroundings } = deps
  const name = pod.metadata.labels?.[guardedLabel]
  if (name === undefined)
    throw new ChannelRefusal(403, 'This pod is not guarded: there is no identity for it')
  const [enrolled, server] = await Promise.all([
    client.get<KubernetesObject>(kinds.namespace, undefined, namespace),
    client.get<HipaaMcpServer>(kinds.server, namespace, name),
  ])
  if (enrolled?.metadata.labels?.[enforceLabel] !== 'true')
    throw new ChannelRefusal(403, `Namespace ${namespace} is not enrolled: label it ${enforceLabel}=true`)
  if (server === undefined)
    throw new ChannelRefusal(403, `HipaaMcpServer ${namespace}/${name} is gone: apply it again`)
  const violations = conforms(pod, server, surroundings)
  if (violations.length > 0)
    throw new ChannelRefusal(403, `The pod does not conform: ${violations.join('; ')}`)
  return server
}

function csrIn(body: string): string {
  try {
    const { csr } = JSON.parse(body) as Partial<IdentityRequest>
    if (typeof csr === 'string') return csr
  } catch {
    // Said below, like every other body that holds no request.
  }
  throw new ChannelRefusal(400, 'The body must be JSON with a member csr: a PKCS #10 request, PEM')
}
