// What preflight says is what admission says: the same judgement, asked beforehand.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { judgeInjection } from '../../operator/admission/judge.ts'
import { surroundings } from '../operator/admission/pods.ts'
import { aServer } from '../operator/world.ts'
import { hipaaMcp, type Ran } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { type ApiServer, anApiServer } from './api-server.ts'

let api: ApiServer
beforeEach(async () => {
  api = await anApiServer()
})
afterEach(() => api.end())

async function ran(...args: string[]): Promise<Ran & { widest: number }> {
  const result = await hipaaMcp(args)
  return { ...result, widest: Math.max(...result.out.split('\n').map(({ length }) => length)) }
}

type Spec = { [member: string]: unknown }
const app = (more: Spec = {}): Spec => ({
  name: 'app',
  image: 'registry.example/ehr:1',
  ports: [{ containerPort: 8080 }],
  securityContext: { runAsUser: 1000 },
  ...more,
})
const deployment = (name: string, spec: Spec = {}, annotations: { [name: string]: string } = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'clinic', annotations },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [app()], ...spec } },
  },
})
const guarded = { 'hipaa-mcp.dev/server': 'ehr' }

function fileOf(...objects: object[]): string {
  const file = join(api.folder, 'manifests.yaml')
  writeFileSync(file, objects.map((object) => stringify(object)).join('---\n'))
  return file
}
const offline = async (...objects: object[]) => await ran('preflight', '--offline', '-f', fileOf(...objects))

verifies(
  'injection:preflight',
  'a workload that can be guarded, one that is a store, and a bystander',
  async () => {
    const server = aServer({ stores: [{ name: 'db', pods: { matchLabels: { app: 'ehr-db' } }, port: 5432 }] })
    const { code, out } = await offline(
      server,
      deployment('ehr-mcp', {}, guarded),
      deployment('ehr-db'),
      deployment('web'),
    )

    expect(code).toBe(0)
    expect(out).toMatch(/deployment\/ehr-mcp +guarded by ehr/)
    expect(out).toMatch(/deployment\/ehr-db +a store/)
    expect(out).toMatch(/deployment\/web +a bystander/)
  },
)

const refused: [string, Spec, string][] = [
  ['the network of its node', { hostNetwork: true }, 'hostNetwork'],
  ['no user', { containers: [app({ securityContext: {} })] }, 'runAsUser'],
  ['our user', { containers: [app({ securityContext: { runAsUser: 64101 } })] }, 'choose another'],
  ['a volume of its node', { volumes: [{ name: 'x', hostPath: { path: '/' } }] }, 'hostPath'],
  [
    'SETUID',
    { containers: [app({ securityContext: { runAsUser: 1000, capabilities: { add: ['SETUID'] } } })] },
    'SETUID',
  ],
]
for (const [what, spec, says] of refused)
  verifies('injection:preflight', `a workload with ${what}: refused in admission’s own words`, async () => {
    const wrong = deployment('ehr-mcp', spec, guarded)
    const { code, out, widest } = await offline(aServer(), wrong)
    const pod = {
      metadata: { annotations: guarded, labels: { app: 'ehr-mcp' }, namespace: 'clinic' },
      spec: wrong.spec.template.spec,
    }
    const verdict = await judgeInjection(
      {
        uid: '1',
        operation: 'CREATE',
        namespace: 'clinic',
        resource: { group: '', version: 'v1', resource: 'pods' },
        object: pod,
      },
      {
        servers: async () => [aServer()],
        pod: async () => undefined,
        podSecurity: async () => 'privileged',
      },
      surroundings,
    )

    expect(code).toBe(1)
    expect(out).toContain(says)
    expect(widest).toBeLessThanOrEqual(80)
    if (verdict.allowed) throw new Error('Admission lets it in')
    // Wrapped on the screen: compared without its spaces.
    expect(out.replaceAll(/\s+/g, '')).toContain(
      (verdict.message.replace('hipaa-mcp: ', '').split('; ')[0] as string).replaceAll(/\s+/g, ''),
    )
  })

test('a server that is not there yet is named, and a workload that is named is judged as if one were', async () => {
  const absent = await offline(deployment('ehr-mcp', {}, guarded))
  expect(absent.code).toBe(1)
  expect(absent.out).toContain('there is no HipaaMcpServer')
  // What would be refused as well, once there is one: at once, and each thing once.
  const worse = await offline(
    deployment(
      'ehr-mcp',
      {
        hostPID: true,
        containers: [app({ securityContext: { runAsUser: 1000, capabilities: { add: ['NET_RAW'] } } })],
      },
      guarded,
    ),
  )
  expect(worse.out).toContain('there is no HipaaMcpServer')
  expect(worse.out).toContain('spec.hostPID')
  expect(worse.out.match(/NET_RAW/g)).toHaveLength(1)

  const file = fileOf(deployment('web'), deployment('bad', { hostPID: true }))
  expect((await ran('preflight', 'deployment/web', '--offline', '-f', file)).out).toContain('can be guarded')
  expect(await ran('preflight', 'deployment/bad', '--offline', '-f', file)).toMatchObject({ code: 1 })
})

