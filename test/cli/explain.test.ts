// What a policy makes of a call and its result, as the command line says it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { follow } from '../../cli/explain/follow.ts'
import type { Json } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { valueAt } from '../../core/pointer.ts'
import { project } from '../../core/redaction/project.ts'
import { returnRules } from '../../core/redaction/rules.ts'
import { look, survey } from '../../core/redaction/survey.ts'
import { type PatientRecord, records } from '../sample/fhir.ts'
import { hipaaMcp, type Ran } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'

const ran = async (...args: string[]) => await hipaaMcp(['explain', ...args])

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-explain-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, value: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
  return path
}

const patientId = {
  type: 'object',
  properties: { patient_id: { type: 'string', pattern: '^p-[0-9]+$' } },
  required: ['patient_id'],
}
const server = {
  apiVersion: 'hipaa-mcp.dev/v1alpha1',
  kind: 'HipaaMcpServer',
  metadata: { name: 'ehr', namespace: 'clinic' },
  spec: {
    workload: { port: 8080, path: '/mcp' },
    identity: {
      issuers: [
        {
          url: 'https://login.example.org',
          audience: 'ehr',
          provider: 'Generic',
          roles: { claim: '/roles' },
        },
      ],
      patient: { claim: '/patient' },
    },
    roles: [
      {
        name: 'clinician',
        when: { role: 'Clinician', scopes: ['ehr.read'] },
        purposes: ['TREAT'],
        tools: ['get_diagnosis', 'small'],
        resources: ['labs'],
        prompts: ['brief'],
        patients: 'Any',
      },
      {
        name: 'patient',
        when: { role: 'Patient' },
        purposes: ['PATRQT'],
        tools: ['get_diagnosis'],
        patients: 'Bound',
      },
    ],
    tools: [
      {
        name: 'get_diagnosis',
        from: 'get_patient_record',
        with: { sections: ['conditions'] },
        arguments: patientId,
        patient: '/patient_id',
        returns: {
          fields: ['/conditions/*/code', '/conditions/*/onsetDateTime', '/notes/*/text', '/medications'],
        },
      },
      { name: 'small', arguments: patientId, returns: { fields: [''] }, limits: { resultBytes: 1024 } },
    ],
    resources: [
      {
        name: 'labs',
        uri: 'ehr://patients/{patient}/labs',
        patient: 'patient',
        returns: { fields: ['/value'] },
      },
    ],
    prompts: [{ name: 'brief', returns: { fields: [] } }],
  },
}

const manifest = (): string => file('ehr.yaml', stringify(server))
const sample = records(1, 1)[0] as PatientRecord
const record = JSON.parse(JSON.stringify(sample)) as { [member: string]: Json }
const as = (role: string, purpose: string, tool = 'get_diagnosis'): string[] => [
  '--as',
  role,
  '--purpose',
  purpose,
  '--tool',
  tool,
]
const asked = (): string[] => ['-f', manifest(), ...as('clinician', 'TREAT')]
const flat = ({ out }: Ran): string => out.replaceAll(/\s+/g, ' ')

