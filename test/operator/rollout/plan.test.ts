import fc from 'fast-check'
import { expect, test } from 'vitest'
import { serverAnnotation } from '../../../core/identifiers.ts'
import { fleetOf } from '../../../operator/conditions/fleet.ts'
import type { Pod, Workload } from '../../../operator/objects.ts'
import type { EvictionCause } from '../../../operator/rollout/evict.ts'
import { patience, type Rollout, rolloutOf } from '../../../operator/rollout/plan.ts'
import { statusOf } from '../../../operator/status.ts'
import { verifies } from '../../verifies.ts'
import { aChain, aGuardedPod, aPod, aServer, aWorkload, now, seenIn, type Things } from '../world.ts'

const labels = { app: 'ehr' }
const bySelector = aServer({ workload: { port: 8080, path: '/mcp', selector: { matchLabels: labels } } })
const hash = statusOf({ seen: seenIn({ servers: [bySelector] }), violations: [], generation: 1, now }).policy
  ?.hash as string
const young = new Date(now - 10_000).toISOString()
const old = new Date(now - patience - 1_000).toISOString()

const deployment = (replicas: number, more: Partial<Workload> = {}): Workload =>
  aWorkload(
    {},
    { spec: { selector: { matchLabels: labels }, template: { metadata: {} }, replicas }, ...more },
  )
const owners = (kind: string, name: string, uid = `uid-${name}`) => ({
  ownerReferences: [{ apiVersion: 'v1', kind, name, uid, controller: true }],
})
const inSet = owners('ReplicaSet', 'ehr-mcp-5c4d')
/** From before the enrolment. */
const before = (name: string, more: object = inSet): Pod =>
  aPod(name, { labels, creationTimestamp: old, ...more })
const after = (name: string, created = young, ready = true): Pod => {
  const pod = aGuardedPod(name)
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...inSet,
      labels: { ...labels, ...pod.metadata.labels },
      creationTimestamp: created,
    },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }
}
const proved = (...names: string[]) => names.map((name) => aChain(`uid-${name}`, { policy: hash }))

/** A minute ago. */
const wentBefore = (uids: string[]) => new Map(uids.map((uid) => [uid, aMinuteAgo()]))
const aMinuteAgo = (
  owner = 'uid-ehr-mcp-5c4d',
  cause: EvictionCause = 'Unguarded',
): { owner: string; cause: EvictionCause; at: number } => ({ owner, cause, at: now - 60_000 })
const allYoung = {
  workloads: [deployment(3)],
  pods: ['a', 'b', 'c'].map((name) => before(name, { ...inSet, creationTimestamp: young })),
}

function plan(things: Things, evicted: string[] = []): Rollout {
  const seen = seenIn({ servers: [bySelector], evicted: wentBefore(evicted), ...things })
  return rolloutOf(seen, fleetOf(seen), now)
}
const said = ({ state, next, remaining }: Rollout) =>
  [state, next?.metadata.name, ...remaining.map(({ why }) => why)].filter(Boolean).join(' ')

const three = { workloads: [deployment(3)] }
const annotated = { [serverAnnotation]: 'ehr' }
const template = (annotations: Record<string, string>, more: object = {}) => ({
  selector: { matchLabels: labels },
  template: { metadata: { annotations } },
  replicas: 2,
  ...more,
})
const byAnnotation = [aServer()]

