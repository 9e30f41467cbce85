// The proposal by itself: catalogues as servers have them, and catalogues as nobody should have them.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { proposePrompts, proposeResources } from '../../cli/init/besides.ts'
import type { Catalogue, ListedTool, Schema } from '../../cli/init/catalogue.ts'
import { manifestOf, type Workload } from '../../cli/init/manifest.ts'
import { proposeTools } from '../../cli/init/propose.ts'
import { shapeOf } from '../../cli/init/shape.ts'
import type { JsonObject } from '../../core/canonical.ts'
import { compilePolicy } from '../../core/compile.ts'
import { lintServer } from '../../core/lint/lint.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { verifies } from '../verifies.ts'

const empty: Catalogue = {
  server: 'ehr 1',
  revision: '2026-07-28',
  tools: [],
  resources: [],
  templates: [],
  prompts: [],
  unheld: { tools: 0, prompts: 0 },
}

function tool(name: string, properties: object, more: Partial<ListedTool> = {}): ListedTool {
  return { name, description: '', inputSchema: { type: 'object', properties }, annotations: {}, ...more }
}

function proposed(tools: ListedTool[], shapes = new Map<string, Schema>()) {
  const { tools: made, left } = proposeTools({ ...empty, tools }, shapes)
  return { names: made.map(({ name }) => name), made, left: left.map(({ name, why }) => `${name}: ${why}`) }
}

const patient = { patient: { type: 'string' } }

test('a search over types of FHIR becomes a tool for each of the types that are asked for most', () => {
  const { names, made } = proposed([tool('fhir_search', { resourceType: { type: 'string' }, ...patient })])

  expect(names).toEqual(['get_diagnosis', 'list_medications', 'get_allergies', 'list_observations'])
  expect(made[0]?.with).toEqual({ resourceType: 'Condition' })
  expect(made[0]?.returns.fields.map(({ path }) => path)).toContain('Condition.code')
})

const shape: Schema = { type: 'object', properties: { code: { type: 'string' } } }
const askedOf: { what: string; tools: readonly ListedTool[]; roles: { [role: string]: string[] } }[] = [
  {
    what: 'clinical questions alone',
    tools: [tool('fhir_search', { resourceType: { type: 'string' }, ...patient })],
    roles: {
      clinician: ['get_diagnosis'],
      prescriber: ['list_medications', 'get_allergies'],
      laboratory: ['list_observations'],
    },
  },
  {
    what: 'questions of payment alone',
    tools: ['get_claims', 'get_eob', 'check_coverage'].map((name) => tool(name, patient)),
    roles: { billing: ['get_claims', 'get_eob'], registration: ['check_coverage'] },
  },
  {
    what: 'who treats and who bills',
    tools: ['get_labs', 'get_medications', 'get_claims'].map((name) => tool(name, patient)),
    roles: { clinician: ['get_labs', 'get_medications'], billing: ['get_claims'] },
  },
  {
    what: 'one kind of question: nobody knows who needs which, and the manifest gives that as the reason',
    tools: ['get_labs', 'get_vitals', 'get_measurements'].map((name) => tool(name, patient)),
    roles: { clinician: ['get_labs', 'get_vitals', 'get_measurements'] },
  },
  {
    what: 'tools of which only a schema tells',
    tools: ['a_thing', 'b_thing', 'c_thing'].map((name) => tool(name, patient, { outputSchema: shape })),
    roles: { clinician: ['a_thing', 'b_thing', 'c_thing'] },
  },
]
for (const { what, tools, roles } of askedOf)
  verifies('minimum:first-policy', `check has nothing against the roles that it proposes: ${what}`, () => {
    const manifest = parse(manifestWith({ tools })) as HipaaMcpServer

    expect(Object.fromEntries(manifest.spec.roles.map((role) => [role.name, role.tools]))).toEqual(roles)
    const found = lintServer(manifest, { agreements: [], complete: false, now: Date.now() })
    expect(found.filter(({ severity, accepted }) => severity !== 'note' && accepted === undefined)).toEqual(
      [],
    )
  })

