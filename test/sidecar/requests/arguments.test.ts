// Arguments on their way to the server: what is refused and how its record says so, and under which names the rest arrives.

import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import type { Json } from '../../../core/canonical.ts'
import { withValue } from '../../support/mcp-server.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { aPolicy, aRole, aTool } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const observations: { [keyword: string]: Json } = {
  type: 'object',
  properties: {
    patient_id: { type: 'string', format: 'mrn', maxLength: 64 },
    since: { type: 'string', format: 'fhir-date' },
    search: {
      type: 'string',
      format: 'fhir-search',
      'x-fhir-search': ['code', 'subject', '_count', '_include'],
    },
    question: { type: 'string' },
    region: { type: 'string', 'x-mcp-header': 'Region' },
    page_size: { type: 'integer' },
  },
}
const policy = {
  roles: [aRole({ tools: ['observations', 'everybody'], resources: ['labs'], prompts: ['summary'] })],
  tools: [
    aTool({
      name: 'observations',
      from: 'fhir_read',
      arguments: observations,
      with: { resourceType: 'Observation' },
      rename: { patient_id: '/patient/identifier', since: '/date', region: '/where' },
    }),
    aTool({
      name: 'everybody',
      arguments: observations,
      with: {},
      bulk: 'Allowed',
      identifiers: 'Keep',
    }),
  ],
  resources: [
    {
      name: 'labs',
      uri: 'ehr://patients/{patient}/labs/{kind}',
      description: 'Labs',
      patient: 'patient',
      subscribe: false,
      returns: aTool().returns,
      limits: aTool().limits,
    },
  ],
  prompts: [
    {
      name: 'summary',
      description: 'Summary',
      from: 'summary',
      arguments: {
        type: 'object',
        properties: { patient_id: { type: 'string' }, topic: { type: 'string' } },
      },
      patient: '/patient_id',
      bulk: 'Forbidden' as const,
      identifiers: 'Refuse' as const,
      returns: aTool().returns,
      limits: aTool().limits,
    },
  ],
}
let scene: Scene
beforeAll(async () => {
  scene = await aScene({ policy })
})
afterAll(async () => await scene.end())
beforeEach(() => {
  scene.use(aPolicy(policy))
  scene.forget()
  scene.upstream.answering = withValue({ conditions: [] })
})

/** Letters that look alike, that are one after normalization, or that nobody sees: names are compared as they are written. */
const alike: [what: string, args: object, tool?: string][] = [
  ['a Cyrillic letter in a tool', { patient_id: '7' }, 'оbservations'],
  ['wide letters in a tool', { patient_id: '7' }, 'ｏbservations'],
  ['a letter that nobody sees in a tool', { patient_id: '7' }, 'obser\u200bvations'],
  ['a space behind a tool', { patient_id: '7' }, 'observations '],
  ['capital letters in a tool', { patient_id: '7' }, 'Observations'],
  ['a name that every object has as a tool', { patient_id: '7' }, 'constructor'],
  ['a Cyrillic letter in an argument', { patient_id: '7', pаtient_id: '8' }],
  ['wide letters in an argument', { patient_id: '7', ｐatient_id: '8' }],
  ['a letter that nobody sees in an argument', { patient_id: '7', 'patient_id\u200b': '8' }],
  ['capital letters in an argument', { patient_id: '7', Patient_id: '8' }],
  ['the server’s own name of an argument', { patient_id: '7', patient: { identifier: '8' } }],
  ['the policy’s constant as an argument', { patient_id: '7', resourceType: 'Patient' }],
]
for (const [what, args, tool] of alike)
  verifies('minimum:arguments', `${what} reaches no server`, async () => {
    const reply = await call(args, tool)

    expect(sent()).toBeUndefined()
    expect(scene.trail.of('refusal').map(({ reason }) => reason)).toEqual([
      tool === undefined ? 'argument-refused' : 'tool-unknown',
    ])
    expect(reply.text).not.toMatch(/"8"|[^\x20-\x7e]/)
  })

const call = async (args: object, tool = 'observations') => await scene.ask(aCall({ ...args }, { tool }))
const sent = () => (scene.upstream.asked[0]?.body['params'] as { arguments: unknown } | undefined)?.arguments

const refused: [args: { [name: string]: Json }, reason: string, argument: string, rule: string][] = [
  [{}, 'bulk-refused', 'patient_id', 'is required: it names the patient'],
  [{ patient_id: 'Jane' }, 'argument-refused', 'patient_id', 'must match format "mrn"'],
  [{ patient_id: '7', since: '2023-02-29' }, 'argument-refused', 'since', 'must match format "fhir-date"'],
  [
    { patient_id: '7', search: 'name=Fluegel' },
    'argument-refused',
    'search',
    'must be a FHIR search by the names that the schema lists',
  ],
  [
    { patient_id: '7', search: 'code=a&_include=*' },
    'bulk-refused',
    'search',
    'may not include everything that is referred to',
  ],
  [
    { patient_id: '7', page_size: 101 },
    'bulk-refused',
    'page_size',
    'must be a whole number from 1 to 100 (limits.records)',
  ],
  [
    { patient_id: '7', question: 'HbA1c of SSN 123-45-6789' },
    'argument-identifies',
    'question',
    'may hold no identifier of a person: the argument that names the patient says who is meant',
  ],
]
for (const [args, reason, argument, rule] of refused)
  verifies(
    reason === 'argument-refused'
      ? 'minimum:formats'
      : reason === 'bulk-refused'
        ? 'minimum:bulk'
        : 'minimum:argument-identifiers',
    `${argument} ${rule}`,
    async () => {
      const reply = await call(args)

      expect(reply.json['error']).toMatchObject({ code: -32602, data: { reason, argument, rule } })
      expect(scene.upstream.asked).toEqual([])
      expect(scene.trail.of('refusal')).toMatchObject([{ reason, argument, rule, stage: 'minimize' }])
      const said = reply.text + JSON.stringify(scene.trail.entries) + JSON.stringify(scene.watched)
      for (const value of ['Jane', '2023-02-29', 'Fluegel', '123-45', 'code=a'])
        expect(said).not.toContain(value)
    },
  )

