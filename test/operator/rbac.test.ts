import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { verifies } from '../verifies.ts'

type Rule = {
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  verbs: string[]
  nonResourceURLs?: string[]
}
type Role = {
  kind: string
  metadata: { name: string; namespace?: string; labels?: object }
  rules?: Rule[]
  aggregationRule?: object
}

const root = join(import.meta.dirname, '../..')
const documents = async (file: string) =>
  parseAllDocuments(await readFile(join(root, file), 'utf8')).map((one) => one.toJS() as Role)
const operator = await documents('config/rbac/operator.yaml')
const people = await documents('config/rbac/people.yaml')
const accounts = await documents('config/rbac/accounts.yaml')
const plugin = await documents('config/cni/account.yaml')
const roles = [...operator, ...people].filter(({ kind }) => kind.endsWith('Role'))

const rulesOf = (named: (role: Role) => boolean) =>
  roles
    .filter(named)
    .flatMap(({ kind, metadata, rules = [] }) =>
      rules.map((rule) => ({ kind, name: metadata.name, ...rule })),
    )
const everywhere = rulesOf(
  ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'hipaa-mcp-operator',
)

verifies('operator:rbac', 'no rule of any role holds a wildcard', () => {
  expect(roles.length).toBeGreaterThanOrEqual(5)
  for (const rule of rulesOf(() => true))
    for (const list of [rule.apiGroups, rule.resources, rule.verbs, rule.resourceNames, rule.nonResourceURLs])
      for (const entry of list ?? []) expect(entry).not.toContain('*')
})

verifies('operator:rbac', 'Secrets are read in our own namespace only, and never changed or deleted', () => {
  expect(everywhere.filter(({ resources }) => resources?.includes('secrets'))).toEqual([])
  const own = rulesOf(({ kind }) => kind === 'Role').filter(({ resources }) => resources?.includes('secrets'))
  expect(own.map(({ verbs }) => verbs)).toEqual([['get', 'list', 'watch', 'create']])
  expect(
    new Set(roles.filter(({ kind }) => kind === 'Role').map(({ metadata }) => metadata.namespace)),
  ).toEqual(new Set(['hipaa-mcp-system']))
})

/** Ways to more rights, or into pods. */
const forbidden = [
  'pods/exec',
  'pods/attach',
  'pods/portforward',
  'pods/ephemeralcontainers',
  'serviceaccounts/token',
  'nodes',
  'nodes/proxy',
  'clusterroles',
  'clusterrolebindings',
  'roles',
  'rolebindings',
  'customresourcedefinitions',
  'validatingadmissionpolicies',
]
verifies('operator:rbac', 'no way to more rights and none into pods', () => {
  const all = rulesOf(() => true)

  for (const { resources = [], verbs } of all) {
    for (const resource of resources.filter((one) => one !== 'pods/portforward'))
      expect(forbidden).not.toContain(resource)
    for (const verb of verbs)
      expect(['escalate', 'bind', 'impersonate', 'deletecollection']).not.toContain(verb)
  }
  // One way in: readers of the trail, to the collector, which demands their certificate all the same.
  const forwards = all.filter(({ resources }) => resources?.includes('pods/portforward'))
  expect(forwards.map(({ kind, name, resourceNames }) => [kind, name, resourceNames])).toEqual([
    ['Role', 'hipaa-mcp-trail-reader', ['hipaa-mcp-collector-0']],
  ])
  // Policies are people's: the operator writes status only.
  const specs = everywhere.filter(({ resources }) => resources?.includes('hipaamcpservers'))
  expect(specs.map(({ verbs }) => verbs)).toEqual([['get', 'list', 'watch']])
  const logs = all.filter(({ resources }) => resources?.includes('pods/log'))
  expect(logs.map(({ name, resources, verbs }) => [name, resources, verbs])).toEqual([
    ['hipaa-mcp-operator', ['pods/log'], ['get']],
  ])
  const pods = everywhere.filter(({ resources }) => resources?.includes('pods'))
  // Of pods it makes and deletes canaries alone: the next test.
  expect(pods.map(({ verbs }) => verbs)).toEqual([
    ['get', 'list', 'watch'],
    ['create', 'delete'],
  ])
  const status = everywhere.filter(({ resources }) => resources?.includes('pods/status'))
  expect(status.map(({ resources, verbs }) => [resources, verbs])).toEqual([[['pods/status'], ['patch']]])
})

verifies(
  'operator:rbac',
  'Jobs and claims are made in our own namespace alone, and their account has no right',
  () => {
    const writes = rulesOf(() => true).filter(
      ({ resources = [], verbs }) =>
        resources.some((one) => one === 'jobs' || one === 'persistentvolumeclaims') &&
        verbs.some((verb) => !['get', 'list', 'watch'].includes(verb)),
    )
    expect(writes.map(({ kind, resources, verbs }) => [kind, resources, verbs])).toEqual([
      ['Role', ['jobs'], ['get', 'create', 'delete']],
      ['Role', ['persistentvolumeclaims'], ['create', 'delete']],
    ])
    expect(accounts.map(({ metadata }) => metadata.name)).toContain('hipaa-mcp-recovery')
    expect(JSON.stringify([...operator, ...people])).not.toContain('hipaa-mcp-recovery')
  },
)