test('an argument whose schema says by format what it holds stays, if its name names nobody', () => {
  const properties = {
    ...patient,
    admitted: { type: 'string', format: 'date' },
    event: { type: 'string', format: 'uuid' },
    ssn: { type: 'string', format: 'uuid' },
    page: { type: 'string', format: 'uri' },
  }
  const [made] = proposed([tool('get_labs', properties)]).made

  expect(made?.arguments.kept.map(({ name, schema }) => [name, schema['format']])).toEqual([
    ['patient', undefined],
    ['admitted', 'date'],
    ['event', 'uuid'],
  ])
  expect(made?.arguments.left.map(({ name }) => name)).toEqual(['ssn', 'page'])
})

test('hints of the server add to what the name of a tool says, and take nothing from it', () => {
  const { names, left } = proposed([
    tool('delete_allergy', patient, { annotations: { readOnlyHint: true } }),
    tool('list_goals', patient, { annotations: { readOnlyHint: false } }),
    tool('get_labs', patient, { annotations: { destructiveHint: true } }),
    tool('order_history', patient, { annotations: { readOnlyHint: true } }),
  ])

  expect(left).toEqual([
    'delete_allergy: it changes records: its name says delete',
    'list_goals: it changes records: the server marks it as not read-only',
    'get_labs: it changes records: the server marks it destructive',
  ])
  expect(names).toEqual(['order_history'])
})

test('a search that asks for the patient is as narrow as another question, and one that does not is left out', () => {
  const { names, left } = proposed([
    tool('search_medications', patient),
    tool('search_patients', { name: { type: 'string' } }),
  ])

  expect(names).toEqual(['search_medications'])
  expect(left[0]).toContain('search_patients: it searches over patients')
})

test('an argument is the patient by its name, or by what its description says', () => {
  const described = { subject_ref: { type: 'string' } }
  const chart = { chart_id: { type: 'string', description: 'Identifier of the patient' } }
  const { made } = proposed([
    tool('get_labs', patient),
    tool('get_goals', chart),
    tool('get_devices', { id: { type: 'string' } }, { description: 'Devices of a patient' }),
    tool('get_claims', described),
  ])

  expect(made.map(({ arguments: { patient: name } }) => name)).toEqual([
    'patient',
    'chart_id',
    'id',
    'subject_ref',
  ])
})

test('a sample that is no FHIR gives pointers, and one that is gives elements', () => {
  const plain = shapeOf({
    structuredContent: { problems: [{ icd: 'I10', patient_name: 'Maria Fluegel', since: '2020-01-01' }] },
  }) as Schema
  const fhir = shapeOf({
    structuredContent: { entry: [{ resource: { resourceType: 'Condition', id: 'c' } }] },
  }) as Schema
  const whole = tool('get_patient_record', patient)

  const byPointer = proposed([whole], new Map([[whole.name, plain]]))
  const byElement = proposed([whole], new Map([[whole.name, fhir]]))

  expect(byPointer.made[0]?.returns.fields.map(({ path }) => path)).toEqual([
    '/problems/*/icd',
    '/problems/*/since',
  ])
  expect(byElement.made[0]?.returns.fields.map(({ path }) => path)).toContain('Condition.code')
})

test('of a result that is partly FHIR, a part that is not gives pointers', () => {
  const shape = shapeOf({
    structuredContent: {
      patient: { resourceType: 'Patient', id: 'p-1' },
      coverage: { payer: 'Harbourlight Mutual', status: 'active', member_id: 'M-1' },
    },
  }) as Schema

  const { made } = proposed([tool('check_coverage', patient)], new Map([['check_coverage', shape]]))

  expect(made[0]?.returns.fields.map(({ path }) => path)).toEqual(['/coverage/payer', '/coverage/status'])
})

