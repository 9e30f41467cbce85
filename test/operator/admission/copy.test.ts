// The table of docs/decisions/0027: what is decided where a replica's copy holds less, or other, than is so by now.

import { expect, test } from 'vitest'
import { containers, guardedLabel, serverAnnotation, storeLabel } from '../../../core/identifiers.ts'
import { type PodSecurity, podSecurityLabel } from '../../../core/pod-security.ts'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { conforms } from '../../../operator/admission/conform.ts'
import { judgeConnect } from '../../../operator/admission/connect.ts'
import { copyOf, type Known } from '../../../operator/admission/copy.ts'
import { judgeInjection, judgeNew, judgePod, type Lookup } from '../../../operator/admission/judge.ts'
import type { Pod } from '../../../operator/admission/pod.ts'
import { MutableStore } from '../../../operator/cluster/store.ts'
import { fleetOf } from '../../../operator/conditions/fleet.ts'
import { keysSecret } from '../../../operator/desired/keys.ts'
import type { Namespace } from '../../../operator/objects.ts'
import { observe, type Seen } from '../../../operator/observe.ts'
import { ordersFor } from '../../../operator/orders-source.ts'
import { rolloutOf } from '../../../operator/rollout/plan.ts'
import { trimPod } from '../../../operator/watches.ts'
import { verifies } from '../../verifies.ts'
import { aServer, aWorkload, aWorld, now, seenIn } from '../world.ts'
import { aBystander, anApp, aPod, aRequest, surroundings } from './pods.ts'

const known = (servers: HipaaMcpServer[], podSecurity: PodSecurity = 'privileged'): Known => ({
  servers,
  podSecurity,
})
const nobody = { grants: async () => [], now: () => 0 }

/** `live` is what is so; what was read of it is in `read`. */
function lookupOf(live: Known, copy: Lookup['copy']): { lookup: Lookup; read: string[] } {
  const read: string[] = []
  const lookup: Lookup = {
    servers: async () => {
      read.push('servers')
      return live.servers
    },
    podSecurity: async () => {
      read.push('podSecurity')
      return live.podSecurity
    },
    pod: async () => undefined,
    ...(copy === undefined ? {} : { copy }),
  }
  return { lookup, read }
}

/** As admission lets it in, by what is known. */
function letIn(pod: Pod, { servers, podSecurity }: Known): Pod {
  const judged = judgeNew(pod, servers, { ...surroundings, podSecurity })
  if ('violations' in judged) throw new Error(judged.violations.join('; '))
  return judged.pod
}

/** What the mutating webhook makes of the pod: who guards it, `store`, `unguarded` or `refused`; and whether that was read live. */
async function injected(pod: Pod, copy: Known | undefined, live: Known): Promise<string> {
  const { lookup, read } = lookupOf(live, () => copy)
  const verdict = await judgeInjection(aRequest(pod), lookup, surroundings)
  return `${outcome(verdict)}, ${read.length === 0 ? 'by the copy' : 'live'}`
}

function outcome(verdict: Awaited<ReturnType<typeof judgeInjection>>): string {
  if (!verdict.allowed) return 'refused'
  const labels = verdict.patch?.find(({ path }) => path === '/metadata/labels')
  const { [guardedLabel]: guard, [storeLabel]: store } = (
    labels === undefined || labels.op === 'remove' ? {} : labels.value
  ) as { [label: string]: string | undefined }
  return guard ?? (store === undefined ? 'unguarded' : 'store')
}

const selecting = (app: string, name = 'ehr') =>
  aServer({ workload: { port: 8080, path: '/mcp', selector: { matchLabels: { app } } } }, { name })
const withStore = (app: string) =>
  aServer({ stores: [{ name: 'db', pods: { matchLabels: { app } }, port: 5432 }] })
const moved = aServer({ workload: { port: 9090, path: '/mcp' } })
const local = aServer({
  trail: { acknowledge: 'Local', volume: { storageClassName: 'encrypted', size: '64Mi' } },
})
const labelled = aBystander({}, { labels: { app: 'ehr' } })