/** Every text of a document, longer than what stands in any explanation by itself. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.length > 6 ? [value] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

verifies(
  'minimum:explained',
  'each place of a result is told with what became of it and the rule',
  async () => {
    const said = await ran(...asked(), '--args', '{"patient_id":"p-1"}', '--result', file('r.json', record))

    expect(said).toMatchObject({ code: 0, notes: '' })
    expect(said.out).toMatch(/^clinician for TREAT: get_diagnosis is permitted$/m)
    expect(said.out).toMatch(/^ {4}code +kept 14 +\/conditions\/\*\/code$/m)
    expect(said.out).toMatch(/^ {4}recorder +dropped 2 +no field names it$/m)
    expect(said.out).toMatch(/^ {2}patient +dropped 1 +no field names it$/m)
    expect(flat(said)).toMatch(
      /onsetDateTime redacted 2 \/conditions\/\*\/onsetDateTime; date ×2 by text Redact, dates Year/,
    )
    expect(said.out).toMatch(/^ {6}display +redacted 2 +\/medications; name ×2/m)
    expect(Math.max(...said.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  },
)

verifies(
  'minimum:explained',
  'no value of the result or the arguments is in it until --values asks',
  async () => {
    const result = file('r.json', {
      content: [{ type: 'text', text: JSON.stringify(record) }],
      structuredContent: record,
    })
    const args = [
      '--args',
      '{"patient_id":"Fluegel-4711","Fluegel Maria":"Fluegel-4712","note":"Fluegel-4713"}',
    ]

    const plain = await ran(...asked(), '--result', result)
    const json = await ran(...asked(), '--result', result, '--json')
    const refused = await ran(...asked(), ...args)
    const open = await ran(...asked(), '--result', result, '--values')

    // What the explanation itself says of kinds and codes may be a value by chance.
    const own = ['Patient', 'Encounter', 'Condition', 'Observation', 'MedicationRequest']
    const values = [...new Set(textsIn(record))].filter((text) => !own.includes(text))
    expect(values.length).toBeGreaterThan(50)
    for (const { out, notes } of [plain, json, refused])
      expect(values.filter((text) => `${out}${notes}`.includes(text))).toEqual([])
    expect(`${refused.out}${refused.notes}`).not.toContain('Fluegel')
    expect(open.out).toContain(
      `"${(sample.conditions[0] as unknown as { onsetDateTime: string }).onsetDateTime}" → "`,
    )
  },
)

verifies(
  'minimum:explained',
  '--values shows what leaves in the stead of each value, by where it stands',
  async () => {
    const inside = Buffer.from('Ms Fluegel called from 212-555-0147').toString('base64')
    const document = {
      medications: [{ zip: '83701', createdAt: 1709634600, data: inside, note: 'Called on 2024-03-04.' }],
    }

    const { out } = await ran(...asked(), '--result', file('r.json', document), '--values')

    const values = [...out.matchAll(/^ {2}\/medications\/0\/(\w+): (.+) → (.+)$/gm)].map(
      ([, name, , left]) => [name, left],
    )
    const left = Object.fromEntries(values) as { [name: string]: string }
    expect(left).toMatchObject({ zip: '"837"', createdAt: '2024', note: '"Called on 2024."' })
    expect(Buffer.from(left['data'] ?? '', 'base64').toString()).toMatch(/\[NAME\] called from \[PHONE\]/)
  },
)

verifies('minimum:explained', 'a member’s own name that identifies somebody is not shown', async () => {
  const document = {
    patient: record['patient'],
    medications: { 'maria.fluegel@example.org': 1 },
    'Maria Fluegel': 2,
  } as Json

  const said = await ran(...asked(), '--result', file('r.json', document))

  expect(said.out).not.toMatch(/fluegel/i)
  expect(flat(said)).toContain('medications/(a name) dropped 1 the member’s own name identifies somebody')
})

const many = Array.from({ length: 251 }, (_, at) => `p-${at}`)
const refusals: { when: string; args: string[]; says: RegExp }[] = [
  {
    when: 'the role does not name the tool',
    args: as('patient', 'PATRQT', 'small'),
    says: /role no patient does not name it/,
  },
  {
    when: 'there is no such tool',
    args: as('clinician', 'TREAT', 'get_patient_record'),
    says: /role no the policy lists no such tool/,
  },
  {
    when: 'the purpose is not the role’s',
    args: as('clinician', 'HPAYMT'),
    says: /purpose no HPAYMT is not among its purposes: TREAT/,
  },
  {
    when: 'an argument breaks its rule, and others are not the schema’s',
    args: [...as('clinician', 'TREAT'), '--args', '{"patient_id":"x","all":true,"sections":[]}'],
    says: /patient_id must match pattern.*arguments no all: an argument that the schema does not name is refused.*sections is set by the policy, never by the caller/,
  },
  {
    when: 'an argument is missing',
    args: [...as('clinician', 'TREAT'), '--args', '{}'],
    says: /patient_id is required/,
  },
  {
    when: 'more patients are named than a record has room for',
    args: [...as('clinician', 'TREAT'), '--args', JSON.stringify({ patient_id: many })],
    says: /patients no more patients are named than one record can name: 250/,
  },
  {
    when: 'a bound caller names nobody',
    args: [...as('patient', 'PATRQT'), '--args', '{"patient_id":""}'],
    says: /patient no \/patient_id names no patient, and to name nobody is to ask about everybody/,
  },
]
for (const { when, args, says } of refusals)
  verifies('access:explain', `the decision before the result: ${when}`, async () => {
    const result = file('r.json', record)

    const said = await ran('-f', manifest(), ...args, '--result', result)

    expect(said.code).toBe(1)
    expect(flat(said)).toContain('is refused')
    expect(flat(said)).toMatch(says)
    // Nothing leaves, so there is nothing to tell of.
    expect(said.out).not.toContain('kept')
  })

verifies('minimum:explained', 'a result larger than may leave is refused', async () => {
  const said = await ran(
    '-f',
    manifest(),
    ...as('clinician', 'TREAT', 'small'),
    '--result',
    file('r.json', record),
  )

  expect(said.code).toBe(1)
  expect(flat(said)).toMatch(/size no \d{4} bytes leave, of 1024 that may/)
})

test('results come whole, as an answer, as a document or as text, and mean the same', async () => {
  const whole = { structuredContent: record, content: [{ type: 'text', text: JSON.stringify(record) }] }
  const outs = await Promise.all(
    [record, whole, { jsonrpc: '2.0', id: 1, result: whole }].map(
      async (result, index) => await ran(...asked(), '--result', file(`r${index}.json`, result), '--json'),
    ),
  )

  const structured = outs.map(({ out }) =>
    (JSON.parse(out) as { places: { at: string }[] }).places.filter(({ at }) =>
      at.startsWith('structuredContent'),
    ),
  )
  expect(structured[0]?.length).toBeGreaterThan(20)
  expect(structured[1]).toEqual(structured[0])
  expect(structured[2]).toEqual(structured[0])
  const text = await ran(
    ...asked(),
    '--result',
    file('r.txt', 'Maria was seen on 2024-03-04, call 212-555-0147.'),
  )
  expect(text.out).toMatch(/content\/0 +redacted 1 +text; .*date/)
})

verifies(
  'minimum:explained',
  'fields of a role and purpose, and the part that is the result, count',
  async () => {
    const tool = {
      name: 'part',
      arguments: patientId,
      returns: {
        at: '/records',
        fields: ['/*/code'],
        for: [{ roles: ['patient'], purposes: ['PATRQT'], fields: ['/*/code', '/*/note'] }],
      },
    }
    const roles = server.spec.roles.map((role) => ({ ...role, tools: [...role.tools, 'part'] }))
    const both = file(
      'both.yaml',
      stringify({
        ...server,
        spec: { ...server.spec, roles, tools: [...server.spec.tools, { ...tool, patient: '/patient_id' }] },
      }),
    )
    const result = file('r.json', { records: [{ code: 'I10', note: 'well' }], total: 1 })
    const call = ['-f', both, '--tool', 'part', '--result', result]

    const clinician = await ran(...call, '--as', 'clinician', '--purpose', 'TREAT')
    const patient = await ran(...call, '--as', 'patient', '--purpose', 'PATRQT')
    const without = await ran(
      ...call.slice(0, 4),
      '--result',
      file('w.json', { total: 1 }),
      '--as',
      'clinician',
      '--purpose',
      'TREAT',
    )

    expect(clinician.out).toMatch(
      /structuredContent\/records\n {2}\*\n.*code +kept 1 +\/\*\/code\n.*note +dropped 1 /,
    )
    expect(patient.out).toMatch(/note +kept 1 +for\[0\] \/\*\/note/)
    expect(without.code).toBe(1)
    expect(flat(without)).toContain('part no it has no /records (returns.at)')
  },
)

