// What ValidatingAdmissionPolicies refuse, on a real API server: each request is seen once by a webhook on its way there, with the
// name of who sent it, and what they let through by none.

import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect } from 'vitest'
import { parseAllDocuments } from 'yaml'
import {
  authoritySecrets,
  enforceLabel,
  guardedLabel,
  serverAnnotation,
  storeLabel,
} from '../../core/identifiers.ts'
import { observedRules } from '../../operator/admission/observed.generated.ts'
import { loadAuthority } from '../../operator/authority/ca.ts'
import { until } from '../cluster/api.ts'
import { restricted, surroundings } from '../operator/admission/pods.ts'
import { aServer } from '../operator/world.ts'
import { verifies } from '../verifies.ts'
import { type AdmissionScene, admissionScene } from './admission-scene.ts'

let scene: AdmissionScene
const mallory = 'mallory'
const [clinic, elsewhere] = ['clinic', 'elsewhere']

const aPod = (name: string, namespace: string, metadata: object = {}, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, ...metadata },
  spec: {
    ...spec,
    schedulerName: 'none',
    containers: [{ name: 'app', image: 'ehr:1', securityContext: { runAsUser: 1000 } }],
  },
})
const aPolicy = (name: string, spec: object, labels: object = {}) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: clinic, labels },
  spec,
})
const shut = { podSelector: {}, policyTypes: ['Ingress'] }
const open = { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] }
const others = {
  ...open,
  podSelector: {
    matchExpressions: [guardedLabel, storeLabel].map((key) => ({ key, operator: 'DoesNotExist' })),
  },
}
const ours = { 'app.kubernetes.io/managed-by': 'hipaa-mcp-operator' }
/** `more`: of its spec. */
const aGrant = (name: string, more: object = {}) => ({
  apiVersion: 'hipaa-mcp.dev/v1alpha1',
  kind: 'BreakGlassGrant',
  metadata: { name, namespace: clinic },
  spec: {
    server: 'ehr',
    subject: { issuer: 'https://idp.example', sub: 'maria' },
    patients: ['p-1'],
    reason: 'Nobody else is on call',
    minutes: 10,
    ...more,
  },
})
/** Seconds to end of guarded pods that are there when the policies come into force; no longer than these. */
const ofBefore = { 'takes-an-hour': 3_600, 'takes-no-time': 0 }
const debug = { name: 'debug', image: 'ehr:1', securityContext: restricted }

/** As the person, or as the administrator. Resolves to what the API server said when it refused, else to the empty text. */
const call = async (as: string | undefined, args: string[], input?: object): Promise<string> => {
  const { code, text } = await scene.kubectl(args, {
    ...(as === undefined ? {} : { as }),
    ...(input === undefined ? {} : { input }),
  })
  return code === 0 ? '' : text
}
const write = async (as: string | undefined, input: object, ...more: string[]): Promise<string> =>
  await call(as, ['create', '-f', '-', ...more], input)
const patch = async (
  as: string | undefined,
  what: string,
  body: object,
  ...more: string[]
): Promise<string> =>
  await call(as, [
    'patch',
    '-n',
    clinic,
    ...what.split('/'),
    '--type=merge',
    '-p',
    JSON.stringify(body),
    ...more,
  ])

