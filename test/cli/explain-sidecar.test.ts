// `hipaa-mcp explain` and the sidecar, asked the same: what leaves of a result, who is recorded, and why nothing leaves.

import fc from 'fast-check'
import { afterAll, beforeAll, expect } from 'vitest'
import { CannotError } from '../../cli/command.ts'
import { explainResult } from '../../cli/explain/result.ts'
import { targetOf } from '../../cli/explain/target.ts'
import type { Json, JsonObject } from '../../core/canonical.ts'
import type { Kind } from '../../core/permission.ts'
import type { Policy, Returns, Role } from '../../core/policy.ts'
import { mostPatients } from '../../core/record-room.ts'
import { pseudonymKey } from '../../sidecar/pseudonym-key.ts'
import { type PatientRecord, records } from '../sample/fhir.ts'
import { withResult } from '../support/mcp-server.ts'
import { aCall, aMessage, type Sent } from '../support/message.ts'
import { aPolicy, aRole, aTool, someLimits } from '../support/policy.ts'
import { aScene, type Scene } from '../support/scene.ts'
import { verifies } from '../verifies.ts'

const limits = someLimits({
  callsPerMinute: 1e6,
  callsPerPatientPerHour: 1e6,
  patientsPerHour: 1e6,
  resultBytes: 20_000,
  resultBytesPerHour: 1e12,
})
const usual: Returns = {
  fields: [
    '/conditions/*/code',
    '/patient',
    '/visits',
    '/notes',
    '/total',
    '/entry/*/resource',
    '/medications',
  ],
  patients: ['/mrn'],
  text: 'Redact',
  media: 'Drop',
}
/** Tools by what their policy does with a result. */
const ways: { readonly [name: string]: Returns } = {
  fields: usual,
  fhir: { ...usual, fields: ['Patient.name', 'Condition.code', 'Observation', '/notes'] },
  dropped: { ...usual, text: 'Drop' },
  kept: { ...usual, text: 'Keep', media: 'Keep' },
  whole: { fields: [''], patients: ['/mrn'], text: 'Keep', media: 'Keep' },
  pseudonyms: { ...usual, pseudonyms: ['/patient/id', '/mrn', 'Condition.subject'] },
  part: { ...usual, at: '/patient', fields: ['/name', '/birthDate', '/age', '/resourceType'] },
  schema: {
    ...usual,
    schema: { type: 'object', properties: { total: { type: 'integer' } }, required: ['patient'] },
  },
}
const tools = Object.keys(ways)
const role = (name: string, patients: Role['patients']): Role =>
  aRole({
    name,
    when: { role: name, scopes: [], actor: 'Forbidden' },
    tools,
    resources: ['labs'],
    prompts: ['brief'],
    patients,
  })
const policyThat = (dates: Policy['redaction']['dates']): Partial<Policy> => ({
  panel: { claim: '/panel' },
  redaction: { dates },
  roles: [role('wide', 'Any'), role('panel', 'Panel')],
  tools: Object.entries(ways).map(([name, returns]) =>
    aTool({ name, from: name, with: {}, returns, limits }),
  ),
  resources: [
    {
      name: 'labs',
      uri: 'ehr://{patient}/labs',
      description: 'Labs',
      patient: 'patient',
      subscribe: false,
      returns: usual,
      limits,
    },
  ],
  prompts: [
    {
      name: 'brief',
      from: 'brief',
      description: 'Brief',
      patient: '/patient_id',
      arguments: aTool().arguments,
      bulk: 'Forbidden',
      identifiers: 'Refuse',
      returns: usual,
      limits,
    },
  ],
})
const panel = ['p-1', 'p-2']

let scene: Scene
const tokens = new Map<string, string>()
beforeAll(async () => {
  scene = await aScene({ policy: policyThat('Year') })
  for (const name of ['wide', 'panel'])
    tokens.set(name, await scene.token({ realm_access: { roles: [name] }, panel, sub: name }))
})
afterAll(async () => await scene.end())

type Asked = { readonly kind: Kind; readonly name: string; readonly as: string; readonly result: JsonObject }
/** What leaves, and how many patients are recorded; or why nothing leaves. */
type Said = { readonly left: unknown; readonly patients: number } | { readonly refused: string }

const uri = 'ehr://p-1/labs'
const messages: { readonly [kind in Kind]: (name: string) => Sent } = {
  tools: (tool) => aCall({ patient_id: 'p-1' }, { tool }),
  resources: () => aMessage('resources/read', { uri }),
  prompts: (name) => aMessage('prompts/get', { name, arguments: { patient_id: 'p-1' } }),
}

async function bySidecar({ kind, name, as, result }: Asked): Promise<Said> {
  scene.upstream.answering = withResult(result)
  scene.trail.entries.length = 0
  const { text, json } = await scene.ask({ ...messages[kind](name), token: tokens.get(as) as string })
  const reason = /"(?:dev\.hipaa-mcp\/)?reason":"([a-z-]+)"/.exec(text)?.[1]
  if (reason !== undefined) return { refused: reason }
  const left = json['result'] as JsonObject
  const [record] = scene.trail.of('result')
  const withheld = record?.outcome === 'tool-error' && 'error-text' in record.dropped
  return { left: withheld ? 'words of ours' : left, patients: record?.patients.length ?? -1 }
}

