// What a guarded pod's author is told of, and what is counted: each row of the table by a pod that says it, and by none other.

import { describe, expect, test } from 'vitest'
import { serverAnnotation } from '../../../core/identifiers.ts'
import { askedOf, asks, putRight, toldOf, type What } from '../../../operator/admission/asked.ts'
import { type Judged, judgeInjection, judgeNew, type Lookup } from '../../../operator/admission/judge.ts'
import type { Pod, PodSpec } from '../../../operator/admission/pod.ts'
import { reviewOf } from '../../../operator/admission/review.ts'
import { attempts, countedAs } from '../../bypass/attempts.ts'
import { aServer } from '../world.ts'
import { aBystander, anApp, aPod, aRequest, surroundings } from './pods.ts'

const tenant = { name: 'own', securityContext: { runAsUser: 1000 } }
const filled = { [serverAnnotation]: 'ehr', 'example.com/fill': 'x'.repeat(200_000) }
const gone = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: '0' }

/** A pod that says this and nothing else of the table. */
const saying: { readonly [what in What]: Pod } = {
  'dns-policy': aPod({ dnsPolicy: 'Default' }),
  nameservers: aPod({ dnsPolicy: 'None', dnsConfig: { nameservers: ['203.0.113.5'] } }),
  'grace-period': aPod({ terminationGracePeriodSeconds: 86_400 }),
  token: aPod({ automountServiceAccountToken: true }),
  annotations: aPod({}, { annotations: filled }),
  'container-restarts': aPod({ containers: [anApp({ restartPolicy: 'Never' })] }),
  finalizers: aPod({}, { finalizers: ['example.com/keep'] }),
  fqdn: aPod({ setHostnameAsFQDN: true }),
  'hostname-override': aPod({ hostnameOverride: 'labs.example' }),
  'image-volume': aPod({ volumes: [{ name: 'files', image: { reference: 'files:1' } }] }),
  'native-sidecar': aPod({ initContainers: [{ ...tenant, restartPolicy: 'Always' }] }),
  node: aPod({ nodeName: 'node' }),
  owner: aPod({}, { ownerReferences: [gone] }),
  'pod-resources': aPod({ resources: { limits: { cpu: '200m' } } }),
  priority: aPod({ priorityClassName: 'system-node-critical' }),
  'resource-claims': aPod({ resourceClaims: [{ name: 'card' }] }),
  scheduler: aPod({ schedulerName: 'mine' }),
  'scheduling-gates': aPod({ schedulingGates: [{ name: 'example.com/later' }] }),
  'stop-signal': aPod({ containers: [anApp({ lifecycle: { stopSignal: 'SIGWINCH' } })] }),
  'user-namespace': aPod({ hostUsers: false }),
}

function letIn(pod: Pod): Pod {
  const judged: Judged = judgeNew(pod, [aServer()], surroundings)
  if (judged.role !== 'guarded' || !('pod' in judged)) throw new Error(JSON.stringify(judged))
  return judged.pod
}

/** What stands at a field, of each container or volume that is not ours. */
function at(value: unknown, [member, ...rest]: readonly string[]): unknown[] {
  if (Array.isArray(value))
    return value.flatMap((one: { name?: string }) =>
      one.name?.startsWith('hipaa-mcp') === true ? [] : at(one, [member ?? '', ...rest]),
    )
  if (member === undefined) return [value]
  const inside = (value as { [member: string]: unknown } | undefined)?.[member]
  return rest.length === 0 ? [inside] : at(inside, rest)
}

describe.each(Object.entries(saying) as [What, Pod][])('%s', (what, pod) => {
  test('is seen in a pod that says it, and in no other', () => {
    expect(askedOf(pod)).toEqual([what])
  })

  test('is put right where it is said to be, and stands where nothing is said', () => {
    const { field, instead } = asks.get(what) ?? {}
    const path = field?.split('.') ?? []

    const [before, after] = [at(pod, path), at(letIn(pod), path)]

    if (instead === undefined) expect(after).toMatchObject(before)
    else expect(after).not.toEqual(before)
  })

  test('is told once: what admission wrote is not put right again', () => {
    expect(putRight(askedOf(letIn(pod)))).toEqual([])
  })
})

