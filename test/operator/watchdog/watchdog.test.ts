import { expect, test } from 'vitest'
import { containers, guardedLabel } from '../../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { inject } from '../../../operator/admission/inject.ts'
import type { Pod as WholePod } from '../../../operator/admission/pod.ts'
import { ApiError } from '../../../operator/cluster/client.ts'
import type { Say } from '../../../operator/cluster/events.ts'
import { kinds } from '../../../operator/cluster/kinds.ts'
import type { MutableStore } from '../../../operator/cluster/store.ts'
import type { Pod } from '../../../operator/objects.ts'
import { evictor } from '../../../operator/rollout/evict.ts'
import { faultOf, longestWait, nextOf, type Suspect } from '../../../operator/watchdog/judge.ts'
import { watchdog } from '../../../operator/watchdog/watch.ts'
import { verifies } from '../../verifies.ts'
import { aPod as aWholePod, surroundings } from '../admission/pods.ts'
import { quiet } from '../cluster/scripted-api.ts'
import { aPod, aServer, aWorld, type Things } from '../world.ts'

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
const weakened = but(({ spec }) => {
  spec.containers[0]!.securityContext = { runAsUser: 1000 }
})

const faults: [what: string, pod: WholePod, expected: string | undefined][] = [
  ['a pod as admission makes it', sound, undefined],
  ['no sidecar', withoutSidecar, 'Foreign'],
  ['another image in our containers', otherImage, 'Foreign'],
  ['made before the server’s port changed', otherPort, 'Differs'],
  ['an app that may have raw sockets', weakened, 'Differs'],
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

/**
 * `whole`: what the API server has, by name; a pod that is not named is sound, and one that is `broken` cannot be read.
 * `statuses`: what it answers to an eviction, by name. `registered`: images of the ConfigMap, now.
 */
function scene(
  things: Things,
  whole: { [name: string]: WholePod | 'broken' } = {},
  { statuses = {}, registered = [] }: { statuses?: { [name: string]: number }; registered?: string[] } = {},
) {
  const { world } = aWorld(things)
  const read: string[] = []
  const evicted: string[] = []
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
    },
    events: { say: (one) => void said.push(one) },
    evictor: evictor({
      client: {
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
  })
  const wait = (milliseconds: number) => void (time += milliseconds)
  return { made, world, read, evicted, said, warned, registered, wait }
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
