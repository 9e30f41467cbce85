// Who is let into a guarded pod under an emergency, and that it is on record before.

import { expect, test } from 'vitest'
import { request } from '../../../cli/break-glass/request.ts'
import { serverAnnotation } from '../../../core/identifiers.ts'
import type { BreakGlassGrant } from '../../../crds/breakglassgrant.generated.ts'
import { grantOrders } from '../../../operator/access-orders.ts'
import { attemptOf } from '../../../operator/admission/attempts.ts'
import { judgeConnect } from '../../../operator/admission/connect.ts'
import type { Entry } from '../../../operator/admission/entry.ts'
import { judgeNew, judgePod, type Lookup } from '../../../operator/admission/judge.ts'
import type { Container, Pod } from '../../../operator/admission/pod.ts'
import type { Request, Verdict } from '../../../operator/admission/review.ts'
import { verifies } from '../../verifies.ts'
import { aGrant, aServer, now, onRecord } from '../world.ts'
import { aBystander, anApp, aPod, aRequest, restricted, surroundings } from './pods.ts'

const ehr = aServer()
const judged = judgeNew(
  aPod({}, { name: 'ehr-1', uid: 'uid-ehr-1', annotations: { [serverAnnotation]: 'ehr' } }),
  [ehr],
  surroundings,
)
const guarded = 'pod' in judged ? judged.pod : expect.fail('the pod was refused')
const lookup: Lookup = {
  servers: async () => [ehr],
  pod: async () => guarded,
  podSecurity: async () => 'privileged',
}

type Pods = NonNullable<BreakGlassGrant['spec']['pods']>
/** Approved ten minutes ago for half an hour: maria enters ehr-1. */
function forPods(pods: Partial<Pods> = {}, more: Parameters<typeof aGrant>[0] = {}): BreakGlassGrant {
  const grant = aGrant({ ...more, pods: { user: 'maria', names: ['ehr-1'], ways: ['Exec'], ...pods } })
  const { subject: _, patients: __, ...spec } = grant.spec
  return { ...grant, spec }
}

function anEntry(grants: BreakGlassGrant[], more: Partial<Entry> = {}) {
  const recorded: Parameters<NonNullable<Entry['record']>>[0][] = []
  const noted: unknown[] = []
  const entry: Entry = {
    grants: async () => grants,
    record: async (entered) => void recorded.push(entered),
    note: async ({ metadata }, pod, way) => void noted.push([metadata.name, pod, way]),
    now: () => now,
    ...more,
  }
  return { entry, recorded, noted }
}

const exec = (more: Partial<Request> = {}): Request =>
  aRequest(aBystander(), {
    operation: 'CONNECT',
    name: 'ehr-1',
    subResource: 'exec',
    object: { kind: 'PodExecOptions', container: 'app' },
    userInfo: { username: 'maria' },
    ...more,
  })
const said = (verdict: Verdict) => (verdict.allowed ? undefined : verdict.message)

verifies(
  'injection:connect',
  'who is named by a grant in force enters, and is on record by then and the pod noted',
  async () => {
    const { entry, recorded, noted } = anEntry([forPods()])

    const verdict = await judgeConnect(exec(), lookup, entry)

    expect(verdict).toEqual({ allowed: true, grant: 'night-1' })
    expect(recorded).toEqual([
      {
        review: 'request-1',
        entered: new Date(now).toISOString(),
        namespace: 'clinic',
        server: 'ehr',
        what: 'pods/exec',
        name: 'ehr-1',
        containers: ['app'],
        by: 'maria',
        grant: { name: 'night-1', uid: 'uid-night-1', requestedBy: 'asker', approvedBy: 'approver' },
      },
    ])
    expect(noted).toEqual([['night-1', { uid: 'uid-ehr-1', name: 'ehr-1' }, 'Exec']])
    expect(attemptOf(exec(), verdict)?.note).toBe(
      'maria was let in: pods/exec, under BreakGlassGrant night-1.',
    )
  },
)