beforeAll(async () => {
  scene = await admissionScene({
    name: 'observed',
    namespaces: { [clinic]: { [enforceLabel]: 'true' }, [elsewhere]: {} },
  })
  const { items } = await scene.api.call<{ items: { metadata: { name: string } }[] }>('GET', '/api/v1/nodes')
  for (const [name, terminationGracePeriodSeconds] of Object.entries(ofBefore)) {
    const labels = { [guardedLabel]: 'ehr' }
    expect(await write(undefined, aPod(name, clinic, { labels }, { terminationGracePeriodSeconds }))).toBe('')
    expect(await bind(name, {}, clinic, items[0]?.metadata.name)).toBe('')
  }
  await call(undefined, ['apply', '-f', 'crds/hipaamcpserver.yaml', '-f', 'crds/breakglassgrant.yaml'])
  expect(await call(undefined, ['apply', '-k', 'config/webhook'])).toBe('')
  const policy = await readFile('config/webhook/policy-pods.yaml', 'utf8')
  for (const document of parseAllDocuments(policy.replaceAll('localhost/hipaa-mcp:dev', surroundings.image)))
    await call(undefined, ['apply', '-f', '-'], document.toJS() as object)
  await call(undefined, ['wait', '--for=condition=Established', 'crd/hipaamcpservers.hipaa-mcp.dev'])
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  await scene.api.apply(`${rbac}/clusterroles/observed-more`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    rules: [
      {
        apiGroups: [''],
        resources: ['pods/ephemeralcontainers', 'pods/status', 'pods/binding'],
        verbs: ['get', 'create', 'patch', 'update'],
      },
      {
        apiGroups: ['hipaa-mcp.dev'],
        resources: ['breakglassgrants', 'breakglassgrants/status'],
        verbs: ['get', 'create', 'patch', 'update'],
      },
    ],
  })
  for (const role of ['admin', 'observed-more'])
    await scene.api.apply(`${rbac}/clusterrolebindings/observed-${role}`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: mallory }],
    })
  await scene.admit(await loadAuthority(scene.client, authoritySecrets.own))
  const { metadata: _, ...server } = aServer({
    stores: [{ name: 'database', pods: { matchLabels: { app: 'db' } }, port: 5432 }],
  })
  await scene.api.apply(`/apis/hipaa-mcp.dev/v1alpha1/namespaces/${clinic}/hipaamcpservers/ehr`, server)
  await until('pods are let in', 60, async () => {
    const said = await write(
      undefined,
      aPod('guarded', clinic, { annotations: { [serverAnnotation]: 'ehr' } }),
    )
    if (said !== '' && !said.includes('AlreadyExists')) throw new Error(said)
    return true
  })
  expect(await bind('guarded', {}, clinic, items[0]?.metadata.name)).toBe('')
  // Kubernetes removes it by itself: its node is not there.
  expect(await write(undefined, aPod('lost', clinic, { annotations: { [serverAnnotation]: 'ehr' } }))).toBe(
    '',
  )
  expect(await bind('lost', {}, clinic)).toBe('')
  expect(await write(undefined, aGrant('asked'))).toBe('')
  expect(await write(undefined, aPod('store', clinic, { labels: { app: 'db' } }))).toBe('')
  for (const namespace of [clinic, elsewhere])
    expect(await write(undefined, aPod('mine', namespace))).toBe('')
  expect(await write(undefined, aPolicy('ours', shut, ours))).toBe('')
  expect(await write(undefined, aPolicy('mine', shut))).toBe('')
  expect(
    await write(undefined, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'db', namespace: clinic },
      spec: { selector: { app: 'db' }, ports: [{ port: 5432 }] },
    }),
  ).toBe('')
  await until('the policies refuse, and the webhooks see it', 60, async () => {
    await write(mallory, aPolicy('early', open))
    return scene.recorded.refused.some(({ what }) => what === 'networkpolicies')
  })
}, 600_000)

afterAll(async () => await scene?.end())

const addDebug = async (pod: string, container: object): Promise<string> => {
  const spec = { ephemeralContainers: [container] }
  return await patch(mallory, `pod/${pod}`, { spec }, '--subresource=ephemeralcontainers')
}
const image = { spec: { containers: [{ ...aPod('', '').spec.containers[0], image: 'ehr:2' }] } }
const strategic = async (pod: string, body: object): Promise<string> =>
  await call(mallory, ['patch', '-n', clinic, 'pod', pod, '-p', JSON.stringify(body)])
const bind = async (name: string, metadata: object, namespace = elsewhere, node = 'none'): Promise<string> =>
  await scene.api
    .call('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, ...metadata },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    })
    .then(() => '', String)
const evict = async (name: string, seconds: number): Promise<string> =>
  await call(mallory, ['create', '--raw', `/api/v1/namespaces/${clinic}/pods/${name}/eviction`, '-f', '-'], {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace: clinic },
    deleteOptions: { gracePeriodSeconds: seconds },
  })
const remove = async (as: string, name: string, ...more: string[]): Promise<string> =>
  await call(as, ['delete', 'pod', '-n', clinic, name, '--wait=false', ...more])