test('names of members that are data are no names of the shape', () => {
  const shape = shapeOf({
    structuredContent: { 'maria.fluegel@example.org': { icd: 'I10' }, other: { icd: 'E11' } },
  })

  expect(JSON.stringify(shape)).not.toContain('fluegel')
  expect(shape).toEqual({
    type: 'object',
    additionalProperties: { type: 'object', properties: { icd: { type: 'string' } } },
  })
})

const workload: Workload = {
  name: { value: 'ehr', why: '' },
  namespace: { value: 'clinic', why: '' },
  port: { value: 8080, why: '' },
  path: { value: '/mcp', why: '' },
  transport: { value: 'StreamableHttp', why: '' },
}

/** Texts that YAML takes for something else. */
const meant = [
  '---',
  '-',
  '...',
  'null',
  'Null',
  'true',
  'yes',
  'no',
  'y',
  'N',
  'on',
  '1e3',
  '0x10',
  '0b1',
  '1_0',
  '7',
  '.inf',
]

function manifestWith(parts: Partial<Catalogue>): string {
  const catalogue = { ...empty, ...parts }
  const { tools, left } = proposeTools(catalogue, new Map())
  const { resources, left: others } = proposeResources(catalogue)
  const { prompts, left: more } = proposePrompts(catalogue)
  const all = [...left, ...others, ...more]
  return manifestOf({ read: 'ehr', sampled: [], workload, tools, resources, prompts, left: all })
}

verifies('minimum:first-policy', 'a name is text to every reader of YAML, whatever it looks like', () => {
  const tools = meant.map((name) => tool(name, patient, { description: 'labs of a patient' }))
  const prompts = meant.map((name) => ({ name, description: '', arguments: [] }))

  const manifest = manifestWith({ tools, prompts })

  for (const version of ['1.1', '1.2'] as const) {
    const { spec } = parse(manifest, { version }) as HipaaMcpServer
    expect(spec.tools.map(({ name }) => name)).toEqual(meant)
    expect(spec.roles[0]?.tools).toEqual(meant)
    expect(spec.prompts?.map(({ name }) => name)).toEqual(meant)
  }
})

