// The conditions under which webhooks are asked of what a policy is about to refuse, as they stand in webhooks.yaml: of each request
// that a policy refuses one is asked, of all others none. test/integration/admission-observed.test.ts has a real API server judge.

import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { type Document, parseAllDocuments } from 'yaml'
import { canaryLabel, guardedLabel, storeLabel } from '../../core/identifiers.ts'
import { observedRules } from '../../operator/admission/observed.generated.ts'
import { celOf } from '../cel.ts'
import { restricted } from '../operator/admission/pods.ts'
import { verifies } from '../verifies.ts'

type Webhook = {
  name: string
  failurePolicy: string
  namespaceSelector: { matchLabels?: object; matchExpressions?: { operator: string }[] }
  rules: { operations: string[]; resources: string[] }[]
  matchConditions: { expression: string }[]
}
const [mutating] = parseAllDocuments(await readFile('config/webhook/webhooks.yaml', 'utf8'))
const { webhooks: every } = (mutating as Document).toJS() as { webhooks: Webhook[] }
const webhooks = every.filter(({ name }) => name.startsWith('observe-'))

/** Asked of the API server's authorizer, which is none here. */
const right = /authorizer\.group\('hipaa-mcp\.dev'\)\s*\.resource\('(\w+)'\).*?\.allowed\(\)/g
/** Likewise of one grant, a verb at a time. */
const verb =
  /\(authorizer\.group\('hipaa-mcp\.dev'\)[^?]*?\.name\(object\.metadata\.name\)\)\.check\(('[a-z-]+')\)\.allowed\(\)/g
const conditions = webhooks.map((webhook) => ({
  ...webhook,
  id: webhook.name.slice('observe-'.length, -'.hipaa-mcp.dev'.length),
  holds: celOf(
    (webhook.matchConditions[0]?.expression ?? '')
      .replaceAll(verb, '($1 in verbs)')
      .replaceAll(right, 'may.$1'),
    ['object', 'oldObject', 'request', 'may', 'verbs'],
  ),
}))

type Body = { [member: string]: unknown }
type Asked = {
  what: string
  operation: string
  object?: Body | null
  oldObject?: Body | null
  /** Which rights the person has. */
  may?: { hipaamcpservers?: boolean; breakglassgrants?: boolean }
  /** Of those of grants, by name. */
  verbs?: string[]
  by?: { username?: string; groups?: string[] }
  enrolled?: boolean
  options?: Body
}

/** Ids of the rules whose webhooks the API server would ask. */
function asked({
  what,
  operation,
  object = null,
  oldObject = null,
  may = {},
  verbs = [],
  by = {},
  enrolled = true,
  options = {},
}: Asked): string[] {
  const [, subResource = ''] = what.split('/')
  const context = {
    object,
    oldObject,
    request: {
      operation,
      options,
      subResource,
      namespace: 'clinic',
      userInfo: { username: 'mallory', groups: [], ...by },
    },
    may: { hipaamcpservers: false, breakglassgrants: false, ...may },
    verbs,
  }
  return conditions
    .filter(({ namespaceSelector: { matchLabels, matchExpressions = [] } }) => {
      const [only] = matchExpressions
      return matchLabels === undefined ? enrolled === false || only === undefined : enrolled
    })
    .filter(({ rules }) =>
      rules.some(({ operations, resources }) => operations.includes(operation) && resources.includes(what)),
    )
    .filter(({ holds }) => holds(context) === true)
    .map(({ id }) => id)
}