const table: [when: string, things: Things, evicted: string[], expected: string][] = [
  ['nothing runs', three, [], 'Done'],
  ['every pod is guarded', { ...three, pods: [after('a')] }, [], 'Done'],
  ['the first pod goes', { ...three, pods: [before('b'), before('a'), before('c')] }, [], 'Canary a'],
  [
    'it is ending',
    { ...three, pods: [before('b'), before('c'), before('a', { ...inSet, deletionTimestamp: young })] },
    [],
    'Canary',
  ],
  [
    'it was evicted, and our copy does not show it yet',
    { ...three, pods: [before('a'), before('b'), before('c')] },
    ['uid-a'],
    'Canary',
  ],
  [
    'its replacement came without a sidecar',
    { ...three, pods: [before('b'), before('c'), before('d', { ...inSet, creationTimestamp: young })] },
    ['uid-a'],
    'ReplacementUnguarded',
  ],
  [
    'it came within the second, of which creationTimestamp has the beginning',
    {
      ...three,
      pods: [before('b'), before('c'), before('d', { ...inSet, creationTimestamp: '2026-11-01T11:59:00Z' })],
      evicted: new Map([['uid-a', { ...aMinuteAgo(), at: now - 60_000 + 700 }]]),
    },
    [],
    'ReplacementUnguarded',
  ],
  [
    'another controller’s was evicted before its pods came',
    { ...allYoung, evicted: new Map([['uid-x', aMinuteAgo('uid-other')]]) },
    [],
    'Canary a',
  ],
  [
    'one was evicted before, because it did not conform',
    { ...allYoung, evicted: new Map([['uid-x', aMinuteAgo('uid-ehr-mcp-5c4d', 'NotConforming')]]) },
    [],
    'Canary a',
  ],
  ['its replacement has not come', { ...three, pods: [before('b'), before('c')] }, [], 'ReplacementMissing'],
  [
    'the canary is not ready',
    { ...three, pods: [after('x', young, false), before('b'), before('c')], chains: proved('x') },
    [],
    'Rolling',
  ],
  [
    'the canary is ready, and nothing shows that the policy is in force',
    { ...three, pods: [after('x'), before('b'), before('c')], chains: [] },
    [],
    'Rolling',
  ],
  [
    'the collector is away',
    { ...three, pods: [after('x'), before('b'), before('c')], collectorAway: true },
    [],
    'Rolling',
  ],
  [
    'the canary is ready and proved',
    { ...three, pods: [after('x'), before('b'), before('c')], chains: proved('x') },
    [],
    'Rolling b',
  ],
  [
    'the canary was given its time',
    { ...three, pods: [after('x', old, false), before('b'), before('c')], chains: proved('x') },
    [],
    'CanaryNotReady',
  ],
  [
    'a pod that was ready fails later on',
    { ...three, pods: [after('x'), after('y', old, false), before('c')], chains: proved('x', 'y') },
    [],
    'CanaryNotReady',
  ],
  ['the server could not serve', { ...three, pods: [before('a')], withoutKeySet: true }, [], 'Waiting'],
  ['the namespace is not enrolled', { ...three, pods: [before('a')], enrolled: false }, [], 'Waiting'],
  ['a bare pod', { ...three, pods: [before('a', {})] }, [], 'Remaining Bare'],
  ['a pod of a Job', { ...three, pods: [before('a', owners('Job', 'import'))] }, [], 'Remaining Job'],
  [
    'a pod of a controller of somebody else',
    { ...three, pods: [before('a', owners('Rollout', 'ehr'))] },
    [],
    'Remaining OtherController',
  ],
  [
    'a bare pod beside others',
    { ...three, pods: [before('a', {}), before('b'), before('c'), before('d')] },
    [],
    'Canary b Bare',
  ],
  [
    'the template says so by now: the Deployment makes new pods by itself',
    {
      servers: byAnnotation,
      workloads: [aWorkload(annotated, { spec: template(annotated), copied: 'ehr' })],
      pods: [before('a'), before('b')],
    },
    [],
    'Canary',
  ],
  [
    'the template said so before the enrolment: no Deployment makes new pods for that',
    {
      servers: byAnnotation,
      workloads: [aWorkload({}, { spec: template(annotated) })],
      pods: ['a', 'b'].map((name) => before(name, { ...inSet, annotations: annotated })),
    },
    [],
    'Canary a',
  ],
  [
    'a StatefulSet that replaces pods only when they are gone',
    {
      servers: byAnnotation,
      workloads: [
        aWorkload(annotated, {
          kind: 'StatefulSet',
          spec: template(annotated, { updateStrategy: { type: 'OnDelete' } }),
          copied: 'ehr',
        }),
      ],
      pods: ['a', 'b'].map((name) => before(name, owners('StatefulSet', 'ehr-mcp'))),
    },
    [],
    'Canary a',
  ],
]
for (const [when, things, evicted, expected] of table)
  verifies('injection:rollout', when, () => {
    expect(said(plan(things, evicted))).toBe(expected)
  })

