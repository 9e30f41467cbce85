// Admission among others: webhooks that go over the same pods, and its own outages.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { Check } from '../../cli/doctor/check.ts'
import type { Finding } from '../../cli/preflight/judge.ts'
import {
  authoritySecrets,
  enforceLabel,
  serverAnnotation,
  services,
  systemNamespace,
} from '../../core/identifiers.ts'
import { conforms } from '../../operator/admission/conform.ts'
import { admissionPolicies } from '../../operator/admission/observed.generated.ts'
import type { Container, Pod } from '../../operator/admission/pod.ts'
import { type Authority, ecdsa, loadAuthority, privateKeyPem } from '../../operator/authority/ca.ts'
import { issue } from '../../operator/authority/issue.ts'
import { keepBundles, ownServices } from '../../operator/authority/webhook-certificate.ts'
import { kinds } from '../../operator/cluster/kinds.ts'
import { until } from '../cluster/api.ts'
import { takenSlots } from '../cluster/slot.ts'
import { leadWebhooksHere } from '../cluster/webhooks-here.ts'
import { surroundings as sample } from '../operator/admission/pods.ts'
import { quiet } from '../operator/cluster/scripted-api.ts'
import { connectedAsOperator } from '../operator/running.ts'
import { aServer } from '../operator/world.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { type AdmissionScene, admissionScene } from './admission-scene.ts'
import { type Behaviour, behaviours, type OtherWebhooks, otherWebhooks } from './other-webhooks.ts'

let scene: AdmissionScene
let others: OtherWebhooks
let authority: Authority
const where = (name: Behaviour) => `beside-${name}`
const names = Object.keys(behaviours) as Behaviour[]
const enrolled = ['clinic', 'told', 'limited', 'too-small', 'too-slow', 'too-little', ...names.map(where)]

function aPod(
  name: string,
  namespace: string,
  metadata: object = { annotations: { [serverAnnotation]: 'ehr' } },
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: 'ehr' }, ...metadata },
    spec: {
      schedulerName: 'none',
      containers: [{ name: 'app', image: 'ehr:1', securityContext: { runAsUser: 1000 } }],
    },
  }
}
const create = async (pod: Pod, query = '') =>
  await scene.api.call<Pod>('POST', `/api/v1/namespaces/${pod.metadata.namespace}/pods${query}`, pod)
/** What the API server says when it refuses. */
const refusal = async (pod: Pod): Promise<string> =>
  await create(pod, '?dryRun=All').then(
    () => 'it was let through',
    (error: unknown) => String(error),
  )

async function kubectl(input: object | undefined, ...args: string[]): Promise<void> {
  const { code, text } = await scene.kubectl(args, input === undefined ? {} : { input })
  if (code !== 0) throw new Error(text)
}

const labels = (name: string): { [label: string]: string } => ({
  [enforceLabel]: 'true',
  ...(name.startsWith('beside-') ? { beside: name.slice('beside-'.length) } : {}),
})
const limit = (defaults: object) => ({ spec: { limits: [{ type: 'Container', ...defaults }] } })

beforeAll(async () => {
  scene = await admissionScene({
    name: 'around',
    namespaces: { elsewhere: {}, ...Object.fromEntries(enrolled.map((name) => [name, labels(name)])) },
  })
  await kubectl(undefined, 'apply', '-f', 'crds/hipaamcpserver.yaml', '-f', 'crds/breakglassgrant.yaml')
  await kubectl(undefined, 'apply', '-k', 'config/webhook')
  const policy = await readFile('config/webhook/policy-pods.yaml', 'utf8')
  for (const document of parseAllDocuments(policy.replaceAll('localhost/hipaa-mcp:dev', sample.image)))
    await kubectl(document.toJS() as object, 'apply', '-f', '-')
  await kubectl(undefined, 'wait', '--for=condition=Established', 'crd/hipaamcpservers.hipaa-mcp.dev')
  authority = await loadAuthority(scene.client, authoritySecrets.own)
  await scene.admit(authority)
  const hostIP = (await takenSlots()).find(({ state }) => state === scene.cluster.state)?.hostIP as string
  others = await otherWebhooks([hostIP])
  for (const name of names)
    await kubectl(
      others.configuration(name, hostIP, name === 'sorts' ? 'IfNeeded' : 'Never'),
      'apply',
      '-f',
      '-',
    )
  const { metadata: _, ...server } = aServer()
  for (const namespace of enrolled)
    await scene.api.apply(`/apis/hipaa-mcp.dev/v1alpha1/namespaces/${namespace}/hipaamcpservers/ehr`, server)
  const range = (namespace: string, spec: object) =>
    scene.api.apply(`/api/v1/namespaces/${namespace}/limitranges/limits`, {
      apiVersion: 'v1',
      kind: 'LimitRange',
      ...spec,
    })
  await range(
    'limited',
    limit({ default: { cpu: '300m', memory: '300Mi' }, defaultRequest: { cpu: '7m', memory: '7Mi' } }),
  )
  await range('too-small', limit({ max: { memory: '32Mi' } }))
  await range('too-slow', limit({ max: { cpu: '1m' } }))
  // The app has room in it, and the sidecar beside it has none.
  for (const namespace of ['too-little', 'elsewhere'])
    await scene.api.apply(`/api/v1/namespaces/${namespace}/resourcequotas/quota`, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      spec: { hard: { 'limits.memory': '64Mi' } },
    })
  // Configurations, policies and kinds come into force a moment after they were applied.
  await until('a guarded pod is let in, and one without a user is not', 60, async () => {
    await create(aPod('early', 'clinic'), '?dryRun=All')
    return true
  })
  for (const name of names)
    await until(`${name} is asked`, 60, async () => {
      await refusal(aPod('early', where(name)))
      return (others.asked.get(name) ?? 0) > 0
    })
}, 600_000)

