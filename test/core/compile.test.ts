// What a person must mend in a server's object, said before it is in force.

import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { compilePolicy } from '../../core/compile.ts'
import { parsePolicy } from '../../core/parse-policy.ts'
import { policyText } from '../../core/policy.ts'
import type { BusinessAssociateAgreement } from '../../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { aServer } from '../operator/world.ts'
import { verifies } from '../verifies.ts'

type Spec = HipaaMcpServer['spec']
const compiled = (spec: Partial<Spec>) =>
  compilePolicy(aServer(spec), { agreements: [], clientCa: 'a certificate' })
const issuesOf = (spec: Partial<Spec>): string[] => {
  const result = compiled(spec)
  return 'issues' in result ? result.issues : []
}
const withTool = (properties: object, more: object = {}, patient?: string): Partial<Spec> => ({
  tools: [
    {
      name: 'get_diagnosis',
      arguments: { type: 'object', properties, ...more },
      ...(patient === undefined ? {} : { patient }),
      returns: { fields: ['/code'] },
    },
  ],
})

test('names and origins are taken without regard to case, and none is listed where none is', () => {
  const given = { hosts: ['MCP.example.org'], origins: ['HTTPS://Chart.example.org'] }

  expect(compiled({ http: given })).toMatchObject({
    policy: { http: { hosts: ['mcp.example.org'], origins: ['https://chart.example.org'] } },
  })
  expect(compiled({ http: {} })).toMatchObject({ policy: { http: { hosts: [], origins: [] } } })
  expect(compiled({})).not.toHaveProperty('policy.http')
})

verifies('transmission:app-metrics', 'no metrics of the app leave that the server does not declare', () => {
  const { workload } = aServer().spec
  const metrics = { port: 9100, names: ['jobs_total'] }

  expect(compiled({})).not.toHaveProperty('policy.workload.metrics')
  expect(compiled({ workload: { ...workload, metrics } })).toMatchObject({
    policy: { workload: { metrics: { ...metrics, path: '/metrics', labels: [] } } },
  })
})

verifies('access:default-deny', 'a role that does not say whom it reaches makes no policy', () => {
  const [role] = aServer().spec.roles
  const { patients: _, ...reachless } = role as Spec['roles'][number]
  const result = compiled({ roles: [reachless as Spec['roles'][number]] })

  expect('policy' in result && parsePolicy(policyText(result.policy))).toBeUndefined()
  const whole = compiled({})
  expect('policy' in whole && parsePolicy(policyText(whole.policy))).toBeDefined()
})

const agreement = (hosts: string[], ranges?: string[]) =>
  ({
    metadata: { name: 'lab' },
    spec: { hosts, ...(ranges === undefined ? {} : { ranges }) },
  }) as BusinessAssociateAgreement

test('hosts of an agreement are reached as the entry says that names them, others on port 443', () => {
  const network = {
    egress: [{ baa: 'lab' }, { baa: 'lab', host: 'hl7.lab.example', port: 2575, protocol: 'Mllp' as const }],
  }
  const egressOf = (...agreements: BusinessAssociateAgreement[]) => {
    const result = compilePolicy(aServer({ network }), { agreements, clientCa: 'a certificate' })
    return 'policy' in result ? result.policy.egress : result.issues
  }
  const api = { kind: 'agreement', agreement: 'lab', host: 'api.lab.example', port: 443 }
  const hl7 = { ...api, host: 'hl7.lab.example', port: 2575, protocol: 'Mllp' }

  expect(egressOf(agreement(['hl7.lab.example', 'api.lab.example']))).toEqual([api, hl7])
  expect(egressOf(agreement(['api.lab.example'], ['10.0.0.0/8']))).toEqual([
    { ...api, ranges: ['10.0.0.0/8'] },
  ])
  expect(egressOf()).toEqual([])
})

const schemas: { when: string; spec: Partial<Spec>; issue: RegExp }[] = [
  {
    when: 'a keyword that nobody knows',
    spec: withTool({ a: { colour: 1 } }),
    issue: /unknown keyword: "colour"/,
  },
  {
    when: 'a format that is not checked',
    spec: withTool({ a: { type: 'string', format: 'iban' } }),
    issue: /unknown format "iban"/,
  },
  {
    when: 'a reference to nowhere',
    spec: withTool({ a: { $ref: '#/$defs/b' } }),
    issue: /can't resolve reference/,
  },
  {
    when: 'a pattern that takes more than linear time',
    spec: withTool({ a: { type: 'string', pattern: '(?=x)y' } }),
    issue: /arguments: /,
  },
  { when: 'a type that is none', spec: withTool({ a: { type: 'text' } }), issue: /arguments: / },
]
for (const { when, spec, issue } of schemas)
  verifies('minimum:schema-issues', when, () => {
    expect(issuesOf(spec)).toEqual([expect.stringMatching(issue)])
    expect(issuesOf(spec)[0]).toContain('Tool get_diagnosis')
  })