/** Of each rule that a person can break here: how, what is on record, and on what the Event is. */
const broken: {
  [rule in keyof typeof observedRules]?: [how: () => Promise<string>, what: string, reason: string][]
} = {
  'changes-1': [
    [
      async () =>
        await patch(mallory, 'pod/guarded', { metadata: { annotations: { [serverAnnotation]: null } } }),
      'pods',
      'PodChangeRefused',
    ],
  ],
  'changes-2': [[async () => await strategic('guarded', image), 'pods', 'PodChangeRefused']],
  'changes-4': [
    // That one breaks three rules at once is one attempt.
    [
      async () => await addDebug('guarded', { name: 'debug', image: 'ehr:1' }),
      'pods/ephemeralcontainers',
      'EphemeralContainerRefused',
    ],
  ],
  'changes-5': [
    [async () => await addDebug('store', debug), 'pods/ephemeralcontainers', 'EphemeralContainerRefused'],
  ],
  'changes-6': [
    [
      async () => await addDebug('mine', { ...debug, securityContext: { privileged: true } }),
      'pods/ephemeralcontainers',
      'EphemeralContainerRefused',
    ],
  ],
  'labels-1': [
    [
      async () => await write(mallory, aPod('theirs', elsewhere, { labels: { [guardedLabel]: 'ehr' } })),
      'pods',
      'PodChangeRefused',
    ],
  ],
  'labels-2': [
    [
      async () => await patch(mallory, 'pod/mine', { metadata: { labels: { [guardedLabel]: 'ehr' } } }),
      'pods',
      'PodChangeRefused',
    ],
    [
      async () => await patch(mallory, 'pod/store', { metadata: { labels: { [storeLabel]: null } } }),
      'pods',
      'PodChangeRefused',
    ],
    [
      async () =>
        await patch(
          mallory,
          'pod/mine',
          { metadata: { labels: { [storeLabel]: 'db' } } },
          '--subresource=status',
        ),
      'pods/status',
      'PodChangeRefused',
    ],
  ],
  'deletions-1': [
    [async () => await remove(mallory, 'guarded', '--force', '--grace-period=0'), 'pods', 'PodChangeRefused'],
  ],
  'deletions-2': [
    [async () => await remove(mallory, 'guarded', '--grace-period=3600'), 'pods', 'PodChangeRefused'],
  ],
  'deletions-3': [0, 3_600].map((seconds) => [
    async () => await evict('guarded', seconds),
    'pods/eviction',
    'PodChangeRefused',
  ]),
  'grants-1': [
    [
      async () =>
        await patch(
          mallory,
          'breakglassgrant/asked',
          { status: { state: 'Active' } },
          '--subresource=status',
        ),
      'breakglassgrants/status',
      'BreakGlassRefused',
    ],
  ],
  'grants-2': [
    [
      async () => await write(mallory, aGrant('mine', { approval: {} })),
      'breakglassgrants',
      'BreakGlassRefused',
    ],
  ],
  'grants-5': [
    [
      async () => await patch(mallory, 'breakglassgrant/asked', { spec: { approval: {} } }),
      'breakglassgrants',
      'BreakGlassRefused',
    ],
  ],
  'networks-1': [
    [
      async () => await call(mallory, ['delete', '-n', clinic, 'networkpolicy', 'ours']),
      'networkpolicies',
      'NetworkPolicyRefused',
    ],
    [
      async () => await patch(mallory, 'networkpolicy/ours', { spec: open }),
      'networkpolicies',
      'NetworkPolicyRefused',
    ],
  ],
  'networks-2': [
    [async () => await write(mallory, aPolicy('theirs', open)), 'networkpolicies', 'NetworkPolicyRefused'],
    [
      async () => await patch(mallory, 'networkpolicy/mine', { spec: { ingress: [{}] } }),
      'networkpolicies',
      'NetworkPolicyRefused',
    ],
  ],
  'proxies-1': [
    [
      async () =>
        await call(mallory, ['get', '--raw', `/api/v1/namespaces/${clinic}/services/db:5432/proxy/`]),
      'services/proxy',
      'ConnectRefused',
    ],
  ],
  'tokens-1': [
    [
      async () =>
        await call(mallory, ['create', 'token', '-n', elsewhere, 'default', '--audience=hipaa-mcp']),
      'serviceaccounts/token',
      'TokenRefused',
    ],
  ],
}