test('a namespace of the cluster: its workloads, its servers, and what its labels forbid', async () => {
  const { kind: _, ...item } = deployment('ehr-mcp', {}, guarded)
  const owned = {
    metadata: { name: 'ehr-mcp-1', ownerReferences: [{ controller: true }] },
    spec: item.spec.template.spec,
  }
  api.answer = (path) => {
    if (path.endsWith('/hipaamcpservers')) return { items: [aServer()] }
    if (path.endsWith('/deployments')) return { items: [item] }
    if (path.endsWith('/pods')) return { items: [owned] }
    if (path.endsWith('/namespaces/clinic'))
      return { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } }
    return { items: [] }
  }
  const { code, out } = await ran('preflight', '-n', 'clinic', '--kubeconfig', api.kubeconfig)
  expect(code).toBe(1)
  expect(out).toMatch(/deployment\/ehr-mcp +guarded by ehr/)
  expect(out).not.toContain('ehr-mcp-1')
  expect(out).toContain('NET_ADMIN')
  expect(out).toContain('it is not enrolled')

  const json = await ran('preflight', '-n', 'clinic', '--kubeconfig', api.kubeconfig, '--json')
  expect(JSON.parse(json.out)).toMatchObject({
    workloads: [{ workload: 'deployment/ehr-mcp', role: 'guarded', server: 'ehr', violations: [] }],
  })
})

const usage: [string, string[], number, RegExp][] = [
  ['nothing to judge', ['preflight'], 2, /--namespace, or --file/],
  ['an unknown kind', ['preflight', 'replicaset/x', '-n', 'clinic'], 2, /KIND\/NAME/],
  ['a file without a workload', ['preflight', '--offline', '-f', '/dev/null'], 3, /no workload/],
]
for (const [what, args, code, says] of usage)
  test(`${what} exits ${code} and says so`, async () => {
    const result = await ran(...args)
    expect(result.code).toBe(code)
    expect(result.notes).toMatch(says)
  })

test('a helper whose port is not declared, with what to write; it hinders nothing', async () => {
  const helper = { ...app({ name: 'cache', ports: [{ containerPort: 6379 }] }) }
  const pods = deployment('ehr-mcp', { containers: [app(), helper] }, guarded)
  const says = 'write workload: {loopback: [6379]} in its HipaaMcpServer'

  const { code, out } = await offline(aServer(), pods)
  expect(code).toBe(0)
  expect(out).toMatch(/deployment\/ehr-mcp +guarded by ehr/)
  expect(out.replaceAll(/\s+/g, ' ')).toContain(says)

  const { workload } = aServer().spec
  const declared = await offline(
    aServer({ workload: { ...workload, container: 'app', loopback: [6379] } }),
    pods,
  )
  expect(declared.code).toBe(0)
  expect(declared.out).not.toContain('6379')
})

async function saidOf(more: Spec): Promise<{ code: number; out: string }> {
  const { code, out } = await offline(aServer(), deployment('ehr-mcp', { containers: [app(more)] }, guarded))
  return { code, out: out.replaceAll(/\s+/g, ' ') }
}

verifies('injection:preflight', 'an image that may change its user, with what to write', async () => {
  const write = 'write the number of the server’s user as securityContext.runAsUser'

  const refused = await saidOf({ command: ['gosu', 'ehr', 'server'] })
  expect(refused.code).toBe(1)
  expect(refused.out).toContain('spec.containers[app].command: names gosu, which changes the user')
  expect(refused.out.split(write)).toHaveLength(2)
  for (const [more, hint] of [
    [{ args: ['su-exec', 'ehr', 'server'] }, 'spec.containers[app]: names su-exec'],
    [{ securityContext: { runAsUser: 0 } }, 'where its image begins as root and changes its user itself'],
  ] as const) {
    const { code, out } = await saidOf(more)
    expect(code).toBe(0)
    expect(out).toContain('guarded by ehr')
    expect(out).toContain(hint)
    expect(out).toContain(write)
  }
  // Numbers where words belong are the API server's to refuse.
  expect((await saidOf({ command: ['sleep', 60] })).out).not.toContain(write)
})

verifies(
  'injection:preflight',
  'what admission will put right, for a controller’s pods show no warning',
  async () => {
    for (const [dnsPolicy, says] of [
      ['Default', true],
      ['ClusterFirst', false],
    ] as const) {
      const pods = { containers: [app()], terminationGracePeriodSeconds: 30, dnsPolicy }
      const { code, out } = await offline(aServer(), deployment('ehr-mcp', pods, guarded))
      expect(code).toBe(0)
      expect(out.includes('spec.dnsPolicy: None stands instead')).toBe(says)
      expect(out.includes('stands instead')).toBe(says)
    }
  },
)

test('of a workload that no server guards yet, the container with the first port is taken for the server', async () => {
  const cache = app({ name: 'cache', ports: [{ containerPort: 6379 }] })
  const server = app({ ports: [{ containerPort: 8080 }, { containerPort: 8081 }] })
  const file = fileOf(deployment('web', { containers: [server, cache] }))
  const { out } = await ran('preflight', 'deployment/web', '--offline', '-f', file)
  const hints = out.replaceAll(/\s+/g, ' ')

  expect(hints).toContain('port 8081 of container app is reached by no other pod')
  expect(hints).toContain('port 6379 of container cache is reached by nobody')
})

verifies('injection:preflight', 'a Job that bears the annotation itself, which guards nothing', async () => {
  const job = { ...deployment('import', {}, guarded), apiVersion: 'batch/v1', kind: 'Job' }
  const { code, out } = await offline(aServer(), job)
  const cron = { ...job, kind: 'CronJob', spec: { jobTemplate: { spec: job.spec } } }

  expect(code).toBe(1)
  expect(out.replaceAll(/\s+/g, ' ')).toContain('write it under spec.template.metadata.annotations')
  expect((await offline(aServer(), cron)).code).toBe(0)
})
