// What one and the same result is to different callers: fields by role and purpose, the part that is a narrow tool's, and the
// schema that it keeps to.

import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Returns } from '../../../core/policy.ts'
import { withResult, withValue } from '../../support/mcp-server.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { aPolicy, aRole, aTool } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const roles = [
  aRole({ purposes: ['TREAT', 'HPAYMT'] }),
  aRole({ name: 'billing', when: { role: 'Billing', scopes: [], actor: 'Allowed' }, purposes: ['HPAYMT'] }),
]
const usual: Returns = { fields: ['Condition.code'], patients: [], text: 'Redact', media: 'Drop' }
/** Puts a policy in force whose tool returns so. */
const returning = (returns: Partial<Returns>) =>
  scene.use(aPolicy({ roles, tools: [aTool({ returns: { ...usual, ...returns } })] }))

let scene: Scene
beforeAll(async () => {
  scene = await aScene()
})
afterAll(async () => await scene.end())
afterEach(() => {
  scene.forget()
  expect(scene.faults.splice(0)).toEqual([])
})

type Result = {
  structuredContent?: unknown
  content: { text?: string }[]
  isError?: true
  outputSchema?: object
}
const resultOf = (reply: { json: Record<string, unknown> }) => reply.json['result'] as Result
const reasonOf = (reply: { json: Record<string, unknown> }) =>
  (resultOf(reply) as unknown as { structuredContent?: { reason: string } }).structuredContent?.reason

const condition = {
  resourceType: 'Condition',
  code: { text: 'Diabetes' },
  stage: [{ summary: { text: 'two' } }],
  subject: { reference: 'Patient/p-100', display: 'Anna Fluegel' },
}

verifies(
  'minimum:by-role',
  'one result is cut by role and purpose, and the record names the entry',
  async () => {
    returning({
      for: [
        { roles: ['billing'], purposes: ['HPAYMT'], fields: ['Condition.stage'], text: 'Redact' },
        { roles: ['clinician', 'billing'], purposes: ['HPAYMT'], fields: ['/code/text'], text: 'Redact' },
      ],
    })
    scene.upstream.answering = withValue(condition)
    const token = await scene.token({ realm_access: { roles: ['Billing'] } })

    const shown = [
      await scene.ask(aCall()),
      await scene.ask(aCall({ patient_id: 'p-100' }, { purpose: 'HPAYMT' })),
      await scene.ask({ ...aCall({ patient_id: 'p-100' }, { purpose: 'HPAYMT' }), token }),
    ].map((reply) => resultOf(reply).structuredContent)

    expect(shown).toEqual([
      { resourceType: 'Condition', code: { text: 'Diabetes' } },
      { code: { text: 'Diabetes' } },
      { resourceType: 'Condition', stage: [{ summary: { text: 'two' } }] },
    ])
    expect(scene.trail.of('result').map(({ kept }) => kept)).toEqual([
      { 'Condition.code': 1, resourceType: 1 },
      { 'for[1] /code/text': 1 },
      { 'for[0] Condition.stage': 1, resourceType: 1 },
    ])
  },
)

verifies('minimum:by-role', 'an entry that keeps no text redacts it, though all others keep it', async () => {
  returning({
    fields: [''],
    text: 'Keep',
    media: 'Keep',
    for: [{ roles: ['clinician'], purposes: ['HPAYMT'], fields: [''], text: 'Redact' }],
  })
  scene.upstream.answering = withValue({ note: 'Call 555-123-4567' })

  expect((await scene.ask()).text).toContain('555-123-4567')
  expect((await scene.ask(aCall({ patient_id: 'p-100' }, { purpose: 'HPAYMT' }))).text).not.toContain(
    '555-123',
  )
})

const record = { record: { conditions: [condition], ssn: '219-09-9999' }, next: 'Anna Fluegel' }

verifies('minimum:result-part', 'fields begin at the part, in structure and in text alike', async () => {
  returning({ at: '/record', fields: ['/conditions'] })
  scene.upstream.answering = withResult({
    content: [
      { type: 'text', text: JSON.stringify(record, undefined, 2) },
      { type: 'text', text: 'Anna Fluegel has diabetes' },
    ],
    structuredContent: record,
  })

  const { structuredContent, content } = resultOf(await scene.ask())

  const shown = {
    conditions: [{ ...condition, subject: { reference: 'Patient/[ID]', display: '[NAME]' } }],
  }
  expect(structuredContent).toEqual(shown)
  expect(content.map(({ text }) => JSON.parse(text as string) as unknown)).toEqual([shown])
  expect(scene.trail.of('result')).toMatchObject([{ dropped: { 'outside-part': 1 } }])
})

