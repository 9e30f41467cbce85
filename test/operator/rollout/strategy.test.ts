import { expect, test } from 'vitest'
import { serverAnnotation, strategyAnnotation } from '../../../core/identifiers.ts'
import { type Applier, apply } from '../../../operator/apply.ts'
import { ApiError } from '../../../operator/cluster/client.ts'
import { desired } from '../../../operator/desired/all.ts'
import { isMet } from '../../../operator/desired/wanted.ts'
import type { Strategy, Workload } from '../../../operator/objects.ts'
import { judge } from '../../../operator/readiness.ts'
import { strategyIn } from '../../../operator/rollout/strategy.ts'
import { verifies } from '../../verifies.ts'
import { aGuardedPod, aPod, aWorkload, now, seenIn, type Things } from '../world.ts'

const annotated = { [serverAnnotation]: 'ehr' }
const single = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
const quarter = { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } }
const kept = JSON.stringify(quarter)
const owned = {
  ownerReferences: [
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'ehr-mcp-1', uid: 'u', controller: true },
  ],
}

function aDeployment(replicas: number, strategy?: Strategy, more: Partial<Workload> = {}): Workload {
  return aWorkload(annotated, {
    spec: {
      selector: { matchLabels: { app: 'ehr' } },
      template: { metadata: { annotations: more.copied === undefined ? {} : annotated } },
      replicas,
      ...(strategy === undefined ? {} : { strategy }),
    },
    ...more,
  })
}

/** What is written to workloads, in order. */
function writes(things: Things): unknown[] {
  const seen = seenIn(things)
  return desired(seen, judge(seen), now)
    .filter(
      (wanted) =>
        ['Deployment', 'DaemonSet', 'StatefulSet', 'CronJob'].includes(wanted.object.kind) && !isMet(wanted),
    )
    .map(({ how, object }) => [how, object.metadata.annotations?.[strategyAnnotation], object['spec']])
}
const copy = ['apply', undefined, { template: { metadata: { annotations: annotated } } }]
const held = (before: object, field = 'strategy', now: object = single) => [
  'merge',
  JSON.stringify(before),
  { [field]: now },
]

const cases: [when: string, workload: Workload, expected: unknown[]][] = [
  ['three pods: one at a time by itself', aDeployment(3), [copy]],
  ['four pods: a Deployment would take two at once', aDeployment(4), [held(quarter), copy]],
  ['its author takes them one at a time', aDeployment(20, single), [copy]],
  [
    'its author takes half',
    aDeployment(2, { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: '100%' } }),
    [held({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: '100%' } }), copy],
  ],
  ['its author lets all go at once', aDeployment(20, { type: 'Recreate' }), [copy]],
  [
    'a DaemonSet of ten nodes, three at once',
    aWorkload(annotated, {
      kind: 'DaemonSet',
      spec: { template: { metadata: {} }, updateStrategy: { rollingUpdate: { maxUnavailable: 3 } } },
      status: { desiredNumberScheduled: 10 },
    }),
    [
      held({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 3 } }, 'updateStrategy', {
        type: 'RollingUpdate',
        rollingUpdate: { maxSurge: 0, maxUnavailable: 1 },
      }),
      copy,
    ],
  ],
  [
    'a StatefulSet takes one at a time by itself',
    aWorkload(annotated, { kind: 'StatefulSet', spec: { template: { metadata: {} }, replicas: 20 } }),
    [copy],
  ],
  [
    'a CronJob: the template of its Jobs',
    aWorkload(annotated, {
      kind: 'CronJob',
      spec: { template: {}, jobTemplate: { spec: { template: {} } } },
    }),
    [['apply', undefined, { jobTemplate: { spec: { template: { metadata: { annotations: annotated } } } } }]],
  ],
]
for (const [when, workload, expected] of cases)
  verifies('injection:rollout', `one pod at a time, whatever the workload does otherwise: ${when}`, () => {
    expect(writes({ workloads: [workload] })).toEqual(expected)
  })