verifies('minimum:first-policy', 'what is called after a person is left out without the name', () => {
  const manifest = manifestWith({
    tools: [
      tool('Mary_Smith_MRN_778812', patient, { description: 'labs' }),
      tool('get_labs', {
        ...patient,
        status_of_patient_4711001: { type: 'string' },
        kind: { enum: ['patient 4711001'] },
      }),
    ],
    templates: ['ehr:{patient_id}/labs/Mary-Smith'],
    prompts: [{ name: 'brief_patient_4711001', description: '', arguments: [] }],
  })
  const flat = manifest.replaceAll(/\n\s*#/g, ' ').replaceAll(/\s+/g, ' ')

  expect(manifest).not.toMatch(/Smith|778812|4711001/)
  for (const says of [
    'a tool whose name is not shown, a resource template whose name is not shown, a prompt whose name is not shown: its name holds what may identify somebody',
    'left out: an argument: its name may name somebody',
    'left out: kind: its values may name somebody',
  ])
    expect(flat).toContain(says)
})

function byName<Part extends { name: string }>(parts: readonly Part[]): Part[] {
  return [...new Map(parts.map((one) => [one.name, one])).values()]
}

verifies(
  'minimum:first-policy',
  'whatever a server says, the manifest is one that compiles and names nobody',
  () => {
    const secret = 'Zyxwvut 987-65-4321'
    const text = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constantFrom(
        secret,
        `a: b # ${secret}`,
        'x\n  - name: evil',
        '"quoted"',
        '{flow}',
        "it's",
        '- list',
        '%',
        '',
        'a\n  b: c # d\n\n  profile: Development\nspec:\n  roles: [] ---',
        'one\r\ntwo\u0085three\u2028four\u2029five',
        'red \u001b[31m \u001b]0;title\u0007 \u009b2J',
        'left \u202e right \ufeff',
        '\ud800',
      ),
    )
    const name = fc.oneof(
      fc.constantFrom(
        'get_labs',
        'get_patient_record',
        'search',
        'run_query',
        'list_claims',
        'thing',
        'patient_id',
        'mrn',
        'sections',
        'status',
        'since',
        'count',
        '__proto__',
        ...meant,
        'Mary_Smith_MRN_778812',
        'a b',
        'x: y',
      ),
      text,
    )
    const plainName = name.filter((one) => /^[A-Za-z0-9_.-]{1,63}$/.test(one))
    const { schema: schemas } = fc.letrec<{ schema: Schema }>((tie) => ({
      schema: fc.record(
        {
          type: fc.constantFrom('string', 'integer', 'object', 'array', 'boolean', 7 as never),
          description: text,
          enum: fc.array(fc.oneof(text, fc.constant('conditions'), fc.integer()), { maxLength: 3 }),
          pattern: text,
          default: text,
          properties: fc.dictionary(name, tie('schema'), { maxKeys: 3, depthIdentifier: 's' }),
          items: tie('schema'),
          required: fc.array(name, { maxLength: 2 }),
          $ref: fc.constantFrom('#', '#/$defs/x', 'https://example.org'),
        },
        { requiredKeys: [] },
      ) as fc.Arbitrary<Schema>,
    }))
    const tools = fc.array(
      fc.record({
        name: plainName,
        description: text,
        inputSchema: schemas,
        outputSchema: schemas,
        annotations: fc.constant({}),
      }),
      { maxLength: 4 },
    )
    const addresses = fc.array(
      fc.oneof(
        text,
        fc.constantFrom(
          'ehr://patients/{patient}/labs',
          `ehr://patients/${secret}/labs`,
          'ehr://\u001b[2J{patient}/labs',
          'ehr://p/{patient}/labs\u2028x',
          'ehr:{patient_id}/labs/Mary-Smith',
          'null:{patient}/labs',
          'ehr://config\nstatus',
        ),
      ),
      { maxLength: 3 },
    )
    const prompts = fc.array(
      fc.record({
        name: plainName,
        description: text,
        arguments: fc.array(fc.record({ name, required: fc.boolean() }), { maxLength: 3 }),
      }),
      { maxLength: 2 },
    )
    fc.assert(
      fc.property(tools, addresses, prompts, (listed, uris, asked) => {
        const catalogue: Catalogue = {
          ...empty,
          tools: byName(listed),
          resources: uris,
          templates: uris,
          prompts: byName(asked),
        }
        const { tools: made, left } = proposeTools(catalogue, new Map())
        const { resources, left: others } = proposeResources(catalogue)
        const { prompts: words, left: more } = proposePrompts(catalogue)
        const manifest = manifestOf({
          read: 'ehr',
          sampled: [],
          workload,
          tools: made,
          resources,
          prompts: words,
          left: [...left, ...others, ...more],
        })

        expect(manifest).not.toContain('Zyxwvut')
        expect(manifest).not.toContain('987-65')
        expect(manifest).not.toContain('Smith')
        expect(manifest.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        const object = parse(manifest) as HipaaMcpServer
        // Which kubectl reads.
        expect(parse(manifest, { version: '1.1' })).toEqual(object)
        expect(object.spec.tools.map((one) => one.name)).toEqual(made.map((one) => one.name))
        expect(new Set(object.spec.roles.flatMap((role) => role.tools ?? []))).toEqual(
          new Set(made.map((one) => one.name)),
        )
        expect(compilePolicy(object, { agreements: [], clientCa: 'ours' })).toHaveProperty('policy')
      }),
      { numRuns: 60 },
    )
  },
)

test('a server with more tools than a HipaaMcpServer holds is cut, and says so', () => {
  const many = Array.from({ length: 70 }, (_, index) => tool(`get_labs_${index}`, patient))

  const { names, left } = proposed(many)

  expect(names).toHaveLength(64)
  expect(left[0]).toBe('get_labs_64: a HipaaMcpServer holds 64 of its kind')
})

test('a result without JSON has no shape', () => {
  const result: JsonObject = { content: [{ type: 'text', text: 'Maria is well.' }] }

  expect(shapeOf(result)).toBeUndefined()
})