verifies(
  'minimum:bulk',
  'a search by what no call may use is an issue, unless it is allowed with a reason',
  () => {
    const search = { type: 'string', format: 'fhir-search', 'x-fhir-search': ['code', '_id:not'] }
    const spec = withTool({ search })
    const allowed = spec.tools?.map((tool) => ({ ...tool, bulk: 'Allowed' as const, reason: 'a register' }))

    expect(issuesOf(spec)).toEqual([
      expect.stringContaining('x-fhir-search lists _id:not, which may not search'),
    ])
    expect(issuesOf({ ...spec, ...(allowed === undefined ? {} : { tools: allowed }) })).toEqual([])
  },
)

verifies('minimum:schema-issues', 'a patient within a text that is no search by patients', () => {
  const search = { type: 'string', format: 'fhir-search', 'x-fhir-search': ['patient', 'code'] }

  expect(issuesOf(withTool({ search }, {}, '/search/patient'))).toEqual([])
  for (const [properties, patient] of [
    [{ search }, '/search/subject'],
    [{ search }, '/search/patient/0'],
    [{ search: { type: 'string' } }, '/search/patient'],
  ] as const)
    expect(issuesOf(withTool(properties, {}, patient))).toEqual([
      expect.stringContaining('patient leads into a text'),
    ])
})

verifies('transmission:param-headers', 'a search that names the patient stands in no header', () => {
  const search = {
    type: 'string',
    format: 'fhir-search',
    'x-fhir-search': ['patient'],
    'x-mcp-header': 'Search',
  }

  expect(issuesOf(withTool({ search }, {}, '/search/patient'))).toEqual([
    expect.stringContaining('would put the patient into a header'),
  ])
})

verifies('minimum:renaming', 'a collision is an issue', () => {
  const [tool] = withTool({ a: { type: 'string' } }).tools ?? []
  const tools = tool === undefined ? [] : [{ ...tool, with: { x: 1 }, rename: { a: '/x' } }]

  expect(issuesOf({ tools })).toEqual([
    "Tool get_diagnosis: rename a: x stands in with too; a constant is never the caller's",
  ])
})

verifies('minimum:schema-issues', 'of a prompt as well', () => {
  const prompts = [
    { name: 'sum', arguments: { type: 'object', properties: { a: { colour: 1 } } }, returns: { fields: [] } },
  ]

  expect(issuesOf({ prompts })).toEqual([expect.stringContaining('Prompt sum: arguments: ')])
})

verifies('minimum:schema-issues', 'none with the keywords of MCP and of anchors', () => {
  const spec = withTool(
    { region: { type: 'string', 'x-mcp-header': 'Region' }, where: { $ref: '#here' } },
    { $defs: { here: { $anchor: 'here', type: 'string' } } },
  )

  expect(issuesOf(spec)).toEqual([])
})

const text = (name: unknown) => ({ type: 'string', 'x-mcp-header': name })
const headers: { when: string; spec: Partial<Spec>; issue: RegExp }[] = [
  {
    when: 'the patient',
    spec: withTool({ patient_id: text('Who') }, {}, '/patient_id'),
    issue: /would put the patient into a header/,
  },
  {
    when: 'the patient deep inside',
    spec: withTool({ of: { type: 'object', properties: { 'a/b': text('Who') } } }, {}, '/of/a~1b'),
    issue: /would put the patient into a header/,
  },
  {
    when: 'a part of the patient',
    spec: withTool({ of: { type: 'object', properties: { id: text('Who') } } }, {}, '/of'),
    issue: /would put the patient into a header/,
  },
  { when: 'one name twice', spec: withTool({ a: text('Region'), b: text('REGION') }), issue: /twice/ },
  { when: 'a name that is none', spec: withTool({ a: text('a: b') }), issue: /name of an HTTP header/ },
  { when: 'no name', spec: withTool({ a: text('') }), issue: /name of an HTTP header/ },
  {
    when: 'a number',
    spec: withTool({ a: { type: 'number', 'x-mcp-header': 'A' } }),
    issue: /string, integer or boolean/,
  },
  {
    when: 'a list',
    spec: withTool({ a: { type: 'array', items: text('A') } }),
    issue: /may stand only at a property/,
  },
  { when: 'a branch', spec: withTool({ a: { anyOf: [text('A')] } }), issue: /may stand only at a property/ },
  {
    when: 'a definition',
    spec: withTool({}, { $defs: { a: text('A') } }),
    issue: /may stand only at a property/,
  },
  {
    when: 'all of the arguments',
    spec: withTool({}, { 'x-mcp-header': 'A' }),
    issue: /may stand only at a property/,
  },
]
for (const { when, spec, issue } of headers)
  verifies('transmission:param-headers', `the policy may not put into a header: ${when}`, () => {
    expect(issuesOf(spec)).toEqual([expect.stringMatching(issue)])
  })

verifies('transmission:param-headers', 'an argument may be called like the keyword', () => {
  const properties = { 'x-mcp-header': { type: 'string', default: { 'x-mcp-header': 1 } } }

  expect(issuesOf(withTool(properties))).toEqual([])
})

test('the example of docs/policy-arguments.md is a policy', async () => {
  const text = await readFile(new URL('../../docs/policy-arguments.md', import.meta.url), 'utf8')
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(text) ?? []
  const { tools } = parse(example) as Pick<Spec, 'tools'>

  expect(tools).toHaveLength(1)
  expect(issuesOf({ tools, roles: [] })).toEqual([])
})