afterAll(async () => {
  others?.end()
  await scene?.end()
})

const own = (pod: Pod): Container[] => (pod.spec.initContainers ?? []).slice(0, 2)

/** Lets a pod in, which must be guarded whole. */
const wholeIn = async (namespace: string): Promise<Pod> => {
  const pod = await create(aPod('whole', namespace))
  const server = aServer({}, { namespace })
  expect(conforms(pod, server, sample)).toEqual([])
  expect(own(pod).map(({ name }) => name)).toEqual(['hipaa-mcp-guard', 'hipaa-mcp'])
  return pod
}

describe('beside another webhook', () => {
  verifies(
    'injection:beside',
    'Istio with its CNI plugin: ours stand before its own, which are tenants',
    async () => {
      const { spec } = await wholeIn(where('istio-cni'))
      expect(spec.initContainers?.slice(2).map(({ name }) => name)).toEqual([
        'istio-validation',
        'istio-proxy',
      ])
      expect(spec.initContainers?.at(-1)?.securityContext?.capabilities?.drop).toContain('ALL')
    },
  )

  for (const name of ['istio-init', 'linkerd'] as const)
    verifies(
      'injection:beside',
      `${name}: a packet filter of somebody else’s is refused, named`,
      async () => {
        const says = await refusal(aPod('filter', where(name)))
        expect(says).toContain(`spec.initContainers[${name === 'linkerd' ? 'linkerd-init' : name}]`)
        expect(says).toContain('NET_ADMIN is not allowed')
      },
    )

  verifies(
    'injection:beside',
    'variables and a mount for every container: the app keeps them, ours are as we made them',
    async () => {
      const { spec } = await wholeIn(where('irsa'))
      expect(spec.containers[0]?.env?.map(({ name }) => name)).toContain('AWS_ROLE_ARN')
      expect(JSON.stringify(spec.initContainers)).not.toContain('AWS_')
    },
  )

  verifies('injection:beside', 'one that drops restartPolicy: the sidecar has it again', async () => {
    const { spec } = await wholeIn(where('drops'))
    expect(own({ spec } as Pod).at(-1)?.restartPolicy).toBe('Always')
    expect(spec.containers[0]?.env).toEqual([{ name: 'TRACED', value: 'yes' }])
  })

  verifies(
    'injection:beside',
    'one that sorts containers and has the last word: refused, with the order that must be',
    async () => {
      expect(await refusal(aPod('sorted', where('sorts')))).toMatch(
        /first init containers|is not what admission puts there/,
      )
    },
  )

  verifies('injection:beside', 'variables that nobody knows in our containers: refused, named', async () => {
    expect(await refusal(aPod('meddled', where('meddles')))).toContain('spec.initContainers[hipaa-mcp')
  })

  verifies(
    'injection:beside',
    'a LimitRange: our containers keep their own amounts, and one too small refuses the pod itself',
    async () => {
      const pod = await wholeIn('limited')
      expect(pod.spec.containers[0]).toMatchObject({
        resources: { limits: { cpu: '300m', memory: '300Mi' } },
      })
      expect(
        own(pod).map(({ resources }) => (resources as { limits: { memory: string } }).limits.memory),
      ).toEqual(['256Mi', '512Mi'])
      expect(await refusal(aPod('small', 'too-small'))).toContain(
        'maximum memory usage per Container is 32Mi',
      )
    },
  )
})

