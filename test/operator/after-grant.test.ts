// A pod that somebody entered goes when the grant ends.

import { expect, test } from 'vitest'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import { outstays } from '../../operator/after-grant.ts'
import { ApiError, type Client } from '../../operator/cluster/client.ts'
import type { Say } from '../../operator/cluster/events.ts'
import { kinds } from '../../operator/cluster/kinds.ts'
import { noteEntered } from '../../operator/entered.ts'
import { reconcileGrant } from '../../operator/grants.ts'
import type { Pod } from '../../operator/objects.ts'
import { evictor } from '../../operator/rollout/evict.ts'
import { verifies } from '../verifies.ts'
import { quiet } from './cluster/scripted-api.ts'
import { aGrant, aPod, aServer, aWorld, now } from './world.ts'

type Pods = NonNullable<BreakGlassGrant['spec']['pods']>
/** In force from ten minutes before `now` on, for half an hour. */
function forPods(pods: Partial<Pods> = {}, more: Parameters<typeof aGrant>[0] = {}): BreakGlassGrant {
  const grant = aGrant(
    { ...more, pods: { user: 'maria', names: ['ehr-1', 'ehr-2'], ways: ['Exec'], ...pods } },
    { resourceVersion: '1' },
  )
  const { subject: _, patients: __, ...spec } = grant.spec
  return { ...grant, spec }
}
const end = now + 20 * 60_000

/** A cluster with one grant. `at`: of the clock, milliseconds since 1970. */
function scene(grant: BreakGlassGrant, pods: Pod[], at = end) {
  const said: Say[] = []
  const ended: string[] = []
  const recorded: string[] = []
  const state = {
    grant,
    pods: new Map(pods.map((pod) => [pod.metadata.name, pod])),
    at,
    leads: true,
    budget: false,
    /** Its CRD knows nothing of who was entered. */
    old: false,
    elsewhere: 0,
    collectorAway: false,
  }
  const merged = (status: object): void => {
    const { metadata } = state.grant
    state.grant = {
      ...state.grant,
      metadata: { ...metadata, resourceVersion: `${Number(metadata.resourceVersion) + 1}` },
      status: { ...state.grant.status, ...status },
    }
  }
  const client: Pick<Client, 'get' | 'patch' | 'applyStatus' | 'post' | 'delete'> = {
    get: async (kind, _, name) =>
      structuredClone(kind === kinds.grant ? state.grant : state.pods.get(name)) as never,
    patch: async (_kind, _namespace, _name, body) => {
      const { metadata, status } = body as BreakGlassGrant
      if (state.elsewhere > 0) {
        // Somebody else is faster.
        state.elsewhere -= 1
        merged({})
      }
      const { resourceVersion = state.grant.metadata.resourceVersion } = metadata
      if (resourceVersion !== state.grant.metadata.resourceVersion)
        throw new ApiError(409, 'Conflict', 'planted')
      merged(state.old ? {} : (status as object))
      return structuredClone(state.grant) as never
    },
    applyStatus: async (_, object) => {
      merged((object as unknown as { status: object }).status)
      return object
    },
    post: async (path) => {
      if (state.budget) throw new ApiError(429, 'TooManyRequests', 'planted')
      ended.push(`evict ${path.split('/').at(-2)}`)
      return {} as never
    },
    delete: async (_, __, name, uid, how) =>
      void ended.push(`delete ${name} ${uid} ${how?.gracePeriodSeconds}`),
  }
  const pace = evictor({ client, log: quiet, now: () => state.at, date: () => state.at })
  const look = async (): Promise<number | undefined> => {
    const { world, outside } = aWorld({ grants: [state.grant], servers: [aServer()] })
    return await reconcileGrant('clinic/night-1', {
      world,
      outside,
      client,
      events: { say: (event) => void said.push(event) },
      evictor: pace,
      recordGone: async (pods) => {
        if (state.collectorAway) throw new Error('planted')
        recorded.push(...pods.map(({ pod }) => pod))
      },
      collector: { tellAccess: async () => {} },
      log: quiet,
      leading: () => state.leads,
      now: () => state.at,
    })
  }
  const note = async (name: string, way: Pods['ways'][number] = 'Exec', clock = now): Promise<void> =>
    await noteEntered(client, grant, { uid: `uid-${name}`, name }, way, () => clock)
  const standing = () => state.grant.status?.conditions?.find(({ type }) => type === 'SessionsEnded')?.reason
  const reasons = () => said.map(({ about, reason }) => `${about.kind} ${reason}`)
  return { state, look, note, ended, recorded, standing, reasons }
}