const aPod = (labels: Body = {}, spec: Body = {}, annotations?: Body): Body => ({
  kind: 'Pod',
  metadata: { labels, ...(annotations === undefined ? {} : { annotations }) },
  spec: { containers: [{ name: 'app', image: 'ehr:1' }], ...spec },
})
const debug = (more: Body = {}): Body => ({
  name: 'debug',
  image: 'ehr:1',
  securityContext: restricted,
  ...more,
})
const secured = (more: Body): Body => debug({ securityContext: { ...restricted, ...more } })
const into = (labels: Body, container: Body, may: Asked['may'] = {}): Asked => ({
  what: 'pods/ephemeralcontainers',
  operation: 'UPDATE',
  object: aPod(labels, { ephemeralContainers: [container] }),
  oldObject: aPod(labels),
  may,
})
const change = (object: Body, oldObject: Body, what = 'pods'): Asked => ({
  what,
  operation: 'UPDATE',
  object,
  oldObject,
})
const collectorOfPods = 'system:serviceaccount:kube-system:pod-garbage-collector'
const ended = (labels: Body, by: Asked['by'] = {}): Asked => ({
  ...change(
    { ...aPod(labels), status: { phase: 'Failed' } },
    { ...aPod(labels), status: { phase: 'Running' } },
    'pods/status',
  ),
  by,
})
const enters = { breakglassgrants: true }
const writes = { hipaamcpservers: true }
const guarded = { [guardedLabel]: 'ehr' }
const store = { [storeLabel]: 'db' }
const apart = [guardedLabel, storeLabel].map((key) => ({ key, operator: 'DoesNotExist' }))
const policy = (spec: Body = {}, labels: Body = {}): Body => ({
  metadata: { labels },
  spec: { podSelector: {}, ...spec },
})
const ours = { 'app.kubernetes.io/managed-by': 'hipaa-mcp-operator' }
const network = (operation: string, more: Partial<Asked>): Asked => ({
  what: 'networkpolicies',
  operation,
  ...more,
})
const token = (audience: string, groups: string[] = []): Asked => ({
  what: 'serviceaccounts/token',
  operation: 'CREATE',
  object: { spec: { audiences: [audience] } },
  by: { groups },
})
const bound = (labels: Body, annotations: Body = {}, what = 'pods/binding'): Asked => ({
  what,
  operation: 'CREATE',
  object: { kind: 'Binding', metadata: { labels, annotations } },
})

/** Undefined: what many are deleted with by one request that says nothing of time. One pod's own time is written in by the API server. */
const deletion = (
  gracePeriodSeconds: number | undefined,
  of: { labels?: Body; spec?: Body; status?: Body } = {},
  who?: string,
): Asked => ({
  what: 'pods',
  operation: 'DELETE',
  oldObject: {
    ...aPod(of.labels ?? guarded, { nodeName: 'one', terminationGracePeriodSeconds: 60, ...of.spec }),
    status: of.status ?? { phase: 'Running' },
  },
  options: gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds },
  ...(who === undefined ? {} : { by: { username: who } }),
})
/** Guarded pods that were made before the policy. */
const takesAnHour = { spec: { terminationGracePeriodSeconds: 3_600 } }
const takesNoTime = { spec: { terminationGracePeriodSeconds: 0 } }
const eviction = (deleteOptions: Body | undefined, who?: string): Asked => ({
  what: 'pods/eviction',
  operation: 'CREATE',
  object: { metadata: { name: 'ehr-1' }, ...(deleteOptions === undefined ? {} : { deleteOptions }) },
  ...(who === undefined ? {} : { by: { username: who } }),
})

const made = '2026-11-27T10:00:00Z'
const later = '2026-11-27T10:05:00Z'
const emergency = { requestedBy: 'asker', subject: { issuer: 'https://i', sub: 'maria' }, minutes: 10 }
/** `spec`: what is written besides. `before`: what stood there, of a change. */
const written = (spec: Body, before: Body | undefined, more: Partial<Asked> = {}): Asked => {
  const grantOf = (own: Body) => ({
    metadata: { name: 'g', creationTimestamp: made },
    spec: { ...emergency, ...own },
  })
  return {
    what: 'breakglassgrants',
    operation: before === undefined ? 'CREATE' : 'UPDATE',
    object: grantOf({ ...before, ...spec }),
    oldObject: before === undefined ? null : grantOf(before),
    ...more,
  }
}
const by = (username: string, ...verbs: string[]): Partial<Asked> => ({ by: { username }, verbs })
const mine = { requestedBy: 'mallory' }
const approval = { approval: { by: 'mallory', at: later } }
const inForce = { approval: { by: 'approver', at: later } }
const review = (at: string, who = 'mallory') => ({ review: { by: who, at } })
const over = '2026-11-27T11:00:00Z'

const grant = (spec: Body, entered?: Body[]): Asked => ({
  what: 'breakglassgrants',
  operation: 'DELETE',
  oldObject: { spec, ...(entered === undefined ? {} : { status: { entered } }) },
})
const approved = { approval: {}, pods: {} }
const reviewed = { ...approved, review: {} }
const namespaces = { by: { username: 'system:serviceaccount:kube-system:namespace-controller' } }
const revocation = (revokedBy?: string): Asked => ({
  what: 'accessrevocations',
  operation: 'CREATE',
  object: { spec: { client: 'agent', ...(revokedBy === undefined ? {} : { revokedBy }) } },
})