/** Within every quota and range of this scene, by itself. */
function small(namespace: string, metadata?: object): Pod {
  const pod = aPod('small', namespace, metadata)
  const [app] = pod.spec.containers as [Container]
  const containers = [{ ...app, resources: { limits: { cpu: '1m', memory: '32Mi' } } }]
  return { ...pod, spec: { ...pod.spec, containers } }
}

verifies(
  'injection:beside',
  'no room is left for the sidecar: the pod does not start without it',
  async () => {
    expect(await refusal(small('elsewhere'))).toBe('it was let through')
    expect(await refusal(small('too-little', {}))).toBe('it was let through')

    expect(await refusal(small('too-little'))).toContain('exceeded quota')
    expect(await refusal(small('too-slow'))).toContain('maximum cpu usage per Container is 1m')
  },
)

verifies(
  'injection:outage',
  'a flood of huge pods is guarded or refused, and no other namespace waits for it',
  async () => {
    const { metadata: _, ...server } = aServer({}, { namespace: 'clinic' })
    // Each is read, live, for each pod.
    for (let i = 0; i < 100; i += 1)
      await scene.api.apply(
        `/apis/hipaa-mcp.dev/v1alpha1/namespaces/clinic/hipaamcpservers/more-${i}`,
        server,
      )
    const annotations = { [serverAnnotation]: 'ehr', 'example.com/fill': 'x'.repeat(200_000) }
    const flood = Promise.all(
      Array.from(
        { length: 150 },
        async (_, i) =>
          await create(aPod(`flood-${i}`, 'clinic', { annotations }), '?dryRun=All').catch(String),
      ),
    )
    const beside: string[] = []
    for (let i = 0; i < 10; i += 1) beside.push(await refusal(small('elsewhere', {})))

    const answers = await flood

    expect(new Set(beside)).toEqual(new Set(['it was let through']))
    const guarded = answers.filter((answer) => typeof answer !== 'string')
    expect(guarded).not.toEqual([])
    for (const pod of guarded) expect(conforms(pod, aServer({}, { namespace: 'clinic' }), sample)).toEqual([])
    for (const answer of answers)
      if (typeof answer === 'string') expect(answer).toMatch(/webhook|hipaa-mcp|timeout/i)
  },
)

/** Whatever happens to admission: nothing starts where it would be unguarded, and everything starts elsewhere. */
async function shut(says: RegExp): Promise<void> {
  // Asked for at once: who is not answered waits ten seconds for it.
  await until('pods of an enrolled namespace are refused', 60, async () => {
    const enrolled = [aPod('late', 'clinic'), aPod('bystander', 'clinic', {})]
    const answers = await Promise.all(enrolled.map(async (pod) => await refusal(pod)))
    return answers.every((answer) => says.test(answer))
  })
  expect(await refusal(small('elsewhere', {}))).toBe('it was let through')
}
const open = async (): Promise<void> => {
  await until(
    'pods are let in again',
    60,
    async () => (await refusal(aPod('again', 'clinic'))) === 'it was let through',
  )
}

/** Key and certificate of another server in the webhooks' place, valid for an hour from `at` on. */
async function identityFrom(at: number): Promise<{ key: string; cert: string }> {
  const keys = await crypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])
  const cert = await issue(
    authority,
    {
      publicKey: await x509.PublicKey.create(keys.publicKey),
      names: [`${services.webhook}.${systemNamespace}.svc`],
      usages: ['server'],
      seconds: 3600,
    },
    at,
  )
  return { key: await privateKeyPem(keys.privateKey), cert }
}

