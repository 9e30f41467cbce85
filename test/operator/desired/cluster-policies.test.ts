import { expect } from 'vitest'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { ApiError } from '../../../operator/cluster/client.ts'
import { bystanderPolicyName } from '../../../operator/desired/network-policies.ts'
import { isMet, type Wanted } from '../../../operator/desired/wanted.ts'
import { type ClusterPolicy, overrulingPolicies } from '../../../operator/evidence/foreign-policies.ts'
import {
  clusterPolicies,
  keepClusterPolicies,
  wantedPolicies,
} from '../../../operator/keep-cluster-policies.ts'
import type { Typed } from '../../../operator/objects.ts'
import { verifies } from '../../verifies.ts'
import { quiet } from '../cluster/scripted-api.ts'
import { aGuardedPod, anAgreement, aServer, aWorld, now, type Things } from '../world.ts'

const kind = {
  apiVersion: 'policy.networking.k8s.io/v1beta1',
  kind: 'ClusterNetworkPolicy',
  plural: 'clusternetworkpolicies',
  namespaced: false,
}
type Rule = { action: string; protocols?: object[]; from?: object[]; to?: object[] }
type Policy = Omit<Typed & ClusterPolicy, 'spec'> & {
  spec: Omit<ClusterPolicy['spec'], 'ingress' | 'egress'> & {
    priority: number
    ingress?: Rule[]
    egress?: Rule[]
  }
}

const wantedIn = (things: Things, items: readonly (Typed & ClusterPolicy)[] = []): Wanted[] =>
  wantedPolicies({ world: aWorld(things).world, now: () => now }, { kind, items })
const policyOf = (server: HipaaMcpServer, things: Things = {}): Policy =>
  wantedIn({ servers: [server], ...things })[0]?.object as unknown as Policy

const store = { name: 'database', pods: { matchLabels: { app: 'ehr-db' } }, port: 5432 }
const callers = (network: HipaaMcpServer['spec']['network']) =>
  policyOf(aServer(network === undefined ? {} : { network }))

verifies(
  'transit:cluster-network-policy',
  'what the NetworkPolicy lets through is passed on to it, and the rest denied',
  () => {
    const { metadata, spec } = callers({
      ingress: [{ namespace: 'agents', podSelector: { matchLabels: { app: 'agent' } } }],
    })

    expect(metadata).toMatchObject({
      name: 'hipaa-mcp-server.clinic.ehr',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Namespace', name: 'clinic' }],
    })
    expect([spec.tier, spec.priority]).toEqual(['Admin', 1000])
    expect(spec.subject).toEqual({
      pods: {
        namespaceSelector: {
          matchLabels: { 'kubernetes.io/metadata.name': 'clinic', 'hipaa-mcp.dev/enforce': 'true' },
        },
        podSelector: { matchLabels: { 'hipaa-mcp.dev/guarded': 'ehr' } },
      },
    })
    expect(spec.ingress?.map(({ action }) => action)).toEqual(['Pass', 'Pass', 'Deny'])
    expect(spec.ingress?.[0]).toMatchObject({
      protocols: [
        { tcp: { destinationPort: { number: 15_080 } } },
        { tcp: { destinationPort: { number: 8080 } } },
      ],
      from: [
        {
          pods: {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'agents' } },
            podSelector: { matchLabels: { app: 'agent' } },
          },
        },
      ],
    })
    expect(spec.ingress?.at(-1)).toEqual({
      name: 'nothing-else-in',
      action: 'Deny',
      from: [{ namespaces: {} }],
    })
    expect(spec.egress?.at(-1)).toEqual({
      name: 'nothing-else-out',
      action: 'Deny',
      to: [{ namespaces: {} }, { networks: ['0.0.0.0/0', '::/0'] }],
    })
    expect(spec.egress?.[0]?.to).toContainEqual({ networks: ['169.254.20.10/32'] })
    // Nothing is accepted: what is passed on is still the NetworkPolicy's to refuse.
    expect(JSON.stringify(spec)).not.toContain('Accept')
  },
)

verifies(
  'transit:cluster-network-policy',
  'callers by range are left to the NetworkPolicy, on the ports of calls alone',
  () => {
    const { spec } = callers({ ingress: [{ cidr: '10.0.0.0/8' }] })

    expect(spec.ingress?.[0]).toMatchObject({ action: 'Pass', from: [{ namespaces: {} }] })
    expect(spec.ingress?.[0]?.protocols).toHaveLength(2)
    expect(spec.ingress?.at(-1)?.action).toBe('Deny')
  },
)

verifies(
  'transit:cluster-network-policy',
  'a store takes its own server’s sidecars and sends nothing; an agreement that ended passes nothing on',
  () => {
    const server = aServer({
      stores: [store],
      network: {
        egress: [
          { baa: 'vendor' },
          { store: 'database', host: 'ehr-db', protocol: 'Postgres', tls: { ca: { pem: 'ca' } } },
        ],
      },
    })
    const of = (expires: string) => {
      const [ofServer, ofStore] = wantedIn({
        servers: [server],
        agreements: [anAgreement('vendor', { expires })],
      }).map(({ object }) => object as unknown as Policy)
      return { ofServer, ofStore }
    }
    const { ofServer, ofStore } = of('2027-01-01T00:00:00Z')

    expect(ofStore?.metadata.name).toBe('hipaa-mcp-store.clinic.ehr.database')
    expect(ofStore?.spec.ingress?.[0]?.from).toEqual([
      {
        pods: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'clinic' } },
          podSelector: { matchLabels: { 'hipaa-mcp.dev/guarded': 'ehr' } },
        },
      },
    ])
    expect(ofStore?.spec.egress?.map(({ action }) => action)).toEqual(['Deny'])
    expect(JSON.stringify(ofServer?.spec.egress)).toContain('443')
    expect(JSON.stringify(of('2026-10-01T00:00:00Z').ofServer?.spec.egress)).not.toContain('443')
  },
)

