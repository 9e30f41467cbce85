import { expect, test } from 'vitest'
import { containers, guardedLabel } from '../../../core/identifiers.ts'
import type { BreakGlassGrant } from '../../../crds/breakglassgrant.generated.ts'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { inject } from '../../../operator/admission/inject.ts'
import type { Container, Pod as WholePod } from '../../../operator/admission/pod.ts'
import { ApiError } from '../../../operator/cluster/client.ts'
import type { Say } from '../../../operator/cluster/events.ts'
import { kinds } from '../../../operator/cluster/kinds.ts'
import type { MutableStore } from '../../../operator/cluster/store.ts'
import type { Pod, Workload } from '../../../operator/objects.ts'
import { evictor } from '../../../operator/rollout/evict.ts'
import { faultOf, longestWait, nextOf, type Suspect } from '../../../operator/watchdog/judge.ts'
import { proofOf } from '../../../operator/watchdog/proof.ts'
import {
  type Progress,
  type Rolled,
  restarted,
  restartedAt,
  rollsByItself,
  turnsOf,
} from '../../../operator/watchdog/restart.ts'
import { watchdog } from '../../../operator/watchdog/watch.ts'
import { verifies } from '../../verifies.ts'
import { aPod as aWholePod, surroundings } from '../admission/pods.ts'
import { quiet } from '../cluster/scripted-api.ts'
import { aGrant, aPod, aServer, aWorkload, aWorld, type Things } from '../world.ts'

const server = aServer()
const sound = (inject(aWholePod(), server, surroundings) as { pod: WholePod }).pod
function but(change: (pod: WholePod) => void): WholePod {
  const pod = structuredClone(sound)
  change(pod)
  return pod
}
const withoutSidecar = but(({ spec }) => {
  spec.initContainers = (spec.initContainers ?? []).filter(({ name }) => name !== containers.sidecar)
})
const otherImage = but(({ spec }) => {
  for (const container of spec.initContainers ?? []) container.image = 'evil:1'
})
const otherPort = but(({ spec }) => {
  for (const { env = [] } of spec.initContainers ?? [])
    for (const one of env) if (one.name === 'HIPAA_MCP_UPSTREAM_PORT') one.value = '9999'
})
/** As versions made it that proved the filter in a container of its own. */
const guardedByTwo = but(({ spec }) => {
  const [guard, ...others] = spec.initContainers ?? []
  if (guard === undefined) throw new Error('the guard stands first')
  spec.initContainers = [
    { ...guard, command: guard.command?.slice(0, -1) ?? [] },
    { ...guard, name: 'hipaa-mcp-guard-check', securityContext: { runAsUser: 64_103 } },
    ...others,
  ]
})
const weakened = but(({ spec }) => {
  spec.containers[0]!.securityContext = { runAsUser: 1000 }
})

const restricted = {
  runAsUser: 1000,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
}
/** `began`: when its ephemeral container did. */
function debugged(began?: string, more: Partial<Container> = {}): WholePod {
  return {
    ...sound,
    spec: {
      ...sound.spec,
      ephemeralContainers: [{ name: 'debug', image: 'tools:1', securityContext: restricted, ...more }],
    },
    status: {
      ephemeralContainerStatuses: began === undefined ? [] : [{ state: { running: { startedAt: began } } }],
    },
  }
}
const privileged = debugged(undefined, { securityContext: { ...restricted, privileged: true } })
const debuggedOfBefore = debugged()
debuggedOfBefore.spec = {
  ...otherPort.spec,
  ephemeralContainers: debuggedOfBefore.spec.ephemeralContainers ?? [],
}
const debuggedForeign = debugged()
debuggedForeign.spec = {
  ...otherImage.spec,
  ephemeralContainers: debuggedForeign.spec.ephemeralContainers ?? [],
}