describe('without admission nothing unguarded starts in an enrolled namespace, and elsewhere everything does', () => {
  verifies('injection:outage', 'the webhooks were killed, and start again', async () => {
    await scene.silence()
    await shut(/failed calling webhook/)
    await scene.admit(authority)
    await open()
  })

  verifies('injection:outage', 'their certificate has expired, and a renewed one is served', async () => {
    await scene.silence()
    const day = 86_400_000
    const expired = createServer(await identityFrom(Date.now() - day), (_, response) => response.end())
    await new Promise<void>((resolve) => expired.listen(0, resolve))
    await leadWebhooksHere(scene.api, scene.cluster, (expired.address() as AddressInfo).port)
    await shut(/certificate has expired/)
    expired.closeAllConnections()
    expired.close()
    await scene.admit(authority)
    await open()
  })

  verifies(
    'injection:outage',
    'they take the question and never answer, as where they have too much to do',
    async () => {
      await scene.silence()
      const asked: string[] = []
      const silent = createServer(await identityFrom(Date.now()), ({ url = '' }) => asked.push(url))
      await new Promise<void>((resolve) => silent.listen(0, resolve))
      await leadWebhooksHere(scene.api, scene.cluster, (silent.address() as AddressInfo).port)
      await shut(/context deadline exceeded|Client\.Timeout/)
      expect(asked.filter((url) => url.startsWith('/inject/'))).not.toEqual([])
      silent.closeAllConnections()
      silent.close()
      await scene.admit(authority)
      await open()
    },
  )

  verifies(
    'injection:outage',
    'their Services were deleted, and the operator makes them again by the rights that it has',
    async () => {
      const services = async () =>
        await Promise.all(
          ownServices.map(
            async ({ metadata }) => await scene.client.get(kinds.service, systemNamespace, metadata.name),
          ),
        )
      process.env['KUBECONFIG'] = scene.cluster.kubeconfig
      const operator = await connectedAsOperator(scene.client)
      // Connections that stand are used without asking where the Service is.
      await scene.silence()
      const names = ownServices.map(({ metadata }) => metadata.name)
      await kubectl(undefined, 'delete', 'service', ...names, '-n', systemNamespace)
      await shut(/service .{1,2}hipaa-mcp-webhook.{1,2} not found/)

      const kept = keepBundles(operator.client, authority, quiet)
      await until('they are there again', 30, async () =>
        (await services()).every((one) => one !== undefined),
      )
      await until('nothing is missing', 30, async () => kept.reason() === undefined)
      kept.stop()
      await operator.close()

      expect(await services()).toMatchObject(ownServices)
      await scene.admit(authority)
      await open()
    },
  )
})

/** A Deployment of guarded pods, which has none yet. */
const deployment = (name: string, spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'told' },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations: { [serverAnnotation]: 'ehr' } },
      spec: { ...aPod(name, 'told').spec, ...spec },
    },
  },
})
/** What a command says of that namespace. */
async function asked(command: 'preflight' | 'doctor'): Promise<{ code: number; said: unknown }> {
  const where = ['-n', 'told', '--kubeconfig', scene.cluster.kubeconfig, '--json']
  const { code, out } = await hipaaMcp([command, ...where])
  return { code, said: JSON.parse(out) }
}

verifies(
  'injection:preflight',
  'of a real namespace preflight says before what the API server says after, and doctor of what came of it',
  async () => {
    for (const one of [deployment('well', {}), deployment('meddling', { hostPID: true })])
      await kubectl(one, 'apply', '-f', '-')
    const before = await asked('preflight')
    const { workloads } = before.said as { workloads: Finding[] }
    await kubectl(undefined, 'scale', 'deployment', '--all', '--replicas=1', '-n', 'told')
    let after = await asked('doctor')
    const checks = () => after.said as Check[]
    await until('both have been tried', 60, async () => {
      after = await asked('doctor')
      return checks().filter(({ part }) => part === 'pod').length === 2
    })

    const of = (name: string) => workloads.find(({ workload }) => workload === `deployment/${name}`)
    const [why = 'nothing'] = of('meddling')?.violations ?? []
    expect([before.code, after.code]).toEqual([1, 1])
    expect(of('well')).toMatchObject({ role: 'guarded', server: 'ehr', violations: [] })
    expect(why).toContain('hostPID')
    const lines = checks().map(({ name, state, says }) => `${state} ${name}: ${says}`)
    expect(
      lines.find((line) => line.startsWith('wrong told/deployment/meddling: its pods are refused')),
    ).toContain(why)
    expect(lines.find((line) => line.includes('told/well-'))).toContain('guarded by ehr, and not ready')
    // No operator runs here, nor is every kind there: that is said, and what is there is found in force.
    expect(lines).toContain('ok kind hipaamcpservers: served')
    expect(lines).toContain('wrong kind accessrevocations: it is not there: kubectl apply -k config/default')
    expect(lines).toContain('wrong operator: it is not there: kubectl apply -k config/default')
    expect(lines).toContain('wrong told/ehr: the operator has not looked at it: does it run?')
    for (const kind of ['mutating', 'validating'])
      expect(lines.find((line) => line.includes(`${kind} webhook: `))).toMatch(/^ok .* calls the operator/)
    expect(
      checks()
        .filter(({ name }) => name.startsWith('policy '))
        .map(({ name, state }) => [state, name]),
    ).toEqual(admissionPolicies.map((name) => ['ok', `policy ${name}`]))
  },
)