verifies('access:session-end', 'a pod that was entered is evicted at the end, and no other', async () => {
  const { state, look, note, ended, standing, reasons } = scene(
    forPods(),
    [aPod('ehr-1'), aPod('ehr-2')],
    now,
  )
  await note('ehr-1')
  await note('ehr-1', 'Attach')

  // Nothing is ended before its time, and the operator looks again when that has come.
  expect(await look()).toBe(end - now)
  expect([ended, standing()]).toEqual([[], 'InForce'])

  state.at = end
  expect(await look()).toBe(2_000)
  expect(ended).toEqual(['evict ehr-1'])
  expect(standing()).toBe('PodsLive')
  expect(reasons()).toEqual(
    expect.arrayContaining(['Pod EnteredPodEvicted', 'BreakGlassGrant EnteredPodEvicted']),
  )

  // While it ends nobody hurries it.
  state.pods.set('ehr-1', aPod('ehr-1', { deletionTimestamp: new Date(end).toISOString() }))
  state.at += 20_000
  expect(await look()).toBe(2_000)
  state.pods.set('ehr-1', {
    ...aPod('ehr-1'),
    metadata: { ...aPod('ehr-1').metadata, uid: 'uid-of-another' },
  })
  state.at += 20_000
  await look()
  expect(ended).toEqual(['evict ehr-1'])
  expect(standing()).toBe('PodsGone')
  expect(state.grant.status?.entered).toEqual([
    {
      uid: 'uid-ehr-1',
      name: 'ehr-1',
      ways: ['Exec', 'Attach'],
      first: new Date(now).toISOString(),
      gone: new Date(state.at).toISOString(),
    },
  ])
  // Back to the clock of its review.
  expect(await look()).toBeGreaterThan(3_600_000)
})

const ends: [how: string, grant: BreakGlassGrant, at: number][] = [
  ['its time', forPods(), end],
  ['a person', forPods({}, { end: { by: 'asker', at: new Date(now).toISOString() } }), now + 1_000],
  ['a review that nobody wrote', forPods(), end + 80 * 3_600_000],
  ['its time, and the operator was away', forPods(), end + 95_000],
]
for (const [how, grant, at] of ends)
  verifies('access:session-end', `it goes whatever ended the grant: ${how}`, async () => {
    const { state, look, ended } = scene(forPods(), [aPod('ehr-2')], at)
    state.grant = {
      ...grant,
      status: { entered: [{ uid: 'uid-ehr-2', name: 'ehr-2', ways: ['PortForward'], first: '' }] },
    }

    await look()

    expect(ended).toEqual(['evict ehr-2'])
  })

verifies('access:session-end', 'a budget holds it for a minute and a half, then it is deleted', async () => {
  const { state, look, note, ended, reasons } = scene(forPods(), [aPod('ehr-1')])
  await note('ehr-1')
  state.budget = true
  for (; state.at < end + 90_000; state.at += 2_000) await look()
  expect(ended).toEqual([])
  expect(reasons()).toContain('Pod EnteredPodHeld')

  await look()

  expect(ended).toEqual(['delete ehr-1 uid-ehr-1 30'])
  expect(reasons()).toContain('Pod EnteredPodDeleted')
})

verifies(
  'access:session-end',
  'nothing is deleted past a budget that was not asked, also long after the end',
  async () => {
    const { state, look, note, ended, reasons } = scene(forPods(), [aPod('ehr-1'), aPod('ehr-2')])
    await note('ehr-1')
    await note('ehr-2')
    state.at = end + 95_000
    state.budget = true
    await look()
    expect([ended, reasons().filter((one) => one === 'Pod EnteredPodHeld')]).toEqual([
      [],
      ['Pod EnteredPodHeld', 'Pod EnteredPodHeld'],
    ])
    state.budget = false
    state.pods.delete('ehr-2')
    state.at += 2_000
    await look()
    expect(ended).toEqual(['delete ehr-1 uid-ehr-1 30'])
  },
)

verifies('access:session-end', 'whose turn comes late is evicted as any other', async () => {
  const { state, look, note, ended } = scene(forPods(), [aPod('ehr-1'), aPod('ehr-2')])
  await note('ehr-1')
  await note('ehr-2')
  state.at = end + 89_000
  await look()
  state.pods.delete('ehr-1')
  state.at = end + 99_000
  await look()

  expect(ended).toEqual(['evict ehr-1', 'evict ehr-2'])
})