const faults: [what: string, pod: WholePod, expected: string | undefined][] = [
  ['a pod as admission makes it', sound, undefined],
  ['no sidecar', withoutSidecar, 'Foreign'],
  ['another image in our containers', otherImage, 'Foreign'],
  ['made before the server’s port changed', otherPort, 'Differs'],
  ['made before one container both set and proved the filter', guardedByTwo, 'Differs'],
  ['an app that may have raw sockets', weakened, 'Differs'],
  ['an ephemeral container', debugged(), 'Debugged'],
  ['an ephemeral container that no grant lets in', privileged, 'Differs'],
  ['an ephemeral container in a pod of before', debuggedOfBefore, 'Differs'],
  ['an ephemeral container beside another image', debuggedForeign, 'Foreign'],
]
for (const [what, pod, expected] of faults)
  verifies('injection:watchdog', `what a pod is: ${what}`, () => {
    expect(faultOf(pod, server, surroundings)?.what).toBe(expected)
  })

const suspect = (name: string, more: Partial<Suspect> = {}): Suspect => ({
  name,
  server: 'clinic/ehr',
  fault: { what: 'Differs', violations: ['x'] },
  madeAnew: true,
  since: 0,
  ...more,
})
const foreign = { fault: { what: 'Foreign' as const, violations: ['x'] } }
const turns: [
  when: string,
  suspects: Suspect[],
  othersReady: boolean,
  now: number,
  expected: string | undefined,
][] = [
  ['nothing is wrong', [], true, 0, undefined],
  ['one differs, and the others are ready', [suspect('a')], true, 0, 'a'],
  ['one differs, and another is not ready', [suspect('a')], false, longestWait - 1, undefined],
  ['another is held unready for long', [suspect('a')], false, longestWait, 'a'],
  ['nothing would make it anew', [suspect('a', { madeAnew: false })], true, longestWait, undefined],
  ['one is foreign', [suspect('a'), suspect('b', { ...foreign, madeAnew: false, since: 5 })], false, 5, 'b'],
  ['the longest known first', [suspect('a', { since: 5 }), suspect('b')], true, 5, 'b'],
]
for (const [when, suspects, othersReady, now, expected] of turns)
  verifies('injection:watchdog', `which one goes: ${when}`, () => {
    expect(nextOf(suspects, () => othersReady, now)?.name).toBe(expected)
  })

const owned = {
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'ehr-1', uid: 'u', controller: true }],
}
const guarded = (name: string, ready = true): Pod => ({
  ...aPod(name, { labels: { [guardedLabel]: 'ehr' }, ...owned }),
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})

const epoch = Date.parse('2026-11-01T12:00:00Z')

/**
 * `from`: the time of day at which it begins. `whole`: what the API server has, by name; a pod that is not named is sound, and one that is `broken` cannot be read.
 * `statuses`: what it answers to an eviction, by name. `registered`: images of the ConfigMap, now.
 */
function scene(
  things: Things,
  whole: { [name: string]: WholePod | 'broken' } = {},
  {
    statuses = {},
    registered = [],
    from = epoch + 1_000_000,
  }: { statuses?: { [name: string]: number }; registered?: string[]; from?: number } = {},
) {
  const { world } = aWorld(things)
  const read: string[] = []
  const evicted: string[] = []
  const restarts: string[] = []
  const said: Say[] = []
  const warned: unknown[] = []
  let time = 1_000_000
  const log = { ...quiet, warn: (what: string) => void warned.push(what) }
  const made = watchdog({
    world,
    client: {
      get: async (kind, __, name) => {
        if (kind === kinds.configMap) return { data: { images: registered.join('\n') } } as never
        read.push(name)
        const pod = whole[name] ?? sound
        if (pod === 'broken') throw new ApiError(500, 'InternalError', 'planted')
        return { ...pod, metadata: { ...pod.metadata, name, uid: `uid-${name}` } } as never
      },
      // As the API server: what is written is in the world when one looks again.
      patch: async (_, namespace, name, body) => {
        restarts.push(name)
        const store = world.deployments as MutableStore<Workload>
        const { metadata, spec, ...rest } = store.get(namespace, name) as Workload
        const { template } = (body as Workload).spec
        store.set({ ...rest, metadata, spec: { ...spec, template } })
        return {} as never
      },
    },
    events: { say: (one) => void said.push(one) },
    evictor: evictor({
      client: {
        delete: async () => expect.fail('no pod is deleted'),
        post: async (path) => {
          const name = path.split('/').at(-2) as string
          const status = statuses[name] ?? 201
          if (status >= 400) throw new ApiError(status, 'Planted', 'planted')
          evicted.push(name)
          return {} as never
        },
      },
      log: quiet,
      now: () => time,
    }),
    surroundings,
    log,
    now: () => time,
    date: () => from + time - 1_000_000,
  })
  const wait = (milliseconds: number) => void (time += milliseconds)
  return { made, world, read, evicted, restarts, said, warned, registered, wait }
}

