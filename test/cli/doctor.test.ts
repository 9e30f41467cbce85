// What the doctor says of a cluster that works, and of one fault at a time.

import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { webhookCheck } from '../../cli/doctor/installation.ts'
import { guardedLabel, serverAnnotation, storeLabel } from '../../core/identifiers.ts'
import { aServer } from '../operator/world.ts'
import { authority } from '../sample/certificates.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { type ApiServer, anApiServer } from './api-server.ts'

type Body = { [member: string]: unknown }
type Cluster = { [path: string]: Body | undefined }

let api: ApiServer
let bundle = ''
beforeEach(async () => {
  api = await anApiServer()
  bundle = Buffer.from((await authority('ours')).cert).toString('base64')
})
afterEach(() => api.end())

const webhook = (more: Body = {}): Body => ({
  webhooks: [
    { name: 'inject.hipaa-mcp.dev', failurePolicy: 'Fail', clientConfig: { caBundle: bundle }, ...more },
  ],
})
const container = { name: 'app', image: 'ehr:1', securityContext: { runAsUser: 1000 } }
const ready = { conditions: [{ type: 'Ready', status: 'True' }] }
const pod = (name: string, labels: Body, more: Body = {}): Body => ({
  metadata: { name, namespace: 'clinic', labels },
  spec: { containers: [container] },
  status: ready,
  ...more,
})
const image = 'registry.example/hipaa-mcp@sha256:aaaa'
const conditions = [
  { type: 'Ready', status: 'True', reason: 'Serving', message: '', lastTransitionTime: '' },
  { type: 'Compliant', status: 'True', reason: 'x', message: '', lastTransitionTime: '' },
  {
    type: 'NetworkEnforced',
    status: 'True',
    reason: 'RefusedByTheNetwork',
    message: '',
    lastTransitionTime: '',
  },
]
const server = (status: Body = {}): Body => ({
  ...aServer(),
  status: { observedGeneration: 3, conditions, network: { lastProof: new Date().toISOString() }, ...status },
})

const failedCreate = '/namespaces/clinic/events?fieldSelector=reason%3DFailedCreate'
/** A workload that has no pod, and what its controller said last, or would have said; an older word before it. */
const without = (kind: string, plural: string, about: Body, message = refused): Cluster => ({
  [`/namespaces/clinic/${plural}`]: { items: [{ metadata: { name: 'ehr', namespace: 'clinic' }, ...about }] },
  [failedCreate]: {
    items: [
      { involvedObject: { kind, name: 'ehr' }, message: 'of before', lastTimestamp: '2026-11-01T11:00:00Z' },
      { involvedObject: { kind, name: 'ehr' }, message, lastTimestamp: '2026-11-01T12:00:00Z' },
      {
        involvedObject: { kind, name: 'other' },
        message: 'of another',
        lastTimestamp: '2026-11-01T13:00:00Z',
      },
    ],
  },
})
const refused =
  'Error creating: admission webhook "inject.hipaa-mcp.dev" denied the request: hipaa-mcp: spec.hostPID: leave it out'
const ownedBy = (kind: string, more: Body = {}): Cluster => ({
  '/namespaces/clinic/pods': {
    items: [
      {
        metadata: {
          name: 'ehr-0',
          namespace: 'clinic',
          annotations: { [serverAnnotation]: 'ehr' },
          ownerReferences: [{ kind, name: 'ehr', controller: true }],
        },
        ...ownSpec,
        status: ready,
        ...more,
      },
    ],
  },
})
const ownSpec = { spec: { containers: [container] } }

