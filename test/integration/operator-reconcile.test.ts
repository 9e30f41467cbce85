import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect } from 'vitest'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import { policyHash } from '../../core/policy.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import type { Client } from '../../operator/cluster/client.ts'
import { kinds } from '../../operator/cluster/kinds.ts'
import { leaderElection } from '../../operator/cluster/leader.ts'
import { listWatch } from '../../operator/cluster/list-watch.ts'
import type { NetworkPolicy, Workload } from '../../operator/objects.ts'
import { until } from '../cluster/api.ts'
import { quiet } from '../operator/cluster/scripted-api.ts'
import {
  aNamespace,
  connected,
  connectedAsOperator,
  installKinds,
  type Running,
  runningOperator,
  yamlObject,
} from '../operator/running.ts'
import { verifies } from '../verifies.ts'

let client: Client
let close: () => Promise<void>
let asOperator: { client: Client; close: () => Promise<void> }
let operator: Running
const namespaces: string[] = []

type Scaled = KubernetesObject & { spec: { replicas: number } }
let installed: Scaled | undefined

async function scale(replicas: number): Promise<void> {
  if (installed === undefined) return
  await client.patch(
    kinds.deployment,
    'hipaa-mcp-system',
    'hipaa-mcp-operator',
    { spec: { replicas } },
    'merge',
  )
}

beforeAll(async () => {
  ;({ client, close } = await connected())
  await installKinds(client)
  // Two operators would both write: an installed one rests meanwhile.
  installed = await client.get<Scaled>(kinds.deployment, 'hipaa-mcp-system', 'hipaa-mcp-operator')
  await scale(0)
  const labelSelector = 'app.kubernetes.io/name=hipaa-mcp-operator'
  const pods = async () =>
    (await client.list(kinds.pod, { namespace: 'hipaa-mcp-system', labelSelector })).items.length
  await until('the installed operator has ended', 60, async () => (await pods()) === 0)
  asOperator = await connectedAsOperator(client)
  operator = await runningOperator(asOperator.client)
})
afterAll(async () => {
  await operator.stop()
  await asOperator.close()
  await scale(installed?.spec.replicas ?? 0)
  for (const namespace of namespaces) await client.delete(kinds.namespace, undefined, namespace)
  await close()
})

async function namespaceOf(enrolled = true): Promise<string> {
  const namespace = await aNamespace(client, enrolled)
  namespaces.push(namespace)
  return namespace
}

async function aServer(
  namespace: string,
  change: (spec: HipaaMcpServer['spec']) => void = () => {},
): Promise<void> {
  const server = (await yamlObject('crds/examples/smallest.yaml')) as unknown as HipaaMcpServer
  change(server.spec)
  await client.create(kinds.server, { ...server, metadata: { name: 'ehr', namespace } })
}

const policyOf = async (namespace: string) =>
  await client.get<NetworkPolicy>(kinds.networkPolicy, namespace, 'hipaa-mcp-server.ehr')
const serverOf = async (namespace: string) => await client.get<HipaaMcpServer>(kinds.server, namespace, 'ehr')
const ready = async (namespace: string) => {
  const found = (await serverOf(namespace))?.status?.conditions?.find(({ type }) => type === 'Ready')
  return `${found?.status} ${found?.reason}`
}
const within = { timeout: 10_000, interval: 50 }

verifies('operator:self-heal', 'a NetworkPolicy that was deleted comes back', async () => {
  const namespace = await namespaceOf()
  await aServer(namespace)
  await expect.poll(async () => await policyOf(namespace), within).toBeDefined()
  const before = await policyOf(namespace)

  await client.delete(kinds.networkPolicy, namespace, 'hipaa-mcp-server.ehr')

  await expect.poll(async () => await policyOf(namespace), within).toBeDefined()
  const after = await policyOf(namespace)
  expect(after?.metadata.uid).not.toBe(before?.metadata.uid)
  expect(after?.spec).toEqual(before?.spec)
})

