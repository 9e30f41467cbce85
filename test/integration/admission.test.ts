// Admission on a real API server, from `kubectl apply -k config/webhook` to the refusal that a person reads.

import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import {
  authoritySecrets,
  enforceLabel,
  guardedLabel,
  serverAnnotation,
  storeLabel,
} from '../../core/identifiers.ts'
import { conforms } from '../../operator/admission/conform.ts'
import { registerImage } from '../../operator/admission/images.ts'
import { admissionPolicies } from '../../operator/admission/observed.generated.ts'
import type { Pod } from '../../operator/admission/pod.ts'
import { signAuditors } from '../../operator/authority/auditor-csr.ts'
import { loadAuthority } from '../../operator/authority/ca.ts'
import { issuedByCertManager } from '../../operator/authority/cert-manager.ts'
import { writeBundles } from '../../operator/authority/webhook-certificate.ts'
import { believe } from '../../operator/channel/believe.ts'
import { apiClient, type Client } from '../../operator/cluster/client.ts'
import { credentials } from '../../operator/cluster/credentials.ts'
import { kinds } from '../../operator/cluster/kinds.ts'
import { canaryPod } from '../../operator/evidence/canary-pod.ts'
import { recoveryJob } from '../../operator/recovery/objects.ts'
import { type Api, until } from '../cluster/api.ts'
import { pauseImage } from '../cluster/node.ts'
import { surroundings } from '../operator/admission/pods.ts'
import { aRequestFor } from '../operator/authority/keys.ts'
import { quiet } from '../operator/cluster/scripted-api.ts'
import { aServer } from '../operator/world.ts'
import { verifies } from '../verifies.ts'
import { type AdmissionScene, admissionScene } from './admission-scene.ts'

const namespace = 'clinic'
/** Servers come here right before their pods. */
const unwaited = 'unwaited'
let scene: AdmissionScene
let api: Api
let client: Client

/** Rejects with what kubectl printed when it fails. */
async function kubectl(input: object | undefined, ...args: string[]): Promise<string> {
  const { code, text } = await scene.kubectl(args, input === undefined ? {} : { input })
  if (code !== 0) throw new Error(text)
  return text
}

/** The policies of pods, of canaries and of recovery as config/default has them for this image. */
async function installPolicy(image: string): Promise<void> {
  for (const file of ['policy-pods', 'policy-canaries', 'policy-recovery']) {
    const text = await readFile(`config/webhook/${file}.yaml`, 'utf8')
    for (const document of parseAllDocuments(text.replaceAll('localhost/hipaa-mcp:dev', image)))
      await kubectl(document.toJS() as object, 'apply', '-f', '-')
  }
}

type Body = { [member: string]: unknown }

/** A pod that nothing schedules: admission is what is looked at. */
function aPod(name: string, more: { metadata?: Body; spec?: Body; container?: Body } = {}): object {
  const container = { name: 'app', image: 'ehr:1', securityContext: { runAsUser: 1000 }, ...more.container }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: 'other' }, ...more.metadata },
    spec: { schedulerName: 'none', containers: [container], ...more.spec },
  }
}

const guardedBy = (server: string) => ({
  annotations: { [serverAnnotation]: server },
  labels: { app: 'ehr' },
})
/** Its pods get the folder of what containers trust. */
const gated = { network: { egress: [{ baa: 'openai', credential: { secretName: 'ehr-openai' } }] } }
/** Servers whose pods keep records on a volume of their own. */
const acknowledging: { readonly [server: string]: 'Local' | 'Both' } = {
  'ehr-local': 'Local',
  'ehr-both': 'Both',
}
const ownServer = (name: string): ReturnType<typeof aServer> => {
  const acknowledge = acknowledging[name]
  const volume = { storageClassName: 'encrypted', size: '64Mi' }
  return aServer(acknowledge === undefined ? {} : { trail: { acknowledge, volume } }, { name })
}
const stdioWorkload = { port: 8080, path: '/mcp', transport: 'Stdio' } as const
const podPath = (name = '', subresource = '') =>
  `/api/v1/namespaces/${namespace}/pods${name && `/${name}`}${subresource && `/${subresource}`}`

const create = async (pod: object, query = '') => await api.call<Pod>('POST', `${podPath()}${query}`, pod)
const merge = async (path: string, body: object) =>
  await api.call<Pod>('PATCH', path, body, 'application/merge-patch+json')

/** What the API server says when it refuses. */
async function refusal(attempt: Promise<unknown>): Promise<string> {
  return await attempt.then(
    () => 'it was let through',
    (error: unknown) => String(error),
  )
}

beforeAll(async () => {
  scene = await admissionScene({
    name: 'admission',
    namespaces: {
      elsewhere: {},
      [namespace]: { [enforceLabel]: 'true' },
      [unwaited]: { [enforceLabel]: 'true' },
    },
  })
  ;({ api, client } = scene)
  await kubectl(undefined, 'apply', '-f', 'crds/hipaamcpserver.yaml', '-f', 'crds/breakglassgrant.yaml')
  await kubectl(undefined, 'apply', '-k', 'config/webhook')
  await installPolicy(surroundings.image)
  await kubectl(undefined, 'wait', '--for=condition=Established', 'crd/hipaamcpservers.hipaa-mcp.dev')
  const [authority, twin] = await Promise.all(
    [1, 2].map(async () => await loadAuthority(client, authoritySecrets.own)),
  )
  if (authority === undefined || authority.pem !== twin?.pem) throw new Error('Two replicas made two CAs')
  await scene.admit(authority)
  const servers = [
    aServer({ stores: [{ name: 'db', pods: { matchLabels: { app: 'ehr-db' } }, port: 5432 }] }),
    ...Object.keys(acknowledging).map(ownServer),
    aServer({ workload: stdioWorkload }, { name: 'ehr-stdio' }),
    aServer(gated, { name: 'ehr-gate' }),
  ]
  for (const { metadata, ...server } of servers)
    await api.apply(`/apis/hipaa-mcp.dev/v1alpha1/namespaces/${namespace}/hipaamcpservers/${metadata.name}`, {
      ...server,
    })
}, 600_000)

afterAll(async () => await scene?.end())