function condition(patient: string, code: string): Json {
  return {
    resourceType: 'Condition',
    subject: { reference: `Patient/${patient}` },
    code: { text: code },
  }
}

verifies('minimum:explained', 'records of patients out of reach are told of as taken out', async () => {
  const bound = ['-f', manifest(), ...as('patient', 'PATRQT'), '--patients', 'p-1']
  const result = file('r.json', { conditions: [condition('p-1', 'mine'), condition('p-2', 'other')] })

  const own = await ran(...bound, '--args', '{"patient_id":"p-1"}', '--result', result)
  const other = await ran(...bound, '--args', '{"patient_id":"p-2"}', '--result', result)

  expect(own.code).toBe(0)
  expect(flat(own)).toMatch(/patient yes \/patient_id is among --patients/)
  expect(own.out).toContain('out-of-reach: 1 taken out before all else')
  expect(own.out).toMatch(/code.* kept 1 /)
  expect(other.code).toBe(1)
  expect(flat(other)).toMatch(/patient no \/patient_id is not among --patients/)
})

verifies(
  'minimum:explained',
  'dates move by the patient whom the arguments name, where no other is in the result',
  async () => {
    const shifting = file(
      'shift.yaml',
      stringify({ ...server, spec: { ...server.spec, redaction: { dates: 'Shift' } } }),
    )
    const result = file('r.json', { conditions: [{ onsetDateTime: '2024-03-04' }] })
    const call = ['-f', shifting, ...as('clinician', 'TREAT'), '--result', result]

    const named = await ran(...call, '--args', '{"patient_id":"p-1"}')
    const unnamed = await ran(...call)

    expect(flat(named)).toMatch(/redacted 1 \/conditions.*Patients recorded: 1$/)
    expect(flat(unnamed)).toMatch(/dropped 1 a date.*Patients recorded: 0$/)
  },
)