const rows: { when: string; pod: Pod; copy: Known | undefined; live: Known; answer: string }[] = [
  {
    when: 'nothing changed',
    pod: aPod(),
    copy: known([aServer()]),
    live: known([aServer()]),
    answer: 'ehr, by the copy',
  },
  {
    when: 'a server came that the pod names',
    pod: aPod(),
    copy: known([]),
    live: known([aServer()]),
    answer: 'ehr, live',
  },
  {
    when: 'a server came that selects the pod',
    pod: labelled,
    copy: known([]),
    live: known([selecting('ehr')]),
    answer: 'ehr, live',
  },
  {
    when: 'a selector begins to take the pod',
    pod: labelled,
    copy: known([selecting('old')]),
    live: known([selecting('ehr')]),
    answer: 'ehr, live',
  },
  {
    when: 'a selector takes the pod no longer',
    pod: labelled,
    copy: known([selecting('ehr')]),
    live: known([selecting('new')]),
    answer: 'ehr, by the copy',
  },
  {
    when: 'another server takes the pod',
    pod: labelled,
    copy: known([selecting('ehr')]),
    live: known([selecting('new'), selecting('ehr', 'lab')]),
    answer: 'ehr, by the copy',
  },
  {
    when: 'a second server takes the pod as well',
    pod: labelled,
    copy: known([selecting('ehr')]),
    live: known([selecting('ehr'), selecting('ehr', 'lab')]),
    answer: 'ehr, by the copy',
  },
  {
    when: 'one of two servers that took the pod is gone',
    pod: labelled,
    copy: known([selecting('ehr'), selecting('ehr', 'lab')]),
    live: known([selecting('ehr')]),
    answer: 'ehr, live',
  },
  {
    when: 'the server has another port',
    pod: aPod(),
    copy: known([aServer()]),
    live: known([moved]),
    answer: 'ehr, by the copy',
  },
  {
    when: 'the server is gone',
    pod: aPod(),
    copy: known([aServer()]),
    live: known([]),
    answer: 'ehr, by the copy',
  },
  {
    when: 'the pod becomes a store',
    pod: labelled,
    copy: known([withStore('old')]),
    live: known([withStore('ehr')]),
    answer: 'store, live',
  },
  {
    when: 'the pod is a store no longer',
    pod: labelled,
    copy: known([withStore('ehr')]),
    live: known([aServer()]),
    answer: 'unguarded, live',
  },
  {
    when: 'the pod is a store no longer, but guarded',
    pod: labelled,
    copy: known([withStore('ehr')]),
    live: known([selecting('ehr')]),
    answer: 'ehr, live',
  },
  {
    when: 'the namespace forbids NET_ADMIN now',
    pod: aPod(),
    copy: known([aServer()], 'privileged'),
    live: known([aServer()], 'restricted'),
    answer: 'ehr, by the copy',
  },
  {
    when: 'the namespace allows NET_ADMIN now',
    pod: aPod(),
    copy: known([aServer()], 'restricted'),
    live: known([aServer()], 'privileged'),
    answer: 'ehr, by the copy',
  },
  {
    when: 'the namespace allows a local trail now',
    pod: aPod(),
    copy: known([local], 'restricted'),
    live: known([local], 'privileged'),
    answer: 'ehr, live',
  },
  {
    when: 'a pod is refused whatever is so',
    pod: aPod({ hostPID: true }),
    copy: known([aServer()]),
    live: known([aServer()]),
    answer: 'refused, live',
  },
  {
    when: 'nothing takes the pod, then and now',
    pod: labelled,
    copy: known([aServer()]),
    live: known([aServer()]),
    answer: 'unguarded, live',
  },
  {
    when: 'there is no copy that could be gone by',
    pod: aPod(),
    copy: undefined,
    live: known([moved]),
    answer: 'ehr, live',
  },
]

for (const { when, pod, copy, live, answer } of rows)
  verifies('injection:copy', `${when}: ${answer}`, async () => {
    expect(await injected(pod, copy, live)).toBe(answer)
  })

verifies('injection:copy', 'a pod guarded by a spec that is no more gets no identity', () => {
  const pod = letIn(aPod(), known([aServer()]))

  expect(conforms(pod, moved, surroundings)).not.toEqual([])
})

