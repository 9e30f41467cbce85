// How long a session into a pod outlives the grant that opened it, on a real kubelet: by a person's end of the grant and by its own
// time, with a budget for disruptions, and of a pod that takes an hour to end. What runs in the pods does not matter here.

import { afterAll, beforeAll, expect } from 'vitest'
import { authoritySecrets, enforceLabel, guardedLabel } from '../../core/identifiers.ts'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import { loadAuthority } from '../../operator/authority/ca.ts'
import { kinds } from '../../operator/cluster/kinds.ts'
import { until } from '../cluster/api.ts'
import { pauseImage } from '../cluster/node.ts'
import { type AdmissionScene, admissionScene } from '../integration/admission-scene.ts'
import { connectedAsOperator, type Running, runningOperator } from '../operator/running.ts'
import { aServer } from '../operator/world.ts'
import { verifies } from '../verifies.ts'

const namespace = 'clinic'
let scene: AdmissionScene
let asOperator: Awaited<ReturnType<typeof connectedAsOperator>>
let operator: Running

const kubectl = async (as: string | undefined, args: string[], input?: object): Promise<string> =>
  (
    await scene.kubectl(args, {
      ...(as === undefined ? {} : { as }),
      ...(input === undefined ? {} : { input }),
    })
  ).text

const aPod = (name: string, more: object = {}, container: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { [guardedLabel]: 'ehr', app: name } },
  spec: { containers: [{ name: 'app', image: pauseImage, imagePullPolicy: 'Never', ...container }], ...more },
})
const pods = [
  aPod('quick'),
  aPod('timed'),
  aPod('held'),
  aPod(
    'slow',
    { terminationGracePeriodSeconds: 3_600 },
    { lifecycle: { preStop: { sleep: { seconds: 3_500 } } } },
  ),
]
const budget = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'held', namespace },
  spec: { minAvailable: 1, selector: { matchLabels: { app: 'held' } } },
}

beforeAll(async () => {
  scene = await admissionScene({
    name: 'sessions',
    namespaces: { [namespace]: { [enforceLabel]: 'true' } },
  })
  process.env['KUBECONFIG'] = scene.cluster.kubeconfig
  await kubectl(undefined, ['apply', '-k', 'config/crd'])
  await kubectl(undefined, ['wait', '--for=condition=Established', 'crd', '--all'])
  // From before admission: what makes a pod guarded has other tests.
  for (const object of [...pods, budget]) await kubectl(undefined, ['create', '-f', '-'], object)
  await kubectl(undefined, ['apply', '-k', 'config/webhook'])
  await kubectl(undefined, ['apply', '-f', 'config/rbac/people.yaml'])
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  await scene.api.apply(`${rbac}/clusterroles/sessions-shell`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    rules: [
      { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] },
    ],
  })
  for (const [name, role] of [
    ['maria', 'sessions-shell'],
    ['asker', 'hipaa-mcp-pod-repairer'],
    ['approver', 'hipaa-mcp-entry-approver'],
  ] as const)
    await scene.api.apply(`${rbac}/clusterrolebindings/sessions-${name}`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
    })
  asOperator = await connectedAsOperator(scene.client)
  await scene.admit(await loadAuthority(scene.client, authoritySecrets.own), asOperator.client)
  const { metadata: _, ...server } = aServer()
  await scene.api.apply(`/apis/hipaa-mcp.dev/v1alpha1/namespaces/${namespace}/hipaamcpservers/ehr`, server)
  operator = await runningOperator(asOperator.client)
  await kubectl(undefined, [
    'wait',
    '--for=condition=Ready',
    'pod',
    '--all',
    '-n',
    namespace,
    '--timeout=120s',
  ])
}, 600_000)

afterAll(async () => {
  await operator?.stop()
  await asOperator?.close()
  await scene?.end()
})

const merge = async (name: string, spec: object): Promise<string> => {
  const what = `patch breakglassgrant ${name} -n ${namespace} --type=merge -p`.split(' ')
  return await kubectl('approver', [...what, JSON.stringify({ spec })])
}

async function granted(name: string, names: string[], minutes: number): Promise<void> {
  const grant = {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'BreakGlassGrant',
    metadata: { name, namespace },
    spec: {
      server: 'ehr',
      pods: { user: 'maria', names, ways: ['Exec'] },
      reason: 'The index is broken and calls fail',
      minutes,
    },
  }
  await until('it is asked for', 60, async () =>
    /created|AlreadyExists/.test(await kubectl('asker', ['create', '-f', '-'], grant)),
  )
  expect(await merge(name, { approval: {} })).toContain('patched')
}

const grantNow = async (name: string) => await scene.client.get<BreakGlassGrant>(kinds.grant, namespace, name)

/** Opens a session that ends by nothing of its own. `over`: when its stream ended, milliseconds since 1970. */
function session(name: string): { over: Promise<{ at: number; text: string }> } {
  const ended = scene.kubectl(['exec', '-n', namespace, name, '--', '/pause'], { as: 'maria' })
  return { over: ended.then(({ text }) => ({ at: Date.now(), text })) }
}

verifies(
  'access:session-end',
  'a stream that the kubelet holds is cut with the grant’s end, past a budget and a pod that takes its time',
  async () => {
    await granted('by-time', ['timed'], 1)
    await granted('by-person', ['quick', 'held', 'slow'], 30)
    const sessions = new Map(['timed', 'quick', 'held', 'slow'].map((name) => [name, session(name)]))
    await until('all are in', 30, async () => (await grantNow('by-person'))?.status?.entered?.length === 3)
    await until('all are in', 30, async () => (await grantNow('by-time'))?.status?.entered?.length === 1)
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    const open = 'open'
    const first = await Promise.race([
      ...[...sessions.values()].map(async ({ over }) => (await over).text),
      new Promise<string>((resolve) => setTimeout(resolve, 1_000, open)),
    ])
    expect(first, 'no session ends by itself').toBe(open)

    const ended = Date.now()
    await merge('by-person', { end: {} })
    const after = async (name: string, from: number): Promise<number> => {
      const { at, text } = await (sessions.get(name) as ReturnType<typeof session>).over
      const seconds = (at - from) / 1000
      console.log(`    ${name}: its stream was cut ${seconds.toFixed(1)} s after the end (${text.trim()})`)
      return seconds
    }
    const quick = await after('quick', ended)
    const expiry = Date.parse((await grantNow('by-time'))?.status?.until ?? '')
    const timed = await after('timed', expiry)
    const [held, slow] = await Promise.all([after('held', ended), after('slow', ended)])

    expect(quick).toBeLessThan(15)
    expect([timed > 0, timed < 15]).toEqual([true, true])
    expect(held).toBeGreaterThan(85)
    expect(held).toBeLessThan(150)
    expect(slow).toBeLessThan(90)
    for (const name of ['by-time', 'by-person'])
      await until('all are gone, and it is said', 60, async () => {
        const { conditions = [] } = (await grantNow(name))?.status ?? {}
        return conditions.find(({ type }) => type === 'SessionsEnded')?.reason === 'PodsGone'
      })
    expect(operator.gone.map(({ name }) => name).toSorted()).toEqual(['held', 'quick', 'slow', 'timed'])
  },
  360_000,
)
