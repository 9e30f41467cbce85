// Two namespaces that are alike but for one thing: one is enrolled, the other does not know the product. Each has a server, its
// neighbour, a store and a pod of nobody, to be reached, and pods that try; a third namespace is the world outside.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { enforceLabel, services, systemNamespace } from '../../core/identifiers.ts'
import { running } from '../cluster/cluster.ts'
import { takenSlots } from '../cluster/slot.ts'
import { type Kubectl, until } from '../demo/kubectl.ts'
import { install } from '../demo/scene.ts'
import { type World, world } from '../demo/world.ts'
import { aServer } from '../operator/world.ts'
import type { Attempt, PodRole } from './attempts.ts'

export const enrolled = 'bypass'
export const open = 'bypass-open'
const outside = 'bypass-outside'
export const editor = 'mallory'
export const debuggers = 'trent'
export const binder = 'sybil'
export const reporter = 'walter'

export type Scene = World & { kubeconfig: string; netns: string }

type Made = { metadata: { name: string }; status?: { podIP?: string; podIPs?: { ip: string }[] } }
const podNames = {
  Server: 'server',
  User: 'user',
  Bystander: 'visitor',
  Store: 'false-store',
  Stranger: 'stranger',
} as const

/** Where a role's pod is that tries its attempts against one of the two namespaces. */
export function placeOf(role: PodRole, namespace: string): { namespace: string; name: string } {
  return role === 'Stranger'
    ? { namespace: outside, name: `stranger-of-${namespace}` }
    : { namespace, name: podNames[role] }
}

function pod(
  place: { namespace: string; name: string },
  role: string,
  more: {
    server?: string
    labels?: object
    attempts?: string
    scheduler?: string
    user?: number
    neighbour?: boolean
  } = {},
): object {
  const { server, labels = {}, attempts = 'attempts', scheduler, user, neighbour = false } = more
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...place,
      labels: { app: place.name, ...labels },
      ...(server === undefined ? {} : { annotations: { 'hipaa-mcp.dev/server': server } }),
    },
    spec: {
      terminationGracePeriodSeconds: 1,
      ...(scheduler === undefined ? {} : { schedulerName: scheduler }),
      // Root, where admission leaves it that: the server's own code is hostile.
      securityContext: { runAsUser: 0, runAsGroup: 0 },
      ...(neighbour ? { shareProcessNamespace: true } : {}),
      // Its image is to be patched by name, as the sidecar's in its place.
      initContainers: [
        { ...container('first', ['-e', user === undefined ? '0' : setUserProgram]), volumeMounts: programs },
      ],
      containers: [
        {
          ...container(server === undefined ? place.name : 'ehr', ['/attempts/in-pod.mts', role]),
          // A second copy of the server has the same Secret for its database.
          env: [
            {
              name: 'DB_PASSWORD',
              valueFrom: { secretKeyRef: { name: 'ehr-db', key: 'password', optional: true } },
            },
          ],
          ...(user === undefined ? {} : { securityContext: { runAsUser: user, runAsGroup: user } }),
          volumeMounts: [{ name: 'attempts', mountPath: '/attempts', readOnly: true }, ...programs],
        },
        ...(neighbour ? [container('neighbour', ['-e', besideServer])] : []),
      ],
      volumes: [
        { name: 'attempts', configMap: { name: attempts } },
        { name: 'programs', emptyDir: {} },
      ],
    },
  }
}

const programs = [{ name: 'programs', mountPath: '/programs' }]
/** A program of root's that runs with root's rights, whoever starts it (SETUID). */
const setUserProgram =
  "fs.copyFileSync(process.execPath, '/programs/set-user'); fs.chmodSync('/programs/set-user', 0o4755)"
/** What stands beside the server where there is no sidecar: a process with variables, files and a socket that is no file. */
const besideServer = "net.createServer().listen('\\0beside')"

const container = (name: string, args: readonly string[]) => ({
  name,
  image: 'localhost/hipaa-mcp-samples:dev',
  command: ['/usr/bin/node', '--disable-warning=ExperimentalWarning'],
  args,
})

const service = (namespace: string, name: string, port: number, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name },
  spec: { selector: { app: name }, ports: [{ port }], ipFamilyPolicy: 'PreferDualStack', ...spec },
})

const binding = (namespace: string, user: string, role: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { namespace, name: `${user}-${role}` },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
})

const configMap = (namespace: string, name: string, data: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name },
  data,
})

const named = (name: string, labels: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
})

const list = (...items: object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })

/** Installs the product and builds all three; takes about a minute. */
export async function buildScene(attempts: readonly Attempt[]): Promise<Scene> {
  const place = await world()
  const { kubectl } = place
  await clearScene(kubectl, true)
  await install(place)
  const { kubeconfig, netns, nodeIP, state } = await running()
  await kubectl.apply(list(named(enrolled, { [enforceLabel]: 'true' }), named(open), named(outside)))
  await kubectl.apply(list(agreement, ...rights(), ...inBoth(policies), ...servers()))
  const idle = await withAttempts([], {})
  await kubectl.apply(
    list(...[enrolled, open, outside].map((namespace) => configMap(namespace, 'attempts', idle))),
  )
  await kubectl.apply(
    list(
      ...inBoth((namespace) => targetsIn(namespace, nodeIP)),
      service(outside, 'outside', 443),
      pod({ namespace: outside, name: 'outside' }, 'Idle'),
    ),
  )
  const address = async (namespace: string, name: string) => await addressOf(kubectl, namespace, name)
  const address6 = async (namespace: string, name: string) =>
    (await kubectl.get<Made>('pod', name, '-n', namespace))?.status?.podIPs?.find(({ ip }) =>
      ip.includes(':'),
    )?.ip ?? ''
  const slot = (await takenSlots()).find((one) => one.state === state)
  const sixth = slot?.addresses.find(({ family }) => family === 'IPv6')
  const common = {
    outside: await address(outside, 'outside'),
    node: nodeIP,
    apiServer: slot?.apiServiceIP ?? '',
    dns: slot?.dnsIP ?? '',
    node6: sixth?.nodeIP ?? '',
    dns6: sixth?.dnsIP ?? '',
    outside6: await address6(outside, 'outside'),
    outsideLink: await linkLocalOf(kubectl, outside, 'outside'),
    channel: await clusterIp(kubectl, systemNamespace, services.channel),
    webhook: await clusterIp(kubectl, systemNamespace, services.webhook),
    collector: await clusterIp(kubectl, systemNamespace, services.collector),
  }
  const tried = attempts.filter(({ run }) => run !== undefined)
  const attacks = await Promise.all(
    [enrolled, open].map(async (namespace) => {
      const targets = {
        ...common,
        ehr: await address(namespace, 'ehr'),
        lab: await address(namespace, 'lab'),
        store: await address(namespace, 'ehr-db'),
        bystander: await address(namespace, 'bystander'),
        ehr6: await address6(namespace, 'ehr'),
        lab6: await address6(namespace, 'lab'),
        store6: await address6(namespace, 'ehr-db'),
        bystander6: await address6(namespace, 'bystander'),
        ehrLink: await linkLocalOf(kubectl, namespace, 'ehr'),
        storeService: await clusterIp(kubectl, namespace, 'ehr-db'),
        storeService6: await clusterIp(kubectl, namespace, 'ehr-db', ':'),
        storeName: `ehr-db.${namespace}.svc.cluster.local`,
        storeExternalPort: String(externalPorts[namespace]),
        vendor,
        otherName: `other-name.${namespace}.svc.cluster.local`,
        storeNodePort: await nodePort(kubectl, namespace, 'ehr-db'),
      }
      const here = tried.map(({ id, by, run, control, patience }) => ({
        id,
        by,
        run: (namespace === open ? control?.run : undefined) ?? run,
        patience,
      }))
      const name = `attempts-${namespace}`
      const data = await withAttempts(here, targets)
      return [
        ...[namespace, outside].map((where) => configMap(where, name, data)),
        ...attackers(namespace, name),
      ]
    }),
  )
  await kubectl.apply(list(...attacks.flat()))
  return { ...place, kubeconfig, netns }
}

/** `wait`: until all is gone. */
export async function clearScene(kubectl: Kubectl, wait: boolean): Promise<void> {
  const how = wait ? '--timeout=180s' : '--wait=false'
  await kubectl.run(['delete', 'namespace', enrolled, open, outside, '--ignore-not-found', how])
  await kubectl.run([
    'delete',
    'clusterrole',
    'bypass-debug',
    'bypass-bind',
    'bypass-report',
    '--ignore-not-found',
  ])
  // Its kind is there once the product was installed.
  await kubectl.attempt(['delete', 'businessassociateagreement', vendorAgreement, '--ignore-not-found'])
}

const inBoth = (make: (namespace: string) => object[]): object[] => [enrolled, open].flatMap(make)

const clusterRole = (name: string, rule: object) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name },
  rules: [{ apiGroups: [''], ...rule }],
})

function rights(): object[] {
  return [
    clusterRole('bypass-debug', { resources: ['pods/ephemeralcontainers'], verbs: ['patch', 'update'] }),
    clusterRole('bypass-bind', { resources: ['pods/binding', 'bindings'], verbs: ['create'] }),
    clusterRole('bypass-report', { resources: ['pods/status'], verbs: ['patch', 'update'] }),
    ...inBoth((namespace) => [
      binding(namespace, editor, 'admin'),
      binding(namespace, debuggers, 'admin'),
      binding(namespace, debuggers, 'bypass-debug'),
      binding(namespace, binder, 'admin'),
      binding(namespace, binder, 'bypass-bind'),
      binding(namespace, reporter, 'admin'),
      binding(namespace, reporter, 'bypass-report'),
    ]),
  ]
}

/** One that shuts and opens nothing, for whoever wants to change one. */
const policies = (namespace: string): object[] => [
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace, name: 'other' },
    spec: { podSelector: { matchLabels: { app: 'nobody' } }, policyTypes: ['Ingress'] },
  },
]