verifies(
  'injection:watchdog',
  'what does not conform is evicted, one at a time, with Events and a count',
  async () => {
    const { made, evicted, said, wait } = scene(
      { pods: ['a', 'b', 'c'].map((name) => guarded(name)) },
      { b: otherImage, c: withoutSidecar },
    )

    await made.look()
    const first = [...evicted]
    await made.look()
    const atOnce = [...evicted]
    wait(10_000)
    await made.look()

    expect([first, atOnce, evicted]).toEqual([['b'], ['b'], ['b', 'c']])
    expect(said.map(({ about, reason }) => `${about.metadata.name} ${reason}`).toSorted()).toEqual([
      'b NotConformingEvicted',
      'b PodNotConforming',
      'c NotConformingEvicted',
      'c PodNotConforming',
    ])
    expect(said.find(({ reason }) => reason === 'PodNotConforming')?.note).toContain('spec.initContainers')
    expect(made.counts()).toEqual([{ server: 'clinic/ehr', count: 2 }])
  },
)

for (const status of [429, 500, 403])
  verifies('injection:watchdog', `one is held (${status}): it is said, and the next goes`, async () => {
    const { made, evicted, said, wait } = scene(
      { pods: ['a', 'b', 'c'].map((name) => guarded(name)) },
      { a: otherImage, b: withoutSidecar, c: otherImage },
      { statuses: { a: status } },
    )

    await made.look()
    const first = [...evicted]
    wait(10_000)
    await made.look()

    expect([first, evicted]).toEqual([['b'], ['b', 'c']])
    expect(said.filter(({ reason }) => reason === 'DisruptionBudgetHolds').length).toBe(1)
  })

verifies('injection:watchdog', 'one that cannot be judged hides no other', async () => {
  const pods = Array.from({ length: 25 }, (_, index) => guarded(`a${index}`))
  const broken = Object.fromEntries(pods.map(({ metadata }) => [metadata.name, 'broken' as const]))
  const { made, read, evicted, warned, wait } = scene(
    { pods: [...pods, guarded('z')] },
    { ...broken, z: otherImage },
  )

  await made.look()
  await made.look()
  expect(evicted).toEqual(['z'])
  expect(warned.filter((what) => what === 'A guarded pod could not be judged')).toHaveLength(25)

  wait(60_000)
  await made.look()
  expect(read.filter((name) => name === 'a0')).toHaveLength(2)
})

verifies('injection:watchdog', 'a newer version of the operator admits pods before it leads', async () => {
  const newer = but(({ spec }) => {
    for (const container of spec.initContainers ?? []) container.image = 'newer:2'
  })
  const pods = ['a', 'b'].map((name) => guarded(name, false))
  const admitted = scene({ pods }, { a: newer, b: newer }, { registered: ['newer:2'] })
  await admitted.made.look()
  expect([admitted.evicted, admitted.said]).toEqual([[], []])

  const unknown = scene({ pods }, { a: newer, b: newer })
  await unknown.made.look()
  expect(unknown.evicted).toEqual(['a'])
  // It was judged before, and its image was registered only then.
  unknown.registered.push('newer:2')
  unknown.wait(10_000)
  await unknown.made.look()
  expect(unknown.evicted).toEqual(['a'])
})