verifies(
  'operator:rbac',
  'the network plugin, whose token lies on every node, only reads, and no Secret',
  () => {
    const given = plugin
      .filter(({ kind }) => kind.endsWith('Role'))
      .flatMap(({ kind, rules = [] }) =>
        rules.map(({ resources, resourceNames = [], verbs }) => [kind, resources, resourceNames, verbs]),
      )
    expect(given).toEqual([
      ['ClusterRole', ['pods'], [], ['get']],
      ['ClusterRole', ['namespaces'], [], ['list', 'watch']],
      ['Role', ['daemonsets'], ['hipaa-mcp-cni'], ['get']],
    ])
    const bound = plugin.filter(({ kind }) => kind.endsWith('Binding')) as unknown as {
      roleRef: { kind: string; name: string }
      subjects: object[]
    }[]
    for (const { roleRef, subjects } of bound) {
      expect(roleRef.name).toBe('hipaa-mcp-cni')
      expect(subjects).toEqual([
        { kind: 'ServiceAccount', name: 'hipaa-mcp-cni', namespace: 'hipaa-mcp-cni' },
      ])
    }
    expect(bound.map(({ roleRef }) => roleRef.kind)).toEqual(['ClusterRole', 'Role'])
  },
)

const narrowed: [file: string, rules: string[][]][] = [
  [
    'canaries',
    [
      ['pods', 'CREATE', 'DELETE'],
      ['pods/status', 'UPDATE'],
    ],
  ],
  ['evictions', [['pods/eviction', 'CREATE']]],
  ['cluster-networks', [['clusternetworkpolicies', 'CREATE', 'UPDATE', 'DELETE']]],
  [
    'recovery',
    [
      ['jobs', 'CREATE'],
      ['persistentvolumes', 'UPDATE'],
    ],
  ],
]
for (const [name, rules] of narrowed)
  verifies(
    'operator:rbac',
    `what RBAC cannot narrow, an admission policy does for this account: ${name}`,
    async () => {
      const [policy, binding] = (await documents(`config/webhook/policy-${name}.yaml`)) as unknown as [
        {
          spec: {
            failurePolicy: string
            matchConditions: { expression: string }[]
            matchConstraints: { resourceRules: { resources: string[]; operations: string[] }[] }
          }
        },
        { spec: { policyName: string; validationActions: string[]; matchResources?: object } },
      ]

      const { failurePolicy, matchConditions, matchConstraints } = policy.spec
      expect(failurePolicy).toBe('Fail')
      expect(matchConditions.map(({ expression }) => expression)).toEqual([
        "request.userInfo.username == 'system:serviceaccount:hipaa-mcp-system:hipaa-mcp-operator'",
      ])
      expect(
        matchConstraints.resourceRules.map(({ resources, operations }) => [...resources, ...operations]),
      ).toEqual(rules)
      expect(binding.spec).toEqual({ policyName: `hipaa-mcp-${name}`, validationActions: ['Deny'] })
    },
  )

verifies('operator:rbac', 'webhook configurations, the lease and signing are given by name', () => {
  const named = rulesOf(({ metadata }) => metadata.name === 'hipaa-mcp-operator').filter(
    ({ resources = [], verbs }) =>
      resources.some((one) => one.endsWith('webhookconfigurations') || one === 'signers') ||
      (resources.includes('leases') && !verbs.includes('create')),
  )

  expect(named.map(({ resourceNames }) => resourceNames)).toEqual([
    ['hipaa-mcp'],
    ['hipaa-mcp.dev/auditor'],
    ['hipaa-mcp-operator'],
  ])
})

verifies(
  'access:break-glass',
  'no role both asks for emergency access and approves it, or approves and reviews it',
  () => {
    const verbsOf = (name: string) =>
      rulesOf(({ metadata }) => metadata.name === name)
        .filter(({ resources }) => resources?.includes('breakglassgrants'))
        .flatMap(({ verbs }) => verbs)
    const parts = new Set(['create', 'approve', 'review'])
    const roles = ['requester', 'approver', 'privacy-officer'].map((name) => verbsOf(`hipaa-mcp-${name}`))

    expect(roles.map((verbs) => verbs.filter((verb) => parts.has(verb)))).toEqual([
      ['create'],
      ['approve'],
      ['review'],
    ])
    // Grants name patients: who sees policies does not see them.
    for (const name of ['viewer', 'policy-editor', 'trail-reader'])
      expect(verbsOf(`hipaa-mcp-${name}`)).toEqual([])
    // The operator writes where a grant stands, never the grant.
    expect(verbsOf('hipaa-mcp-operator')).toEqual(['get', 'list', 'watch'])
    const revoking = rulesOf(() => true).filter(
      ({ resources, verbs }) => resources?.includes('accessrevocations') && verbs.includes('create'),
    )
    expect(revoking.map(({ name }) => name)).toEqual(['hipaa-mcp-privacy-officer'])
  },
)

verifies(
  'operator:rbac',
  'roles for people are aggregated into nothing, and the collector has no rights',
  () => {
    for (const { metadata, aggregationRule } of people) {
      expect(JSON.stringify(metadata.labels ?? {})).not.toContain('aggregate')
      expect(aggregationRule).toBeUndefined()
    }
    const viewer = rulesOf(({ metadata }) => metadata.name === 'hipaa-mcp-viewer')
    expect(viewer.every(({ verbs }) => verbs.every((verb) => ['get', 'list', 'watch'].includes(verb)))).toBe(
      true,
    )
    const collector = accounts.find(({ metadata }) => metadata.name === 'hipaa-mcp-collector') as
      | { automountServiceAccountToken?: boolean }
      | undefined
    expect(collector?.automountServiceAccountToken).toBe(false)
    expect(JSON.stringify(operator)).not.toContain('hipaa-mcp-collector')
  },
)