verifies(
  'minimum:result-part',
  'a part that is a list or a text is said in text, as structure must be an object',
  async () => {
    returning({ at: '/record/conditions', fields: ['/0/code', '/1'] })
    scene.upstream.answering = withResult({ content: [], structuredContent: record })

    expect(resultOf(await scene.ask())).toEqual({
      content: [{ type: 'text', text: '[{"code":{"text":"Diabetes"}}]' }],
    })
  },
)

const partless: [when: string, result: object][] = [
  [
    'structure without it',
    { content: [{ type: 'text', text: JSON.stringify(record) }], structuredContent: { note: 'Fluegel' } },
  ],
  ['text without it', { content: [{ type: 'text', text: '{"note":"Fluegel"}' }] }],
  ['text that is no JSON', { content: [{ type: 'text', text: 'Fluegel' }] }],
  ['nothing', { content: [] }],
]
for (const [when, result] of partless)
  verifies('minimum:result-part', `${when} is refused and never shown`, async () => {
    returning({ at: '/record', fields: [''] })
    scene.upstream.answering = withResult(result)

    const reply = await scene.ask()

    expect(reasonOf(reply) ?? reply.text).toContain('result-lacks-part')
    expect(reply.text).not.toContain('Fluegel')
    expect(scene.trail.of('result')).toMatchObject([{ outcome: 'error' }])
  })

const schema = {
  type: 'object',
  properties: { resourceType: { const: 'Condition' }, code: { type: 'object' } },
  required: ['code'],
} as const

verifies('minimum:output-schema', 'tools/list shows the schema of the result as it leaves', async () => {
  returning({ schema })

  expect((await scene.ask(aMessage('tools/list'))).json).toMatchObject({
    result: { tools: [{ name: 'get_diagnosis', outputSchema: schema }] },
  })
  returning({})
  expect((await scene.ask(aMessage('tools/list'))).text).not.toContain('outputSchema')
})

verifies(
  'minimum:output-schema',
  'a result that keeps to it leaves, said in structure where the server said it in text',
  async () => {
    returning({ schema })
    scene.upstream.answering = withResult({
      content: [{ type: 'text', text: JSON.stringify(condition, undefined, 1) }],
    })

    const left = { resourceType: 'Condition', code: { text: 'Diabetes' } }
    expect(resultOf(await scene.ask())).toEqual({
      content: [{ type: 'text', text: JSON.stringify(left) }],
      structuredContent: left,
    })
  },
)

const breaking: [when: string, result: object][] = [
  ['that lacks a member', { structuredContent: { resourceType: 'Condition', note: 'Fluegel' }, content: [] }],
  [
    'in which a member is of another type',
    { structuredContent: { resourceType: 'Patient', code: { text: 'Fluegel' } }, content: [] },
  ],
  ['without structure', { content: [{ type: 'text', text: 'Fluegel' }] }],
]
for (const [when, result] of breaking)
  verifies('minimum:output-schema', `a result ${when} is refused and never shown`, async () => {
    returning({ schema })
    scene.upstream.answering = withResult(result)

    const reply = await scene.ask()

    expect(reasonOf(reply) ?? reply.text).toContain('result-breaks-schema')
    expect(reply.text).not.toContain('Fluegel')
    expect(scene.trail.of('result')).toMatchObject([{ outcome: 'error' }])
  })

verifies('minimum:output-schema', 'a policy that keeps all checks it, too', async () => {
  returning({ schema, fields: [''], text: 'Keep', media: 'Keep' })
  scene.upstream.answering = withValue({ note: 'Fluegel' })

  const reply = await scene.ask()

  expect(reply.text).toContain('result-breaks-schema')
  expect(reply.text).not.toContain('Fluegel')
})

verifies('minimum:output-schema', 'a tool’s error needs no structure', async () => {
  returning({ schema })
  scene.upstream.answering = withResult({ content: [{ type: 'text', text: 'Fluegel' }], isError: true })

  const reply = await scene.ask()

  expect(resultOf(reply).isError).toBe(true)
  expect(reply.text).not.toContain('result-breaks-schema')
})