/** By the end of a path. */
const well = (): Cluster => ({
  '/deployments/hipaa-mcp-operator': {
    spec: {
      replicas: 2,
      template: { spec: { containers: [{ env: [{ name: 'HIPAA_MCP_IMAGE', value: image }] }] } },
    },
    status: { readyReplicas: 2 },
  },
  '/statefulsets/hipaa-mcp-collector': { spec: { replicas: 1 }, status: { readyReplicas: 1 } },
  '/namespaces/hipaa-mcp-system/secrets/hipaa-mcp-ca': { kind: 'PartialObjectMetadata' },
  '/namespaces/hipaa-mcp-system/secrets/hipaa-mcp-client-ca': { kind: 'PartialObjectMetadata' },
  '/mutatingwebhookconfigurations/hipaa-mcp': webhook(),
  '/validatingwebhookconfigurations/hipaa-mcp': webhook(),
  '/storageclasses': {
    items: [
      { metadata: { name: 'encrypted' }, provisioner: 'ebs.csi.aws.com', parameters: { encrypted: 'true' } },
    ],
  },
  '/hipaamcpservers': { items: [server()] },
  '/namespaces?labelSelector=hipaa-mcp.dev%2Fenforce%3Dtrue': { items: [{ metadata: { name: 'clinic' } }] },
  '/namespaces/clinic/pods': {
    items: [pod('ehr-1', { [guardedLabel]: 'ehr' }), pod('db-1', { [storeLabel]: 'ehr.db' }), pod('web', {})],
  },
  '/namespaces/clinic/deployments': { items: [] },
  '/namespaces/clinic/statefulsets': { items: [] },
  '/namespaces/clinic/daemonsets': { items: [] },
  '/namespaces/clinic/jobs': { items: [] },
  [failedCreate]: { items: [] },
})
async function doctor(changes: Cluster = {}, ...args: string[]) {
  const cluster = { ...well(), ...changes }
  api.answer = (path) => {
    if (path.includes('/customresourcedefinitions/') && !(path in changes))
      return { status: { conditions: [{ type: 'Established', status: 'True' }] } }
    if (path.includes('/validatingadmissionpolicies/')) return cluster[path] ?? policy
    if (path.includes('/validatingadmissionpolicybindings/')) return { spec: { validationActions: ['Deny'] } }
    return Object.entries(cluster).find(([end]) => path.endsWith(end))?.[1]
  }
  return await hipaaMcp(['doctor', '--kubeconfig', api.kubeconfig, ...args])
}
const policy = { spec: { failurePolicy: 'Fail', variables: [{ name: 'image', expression: `'${image}'` }] } }

verifies('injection:preflight', 'the doctor finds nothing wrong where nothing is', async () => {
  const { code, out } = await doctor()

  expect(out).toContain('Nothing is wrong.')
  expect(code).toBe(0)
  expect(out).toMatch(/network: proved to enforce NetworkPolicies 0 min ago/)
  expect(Math.max(...out.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
})

test('of Secrets the doctor asks for metadata alone', async () => {
  await doctor()
  const secrets = api.asked.filter(({ path }) => path.includes('/secrets'))

  expect(secrets.map(({ path }) => path.split('/').at(-1))).toEqual(['hipaa-mcp-ca', 'hipaa-mcp-client-ca'])
  for (const { accept } of secrets)
    expect(accept).toBe('application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1')
})

verifies('injection:preflight', 'the doctor looks at every policy that is installed', async () => {
  const files = readdirSync('config/webhook').filter((name) => name.startsWith('policy-'))
  const texts = files.map((name) => readFileSync(`config/webhook/${name}`, 'utf8'))
  const installed = texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Body))
    .filter(({ kind }) => kind === 'ValidatingAdmissionPolicy')
    .map(({ metadata }) => `policy ${(metadata as { name: string }).name}`)
  const checks = JSON.parse((await doctor({}, '--json')).out) as { name: string }[]

  const looked = checks.map(({ name }) => name).filter((name) => name.startsWith('policy '))
  expect(looked.toSorted()).toEqual(installed.toSorted())
})

