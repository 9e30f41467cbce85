// Emergency access into guarded pods, and what is on record of who tried without: a part of grants.test.ts, on the same cluster.

import { readFile } from 'node:fs/promises'
import { beforeAll, expect } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import type { Client } from '../../operator/cluster/client.ts'
import { kinds } from '../../operator/cluster/kinds.ts'
import type { Pod } from '../../operator/objects.ts'
import { type Api, until } from '../cluster/api.ts'
import { surroundings } from '../operator/admission/pods.ts'
import type { Running } from '../operator/running.ts'
import { pod } from '../sidecar/installation.ts'
import { verifies } from '../verifies.ts'
import type { AdmissionScene } from './admission-scene.ts'

/** `who` is a person, as for kubectl: nobody named is an administrator. */
export type Stage = {
  readonly scene: AdmissionScene
  readonly api: Api
  readonly kubectl: (who: string | undefined, args: string[], input?: object) => Promise<string>
  /** Asks for a grant of this name; `more` is of its spec. */
  readonly ask: (who: string | undefined, name: string, more?: object) => Promise<string>
  /** The operator's core, which runs with these rights. */
  readonly operator: Pick<Running, 'gone'>
  readonly asOperator: Client
  /** Changes a grant's spec. */
  readonly merge: (who: string | undefined, name: string, change: object) => Promise<string>
}

const namespace = pod.namespace
const podsGrant = { subject: undefined, patients: undefined }

const grace = (gracePeriodSeconds: number) => ({ gracePeriodSeconds })
const letIn = (text: string) => /does not have a host assigned/.test(text)

