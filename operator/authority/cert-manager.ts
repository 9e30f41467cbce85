// Server certificates by cert-manager, for servers whose `tls.issuerRef` names an issuer. cert-manager signs the CSR that
// the sidecar made: the private key is never in a Secret.

import { createHash, X509Certificate } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Condition, KubernetesObject } from '../../core/kubernetes.ts'
import type { Client } from '../cluster/client.ts'
import { kinds } from '../cluster/kinds.ts'

type IssuerRef = { name: string; kind: 'Issuer' | 'ClusterIssuer'; group?: string }

export type CertificateWanted = {
  namespace: string
  pod: { name: string; uid: string }
  issuerRef: IssuerRef
  /** PKCS #10, PEM; its names are what the certificate will bear. */
  csr: string
  names: readonly string[]
  seconds: number
}

type Request = KubernetesObject & { status?: { conditions?: Condition[]; certificate?: string } }

/** Why no certificate came: for the log and the sidecar; holds what to do next and no PHI. */
export class IssuerFault extends Error {}

/** cert-manager's own floor for durations. */
const shortest = 3600

/**
 * The chain that the issuer gave, leaf first, PEM. The pod owns the request, so what failed stays to be read until the
 * pod goes; what succeeded is removed. Rejects with `IssuerFault` when the issuer refuses, says nothing within
 * `deadline` milliseconds, or answers with a certificate that is not for the names asked for.
 */
export async function issuedByCertManager(
  client: Pick<Client, 'create' | 'get' | 'delete'>,
  wanted: CertificateWanted,
  deadline = 20_000,
): Promise<string> {
  const request = certificateRequest(wanted)
  const { namespace, issuerRef } = wanted
  const { name } = request.metadata
  const issuer = `${issuerRef.kind} ${issuerRef.name}`
  const existing = await client.get<Request>(kinds.certificateRequest, namespace, name)
  if (existing === undefined) await client.create<KubernetesObject>(kinds.certificateRequest, request)
  const until = performance.now() + deadline
  for (;;) {
    const seen = await client.get<Request>(kinds.certificateRequest, namespace, name)
    const refusal = refusalIn(seen)
    if (refusal !== undefined)
      throw new IssuerFault(
        `${issuer} refused the certificate (${refusal}): see CertificateRequest ${namespace}/${name}`,
      )
    const certificate = seen?.status?.certificate
    if (certificate !== undefined && certificate !== '') {
      const chain = Buffer.from(certificate, 'base64').toString('utf8')
      const fault = faultIn(chain, wanted.names)
      if (fault !== undefined) throw new IssuerFault(`${issuer} ${fault}`)
      await client.delete(kinds.certificateRequest, namespace, name)
      return chain
    }
    if (performance.now() > until)
      throw new IssuerFault(
        `${issuer} gave no certificate within ${deadline / 1000} s: is it Ready, and does cert-manager run? See CertificateRequest ${namespace}/${name}`,
      )
    await sleep(250)
  }
}

/** The same CSR gives the same name: a second replica, or a second try, waits for the first one's request. */
function certificateRequest(wanted: CertificateWanted): KubernetesObject {
  const { pod, issuerRef } = wanted
  const hash = createHash('sha256').update(`${pod.uid}\n${wanted.csr}`).digest('hex').slice(0, 20)
  return {
    apiVersion: kinds.certificateRequest.apiVersion,
    kind: kinds.certificateRequest.kind,
    metadata: {
      name: `hipaa-mcp-${hash}`,
      namespace: wanted.namespace,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid }],
    },
    spec: {
      request: Buffer.from(wanted.csr).toString('base64'),
      isCA: false,
      usages: ['digital signature', 'server auth'],
      duration: `${Math.max(shortest, wanted.seconds)}s`,
      issuerRef: {
        name: issuerRef.name,
        kind: issuerRef.kind,
        group: issuerRef.group ?? 'cert-manager.io',
      },
    },
  }
}

function refusalIn(request: Request | undefined): string | undefined {
  const conditions = request?.status?.conditions ?? []
  const holds = (type: string) => conditions.find((one) => one.type === type && one.status === 'True')
  const denied = holds('Denied') ?? holds('InvalidRequest')
  if (denied !== undefined) return denied.reason
  const ready = conditions.find(({ type }) => type === 'Ready')
  return ready?.status === 'False' && ready.reason === 'Failed' ? 'Failed' : undefined
}

/** An issuer may change what it signs; callers would then see a name that is not this server's. */
function faultIn(chain: string, names: readonly string[]): string | undefined {
  let leaf: X509Certificate
  try {
    leaf = new X509Certificate(chain)
  } catch {
    return 'answered with something that is no certificate: look at the issuer'
  }
  const missing = names.filter((name) => leaf.checkHost(name) === undefined)
  return missing.length === 0
    ? undefined
    : `left out ${missing.join(', ')}: let the issuer sign the names of the pod's Services`
}