verifies('operator:self-heal', 'a NetworkPolicy that was widened or narrowed is put right', async () => {
  const namespace = await namespaceOf()
  await aServer(namespace)
  await expect.poll(async () => await policyOf(namespace), within).toBeDefined()
  const before = await policyOf(namespace)

  for (const spec of [
    { ingress: [{}] },
    { podSelector: { matchLabels: { app: 'nothing' } } },
    { policyTypes: ['Ingress'] },
  ]) {
    await client.patch(kinds.networkPolicy, namespace, 'hipaa-mcp-server.ehr', { spec }, 'merge')
    await expect.poll(async () => (await policyOf(namespace))?.spec, within).toEqual(before?.spec)
  }
})

verifies(
  'operator:status',
  'conditions appear at first sight, and a settled server is written no more',
  async () => {
    const namespace = await namespaceOf()
    await aServer(namespace)

    await expect.poll(async () => await ready(namespace), within).toBe('False WaitingForWorkload')
    const { status } = (await serverOf(namespace)) ?? {}
    expect(status?.conditions).toHaveLength(15)
    expect(status?.policy?.hash).toMatch(/^[0-9a-f]{64}$/)
    const written = async () =>
      [await serverOf(namespace), await policyOf(namespace)]
        .map((object) => object?.metadata.resourceVersion)
        .join()
    const rests = async () => {
      const seen = await written()
      await sleep(3_000)
      return (await written()) === seen
    }
    await expect.poll(rests, { timeout: 30_000 }).toBe(true)
  },
)

verifies('injection:store-label', 'the policy of a store comes and goes with its declaration', async () => {
  const namespace = await namespaceOf()
  const name = 'hipaa-mcp-store.ehr.database'
  const stands = async () => (await client.get(kinds.networkPolicy, namespace, name)) !== undefined
  await aServer(namespace, (spec) => {
    spec.stores = [{ name: 'database', pods: { matchLabels: { app: 'ehr-db' } }, port: 5432 }]
  })
  await expect.poll(stands, within).toBe(true)

  await client.patch(kinds.server, namespace, 'ehr', { spec: { stores: null } }, 'merge')

  await expect.poll(stands, within).toBe(false)
})

const annotation = 'hipaa-mcp.dev/server'
const deployment = (namespace: string): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'ehr-mcp', namespace, annotations: { [annotation]: 'ehr' } },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'ehr-mcp' } },
    template: {
      metadata: { labels: { app: 'ehr-mcp' }, annotations: { kept: 'yes' } },
      spec: { containers: [{ name: 'ehr', image: 'localhost/none:0', env: [{ name: 'A', value: 'b' }] }] },
    },
  },
})
const templateOf = async (namespace: string) =>
  (await client.get<Workload>(kinds.deployment, namespace, 'ehr-mcp'))?.spec.template

verifies(
  'operator:self-heal',
  'a workload’s annotation reaches its template, comes back, and goes with it',
  async () => {
    const namespace = await namespaceOf()
    await aServer(namespace)
    await client.create(kinds.deployment, deployment(namespace))
    const annotations = async () => (await templateOf(namespace))?.metadata?.annotations

    await expect.poll(annotations, within).toEqual({ kept: 'yes', [annotation]: 'ehr' })
    // Taken off the template by somebody else:
    const off = { spec: { template: { metadata: { annotations: { [annotation]: null } } } } }
    await client.patch(kinds.deployment, namespace, 'ehr-mcp', off, 'merge')
    await expect.poll(annotations, within).toEqual({ kept: 'yes', [annotation]: 'ehr' })
    // Taken off the workload itself: undone.
    await client.patch(
      kinds.deployment,
      namespace,
      'ehr-mcp',
      { metadata: { annotations: { [annotation]: null } } },
      'merge',
    )
    await expect.poll(annotations, within).toEqual({ kept: 'yes' })
    expect(JSON.stringify(await templateOf(namespace))).toContain('"name":"A","value":"b"')
  },
)

verifies(
  'operator:status',
  'a workload in a namespace that is not enrolled is not rolled, and an Event says why',
  async () => {
    const namespace = await namespaceOf(false)
    await aServer(namespace)
    await client.create(kinds.deployment, deployment(namespace))

    await expect.poll(async () => await ready(namespace), within).toBe('False NamespaceNotEnrolled')
    const reasons = async () => {
      const { items } = await client.list<{ reason: string; regarding: { kind: string } }>(kinds.event, {
        namespace,
      })
      return items.map(({ reason, regarding }) => `${regarding.kind} ${reason}`)
    }
    await expect.poll(reasons, within).toContain('Deployment NamespaceNotEnrolled')
    expect((await templateOf(namespace))?.metadata?.annotations).toEqual({ kept: 'yes' })
  },
)

