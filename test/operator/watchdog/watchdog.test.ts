import { expect, test } from 'vitest'
import { containers, guardedLabel } from '../../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { inject } from '../../../operator/admission/inject.ts'
import type { Pod as WholePod } from '../../../operator/admission/pod.ts'
import type { Say } from '../../../operator/cluster/events.ts'
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

/** `whole`: what the API server has, by name; a pod that is not named is sound. */
function scene(things: Things, whole: { [name: string]: WholePod } = {}, status = 201) {
  const { world } = aWorld(things)
  const read: string[] = []
  const evicted: string[] = []
  const said: Say[] = []
  let time = 1_000_000
  const made = watchdog({
    world,
    client: {
      get: async (_, __, name) => {
        read.push(name)
        const pod = whole[name] ?? sound
        return { ...pod, metadata: { ...pod.metadata, name, uid: `uid-${name}` } } as never
      },
    },
    events: { say: (one) => void said.push(one) },
    evictor: evictor({
      client: {
        post: async (path) => {
          evicted.push(path.split('/').at(-2) as string)
          if (status === 429)
            throw Object.assign(
              new (await import('../../../operator/cluster/client.ts')).ApiError(
                429,
                'TooManyRequests',
                'held',
              ),
            )
          return {} as never
        },
      },
      log: quiet,
      now: () => time,
    }),
    surroundings,
    log: quiet,
    now: () => time,
  })
  return { made, world, read, evicted, said, wait: (milliseconds: number) => void (time += milliseconds) }
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

verifies('injection:watchdog', 'a budget for disruptions holds, and it is said', async () => {
  const { made, said } = scene({ pods: [guarded('a')] }, { a: otherImage }, 429)

  await made.look()

  expect(said.map(({ reason }) => reason)).toContain('DisruptionBudgetHolds')
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
