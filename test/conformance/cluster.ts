// The fixtures on a cluster, behind the product as a person installs it: guarded in a pod of their own, called by an
// agent's pod with its certificate and a person's token. The suite stays on this machine and reaches the agent's pod by
// `kubectl port-forward`, which a guarded pod refuses.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { BusinessAssociateAgreement } from '../../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { type Authorities, applyIdentity, authorities } from '../demo/identity.ts'
import { until } from '../demo/kubectl.ts'
import { manifest, tlsSecret, together } from '../demo/manifests.ts'
import { portForward } from '../demo/port-forward.ts'
import { rolledOut } from '../demo/rollout.ts'
import { ready } from '../demo/scene.ts'
import type { World } from '../demo/world.ts'
import { freePort } from '../support/free-port.ts'
import { modelAgreement, permitAll } from './permit-all.ts'

const [server, caller] = ['mcp-conformance', 'mcp-conformance-caller']
const fixtures = { namespace: server, name: 'fixtures' }
const resource = `https://fixtures.${server}.svc:8080/mcp`
const issuer = 'https://login.identity.svc:8443'
const labels = { 'app.kubernetes.io/managed-by': 'hipaa-mcp-demo' }

export type Pods = {
  /** The fixtures in the agent's pod, without anything between. */
  unguarded: string
  /** The fixtures behind their sidecar. */
  guarded: string
  /** Ends the way to both; the pods stay. */
  close: () => Promise<void>
}

/** An identity provider for a cluster that has none yet. The product is installed. */
export async function buildIdentity(world: World): Promise<Authorities> {
  const cas = await authorities(world)
  await applyIdentity(world, cas)
  await rolledOut(world.kubectl, 'identity', 'deployment/login', 120)
  return cas
}

/** Builds both pods and waits until the server is Ready and the agent has signed in. The URLs are of this machine. */
export async function buildPods(world: World & Authorities): Promise<Pods> {
  const { kubectl, images, agentsCa, trusted } = world
  // The policy names the address by which the suite comes.
  const [guarded, unguarded] = [await freePort(), await freePort()]
  await kubectl.apply(
    together(
      JSON.stringify(namespaceOf(server, { 'hipaa-mcp.dev/enforce': 'true' })),
      JSON.stringify(namespaceOf(caller)),
      JSON.stringify(agreement()),
      JSON.stringify(serverOf(world, new URL(urlOf(guarded)))),
      tlsSecret(caller, 'agent-tls', await agentsCa.issue('agent'), trusted),
    ),
  )
  const names = { SAMPLES_IMAGE: images.samples, RESOURCE: resource, ISSUER: issuer }
  await kubectl.apply(await manifest('conformance', names, join(import.meta.dirname, 'manifests')))
  await rolledOut(kubectl, server, 'deployment/fixtures', 120)
  await ready(world, 60, fixtures)
  await rolledOut(kubectl, caller, 'deployment/suite', 60)
  await until('the agent signed in', 60, async () => {
    const said = await kubectl.run(['logs', '-n', caller, 'deployment/suite', '-c', 'shim'])
    return said.includes('listening') ? true : undefined
  })
  const { close } = await portForward(kubectl, caller, 'deployment/suite', [
    { here: guarded, there: 8080 },
    { here: unguarded, there: 8081 },
  ])
  return { guarded: urlOf(guarded), unguarded: urlOf(unguarded), close }
}

const urlOf = (port: number): string => `http://127.0.0.1:${port}/mcp`

/** Removes what `buildPods` made, and does not wait: a guarded pod takes half a minute to end. */
export async function removePods({ kubectl }: Pick<World, 'kubectl'>): Promise<void> {
  await kubectl.run(['delete', 'namespace', server, caller, '--ignore-not-found', '--wait=false'])
  await kubectl.run(['delete', 'baa', modelAgreement, '--ignore-not-found'])
}

const namespaceOf = (name: string, more: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { ...labels, ...more } },
})

const at = (offset: number): string =>
  new Date(Date.now() + offset * 1_000).toISOString().replace(/\.\d+Z$/, 'Z')

/** With the vendor of the callers' model: sampling puts text of the server before it. */
const agreement = (): BusinessAssociateAgreement & { apiVersion: string; kind: string } => ({
  apiVersion: 'hipaa-mcp.dev/v1alpha1',
  kind: 'BusinessAssociateAgreement',
  metadata: { name: modelAgreement, labels },
  spec: {
    counterparty: 'Model of the conformance suite',
    hosts: ['model.example.org'],
    effective: at(-86_400),
    expires: at(86_400),
    document: { sha256: createHash('sha256').update('sample agreement').digest('hex') },
  },
})

function serverOf(
  { agentsCa, clinicCa, certManager }: World & Authorities,
  origin: URL,
): HipaaMcpServer & {
  apiVersion: string
  kind: string
} {
  const spec = permitAll({
    port: 8080,
    tls: {
      ...(certManager ? { issuerRef: { name: 'clinic-ca', kind: 'ClusterIssuer' } } : {}),
      clientCa: { pem: agentsCa.cert },
    },
    identity: {
      issuers: [
        {
          url: issuer,
          audience: resource,
          provider: 'Generic',
          ca: clinicCa.cert,
          roles: { claim: '/roles' },
          mfa: { amr: ['mfa'] },
        },
      ],
      purpose: { claim: '/purpose_of_use' },
    },
    when: { role: 'Clinician', scopes: ['ehr.read'] },
    purpose: 'TREAT',
    origin,
  })
  return {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'HipaaMcpServer',
    metadata: fixtures,
    spec: {
      ...spec,
      network: { ingress: [{ namespace: caller, podSelector: { matchLabels: { app: 'suite' } } }] },
    },
  }
}