test('policies come into force in an enrolled namespace, and elsewhere everything starts', async () => {
  // A moment after they were applied.
  await until('the policy refuses', 60, async () =>
    (await refusal(create(aPod('early', { spec: { hostNetwork: true } }), '?dryRun=All'))).includes(
      'hostNetwork',
    ),
  )
  await api.call(
    'POST',
    '/api/v1/namespaces/elsewhere/pods',
    aPod('free', { metadata: { namespace: 'elsewhere', name: 'free' } }),
  )
  expect(await registerImage(client, surroundings.image)).toEqual([surroundings.image])
  expect(await registerImage(client, surroundings.image)).toEqual([surroundings.image])
  // The webhooks see new caBundles within moments.
  await until('a bystander is let in', 60, async () => {
    await create(aPod('bystander'))
    return true
  })
  // The policy was applied twice, and only the second names this image.
  await until('a guarded pod is let in', 60, async () => {
    await create(aPod('early', { metadata: guardedBy('ehr') }), '?dryRun=All')
    return true
  })
})

test('the API server finds no fault in the types of our expressions', async () => {
  type Policy = {
    status?: { typeChecking?: { expressionWarnings?: unknown[] }; observedGeneration?: number }
  }
  const warnings = await Promise.all(
    admissionPolicies.map(async (name) => {
      const path = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/${name}`
      await until(`${name} was checked`, 30, async () => {
        const { status } = await api.call<Policy>('GET', path)
        return status?.observedGeneration !== undefined
      })
      const { status } = await api.call<Policy>('GET', path)
      return (status?.typeChecking?.expressionWarnings ?? []).map((warning) => ({ name, warning }))
    }),
  )
  expect(warnings.flat()).toEqual([])
})

test('a caBundle that was taken away is written again', async () => {
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/hipaa-mcp'
  type Configuration = {
    metadata: { resourceVersion: string }
    webhooks: { clientConfig: { caBundle?: string } }[]
  }
  const before = await api.call<Configuration>('GET', path)
  const authority = await loadAuthority(client, authoritySecrets.own)
  await writeBundles(client, authority)
  expect((await api.call<Configuration>('GET', path)).metadata.resourceVersion).toBe(
    before.metadata.resourceVersion,
  )
  const remove = [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }]
  await api.call('PATCH', path, remove, 'application/json-patch+json')
  await writeBundles(client, authority)
  const after = await api.call<Configuration>('GET', path)
  expect(after.webhooks[0]?.clientConfig.caBundle).toBe(before.webhooks[0]?.clientConfig.caBundle)
})

describe('a guarded pod', () => {
  for (const server of ['ehr', ...Object.keys(acknowledging)])
    test(`of ${server} is stored as we injected it: the API server's defaults change nothing that we compare`, async () => {
      const given = aPod(`stored-${server}`, {
        metadata: guardedBy(server),
        container: { livenessProbe: { httpGet: { port: 8080 } }, ports: [{ containerPort: 8080 }] },
      })
      const pod = await create(given)
      const read = await api.call<Pod>('GET', podPath(`stored-${server}`))
      expect(read.metadata.labels?.[guardedLabel]).toBe(server)
      const own = ownServer(server)
      const ca = (await loadAuthority(client, authoritySecrets.own)).pem
      expect(ca).toContain('BEGIN CERTIFICATE')
      expect(conforms(pod, own, surroundings)).toEqual([])
      expect(conforms(read, own, surroundings)).toEqual([])
      expect(read.spec.containers[0]?.volumeMounts ?? []).toEqual([])
      // As the sidecar keeps its records, so the pod has a volume for them.
      const mode = read.spec.initContainers
        ?.flatMap(({ env = [] }) => env)
        .find(({ name }) => name === 'HIPAA_MCP_TRAIL')
      const claims = (read.spec.volumes ?? []).filter((volume) => 'ephemeral' in volume)
      expect([mode?.value, claims.length]).toEqual([
        acknowledging[server] ?? 'Stream',
        server in acknowledging ? 1 : 0,
      ])
    })

  verifies('agreement:pod-ca', 'on a real API server: stored as we injected it', async () => {
    await create(aPod('gated', { metadata: guardedBy('ehr-gate') }))
    const read = await api.call<Pod>('GET', podPath('gated'))

    expect(conforms(read, aServer(gated, { name: 'ehr-gate' }), surroundings)).toEqual([])
    expect(read.spec.containers[0]?.volumeMounts).toEqual([
      { name: 'hipaa-mcp-trust', mountPath: '/var/run/hipaa-mcp/trust', readOnly: true },
    ])
  })

  verifies('injection:stdio', 'on a real API server: stored as we injected it', async () => {
    const metadata = guardedBy('ehr-stdio')
    const says = await refusal(create(aPod('no-command', { metadata })))
    const pod = await create(aPod('stdio', { metadata, container: { command: ['/ehr'], args: ['--quiet'] } }))
    const read = await api.call<Pod>('GET', podPath('stdio'))

    const own = aServer({ workload: stdioWorkload }, { name: 'ehr-stdio' })
    expect(says).toContain('spec.containers[app].command: is open')
    expect(conforms(pod, own, surroundings)).toEqual([])
    expect(conforms(read, own, surroundings)).toEqual([])
    expect(read.spec.containers[0]?.command?.slice(-2)).toEqual(['--', '/ehr'])
  })

  verifies('injection:unknown-server', 'on a real API server', async () => {
    const says = await refusal(create(aPod('nobody', { metadata: guardedBy('nobody') })))
    expect(says).toContain('there is no HipaaMcpServer')
  })

  verifies('injection:whole-spec', 'a container named like ours, on a real API server', async () => {
    const forged = {
      name: 'hipaa-mcp',
      image: 'busybox',
      restartPolicy: 'Always',
      securityContext: { runAsUser: 64101 },
    }
    const says = await refusal(
      create(aPod('forged', { metadata: guardedBy('ehr'), spec: { initContainers: [forged] } })),
    )
    expect(says).toContain('spec.initContainers[hipaa-mcp]')
  })

  verifies('injection:uid', 'on a real API server', async () => {
    const open = aPod('open', { metadata: guardedBy('ehr'), container: { securityContext: {} } })
    expect(await refusal(create(open))).toContain('runAsUser: is open')
  })
})

const template = (app: string, pod: object) => ({
  metadata: { annotations: { [serverAnnotation]: 'ehr' }, labels: { app, all: 'honest' } },
  spec: pod,
})

/** Of kinds that make pods, as people write them; the pods stay where no node is. */
function honest(): object[] {
  const migrate = {
    name: 'migrate',
    image: pauseImage,
    resources: { requests: { cpu: '10m', memory: '16Mi' } },
    securityContext: { runAsUser: 1000 },
  }
  const probed = {
    name: 'app',
    ports: [{ name: 'http', containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/healthz', port: 'http' } },
  }
  const spec = { initContainers: [migrate], containers: [{ ...migrate, ...probed }] }
  const nowhere = { ...spec, nodeSelector: { nowhere: 'true' } }
  const of = (apiVersion: string, kind: string, pod: object, more?: object) => {
    const app = `honest-${kind.toLowerCase()}`
    const selecting = more && { selector: { matchLabels: { app } }, ...more }
    return {
      apiVersion,
      kind,
      metadata: { name: app, namespace },
      spec: { ...selecting, template: template(app, pod) },
    }
  }
  const bare = template('honest', nowhere)
  return [
    of('apps/v1', 'Deployment', nowhere, {}),
    of('apps/v1', 'StatefulSet', nowhere, { serviceName: 'honest' }),
    // Its controller makes pods for nodes alone.
    of('apps/v1', 'DaemonSet', spec, {}),
    of('batch/v1', 'Job', { ...nowhere, restartPolicy: 'Never' }),
    { ...bare, apiVersion: 'v1', kind: 'Pod', metadata: { ...bare.metadata, name: 'honest', namespace } },
  ]
}

describe('what a guarded pod says', () => {
  test('is not told where admission puts right nothing that somebody wrote, whatever made the pod', async () => {
    const before = scene.asked.length
    const list = { apiVersion: 'v1', kind: 'List', items: honest() }
    let made: Pod[] = []
    const makers = () =>
      made.map(({ metadata }) => metadata.ownerReferences?.[0]?.kind ?? 'nobody').toSorted()

    const printed = await kubectl(list, 'apply', '-f', '-')
    await until('each has made its pod', 60, async () => {
      made = (await api.call<{ items: Pod[] }>('GET', `${podPath()}?labelSelector=all%3Dhonest`)).items
      return new Set(makers()).size === list.items.length
    })
    const said = scene.asked.slice(before)
    await kubectl(list, 'delete', '--wait=false', '-f', '-')

    expect(new Set(makers())).toEqual(new Set(['DaemonSet', 'Job', 'ReplicaSet', 'StatefulSet', 'nobody']))
    expect(new Set(made.map(({ metadata }) => metadata.labels?.[guardedLabel]))).toEqual(new Set(['ehr']))
    expect(printed).not.toContain('Warning')
    expect(said).toEqual([])
  })

  test('is shown by kubectl, each by its field, where admission puts it right', async () => {
    const before = scene.asked.length
    const spec = {
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['203.0.113.5'] },
      automountServiceAccountToken: true,
      terminationGracePeriodSeconds: 86_400,
    }
    const told = await kubectl(aPod('told', { metadata: guardedBy('ehr'), spec }), 'apply', '-f', '-')
    const other = aPod('told-of', { metadata: guardedBy('ehr'), spec: { dnsPolicy: 'Default' } })

    expect(told.match(/Warning: hipaa-mcp: \S+/g)).toEqual([
      'Warning: hipaa-mcp: spec.dnsConfig.nameservers:',
      'Warning: hipaa-mcp: spec.terminationGracePeriodSeconds:',
      'Warning: hipaa-mcp: spec.automountServiceAccountToken:',
    ])
    expect(await kubectl(other, 'apply', '-f', '-')).toContain('Warning: hipaa-mcp: spec.dnsPolicy:')
    // These tests' pods name a scheduler.
    expect(scene.asked.slice(before)).toEqual([
      'nameservers',
      'grace-period',
      'token',
      'scheduler',
      'dns-policy',
      'scheduler',
    ])
  })
})

const serverAt = (name: string) =>
  `/apis/hipaa-mcp.dev/v1alpha1/namespaces/${unwaited}/hipaamcpservers/${name}`
const applied = async (name: string, port: number) => {
  const selector = { matchLabels: { app: name } }
  const server = aServer({ workload: { port, path: '/mcp', selector } }, { name, namespace: unwaited })
  const { metadata: _, ...given } = server
  await api.apply(serverAt(name), given)
  return server
}
const podOf = async (name: string, metadata: Body, query = '') =>
  await api.call<Pod>(
    'POST',
    `/api/v1/namespaces/${unwaited}/pods${query}`,
    aPod(name, { metadata: { namespace: unwaited, ...metadata } }),
  )

describe('on a real API server, without a wait in between, where the copy is half a second late', () => {
  beforeAll(() => void (scene.lag.milliseconds = 500))
  afterAll(() => void (scene.lag.milliseconds = 0))
  const rounds = Array.from({ length: 40 }, (_, index) => `late-${index}`)

  verifies('injection:copy', 'a server that comes right before its pod guards it', async () => {
    for (const [index, name] of rounds.entries()) {
      const server = await applied(name, 8080)
      const pod = await podOf(
        name,
        index % 2 === 0
          ? { labels: { app: name } }
          : { labels: { app: 'other' }, annotations: { [serverAnnotation]: name } },
      )
      expect(conforms(pod, server, surroundings), name).toEqual([])
    }
  })

  verifies(
    'injection:copy',
    'a server that went right before its pod guards it in vain, or refuses it',
    async () => {
      for (const name of rounds.slice(0, 10)) {
        await applied(`gone-${name}`, 8080)
        await api.call('DELETE', serverAt(`gone-${name}`))
        const named = { labels: { app: 'other' }, annotations: { [serverAnnotation]: `gone-${name}` } }
        const says = await podOf(`gone-${name}`, named).then(
          ({ metadata }) => metadata.labels?.[guardedLabel],
          (error: unknown) => String(error),
        )
        expect(says).toMatch(/^gone-late-\d+$|there is no HipaaMcpServer/)
      }
    },
  )

  verifies(
    'injection:copy',
    'a guarded pod costs no live read, a bystander one of servers at each webhook',
    async () => {
      await applied('quiet', 8080)
      await until('the copy holds the server', 30, async () => {
        const before = scene.read.length
        await podOf('quiet', { labels: { app: 'quiet' } }, '?dryRun=All')
        return scene.read.length === before
      })
      const before = scene.read.length

      await podOf('quiet', { labels: { app: 'nobody' } }, '?dryRun=All')

      expect(scene.read.slice(before)).toEqual(['hipaamcpservers', 'hipaamcpservers'])
    },
  )
})

verifies('injection:update', 'image, label, server and store of a pod, by patch', async () => {
  await create(aPod('updated', { metadata: guardedBy('ehr') }))
  await create(aPod('store', { metadata: { labels: { app: 'ehr-db' } } }))
  const store = await api.call<Pod>('GET', podPath('store'))
  expect(store.metadata.labels?.[storeLabel]).toBe('ehr.db')
  const { spec } = await api.call<Pod>('GET', podPath('updated'))
  const sidecar = (spec.initContainers ?? []).findIndex(({ name }) => name === 'hipaa-mcp')
  const image = (list: string, index: number) =>
    api.call(
      'PATCH',
      podPath('updated'),
      [{ op: 'replace', path: `/spec/${list}/${index}/image`, value: 'evil:1' }],
      'application/json-patch+json',
    )
  expect(await refusal(image('initContainers', sidecar))).toContain('no image of a guarded pod changes')
  expect(await refusal(image('containers', 0))).toContain('no image of a guarded pod changes')
  const labels = async (name: string, label: string, value: string | null, subresource?: string) =>
    await refusal(merge(podPath(name, subresource), { metadata: { labels: { [label]: value } } }))
  for (const value of [null, 'billing']) {
    expect(await labels('updated', guardedLabel, value)).toContain('do not change')
    expect(await labels('updated', guardedLabel, value, 'status')).toContain('do not change')
    expect(await labels('store', storeLabel, value)).toContain('do not change')
  }
  expect(await labels('bystander', guardedLabel, 'ehr')).toContain('do not change')
  for (const value of [null, 'ehr-local']) {
    const change = merge(podPath('updated'), { metadata: { annotations: { [serverAnnotation]: value } } })
    expect(await refusal(change)).toContain('the annotation hipaa-mcp.dev/server of a pod does not change')
  }
  // What controllers do all the time still works.
  await merge(podPath('updated'), {
    metadata: { finalizers: ['example.com/job'], labels: { app: 'renamed' } },
  })
  await merge(podPath('updated'), { metadata: { finalizers: null } })
})

test('the labels are nobody’s to set, in no namespace', async () => {
  const free = { namespace: 'elsewhere', name: 'labelled' }
  for (const label of [guardedLabel, storeLabel]) {
    const says = await refusal(
      api.call(
        'POST',
        '/api/v1/namespaces/elsewhere/pods',
        aPod('x', { metadata: { ...free, labels: { [label]: 'ehr' } } }),
      ),
    )
    expect(says).toContain('are set by admission in enrolled namespaces alone')
    expect(await refusal(create(aPod('labelled', { metadata: { labels: { [label]: 'ehr' } } })))).toContain(
      'is set by admission alone',
    )
  }
  const binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'bystander', labels: { [guardedLabel]: 'ehr' } },
    target: { kind: 'Node', name: 'node-a' },
  }
  expect(await refusal(api.call('POST', podPath('bystander', 'binding'), binding))).toContain(
    'a binding carries none',
  )
  const bound = async (annotations: object) =>
    await refusal(
      api.call('POST', podPath('bystander', 'binding'), {
        ...binding,
        metadata: { name: 'bystander', annotations },
      }),
    )
  expect(await bound({ 'k8s.v1.cni.cncf.io/networks': 'outside' })).toContain('another network or address')
})