verifies(
  'agreement:status',
  'an agreement’s end is in its status and in its server’s at that moment',
  async () => {
    const namespace = await namespaceOf()
    const name = `vendor-${randomBytes(4).toString('hex')}`
    const agreement = await yamlObject('crds/examples/agreement.yaml')
    const spec = {
      ...(agreement['spec'] as object),
      effective: '2026-01-01T00:00:00Z',
      expires: new Date(Date.now() + 3_600_000).toISOString(),
    }
    await client.create(kinds.agreement, { ...agreement, metadata: { name }, spec })
    await aServer(namespace, (spec) => {
      spec.network = { egress: [{ baa: name }] }
    })
    type Status = { status?: { servers?: string[]; conditions?: { reason: string }[] } }
    const seen = async () => (await client.get<Status>(kinds.agreement, undefined, name))?.status
    const baa = async () =>
      (await serverOf(namespace))?.status?.conditions?.find(({ type }) => type === 'Baa')?.reason
    await expect.poll(async () => (await seen())?.servers, within).toEqual([`${namespace}/ehr`])
    await expect.poll(baa, within).toBe('AgreementsActive')

    // Once more where the machine was busy: how late it is is the least of a few.
    const lates: number[] = []
    do {
      const expires = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_000)
      await client.patch(
        kinds.agreement,
        undefined,
        name,
        { spec: { expires: expires.toISOString() } },
        'merge',
      )
      await expect.poll(baa, within).toBe('AgreementsActive')
      expect((await seen())?.conditions?.[0]?.reason).toBe('Active')

      await expect.poll(baa, within).toBe('AgreementExpired')
      lates.push(Date.now() - expires.getTime())
      await expect.poll(async () => (await seen())?.conditions?.[0]?.reason, within).toBe('Expired')
    } while (Math.min(...lates) >= 2_000 && lates.length < 3)
    expect(Math.min(...lates)).toBeLessThan(2_000)
    expect(JSON.stringify((await policyOf(namespace))?.spec)).not.toContain('443')
    await client.delete(kinds.agreement, undefined, name)
  },
)

verifies(
  'operator:orders',
  'a change of policy and a lockdown are told at once, with a generation that grows',
  async () => {
    const namespace = await namespaceOf()
    await aServer(namespace)
    const told = () => operator.orders.for(namespace, 'ehr', 'pod')
    await expect.poll(told, within).toBeDefined()
    const first = told()
    let heard = 0
    const stop = operator.orders.subscribe(namespace, 'ehr', () => (heard += 1))

    const takes = async (spec: object, holds: () => boolean) => {
      const from = performance.now()
      await client.patch(kinds.server, namespace, 'ehr', { spec }, 'merge')
      await expect.poll(holds, { timeout: 10_000, interval: 5 }).toBe(true)
      return performance.now() - from
    }
    // The least of several: the machine may be busy with something else.
    const [policyTook, lockTook] = [[] as number[], [] as number[]]
    for (const maxPolicyAge of ['5m', '6m', '7m']) {
      const { hash } = told() ?? {}
      await takes({ lockdown: null }, () => told()?.locked === undefined)
      policyTook.push(await takes({ maxPolicyAge }, () => told()?.hash !== hash))
      lockTook.push(await takes({ lockdown: { reason: 'drill' } }, () => told()?.locked === 'lockdown'))
    }
    await expect.poll(() => heard, within).toBeGreaterThanOrEqual(2)
    stop()

    console.log(
      `orders: policy change told after ${Math.min(...policyTook).toFixed(0)} ms, lockdown after ${Math.min(...lockTook).toFixed(0)} ms`,
    )
    expect(told()?.generation).toBeGreaterThan(first?.generation ?? 0)
    expect(told()?.hash).toBe(policyHash(told()?.policy ?? ''))
    expect([policyTook, lockTook].every((took) => Math.min(...took) < 2_000)).toBe(true)
  },
)