/** Reasons of the sidecar by rules of the explanation. */
const reasons: { readonly [rule: string]: string } = {
  patients: 'result-too-many-patients',
  patient: 'patient-not-permitted',
  part: 'result-lacks-part',
  text: 'result-too-large',
  size: 'result-too-large',
  schema: 'result-breaks-schema',
}

function byExplain({ kind, name, as, result }: Asked): Said {
  const { inForce } = scene.orders.standing()
  if (inForce === undefined) throw new Error('No policy is in force')
  const { policy } = inForce
  const target = targetOf(policy, kind, kind === 'resources' ? uri : name)
  const under = policy.roles.find((one) => one.name === as)
  if (target === undefined || under === undefined) throw new Error('The policy has no such target or role')
  const asked = { target, policy, role: under, purpose: 'TREAT', uri, named: ['p-1'] }
  const reach = under.patients === 'Any' ? undefined : panel
  const making = { key: () => pseudonymKey(inForce, 'TREAT'), year: new Date().getUTCFullYear() }
  try {
    const { shown, steps, patients } = explainResult(JSON.stringify(result), { ...asked, reach }, making)
    const failed = steps.find(({ passed }) => passed === false)
    if (failed !== undefined) return { refused: reasons[failed.rule] ?? failed.rule }
    return { left: shown ?? 'words of ours', patients }
  } catch (error) {
    if (error instanceof CannotError) return { refused: 'upstream-malformed' }
    throw error
  }
}

const seen = new Map<string, number>()
async function expectSame(asked: Asked): Promise<Said> {
  const [said, told] = [await bySidecar(asked), byExplain(asked)]
  expect(told).toEqual(said)
  const what = 'refused' in said ? said.refused : said.left === 'words of ours' ? 'withheld' : 'shown'
  seen.set(what, (seen.get(what) ?? 0) + 1)
  return said
}

const condition = (patient: string, text: string): Json => ({
  resourceType: 'Condition',
  subject: { reference: `Patient/${patient}` },
  code: { text },
})
const ids = ['p-1', 'p-2', 'p-9', 'mrn-20041']
const words = [
  'Maria Fluegel was seen on 2024-03-04, call 212-555-0147.',
  'Stable.',
  'Patient/p-9 has F32',
  '2024-03-04',
  'Fluegel',
  '',
]
const id = fc.constantFrom(...ids)
const word = fc.constantFrom(...words)
const patient = fc.record(
  {
    resourceType: fc.constant('Patient'),
    id,
    name: fc.constantFrom<Json>(
      [{ family: 'Fluegel', given: ['Maria'] }],
      [{ family: 'Okafor' }],
      'Maria Fluegel',
    ),
    birthDate: fc.constantFrom('1921-03-04', '1980-01-02'),
    age: fc.constantFrom(93, 40),
    identifier: fc.constantFrom<Json>([{ value: 'mrn-20041' }]),
  },
  { requiredKeys: ['id'] },
)
const document: fc.Arbitrary<JsonObject> = fc.record(
  {
    patient,
    mrn: id,
    conditions: fc.array(
      fc.tuple(id, word).map((given) => condition(...given)),
      { maxLength: 3 },
    ),
    visits: fc.array(fc.record({ on: fc.constantFrom('2024-03-05', '03/19/2024'), note: word }), {
      maxLength: 2,
    }),
    notes: word,
    total: fc.integer({ min: 0, max: 3 }),
    entry: fc.array(
      fc.tuple(id, word).map((given) => ({ resource: condition(...given) })),
      { maxLength: 3 },
    ),
    other: word,
  },
  { requiredKeys: [] },
)
const block: fc.Arbitrary<JsonObject> = fc.oneof(
  { weight: 3, arbitrary: word.map((text) => ({ type: 'text', text })) },
  { weight: 3, arbitrary: document.map((one) => ({ type: 'text', text: JSON.stringify(one) })) },
  document.map((one) => ({
    type: 'resource',
    resource: { uri: 'ehr://p-1/x', mimeType: 'application/json', text: JSON.stringify(one) },
  })),
  fc.constantFrom<JsonObject>(
    { type: 'image', data: 'aGVsbG8=', mimeType: 'image/png' },
    { type: 'resource_link', uri: 'ehr://p-9', name: 'labs' },
    { type: 'text', text: '{"broken' },
    { type: 'unknown' },
  ),
)
const more = fc.record(
  { isError: fc.boolean(), _meta: fc.constant<Json>({ trace: 'Fluegel' }) },
  { requiredKeys: [] },
)
const toolResult: fc.Arbitrary<JsonObject> = fc
  .tuple(document, fc.array(block, { maxLength: 2 }), fc.constantFrom('twin', 'structure', 'blocks'), more)
  .map(([structuredContent, blocks, form, rest]) => ({
    content: [
      ...(form === 'twin' ? [{ type: 'text', text: JSON.stringify(structuredContent) }] : []),
      ...blocks,
    ],
    ...(form === 'blocks' ? {} : { structuredContent }),
    ...rest,
  }))