test('a sound pod is read once in a while, and again when its server changes', async () => {
  const { made, read, evicted, wait, world } = scene({ pods: [guarded('a')] })

  for (let looks = 0; looks < 3; looks += 1) await made.look()
  expect(read).toEqual(['a'])
  wait(1_800_000)
  await made.look()

  expect(read).toEqual(['a', 'a'])
  ;(world.servers as MutableStore<HipaaMcpServer>).set(aServer({}, { generation: 4 }))
  await made.look()
  expect(read).toEqual(['a', 'a', 'a'])
  expect(evicted).toEqual([])
})

test('pods that end, of namespaces that are not enrolled, or of a server that is gone are let alone', async () => {
  const ending = guarded('a')
  const pods = [{ ...ending, metadata: { ...ending.metadata, deletionTimestamp: '2026-11-01T12:00:00Z' } }]
  for (const things of [
    { pods },
    { pods: [guarded('a')], enrolled: false },
    { pods: [guarded('a')], servers: [] },
  ]) {
    const { made, read } = scene(things, { a: otherImage })
    await made.look()
    expect(read).toEqual([])
  }
})

const workload = (name: string, more: Partial<Workload['spec']> = {}, kind = 'Deployment'): Workload =>
  aWorkload(
    {},
    {
      kind,
      metadata: { name, namespace: 'clinic', uid: `uid-${name}` },
      spec: {
        template: { metadata: { annotations: {} } },
        selector: { matchLabels: { app: name } },
        ...more,
      },
    },
  )
const before = '2026-11-01T11:00:00Z'
/** A guarded pod of a Deployment. */
const podOf = (deployment: string, name: string, created = before, ready = true): Pod => {
  const pod = guarded(name, ready)
  const [reference] = owned.ownerReferences
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      creationTimestamp: created,
      labels: { ...pod.metadata.labels, app: deployment },
      ownerReferences: [{ ...reference!, name: `${deployment}-5d9` }],
    },
  }
}

const kindsThatRoll: [what: string, made: Workload, expected: boolean][] = [
  ['a Deployment', workload('a'), true],
  ['a Deployment that is paused', workload('a', { paused: true }), false],
  ['a StatefulSet', workload('a', {}, 'StatefulSet'), true],
  ['one OnDelete', workload('a', { updateStrategy: { type: 'OnDelete' } }, 'StatefulSet'), false],
  ['a DaemonSet', workload('a', {}, 'DaemonSet'), true],
  ['a CronJob', workload('a', {}, 'CronJob'), false],
]
for (const [what, made, expected] of kindsThatRoll)
  verifies('injection:upgrade', `whether its own controller replaces the pods: ${what}`, () => {
    expect(rollsByItself(made)).toBe(expected)
  })

const asked = (name: string, at: string): Workload =>
  workload(name, { template: { metadata: { annotations: { 'hipaa-mcp.dev/restarted-at': at } } } })