const faults: [string, () => Cluster, string][] = [
  [
    'the operator is not there',
    () => ({ '/deployments/hipaa-mcp-operator': undefined }),
    'kubectl apply -k config/default',
  ],
  [
    'the operator is scaled to 0',
    () => ({ '/deployments/hipaa-mcp-operator': { spec: { replicas: 0 }, status: {} } }),
    'kubectl scale deployment/hipaa-mcp-operator -n hipaa-mcp-system --replicas=2',
  ],
  [
    'no collector is ready',
    () => ({ '/statefulsets/hipaa-mcp-collector': { spec: { replicas: 1 }, status: {} } }),
    'collector: none of 1 is ready',
  ],
  [
    'the Secret of a CA is gone',
    () => ({ '/namespaces/hipaa-mcp-system/secrets/hipaa-mcp-client-ca': undefined }),
    'Secret hipaa-mcp-client-ca: it is not there. Where the operator runs, somebody deleted it: restore it from a backup',
  ],
  [
    'a webhook fails open',
    () => ({ '/mutatingwebhookconfigurations/hipaa-mcp': webhook({ failurePolicy: 'Ignore' }) }),
    'is not Fail',
  ],
  [
    'a webhook has no CA',
    () => ({ '/mutatingwebhookconfigurations/hipaa-mcp': webhook({ clientConfig: {} }) }),
    'no caBundle',
  ],
  [
    'the policy names another image',
    () => ({
      '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/hipaa-mcp-pods': {
        spec: { failurePolicy: 'Fail', variables: [{ name: 'image', expression: "'other'" }] },
      },
    }),
    'names another image',
  ],
  [
    'no class asks for encryption',
    () => ({
      '/storageclasses': { items: [{ metadata: { name: 'plain' }, provisioner: 'rancher.io/local-path' }] },
    }),
    'none asks for encryption',
  ],
  [
    'a control is not in force',
    () => ({
      '/hipaamcpservers': {
        items: [
          server({ conditions: [{ ...conditions[2], status: 'False', message: 'A connection came about' }] }),
        ],
      },
    }),
    'A connection came about',
  ],
  [
    'a server that nobody looked at',
    () => ({ '/hipaamcpservers': { items: [aServer() as unknown as Body] } }),
    'has not looked at it',
  ],
  [
    'a pod from before the enrolment',
    () => ({
      '/namespaces/clinic/pods': {
        items: [
          {
            metadata: { name: 'ehr-0', namespace: 'clinic', annotations: { [serverAnnotation]: 'ehr' } },
            ...ownSpec,
            status: ready,
          },
        ],
      },
    }),
    'runs without a sidecar of ehr: delete it and create it again',
  ],
  [
    'one that the operator replaces',
    () => ownedBy('ReplicaSet'),
    'runs without a sidecar of ehr: the operator replaces it, one pod at a time: the condition Guarded',
  ],
  ['one of a Job', () => ownedBy('Job'), 'runs without a sidecar of ehr: let it finish, or delete the Job'],
  [
    'one of a controller of somebody else',
    () => ownedBy('Rollout'),
    'runs without a sidecar of ehr: replace it in its controller’s own way',
  ],
  [
    'one that could not come back',
    () => ({
      '/namespaces/clinic/pods': {
        items: [
          {
            metadata: { name: 'ehr-0', namespace: 'clinic', annotations: { [serverAnnotation]: 'ehr' } },
            spec: { containers: [{ ...container, securityContext: {} }] },
            status: ready,
          },
        ],
      },
    }),
    'a new one would be refused',
  ],
  [
    'a guard that was not proved',
    () => ({
      '/namespaces/clinic/pods': {
        items: [
          pod(
            'ehr-1',
            { [guardedLabel]: 'ehr' },
            {
              status: {
                initContainerStatuses: [{ name: 'hipaa-mcp-guard', state: { terminated: { exitCode: 1 } } }],
              },
            },
          ),
        ],
      },
    }),
    'the packet filter could not be set or was not proved',
  ],
  [
    'a guarded pod without a node',
    () => ({
      '/namespaces/clinic/pods': {
        items: [
          pod(
            'ehr-1',
            { [guardedLabel]: 'ehr' },
            {
              status: {
                conditions: [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes are available' }],
              },
            },
          ),
        ],
      },
    }),
    '0/1 nodes',
  ],
  [
    'a workload whose pods are refused',
    () => ({
      '/namespaces/clinic/deployments': {
        items: [
          {
            metadata: { name: 'ehr-mcp', namespace: 'clinic' },
            spec: {},
            status: {
              conditions: [
                {
                  type: 'ReplicaFailure',
                  status: 'True',
                  message: 'admission webhook denied the request: hipaa-mcp: spec.hostPID: leave it out',
                },
              ],
            },
          },
        ],
      },
    }),
    'its pods are refused: spec.hostPID',
  ],
  [
    'a StatefulSet whose pods are refused, which has no condition that says so',
    () => without('StatefulSet', 'statefulsets', { spec: { replicas: 2 }, status: { replicas: 1 } }),
    'clinic/statefulset/ehr: its pods are refused: spec.hostPID',
  ],
  [
    'a DaemonSet whose pods are refused',
    () =>
      without('DaemonSet', 'daemonsets', {
        spec: {},
        status: { desiredNumberScheduled: 1, currentNumberScheduled: 0 },
      }),
    'clinic/daemonset/ehr: its pods are refused: spec.hostPID',
  ],
  [
    'a Job that a quota leaves no room',
    () => without('Job', 'jobs', ownSpec, 'Error creating: pods "ehr-x" is forbidden: exceeded quota: small'),
    'clinic/job/ehr: its pods are refused: pods "ehr-x" is forbidden: exceeded quota: small',
  ],
  [
    'a Job whose annotation guards nothing',
    () => ({
      '/namespaces/clinic/jobs': {
        items: [
          {
            metadata: { name: 'ehr', namespace: 'clinic', annotations: { [serverAnnotation]: 'ehr' } },
            spec: { template: ownSpec },
            status: { active: 1 },
          },
        ],
      },
    }),
    'guards nothing, for a Job’s template does not change',
  ],
  [
    'fewer pods than there should be, and no right to read why',
    () => ({
      ...without('StatefulSet', 'statefulsets', { spec: {}, status: {} }),
      [failedCreate]: undefined,
    }),
    'has fewer pods than it should',
  ],
]
for (const [what, changes, says] of faults)
  verifies('injection:preflight', `the doctor finds: ${what}`, async () => {
    const { code, out } = await doctor(changes())

    expect(out.replaceAll(/\s+/g, ' ')).toContain(says)
    expect(out).toContain('WRONG')
    expect(code).toBe(1)
  })

for (const [what, changes] of [
  [
    'is whole, whatever was said before',
    without('StatefulSet', 'statefulsets', { spec: {}, status: { replicas: 1 } }),
  ],
  [
    'is over',
    without('Job', 'jobs', { spec: {}, status: { conditions: [{ type: 'Complete', status: 'True' }] } }),
  ],
  ['is suspended', without('Job', 'jobs', { spec: { suspend: true }, status: {} })],
  ['was just made', { ...without('Job', 'jobs', { spec: {} }), [failedCreate]: { items: [] } }],
] as const)
  verifies('injection:preflight', `nothing is wrong with a workload that ${what}`, async () => {
    expect((await doctor(changes)).out).toContain('Nothing is wrong.')
  })

verifies(
  'injection:preflight',
  'no word of a namespace’s makes a line of its own, or a command of a screen',
  async () => {
    const forged =
      'Error creating: quota\n\nInstallation\n  ok     policy: in force\u001b[2J\u202e ::error::x'
    const { out } = await doctor(without('StatefulSet', 'statefulsets', { spec: {}, status: {} }, forged))

    expect(out.match(/^Installation$/gm)).toHaveLength(1)
    expect(out).toContain(String.raw`quota\u000a\u000aInstallation\u000a`)
    expect(out).not.toMatch(/\p{Cf}|::error/u)
    expect(out).not.toContain('\u001b')
  },
)

test('conditions of a server that say the same are one line, and count once', async () => {
  const [first, , third] = conditions
  const same = { status: 'False', reason: 'RollingOut', message: 'Pods are being replaced.' }
  const items = [server({ conditions: [{ ...first, ...same }, { ...first, type: 'Audit', ...same }, third] })]
  const { out } = await doctor({ '/hipaamcpservers': { items } })

  expect(out).toContain('WRONG  clinic/ehr Ready, Audit: Pods are being replaced.')
  expect(out).toContain('1 thing is wrong.')
})

test('a guarded pod with a port that nothing reaches is told of it, and nothing is wrong', async () => {
  const helper = { name: 'cache', ports: [{ containerPort: 6379 }] }
  const items = [pod('ehr-1', { [guardedLabel]: 'ehr' }, { spec: { containers: [container, helper] } })]
  const { code, out } = await doctor({ '/namespaces/clinic/pods': { items } })

  expect(out.replaceAll(/\s+/g, ' ')).toContain('port 6379 of container cache is reached by nobody')
  expect(code).toBe(0)
})

verifies(
  'injection:preflight',
  'the doctor names an app that could not change its user, and shows nothing of what it said',
  async () => {
    const message =
      'Patient Mary Example, 078-05-1120\nerror: failed switching to "app": operation not permitted'
    const lastState = { terminated: { exitCode: 1, reason: 'Error', message } }
    const app = { name: 'app', state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState }
    const status = { conditions: [{ type: 'Ready', status: 'False' }], containerStatuses: [app] }
    const items = [pod('ehr-1', { [guardedLabel]: 'ehr' }, { status })]
    const [shown, json] = [
      await doctor({ '/namespaces/clinic/pods': { items } }),
      await doctor({ '/namespaces/clinic/pods': { items } }, '--json'),
    ]

    expect(shown.out.replaceAll(/\s+/g, ' ')).toContain(
      'its container app ends with exit code 1, and says that it could not change its user, which no guarded container may',
    )
    expect(shown.code).toBe(1)
    for (const { out, notes } of [shown, json]) expect(out + notes).not.toMatch(/Mary|078-05|switching/)
  },
)

verifies('injection:preflight', 'the doctor finds: a CA that has expired', () => {
  const found: { webhooks?: never[] } = webhook()

  expect(webhookCheck('webhook', { found }, Date.now())).toMatchObject({ state: 'ok' })
  expect(webhookCheck('webhook', { found }, Date.parse('2200-01-01'))).toMatchObject({ state: 'wrong' })
})

test('the webhooks as they are installed fail as they should', () => {
  const documents = parseAllDocuments(readFileSync('config/webhook/webhooks.yaml', 'utf8'))
  for (const document of documents) {
    const { webhooks } = document.toJS() as { webhooks: { name: string; failurePolicy: string }[] }
    const found = { webhooks: webhooks.map((one) => ({ ...one, clientConfig: { caBundle: bundle } })) }
    expect(webhookCheck('webhook', { found }, Date.now())).toMatchObject({ state: 'ok' })
  }
})

test('what may not be read is said, and is no finding; JSON says the same', async () => {
  api.answers = [{ status: 403, body: {} }]
  const { code, out } = await hipaaMcp(['doctor', '--kubeconfig', api.kubeconfig, '--json'])

  const checks = JSON.parse(out) as { state: string }[]
  expect(new Set(checks.map(({ state }) => state))).toEqual(new Set(['unknown']))
  expect(code).toBe(0)
})