verifies('minimum:bulk', 'what the policy allows with a reason is asked', async () => {
  const args = { page_size: 5000, question: 'SSN 123-45-6789' }
  await call(args, 'everybody')

  expect(sent()).toEqual(args)
})

for (const [uri, reason] of [
  ['ehr://patients/all/labs/x', 'bulk-refused'],
  ['ehr://patients/Patient/labs/x', 'bulk-refused'],
  // No template takes it: a variable stands for letters, digits and - . _ ~.
  ['ehr://patients/*/labs/all', 'resource-unknown'],
] as const)
  verifies('minimum:bulk', `an address: ${uri}`, async () => {
    const reply = await scene.ask(aMessage('resources/read', { uri }))

    expect(reply.json['error']).toMatchObject({ data: { reason } })
    expect(scene.upstream.asked).toEqual([])
  })

verifies('minimum:bulk', 'a prompt about nobody', async () => {
  const reply = await scene.ask(aMessage('prompts/get', { name: 'summary', arguments: { topic: 'x' } }))

  expect(reply.json['error']).toMatchObject({ data: { reason: 'bulk-refused', argument: 'patient_id' } })
  expect(scene.upstream.asked).toEqual([])
})

verifies('minimum:argument-identifiers', 'in a prompt’s argument', async () => {
  const args = { patient_id: 'p-1', topic: 'mail to jane.roe@mail.example' }
  const reply = await scene.ask(aMessage('prompts/get', { name: 'summary', arguments: args }))

  expect(reply.json['error']).toMatchObject({ data: { reason: 'argument-identifies', argument: 'topic' } })
})

verifies('minimum:renaming', 'the server gets its own names, and constants beside them', async () => {
  await call({ patient_id: 'MRN-7', since: 'ge2024', question: 'HbA1c last 3 months' })

  expect(sent()).toEqual({
    patient: { identifier: 'MRN-7' },
    date: 'ge2024',
    question: 'HbA1c last 3 months',
    resourceType: 'Observation',
  })
})

verifies('minimum:renaming', 'a header says what the renamed argument says', async () => {
  const asked = aCall(
    { patient_id: 'MRN-7', region: 'north' },
    { tool: 'observations', revision: '2026-07-28' },
  )
  await scene.ask({ ...asked, headers: { ...asked.headers, 'mcp-param-region': 'north' } })

  expect(sent()).toMatchObject({ where: 'north', patient: { identifier: 'MRN-7' } })
  const { headers } = scene.upstream.asked[0] as { headers: { [name: string]: unknown } }
  expect(headers['mcp-param-region']).toBe('north')
  expect(JSON.stringify(headers)).not.toContain('MRN-7')
})

verifies(
  'minimum:renaming',
  'the broad tool and its arguments are in no list: formats are there as they are written',
  async () => {
    const reply = await scene.ask(aMessage('tools/list'))

    expect(reply.json['result']).toMatchObject({
      tools: [{ name: 'observations', inputSchema: observations }, { name: 'everybody' }],
    })
    for (const hidden of ['fhir_read', 'identifier', 'resourceType', '"where"'])
      expect(reply.text).not.toContain(hidden)
  },
)

verifies('access:panel', 'a patient who is named in a search as one query string', async () => {
  const search = { type: 'string', format: 'fhir-search', 'x-fhir-search': ['patient', 'code'] }
  scene.use(
    aPolicy({
      panel: { claim: '/panel' },
      roles: [aRole({ patients: 'Panel', tools: ['search'] })],
      tools: [
        aTool({
          name: 'search',
          arguments: { type: 'object', properties: { search } },
          with: {},
          patient: '/search/patient',
        }),
      ],
    }),
  )
  const token = await scene.token({ panel: ['p-1'] })
  const asked = async (query: string) => {
    const { text } = await scene.ask({ ...aCall({ search: query }, { tool: 'search' }), token })
    return /patient-not-permitted|bulk-refused/.exec(text)?.[0] ?? 'asked'
  }

  expect(await asked('patient=p-1&code=a')).toBe('asked')
  expect(scene.trail.of('intent')[0]?.patients).toHaveLength(1)
  for (const query of [
    'patient=p-9',
    'code=a',
    'patient=p-1&patient=p-9',
    'patient=p-1,p-9',
    'patient=p-1%2Cp-9',
  ])
    expect(await asked(query)).toBe('patient-not-permitted')
  // Both are refused by the schema, or before: none is asked.
  expect(scene.upstream.asked).toHaveLength(1)
})