const rolled = (name: string, maker: Workload | undefined, more: Partial<Rolled> = {}): Rolled => ({
  ...suspect(name),
  created: Date.parse(before),
  maker,
  ...more,
})
const soon = '2026-11-01T11:59:00Z'
const lately: [
  when: string,
  suspects: Rolled[],
  seen: { progress?: Progress; proved?: boolean },
  restart: string | undefined,
  evictable: string[],
][] = [
  ['nothing is wrong', [], {}, undefined, []],
  ['one differs', [rolled('a-1', workload('a')), rolled('a-2', workload('a'))], {}, 'a', []],
  ['one is foreign', [rolled('a-1', workload('a'), foreign)], {}, undefined, ['a-1']],
  [
    'one was debugged',
    [rolled('a-1', workload('a'), { fault: { what: 'Debugged', violations: ['x'] } })],
    {},
    undefined,
    ['a-1'],
  ],
  ['nothing makes it anew', [rolled('a-1', undefined)], {}, undefined, ['a-1']],
  ['it is under way', [rolled('a-1', asked('a', soon))], {}, undefined, []],
  ['it does not get on', [rolled('a-1', asked('a', soon))], { progress: 'stalled' }, undefined, ['a-1']],
  ['its new pods are not ready', [rolled('a-1', asked('a', soon))], { progress: 'blocked' }, undefined, []],
  [
    'the first is under way, and proves nothing yet',
    [rolled('a-1', asked('a', soon)), rolled('b-1', workload('b'))],
    {},
    undefined,
    [],
  ],
  [
    'the first was proved',
    [rolled('a-1', asked('a', soon)), rolled('b-1', workload('b'))],
    { proved: true },
    'b',
    [],
  ],
  [
    'the first does not come up, and holds the others no longer',
    [rolled('a-1', asked('a', soon)), rolled('b-1', workload('b'))],
    { progress: 'blocked' },
    'b',
    [],
  ],
  [
    'three are under way',
    [...['a', 'b', 'c'].map((name) => rolled(name, asked(name, soon))), rolled('d', workload('d'))],
    { proved: true },
    undefined,
    [],
  ],
  [
    'a pod came otherwise after it was asked for, a minute ago',
    [rolled('a-1', asked('a', soon), { created: Date.parse(soon) + 5_000 })],
    {},
    undefined,
    [],
  ],
  [
    'a pod came otherwise after it was asked for, an hour ago',
    [rolled('a-1', asked('a', before), { created: Date.parse(before) + 5_000 })],
    {},
    'a',
    [],
  ],
]
for (const [when, suspects, { progress = 'moves', proved = false }, restart, evictable] of lately)
  verifies('injection:upgrade', `who replaces pods of before: ${when}`, () => {
    const turns = turnsOf(suspects, {
      progress: () => progress,
      proved,
      unready: [],
      ready: () => true,
      now: epoch,
    })

    expect(turns.restart?.metadata.name).toBe(restart)
    expect(turns.evictable.map(({ name }) => name)).toEqual(evictable)
  })

verifies('injection:upgrade', 'the first is one whose pods are ready, where there is one', () => {
  const turns = turnsOf([rolled('a-1', workload('a')), rolled('b-1', workload('b'), { since: 5 })], {
    progress: () => 'moves',
    proved: false,
    unready: [],
    ready: ({ metadata }) => metadata.name === 'b',
    now: epoch,
  })

  expect(turns.restart?.metadata.name).toBe('b')
})

const minute = 60_000
const hour = 60 * minute
/** Of workload a, asked at 11:59. `anew`, `before`: whether its pods of since and of before are ready. */
const proofs: [
  what: string,
  seen: { anew?: boolean[]; before?: boolean[]; replicas?: number; foreign?: boolean; after: number },
  expected: { proved?: boolean; unready?: boolean; failing?: boolean },
][] = [
  ['all of its pods are new, and ready', { anew: [true, true], after: minute }, { proved: true }],
  ['one is not ready yet', { anew: [true, false], after: minute }, { proved: true, unready: true }],
  ['one is not ready for long', { anew: [true, false], after: hour }, { proved: true }],
  ['its old one is ready', { before: [true], after: minute }, { unready: true }],
  ['no pod of it is there', { after: minute }, { unready: true }],
  ['no pod of it is there for long', { after: hour }, { unready: true, failing: true }],
  ['it was scaled to 0', { replicas: 0, after: hour }, {}],
  ['its new one is not ready for long', { anew: [false], after: hour }, { unready: true, failing: true }],
  [
    'its new one is not ready for long, and the old one is',
    { anew: [false], before: [true], after: hour },
    { unready: true, failing: true },
  ],
  ['its new one is not ready for a day', { anew: [false], after: 24 * hour }, {}],
  [
    'its new one is not what it should be, and waits for its next turn',
    { anew: [false], foreign: true, after: hour },
    {},
  ],
]
for (const [
  what,
  { anew = [], before: old = [], replicas = 1, foreign: bad = false, after },
  expected,
] of proofs)
  verifies('injection:upgrade', `what one that was asked proves for others: ${what}`, () => {
    const one = { ...asked('a', soon), spec: { ...asked('a', soon).spec, replicas } }
    const own = [
      ...anew.map((ready, index) => podOf('a', `new-${index}`, soon, ready)),
      ...old.map((ready, index) => podOf('a', `old-${index}`, before, ready)),
    ]

    const { proved, unready, failing } = proofOf([one, workload('b')], {
      podsOf: ({ metadata }) => (metadata.name === 'a' ? own : []),
      isSound: (pod) => !bad && pod.metadata.name.startsWith('new'),
      now: Date.parse(soon) + after,
    })

    expect({ proved, unready: unready.includes('uid-a'), failing: failing.includes(one) }).toEqual({
      proved: false,
      unready: false,
      failing: false,
      ...expected,
    })
  })