const ask = async (name: string, call: string, query: string) =>
  await refusal(api.call('POST', `${podPath(name, call)}?${query}`))

const ephemeral = async (name: string, container: object) =>
  await refusal(
    api.call(
      'PATCH',
      podPath(name, 'ephemeralcontainers'),
      { spec: { ephemeralContainers: [container] } },
      'application/strategic-merge-patch+json',
    ),
  )

verifies('injection:connect', 'on a real API server', async () => {
  await create(aPod('tunnel', { metadata: guardedBy('ehr') }))
  // Grants are read at every attempt, and the API server needs a moment after their kind was written.
  const exec = 'command=sh&container=app&stdout=true'
  await until('grants can be read', 30, async () => !(await ask('tunnel', 'exec', exec)).includes('judged'))
  for (const [call, query] of [
    ['exec', exec],
    ['attach', 'container=app&stdout=true'],
    ['portforward', 'ports=8080'],
    ['proxy', ''],
  ] as const) {
    expect(await ask('tunnel', call, query), call).toContain('the guarded pod clinic/tunnel')
    expect(await ask('bystander', call, query), call).not.toContain('hipaa-mcp')
  }
  for (const [before, after] of [
    ['', ':8080'],
    ['http:', ':8080'],
    [':', ':'],
  ]) {
    const named = (name: string) => `${before}${name}${after}`
    expect(await ask(named('tunnel'), 'proxy', ''), named('')).toContain('the guarded pod clinic/tunnel but')
    expect(await ask(named('bystander'), 'proxy', ''), named('')).not.toContain('hipaa-mcp')
  }
  const debug = {
    name: 'debug',
    image: 'busybox',
    targetContainerName: 'app',
    securityContext: {
      runAsUser: 1000,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  }
  expect(await ephemeral('tunnel', debug)).toContain('a guarded pod takes none (no BreakGlassGrant')
  // What the API server holds it to by itself.
  const ours = { ...debug, targetContainerName: 'hipaa-mcp' }
  for (const wrong of [ours, { ...debug, securityContext: { ...debug.securityContext, runAsUser: 64101 } }])
    expect(await ephemeral('tunnel', wrong)).toContain('neither a target nor a volume of hipaa-mcp')
  expect(await ephemeral('bystander', { ...debug, securityContext: { privileged: true } })).toContain(
    'is not privileged',
  )
  for (const securityContext of [{}, { capabilities: { drop: ['NET_RAW'] } }])
    expect(await ephemeral('bystander', { ...debug, securityContext })).toContain(
      'drops AUDIT_WRITE and NET_RAW',
    )
  expect(await ephemeral('bystander', debug)).toBe('it was let through')
})

const own = (copy: Pod, name: string) =>
  (copy.spec.initContainers ?? []).find((one) => one.name === name) ?? { name }
const app = (copy: Pod) => copy.spec.containers[0] ?? { name: '' }
const mountOf = ({ volumeMounts = [] }: ReturnType<typeof app>, name: string): Body =>
  volumeMounts.find((one) => one.name === name) ?? {}

/** A pod's status with one condition. */
const condition = (type: string) => ({ conditions: [{ type, status: 'True' }] })

describe('canaries', () => {
  const operator = 'system:serviceaccount:hipaa-mcp-system:hipaa-mcp-operator'
  const task = { control: '10.0.0.2:443', forbidden: ['10.1.0.5:15080'] }
  const canary = (name: string, where = namespace) =>
    canaryPod({ name, namespace: where, source: 'Bystander', image: surroundings.image, task })
  const asOperator = async (input: object | undefined, ...args: string[]): Promise<string> =>
    (await scene.kubectl(args, { as: operator, ...(input === undefined ? {} : { input }) })).text
  beforeAll(async () => {
    await kubectl(undefined, 'apply', '-f', 'config/rbac/accounts.yaml', '-f', 'config/rbac/operator.yaml')
    await kubectl(undefined, 'create', 'serviceaccount', 'robot', '-n', namespace)
  })

  type Made = { metadata: { labels: Body }; spec: Body & { containers: Body[] } }
  const others: [string, (pod: Made) => void, string][] = [
    [
      'another image',
      ({ spec }) => void Object.assign(spec.containers[0] as Body, { image: 'ehr:1' }),
      'operator’s own image',
    ],
    [
      'a program of its own',
      ({ spec }) => void Object.assign(spec.containers[0] as Body, { command: ['sh'] }),
      'operator’s own image',
    ],
    [
      'another program of the image',
      ({ spec }) => void Object.assign(spec.containers[0] as Body, { args: ['operator/main.ts', ''] }),
      'operator’s own image',
    ],
    [
      'a Secret as environment',
      ({ spec }) =>
        void Object.assign(spec.containers[0] as Body, { envFrom: [{ secretRef: { name: 'x' } }] }),
      'operator’s own image',
    ],
    [
      'a command beside its program',
      ({ spec }) =>
        void Object.assign(spec.containers[0] as Body, {
          lifecycle: { postStart: { exec: { command: ['node', '-e', ''] } } },
        }),
      'operator’s own image',
    ],
    [
      'a command as a probe',
      ({ spec }) =>
        void Object.assign(spec.containers[0] as Body, {
          livenessProbe: { exec: { command: ['node', '-e', ''] } },
        }),
      'operator’s own image',
    ],
    [
      'a volume',
      ({ spec }) => void (spec['volumes'] = [{ name: 'x', secret: { secretName: 'x' } }]),
      'operator’s own image',
    ],
    [
      'a ServiceAccount',
      ({ spec }) => void (spec['serviceAccountName'] = 'robot'),
      'a canary pod has no token',
    ],
    [
      'a token',
      ({ spec }) => void (spec['automountServiceAccountToken'] = true),
      'a canary pod is one container',
    ],
    ['a node of its choice', ({ spec }) => void (spec['nodeName'] = 'node'), 'no token'],
    ['no end', ({ spec }) => void delete spec['activeDeadlineSeconds'], 'no token'],
    ['no label', ({ metadata }) => void delete metadata.labels['hipaa-mcp.dev/canary'], 'canary pods alone'],
  ]
  for (const [what, change, says] of others)
    verifies('operator:rbac', `the operator makes no pod with ${what}`, async () => {
      const pod = structuredClone(canary('hipaa-mcp-canary-x')) as unknown as Made
      change(pod)

      expect(await asOperator(pod, 'create', '--dry-run=server', '-f', '-')).toContain(says)
    })

  verifies(
    'operator:rbac',
    'the operator makes canaries where it is enrolled alone, and deletes no other pod',
    async () => {
      expect(await asOperator(canary('hipaa-mcp-canary-a', 'elsewhere'), 'create', '-f', '-')).toContain(
        'enrolled namespaces alone',
      )
      expect(await asOperator({ ...canary('other') }, 'create', '-f', '-')).toContain('canary pods alone')
      await create(aPod('not-a-canary'))
      expect(await asOperator(undefined, 'delete', 'pod', 'not-a-canary', '-n', namespace)).toContain(
        'canary pods alone',
      )
      expect(await asOperator(canary('hipaa-mcp-canary-a'), 'create', '-f', '-')).toContain('created')
      expect(
        await asOperator(undefined, 'delete', 'pod', 'hipaa-mcp-canary-a', '-n', namespace, '--wait=false'),
      ).toContain('deleted')
    },
  )

  verifies(
    'transit:network-proof-honest',
    'nobody gets into a canary, changes its image or puts a container beside it',
    async () => {
      expect(await asOperator(canary('hipaa-mcp-canary-b'), 'create', '-f', '-')).toContain('created')
      const name = 'hipaa-mcp-canary-b'

      expect(await refusal(api.call('POST', podPath(name, 'exec?command=sh')))).toContain(
        'nobody may exec into the canary',
      )
      // Without its label it would be any bystander.
      for (const label of [null, 'mine'])
        expect(
          await refusal(merge(podPath(name), { metadata: { labels: { 'hipaa-mcp.dev/canary': label } } })),
        ).toContain('a canary pod does not change')
      expect(
        await refusal(
          api.call(
            'PATCH',
            podPath(name),
            { spec: { containers: [{ name: 'canary', image: 'mine:1' }] } },
            'application/strategic-merge-patch+json',
          ),
        ),
      ).toContain('a canary pod does not change')
      const beside = {
        spec: { ephemeralContainers: [{ name: 'debug', image: 'mine:1', targetContainerName: 'canary' }] },
      }
      expect(
        await refusal(
          api.call(
            'PATCH',
            podPath(name, 'ephemeralcontainers'),
            beside,
            'application/strategic-merge-patch+json',
          ),
        ),
      ).toContain('a canary pod does not change')
    },
  )

  verifies(
    'transit:network-proof-honest',
    'of a pod’s status the operator writes its own condition and nothing else',
    async () => {
      await create(aPod('with-status'))
      const minted = await client.post<{ status: { token: string } }>(
        '/api/v1/namespaces/hipaa-mcp-system/serviceaccounts/hipaa-mcp-operator/token',
        { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
      )
      const from = await credentials(() => {
        const config = new KubeConfig()
        config.loadFromFile(scene.cluster.kubeconfig)
        const { token } = minted.status
        config.loadFromClusterAndUser(config.getCurrentCluster() as never, { name: 'operator', token })
        return config
      })
      const status = async (body: object, more: object = {}) => {
        const metadata = { name: 'with-status', namespace, ...more }
        const pod = { apiVersion: 'v1', kind: 'Pod', metadata, status: body }
        return await refusal(apiClient({ credentials: from }).applyStatus(kinds.pod, pod))
      }

      expect(await status(condition('hipaa-mcp.dev/network'))).toBe('it was let through')
      expect(await status(condition('Ready'))).toContain('alone')
      expect(await status({ phase: 'Failed' })).toContain('alone')
      expect(await status({ podIP: '10.9.9.9' })).toContain('alone')
      const own = condition('hipaa-mcp.dev/network')
      expect(await status(own, { labels: { app: 'another' } })).toContain('alone')
      expect(await status(own, { annotations: { 'example.org/note': 'x' } })).toContain('alone')
      await from.close()
    },
  )
})

describe('recovery', () => {
  const operator = 'system:serviceaccount:hipaa-mcp-system:hipaa-mcp-operator'
  const asOperator = async (input: object | undefined, ...args: string[]): Promise<string> =>
    (await scene.kubectl(args, { as: operator, ...(input === undefined ? {} : { input }) })).text
  const patched = async (volume: string, body: object, type = 'merge'): Promise<string> =>
    await asOperator(undefined, 'patch', 'pv', volume, `--type=${type}`, '-p', JSON.stringify(body))
  const trail = { metadata: { annotations: { 'hipaa-mcp.dev/trail': `${namespace}/ehr/uid-1` } } }
  const ours = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'hipaa-mcp-system' }
  const bind = (name: string) => [{ op: 'replace', path: '/spec/claimRef', value: { ...ours, name } }]
  beforeAll(async () => {
    await kubectl(undefined, 'apply', '-f', 'config/rbac/accounts.yaml', '-f', 'config/rbac/operator.yaml')
    for (const [name, claim] of [
      ['pv-trail', 'ehr-1-hipaa-mcp-trail'],
      ['pv-data', 'data-ehr-db-0'],
    ])
      await kubectl(
        {
          apiVersion: 'v1',
          kind: 'PersistentVolume',
          metadata: { name },
          spec: {
            accessModes: ['ReadWriteOnce'],
            capacity: { storage: '1Gi' },
            storageClassName: 'none',
            persistentVolumeReclaimPolicy: 'Delete',
            claimRef: { namespace, name: claim, uid: `uid-${claim}` },
            hostPath: { path: '/nowhere' },
          },
        },
        'apply',
        '-f',
        '-',
      )
  })

  type Made = { metadata: { name: string }; spec: { template: { spec: Body & { containers: Body[] } } } }
  const aJob = (change: (job: Made) => void): object => {
    const { image } = surroundings
    const job = recoveryJob('uid-1', { image, channel: 'https://c', collector: 'https://t', ca: 'CA' })
    change(job as unknown as Made)
    return job
  }
  const container = ({ spec }: Made): Body => spec.template.spec.containers[0] as Body
  const others: [string, (job: Made) => void][] = [
    ['another image', (job) => void (container(job)['image'] = 'ehr:1')],
    ['another program', (job) => void (container(job)['command'] = ['node', '-e', ''])],
    ['more to its program', (job) => void (container(job)['args'] = ['x'])],
    ['options of its runtime', (job) => void (container(job)['env'] = [{ name: 'NODE_OPTIONS', value: '' }])],
    ['another name', ({ metadata }) => void (metadata.name = 'other')],
    ['another account', ({ spec }) => void (spec.template.spec['serviceAccountName'] = 'hipaa-mcp-operator')],
    [
      'another claim',
      ({ spec }) =>
        void (spec.template.spec['volumes'] = [
          { name: 'trail', persistentVolumeClaim: { claimName: 'state-hipaa-mcp-collector-0' } },
          { name: 'token', projected: { sources: [] } },
        ]),
    ],
    [
      'a Secret',
      ({ spec }) =>
        void (spec.template.spec['volumes'] = [
          { name: 'trail', secret: { secretName: 'hipaa-mcp-ca' } },
          { name: 'token', projected: { sources: [{ secret: { name: 'hipaa-mcp-ca' } }] } },
        ]),
    ],
  ]
  for (const [what, change] of others)
    verifies('operator:rbac', `the operator makes no Job with ${what}`, async () => {
      expect(await asOperator(aJob(change), 'create', '--dry-run=server', '-f', '-')).toContain(
        'recover the trail of one pod alone',
      )
    })

  verifies('operator:rbac', 'it makes the Job that recovers a volume', async () => {
    const made = await asOperator(
      aJob(() => undefined),
      'create',
      '--dry-run=server',
      '-f',
      '-',
    )
    expect(made).toContain('created')
  })

  verifies('operator:rbac', 'of volumes it takes those that hold a trail, and no other', async () => {
    expect(await patched('pv-data', trail)).toContain('calls no volume a trail')
    expect(await patched('pv-data', bind('recover-uid-1'), 'json')).toContain('to its own claim')
    expect(await patched('pv-data', { spec: { persistentVolumeReclaimPolicy: 'Retain' } })).toContain(
      'that hold a trail alone',
    )
    expect(await patched('pv-trail', bind('recover-uid-1'), 'json')).toContain('to its own claim')

    const retained = { ...trail, spec: { persistentVolumeReclaimPolicy: 'Retain' } }
    expect(await patched('pv-trail', retained)).toContain('patched')
    expect(
      await patched('pv-trail', { metadata: { annotations: { 'hipaa-mcp.dev/trail': 'a/b/c' } } }),
    ).toContain('keeps what it called one')
    expect(await patched('pv-trail', bind('other'), 'json')).toContain('to its own claim')
    expect(await patched('pv-trail', bind('recover-uid-1'), 'json')).toContain('patched')
    expect(
      await patched('pv-trail', { metadata: { annotations: { 'hipaa-mcp.dev/recovery': 'Running' } } }),
    ).toContain('patched')
    expect(await patched('pv-trail', { spec: { persistentVolumeReclaimPolicy: 'Delete' } })).toContain(
      'patched',
    )
  })
})

const guardOf = (...steps: string[]) => ['node', '/opt/hipaa-mcp/sidecar/guard.ts', ...steps]

describe('the policy in the API server, with the webhooks gone', () => {
  const wanted = '/apis/admissionregistration.k8s.io/v1'
  const saved: { path: string; webhooks: unknown }[] = []
  let pod: Pod
  let stdio: Pod

  beforeAll(async () => {
    pod = await create(aPod('template', { metadata: guardedBy('ehr-gate') }))
    stdio = await create(
      aPod('template-stdio', { metadata: guardedBy('ehr-stdio'), container: { command: ['/ehr'] } }),
    )
    for (const plural of ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']) {
      const path = `${wanted}/${plural}/hipaa-mcp`
      saved.push({ path, webhooks: (await api.call<{ webhooks: unknown }>('GET', path)).webhooks })
      await merge(path, { webhooks: [] })
    }
    // The API server goes by its own copy of the configuration for a moment.
    await until('the webhooks are gone', 30, async () => {
      const { metadata } = await create(
        aPod('unguarded-probe', {
          metadata: { labels: { app: 'ehr-db' } },
          container: { securityContext: { capabilities: { drop: ['AUDIT_WRITE', 'NET_RAW'] } } },
        }),
      )
      await api.call('DELETE', `${podPath('unguarded-probe')}?gracePeriodSeconds=0`)
      return metadata.labels?.[storeLabel] === undefined
    })
  })
  afterAll(async () => {
    for (const { path, webhooks } of saved) await merge(path, { webhooks })
  })

  const copied = (change: (copy: Pod) => void, template = pod): object => {
    const copy = structuredClone(template)
    copy.metadata = {
      name: 'copy',
      labels: { ...template.metadata.labels },
      annotations: { ...template.metadata.annotations },
    }
    delete copy.status
    change(copy)
    return copy
  }
  const cases: [string, (copy: Pod) => void, string][] = [
    [
      'an annotated pod without a guard',
      (copy) => {
        copy.metadata.labels = {}
        copy.spec.initContainers = []
        copy.spec.volumes = []
        delete app(copy).volumeMounts
      },
      'does not guard this pod',
    ],
    ['no sidecar', (copy) => void (copy.spec.initContainers = []), 'the first init containers'],
    [
      'the guard second',
      (copy) => void (copy.spec.initContainers = copy.spec.initContainers?.toReversed() ?? []),
      'the first init containers',
    ],
    [
      'a guard that leaves the packet filter to a plugin where it may set it itself',
      (copy) => void (own(copy, 'hipaa-mcp-guard').command = guardOf('check')),
      'the guard of a pod proves the packet filter',
    ],
    [
      'a guard that proves nothing',
      (copy) => void (own(copy, 'hipaa-mcp-guard').command = guardOf('set')),
      'the guard of a pod proves the packet filter',
    ],
    [
      'a guard that runs another program, with the words of ours behind it',
      (copy) => void (own(copy, 'hipaa-mcp-guard').command = ['sh', '-c', 'exit 0', 'set', 'check']),
      'the guard of a pod proves the packet filter',
    ],
    [
      'a guard with one step more',
      (copy) => void (own(copy, 'hipaa-mcp-guard')['args'] = ['set']),
      'the guard of a pod proves the packet filter',
    ],
    [
      'a guard with a variable that changes every program',
      (copy) =>
        void own(copy, 'hipaa-mcp-guard').env?.push({ name: 'NODE_OPTIONS', value: '--import=/tmp/a.mjs' }),
      'a variable or a mount that admission does not give it',
    ],
    [
      'a guard over whose program something is mounted',
      (copy) =>
        void (own(copy, 'hipaa-mcp-guard').volumeMounts = [
          { name: 'hipaa-mcp-tmp', mountPath: '/opt/hipaa-mcp/sidecar' },
        ]),
      'a variable or a mount that admission does not give it',
    ],
    [
      'no restartPolicy',
      (copy) => {
        // As another webhook leaves it that knows no native sidecars, and so that nothing else is wrong with it.
        const sidecar = own(copy, 'hipaa-mcp')
        for (const member of ['restartPolicy', 'lifecycle', 'startupProbe', 'readinessProbe'] as const)
          delete sidecar[member]
      },
      'restartPolicy Always',
    ],
    [
      'another image',
      (copy) => void (own(copy, 'hipaa-mcp').image = 'evil:1'),
      'is not the one that this policy names',
    ],
    [
      'another image of the guard',
      (copy) => void (own(copy, 'hipaa-mcp-guard').image = 'evil:1'),
      'is not the one that this policy names',
    ],
    [
      'an open user',
      (copy) => void delete app(copy).securityContext?.runAsUser,
      'runAsUser of every container is explicit',
    ],
    [
      'our user',
      (copy) => void Object.assign(app(copy).securityContext ?? {}, { runAsUser: 64101 }),
      'runAsUser of every container is explicit',
    ],
    ['our group', (copy) => void (copy.spec.securityContext = { fsGroup: 64101 }), 'groups 64101'],
    [
      'raw sockets',
      (copy) => void Object.assign(app(copy).securityContext ?? {}, { capabilities: { drop: ['KILL'] } }),
      'drops AUDIT_WRITE and NET_RAW',
    ],
    [
      'records in the log of the node’s kernel',
      (copy) =>
        void Object.assign(app(copy).securityContext ?? {}, {
          capabilities: { drop: ['NET_RAW', 'SETGID', 'SETUID'] },
        }),
      'drops AUDIT_WRITE and NET_RAW',
    ],
    [
      'escalation',
      (copy) => void Object.assign(app(copy).securityContext ?? {}, { allowPrivilegeEscalation: true }),
      'drops SETGID and SETUID',
    ],
    [
      'NET_ADMIN',
      (copy) =>
        void Object.assign(app(copy).securityContext ?? {}, {
          capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
        }),
      'capabilities.add holds one',
    ],
    [
      'our token',
      (copy) => void (app(copy).volumeMounts = [{ name: 'hipaa-mcp-token', mountPath: '/t' }]),
      'mounted by the sidecar alone',
    ],
    [
      'what containers trust, to write',
      (copy) => void delete mountOf(app(copy), 'hipaa-mcp-trust')['readOnly'],
      'mounted read-only',
    ],
    [
      'the same at another path, beside the mount that is ours',
      (copy) => void app(copy).volumeMounts?.push({ name: 'hipaa-mcp-trust', mountPath: '/t' }),
      'mounted read-only',
    ],
    [
      'a container of ours by name among those of the app',
      (copy) =>
        void copy.spec.containers.push({
          ...structuredClone(app(copy)),
          name: 'hipaa-mcp-wrapper',
          volumeMounts: [{ name: 'hipaa-mcp-token', mountPath: '/t' }],
        }),
      'mounted by the sidecar alone',
    ],
    ...[30, 3_600].map((seconds): [string, (copy: Pod) => void, string] => [
      `a pod that another webhook gave ${seconds} s to end`,
      (copy) => void (copy.spec.terminationGracePeriodSeconds = seconds),
      'between one and ten minutes to end',
    ]),
    ['hostPID', (copy) => void (copy.spec.hostPID = true), 'hostPID'],
    [
      'hostPath',
      (copy) => void copy.spec.volumes?.push({ name: 'node', hostPath: { path: '/' } }),
      'hostPath',
    ],
    [
      'a token of our audience',
      (copy) =>
        void copy.spec.volumes?.push({
          name: 't',
          projected: { sources: [{ serviceAccountToken: { audience: 'hipaa-mcp', path: 't' } }] },
        }),
      'audience hipaa-mcp',
    ],
    [
      'a privileged bystander',
      (copy) => {
        copy.metadata = { name: 'copy' }
        copy.spec.initContainers = []
        app(copy).securityContext = { privileged: true }
      },
      'privileged is not allowed',
    ],
    [
      'a bystander with a container of our name',
      (copy) => {
        copy.metadata = { name: 'copy' }
        copy.spec.initContainers = (copy.spec.initContainers ?? []).filter(
          ({ name }) => name === 'hipaa-mcp-guard',
        )
      },
      'capabilities.add holds one',
    ],
  ]
  for (const [what, change, message] of cases)
    test(`refuses ${what}`, async () => {
      expect(await refusal(create(copied(change)))).toContain(message)
    })

  const ofStdio: [string, (copy: Pod) => void][] = [
    ['to write', (copy) => void delete mountOf(app(copy), 'hipaa-mcp-wrapper')['readOnly']],
    [
      'in a second container',
      (copy) => void copy.spec.containers.push({ ...structuredClone(app(copy)), name: 'second' }),
    ],
  ]
  for (const [what, change] of ofStdio)
    test(`refuses what runs a stdio server ${what}`, async () => {
      expect(await refusal(create(copied(change, stdio)))).toContain('and read-only')
    })

  test('lets the pod in that nothing was changed in', async () => {
    await create(copied(() => {}))
    await create(copied((copy) => void (copy.metadata = { ...copy.metadata, name: 'copy-stdio' }), stdio))
  })

  // The API server goes on with the parameters of a policy that once lost its last binding: ours has none.
  test('goes by the image of the installation that is there, not of one removed before', async () => {
    const other = 'registry.example/hipaa-mcp@sha256:bbbb'
    await kubectl(undefined, 'delete', '-f', 'config/webhook/policy-pods.yaml')
    await sleep(3_000)
    await installPolicy(other)
    await until('the new policy refuses the old image', 30, async () =>
      (
        await refusal(
          create(
            copied(() => {}),
            '?dryRun=All',
          ),
        )
      ).includes('is not the one that this policy names'),
    )
    await installPolicy(surroundings.image)
    await until('the old image is let in again', 30, async () => {
      await create(copied((copy) => void (copy.metadata = { ...copy.metadata, name: 'again' })))
      return true
    })
  })
})

describe('tokens of our audience', () => {
  test('are minted by the kubelet, and by nobody else', async () => {
    const mint = async (audience: string) =>
      await refusal(
        api.call('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`, {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { audiences: [audience], expirationSeconds: 600 },
        }),
      )
    expect(await mint('hipaa-mcp')).toContain('only the kubelet asks for tokens')
    expect(await mint('https://vault.example')).toBe('it was let through')
    const projected = {
      sources: [{ serviceAccountToken: { audience: 'hipaa-mcp', path: 't', expirationSeconds: 600 } }],
    }
    const pod = aPod('holder', {
      metadata: { namespace: 'elsewhere', name: 'holder' },
      container: { image: pauseImage, volumeMounts: [{ name: 't', mountPath: '/t' }] },
      spec: {
        schedulerName: 'default-scheduler',
        volumes: [{ name: 't', projected }],
        terminationGracePeriodSeconds: 0,
      },
    })
    await api.call('POST', '/api/v1/namespaces/elsewhere/pods', pod)
    await until('the kubelet got its token', 60, async () => {
      const { status } = await api.call<Pod>('GET', '/api/v1/namespaces/elsewhere/pods/holder')
      return status?.['phase'] === 'Running'
    })
  })

  test('of another kind are not believed', async () => {
    const { status } = await api.call<{ status: { token: string } }>(
      'POST',
      `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`,
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { audiences: ['https://kubernetes.default.svc.cluster.local'] },
      },
    )
    await expect(believe(client, status.token, '127.0.0.1')).rejects.toThrow('not good for the audience')
    await expect(believe(client, 'nonsense', '127.0.0.1')).rejects.toThrow('not good for the audience')
  })
})