test('resources and prompts are explained like tools', async () => {
  const caller = ['-f', manifest(), '--as', 'clinician', '--purpose', 'TREAT']
  const labs = await ran(
    ...caller,
    '--resource',
    'ehr://patients/p-1/labs',
    '--result',
    file('r.json', { value: 1, name: 'x' }),
  )
  expect(labs.code).toBe(0)
  expect(labs.out).toMatch(/value +kept 1 +\/value/)
  expect(labs.out).toMatch(/name +dropped 1 +no field names it/)
  expect((await ran(...caller, '--resource', 'ehr://other')).code).toBe(1)

  const brief = await ran(...caller, '--prompt', 'brief', '--result', file('r.txt', 'Be brief.'))
  expect(brief.out).toMatch(/messages\/0 +kept 1 +text/)
})

const entry = (resourceType: string) => ({ resource: { resourceType, note: 'x' } })
test('resources of one type are told together, and words that are no types are not shown', async () => {
  const bundle = {
    resourceType: 'Bundle',
    entry: ['Condition', 'Patient', 'Condition', 'Fluegel'].map(entry),
  }

  const said = await ran(...asked(), '--result', file('r.json', { bundle }), '--json')

  const { places } = JSON.parse(said.out) as { places: { at: string; count: number }[] }
  expect(said.out).not.toContain('Fluegel')
  expect(places).toContainEqual({
    at: 'structuredContent/bundle',
    verdict: 'dropped',
    why: 'not-allowed',
    count: 1,
    found: {},
  })
  const whole = { ...bundle, conditions: bundle.entry }
  const apart = await ran(...asked(), '--result', file('r.json', whole), '--json')
  expect(apart.out).toMatch(/"structuredContent\/conditions\/\* Condition/)
  expect(apart.out).not.toContain('Fluegel')
})

test('an error of the server leaves no word', async () => {
  const result = file('r.json', { isError: true, content: [{ type: 'text', text: 'No patient Fluegel' }] })

  const said = await ran(...asked(), '--result', result)

  expect(flat(said)).toContain('dropped: the server reports an error')
  expect(said.out).not.toContain('Fluegel')
})

test.each([
  [as('clinician', 'TREAT', 'x'), 2, /--file/],
  [['-f', 'x', '--purpose', 'TREAT', '--tool', 'x'], 2, /--as/],
  [['-f', 'x', '--as', 'a', '--tool', 'x'], 2, /--purpose/],
  [['-f', 'x', '--as', 'a', '--purpose', 'TREAT'], 2, /exactly one/],
  [['-f', 'x', ...as('a', 'TREAT', 'x'), '--prompt', 'y'], 2, /exactly one/],
  [['-f', '/nonexistent', ...as('a', 'TREAT', 'x')], 3, /cannot be read/],
])('a command line %j that cannot be answered exits %i', async (args, code, says) => {
  const said = await ran(...args)

  expect(said).toMatchObject({ code, out: '' })
  expect(said.notes).toMatch(says)
})

test('a manifest that compiles to no policy, and a result that is none, say why', async () => {
  const broken = {
    ...server,
    spec: { ...server.spec, roles: [{ ...server.spec.roles[0], tools: ['none'] }] },
  }
  const caller = as('clinician', 'TREAT')

  const policy = await ran('-f', file('b.yaml', stringify(broken)), ...caller)
  const result = await ran('-f', manifest(), ...caller, '--result', file('r.json', '{"broken'))

  expect(policy).toMatchObject({ code: 3, out: '' })
  expect(policy.notes).toMatch(/compiles to no policy:\n {2}Role clinician names none/)
  expect(result.code).toBe(3)
  expect(result.notes).toMatch(/no JSON that the sidecar would take: it is broken/)
})

verifies('minimum:explained', 'what is told is what is done, for any document and any fields', () => {
  const names = ['a', 'b', 'name', 'family', 'phone', '0']
  const leaf = fc.oneof(
    fc.constantFrom('Fluegel', '2024-03-04', 'call 212-555-0147', 'well'),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  )
  const { document: documents } = fc.letrec<{ document: Json }>((tie) => ({
    document: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.array(tie('document'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie('document'), { maxKeys: 4 }),
    ),
  }))
  const pattern = fc
    .array(fc.constantFrom(...names, '*'), { maxLength: 3 })
    .map((steps) => steps.map((one) => `/${one}`).join(''))
  fc.assert(
    fc.property(
      fc.array(documents, { maxLength: 3 }),
      fc.array(pattern, { maxLength: 3 }),
      (document, fields) => {
        const known = survey()
        const returns = returnRules({ fields, patients: [], text: 'Redact', media: 'Drop' })
        look(document, returns.patients, known)
        const by = () => ({
          known,
          rules: { dates: 'Year' as const, text: 'Redact' as const },
          tally: { redacted: {}, dropped: {} },
          kept: {} as Record<string, number>,
          memberNames: new Map<string, boolean>(),
        })
        const untold = by()
        const shown = project(document, returns.fields, untold)
        const told = by()
        const { trace, fates } = follow(told.tally)

        // To be followed changes nothing.
        expect(project(document, returns.fields, { ...told, trace })).toEqual(shown)
        expect(told.kept).toEqual(untold.kept)
        // Each leaf that leaves was told as kept, and none besides.
        const left = fates.filter(({ verdict }) => verdict !== 'dropped')
        expect(left.length).toBe(leavesIn(shown))
        for (const { path, verdict } of left)
          if (verdict === 'kept') expect(isObject(valueAt(document, path))).toBe(false)
      },
    ),
    { numRuns: 500 },
  )
})

function leavesIn(value: Json): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((sum, one) => sum + leavesIn(one as Json), 0)
}

verifies('minimum:explained', 'no row is longer than the screen, and none moves the cursor', async () => {
  const long = `/conditions/*/${'deep/'.repeat(30)}code`
  const wide = structuredClone(server)
  const [tool] = wide.spec.tools
  if (tool !== undefined) tool.returns = { fields: [long, '/conditions/*/code'] }
  const leaf: Json = { code: 'E11' }
  const deep = Array.from({ length: 30 }).reduce<Json>((inner) => ({ deep: inner }), leaf)
  const result = file('r.json', { conditions: [deep] })
  const uri = 'ehr://patients/\u001b[2J\u0085/labs'

  const said = await ran(
    '-f',
    file('wide.yaml', stringify(wide)),
    ...as('clinician', 'TREAT'),
    '--result',
    result,
  )
  const odd = await ran('-f', manifest(), '--as', 'clinician', '--purpose', 'TREAT', '--resource', uri)

  expect(said.out.replaceAll(/\s+/g, '')).toContain(long)
  expect(Math.max(...said.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  expect(odd.out).toContain('\\u001b[2J')
  expect(odd.out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
})