verifies(
  'injection:upgrade',
  'one whose pod goes first holds all others until its new one is ready, and it is said',
  async () => {
    const names = ['a', 'b', 'c', 'd']
    const workloads = names.map((name) => workload(name))
    const pods = names.map((name) => podOf(name, `${name}-1`))
    const whole = Object.fromEntries(pods.map(({ metadata }) => [metadata.name, otherPort]))
    const { made, restarts, said, world, wait } = scene({ pods, workloads }, whole)
    const store = world.pods as MutableStore<Pod>
    const laterOn = '2026-11-01T13:00:00Z'
    await made.look()
    store.remove(podOf('a', 'a-1'))
    store.set(podOf('a', 'a-2', laterOn, false))
    for (let looks = 0; looks < 30; looks += 1) {
      wait(minute)
      await made.look()
    }
    const held = [...restarts]
    const failing = said.filter(({ reason }) => reason === 'ReplacementsNotReady')
    store.set(podOf('a', 'a-2', laterOn))
    await made.look()
    // One of its pods is proof enough; three others at once.
    store.remove(podOf('b', 'b-1'))
    await made.look()
    await made.look()
    await made.look()

    expect([held, restarts]).toEqual([['a'], ['a', 'b', 'c', 'd']])
    expect(new Set(failing.map(({ about }) => about.metadata.name))).toEqual(new Set(['a']))
    expect(failing.length).toBe(21)
  },
)

/** For pods; approved ten minutes before `epoch` for half an hour. */
function forPods(pods: Partial<NonNullable<BreakGlassGrant['spec']['pods']>>, more: object = {}) {
  const grant = aGrant({
    ...more,
    pods: { user: 'maria', names: ['a-1'], ways: ['EphemeralContainers'], ...pods },
  })
  const { subject: _, patients: __, ...spec } = grant.spec
  return { ...grant, spec }
}
const began = '2026-11-01T11:55:00Z'
const atNoon = '2026-11-01T12:00:00Z'
verifies('injection:upgrade', 'a pod that took an ephemeral container is read at once', async () => {
  const whole: { [name: string]: WholePod } = {}
  const { made, said, world, wait } = scene({ pods: [podOf('a', 'a-1')] }, whole)
  await made.look()
  wait(5_000)
  await made.look()
  expect(said).toEqual([])

  whole['a-1'] = debugged(atNoon)
  const { metadata, ...rest } = podOf('a', 'a-1')
  ;(world.pods as MutableStore<Pod>).set({ ...rest, metadata: { ...metadata, generation: 2 } })
  await made.look()

  expect(said.map(({ reason }) => reason)).toContain('PodNotConforming')
})