const cases: [what: string, asked: Asked, rule: keyof typeof observedRules | undefined][] = [
  ['the annotation of a pod', change(aPod({}, {}, { 'hipaa-mcp.dev/server': 'lab' }), aPod()), 'changes-1'],
  [
    'an image of a guarded pod',
    change(aPod(guarded, { containers: [{ image: 'x' }] }), aPod(guarded)),
    'changes-2',
  ],
  ['an image of a bystander', change(aPod({}, { containers: [{ image: 'x' }] }), aPod()), undefined],
  ['another label of a guarded pod', change(aPod({ ...guarded, tier: 'one' }), aPod(guarded)), undefined],
  ['a container in a canary', into({ [canaryLabel]: 'x' }, debug(), enters), 'changes-3'],
  ['a container of who lacks the verb', into(guarded, debug()), 'changes-4'],
  ['one that breaks three rules', into(guarded, { name: 'debug' }), 'changes-4'],
  ['one as a tenant', into(guarded, debug(), enters), undefined],
  ['one in a store', into(store, debug()), 'changes-5'],
  ['one in a store, of who may write servers', into(store, debug(), writes), undefined],
  ['a privileged one', into(guarded, secured({ privileged: true }), enters), 'changes-6'],
  [
    'an added capability',
    into(guarded, secured({ capabilities: { drop: ['ALL'], add: ['CHOWN'] } }), enters),
    'changes-6',
  ],
  ['a privileged one in a store', into(store, secured({ privileged: true }), writes), 'changes-6'],
  ['a privileged one in a bystander', into({}, secured({ privileged: true })), 'changes-6'],
  ['one in a bystander', into({}, debug()), undefined],
  [
    'one that keeps the right to write into the node’s log',
    into({}, secured({ capabilities: { drop: ['NET_RAW'] } })),
    'changes-6',
  ],
  [
    'one that drops both ways out by name',
    into({}, secured({ capabilities: { drop: ['NET_RAW', 'AUDIT_WRITE'] } })),
    undefined,
  ],
  [
    'a volume of the sidecar',
    into(guarded, debug({ volumeMounts: [{ name: 'hipaa-mcp-tmp' }] }), enters),
    'changes-7',
  ],
  ['the sidecar’s user', into(guarded, secured({ runAsUser: 64_101 }), enters), 'changes-7'],
  [
    'the sidecar’s processes',
    into(guarded, debug({ targetContainerName: 'hipaa-mcp' }), enters),
    'changes-7',
  ],
  [
    'a second network afterwards',
    change(aPod(guarded, {}, { 'k8s.v1.cni.cncf.io/networks': 'other' }), aPod(guarded)),
    'changes-8',
  ],
  [
    'another’s address in place of its own',
    change(
      aPod({}, {}, { 'cni.projectcalico.org/ipAddrs': '["192.0.2.1"]' }),
      aPod({}, {}, { 'cni.projectcalico.org/ipAddrs': '["192.0.2.2"]' }),
    ),
    'changes-8',
  ],
  ['that a guarded pod has ended', ended(guarded), 'changes-9'],
  ['that it has ended, by its node', ended(guarded, { username: 'system:node:one' }), undefined],
  ['that it has ended, by who collects lost pods', ended(guarded, { username: collectorOfPods }), undefined],
  ['that a bystander has ended', ended({}), undefined],
  [
    'what a network plugin notes of itself',
    change(aPod(guarded, {}, { 'k8s.v1.cni.cncf.io/network-status': '[]' }), aPod(guarded)),
    undefined,
  ],
  [
    'a new pod with our label elsewhere',
    { what: 'pods', operation: 'CREATE', object: aPod(guarded), enrolled: false },
    'labels-1',
  ],
  ['one that admission gave it', { what: 'pods', operation: 'CREATE', object: aPod(guarded) }, undefined],
  [
    'a new pod without it elsewhere',
    { what: 'pods', operation: 'CREATE', object: aPod(), enrolled: false },
    undefined,
  ],
  ['our label afterwards', change(aPod(guarded), aPod()), 'labels-2'],
  ['our label taken away', change(aPod(), aPod(store)), 'labels-2'],
  ['our label with the status', change(aPod(store), aPod(), 'pods/status'), 'labels-2'],
  ['a status', change(aPod(guarded), aPod(guarded), 'pods/status'), undefined],
  ['our label by a binding', bound(guarded), 'labels-3'],
  ['a binding', bound({ tier: 'one' }, { 'example.com/note': 'x' }), undefined],
  ['a second network by a binding', bound({}, { 'k8s.v1.cni.cncf.io/networks': 'other' }), 'bindings-1'],
  [
    'another’s address by a binding of the older way',
    bound({}, { 'cni.projectcalico.org/ipAddrs': '["192.0.2.1"]' }, 'bindings'),
    'bindings-1',
  ],
  [
    'a second network elsewhere',
    { ...bound({}, { 'k8s.v1.cni.cncf.io/networks': 'x' }), enrolled: false },
    undefined,
  ],
  ['a policy of ours that goes', network('DELETE', { oldObject: policy({}, ours) }), 'networks-1'],
  [
    'a policy of ours that changes',
    network('UPDATE', { object: policy(), oldObject: policy({}, ours) }),
    'networks-1',
  ],
  ['a policy that opens', network('CREATE', { object: policy({ ingress: [{}] }) }), 'networks-2'],
  [
    'a policy that opens others',
    network('CREATE', { object: policy({ ingress: [{}], podSelector: { matchExpressions: apart } }) }),
    undefined,
  ],
  [
    'a policy that opens, of who may write servers',
    network('CREATE', { object: policy({ ingress: [{}] }), may: writes }),
    undefined,
  ],
  ['a policy of theirs that goes', network('DELETE', { oldObject: policy() }), undefined],
  ['the proxy to a Service', { what: 'services/proxy', operation: 'CONNECT' }, 'proxies-1'],
  [
    'the proxy, of who may write servers',
    { what: 'services/proxy', operation: 'CONNECT', may: writes },
    undefined,
  ],
  ['a token of our audience', token('hipaa-mcp'), 'tokens-1'],
  ['a token of another', token('vault'), undefined],
  ['a guarded pod at once', deletion(0), 'deletions-1'],
  ['a guarded pod in a second', deletion(1), undefined],
  ['a guarded pod in ten minutes', deletion(600), undefined],
  ['a guarded pod in a second more', deletion(601), 'deletions-2'],
  ['guarded pods by one request', deletion(undefined), undefined],
  ['at once by its kubelet', deletion(0, {}, 'system:node:one'), undefined],
  ['at once by the collector of lost pods', deletion(0, {}, collectorOfPods), undefined],
  [
    'at once by controllers that are one account',
    deletion(0, {}, 'system:kube-controller-manager'),
    undefined,
  ],
  [
    'at once by an account of that name elsewhere',
    deletion(0, {}, 'system:serviceaccount:clinic:pod-garbage-collector'),
    'deletions-1',
  ],
  ['at once by an administrator', deletion(0, {}, 'kubernetes-admin'), 'deletions-1'],
  ['a bystander at once', deletion(0, { labels: {} }), undefined],
  ['at once, one that no node was given', { ...deletion(0), oldObject: aPod(guarded) }, undefined],
  ['at once, one that is over', deletion(0, { status: { phase: 'Failed' } }), undefined],
  ['at once, one that has not begun', deletion(0, { status: {} }), 'deletions-1'],
  ['one of before in its own hour', deletion(3_600, takesAnHour), undefined],
  ['many of before, each in its own hour', deletion(undefined, takesAnHour), undefined],
  ['one of before in more than its own hour', deletion(3_601, takesAnHour), 'deletions-2'],
  ['one of before at once', deletion(0, takesAnHour), 'deletions-1'],
  ['one of before in its own time, which is none', deletion(0, takesNoTime), undefined],
  ['many of before in their own time, which is none', deletion(undefined, takesNoTime), undefined],
  ['one of before that has no time, in an hour', deletion(3_600, takesNoTime), 'deletions-2'],
  ['any pod evicted in its own time', eviction(undefined), undefined],
  ['any pod evicted without a word of time', eviction({}), undefined],
  ['any pod evicted at once', eviction({ gracePeriodSeconds: 0 }), 'deletions-3'],
  [
    'any pod evicted at once by a node',
    eviction({ gracePeriodSeconds: 0 }, 'system:node:one'),
    'deletions-3',
  ],
  ['any pod evicted in a second', eviction({ gracePeriodSeconds: 1 }), undefined],
  ['any pod evicted in ten minutes', eviction({ gracePeriodSeconds: 600 }), undefined],
  ['any pod evicted in its own half an hour', eviction({ gracePeriodSeconds: 1_800 }), 'deletions-3'],
  ['a grant’s status', written({}, {}, { what: 'breakglassgrants/status' }), 'grants-1'],
  [
    'a grant’s status, of the operator',
    written(
      {},
      {},
      {
        what: 'breakglassgrants/status',
        ...by('system:serviceaccount:hipaa-mcp-system:hipaa-mcp-operator'),
      },
    ),
    undefined,
  ],
  ['a request', written(mine, undefined), undefined],
  ['a request that is approved already', written({ ...mine, ...approval }, undefined), 'grants-2'],
  ['a request in another’s name', written({}, undefined), 'grants-2'],
  [
    'a program’s request',
    written({ requestedBy: 'system:node:one' }, undefined, by('system:node:one')),
    'grants-3',
  ],
  ['a way into pods of who may not ask', written({ ...mine, pods: {} }, undefined), 'grants-4'],
  ['a way into pods', written({ ...mine, pods: {} }, undefined, by('mallory', 'request-entry')), undefined],
  ['an approval of who may not', written(approval, {}), 'grants-5'],
  ['an approval', written(approval, {}, by('mallory', 'approve')), undefined],
  [
    'one of a way into pods, of who may of patients',
    written(approval, { pods: {} }, by('mallory', 'approve')),
    'grants-6',
  ],
  ['one in another’s name', written(inForce, {}, by('mallory', 'approve')), 'grants-7'],
  ['one’s own request approved', written(approval, mine, by('mallory', 'approve')), 'grants-8'],
  [
    'one’s own emergency approved',
    written({ approval: { by: 'https://i#maria', at: later } }, {}, by('https://i#maria', 'approve')),
    'grants-9',
  ],
  [
    'one after a day',
    written({ approval: { by: 'mallory', at: '2026-11-28T10:00:01Z' } }, {}, by('mallory', 'approve')),
    'grants-10',
  ],
  [
    'one of what was ended',
    written(approval, { end: { by: 'asker', at: later } }, by('mallory', 'approve')),
    'grants-11',
  ],
  ['an end in another’s name', written({ end: { by: 'asker', at: later } }, inForce), 'grants-12'],
  ['an end', written({ end: { by: 'mallory', at: later } }, inForce), undefined],
  ['a review of who may not', written(review(over), inForce), 'grants-13'],
  ['a review of who approved', written(review(over), approval, by('mallory', 'review')), 'grants-14'],
  ['a review of what is in force', written(review(later), inForce, by('mallory', 'review')), 'grants-15'],
  ['a review', written(review(over), inForce, by('mallory', 'review')), undefined],
  ['a grant that nobody approved', grant({}), undefined],
  ['one that nobody reviewed', grant(approved), 'grants-kept-1'],
  ['one that was reviewed', grant(reviewed), undefined],
  ['one under which a pod was entered that is there', grant(reviewed, [{ gone: 'x' }, {}]), 'grants-kept-2'],
  ['one that breaks both', grant(approved, [{}]), 'grants-kept-1'],
  ['one whose pods are gone', grant(reviewed, [{ gone: 'x' }]), undefined],
  ['one whose pods stay', grant({ ...reviewed, pods: { afterwards: 'KeepPod' } }, [{}]), undefined],
  ['a grant with its namespace', { ...grant(approved, [{}]), ...namespaces }, undefined],
  ['a revocation in another’s name', revocation('trent'), 'revocations-1'],
  ['one in nobody’s', revocation(), 'revocations-1'],
  ['one’s own', revocation('mallory'), undefined],
  ['the kubelet’s', token('hipaa-mcp', ['system:nodes']), undefined],
]
for (const [what, request, rule] of cases)
  verifies(
    'audit:admission',
    `of a policy’s refusals a webhook is asked, once, and of nothing else: ${what}`,
    () => {
      expect(asked(request)).toEqual(rule === undefined ? [] : [rule])
    },
  )

test('every rule has its webhook, which is tried here and lets everything in', () => {
  expect(conditions.map(({ id }) => id)).toEqual(Object.keys(observedRules))
  expect(new Set(cases.flatMap(([, , rule]) => rule ?? []))).toEqual(new Set(Object.keys(observedRules)))
  expect(new Set(webhooks.map(({ failurePolicy }) => failurePolicy))).toEqual(new Set(['Ignore']))
})
