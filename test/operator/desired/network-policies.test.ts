import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { desired } from '../../../operator/desired/all.ts'
import { bystanderPolicyName } from '../../../operator/desired/network-policies.ts'
import { isMet, type Wanted } from '../../../operator/desired/wanted.ts'
import { type NetworkPolicy, selects } from '../../../operator/objects.ts'
import { verifies } from '../../verifies.ts'
import { aGuardedPod, anAgreement, aPod, aServer, aStorePod, now, seenIn, type Things } from '../world.ts'

const store = { name: 'database', pods: { matchLabels: { app: 'ehr-db' } }, port: 5432 }
const toStore = {
  store: 'database',
  host: 'ehr-db',
  protocol: 'Postgres' as const,
  tls: { ca: { pem: 'ca' } },
}
const whole = aServer({
  stores: [store],
  network: {
    ingress: [
      { namespace: 'agents', podSelector: { matchLabels: { app: 'agent' } } },
      { namespace: 'portal' },
    ],
    egress: [toStore, { baa: 'vendor' }],
  },
})

const policiesOf = (things: Things, at = now) =>
  desired(seenIn(things), [], at)
    .filter(({ object, how }) => object.kind === 'NetworkPolicy' && how === 'apply')
    .map(({ object }) => object as unknown as NetworkPolicy)

const named = (policies: NetworkPolicy[], name: string) => {
  const found = policies.find(({ metadata }) => metadata.name === name)
  if (found === undefined) throw new Error(`No policy ${name}`)
  return found
}

verifies('transit:network-policy', 'a whole server, as a file', async () => {
  const text = policiesOf({
    servers: [whole],
    agreements: [anAgreement('vendor')],
    pods: [aGuardedPod('ehr-1')],
  })
    .map((policy) => stringify(policy))
    .join('---\n')

  await expect(text).toMatchFileSnapshot('../golden/network-policies.yaml')
})

verifies(
  'authentication:discovery',
  'the callers of the server reach its discovery port, and nobody else',
  () => {
    const servers = [aServer({ tls: { discovery: { port: 8444 } } })]
    const { spec } = named(policiesOf({ servers }), 'hipaa-mcp-server.ehr')
    const [callers, monitoring] = spec['ingress'] as { from: unknown; ports: { port: number }[] }[]

    expect(callers?.ports.map(({ port }) => port)).toEqual([15_080, 8080, 15_444, 8444])
    expect(callers?.from).toHaveLength(1)
    expect(monitoring?.ports.map(({ port }) => port)).toEqual([15_021])
  },
)

verifies('transit:network-policy', 'a server that names nobody is reached by nobody', () => {
  const { spec } = named(policiesOf({ servers: [aServer({ network: {} })] }), 'hipaa-mcp-server.ehr')

  expect(spec['ingress']).toEqual([
    {
      from: [{ namespaceSelector: { matchLabels: { 'hipaa-mcp.dev/monitoring': 'true' } } }],
      ports: [{ port: 15021, protocol: 'TCP' }],
    },
  ])
})

verifies('transit:network-policy', 'callers from outside of the cluster are those of the range named', () => {
  const ingress = [{ namespace: 'agents' }, { cidr: '203.0.113.0/24' }, {}]
  const { spec } = named(policiesOf({ servers: [aServer({ network: { ingress } })] }), 'hipaa-mcp-server.ehr')
  const [callers] = spec['ingress'] as { from: object[] }[]

  // An entry that says nothing admits nobody: an empty peer would be everybody.
  expect(callers?.from).toEqual([
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'agents' } },
      podSelector: {},
    },
    { ipBlock: { cidr: '203.0.113.0/24' } },
  ])
})

verifies('transit:network-policy', 'the way out to agreements closes when the agreement ends', () => {
  const agreements = [anAgreement('vendor', { expires: '2026-11-01T12:00:00Z' })]
  const opens = (at: number) =>
    JSON.stringify(named(policiesOf({ servers: [whole], agreements }, at), 'hipaa-mcp-server.ehr')).includes(
      '443',
    )

  expect(opens(now - 1)).toBe(true)
  expect(opens(now)).toBe(false)
})