/** As it is stored, and as the operator's watch keeps it. */
const stored = (pod: Pod, more: Partial<Pod['metadata']> = {}) =>
  trimPod({
    ...pod,
    metadata: { ...pod.metadata, name: 'late', uid: 'uid-late', ...more },
    status: { phase: 'Running' },
  } as never)

verifies(
  'injection:copy',
  'a pod guarded by a server from which another has taken it gets its identity, and no call is let in at either',
  () => {
    const servers = [selecting('new'), selecting('ehr', 'lab')]
    const pod = letIn(labelled, known([selecting('ehr')]))
    const { world, outside } = aWorld({
      servers,
      pods: [stored(pod)],
      secrets: [keysSecret('clinic.lab')],
    })
    const locked = (name: string) =>
      ordersFor(world, outside, { namespace: 'clinic', name, podUid: 'uid-late' }, 1, now)?.locked
    const seen = observe(world, outside, 'clinic', 'lab') as Seen

    expect(conforms(pod, servers[0] as HipaaMcpServer, surroundings)).toEqual([])
    expect([locked('ehr'), locked('lab')]).toEqual(['claimed-twice', 'claimed-twice'])
    // Nobody but its makers ends it.
    expect(rolloutOf(seen, fleetOf(seen), now)).toEqual({
      state: 'Waiting',
      remaining: [expect.objectContaining({ why: 'Bare' })],
    })
  },
)

const replicaSet = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  name: 'ehr-mcp-1',
  uid: 'u',
  controller: true,
}
const makers: [by: string, owner: object[], outcome: string][] = [
  ['by a Deployment', [replicaSet], 'goes'],
  ['by a Job', [{ ...replicaSet, apiVersion: 'batch/v1', kind: 'Job' }], 'Job'],
  ['by nobody', [], 'Bare'],
]
for (const [by, ownerReferences, outcome] of makers)
  verifies(
    'injection:copy',
    `a server that came after the reviews of a pod made ${by} and before it was stored finds it: ${outcome}`,
    async () => {
      const pod = letIn(labelled, known([]))
      const { lookup } = lookupOf(known([]), () => known([]))
      expect(await judgePod(aRequest(pod), lookup, surroundings, nobody)).toEqual({ allowed: true })
      const selector = { matchLabels: { app: 'ehr' } }

      // Times have whole seconds: either may seem to have come first.
      for (const [came, made] of [
        ['2026-11-01T11:59:00Z', '2026-11-01T11:59:01Z'],
        ['2026-11-01T11:59:01Z', '2026-11-01T11:59:00Z'],
      ] as const) {
        const server = selecting('ehr')
        const seen = seenIn({
          servers: [{ ...server, metadata: { ...server.metadata, creationTimestamp: came } }],
          workloads: [aWorkload({}, { spec: { selector, template: {}, replicas: 1 } })],
          pods: [stored(pod, { creationTimestamp: made, ownerReferences } as never)],
        })
        const { next, remaining } = rolloutOf(seen, fleetOf(seen), now)
        expect([next === undefined ? [] : 'goes', ...remaining.map(({ why }) => why)].flat()).toEqual([
          outcome,
        ])
      }
    },
  )

const guardOf = (level: PodSecurity) =>
  letIn(aPod(), known([aServer()], level)).spec.initContainers?.find(({ name }) => name === containers.guard)

verifies('injection:copy', 'of a namespace that changed its level, the filter is proved or refused', () => {
  // What Pod Security refuses by itself, and what proves a filter that somebody else must have set.
  expect(guardOf('privileged')?.securityContext?.capabilities?.add).toContain('NET_ADMIN')
  expect(guardOf('restricted')?.command?.at(-1)).toBe('check')
})

