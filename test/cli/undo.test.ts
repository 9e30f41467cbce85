import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Workload } from '../../operator/objects.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { type ApiServer, anApiServer } from './api-server.ts'

let api: ApiServer
beforeEach(async () => {
  api = await anApiServer()
})
afterEach(() => api.end())

const ran = async (...args: string[]) =>
  await hipaaMcp(['undo', 'deployment/ehr-mcp', '-n', 'clinic', ...args, '--kubeconfig', api.kubeconfig], 200)
const server = 'hipaa-mcp.dev/server'
const strategy = 'hipaa-mcp.dev/strategy'
const single = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
const before = { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } }
const ours = [
  {
    manager: 'hipaa-mcp-operator',
    fieldsV1: { 'f:spec': { 'f:template': { 'f:metadata': { 'f:annotations': { [`f:${server}`]: {} } } } } },
  },
]

/** In the midst of being guarded. */
const workload = (more: object = {}): Workload => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'ehr-mcp',
    namespace: 'clinic',
    uid: 'uid-1',
    resourceVersion: '77',
    annotations: { [server]: 'ehr', [strategy]: JSON.stringify(before), 'example.org/team': 'records' },
    managedFields: ours,
    ...more,
  } as Workload['metadata'],
  spec: {
    strategy: single,
    template: { metadata: { annotations: { [server]: 'ehr' }, labels: { app: 'ehr' } } as object },
  },
})
const patch = {
  metadata: { resourceVersion: '77', annotations: { [server]: null, [strategy]: null } },
  spec: { template: { metadata: { annotations: { [server]: null } } }, strategy: before },
}

type Answers = { found?: Workload; events?: number; patched?: number; servers?: object[]; enrolled?: boolean }

/** Answers by path, in the order in which undo asks. */
function answers({
  found = workload(),
  events = 201,
  patched = 200,
  servers = [],
  enrolled = false,
}: Answers = {}) {
  api.answers = [
    { status: 200, body: found },
    { status: 200, body: { items: servers } },
    {
      status: 200,
      body: { metadata: { labels: enrolled ? { 'hipaa-mcp.dev/enforce': 'true' } : {} }, items: servers },
    },
    { status: 201, body: { status: { userInfo: { username: 'nora' } } } },
    { status: events, body: {} },
    { status: events, body: {} },
    { status: patched, body: {} },
  ]
}
const writes = () => api.asked.filter(({ method }) => method !== 'GET')
const sent = () => writes().map(({ method, path }) => `${method} ${path.split('/').at(-1)}`)

verifies(
  'injection:undo',
  'what was put there goes, the author’s strategy comes back, and nothing else changes',
  async () => {
    answers()

    const { code, out } = await ran('--yes', '--reason', 'agents lost their certificates')

    expect(code).toBe(0)
    expect(sent()).toEqual(['POST selfsubjectreviews', 'POST events', 'POST events', 'PATCH ehr-mcp'])
    expect(writes().at(-1)?.body).toEqual(patch)
    expect(out).toContain('spec.strategy: as it was before')
  },
)

verifies('injection:undo', 'an Event on the workload and its server says who did it and why', async () => {
  answers({
    servers: [{ metadata: { name: 'ehr', namespace: 'clinic', uid: 'uid-ehr' }, spec: { workload: {} } }],
  })

  await ran('--yes', '--reason', 'agents lost their certificates')

  const said = writes().filter(({ path }) => path.endsWith('/events')) as {
    body: { regarding: object; note: string; reason: string }
  }[]
  expect(said.map(({ body }) => body.regarding)).toEqual([
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'ehr-mcp', uid: 'uid-1', namespace: 'clinic' },
    // kubectl describe asks by UID too.
    {
      apiVersion: 'hipaa-mcp.dev/v1alpha1',
      kind: 'HipaaMcpServer',
      name: 'ehr',
      uid: 'uid-ehr',
      namespace: 'clinic',
    },
  ])
  for (const { body } of said) {
    expect(body.reason).toBe('GuardUndone')
    expect(body.note).toBe(
      'nora puts deployment/ehr-mcp back as it was before it was guarded: agents lost their certificates',
    )
  }
})

verifies('injection:undo', 'what cannot be written down is not done', async () => {
  answers({ events: 403 })

  const { code, notes } = await ran('--yes', '--reason', 'x')

  expect(code).toBe(3)
  expect(notes).toContain('ask for the right to create events')
  expect(sent()).not.toContain('PATCH ehr-mcp')
})