verifies('transit:network-policy', 'the ports of an agreement’s hosts are those that egresses name', () => {
  const egress = [
    { baa: 'lab', port: 2575, protocol: 'Mllp' as const },
    { baa: 'lab' },
    { baa: 'gone', port: 9 },
  ]
  const policies = policiesOf({
    servers: [aServer({ network: { egress } })],
    agreements: [anAgreement('lab')],
  })
  const out = named(policies, 'hipaa-mcp-server.ehr').spec['egress'] as { ports: { port: number }[] }[]

  expect(out.at(-1)).toEqual({
    ports: [443, 2575].map((port) => ({ port, protocol: 'TCP' })),
  })
})

verifies('transit:network-policy', 'an agreement with the vendor of callers’ model opens no way out', () => {
  const agreements = [anAgreement('model')]
  const servers = [aServer({ fromServer: { sampling: { agreement: 'model' } } })]

  expect(JSON.stringify(named(policiesOf({ servers, agreements }), 'hipaa-mcp-server.ehr'))).not.toContain(
    '443',
  )
})

verifies(
  'transit:network-policy',
  'a policy that somebody widened, narrowed or deleted is written again',
  () => {
    const seen = seenIn({ servers: [whole] })
    const [wanted] = desired(seen, [], now).filter(
      ({ object }) => object.metadata.name === 'hipaa-mcp-server.ehr',
    )
    const changed = (change: (spec: Record<string, unknown>) => void): Wanted => {
      const current = structuredClone(wanted?.object) as unknown as NetworkPolicy
      change(current.spec)
      return { ...(wanted as Wanted), current }
    }

    expect(isMet(changed(() => {}))).toBe(true)
    expect(isMet({ ...(wanted as Wanted), current: undefined })).toBe(false)
    expect(isMet(changed((spec) => (spec['ingress'] as unknown[]).push({})))).toBe(false)
    expect(
      isMet(changed((spec) => ((spec['podSelector'] as { matchLabels: object }).matchLabels = { a: 'b' }))),
    ).toBe(false)
    expect(
      isMet(
        changed((spec) =>
          Object.assign((spec['podSelector'] as { matchLabels: object }).matchLabels, { more: 'x' }),
        ),
      ),
    ).toBe(false)
    expect(isMet(changed((spec) => (spec['more'] = true)))).toBe(false)
  },
)

verifies(
  'injection:store-label',
  'a store admits that server’s guarded pods on its port, and no other server’s',
  () => {
    const { spec } = named(policiesOf({ servers: [whole] }), 'hipaa-mcp-store.ehr.database')

    expect(spec.podSelector).toEqual({ matchLabels: { 'hipaa-mcp.dev/store': 'ehr.database' } })
    expect(spec['policyTypes']).toEqual(['Ingress', 'Egress'])
    expect(spec['egress']).toBeUndefined()
    expect(spec['ingress']).toEqual([
      {
        from: [{ podSelector: { matchLabels: { 'hipaa-mcp.dev/guarded': 'ehr' } } }],
        ports: [{ port: 5432, protocol: 'TCP' }],
      },
    ])
  },
)

verifies('injection:store-label', 'the policy of a store that is declared no more goes', () => {
  const seen = seenIn({ servers: [whole] })
  const standing = desired(seen, [], now).flatMap(({ object }) =>
    object.kind === 'NetworkPolicy' ? [object as unknown as NetworkPolicy] : [],
  )
  const without = aServer({ stores: [] })

  const gone = desired(seenIn({ servers: [without], networkPolicies: standing }), [], now).filter(
    ({ how }) => how === 'delete',
  )

  expect(gone.map(({ object }) => object.metadata.name)).toEqual(['hipaa-mcp-store.ehr.database'])
})