verifies(
  'injection:connect',
  'what is recorded of the way names container and ports, and no word of a command',
  async () => {
    const command = ['grep', 'synthetic-patient', '/data']
    const asks: [way: Pods['ways'][number], subResource: string, object: object, into: object][] = [
      ['Exec', 'exec', { container: 'app', command }, { containers: ['app'], words: 3 }],
      // As the API server chooses where a pod has one.
      ['Exec', 'exec', { command: ['sh'] }, { containers: ['app'], words: 1 }],
      ['Attach', 'attach', { container: 'app', stdin: true }, { containers: ['app'] }],
      ['PortForward', 'portforward', { ports: [8080, 5432] }, { ports: [8080, 5432] }],
      ['PortForward', 'portforward', {}, {}],
    ]
    for (const [way, subResource, object, into] of asks) {
      const { entry, recorded } = anEntry([forPods({ ways: [way] })])

      expect(await judgeConnect(exec({ subResource, object }), lookup, entry)).toMatchObject({
        allowed: true,
      })

      const [{ containers, ports, words } = {}] = recorded
      expect({ containers, ports, words }).toEqual({
        containers: undefined,
        ports: undefined,
        words: undefined,
        ...into,
      })
      expect(JSON.stringify(recorded)).not.toContain('synthetic-patient')
    }
  },
)

const shut: [what: string, grants: BreakGlassGrant[], asked: Request][] = [
  ['no grant', [], exec()],
  ['a grant for patients', [aGrant()], exec()],
  ['one that nobody approved', [forPods({}, { approval: undefined })], exec()],
  [
    'one that who enters approved',
    [forPods({ user: 'approver' })],
    exec({ userInfo: { username: 'approver' } }),
  ],
  ['one that is over', [forPods({}, { minutes: 5 })], exec()],
  ['one that was ended', [forPods({}, { end: { by: 'asker', at: '2026-11-01T11:55:00Z' } })], exec()],
  ['another person’s', [forPods({ user: 'trent' })], exec()],
  ['another pod’s', [forPods({ names: ['ehr-2'] })], exec()],
  ['another server’s', [forPods({}, { server: 'lab' })], exec()],
  ['another way', [forPods({ ways: ['Attach', 'PortForward'] })], exec()],
  ['nobody’s name', [forPods({ user: '' })], exec({ userInfo: { username: '' } })],
  ['the proxy, which no grant names', [forPods()], exec({ subResource: 'proxy' })],
  ['the sidecar', [forPods()], exec({ object: { container: 'hipaa-mcp' } })],
  ['a container that is not there', [forPods()], exec({ object: { container: 'other' } })],
]
for (const [what, grants, asked] of shut)
  verifies('injection:connect', `a grant opens what it says and nothing else: ${what}`, async () => {
    const { entry, recorded, noted } = anEntry(grants)

    expect(said(await judgeConnect(asked, lookup, entry))).toContain('the guarded pod clinic/ehr-1')

    expect([recorded, noted]).toEqual([[], []])
  })

const away = async () => await Promise.reject(new Error('planted'))

verifies('injection:connect', 'without the collector nobody is let in', async () => {
  const { entry } = anEntry([forPods()], { record: away })

  expect(said(await judgeConnect(exec(), lookup, entry))).toContain(
    'the collector did not say that it is on record',
  )
})

verifies('access:session-end', 'nobody is let in whose pod could not be noted in the grant', async () => {
  const { entry } = anEntry([forPods()], { note: away })

  expect(said(await judgeConnect(exec(), lookup, entry))).toContain('it could not be noted in the grant')
  const nameless = {
    ...lookup,
    pod: async () => ({ ...guarded, metadata: { ...guarded.metadata, uid: undefined } }) as never,
  }
  expect(said(await judgeConnect(exec(), nameless, anEntry([forPods()]).entry))).toContain(
    'it could not be noted',
  )
  const dry = anEntry([forPods()])
  expect(await judgeConnect(exec({ dryRun: true }), lookup, dry.entry)).toMatchObject({ allowed: true })
  expect([dry.recorded, dry.noted]).toEqual([[], []])
})

verifies('injection:connect', 'who is refused is told a command that there is', async () => {
  const says = said(await judgeConnect(exec(), lookup, anEntry([]).entry)) ?? ''

  expect(says).toContain('this pod and this way: hipaa-mcp break-glass request --pods')
  expect(request.name).toBe('break-glass request')
  expect(request.options).toHaveProperty('pods')
})