for (const [args, code] of [
  [[], 1],
  [['--dry-run'], 0],
  [['--dry-run', '--yes', '--reason', 'x'], 0],
] as const)
  verifies('injection:undo', `nothing is written with ${args.join(' ') || 'no option'}`, async () => {
    answers()

    const ended = await ran(...args)

    expect(ended.code).toBe(code)
    expect(ended.out).toContain('would change')
    expect(writes()).toEqual([])
  })

test('an undo without a reason, of a kind that has none, or of nothing at all is a wrong command line', async () => {
  expect((await ran('--yes')).code).toBe(2)
  for (const wrong of ['job/import', 'pod/x', 'deployment', 'deployment/a/b'])
    expect((await hipaaMcp(['undo', wrong, '-n', 'clinic'], 100)).code, wrong).toBe(2)
})

test('what its author wrote on the template stays, and is named', async () => {
  answers({ found: workload({ managedFields: [], annotations: { [server]: 'ehr' } }) })

  const { out } = await ran('--dry-run', '--json')

  const plan = JSON.parse(out) as { patch: object; notes: string[] }
  expect(plan.patch).toEqual({ metadata: { resourceVersion: '77', annotations: { [server]: null } } })
  expect(plan.notes.join()).toContain('and not by us')
})

test('whose author wrote the server on the template stays guarded: nothing is said of bystanders', async () => {
  answers({ found: workload({ managedFields: [], annotations: {} }), enrolled: true })

  const { out } = await ran('--dry-run')

  expect(out).toContain('and not by us')
  expect(out).not.toContain('bystanders')
})

test('a strategy that somebody changed meanwhile stays', async () => {
  const found = workload()
  answers({ found: { ...found, spec: { ...found.spec, strategy: { type: 'Recreate' } } } })

  const { patch: planned } = JSON.parse((await ran('--dry-run', '--json')).out) as { patch: { spec: object } }

  expect(planned.spec).toEqual({ template: { metadata: { annotations: { [server]: null } } } })
})

test('it says what undoing does not reach: a selector that claims the pods, an enrolled namespace', async () => {
  const claiming = {
    metadata: { name: 'ehr' },
    spec: { workload: { selector: { matchLabels: { app: 'ehr' } } } },
  }
  answers({ servers: [claiming], enrolled: true })
  expect((await ran('--dry-run')).out).toContain('HipaaMcpServer ehr claims its pods')

  answers({ enrolled: true })
  const { out } = await hipaaMcp([
    'undo',
    'deployment/ehr-mcp',
    '-n',
    'clinic',
    '--dry-run',
    '--kubeconfig',
    api.kubeconfig,
  ])
  expect(out.replaceAll(/\s+/g, ' ')).toContain('its new pods are bystanders')
  expect(Math.max(...out.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
})

test('a value of the workload makes no line of its own', async () => {
  answers({ found: workload({ annotations: { [server]: 'ehr\nNote: nothing is changed' } }) })

  expect((await ran('--dry-run')).out).toContain(String.raw`ehr\u000aNote: nothing is changed`)
})

test('a workload with nothing of ours is left alone, and one that changed meanwhile too', async () => {
  const free = workload({ annotations: {}, managedFields: [] })
  answers({ found: { ...free, spec: { template: {} } } })
  const none = await ran('--yes', '--reason', 'x')
  expect([none.code, none.out.trim(), writes()]).toEqual([
    1,
    'deployment/ehr-mcp: nothing of ours is on it',
    [],
  ])

  answers({ patched: 409 })
  expect((await ran('--yes', '--reason', 'x')).notes).toContain('run undo again')
})

verifies(
  'injection:undo',
  'the moment at which its pods were replaced for an update goes with it',
  async () => {
    const found = workload() as { spec: { template: object } }
    const annotations = { [server]: 'ehr', 'hipaa-mcp.dev/restarted-at': '2026-11-01T12:00:00Z' }
    answers({
      found: { ...found, spec: { ...found.spec, template: { metadata: { annotations } } } } as never,
    })

    const { patch: planned } = JSON.parse((await ran('--dry-run', '--json')).out) as {
      patch: { spec: { template: object } }
    }

    expect(planned.spec.template).toEqual({
      metadata: { annotations: { [server]: null, 'hipaa-mcp.dev/restarted-at': null } },
    })
  },
)