const contents: fc.Arbitrary<JsonObject> = fc
  .array(
    fc
      .oneof(
        document.map((one) => JSON.stringify(one)),
        word,
      )
      .map((text) => ({ uri, text })),
    { minLength: 1, maxLength: 2 },
  )
  .map((all) => ({ contents: all }))
const prompt: fc.Arbitrary<JsonObject> = fc
  .tuple(
    fc.array(
      block.map((content) => ({ role: 'user', content })),
      { maxLength: 2 },
    ),
    fc.option(word),
  )
  .map(([messages, description]) => ({ messages, ...(description === null ? {} : { description }) }))
const asking: fc.Arbitrary<Asked> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant<Kind>('tools'),
      name: fc.constantFrom(...tools),
      result: toolResult,
      as: fc.constantFrom('wide', 'panel'),
    }),
  },
  fc.record({
    kind: fc.constant<Kind>('resources'),
    name: fc.constant('labs'),
    result: contents,
    as: fc.constantFrom('wide', 'panel'),
  }),
  fc.record({
    kind: fc.constant<Kind>('prompts'),
    name: fc.constant('brief'),
    result: prompt,
    as: fc.constantFrom('wide', 'panel'),
  }),
)

for (const dates of ['Year', 'Shift'] as const)
  verifies(
    'minimum:explained',
    `what leaves by it leaves by the sidecar, for any result of any kind: dates ${dates}`,
    async () => {
      scene.use(aPolicy(policyThat(dates)))
      await fc.assert(
        fc.asyncProperty(asking, async (asked) => {
          await expectSame(asked)
        }),
        { numRuns: 300 },
      )
    },
    60_000,
  )

const tool = (name: string, result: JsonObject, as = 'wide'): Asked => ({ kind: 'tools', name, as, result })
const structure = (structuredContent: JsonObject): JsonObject => ({ content: [], structuredContent })
const many = Array.from({ length: mostPatients + 1 }, (_, at) => condition(`p-${at}`, 'x'))
const long = 'Mr. Harlan Okafor was seen for a cough. '.repeat(3000)
const bounds: { readonly when: string; readonly asked: Asked; readonly refused?: string }[] = [
  {
    when: 'more patients than a record names',
    asked: tool('fields', structure({ conditions: many })),
    refused: 'result-too-many-patients',
  },
  {
    when: 'an error about as many',
    asked: tool('fields', { isError: true, ...structure({ conditions: many }) }),
    refused: 'result-too-many-patients',
  },
  {
    when: 'texts longer than are searched',
    asked: tool('dropped', structure({ notes: long })),
    refused: 'result-too-large',
  },
  {
    when: 'a result longer than may leave',
    asked: tool('whole', structure({ notes: long })),
    refused: 'result-too-large',
  },
  {
    when: 'somebody else alone',
    asked: tool('fields', structure({ mrn: 'p-9', notes: 'x' }), 'panel'),
    refused: 'patient-not-permitted',
  },
  { when: 'no such part', asked: tool('part', structure({ notes: 'x' })), refused: 'result-lacks-part' },
  {
    when: 'not what the schema says',
    asked: tool('schema', structure({ notes: 'x' })),
    refused: 'result-breaks-schema',
  },
  {
    when: 'an error about somebody else',
    asked: tool('fields', { isError: true, ...structure({ mrn: 'p-9' }) }, 'panel'),
  },
  {
    when: 'an error about somebody else, kept whole',
    asked: tool('whole', { isError: true, ...structure({ mrn: 'p-9' }) }, 'panel'),
    refused: 'patient-not-permitted',
  },
]
for (const { when, asked, refused } of bounds)
  verifies('minimum:explained', `its bounds are the sidecar’s: ${when}`, async () => {
    scene.use(aPolicy(policyThat('Year')))
    const said = await expectSame(asked)

    expect('refused' in said ? said.refused : undefined).toBe(refused)
  })

verifies('minimum:explained', 'what leaves of whole records leaves by the sidecar', async () => {
  const [sample, other] = records(3, 2) as [PatientRecord, PatientRecord]
  for (const dates of ['Year', 'Shift', 'Drop'] as const) {
    scene.use(aPolicy(policyThat(dates)))
    for (const record of [sample, { ...sample, conditions: [...sample.conditions, ...other.conditions] }])
      for (const name of tools)
        for (const as of ['wide', 'panel'])
          await expectSame(tool(name, structure(JSON.parse(JSON.stringify(record)) as JsonObject), as))
  }

  // All ends were come to, here and before.
  expect([...seen.keys()]).toEqual(
    expect.arrayContaining(['shown', 'withheld', ...new Set(Object.values(reasons))]),
  )
})
