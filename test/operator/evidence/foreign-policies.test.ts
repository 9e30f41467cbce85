import { expect } from 'vitest'
import {
  type ClusterPolicy,
  foreignPolicies,
  overrulingPolicies,
} from '../../../operator/evidence/foreign-policies.ts'
import type { NetworkPolicy } from '../../../operator/objects.ts'
import { verifies } from '../../verifies.ts'
import { aGuardedPod, aPod, aServer, aStorePod } from '../world.ts'

const pods = [aGuardedPod('ehr-1'), aStorePod('db')]
const server = aServer({
  stores: [{ name: 'database', pods: { matchLabels: { app: 'ehr-db' } }, port: 5432 }],
})
const namespace = aPod('none', { name: 'clinic', labels: { 'kubernetes.io/metadata.name': 'clinic' } })

function policy(name: string, spec: Partial<NetworkPolicy['spec']>): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'clinic', labels: { 'app.kubernetes.io/managed-by': 'hipaa-mcp-operator' } },
    spec: { podSelector: {}, ...spec },
  }
}
const cases: [string, NetworkPolicy, string[]][] = [
  ['one that lets all in', policy('let-in', { ingress: [{}] }), ['let-in']],
  ['one that lets all out', policy('let-out', { egress: [{}] }), ['let-out']],
  ['one that shuts', policy('shut', { policyTypes: ['Ingress'], ingress: [] }), []],
  [
    'one for other pods',
    policy('others', { podSelector: { matchLabels: { app: 'web' } }, ingress: [{}] }),
    [],
  ],
  [
    'one for the store',
    policy('store', { podSelector: { matchLabels: { app: 'ehr-db' } }, ingress: [{}] }),
    ['store'],
  ],
  ['one of our names', policy('hipaa-mcp-server.ehr', { ingress: [{}] }), []],
  [
    'one of a name like ours',
    policy('hipaa-mcp-server.other', { ingress: [{}] }),
    ['hipaa-mcp-server.other'],
  ],
]
for (const [what, given, names] of cases)
  verifies('transit:foreign-policies', `of NetworkPolicies, ${what}`, () => {
    expect(foreignPolicies([given], [server], pods)).toEqual(names)
  })

const clusterPolicy = (spec: ClusterPolicy['spec']): ClusterPolicy => ({ metadata: { name: 'one' }, spec })
const accept = [{ action: 'Accept' }]
const clinic = { matchLabels: { 'kubernetes.io/metadata.name': 'clinic' } }
const clusterCases: [string, ClusterPolicy['spec'], string[]][] = [
  [
    'tier Admin that accepts for the namespace',
    { tier: 'Admin', subject: { namespaces: clinic }, ingress: accept },
    ['one'],
  ],
  [
    'tier Admin that accepts for some pods',
    {
      tier: 'Admin',
      subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: 'ehr-db' } } } },
      egress: accept,
    },
    ['one'],
  ],
  [
    'tier Admin that denies',
    { tier: 'Admin', subject: { namespaces: clinic }, ingress: [{ action: 'Deny' }] },
    [],
  ],
  [
    'tier Admin for another namespace',
    {
      tier: 'Admin',
      subject: { namespaces: { matchLabels: { 'kubernetes.io/metadata.name': 'web' } } },
      ingress: accept,
    },
    [],
  ],
  [
    'tier Baseline, which stands behind ours',
    { tier: 'Baseline', subject: { namespaces: clinic }, ingress: accept },
    [],
  ],
]
for (const [what, spec, names] of clusterCases)
  verifies('transit:foreign-policies', `of ClusterNetworkPolicies, one of ${what}`, () => {
    expect(overrulingPolicies([clusterPolicy(spec)], namespace, pods)).toEqual(names)
  })