for (const [rule, tries] of Object.entries(broken))
  for (const [index, [how, what, reason]] of tries.entries())
    verifies(
      'audit:admission',
      `who breaks the rule ${rule} of a policy is on record, once (${index + 1})`,
      async () => {
        const { policy, says } = observedRules[rule as keyof typeof observedRules]
        const [records, events] = [scene.recorded.refused.length, scene.said.length]

        const answer = await how()

        expect(answer).toContain(says.slice(0, 100))
        expect(scene.recorded.refused.slice(records)).toEqual([
          { what, by: mallory, says: `${says} (policy ${policy})` },
        ])
        expect(scene.said.slice(events).map((said) => said.reason)).toEqual([reason])
      },
    )

verifies('audit:admission', 'a binding that carries our labels is on record', async () => {
  const before = scene.recorded.refused.length

  expect(await bind('mine', { labels: { [guardedLabel]: 'ehr' } })).toContain(
    'a binding carries none of our labels',
  )

  expect(scene.recorded.refused.slice(before)).toMatchObject([{ what: 'pods/binding' }])
})

verifies(
  'access:session-end',
  'a guarded pod of before takes its own time to end, whatever that is, and no more than it',
  async () => {
    const dry = '--dry-run=server'
    // One by one the API server writes the pod's own time into the request before it asks.
    for (const [name, own] of Object.entries(ofBefore)) {
      expect(await remove(mallory, name, dry), name).toBe('')
      expect(await remove(mallory, name, `--grace-period=${own + 3_600}`, dry), name).toContain('ten minutes')
    }
    expect(await remove(mallory, 'takes-an-hour', '--force', '--grace-period=0', dry)).toContain('at once')
    const collection = `/api/v1/namespaces/${clinic}/pods?labelSelector=${guardedLabel}&dryRun=All`
    expect(await call(mallory, ['delete', '--raw', collection])).toBe('')
  },
)

verifies(
  'access:session-end',
  'who knows that a pod is gone deletes it at once, and anybody one that runs nowhere',
  async () => {
    for (const as of ['system:node:none', 'system:serviceaccount:kube-system:pod-garbage-collector'])
      expect(
        await remove(as, 'guarded', '--force', '--grace-period=0', '--dry-run=server'),
        as,
      ).not.toContain('hipaa-mcp')
    expect(await remove(mallory, 'guarded', '--grace-period=1', '--dry-run=server')).toBe('')
    expect(await remove(mallory, 'store', '--force', '--grace-period=0', '--dry-run=server')).toBe('')
    expect(
      await write(mallory, aPod('nowhere', clinic, { annotations: { [serverAnnotation]: 'ehr' } })),
    ).toBe('')
    expect(await remove(mallory, 'nowhere', '--force', '--grace-period=0')).toBe('')
  },
)

verifies(
  'access:session-end',
  'a guarded pod of a node that is gone is removed by Kubernetes itself',
  async () => {
    await until('it is removed', 110, async () =>
      (await call(undefined, ['get', 'pod', '-n', clinic, 'lost'])).includes('NotFound'),
    )
  },
)

verifies('audit:admission', 'what the policies let through is no record', async () => {
  const before = scene.recorded.refused.length

  expect(await patch(mallory, 'pod/guarded', { metadata: { labels: { tier: 'one' } } })).toBe('')
  expect(await strategic('mine', image)).toBe('')
  expect(await write(mallory, aPolicy('others', others))).toBe('')
  expect(await call(mallory, ['delete', '-n', clinic, 'networkpolicy', 'others'])).toBe('')
  expect(await call(mallory, ['create', 'token', '-n', elsewhere, 'default'])).toBe('')
  expect(await write(mallory, aPod('free', elsewhere, { labels: { app: 'x' } }))).toBe('')
  expect(await addDebug('mine', debug)).toBe('')
  expect(await write(mallory, aGrant('theirs'))).toBe('')
  // Who may write HipaaMcpServers.
  expect(await write(undefined, aPolicy('opened', open))).toBe('')
  // Nobody was refused anything by a dry run.
  expect(await write(mallory, aPolicy('dry', open), '--dry-run=server')).toContain('lets nothing into')

  expect(scene.recorded.refused.slice(before)).toEqual([])
})
