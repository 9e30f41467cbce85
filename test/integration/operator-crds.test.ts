import { afterAll, beforeAll, expect, vi } from 'vitest'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import { ApiError, type Client } from '../../operator/cluster/client.ts'
import { type Kind, kinds } from '../../operator/cluster/kinds.ts'
import {
  aNamespace,
  connected,
  customResourceDefinition,
  installKinds,
  yamlObject,
} from '../operator/running.ts'
import { verifies } from '../verifies.ts'

let client: Client
let close: () => Promise<void>
let namespace: string

beforeAll(async () => {
  ;({ client, close } = await connected())
  await installKinds(client)
  namespace = await aNamespace(client, false)
})
afterAll(async () => {
  await client.delete(kinds.namespace, undefined, namespace)
  await close()
})

type Spec = { [member: string]: unknown }
type Contradiction = { when: string; kind: Kind; spec: (spec: Spec) => Spec; says: string }

const server = (when: string, spec: Contradiction['spec'], says: string): Contradiction => ({
  when,
  kind: kinds.server,
  spec,
  says,
})
const [tool, role] = ['tools', 'roles'].map((member) => (spec: Spec) => (spec[member] as object[])[0])
const contradictions: Contradiction[] = [
  server(
    'a role names a tool that is not listed',
    (spec) => ({ ...spec, roles: [{ ...role?.(spec), tools: ['nothing'] }] }),
    'add the tool, or take it out of the role',
  ),
  ...['Local', 'Both'].map((acknowledge) =>
    server(
      `${acknowledge} without a volume`,
      (spec) => ({ ...spec, trail: { acknowledge } }),
      'need trail.volume {storageClassName, size}',
    ),
  ),
  server(
    'a tool that may ask for everybody, without a reason',
    (spec) => ({ ...spec, tools: [{ ...tool?.(spec), bulk: 'Allowed' }] }),
    'say in reason why that is the minimum necessary',
  ),
  server(
    'a tool that takes identifiers of people, without a reason',
    (spec) => ({ ...spec, tools: [{ ...tool?.(spec), identifiers: 'Keep' }] }),
    'say in reason why no identifier of the patient will do',
  ),
  server(
    'a prompt that may ask for everybody, without a reason',
    (spec) => ({ ...spec, prompts: [{ name: 'sum', returns: { fields: [] }, bulk: 'Allowed' }] }),
    'say in reason why that is the minimum necessary',
  ),
  server(
    'one result that is larger than all of an hour',
    (spec) => ({
      ...spec,
      tools: [{ ...tool?.(spec), limits: { resultBytes: 8192, resultBytesPerHour: 4096 } }],
    }),
    'raise it, or lower resultBytes',
  ),
  server(
    'an argument that is renamed into no place',
    (spec) => ({ ...spec, tools: [{ ...tool?.(spec), rename: { patient_id: 'patient' } }] }),
    'should match',
  ),
  server(
    'an egress names a store that is not declared',
    (spec) => ({ ...spec, network: { egress: [{ store: 'db', host: 'db', protocol: 'Postgres' }] } }),
    'declare the store first',
  ),
  server(
    'a role that does not say whom it reaches',
    (spec) => {
      const reachless = { ...role?.(spec), patients: undefined }
      return { ...spec, roles: [reachless] }
    },
    'spec.roles[0].patients: Required value',
  ),
  server(
    'a Bound role without the patient’s claim',
    (spec) => ({ ...spec, roles: [{ ...role?.(spec), patients: 'Bound' }] }),
    'needs identity.patient.claim',
  ),
  server(
    'the app listens on a port of the sidecar',
    (spec) => ({ ...spec, workload: { port: 15080, path: '/mcp' } }),
    "are the sidecar's: let the server listen on another port",
  ),
  server(
    'a Panel role without the panel’s claim',
    (spec) => ({ ...spec, roles: [{ ...role?.(spec), patients: 'Panel' }] }),
    'needs identity.panel.claim',
  ),
  server(
    'discovery on the port of the calls',
    (spec) => ({ ...spec, workload: { port: 8080, path: '/mcp' }, tls: { discovery: { port: 8080 } } }),
    'tls.discovery.port is the port of the calls',
  ),
  server(
    'discovery on a port of the sidecar',
    (spec) => ({ ...spec, tls: { discovery: { port: 15444 } } }),
    "are the sidecar's: choose another",
  ),
  server(
    'a port on loopback that is the server’s own',
    (spec) => ({ ...spec, workload: { port: 8080, path: '/mcp', loopback: [6379, 8080] } }),
    'list only the ports of its helpers',
  ),
  server(
    'a port on loopback that is the sidecar’s',
    (spec) => ({ ...spec, workload: { port: 8080, path: '/mcp', loopback: [53] } }),
    "are the sidecar's on loopback: let the helper listen on another port",
  ),
  server(
    'a port on loopback that is the one of discovery',
    (spec) => ({
      ...spec,
      workload: { port: 8080, path: '/mcp', loopback: [8444] },
      tls: { discovery: { port: 8444 } },
    }),
    'choose another of the two',
  ),
  server(
    'nine ports on loopback',
    (spec) => ({
      ...spec,
      workload: { port: 8080, path: '/mcp', loopback: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
    }),
    'must have at most 8 items',
  ),
  server(
    'metrics of a port of the sidecar',
    (spec) => ({ ...spec, workload: { port: 8080, path: '/mcp', metrics: { port: 15021, names: ['x'] } } }),
    "are the sidecar's: name the server's own",
  ),
  server(
    'metrics that say not which',
    (spec) => ({ ...spec, workload: { port: 8080, path: '/mcp', metrics: { port: 9100 } } }),
    'spec.workload.metrics.names: Required value',
  ),
  server(
    'a label of metrics that says not which values leave',
    (spec) => ({
      ...spec,
      workload: {
        port: 8080,
        path: '/mcp',
        metrics: { port: 9100, names: ['x'], labels: [{ name: 'code' }] },
      },
    }),
    'spec.workload.metrics.labels[0].values: Required value',
  ),
  server(
    'metrics under names of the sidecar',
    (spec) => ({
      ...spec,
      workload: { port: 8080, path: '/mcp', metrics: { port: 9100, names: ['hipaa_mcp_calls_total'] } },
    }),
    'served at /metrics',
  ),
  server(
    'two issuers of one URL',
    (spec) => {
      const issuer = { url: 'https://login', audience: 'a', provider: 'Okta', roles: { claim: '/r' } }
      return { ...spec, identity: { issuers: [issuer, { ...issuer, audience: 'b' }] } }
    },
    'spec.identity.issuers[1]',
  ),
  server(
    'a symmetric algorithm',
    (spec) => {
      const issuer = { url: 'https://login', audience: 'a', provider: 'Okta', roles: { claim: '/r' } }
      return { ...spec, identity: { issuers: [{ ...issuer, algorithms: ['HS256'] }] } }
    },
    'spec.identity.issuers[0].algorithms',
  ),
  server(
    'a client CA that holds a private key',
    (spec) => ({
      ...spec,
      tls: { clientCa: { pem: '-----BEGIN CERTIFICATE----- -----BEGIN PRIVATE KEY-----' } },
    }),
    'never a private key',
  ),
  server(
    'an egress that names both an agreement and a store',
    (spec) => ({
      ...spec,
      stores: [{ name: 'db', pods: { matchLabels: { a: 'b' } }, port: 1 }],
      network: { egress: [{ baa: 'x', store: 'db', host: 'db', protocol: 'Postgres' }] },
    }),
    'names either baa or store',
  ),
  server(
    'an egress that names nothing',
    (spec) => ({ ...spec, network: { egress: [{}] } }),
    'names either baa or store',
  ),
  server(
    'an egress to a store without a protocol',
    (spec) => ({
      ...spec,
      stores: [{ name: 'db', pods: { matchLabels: { a: 'b' } }, port: 1 }],
      network: { egress: [{ store: 'db', host: 'db' }] },
    }),
    'names protocol and host',
  ),
  server(
    'callers that are a namespace and a range at once',
    (spec) => ({ ...spec, network: { ingress: [{ namespace: 'agents', cidr: '203.0.113.0/24' }] } }),
    'names either namespace, with podSelector or without, or cidr',
  ),
  server(
    'callers that nothing names',
    (spec) => ({ ...spec, network: { ingress: [{}] } }),
    'names either namespace, with podSelector or without, or cidr',
  ),
  server(
    'a range that is none',
    (spec) => ({ ...spec, network: { ingress: [{ cidr: '203.0.113.0/33' }] } }),
    'spec.network.ingress[0].cidr',
  ),
  server(
    'a name outside of the cluster that is one inside',
    (spec) => ({ ...spec, tls: { dnsNames: ['records.vendor.svc'] } }),
    'are names outside of the cluster',
  ),
  server(
    'a name outside of the cluster that a Service has',
    (spec) => ({ ...spec, tls: { dnsNames: ['records.vendor'] } }),
    'spec.tls.dnsNames[0]',
  ),
  server(
    'a retention below six years',
    (spec) => ({ ...spec, trail: { retention: '365d' } }),
    'spec.trail.retention',
  ),
  server(
    'an issuer without TLS',
    (spec) => ({
      ...spec,
      identity: {
        issuers: [{ url: 'http://login', audience: 'a', provider: 'Okta', roles: { claim: '/r' } }],
      },
    }),
    'spec.identity.issuers[0].url',
  ),
  server('no tool', (spec) => ({ ...spec, tools: [] }), 'spec.tools'),
  server(
    'a tool that returns nothing in particular',
    (spec) => ({ ...spec, tools: [{ ...tool?.(spec), returns: {} }] }),
    'fields',
  ),
  {
    when: 'an agreement that ends before it begins',
    kind: kinds.agreement,
    spec: (spec) => ({ ...spec, expires: '2025-01-01T00:00:00Z' }),
    says: 'expires must be later than effective',
  },
  {
    when: 'an agreement without a document',
    kind: kinds.agreement,
    spec: (spec) => ({ ...spec, document: {} }),
    says: 'sha256',
  },
]

for (const { when, kind, spec, says } of contradictions)
  verifies('operator:crds', when, async () => {
    const example = kind === kinds.server ? 'crds/examples/smallest.yaml' : 'crds/examples/agreement.yaml'
    const object = await yamlObject(example)
    const metadata = kind.namespaced ? { name: 'contradiction', namespace } : { name: 'contradiction' }

    const refused = await client
      .create<KubernetesObject>(kind, { ...object, metadata, spec: spec(object['spec'] as Spec) })
      .catch((error: unknown) => error)

    expect(refused).toBeInstanceOf(ApiError)
    expect(refused).toMatchObject({ status: 422, reason: 'Invalid' })
    expect((refused as ApiError).message).toContain(says)
  })

const kindsOf: { [kind: string]: Kind } = {
  HipaaMcpServer: kinds.server,
  BusinessAssociateAgreement: kinds.agreement,
  BreakGlassGrant: kinds.grant,
  AccessRevocation: kinds.revocation,
}
for (const example of ['smallest', 'whole', 'agreement', 'grant', 'revocation'])
  verifies('operator:crds', `the example ${example}.yaml is taken whole`, async () => {
    const object = await yamlObject(`crds/examples/${example}.yaml`)
    const kind = kindsOf[object.kind] as Kind
    const metadata = { ...object.metadata, ...(kind.namespaced ? { namespace } : {}) }

    // Where the product is installed its webhook writes names into some kinds, and its operator may just be starting.
    const kept = await vi.waitFor(
      async () => await client.create<KubernetesObject>(kind, { ...object, metadata }),
      { timeout: 60_000, interval: 500 },
    )

    // Nothing that stands in the example was dropped as unknown; defaults may have joined it.
    expect(kept['spec']).toMatchObject(object['spec'] as object)
    await client.delete(kind, metadata.namespace, metadata.name)
  })

verifies('operator:crds', 'the schemas are structural, and what they do not know is dropped', async () => {
  for (const name of ['hipaamcpservers.hipaa-mcp.dev', 'businessassociateagreements.hipaa-mcp.dev']) {
    const crd = await client.get<{
      status: { conditions: { type: string; status: string; message: string }[] }
    }>(customResourceDefinition, undefined, name)
    const bad = crd?.status.conditions.filter(
      ({ type, status }) => type === 'NonStructuralSchema' && status === 'True',
    )
    expect(bad).toEqual([])
  }
  const smallest = await yamlObject('crds/examples/smallest.yaml')
  const kept = await client.create<KubernetesObject>(kinds.server, {
    ...smallest,
    metadata: { name: 'more', namespace },
    spec: { ...(smallest['spec'] as object), unheardOf: true },
  })

  expect(kept['spec']).not.toHaveProperty('unheardOf')
  expect(kept['spec']).toMatchObject({
    profile: 'Production',
    maxPolicyAge: '15m',
    trail: { acknowledge: 'Stream', retention: '2192d' },
  })
})
