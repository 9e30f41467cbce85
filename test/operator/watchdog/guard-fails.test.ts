// A pod whose guard fails because it is older than its node's network plugin comes again.

import { expect } from 'vitest'
import { guardedLabel } from '../../../core/identifiers.ts'
import { podSecurityLabel } from '../../../core/pod-security.ts'
import type { Say } from '../../../operator/cluster/events.ts'
import type { GuardStatus, Pod } from '../../../operator/objects.ts'
import { type Evicted, evictor } from '../../../operator/rollout/evict.ts'
import { guardFails, replaceUnproved } from '../../../operator/watchdog/guard-fails.ts'
import { trimPod } from '../../../operator/watches.ts'
import { verifies } from '../../verifies.ts'
import { quiet } from '../cluster/scripted-api.ts'
import { aPod, aWorld } from '../world.ts'

const begun = Date.parse('2026-11-01T12:00:00Z')
const owned = (kind: string, uid: string) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'ehr', uid, controller: true }],
})
function failing(
  name: string,
  more: Partial<Pod['metadata']> = owned('ReplicaSet', 'uid-rs'),
  { node = 'node-1', ...status }: Partial<GuardStatus> & { node?: string } = {},
): Pod {
  const labels = { [guardedLabel]: 'ehr' }
  const guard = { name: 'hipaa-mcp-guard', restartCount: 3, ready: false, ...failed, ...status }
  // As the watch keeps it.
  return trimPod({
    ...aPod(name, { labels, creationTimestamp: seconds(begun), ...more }, { nodeName: node }),
    status: { phase: 'Pending', initContainerStatuses: [guard] },
  })
}
/** The API server's times have whole seconds. */
const seconds = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`
const failed = { lastState: { terminated: { exitCode: 1 } } }
function plugin(node: string, ready = true): Pod {
  return {
    ...aPod(`plugin-${node}`, { namespace: 'hipaa-mcp-cni' }, { nodeName: node }),
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }
}

function scene(pods: Pod[], { level = 'restricted', plugins = [plugin('node-1')] } = {}) {
  const { world } = aWorld({ pods: [...pods, ...plugins], labels: { [podSecurityLabel]: level } })
  const said: Say[] = []
  const evicted: string[] = []
  const state = { time: begun + 600_700, asked: 0 }
  const pace = evictor({
    client: {
      post: async (path) => {
        evicted.push(path.split('/').at(-2) ?? '')
        state.time += state.asked
        return {} as never
      },
      delete: async () => expect.fail('no pod is deleted'),
    },
    log: quiet,
    now: () => state.time,
    date: () => state.time,
  })
  const look = async (now: readonly Pod[] = pods): Promise<void> =>
    await replaceUnproved(now, { world, evictor: pace, events: { say: (one) => void said.push(one) } })
  const reasons = () => said.map(({ about, reason }) => `${about.metadata.name} ${reason}`)
  return { state, look, evicted, reasons, lately: (): Evicted => pace.lately() }
}

verifies('injection:guard-fails', 'it goes when the plugin is on its node, one after the other', async () => {
  const { state, look, evicted, reasons } = scene([failing('a'), failing('b')])

  await look()
  expect([evicted, reasons()]).toEqual([['a'], ['a GuardFailsReplaced']])
  state.time += 10_000
  await look([failing('b')])
  expect(evicted).toEqual(['a', 'b'])
})

verifies(
  'injection:guard-fails',
  'one that comes after it and fails as well stays, and is said',
  async () => {
    const { state, look, evicted, reasons } = scene([failing('a')])
    // The answer takes its time: the next pod is there before it.
    state.asked = 400
    await look()
    state.time += 200_000
    // Within the same second.
    const creationTimestamp = seconds(begun + 600_900)
    const after = failing('c', { ...owned('ReplicaSet', 'uid-rs'), creationTimestamp })
    const another = failing('d', { ...owned('ReplicaSet', 'uid-other'), creationTimestamp })

    await look([after, another])

    expect(evicted).toEqual(['a', 'd'])
    expect(reasons()).toContain('c GuardFails')

    // Only so long.
    state.time += 3_600_000
    await look([after])
    expect(evicted).toEqual(['a', 'd', 'c'])
  },
)

verifies(
  'injection:guard-fails',
  'on another node that is younger than its plugin it goes as well',
  async () => {
    const { state, look, evicted, reasons } = scene([failing('a')], {
      plugins: [plugin('node-1'), plugin('node-2')],
    })
    await look()
    state.time += 200_000
    const after = { ...owned('ReplicaSet', 'uid-rs'), creationTimestamp: seconds(begun + 602_000) }

    await look([failing('c', after, { node: 'node-2' }), failing('d', after)])

    expect(evicted).toEqual(['a', 'c'])
    expect(reasons()).toEqual(['a GuardFailsReplaced', 'c GuardFailsReplaced', 'd GuardFails'])
  },
)

const stays: [why: string, pod: Pod, more: Parameters<typeof scene>[1], reason: string][] = [
  ['the plugin is not on its node', failing('a'), { plugins: [plugin('node-2')] }, 'NetworkPluginNotReady'],
  ['the plugin is not ready', failing('a'), { plugins: [plugin('node-1', false)] }, 'NetworkPluginNotReady'],
  ['no plugin sets its filter', failing('a'), { level: 'privileged' }, 'GuardFails'],
  ['nothing makes it anew', failing('a', {}), {}, 'GuardFails'],
  ['it is of a Job', failing('a', owned('Job', 'uid-job')), {}, 'GuardFails'],
]
for (const [why, pod, more, reason] of stays)
  verifies('injection:guard-fails', `it stays, and is said: ${why}`, async () => {
    const { look, evicted, reasons } = scene([pod], more)

    await look()

    expect([evicted, reasons()]).toEqual([[], [`a ${reason}`]])
  })

verifies(
  'injection:guard-fails',
  'a guard that failed twice, passed in the end, or runs again in a new sandbox, is left alone',
  async () => {
    const rs = owned('ReplicaSet', 'uid-rs')
    const pods = [
      failing('a', rs, { restartCount: 2 }),
      failing('b', rs, { restartCount: 5, ready: true }),
      failing('c', rs, {
        state: { waiting: { reason: 'PodInitializing' } },
        lastState: { terminated: { exitCode: 0 } },
      }),
      failing('d', rs, { lastState: {} }),
      aPod('e'),
    ]
    const { look, evicted, reasons } = scene(pods)

    await look()

    expect(pods.map(guardFails)).toEqual(pods.map(() => false))
    expect([evicted, reasons()]).toEqual([[], []])
  },
)

verifies('injection:guard-fails', 'one that waits longer each time fails, whatever it said last', () => {
  const waiting = { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: {} }

  expect(guardFails(failing('a', {}, waiting))).toBe(true)
})