verifies('transit:issuer', 'a real cert-manager signs the names of the sidecar’s request', async () => {
  const cert = async (plural: string, name: string, kind: string, spec: object) =>
    await api.apply(`/apis/cert-manager.io/v1/namespaces/${namespace}/${plural}/${name}`, {
      apiVersion: 'cert-manager.io/v1',
      kind,
      spec,
    })
  await cert('issuers', 'self', 'Issuer', { selfSigned: {} })
  await cert('certificates', 'clinic-ca', 'Certificate', {
    isCA: true,
    commonName: 'clinic',
    secretName: 'clinic-ca',
    privateKey: { algorithm: 'ECDSA' },
    issuerRef: { name: 'self', kind: 'Issuer' },
  })
  await cert('issuers', 'clinic-ca', 'Issuer', { ca: { secretName: 'clinic-ca' } })
  const names = ['ehr.clinic.svc', 'ehr.clinic.svc.cluster.local']
  const { metadata } = await create(aPod('certified', { metadata: guardedBy('ehr') }))
  const request = {
    namespace,
    pod: { name: 'certified', uid: metadata.uid ?? '' },
    csr: (await aRequestFor(names)).csr,
    names,
    seconds: 3600,
  }
  const chain = await issuedByCertManager(
    client,
    { ...request, issuerRef: { name: 'clinic-ca', kind: 'Issuer' } },
    60_000,
  )
  expect(chain).toContain('BEGIN CERTIFICATE')
  expect(
    (await client.list(kinds.certificateRequest, { namespace })).items.filter((item) =>
      (item as Pod).metadata.name?.startsWith('hipaa-mcp-'),
    ),
  ).toEqual([])
  const missing = issuedByCertManager(
    client,
    { ...request, issuerRef: { name: 'gone', kind: 'Issuer' } },
    2_000,
  )
  await expect(missing).rejects.toThrow(/Issuer gone .*CertificateRequest clinic\/hipaa-mcp-/)
})

test('an auditor’s certificate comes once somebody approved it', async () => {
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
  const spec = {
    signerName: 'hipaa-mcp.dev/auditor',
    usages: ['client auth'],
    request: Buffer.from((await aRequestFor()).csr).toString('base64'),
  }
  type Csr = { status?: { certificate?: string; conditions?: { type: string }[] } }
  for (const [name, usages] of [
    ['ada', ['client auth']],
    ['bob', ['server auth']],
  ] as const)
    await api.call('POST', path, {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name },
      spec: { ...spec, usages },
    })
  const signer = signAuditors(client, await loadAuthority(client, authoritySecrets.own), quiet)
  try {
    for (const name of ['ada', 'bob']) await kubectl(undefined, 'certificate', 'approve', name)
    await until('both are answered', 30, async () => {
      const [ada, bob] = await Promise.all(
        ['ada', 'bob'].map(async (name) => await api.call<Csr>('GET', `${path}/${name}`)),
      )
      return (
        ada?.status?.certificate !== undefined &&
        bob?.status?.conditions?.some(({ type }) => type === 'Failed') === true
      )
    })
  } finally {
    signer.stop()
  }
})