verifies(
  'transit:cluster-network-policy',
  'a store is known by its own labels until the bystanders’ policy of its namespace stands, then by admission’s alone',
  () => {
    const server = aServer({
      stores: [store],
      network: {
        egress: [{ store: 'database', host: 'ehr-db', protocol: 'Postgres', tls: { ca: { pem: 'ca' } } }],
      },
    })
    const knowsByOwn = (namespace?: string): boolean => {
      const networkPolicies =
        namespace === undefined ? [] : [{ metadata: { name: bystanderPolicyName, namespace }, spec: {} }]
      const { spec } = policyOf(server, { networkPolicies } as Things)
      return JSON.stringify(spec.egress).includes(JSON.stringify(store.pods.matchLabels))
    }

    expect([undefined, 'elsewhere', 'clinic'].map(knowsByOwn)).toEqual([true, true, false])
  },
)

verifies('transit:cluster-network-policy', 'rules keep within the kind’s own bounds', () => {
  const many = Array.from({ length: 32 }, (_, index) => ({ namespace: `agents-${index}` }))
  const { spec } = callers({ ingress: many })

  expect(spec.ingress?.slice(0, 2).map(({ from = [] }) => from.length)).toEqual([25, 7])
  for (const { from = [], to = [], protocols = [] } of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
    for (const list of [from, to, protocols]) expect(list.length).toBeLessThanOrEqual(25)
})

const ours = wantedIn({})[0]?.object as unknown as Policy
const stale: [when: string, things: Things][] = [
  ['the server is gone', { servers: [] }],
  ['the namespace is enrolled no more', { enrolled: false }],
]
for (const [when, things] of stale)
  verifies('transit:cluster-network-policy', `it goes when ${when}`, () => {
    expect(wantedIn(things, [ours]).map(({ how, object }) => [how, object.metadata.name])).toEqual([
      ['delete', 'hipaa-mcp-server.clinic.ehr'],
    ])
  })

verifies(
  'transit:cluster-network-policy',
  'what others wrote stays, and what was changed is put right',
  () => {
    const theirs = { ...ours, metadata: { name: 'platform', labels: ours.metadata.labels ?? {} } }
    const unmarked = { ...ours, metadata: { name: 'hipaa-mcp-server.other' } }
    const changed = { ...ours, spec: { ...ours.spec, priority: 5 } }

    const all = wantedIn({}, [theirs, unmarked, changed])

    expect(all.map(({ how, object }) => [how, object.metadata.name])).toEqual([
      ['apply', 'hipaa-mcp-server.clinic.ehr'],
    ])
    expect(isMet(all[0] as Wanted)).toBe(false)
    expect(isMet({ ...(all[0] as Wanted), current: ours })).toBe(true)
  },
)

verifies('transit:foreign-policies', 'our own ClusterNetworkPolicy overrules nothing', () => {
  const namespace = aWorld({}).world.namespaces.get(undefined, 'clinic')
  expect(overrulingPolicies([ours], namespace, [aGuardedPod('ehr-1')])).toEqual([])
})

const served: [string, string[], string | undefined][] = [
  ['both versions', ['v1beta1', 'v1alpha2'], 'v1beta1'],
  ['the older one', ['v1alpha2'], 'v1alpha2'],
  ['none', [], undefined],
]
for (const [what, versions, expected] of served)
  verifies(
    'transit:cluster-network-policy',
    `the kind is found where the cluster serves ${what}`,
    async () => {
      const found = await clusterPolicies({
        list: async ({ apiVersion }) => {
          if (!versions.includes(apiVersion.split('/')[1] ?? ''))
            throw new ApiError(404, 'NotFound', 'planted')
          return { items: [], metadata: {} } as never
        },
      })

      expect(found?.kind.apiVersion.split('/')[1]).toBe(expected)
    },
  )

const none = async () => await Promise.reject(new Error('this test expects no such call'))
const answers: [what: string, status: number, done: string[]][] = [
  [
    'is refused keeps no other from being written or ended',
    422,
    ['delete hipaa-mcp-server.clinic.gone', 'apply hipaa-mcp-server.clinic.b'],
  ],
  ['gets no answer ends the pass', 0, ['delete hipaa-mcp-server.clinic.gone']],
]
for (const [what, status, expected] of answers)
  verifies('transit:cluster-network-policy', `one that ${what}, and it is said`, async () => {
    const gone = { ...ours, metadata: { ...ours.metadata, name: 'hipaa-mcp-server.clinic.gone' } }
    const servers = ['a', 'b'].map((name) => aServer({}, { name, uid: `uid-${name}` }))
    const done: string[] = []
    const warned: unknown[] = []
    const keeping = keepClusterPolicies({
      world: aWorld({ servers }).world,
      client: {
        list: async () => ({ items: [gone], metadata: {} }) as never,
        apply: async (_, { metadata: { name } }) => {
          if (name.endsWith('.a')) throw new ApiError(status, 'Invalid', 'planted')
          done.push(`apply ${name}`)
          return {} as never
        },
        delete: async (_, __, name) => void done.push(`delete ${name}`),
        create: none,
        patch: none,
      },
      leading: () => true,
      log: { ...quiet, warn: (_, more) => void warned.push(more) },
      now: () => now,
    })

    keeping.start()
    await expect.poll(() => warned).toEqual([{ error: 'Invalid' }])
    keeping.stop()

    expect(done).toEqual(expected)
    // For whoever asks what others' say: listed once.
    expect(keeping.seen().map(({ metadata }) => metadata.name)).toEqual([gone.metadata.name])
  })