/** Declares the tests. The scene is built before they run. */
export function grantsForPods(stage: () => Stage): void {
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  const debug = {
    name: 'debug',
    image: 'tools:1',
    securityContext: {
      runAsUser: 1000,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  }
  /** What the API server says to a shell, or to whatever else is tried. A pod that nothing schedules answers nothing. */
  const shell = async (as: string, name = 'ehr-pod', container = 'app') =>
    await stage().kubectl(as, ['exec', '-n', namespace, name, '-c', container, '--', 'true'])
  const addDebug = async (as: string, securityContext: object = debug.securityContext) =>
    await stage().kubectl(as, [
      'patch',
      'pod',
      'ehr-pod',
      '-n',
      namespace,
      '--subresource',
      'ephemeralcontainers',
      '-p',
      JSON.stringify({ spec: { ephemeralContainers: [{ ...debug, securityContext }] } }),
    ])

  beforeAll(async () => {
    await stage().api.apply(`${rbac}/clusterroles/grants-shell`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      rules: [
        { apiGroups: [''], resources: ['pods', 'serviceaccounts', 'services'], verbs: ['get', 'list'] },
        {
          apiGroups: [''],
          resources: ['pods/exec', 'pods/attach', 'pods/ephemeralcontainers', 'services/proxy'],
          verbs: ['get', 'create', 'patch', 'update'],
        },
        { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
      ],
    })
    for (const [name, role] of [
      ['maria', 'grants-shell'],
      ['maria', 'hipaa-mcp-pod-repairer'],
      ['asker', 'hipaa-mcp-pod-repairer'],
      ['approver', 'hipaa-mcp-entry-approver'],
      ['mallory', 'grants-shell'],
      // Who decides of patients, and of nothing else.
      ['ward', 'hipaa-mcp-requester'],
      ['ward', 'hipaa-mcp-approver'],
    ] as const)
      await stage().api.apply(`${rbac}/clusterrolebindings/grants-${name}-${role}`, {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
      })
    const policy = await readFile('config/webhook/policy-pods.yaml', 'utf8')
    for (const one of parseAllDocuments(policy.replaceAll('localhost/hipaa-mcp:dev', surroundings.image)))
      await stage().kubectl(undefined, ['apply', '-f', '-'], one.toJS() as object)
    // The API server takes a moment to hold by a policy that changed.
    await until('the pod is there', 30, async () =>
      (await stage().kubectl(undefined, ['apply', '-f', '-'], guardedPod)).includes('created'),
    )
  })
  const guardedPod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'ehr-pod',
      namespace,
      annotations: { 'hipaa-mcp.dev/server': 'ehr' },
      labels: { app: 'ehr' },
    },
    spec: {
      schedulerName: 'none',
      containers: [{ name: 'app', image: 'ehr:1', securityContext: { runAsUser: 1000 } }],
    },
  }

  verifies(
    'injection:connect',
    'a person whom another one let in, and on record, on a real API server',
    async () => {
      expect(await shell('maria')).toContain('no BreakGlassGrant that is in force names you')
      const pods = { user: 'maria', names: ['ehr-pod'], ways: ['Exec', 'EphemeralContainers'] }
      expect(await stage().ask('maria', 'shell', { ...podsGrant, pods })).toContain('created')
      expect(await shell('maria')).toContain('no BreakGlassGrant')
      expect(await stage().merge('maria', 'shell', { approval: {} })).toMatch(/forbidden|cannot/i)
      expect(await stage().merge('ward', 'shell', { approval: {} })).toContain(
        'you may not approve a way into pods',
      )
      expect(await stage().ask('ward', 'ward', { ...podsGrant, pods })).toContain(
        'you may not ask for a way into pods',
      )
      await stage().merge('approver', 'shell', { approval: {} })

      stage().scene.collector.away = true
      expect(await shell('maria')).toContain('the collector did not say that it is on record')
      expect(stage().scene.recorded.entered).toEqual([])
      stage().scene.collector.away = false

      expect(letIn(await shell('maria'))).toBe(true)
      // kubectl asks twice where the first way fails: each is a record.
      expect(stage().scene.recorded.entered.length).toBeGreaterThan(0)
      for (const entered of stage().scene.recorded.entered)
        expect(entered).toMatchObject({
          what: 'pods/exec',
          by: 'maria',
          name: 'ehr-pod',
          grant: { name: 'shell', approvedBy: 'approver' },
        })
      expect(await shell('mallory')).toContain('no BreakGlassGrant')
      expect(await shell('maria', 'ehr-pod', 'hipaa-mcp')).toContain('no grant opens it')

      expect(await addDebug('mallory')).toContain('takes an ephemeral container only in an emergency')
      expect(stage().scene.recorded.refused).toContainEqual(
        expect.objectContaining({ what: 'pods/ephemeralcontainers', by: 'mallory' }),
      )
      const told = (by: string) =>
        stage().scene.recorded.refused.filter(
          (one) => one.what === 'pods/ephemeralcontainers' && one.by === by,
        ).length
      // Once: of the rules that an attempt breaks only the first tells of it.
      const before = told('mallory')
      await addDebug('mallory')
      expect(told('mallory')).toBe(before + 1)
      const chown = { drop: ['ALL'], add: ['CHOWN'] }
      expect(await addDebug('maria', { ...debug.securityContext, capabilities: chown })).toContain(
        'adds no capability',
      )
      expect(told('maria')).toBe(1)
      expect(await addDebug('maria')).toContain('patched')
      expect(told('maria')).toBe(1)
      expect(stage().scene.recorded.entered.at(-1)).toMatchObject({
        what: 'pods/ephemeralcontainers',
        by: 'maria',
      })
      expect(stage().scene.said.filter(({ reason }) => reason === 'PodEntered')).toHaveLength(
        stage().scene.recorded.entered.length,
      )

      const { uid } = (await stage().asOperator.get<Pod>(kinds.pod, namespace, 'ehr-pod'))?.metadata ?? {}
      expect((await grantNow('shell'))?.status?.entered).toMatchObject([
        { uid, name: 'ehr-pod', ways: ['Exec', 'EphemeralContainers'] },
      ])
      await stage().merge('approver', 'shell', { end: {} })
    },
    120_000,
  )

  const grantNow = async (name: string) =>
    await stage().asOperator.get<BreakGlassGrant>(kinds.grant, namespace, name)
  const sessionsOf = async (name: string) =>
    (await grantNow(name))?.status?.conditions?.find(({ type }) => type === 'SessionsEnded')

  verifies(
    'access:session-end',
    'the pod that was entered is evicted with the grant’s end, by a real API server and with the operator’s own rights',
    async () => {
      await until('it is gone', 60, async () => (await sessionsOf('shell'))?.reason === 'PodsGone')

      const [one] = (await grantNow('shell'))?.status?.entered ?? []
      expect(one?.gone).toBeDefined()
      expect(stage().operator.gone).toMatchObject([
        { pod: one?.uid, name: 'ehr-pod', grant: { name: 'shell' } },
      ])
      expect(await stage().asOperator.get(kinds.pod, namespace, 'ehr-pod')).toBeUndefined()
    },
    90_000,
  )

  verifies(
    'access:session-end',
    'a pod that is to stay stays, which is said and recorded, and nobody but the operator writes which were entered',
    async () => {
      await stage().kubectl(undefined, ['apply', '-f', '-'], guardedPod)
      const pods = { user: 'maria', names: ['ehr-pod'], ways: ['Exec'] }
      const debugs = { ...pods, ways: ['EphemeralContainers'], afterwards: 'KeepPod' }
      expect(await stage().ask('asker', 'wrong', { ...podsGrant, pods: debugs })).toContain('does not stay')
      await stage().ask('asker', 'stays', { ...podsGrant, pods: { ...pods, afterwards: 'KeepPod' } })
      await stage().merge('approver', 'stays', { approval: {} })
      expect(letIn(await shell('maria'))).toBe(true)
      expect(stage().scene.recorded.entered.at(-1)).toMatchObject({ grant: { afterwards: 'KeepPod' } })
      await stage().merge('approver', 'stays', { end: {} })
      await until('it is said to stay', 30, async () => (await sessionsOf('stays'))?.reason === 'PodKept')
      expect(await stage().asOperator.get(kinds.pod, namespace, 'ehr-pod')).toBeDefined()
      expect(await shell('maria')).toContain('no BreakGlassGrant')

      const change = JSON.stringify({ status: { entered: [] } })
      const args = [
        'patch',
        'bgg',
        'stays',
        '-n',
        namespace,
        '--subresource=status',
        '--type=merge',
        '-p',
        change,
      ]
      expect(await stage().kubectl('every', args)).toContain('written by the operator alone')
    },
    90_000,
  )

  verifies(
    'operator:rbac',
    'the operator deletes no guarded pod but by its UID and with time to end, and no other pod',
    async () => {
      const { asOperator, kubectl } = stage()
      const uidOf = async (name: string) =>
        (await asOperator.get<Pod>(kinds.pod, namespace, name))?.metadata.uid
      await kubectl(undefined, ['run', 'bystander', '--image=none', '-n', namespace])
      const uid = await uidOf('ehr-pod')
      for (const [name, of, how] of [
        ['ehr-pod', undefined, grace(30)],
        ['ehr-pod', uid, {}],
        ['ehr-pod', uid, grace(0)],
        ['bystander', await uidOf('bystander'), grace(30)],
      ] as const)
        await expect(asOperator.delete(kinds.pod, namespace, name, of, how), name).rejects.toMatchObject({
          message: expect.stringContaining('deletes guarded pods of enrolled namespaces by their UID'),
        })
    },
    60_000,
  )

  verifies('injection:connect', 'nobody approves or reviews their own way in', async () => {
    await stage().ask('asker', 'for-approver', {
      ...podsGrant,
      pods: { user: 'approver', names: ['ehr-pod'], ways: ['Exec'] },
    })

    expect(await stage().merge('approver', 'for-approver', { approval: {} })).toContain(
      'nobody approves their own',
    )
    for (const wrong of [
      { pods: { user: 'maria', names: ['a'], ways: ['Exec'] } },
      { ...podsGrant },
      { ...podsGrant, pods: { user: 'system:serviceaccount:a:b', names: ['a'], ways: ['Exec'] } },
      { ...podsGrant, pods: { user: 'maria', names: ['a'], ways: ['Proxy'] } },
    ])
      expect(await stage().ask('asker', 'wrong', wrong)).toMatch(/invalid|Unsupported/i)
  })

  verifies('audit:admission', 'who tried what a policy refuses is on record, by name', async () => {
    const raw = (path: string) => ['get', '--raw', `/api/v1/namespaces/${namespace}/${path}`]
    await stage().kubectl(undefined, ['create', 'service', 'clusterip', 'shown', '--tcp=80', '-n', namespace])

    expect(await stage().kubectl('mallory', raw('services/shown/proxy/'))).toContain(
      'hipaa-mcp: only who may write',
    )
    expect(
      await stage().kubectl('mallory', [
        'create',
        'token',
        'default',
        '-n',
        namespace,
        '--audience',
        'hipaa-mcp',
      ]),
    ).toContain('hipaa-mcp: only the kubelet')

    for (const what of ['services/proxy', 'serviceaccounts/token'])
      expect(stage().scene.recorded.refused).toContainEqual(expect.objectContaining({ what, by: 'mallory' }))
  })
}