verifies('injection:connect', 'who is not the API server learns nothing and lets nobody in', async () => {
  for (const absent of [{ record: undefined }, { note: undefined }]) {
    const { entry, recorded, noted } = anEntry([forPods()], absent)

    expect(said(await judgeConnect(exec(), lookup, entry))).toContain('it is not the API server who asks')
    expect([recorded, noted]).toEqual([[], []])
  }
})

function debug(more: Partial<Container> = {}): Container {
  const { livenessProbe: _, readinessProbe: __, ...app } = anApp({ volumeMounts: [], ports: [] })
  return { ...app, name: 'debug', securityContext: restricted, ...more }
}
const { seccompProfile: _, ...unconfined } = restricted
const { runAsUser: __, ...anyUser } = restricted
function debugging(container: Container, more: Partial<Request> = {}): Request {
  const pod: Pod = { ...guarded, spec: { ...guarded.spec, ephemeralContainers: [container] } }
  return exec({
    operation: 'UPDATE',
    subResource: 'ephemeralcontainers',
    object: pod,
    oldObject: guarded,
    ...more,
  })
}
const debugs = [forPods({ ways: ['EphemeralContainers'] })]

verifies('injection:connect', 'an ephemeral container is let in under a grant, as a tenant', async () => {
  const { entry, recorded, noted } = anEntry(debugs)

  const verdict = await judgePod(debugging(debug()), lookup, surroundings, entry)

  expect(verdict).toEqual({ allowed: true, grant: 'night-1' })
  expect(recorded).toMatchObject([
    { what: 'pods/ephemeralcontainers', name: 'ehr-1', containers: ['debug'], by: 'maria' },
  ])
  expect(noted).toEqual([['night-1', { uid: 'uid-ehr-1', name: 'ehr-1' }, 'EphemeralContainers']])
})

const hostile: [what: string, container: Container, field: string][] = [
  ['the sidecar’s user', debug({ securityContext: { ...restricted, runAsUser: 64_102 } }), 'runAsUser'],
  ['any user', debug({ securityContext: anyUser }), 'runAsUser'],
  ['capabilities', debug({ securityContext: { ...restricted, capabilities: {} } }), 'securityContext'],
  ['privileged', debug({ securityContext: { ...restricted, privileged: true } }), 'privileged'],
  ['no seccomp profile', debug({ securityContext: unconfined }), 'securityContext'],
  ['the sidecar’s processes', debug({ targetContainerName: 'hipaa-mcp' }), 'targetContainerName'],
  ['the sidecar’s name', debug({ name: 'hipaa-mcp' }), 'name'],
]
for (const [what, container, field] of hostile)
  verifies('injection:connect', `no grant lets an ephemeral container have ${what}`, async () => {
    const { entry, recorded } = anEntry(debugs)

    expect(said(await judgePod(debugging(container), lookup, surroundings, entry))).toContain(field)

    expect(recorded).toEqual([])
  })

verifies('injection:connect', 'the rest of the pod stays as it was under a grant as well', async () => {
  const { entry } = anEntry(debugs)
  const asked = debugging(debug())
  const pod = asked.object as Pod
  const other = { ...pod, spec: { ...pod.spec, hostAliases: [{ ip: '192.0.2.1' }] } }

  expect(said(await judgePod({ ...asked, object: other }, lookup, surroundings, entry))).toContain(
    'hostAliases',
  )
})

verifies(
  'audit:admission',
  'an ephemeral container that the webhook refuses is an Event as well',
  async () => {
    const asked = debugging(debug())
    const verdict = await judgePod(asked, lookup, surroundings, anEntry([]).entry)

    expect(attemptOf(asked, verdict)).toMatchObject({ reason: 'EphemeralContainerRefused' })
  },
)

test('a grant for pods widens no call', () => {
  expect(grantOrders([forPods(), aGrant({}, {}, onRecord())], now)).toHaveLength(1)
})

verifies('injection:connect', 'nobody enters a pod that took the place of the one on record', async () => {
  const pods = [guarded, { ...guarded, metadata: { ...guarded.metadata, uid: 'uid-of-another' } }]
  const { entry, noted } = anEntry([forPods()])

  const verdict = await judgeConnect(exec(), { ...lookup, pod: async () => pods.shift() }, entry)

  expect(said(verdict)).toContain('the pod clinic/ehr-1 was replaced meanwhile')
  expect(noted).toHaveLength(1)
})