const vendorAgreement = 'bypass-vendor'
/** What the server may reach by an agreement. It answers in the clear whatever it is asked. */
const vendor = `outside.${outside}.svc.cluster.local`
const agreement = {
  apiVersion: 'hipaa-mcp.dev/v1alpha1',
  kind: 'BusinessAssociateAgreement',
  metadata: { name: vendorAgreement },
  spec: {
    counterparty: 'Example Vendor Inc.',
    hosts: [vendor],
    effective: '2026-01-01T00:00:00Z',
    expires: '2100-01-01T00:00:00Z',
    document: { sha256: '0'.repeat(64) },
  },
}
/** Of the node's own address, as an editor may give it to a Service. */
const externalPorts: { readonly [namespace: string]: number } = { [enrolled]: 25_432, [open]: 25_433 }

function servers(): object[] {
  const stores = [{ name: 'database', pods: { matchLabels: { app: 'ehr-db' } }, port: 5432 }]
  return ['ehr', 'lab'].map((name) => {
    const { metadata: _, ...server } = aServer({
      profile: 'Development',
      network: name === 'ehr' ? { egress: [{ baa: vendorAgreement }] } : {},
      ...(name === 'ehr' ? { stores } : {}),
    })
    return { ...server, metadata: { namespace: enrolled, name } }
  })
}

/** What is to be reached. The store's Services are open on the node, as an editor may make them. */
const targetsIn = (namespace: string, node: string): object[] => [
  service(namespace, 'ehr', 8080),
  service(namespace, 'ehr-db', 5432, { type: 'NodePort' }),
  service(namespace, 'ehr-db-external', externalPorts[namespace] ?? 0, {
    selector: { app: 'ehr-db' },
    externalIPs: [node],
    ports: [{ port: externalPorts[namespace] ?? 0, targetPort: 5432 }],
  }),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name: 'other-name' },
    spec: { type: 'ExternalName', externalName: vendor },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: 'ehr-db' },
    stringData: { password: 'synthetic-password' },
  },
  pod({ namespace, name: 'ehr' }, 'Idle', { server: 'ehr' }),
  pod({ namespace, name: 'lab' }, 'Idle', { server: 'lab' }),
  pod({ namespace, name: 'ehr-db' }, 'Idle'),
  pod({ namespace, name: 'bystander' }, 'Idle'),
  // Of no node, until somebody binds it.
  pod({ namespace, name: 'waits' }, 'Idle', { scheduler: 'none' }),
]

/** Who tries it. */
const attackers = (namespace: string, attempts: string): object[] => [
  // Where the product is, admission refuses what the neighbour needs, and puts the sidecar in its place.
  pod(placeOf('Server', namespace), 'Server', { server: 'ehr', attempts, neighbour: namespace === open }),
  pod(placeOf('User', namespace), 'User', { server: 'ehr', attempts, user: 1_000 }),
  pod(placeOf('Bystander', namespace), 'Bystander', { attempts }),
  pod(placeOf('Store', namespace), 'Store', { attempts, labels: { app: 'ehr-db' } }),
  pod(placeOf('Stranger', namespace), 'Stranger', { attempts }),
]

async function withAttempts(attempts: readonly object[], targets: object): Promise<object> {
  return {
    'in-pod.mts': await readFile(join(import.meta.dirname, 'in-pod.ts'), 'utf8'),
    'attempts.json': JSON.stringify(attempts),
    'targets.json': JSON.stringify(targets),
  }
}

async function addressOf(kubectl: Kubectl, namespace: string, name: string): Promise<string> {
  return await until(
    `${namespace}/${name} runs`,
    180,
    async () => {
      const found = await kubectl.get<Made & { status?: { phase?: string } }>('pod', name, '-n', namespace)
      return found?.status?.phase === 'Running' ? found.status.podIP : undefined
    },
    async () => (await kubectl.attempt(['describe', 'pod', name, '-n', namespace])).stdout.slice(-1_500),
  )
}

type Service = { spec: { clusterIP: string; clusterIPs?: string[]; ports: [{ nodePort?: number }] } }

/** Its first address that holds `mark`: a colon asks for one of IPv6. */
async function clusterIp(kubectl: Kubectl, namespace: string, name: string, mark = ''): Promise<string> {
  const { clusterIPs = [] } = (await kubectl.get<Service>('service', name, '-n', namespace))?.spec ?? {}
  return clusterIPs.find((ip) => ip.includes(mark)) ?? ''
}

/** What the pod says of it: it stands in no status. */
async function linkLocalOf(kubectl: Kubectl, namespace: string, name: string): Promise<string> {
  return await until(`${namespace}/${name} says its address on the link`, 120, async () => {
    const { stdout } = await kubectl.attempt(['logs', '-n', namespace, name])
    return /"linkLocal":"([^"]*)"/.exec(stdout)?.[1]
  })
}

async function nodePort(kubectl: Kubectl, namespace: string, name: string): Promise<string> {
  const found = await kubectl.get<Service>('service', name, '-n', namespace)
  return String(found?.spec.ports[0].nodePort ?? '')
}