verifies('access:session-end', 'one that takes its time to end is hurried, once', async () => {
  const { state, look, note, ended } = scene(forPods(), [aPod('ehr-1')])
  await note('ehr-1')
  const ending = (seconds: number): Pod => {
    const metadata = { deletionTimestamp: new Date(end).toISOString(), deletionGracePeriodSeconds: seconds }
    return aPod('ehr-1', metadata)
  }
  state.pods.set('ehr-1', ending(3_600))
  await look()
  state.at = end + 90_000
  await look()
  state.pods.set('ehr-1', ending(30))
  state.at += 100_000
  expect(await look()).toBe(2_000)

  expect(ended).toEqual(['delete ehr-1 uid-ehr-1 30'])
})

verifies('access:session-end', 'several go one after the other, at the pace of all evictions', async () => {
  const { state, look, note, ended } = scene(forPods(), [aPod('ehr-1'), aPod('ehr-2')])
  await note('ehr-1')
  await note('ehr-2')
  await look()
  state.pods.delete('ehr-1')
  state.at += 8_000
  await look()
  expect(ended).toEqual(['evict ehr-1'])
  state.at += 2_000
  await look()
  expect(ended).toEqual(['evict ehr-1', 'evict ehr-2'])
})

verifies('access:session-end', 'one that is to stay stays, and says so', async () => {
  const { state, look, note, ended, standing } = scene(forPods({ afterwards: 'KeepPod' }), [aPod('ehr-1')])
  await note('ehr-1')

  await look()

  expect([ended, standing()]).toEqual([[], 'PodKept'])
  expect(outstays(state.grant, end + 3_600_000)).toBe(false)
})

verifies('access:session-end', 'that a pod is gone is on record before it is crossed off', async () => {
  const { state, look, note, recorded, standing } = scene(forPods(), [])
  await note('ehr-1')
  state.collectorAway = true
  expect(await look()).toBe(2_000)
  expect([standing(), state.grant.status?.state, state.grant.status?.entered?.[0]?.gone]).toEqual([
    'PodsLive',
    'Expired',
    undefined,
  ])
  state.collectorAway = false
  state.elsewhere = 1
  await look()
  expect(standing()).toBe('PodsLive')
  await look()
  expect([standing(), recorded]).toEqual(['PodsGone', ['uid-ehr-1', 'uid-ehr-1']])
})

test('who does not lead ends nothing', async () => {
  const { state, look, note, ended } = scene(forPods(), [aPod('ehr-1')])
  await note('ehr-1')
  state.leads = false

  await look()

  expect(ended).toEqual([])
})

verifies('access:session-end', 'a pod that is there three minutes after the end is a gap', async () => {
  const { state, note } = scene(forPods(), [aPod('ehr-1')])
  await note('ehr-1')

  expect([now, end, end + 179_999, end + 180_000].map((at) => outstays(state.grant, at))).toEqual([
    false,
    false,
    false,
    true,
  ])
})

verifies(
  'access:session-end',
  'what others write at the same moment is not lost, and too many of them refuse',
  async () => {
    const { state, note } = scene(forPods(), [])
    state.elsewhere = 4
    await note('ehr-1')
    expect(state.grant.status?.entered).toMatchObject([{ uid: 'uid-ehr-1' }])
    state.elsewhere = 5
    await expect(note('ehr-2')).rejects.toThrow('Others kept writing')
    expect(state.grant.status?.entered).toHaveLength(1)
  },
)

verifies('access:session-end', 'nobody is noted where the API server drops what was written', async () => {
  const { state, note } = scene(forPods(), [])
  await note('ehr-1')
  state.old = true

  await expect(note('ehr-2')).rejects.toThrow('did not keep')
  await expect(note('ehr-1', 'Attach')).rejects.toThrow('did not keep')
})

verifies('access:session-end', 'nobody is noted in a grant that is over, gone or full', async () => {
  const { state, note } = scene(forPods(), [])
  await expect(note('ehr-1', 'Exec', end)).rejects.toThrow('over')
  const ended = { ...state.grant.spec, end: { by: 'asker', at: new Date(now).toISOString() } }
  state.grant = { ...state.grant, spec: ended }
  await expect(note('ehr-1')).rejects.toThrow('over')
  const full = scene(forPods(), [])
  for (let at = 0; at < 64; at += 1) await full.note(`ehr-${at}`)
  await expect(full.note('ehr-64')).rejects.toThrow('Too many')
  full.state.grant = {
    ...full.state.grant,
    metadata: { ...full.state.grant.metadata, uid: 'uid-of-another' },
  }
  await expect(full.note('ehr-1')).rejects.toThrow('over')
})