const byJob = { finalizers: ['batch.kubernetes.io/job-tracking'] }
const byController = { ownerReferences: [{ ...gone, kind: 'ReplicaSet', controller: true }] }
const ofStatefulSet = { hostname: 'ehr-0', subdomain: 'ehr' }
const honest: { readonly [name: string]: Pod } = {
  'as the API server fills it in': aPod(),
  'of a controller': aPod({}, byController),
  'of a Job': aPod({ restartPolicy: 'Never' }, { ...byJob, ...byController }),
  'of a StatefulSet': aPod({ ...ofStatefulSet, schedulerName: 'default-scheduler' }, byController),
  'with an init container, a probe and a hook': aPod({
    initContainers: [tenant],
    containers: [anApp({ lifecycle: { preStop: { exec: { command: ['true'] } } } })],
  }),
  'with searches, options and a policy of the network of its own': aPod({
    dnsPolicy: 'ClusterFirstWithHostNet',
    dnsConfig: { searches: ['corp.example'], options: [{ name: 'ndots', value: '2' }] },
  }),
  'with ten minutes to end': aPod({ terminationGracePeriodSeconds: 600 }),
  'without a token': aPod({ automountServiceAccountToken: false }),
  'of a class of its own': aPod({ priorityClassName: 'clinic', priority: 1000 }),
}

test.each(Object.entries(honest))('a pod %s has nothing to be told', (_, pod) => {
  expect(askedOf(pod)).toEqual([])
  expect(toldOf(askedOf(pod))).toEqual({})
  expect(askedOf(letIn(pod))).toEqual([])
})

const lookup: Lookup = {
  servers: async () => [aServer()],
  pod: async () => undefined,
  podSecurity: async () => 'privileged',
}
const answerTo = async (pod: Pod): Promise<unknown> => {
  const verdict = await judgeInjection(aRequest(pod), lookup, surroundings)
  const { response } = JSON.parse(JSON.stringify(reviewOf('1', verdict))) as { response: object }
  return { ...response, patch: undefined }
}
const patched = { uid: '1', allowed: true, patchType: 'JSONPatch' }

test('the answer warns who sends the pod, and tells the API server’s audit log, with nothing of the pod', async () => {
  const spec: Partial<PodSpec> = {
    dnsPolicy: 'Default',
    automountServiceAccountToken: true,
    nodeName: 'jane-doe',
  }

  expect(await answerTo(aPod(spec))).toEqual({
    ...patched,
    warnings: [
      'hipaa-mcp: spec.dnsPolicy: None stands instead of what was written, for a guarded pod asks its sidecar for every name',
      expect.stringMatching(/^hipaa-mcp: spec\.automountServiceAccountToken: false stands instead of true/),
    ],
    auditAnnotations: {
      'put-right': 'spec.dnsPolicy,spec.automountServiceAccountToken',
      'let-stand': 'spec.nodeName',
    },
  })
  expect(await answerTo(aPod({ nodeName: 'jane-doe' }))).toEqual({
    ...patched,
    auditAnnotations: { 'let-stand': 'spec.nodeName' },
  })
})

test('an honest pod’s answer says nothing, nor does one to a bystander’s or a refused pod', async () => {
  expect(await answerTo(aPod())).toEqual(patched)
  expect(await answerTo(aBystander({ dnsPolicy: 'Default' }))).toEqual(patched)
  expect(await answerTo(aPod({ dnsPolicy: 'Default', hostPID: true }))).toEqual({
    uid: '1',
    allowed: false,
    status: expect.anything(),
  })
})

test('all warnings together are no longer than the API server carries, and each is shown whole', () => {
  const warnings = toldOf([...asks.keys()]).warnings ?? []

  expect(warnings).toHaveLength(4)
  for (const warning of warnings) expect(Buffer.byteLength(warning), warning).toBeLessThanOrEqual(256)
})

test('of the attempts that end as guarded pods all are counted but those that say what every pod says', async () => {
  const unseen = (await attempts()).filter(
    (attempt) => attempt.gate === 'guarded' && countedAs(attempt).length === 0,
  )

  expect(unseen.map(({ id }) => id)).toEqual([
    // No word but what every pod says, or might: how much is much the scheduler says, in its Event on the pod.
    'editor-guarded-still-groups-of-image',
    'editor-guarded-still-many-containers',
    'editor-guarded-still-no-probes',
    'editor-guarded-still-no-room',
  ])
})