const anyPod = fc.record({
  guarded: fc.boolean(),
  ready: fc.boolean(),
  proved: fc.boolean(),
  ending: fc.boolean(),
  old: fc.boolean(),
  owner: fc.constantFrom(inSet, {}, owners('Job', 'import')),
})

verifies(
  'injection:rollout',
  'whatever is there: no pod goes while another is away, unproved or ending',
  () => {
    fc.assert(
      fc.property(fc.array(anyPod, { maxLength: 8 }), fc.nat(8), (drawn, replicas) => {
        const pods = drawn.map((one, index) => {
          const name = `pod-${index}`
          const pod = one.guarded ? after(name, one.old ? old : young, one.ready) : before(name, one.owner)
          return one.ending ? { ...pod, metadata: { ...pod.metadata, deletionTimestamp: young } } : pod
        })
        const chains = drawn.flatMap((one, index) => (one.proved ? proved(`pod-${index}`) : []))
        const { next, remaining } = plan({ workloads: [deployment(replicas)], pods, chains })

        for (const { pod } of remaining)
          expect(pod.metadata.labels).not.toHaveProperty('hipaa-mcp.dev/guarded')
        if (next === undefined) return
        const at = drawn[Number(next.metadata.name.slice(4))]
        expect(at).toMatchObject({ guarded: false, ending: false, owner: inSet })
        expect(drawn.some(({ ending }) => ending)).toBe(false)
        expect(drawn.filter(({ guarded }) => guarded).every((one) => one.ready && one.proved)).toBe(true)
        expect(drawn.filter((one) => one.guarded || one.owner === inSet).length).toBeGreaterThanOrEqual(
          replicas,
        )
      }),
    )
  },
)

verifies(
  'injection:rollout',
  'it comes to an end: every pod that something makes anew is guarded, one at a time',
  () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(3), (replicas, bare) => {
        let pods = [
          ...Array.from({ length: replicas }, (_, index) => before(`old-${index}`)),
          ...Array.from({ length: bare }, (_, index) => before(`bare-${index}`, {})),
        ]
        let evictions = 0
        for (;;) {
          const names = pods.map(({ metadata }) => metadata.name)
          const { next } = plan({ workloads: [deployment(replicas)], pods, chains: proved(...names) })
          if (next === undefined) break
          evictions += 1
          pods = [...pods.filter((pod) => pod !== next), after(`new-${evictions}`)]
        }

        expect(evictions).toBe(replicas)
        expect(plan({ workloads: [deployment(replicas)], pods }).state).toBe(
          bare === 0 ? 'Done' : 'Remaining',
        )
      }),
    )
  },
)

/** Reason of the condition Guarded. */
function reason(things: Things, evicted: string[]): string | undefined {
  const seen = seenIn({ servers: [bySelector], evicted: wentBefore(evicted), ...things })
  const { conditions } = statusOf({ seen, violations: [], generation: 1, now })
  return conditions?.find(({ type }) => type === 'Guarded')?.reason
}
const reasons = {
  Waiting: 'NotRolledYet',
  Canary: 'CanaryStarts',
  Rolling: 'RollingOut',
  CanaryNotReady: 'CanaryNotReady',
  ReplacementMissing: 'ReplacementMissing',
  ReplacementUnguarded: 'ReplacementUnguarded',
  Remaining: 'UnguardedPods',
}

test('each state of a rollout is a reason of the condition Guarded', () => {
  const seen = new Set<string>()
  for (const [when, things, evicted] of table) {
    const { state } = plan(things, evicted)
    if (state === 'Done' || things.enrolled === false) continue
    seen.add(state)
    expect(reason(things, evicted), when).toBe(reasons[state])
  }
  expect([...seen].toSorted()).toEqual(Object.keys(reasons).toSorted())
})