const pretty = [undefined, 2, '\t']
for (const space of pretty)
  verifies(
    'minimum:fields',
    `text that is the same JSON stays equal to structure, indented by ${JSON.stringify(space) ?? 'nothing'}`,
    async () => {
      returning({ fields: ['Condition'] })
      scene.upstream.answering = withResult({
        content: [{ type: 'text', text: JSON.stringify(condition, undefined, space) }],
        structuredContent: condition,
      })

      const { structuredContent, content } = resultOf(await scene.ask())

      expect(JSON.parse(content[0]?.text as string)).toEqual(structuredContent)
      expect(structuredContent).toMatchObject({ code: { text: 'Diabetes' } })
    },
  )

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64')

verifies(
  'minimum:encoded',
  'a patient who stands in an encoding alone is out of reach like any other',
  async () => {
    const tool = aTool({ returns: { ...usual, fields: ['/file'] } })
    scene.use(
      aPolicy({ roles: [aRole({ patients: 'Bound' })], patient: { claim: '/patient' }, tools: [tool] }),
    )
    const token = await scene.token({ patient: 'p-100' })
    const answers = [condition, { resourceType: 'Patient', id: 'p-999', name: [{ family: 'Fluegel' }] }]

    const replies = []
    for (const answer of answers) {
      scene.upstream.answering = withValue({ file: base64(answer) })
      replies.push(await scene.ask({ ...aCall(), token }))
    }

    expect(resultOf(replies[0] as never)).toHaveProperty('structuredContent.file')
    expect(replies[1]?.text).toContain('patient-not-permitted')
  },
)

verifies('minimum:encoded', 'a resource’s blob of FHIR is cut by paths of its type', async () => {
  const resource = {
    name: 'labs',
    uri: 'ehr://labs',
    description: 'Labs',
    subscribe: false,
    returns: usual,
    limits: aTool().limits,
  }
  scene.use(aPolicy({ roles: [aRole({ resources: ['labs'] })], resources: [resource] }))
  scene.upstream.answering = withResult({
    contents: [
      {
        uri: 'ehr://labs',
        mimeType: 'application/fhir+json',
        blob: base64(condition),
        _meta: { by: 'Fluegel' },
      },
      { uri: 'ehr://labs', mimeType: 'image/png', blob: base64(condition) },
    ],
  })

  expect((await scene.ask(aMessage('resources/read', { uri: 'ehr://labs' }))).json['result']).toEqual({
    contents: [
      {
        uri: 'ehr://labs',
        mimeType: 'application/fhir+json',
        blob: base64({ resourceType: 'Condition', code: { text: 'Diabetes' } }),
      },
    ],
  })
})

verifies('minimum:fhir-paths', 'a prompt’s embedded record is cut by the same paths', async () => {
  const prompt = {
    name: 'summary',
    description: 'Summary',
    from: 'summary',
    arguments: { type: 'object' },
    bulk: 'Allowed' as const,
    identifiers: 'Refuse' as const,
    returns: usual,
    limits: aTool().limits,
  }
  scene.use(aPolicy({ roles: [aRole({ prompts: ['summary'] })], prompts: [prompt] }))
  const text = JSON.stringify({ resourceType: 'Bundle', type: 'document', entry: [{ resource: condition }] })
  scene.upstream.answering = withResult({ messages: [{ role: 'user', content: { type: 'text', text } }] })

  const reply = await scene.ask(aMessage('prompts/get', { name: 'summary', arguments: {} }))

  const left = {
    resourceType: 'Bundle',
    type: 'document',
    entry: [{ resource: { resourceType: 'Condition', code: { text: 'Diabetes' } } }],
  }
  expect(reply.json['result']).toEqual({
    messages: [{ role: 'user', content: { type: 'text', text: JSON.stringify(left) } }],
  })
})

const beside = {
  icons: [{ src: 'https://img.example.org/Fluegel' }],
  annotations: { audience: ['user'] },
  _meta: { a: 'Fluegel' },
}
const media = [
  {
    type: 'resource_link',
    uri: 'ehr://labs',
    name: 'labs',
    title: 'Fluegel',
    description: 'Fluegel',
    ...beside,
  },
  { type: 'image', data: 'AAAA', mimeType: 'image/png', ...beside },
]

verifies(
  'minimum:other-content',
  'links and pictures go, and what stands beside them goes where they are kept, too',
  async () => {
    scene.upstream.answering = withResult({ content: media, _meta: { a: 'Fluegel' } })

    returning({})
    const dropped = await scene.ask()
    returning({ media: 'Keep' })
    const kept = await scene.ask()

    expect(resultOf(dropped)).toEqual({ content: [] })
    expect(resultOf(kept)).toEqual({
      content: [
        { type: 'resource_link', uri: 'ehr://labs', name: 'labs' },
        { type: 'image', data: 'AAAA', mimeType: 'image/png' },
      ],
    })
  },
)