test('every other pod of an enrolled namespace is selected by the bystanders’ policy, guarded and store pods are not', () => {
  const { spec } = named(
    policiesOf({ servers: [whole], pods: [aGuardedPod('ehr-1'), aStorePod('ehr-db-0')] }),
    bystanderPolicyName,
  )
  const selected = (pod: ReturnType<typeof aPod>) => selects(spec.podSelector, pod.metadata.labels)

  expect(selected(aPod('tool'))).toBe(true)
  expect(selected(aPod('tool', { labels: { app: 'x' } }))).toBe(true)
  expect(selected(aGuardedPod('ehr-1'))).toBe(false)
  expect(selected(aStorePod('ehr-db-0'))).toBe(false)
  expect(spec['ingress']).toBeUndefined()
  expect(spec['egress']).toBeUndefined()
})

verifies(
  'transit:network-policy',
  'once no pod is left from before the enrolment, a pod that was given the store’s own labels is no store to the server',
  () => {
    const peers = (things: Things) =>
      (
        named(policiesOf({ servers: [whole], ...things }), 'hipaa-mcp-server.ehr').spec['egress'] as {
          to?: { podSelector?: object }[]
          ports: { port: number }[]
        }[]
      ).find(({ ports }) => ports[0]?.port === store.port)?.to
    const stamped = { podSelector: { matchLabels: { 'hipaa-mcp.dev/store': 'ehr.database' } } }
    const bySelector = { podSelector: store.pods }
    const before = aPod('db-old', { labels: { app: 'ehr-db' } })

    expect(peers({ pods: [aGuardedPod('ehr-1'), before] })).toEqual([stamped, bySelector])
    expect(peers({ pods: [aGuardedPod('ehr-1')], enrolled: false })).toEqual([stamped, bySelector])
    expect(peers({ pods: [aGuardedPod('ehr-1')] })).toEqual([stamped])
    const stands = { metadata: { name: bystanderPolicyName, namespace: 'clinic' }, spec: {} } as NetworkPolicy
    expect(peers({ pods: [aGuardedPod('ehr-1'), before], networkPolicies: [stands] })).toEqual([stamped])
  },
)

test('bystanders are cut off only once no pod of a server or store is left from before the enrolment', () => {
  const old: HipaaMcpServer = aServer({
    stores: [store],
    workload: { port: 8080, path: '/mcp', selector: { matchLabels: { app: 'ehr' } } },
  })
  const names = (things: Things) =>
    policiesOf({ servers: [old], ...things }).map(({ metadata }) => metadata.name)

  expect(names({ pods: [aPod('ehr-old', { labels: { app: 'ehr' } })] })).not.toContain(bystanderPolicyName)
  expect(names({ pods: [aPod('db-old', { labels: { app: 'ehr-db' } })] })).not.toContain(bystanderPolicyName)
  expect(names({ pods: [] })).not.toContain(bystanderPolicyName)
  expect(names({ pods: [aGuardedPod('ehr-1')], enrolled: false })).not.toContain(bystanderPolicyName)
  expect(names({ pods: [aGuardedPod('ehr-1'), aPod('ehr-old', { labels: { app: 'ehr' } })] })).not.toContain(
    bystanderPolicyName,
  )
  expect(names({ pods: [aGuardedPod('ehr-1')] })).toContain(bystanderPolicyName)
  // Another server of the namespace still waits for its workload, whose pods are bystanders until then.
  const waits = aServer({}, { name: 'lab', uid: 'uid-lab' })
  expect(names({ pods: [aGuardedPod('ehr-1')], servers: [old, waits] })).not.toContain(bystanderPolicyName)
  const stands = { metadata: { name: bystanderPolicyName, namespace: 'clinic' }, spec: {} } as NetworkPolicy
  expect(names({ pods: [], networkPolicies: [stands] })).toContain(bystanderPolicyName)
})