verifies('operator:status', 'a key set that comes late is seen when it comes', async () => {
  const namespace = await namespaceOf()
  operator.issuers(false)
  await aServer(namespace)
  await expect.poll(async () => await ready(namespace), within).toBe('False KeySetUnavailable')

  operator.issuers(true)

  await expect.poll(async () => await ready(namespace), within).toBe('False WaitingForWorkload')
})

verifies('operator:orders', 'pods of a deleted server are told to lock', async () => {
  const namespace = await namespaceOf()
  await aServer(namespace)
  await expect.poll(() => operator.orders.for(namespace, 'ehr', 'pod'), within).toBeDefined()

  await client.delete(kinds.server, namespace, 'ehr')

  await expect.poll(() => operator.orders.for(namespace, 'ehr', 'pod')?.locked, within).toBe('server-deleted')
})

verifies(
  'operator:leader',
  'of two replicas at a real API server one leads, and the other takes over',
  async () => {
    const leaders = ['a', 'b'].map((identity) =>
      leaderElection({
        client,
        namespace: 'default',
        name: 'hipaa-mcp-test',
        identity,
        onChange: () => {},
        log: quiet,
        timing: { lease: 2_000, renew: 1_500, retry: 100 },
      }),
    )
    for (const leader of leaders) leader.start()
    const leading = () => leaders.filter((leader) => leader.leading())

    await expect.poll(() => leading().length, within).toBe(1)
    await sleep(1_000)
    expect(leading()).toHaveLength(1)
    const [first] = leading()
    await first?.stop()
    await expect.poll(() => leading().length, within).toBe(1)

    expect(leading()[0]).not.toBe(first)
    for (const leader of leaders) await leader.stop()
    await client.delete(kinds.lease, 'default', 'hipaa-mcp-test')
  },
)

verifies(
  'operator:self-heal',
  'a copy of the cluster follows a real watch, page by page and after a relist',
  async () => {
    const namespace = await namespaceOf()
    const copy = listWatch<KubernetesObject>(client, { kind: kinds.configMap, namespace, log: quiet })
    copy.start()
    await copy.synced()
    const map = (name: string): KubernetesObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace },
    })

    await client.create(kinds.configMap, map('one'))
    await expect.poll(() => copy.get(namespace, 'one'), within).toBeDefined()
    const seen = copy.lastSeen()
    await client.create(kinds.configMap, map('two'))
    await copy.refresh()
    expect(copy.get(namespace, 'two')).toBeDefined()
    expect(copy.lastSeen()).toBeGreaterThan(seen)
    await client.delete(kinds.configMap, namespace, 'one')
    await expect.poll(() => copy.get(namespace, 'one'), within).toBeUndefined()
    await copy.stop()
  },
)

verifies(
  'operator:rbac',
  'the operator’s account does all of the above, and reads no Secret of a tenant',
  async () => {
    const namespace = await namespaceOf()
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tenants', namespace } }
    await client.create<KubernetesObject>(kinds.secret, secret)

    await expect(asOperator.client.get(kinds.secret, namespace, 'tenants')).rejects.toMatchObject({
      reason: 'Forbidden',
    })
    await expect(asOperator.client.list(kinds.secret)).rejects.toMatchObject({ reason: 'Forbidden' })
    // It deletes canary pods, and no other: an admission policy says which (admission.test.ts).
    await expect(
      asOperator.client.patch(kinds.pod, namespace, 'any', { metadata: { labels: { any: '' } } }, 'merge'),
    ).rejects.toMatchObject({ reason: 'Forbidden' })
    const { items } = await asOperator.client.list<KubernetesObject>(kinds.secret, {
      namespace: 'hipaa-mcp-system',
    })
    const keys = items.find(({ metadata }) => metadata.name.startsWith('keys.'))
    expect(keys).toBeDefined()
    await expect(
      asOperator.client.delete(kinds.secret, 'hipaa-mcp-system', keys?.metadata.name ?? ''),
    ).rejects.toMatchObject({ reason: 'Forbidden' })
    // Nor can anybody change one: the API server refuses it.
    await expect(
      client.patch(
        kinds.secret,
        'hipaa-mcp-system',
        keys?.metadata.name ?? '',
        { data: { seal: 'AAAA' } },
        'merge',
      ),
    ).rejects.toMatchObject({ reason: 'Invalid' })
  },
)
