// ClusterNetworkPolicies at a real API server that has the kind, written with the operator's own rights.

import { afterAll, beforeAll, expect } from 'vitest'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { ApiError, type Client } from '../../operator/cluster/client.ts'
import { kinds } from '../../operator/cluster/kinds.ts'
import { keepClusterPolicies } from '../../operator/keep-cluster-policies.ts'
import { quiet } from '../operator/cluster/scripted-api.ts'
import {
  aNamespace,
  connected,
  connectedAsOperator,
  customResourceDefinition,
  installKinds,
  type Running,
  runningOperator,
  yamlObject,
} from '../operator/running.ts'
import {
  clusterNetworkPolicyKind,
  clusterPolicyKind,
  narrowClusterPolicies,
} from '../support/network-policy-api.ts'
import { verifies } from '../verifies.ts'

type Policy = KubernetesObject & { spec: { tier: string; priority: number; ingress: object[] } }

let client: Client
let close: () => Promise<void>
let asOperator: { client: Client; close: () => Promise<void> }
let operator: Running
let keeper: ReturnType<typeof keepClusterPolicies>
const namespaces: string[] = []
const within = { timeout: 30_000, interval: 100 }

beforeAll(async () => {
  ;({ client, close } = await connected())
  await installKinds(client)
  await narrowClusterPolicies(client)
  asOperator = await connectedAsOperator(client)
  operator = await runningOperator(asOperator.client)
  keeper = keepClusterPolicies({
    world: operator.world,
    client: asOperator.client,
    leading: () => true,
    log: quiet,
    every: 250,
  })
  keeper.start()
})
afterAll(async () => {
  keeper.stop()
  await operator.stop()
  for (const namespace of namespaces) await client.delete(kinds.namespace, undefined, namespace)
  await client.delete(customResourceDefinition, undefined, 'clusternetworkpolicies.policy.networking.k8s.io')
  await asOperator.close()
  await close()
})

async function aServer(): Promise<string> {
  const namespace = await aNamespace(client)
  namespaces.push(namespace)
  const server = (await yamlObject('crds/examples/smallest.yaml')) as unknown as HipaaMcpServer
  server.spec.stores = [{ name: 'database', pods: { matchLabels: { app: 'ehr-db' } }, port: 5432 }]
  await client.create(kinds.server, { ...server, metadata: { name: 'ehr', namespace } })
  return namespace
}
const policy = async (name: string) =>
  await client.get<Policy>(clusterPolicyKind, undefined, name).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  })
const ofServer = (namespace: string) => `hipaa-mcp-server.${namespace}.ehr`
const stands = async (name: string) => (await policy(name)) !== undefined

for (const release of ['v0.2.0', 'v0.3.0'] as const)
  verifies(
    'transit:cluster-network-policy',
    `it comes with the kind of ${release}, comes back, and goes with its store, its server and its namespace`,
    async () => {
      const [first, second] = [await aServer(), await aServer()]
      const ofStore = `hipaa-mcp-store.${first}.ehr.database`
      await client.apply(customResourceDefinition, await clusterNetworkPolicyKind(release))

      for (const name of [ofServer(first), ofStore, ofServer(second)])
        await expect.poll(async () => await stands(name), within).toBe(true)
      const before = await policy(ofServer(first))
      // Settled: what the API server keeps equals what was sent.
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      expect((await policy(ofServer(first)))?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion)

      await client.patch(
        clusterPolicyKind,
        undefined,
        ofServer(first),
        { spec: { priority: 5, ingress: [] } },
        'merge',
      )
      await expect.poll(async () => (await policy(ofServer(first)))?.spec, within).toEqual(before?.spec)
      await client.delete(clusterPolicyKind, undefined, ofServer(first))
      await expect.poll(async () => (await policy(ofServer(first)))?.spec, within).toEqual(before?.spec)

      await client.patch(kinds.server, first, 'ehr', { spec: { stores: null } }, 'merge')
      await expect.poll(async () => await stands(ofStore), within).toBe(false)
      await client.delete(kinds.server, first, 'ehr')
      await expect.poll(async () => await stands(ofServer(first)), within).toBe(false)
      // Whether or not the operator runs: the namespace owns it.
      keeper.stop()
      await client.delete(kinds.namespace, undefined, second)
      await expect
        .poll(async () => await stands(ofServer(second)), { ...within, timeout: 60_000 })
        .toBe(false)
      keeper.start()
    },
  )
