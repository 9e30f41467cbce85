// Who vouches for whom on the cluster: a CA for servers' certificates, a CA for agents', and the identity provider where
// people sign in. The clinic stands on it, and so does whatever else is called by agents.

import { type Authority, authority } from '../sample/certificates.ts'
import { until } from './kubectl.ts'
import { manifest, tlsSecret, together } from './manifests.ts'
import type { World } from './world.ts'

export type Authorities = {
  clinicCa: Authority
  agentsCa: Authority
  /** PEM of whom callers trust to name servers. */
  trusted: string
}

/** Makes both CAs. Without cert-manager it waits for the operator's own: the product must be installed. */
export async function authorities(world: Pick<World, 'kubectl' | 'certManager'>): Promise<Authorities> {
  const [clinicCa, agentsCa] = await Promise.all([
    authority('Sample clinic CA'),
    authority('Sample agents CA'),
  ])
  return { clinicCa, agentsCa, trusted: clinicCa.cert + (await ownCa(world)) }
}

/** Applies the identity provider, and the clinic's CA as an issuer where cert-manager runs. Does not wait for either. */
export async function applyIdentity(
  { kubectl, images, certManager }: World,
  { clinicCa, agentsCa }: Authorities,
): Promise<void> {
  await kubectl.apply(await manifest('identity', { SAMPLES_IMAGE: images.samples }))
  const login = await serverCertificate(clinicCa, 'login.identity.svc')
  await kubectl.apply(
    together(
      tlsSecret('identity', 'login-tls', login, agentsCa.cert),
      ...(certManager ? issuer(clinicCa) : []),
    ),
  )
}

/** For a Service's name, and its first part alone. */
export const serverCertificate = async (ca: Authority, host: string) =>
  await ca.issue(host, [host, host.replace(/\..*$/, '')])

/** Without cert-manager callers see a certificate of the operator's own CA. */
async function ownCa({ kubectl, certManager }: Pick<World, 'kubectl' | 'certManager'>): Promise<string> {
  if (certManager) return ''
  const secret = await until('the operator made its CA', 60, async () => {
    return await kubectl.get<{ data: Record<string, string> }>(
      'secret',
      'hipaa-mcp-ca',
      '-n',
      'hipaa-mcp-system',
    )
  })
  return Buffer.from(secret.data['tls.crt'] ?? secret.data['ca.crt'] ?? '', 'base64').toString()
}

const issuer = (ca: Authority): string[] => [
  tlsSecret('cert-manager', 'clinic-ca', ca, ca.cert),
  JSON.stringify({
    apiVersion: 'cert-manager.io/v1',
    kind: 'ClusterIssuer',
    metadata: { name: 'clinic-ca', labels: { 'app.kubernetes.io/managed-by': 'hipaa-mcp-demo' } },
    spec: { ca: { secretName: 'clinic-ca' } },
  }),
]
