// The operator's core in this process, against the API server that KUBECONFIG names: watches, controllers, orders. What
// admission and the channel add is tested where they are.

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { parse, parseAllDocuments } from 'yaml'
import { type AccessChange, AccessKnown, changesIn } from '../../collector/access-changes.ts'
import { enforceLabel } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import { type KeepAccessOptions, keepAccessOnRecord } from '../../operator/access-changes.ts'
import { apiClient, type Client } from '../../operator/cluster/client.ts'
import { credentials } from '../../operator/cluster/credentials.ts'
import { eventRecorder } from '../../operator/cluster/events.ts'
import { type Kind, kinds } from '../../operator/cluster/kinds.ts'
import { controllers } from '../../operator/controllers.ts'
import { type OrdersSourceWithChanges, ordersSource } from '../../operator/orders-source.ts'
import { evictor } from '../../operator/rollout/evict.ts'
import { watches } from '../../operator/watches.ts'
import type { Outside, Trail, World } from '../../operator/world.ts'
import { quiet } from './cluster/scripted-api.ts'

export const customResourceDefinition: Kind = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
}

const root = join(import.meta.dirname, '../..')

export async function yamlObject(file: string): Promise<KubernetesObject> {
  return parse(await readFile(join(root, file), 'utf8')) as KubernetesObject
}

/** A client by KUBECONFIG, and how to close it. */
export async function connected(): Promise<{ client: Client; close: () => Promise<void> }> {
  const from = await credentials()
  return { client: apiClient({ credentials: from }), close: async () => await from.close() }
}

/** A client with the rights of the operator's ServiceAccount and no others, as config/rbac gives them. */
export async function connectedAsOperator(
  admin: Client,
): Promise<{ client: Client; close: () => Promise<void> }> {
  for (const file of ['accounts', 'operator']) {
    const text = await readFile(join(root, `config/rbac/${file}.yaml`), 'utf8')
    for (const document of parseAllDocuments(text)) {
      const object = document.toJS() as KubernetesObject
      await admin.apply(rbac[object.kind] as Kind, object)
    }
  }
  const token = await admin.post<{ status: { token: string } }>(
    '/api/v1/namespaces/hipaa-mcp-system/serviceaccounts/hipaa-mcp-operator/token',
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
  )
  const from = await credentials(() => {
    const config = new KubeConfig()
    config.loadFromDefault()
    const cluster = config.getCurrentCluster()
    if (cluster === null) throw new Error('Set KUBECONFIG to the test cluster: make cluster')
    config.loadFromClusterAndUser(cluster, { name: 'operator', token: token.status.token })
    return config
  })
  return { client: apiClient({ credentials: from }), close: async () => await from.close() }
}

const authorization = 'rbac.authorization.k8s.io/v1'
const rbac: { [kind: string]: Kind } = {
  ServiceAccount: { apiVersion: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true },
  Role: { apiVersion: authorization, kind: 'Role', plural: 'roles', namespaced: true },
  RoleBinding: { apiVersion: authorization, kind: 'RoleBinding', plural: 'rolebindings', namespaced: true },
  ClusterRole: { apiVersion: authorization, kind: 'ClusterRole', plural: 'clusterroles', namespaced: false },
  ClusterRoleBinding: {
    apiVersion: authorization,
    kind: 'ClusterRoleBinding',
    plural: 'clusterrolebindings',
    namespaced: false,
  },
}

/** Our kinds, served. */
export async function installKinds(client: Client): Promise<void> {
  for (const kind of [
    'hipaamcpserver',
    'businessassociateagreement',
    'breakglassgrant',
    'accessrevocation',
  ]) {
    const crd = await yamlObject(`crds/${kind}.yaml`)
    const { metadata } = await client.apply(customResourceDefinition, crd)
    for (;;) {
      const seen = await client.get<{ status?: { conditions?: { type: string; status: string }[] } }>(
        customResourceDefinition,
        undefined,
        metadata.name,
      )
      if (seen?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True'))
        break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  await client.apply(kinds.namespace, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'hipaa-mcp-system' },
  })
}

/** A fresh namespace, enrolled or not. */
export async function aNamespace(client: Client, enrolled = true): Promise<string> {
  const name = `clinic-${randomBytes(4).toString('hex')}`
  const labels = enrolled ? { [enforceLabel]: 'true' } : {}
  await client.create(kinds.namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
  return name
}

export type Running = {
  world: World
  orders: OrdersSourceWithChanges
  /** What the collector would say. */
  trail: Trail
  /** Whether issuers have given their key sets. */
  issuers: (given: boolean) => void
  /** Pods that were entered and are gone, as the collector would have them on record. */
  gone: { pod: string; name: string }[]
  /** What became of grants and revocations, likewise. */
  access: AccessChange[]
  /** Looks at a break-glass grant again, as when the collector says something new. */
  grant: (key: string) => void
  stop: () => Promise<void>
}

export async function runningOperator(client: Client, given: Partial<Outside> = {}): Promise<Running> {
  const evicting = evictor({ client, log: quiet, every: 0 })
  const gone: Running['gone'] = []
  const access: AccessChange[] = []
  const known = new AccessKnown()
  const collector: KeepAccessOptions['collector'] = {
    access: async () => known.onRecord(),
    tellAccess: async (request) => {
      for (const one of known.news(changesIn(request))) {
        known.take(one)
        access.push(one)
      }
    },
  }
  const trail: Trail = { chains: [], signals: [] }
  let keySet: { keys: [] } | undefined = { keys: [] }
  const outside = {
    clientCa: 'client CA',
    keySet: () => keySet,
    logs: () => undefined,
    evicted: () => evicting.lately(),
    held: () => evicting.held(),
    network: () => ({ round: undefined, staleMs: 60_000, clusterPolicies: [] }),
    trail: () => trail,
    ...given,
  }
  const { world, all, orderInputs } = watches(
    client,
    {
      server: (key) => leaders.server(key),
      agreement: (name) => leaders.agreement(name),
      grant: (key) => leaders.grant(key),
      orders: (namespace, name) => orders.changed(namespace, name),
      issuers: () => {},
      volumes: () => leaders.volumes(),
    },
    quiet,
  )
  const orders = ordersSource({ world, outside, inputs: orderInputs, watched: all, log: quiet })
  const leaders = controllers({
    world,
    outside,
    client,
    events: eventRecorder({ client, instance: 'test', log: quiet }),
    leading: () => true,
    generation: () => Math.max(...orderInputs.map((input) => input.lastSeen())),
    evictor: evicting,
    recordGone: async (pods) => void gone.push(...pods),
    collector,
    metrics: { queue: () => ({ added: () => {}, retried: () => {}, worked: () => {} }) },
    log: quiet,
    recovery: {
      image: 'image',
      channel: 'https://channel',
      collector: 'https://collector',
      ca: 'CA',
      recovered: 'Delete',
    },
  })
  for (const one of all) one.start()
  await Promise.all(all.map(async (one) => await one.synced()))
  leaders.start()
  const keeping = keepAccessOnRecord({ world, client, collector, log: quiet, every: 500 })
  keeping.start()
  return {
    world,
    orders,
    trail,
    gone,
    access,
    issuers: (given) => {
      keySet = given ? { keys: [] } : undefined
      leaders.everyServer()
    },
    grant: (key) => leaders.grant(key),
    stop: async () => {
      keeping.stop()
      await leaders.stop()
      orders.stop()
      await Promise.all(all.map(async (one) => await one.stop()))
    },
  }
}
