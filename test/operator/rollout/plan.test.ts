import fc from 'fast-check'
import { expect, test } from 'vitest'
import { serverAnnotation } from '../../../core/identifiers.ts'
import { fleetOf } from '../../../operator/conditions/fleet.ts'
import { desired } from '../../../operator/desired/all.ts'
import { isMet } from '../../../operator/desired/wanted.ts'
import type { Pod, Workload } from '../../../operator/objects.ts'
import type { EvictionCause } from '../../../operator/rollout/evict.ts'
import { mayRoll, patience, type Rollout, rolloutOf } from '../../../operator/rollout/plan.ts'
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

/** A Deployment that is annotated itself, beside a StatefulSet whose author wrote it on the template. */
const stateful = { matchLabels: { app: 'db' } }
const twoWays: Things = {
  servers: byAnnotation,
  workloads: [
    aWorkload(annotated, { spec: template({}) }),
    aWorkload(
      {},
      {
        kind: 'StatefulSet',
        metadata: { name: 'db', namespace: 'clinic', uid: 'uid-db' },
        spec: { ...template(annotated), selector: stateful, replicas: 1 },
      },
    ),
  ],
}
const ofSet = { ...owners('StatefulSet', 'db'), labels: { app: 'db' }, annotations: annotated }

/** A StatefulSet on whose template we wrote, and two pods of before, of which the first is `ready`. */
const setOf = (more: object, ready: boolean): Things => ({
  servers: byAnnotation,
  workloads: [aWorkload(annotated, { kind: 'StatefulSet', spec: template(annotated, more), copied: 'ehr' })],
  pods: ['a', 'b'].map((name) => ({
    ...before(name, owners('StatefulSet', 'ehr-mcp')),
    ...(name === 'a' && !ready ? { status: { phase: 'Pending' } } : {}),
  })),
})

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
  [
    'a budget holds the only one that is left to us',
    { ...three, pods: [after('x'), after('y'), before('c')], chains: proved('x', 'y'), held: ['uid-c'] },
    [],
    'Held c',
  ],
  [
    'a budget holds one of two: the other one goes',
    { ...three, pods: [after('x'), before('b'), before('c')], chains: proved('x'), held: ['uid-b'] },
    [],
    'Rolling c',
  ],
  [
    'new pods of a Deployment are refused, while those of before run on',
    {
      servers: byAnnotation,
      workloads: [
        aWorkload(annotated, { spec: template(annotated), copied: 'ehr', status: { refused: true } }),
      ],
      pods: [before('a'), before('b')],
    },
    [],
    'ReplacementMissing',
  ],
  [
    'a Deployment is paused',
    {
      servers: byAnnotation,
      workloads: [aWorkload(annotated, { spec: template(annotated, { paused: true }), copied: 'ehr' })],
      pods: [before('a'), before('b')],
    },
    [],
    'Paused',
  ],
  ['a StatefulSet waits for a pod of before that is not ready', setOf({}, false), [], 'OldPodNotReady'],
  [
    'beside it a proved pod runs, and one is left to us, which goes',
    {
      ...twoWays,
      workloads: [...(twoWays.workloads ?? []).slice(1), ...(setOf({}, false).workloads ?? [])],
      pods: [...(setOf({}, false).pods ?? []), after('x'), before('db-0', ofSet)],
      chains: proved('x'),
    },
    [],
    'Rolling db-0',
  ],
  ['all pods of a StatefulSet are ready: it replaces them', setOf({}, true), [], 'Canary'],
  [
    'its author has a StatefulSet replace no pod below a partition',
    setOf({ updateStrategy: { rollingUpdate: { partition: 2 } } }, true),
    [],
    'Paused',
  ],
  [
    'a StatefulSet leaves it to us: a pod that is not ready goes as well',
    setOf({ updateStrategy: { type: 'OnDelete' } }, false),
    [],
    'Canary a',
  ],
  [
    'the canary is a Deployment’s own: what is left to us waits for it',
    { ...twoWays, pods: [before('a'), before('db-0', ofSet)] },
    [],
    'Canary',
  ],
  [
    'it is ready and proved: what is left to us goes',
    { ...twoWays, pods: [after('x'), before('db-0', ofSet)], chains: proved('x') },
    [],
    'Rolling db-0',
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
const reasons: { readonly [state in Exclude<Rollout['state'], 'Done'>]: string } = {
  Waiting: 'NotRolledYet',
  Canary: 'CanaryStarts',
  Rolling: 'RollingOut',
  Held: 'DisruptionBudgetHolds',
  CanaryNotReady: 'CanaryNotReady',
  ReplacementMissing: 'ReplacementMissing',
  ReplacementUnguarded: 'ReplacementUnguarded',
  OldPodNotReady: 'OldPodNotReady',
  Paused: 'WorkloadPaused',
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

/** Workloads that are annotated and have a pod each; `more`: what else they are. */
const named = (kind: string, name: string, more: Partial<Workload['spec']> = {}, copied?: string): Workload =>
  aWorkload(annotated, {
    kind,
    metadata: { name, namespace: 'clinic', uid: `uid-${name}`, annotations: annotated },
    spec: {
      ...template(copied === undefined ? {} : annotated, more),
      selector: { matchLabels: { app: name } },
    },
    ...(copied === undefined ? {} : { copied }),
  })
const podOf = ({ kind, metadata: { name } }: Workload): Pod =>
  before(`${name}-0`, {
    ...(kind === 'Deployment' ? owners('ReplicaSet', `${name}-5c4d`) : owners(kind, name)),
    labels: { app: name },
  })
const [web, scan, batch] = [
  named('Deployment', 'web'),
  named('DaemonSet', 'scan'),
  named('Deployment', 'batch'),
]

const turns: [when: string, workloads: Workload[], more: Things, written: string][] = [
  ['nothing is guarded: one Deployment', [scan, web, batch], {}, 'batch'],
  ['it has begun', [scan, named('Deployment', 'web', {}, 'ehr'), batch], {}, ''],
  ['there is no Deployment', [scan, named('StatefulSet', 'db')], {}, 'scan'],
  [
    'a Deployment that recreates ends its pods first',
    [named('Deployment', 'all', { strategy: { type: 'Recreate' } }), scan],
    {},
    'scan',
  ],
  [
    'the canary is not ready yet',
    [scan, batch],
    { pods: [after('x', young, false)], chains: proved('x') },
    '',
  ],
  ['the canary is proved', [scan, batch], { pods: [after('x')], chains: proved('x') }, 'batch scan'],
  ['the only one is paused', [named('Deployment', 'web', { paused: true })], {}, 'web'],
  ['one that is paused is no canary', [named('Deployment', 'a', { paused: true }), web], {}, 'web'],
  [
    'one of which no pod goes by itself is no canary',
    [named('StatefulSet', 'a', { updateStrategy: { rollingUpdate: { partition: 1 } } }), scan],
    {},
    'scan',
  ],
]
for (const [when, workloads, { pods = [], ...more }, written] of turns)
  verifies('injection:rollout', `of workloads that are annotated at once, ${when}`, () => {
    const seen = seenIn({
      servers: byAnnotation,
      workloads,
      pods: [...workloads.map(podOf), ...pods],
      ...more,
    })

    const found = desired(seen, [], now).filter(({ object }) => object['spec'] !== undefined)

    const templates = found.filter((one) => one.object.kind !== 'NetworkPolicy' && !isMet(one))
    expect(
      templates
        .map(({ object }) => object.metadata.name)
        .toSorted()
        .join(' '),
    ).toBe(written)
  })

verifies('injection:rollout', 'a CronJob waits for no canary: it has no pod that would go', () => {
  const cron = aWorkload(annotated, {
    kind: 'CronJob',
    metadata: { name: 'nightly', namespace: 'clinic', uid: 'uid-nightly', annotations: annotated },
    spec: { template: {}, jobTemplate: { spec: { template: {} } } },
  })
  const seen = seenIn({ servers: byAnnotation, workloads: [web, cron], pods: [podOf(web)] })

  expect([web, cron].map((one) => mayRoll(one, seen))).toEqual([true, true])
})