const rolling = (now: Strategy = single, note = kept, more: Partial<Workload> = {}): Workload => {
  const made = aDeployment(4, now, { copied: 'ehr', ...more })
  return {
    ...made,
    metadata: { ...made.metadata, annotations: { ...made.metadata.annotations, [strategyAnnotation]: note } },
  }
}
const guarded = {
  ...aGuardedPod('a'),
  metadata: {
    ...aGuardedPod('a').metadata,
    ...owned,
    labels: { app: 'ehr', 'hipaa-mcp.dev/guarded': 'ehr' },
  },
}
const unguarded = aPod('b', { labels: { app: 'ehr' }, ...owned })
const undone = (workload: Workload): Workload => ({
  ...workload,
  metadata: { ...workload.metadata, annotations: { [strategyAnnotation]: kept } },
})

const back: [when: string, things: Things, expected: unknown[]][] = [
  ['while pods wait, nothing', { workloads: [rolling()], pods: [guarded, unguarded] }, []],
  [
    'when every pod is guarded',
    { workloads: [rolling()], pods: [guarded] },
    [['merge', null, { strategy: quarter }]],
  ],
  [
    'when the annotation was taken away, before the template is',
    { workloads: [undone(rolling())], pods: [guarded, unguarded] },
    [
      ['merge', null, { strategy: quarter }],
      ['apply', undefined, undefined],
    ],
  ],
  [
    'when the namespace is enrolled no more',
    { workloads: [rolling()], pods: [unguarded], enrolled: false },
    [['merge', null, { strategy: quarter }]],
  ],
  [
    'not over what somebody wrote meanwhile',
    { workloads: [rolling(quarter)], pods: [guarded] },
    [['merge', null, undefined]],
  ],
  [
    'not by a note that is none of ours',
    { workloads: [rolling(single, '{"type":"Recreate"}')], pods: [guarded] },
    [['merge', null, undefined]],
  ],
  ['and once', { workloads: [aDeployment(4, quarter, { copied: 'ehr' })], pods: [guarded] }, []],
]
for (const [when, things, expected] of back)
  verifies('injection:rollout', `its author’s strategy comes back: ${when}`, () => {
    expect(writes(things)).toEqual(expected)
  })

test('a note is believed as far as it is a strategy', () => {
  for (const text of [
    '',
    '[]',
    '{}',
    '{"rollingUpdate":{}}',
    '{"rollingUpdate":{"maxSurge":-1,"maxUnavailable":0}}',
    '{"rollingUpdate":{"maxSurge":["25%"],"maxUnavailable":0}}',
    '{"rollingUpdate":{"maxSurge":4294967296,"maxUnavailable":0}}',
    '{"rollingUpdate":{"maxSurge":0,"maxUnavailable":0}}',
    '{"rollingUpdate":{"maxSurge":0,"maxUnavailable":"00%"}}',
    '{"rollingUpdate":{"maxSurge":{"a":1},"maxUnavailable":0}}',
  ])
    expect(strategyIn(text), text).toBeUndefined()
  expect(strategyIn(kept)).toEqual(quarter)
  const much = { type: 'RollingUpdate', rollingUpdate: { maxSurge: '1000%', maxUnavailable: 0 } }
  expect(strategyIn(JSON.stringify(much))).toEqual(much)
})

/** Writes what is due to a workload whose rollout is over; the API server answers with `status` to a strategy. */
async function putBack(status: number): Promise<unknown[]> {
  const workload = rolling()
  const seen = seenIn({
    workloads: [{ ...workload, metadata: { ...workload.metadata, resourceVersion: '7' } }],
    pods: [guarded],
  })
  const due = desired(seen, judge(seen), now).filter(({ how }) => how === 'merge')
  const bodies: unknown[] = []
  const patch = async (...[, , , body]: Parameters<Applier['patch']>) => {
    bodies.push(body)
    if ('spec' in (body as object)) throw new ApiError(status, 'Planted', 'planted')
    return {} as never
  }
  await apply({ patch } as unknown as Applier, due, () => true).catch(({ status: code }: ApiError) =>
    bodies.push(code),
  )
  return bodies
}
const note = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'ehr-mcp',
    namespace: 'clinic',
    resourceVersion: '7',
    annotations: { [strategyAnnotation]: null },
  },
}

test('a note that the API server refuses goes alone, and what its author wrote meanwhile is a conflict', async () => {
  const whole = { ...note, spec: { strategy: quarter } }

  expect(await putBack(422)).toEqual([whole, note])
  expect(await putBack(409)).toEqual([whole, 409])
})