const twice: { when: string; pod: Pod; copy: Known; live: Known; answer: string }[] = [
  {
    when: 'both webhooks know the same',
    pod: letIn(aPod(), known([aServer()])),
    copy: known([aServer()]),
    live: known([moved]),
    answer: 'let in, by the copy',
  },
  {
    when: 'the mutating webhook knew more',
    pod: letIn(aPod(), known([moved])),
    copy: known([aServer()]),
    live: known([moved]),
    answer: 'let in, live',
  },
  {
    when: 'the mutating webhook knew of a server that this one has not heard of',
    pod: letIn(aPod(), known([aServer()])),
    copy: known([]),
    live: known([aServer()]),
    answer: 'let in, live',
  },
  {
    when: 'the mutating webhook knew less',
    pod: letIn(aPod(), known([aServer()])),
    copy: known([moved]),
    live: known([moved]),
    answer: 'refused, live',
  },
  {
    when: 'a server came that takes the pod, after it was let be',
    pod: letIn(labelled, known([])),
    copy: known([]),
    live: known([selecting('ehr')]),
    answer: 'refused, live',
  },
  {
    when: 'the pod became a store, after it was let be',
    pod: letIn(labelled, known([])),
    copy: known([]),
    live: known([withStore('ehr')]),
    answer: 'let in, live',
  },
  {
    when: 'a bystander, then and now',
    pod: letIn(labelled, known([])),
    copy: known([]),
    live: known([]),
    answer: 'let in, live',
  },
]

for (const { when, pod, copy, live, answer } of twice)
  verifies('injection:copy', `the final pod, where ${when}: ${answer}`, async () => {
    const { lookup, read } = lookupOf(live, () => copy)
    const { allowed } = await judgePod(aRequest(pod), lookup, surroundings, nobody)
    expect(`${allowed ? 'let in' : 'refused'}, ${read.length === 0 ? 'by the copy' : 'live'}`).toBe(answer)
  })

verifies('injection:copy', 'of a pod that runs, and of ways into it, no copy is asked', async () => {
  const asked: string[] = []
  const { lookup, read } = lookupOf(known([aServer()]), (namespace) => {
    asked.push(namespace)
    return known([aServer()])
  })
  const oldObject = letIn(aPod(), known([aServer()]))
  const { spec } = oldObject
  const changed = { ...oldObject, spec: { ...spec, activeDeadlineSeconds: 1 } }
  const debugged = { ...oldObject, spec: { ...spec, ephemeralContainers: [anApp({ name: 'debug' })] } }
  const update = { operation: 'UPDATE', oldObject } as const

  await judgePod(aRequest(changed, update), lookup, surroundings, nobody)
  await judgePod(
    aRequest(debugged, { ...update, subResource: 'ephemeralcontainers' }),
    lookup,
    surroundings,
    nobody,
  )
  await judgeConnect(aRequest(oldObject, { operation: 'CONNECT', subResource: 'exec' }), lookup, nobody)

  expect(asked).toEqual([])
  expect(read).toEqual(['servers', 'servers'])
})

test('Pod Security is asked only of a pod that is guarded', async () => {
  for (const [pod, wanted] of [
    [aPod(), ['servers', 'podSecurity']],
    [labelled, ['servers']],
    [aPod({}, { annotations: { [serverAnnotation]: 'none' } }), ['servers']],
  ] as const) {
    const { lookup, read } = lookupOf(known([aServer()]), undefined)
    await judgeInjection(aRequest(pod), lookup, surroundings)
    expect(read).toEqual(wanted)
  }
})

/** Watches of one namespace and one server, each of which follows or does not. */
function watched(follow: { servers: boolean; namespaces: boolean }) {
  const servers = new MutableStore<HipaaMcpServer>()
  servers.set(aServer())
  const namespaces = new MutableStore<Namespace>()
  const labels = { [podSecurityLabel]: 'baseline' }
  namespaces.set({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'clinic', labels } })
  return copyOf({
    servers: { in: (name) => servers.in(name), follows: () => follow.servers },
    namespaces: { get: (...which) => namespaces.get(...which), follows: () => follow.namespaces },
  })
}

verifies(
  'injection:copy',
  'either watch may have missed something, or the namespace is not known: no copy',
  () => {
    const both = { servers: true, namespaces: true }

    expect(watched(both)('clinic')).toEqual(known([aServer()], 'baseline'))
    expect(watched(both)('new')).toBeUndefined()
    expect(watched({ ...both, servers: false })('clinic')).toBeUndefined()
    expect(watched({ ...both, namespaces: false })('clinic')).toBeUndefined()
  },
)
