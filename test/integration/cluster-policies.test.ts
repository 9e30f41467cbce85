// What the operator's account may do to ClusterNetworkPolicies, at a real API server that has the kind: RBAC cannot say which.

import { afterAll, beforeAll, expect } from 'vitest'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { Client } from '../../operator/cluster/client.ts'
import { kinds } from '../../operator/cluster/kinds.ts'
import { until } from '../cluster/api.ts'
import { connected, connectedAsOperator, customResourceDefinition } from '../operator/running.ts'
import {
  clusterNetworkPolicyKind,
  clusterPolicyKind as kind,
  narrowClusterPolicies,
} from '../support/network-policy-api.ts'
import { verifies } from '../verifies.ts'

type Rule = { action: string; from?: object[]; to?: object[] }
type Labels = { [label: string]: string }
type Policy = KubernetesObject & {
  spec: {
    tier: string
    priority: number
    subject: {
      namespaces?: object
      pods?: { namespaceSelector: { matchLabels: Labels }; podSelector: { matchLabels: Labels } }
    }
    ingress: Rule[]
    egress?: Rule[]
  }
}

let client: Client
let close: () => Promise<void>
let operator: { client: Client; close: () => Promise<void> }
const name = 'hipaa-mcp-server.none.planted'

/** As the operator writes one, with something changed. */
function made(change: (policy: Policy) => unknown = () => undefined): Policy {
  const policy: Policy = {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'hipaa-mcp-operator' } },
    spec: {
      tier: 'Admin',
      priority: 1000,
      subject: {
        pods: {
          namespaceSelector: {
            matchLabels: { 'kubernetes.io/metadata.name': 'none', 'hipaa-mcp.dev/enforce': 'true' },
          },
          podSelector: { matchLabels: { 'hipaa-mcp.dev/guarded': 'planted' } },
        },
      },
      ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }],
    },
  }
  change(policy)
  return policy
}
const platform = made(({ metadata, spec }) => {
  metadata.name = 'platform'
  spec.priority = 1
})

beforeAll(async () => {
  ;({ client, close } = await connected())
  await client.apply(kinds.namespace, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'hipaa-mcp-system' },
  })
  operator = await connectedAsOperator(client)
  await client.apply(customResourceDefinition, await clusterNetworkPolicyKind('v0.3.0'))
  await narrowClusterPolicies(client)
  // The kind is served, and the API server goes by the policy, a moment later.
  await until('the kind is served', 30, async () => {
    await client.create(kind, platform)
    return true
  })
  await until('the policy is in force', 30, async () => {
    const says = await written(made(({ spec }) => (spec.priority = 1)))
    return says.includes(form)
  })
})
afterAll(async () => {
  await client.delete(customResourceDefinition, undefined, 'clusternetworkpolicies.policy.networking.k8s.io')
  await operator.close()
  await close()
})

/** What the API server says to the operator's account; empty when it takes it. What was written is taken away again. */
async function written(policy: Policy): Promise<string> {
  try {
    await operator.client.create(kind, policy)
  } catch (error) {
    return (error as Error).message
  }
  await client.delete(kind, undefined, policy.metadata.name)
  return ''
}

const own = 'writes and deletes its own'
const form = 'accepts nothing, and stands last'
const subject = 'speaks of guarded pods or stores of one enrolled namespace'
const namespaceLabels = ({ spec }: Policy): Labels => spec.subject.pods?.namespaceSelector.matchLabels ?? {}
const others: [what: string, change: (policy: Policy) => unknown, says: string][] = [
  ['of another name', ({ metadata }) => (metadata.name = 'another'), own],
  ['that does not say whose it is', ({ metadata }) => delete metadata.labels, own],
  ['that accepts', ({ spec }) => (spec.ingress[0] = { action: 'Accept', from: [{ namespaces: {} }] }), form],
  [
    'that accepts what leaves',
    ({ spec }) => (spec.egress = [{ action: 'Accept', to: [{ namespaces: {} }] }]),
    form,
  ],
  ['before those of the cluster’s team', ({ spec }) => (spec.priority = 999), form],
  ['of tier Baseline', ({ spec }) => (spec.tier = 'Baseline'), form],
  ['for every namespace', ({ spec }) => (spec.subject = { namespaces: {} }), subject],
  [
    'for a namespace by a label of its own',
    (policy) => {
      delete namespaceLabels(policy)['kubernetes.io/metadata.name']
      Object.assign(namespaceLabels(policy), { team: 'ward' })
    },
    subject,
  ],
  [
    'for a namespace whether or not it is enrolled',
    (policy) => delete namespaceLabels(policy)['hipaa-mcp.dev/enforce'],
    subject,
  ],
  [
    'for pods that are not guarded',
    ({ spec }) => Object.assign(spec.subject.pods ?? {}, { podSelector: { matchLabels: { app: 'any' } } }),
    subject,
  ],
]
for (const [what, change, says] of others)
  verifies('operator:rbac', `the operator’s account writes no ClusterNetworkPolicy ${what}`, async () => {
    expect(await written(made(change))).toContain(says)
  })

verifies(
  'operator:rbac',
  'the operator’s account writes its own ClusterNetworkPolicies, of servers and of stores, and ends them',
  async () => {
    const store = made(({ metadata, spec }) => {
      metadata.name = 'hipaa-mcp-store.none.planted.db'
      Object.assign(spec.subject.pods ?? {}, {
        podSelector: { matchLabels: { 'hipaa-mcp.dev/store': 'planted.db' } },
      })
      spec.ingress.unshift({ action: 'Pass', from: [{ namespaces: {} }] })
    })

    expect(await written(store)).toBe('')
    await operator.client.create(kind, made())
    await operator.client.delete(kind, undefined, name)
    expect(await client.get(kind, undefined, name)).toBeUndefined()
  },
)

verifies(
  'operator:rbac',
  'the operator’s account changes and ends no ClusterNetworkPolicy of others, and others are not held by its bounds',
  async () => {
    const open = { spec: { ingress: [] } }

    for (const attempt of [
      async () => await operator.client.patch(kind, undefined, 'platform', open, 'merge'),
      async () => await operator.client.delete(kind, undefined, 'platform'),
    ])
      await expect(attempt()).rejects.toThrow(own)
    expect((await client.get<Policy>(kind, undefined, 'platform'))?.spec).toEqual(platform.spec)
    await client.create(
      kind,
      made(({ spec }) => (spec.priority = 999)),
    )
    await client.delete(kind, undefined, name)
  },
)