/** `goes`: minutes after noon when it does. */
const debugs: [when: string, grants: BreakGlassGrant[], began: string | undefined, goes: number][] = [
  ['while its grant is in force', [forPods({})], began, 20],
  ['while the last of its grants is', [forPods({}), forPods({}, { minutes: 45 })], began, 35],
  [
    'until its grant was ended',
    [forPods({}, { end: { by: 'maria', at: '2026-11-01T12:05:00Z' } })],
    began,
    5,
  ],
  ['of no grant that is known, for a minute', [], atNoon, 1],
  ['of no grant, and that has not begun, for a minute', [], undefined, 1],
  ['of a grant for another pod', [forPods({ names: ['a-2'] })], atNoon, 1],
  ['of a grant for another way', [forPods({ ways: ['Exec'] })], atNoon, 1],
  ['of a grant for another server', [forPods({}, { server: 'other' })], atNoon, 1],
  ['of a grant that nobody approved', [forPods({}, { approval: undefined })], atNoon, 1],
]
for (const [when, grants, at, goes] of debugs)
  verifies(
    'injection:upgrade',
    `a pod with an ephemeral container is let alone ${when}, and goes alone then`,
    async () => {
      const pods = [podOf('a', 'a-1'), podOf('a', 'a-2')]
      const { made, evicted, restarts, said, wait } = scene(
        { pods, workloads: [workload('a')], grants },
        { 'a-1': debugged(at) },
        { from: epoch },
      )

      await made.look()
      wait(goes * minute - 1)
      await made.look()
      const early = [...evicted]
      wait(1)
      await made.look()

      expect([early, evicted, restarts]).toEqual([[], ['a-1'], []])
      expect(said.some(({ reason }) => reason === 'PodNotConforming')).toBe(true)
    },
  )

verifies(
  'injection:upgrade',
  'the moment is never before a pod that is to go, whatever our clock says',
  () => {
    const { object, how } = restarted(workload('a'), epoch, epoch + 90_500)

    expect(how).toBe('merge')
    expect(object.metadata).toMatchObject({ name: 'a', uid: 'uid-a' })
    expect(restartedAt(object as unknown as Workload)).toBe(epoch + 91_000)
  },
)

verifies(
  'injection:upgrade',
  'workloads replace their own pods after a change, one first, and nothing is evicted',
  async () => {
    const workloads = ['a', 'b', 'c'].map((name) => workload(name))
    const pods = workloads.flatMap(({ metadata: { name } }) => [
      podOf(name, `${name}-1`),
      podOf(name, `${name}-2`),
    ])
    const whole = Object.fromEntries(pods.map(({ metadata }) => [metadata.name, otherPort]))
    const { made, evicted, restarts, said, world, wait } = scene({ pods, workloads }, whole)
    const store = world.pods as MutableStore<Pod>
    await made.look()
    await made.look()
    const canary = [...restarts]
    // Its old pods are gone before a new one is there, as those of a DaemonSet are.
    for (const old of ['a-1', 'a-2']) store.remove(podOf('a', old))
    await made.look()
    const gone = [...restarts]
    store.set(podOf('a', 'a-3', '2026-11-01T13:00:00Z', false))
    await made.look()
    const notReady = [...restarts]
    store.set(podOf('a', 'a-3', '2026-11-01T13:00:00Z'))
    await made.look()
    wait(10_000)
    await made.look()

    expect([canary, gone, notReady, restarts]).toEqual([['a'], ['a'], ['a'], ['a', 'b', 'c']])
    expect(evicted).toEqual([])
    expect(
      said.filter(({ reason }) => reason === 'ReplacingPods').map(({ about }) => about.metadata.name),
    ).toEqual(['a', 'b', 'c'])
  },
)

const stuck = (ready: boolean) => {
  const pods = [podOf('a', 'a-1'), podOf('a', 'a-2'), podOf('a', 'a-3', '2026-11-01T13:00:00Z', ready)]
  return scene({ pods, workloads: [workload('a')] }, { 'a-1': otherPort, 'a-2': otherPort })
}

verifies(
  'injection:upgrade',
  'a workload that does not get on loses pods by eviction, unless its new ones do not come up',
  async () => {
    const [idle, blocked] = [stuck(true), stuck(false)]
    for (const { made, wait } of [idle, blocked]) {
      await made.look()
      wait(longestWait - 1)
      await made.look()
    }
    const early = [idle, blocked].map(({ evicted }) => [...evicted])
    for (const { made, wait } of [idle, blocked]) {
      wait(1)
      await made.look()
    }

    expect(early).toEqual([[], []])
    expect([idle.evicted, blocked.evicted]).toEqual([['a-1'], []])
  },
)
