import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { guardedLabel } from '../../../core/identifiers.ts'
import { attemptOf } from '../../../operator/admission/attempts.ts'
import { allowed, type Request, refusal, whatOf } from '../../../operator/admission/review.ts'
import { verifies } from '../../verifies.ts'
import { aBystander, aPod, aRequest } from './pods.ts'

const refused = refusal(['no'])
const by = { name: 'ehr-1', userInfo: { username: 'mallory' } }
const connect = (more: Partial<Request> = {}): Request =>
  aRequest(aPod(), { ...by, operation: 'CONNECT', subResource: 'exec', ...more })
const guarded = aPod({}, { labels: { [guardedLabel]: 'ehr' } })
const ephemeral = (pod: typeof guarded, more: Partial<Request> = {}): Request =>
  aRequest(pod, { ...by, operation: 'UPDATE', subResource: 'ephemeralcontainers', oldObject: pod, ...more })

const cases: [what: string, request: Request, verdict: typeof allowed, expected: string | undefined][] = [
  [
    'exec that was refused',
    connect(),
    refused,
    'ConnectRefused mallory was refused: pods/exec into this pod.',
  ],
  ['exec that was let through', connect(), allowed, undefined],
  ['exec as a dry run', connect({ dryRun: true }), refused, undefined],
  [
    'an ephemeral container in a guarded pod',
    ephemeral(guarded),
    { allowed: true, observed: 'no' },
    'EphemeralContainerRefused mallory was refused: an ephemeral container in this pod.',
  ],
  [
    'one in a bystander, which a policy refuses',
    ephemeral(aBystander()),
    { allowed: true, observed: 'no' },
    'EphemeralContainerRefused mallory was refused: an ephemeral container in this pod.',
  ],
  [
    'one that the webhook refuses',
    ephemeral(aBystander()),
    refused,
    'EphemeralContainerRefused mallory was refused: an ephemeral container in this pod.',
  ],
  ['one that was let in', ephemeral(aBystander()), allowed, undefined],
  ['a new pod that was refused', aRequest(aPod()), refused, undefined],
  [
    'a new pod without a name',
    aRequest(aPod(), { userInfo: { username: 'mallory' } }),
    { allowed: true, observed: 'no' },
    'PodChangeRefused mallory was refused: CREATE pods.',
  ],
  [
    'a change of a pod',
    aRequest(aPod(), { ...by, operation: 'UPDATE' }),
    { allowed: true, observed: 'no' },
    'PodChangeRefused mallory was refused: UPDATE pods.',
  ],
]
for (const [what, request, verdict, expected] of cases)
  verifies('injection:connect', `who tried is said: ${what}`, () => {
    const say = attemptOf(request, verdict)

    expect(say === undefined ? undefined : `${say.reason} ${say.note}`).toBe(expected)
    if (say !== undefined)
      expect(say.about).toEqual({
        apiVersion: 'v1',
        // What was to be made is not there.
        ...(request.operation === 'CREATE'
          ? { kind: 'Namespace', metadata: { namespace: 'clinic', name: 'clinic' } }
          : { kind: 'Pod', metadata: { namespace: 'clinic', name: 'ehr-1' } }),
      })
  })

const elsewhere: [
  what: string,
  group: string,
  resource: string,
  subResource: string,
  kind: string,
  reason: string,
][] = [
  ['a NetworkPolicy', 'networking.k8s.io', 'networkpolicies', '', 'NetworkPolicy', 'NetworkPolicyRefused'],
  ['a Service’s proxy', '', 'services', 'proxy', 'Service', 'ConnectRefused'],
  ['a token', '', 'serviceaccounts', 'token', 'ServiceAccount', 'TokenRefused'],
]
for (const [what, group, resource, subResource, kind, reason] of elsewhere)
  verifies('audit:admission', `what a policy refused is said where it was tried: ${what}`, () => {
    const request = aRequest(aPod(), {
      ...by,
      operation: resource === 'networkpolicies' ? 'UPDATE' : 'CREATE',
      subResource,
      resource: { group, version: 'v1', resource },
    })

    const say = attemptOf(request, { allowed: true, observed: 'no' })

    expect(say).toMatchObject({ reason, about: { kind, metadata: { namespace: 'clinic', name: 'ehr-1' } } })
    expect(say?.note).toContain('mallory was refused')
  })

verifies(
  'audit:admission',
  'who tries to make objects is said at the namespace, whatever name they choose',
  () => {
    const resource = { group: 'networking.k8s.io', version: 'v1', resource: 'networkpolicies' }
    const says = ['a', 'b'].map((name) =>
      attemptOf(aRequest(aPod(), { ...by, name, resource }), { allowed: true, observed: 'no' }),
    )

    expect(says[0]).toMatchObject({
      reason: 'NetworkPolicyRefused',
      about: { kind: 'Namespace', metadata: { namespace: 'clinic', name: 'clinic' } },
    })
    expect(says[1]).toEqual(says[0])
  },
)

type Rule = { operations: string[]; resources: string[]; apiGroups: string[]; scope: string }

/** What the webhooks are asked for that see what policies refuse: generated, a rule a line. */
async function triedOn(): Promise<Request[]> {
  const text = await readFile('config/webhook/webhooks.yaml', 'utf8')
  const rules = [...text.matchAll(/^ +- (\{"apiGroups".*\})$/gm)].map(
    ([, rule = '']) => JSON.parse(rule) as Rule,
  )
  return (
    rules
      // Of what is in no namespace there is no Event that its people could read.
      .filter(({ scope }) => scope === 'Namespaced')
      .flatMap(({ operations, resources, apiGroups: [group = ''] }) =>
        operations.flatMap((operation) =>
          resources.map((what) => {
            const [resource = '', subResource = ''] = what.split('/')
            return aRequest(aPod(), {
              ...by,
              operation: operation as 'CREATE',
              resource: { group, version: 'v1', resource },
              subResource,
            })
          }),
        ),
      )
  )
}

verifies('audit:admission', 'whatever a policy refuses in a namespace, an Event says who tried', async () => {
  const tried = await triedOn()
  expect(tried.length).toBeGreaterThan(30)

  const silent = tried.filter(
    (request) => attemptOf(request, { allowed: true, observed: 'no' }) === undefined,
  )

  expect(silent.map(({ operation, ...request }) => `${operation} ${whatOf(request)}`)).toEqual([])
})
