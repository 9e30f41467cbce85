// What may be asked for besides tools: resources, prompts, completions; and the round trips of 2026-07-28.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Limits, Policy, Returns } from '../../../core/policy.ts'
import { withResult } from '../../support/mcp-server.ts'
import { aMessage } from '../../support/message.ts'
import { aPolicy, aRole, aTool, someLimits } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const limits: Limits = someLimits({ callsPerMinute: 1000, patientsPerHour: 1000, resultBytes: 262_144 })
const returns: Returns = { fields: ['/code'], patients: [], text: 'Redact', media: 'Drop' }
const whole: Returns = { fields: [''], patients: [], text: 'Keep', media: 'Keep' }

const policy = {
  roles: [
    aRole({ resources: ['labs', 'formulary'], prompts: ['summary'] }),
    aRole({ name: 'billing', when: { role: 'Billing', scopes: [], actor: 'Allowed' } }),
  ],
  resources: [
    {
      name: 'labs',
      uri: 'ehr://patients/{patient}/labs',
      description: 'Labs',
      patient: 'patient',
      subscribe: true,
      returns,
      limits,
    },
    {
      name: 'formulary',
      uri: 'ehr://formulary',
      description: 'Drugs',
      subscribe: false,
      returns: whole,
      limits,
    },
    { name: 'hidden', uri: 'ehr://hidden', description: 'Nobody', subscribe: false, returns, limits },
  ],
  prompts: [
    {
      name: 'summary',
      description: 'Summary of one patient',
      from: 'summarise_everything',
      arguments: {
        type: 'object',
        properties: { patient_id: { type: 'string' }, topic: { type: 'string' } },
        required: ['patient_id'],
      },
      patient: '/patient_id',
      bulk: 'Forbidden',
      identifiers: 'Refuse',
      returns,
      limits,
    },
  ],
} satisfies Partial<Policy>

let scene: Scene
beforeAll(async () => {
  scene = await aScene({ policy })
})
afterAll(async () => await scene.end())
afterEach(() => {
  scene.forget()
  scene.use(aPolicy(policy))
  expect(scene.faults.splice(0)).toEqual([])
})

const both = ['2025-11-25', '2026-07-28'] as const
const answered = (reply: { json: Record<string, unknown> }) => reply.json['result'] as Record<string, unknown>
const refused = (reply: { json: Record<string, unknown> }) =>
  (reply.json['error'] as { code: number; data: { reason: string } } | undefined)?.data.reason

for (const revision of both) {
  verifies(
    'minimum:resources',
    `a resource of ${revision} is cut to its fields, and its patient recorded`,
    async () => {
      const uri = 'ehr://patients/p-7/labs'
      scene.upstream.answering = withResult({
        contents: [{ uri, mimeType: 'application/json', text: '{"code":"E11","name":"Fluegel"}' }],
      })

      const reply = await scene.ask(aMessage('resources/read', { uri }, { revision }))

      expect(answered(reply)).toEqual({
        contents: [{ uri, mimeType: 'application/json', text: '{"code":"E11"}' }],
        ...(revision === '2026-07-28' ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } : {}),
      })
      expect(scene.upstream.asked[0]?.body['params']).toMatchObject({ uri })
      const [intent] = scene.trail.of('intent')
      expect(intent).toMatchObject({ resource: 'labs', method: 'resources/read', patients: [{}] })
      expect(JSON.stringify(scene.trail.entries)).not.toContain('p-7')
    },
  )

  verifies(
    'minimum:prompts',
    `a prompt of ${revision} is asked for by the server's own name and cut`,
    async () => {
      scene.upstream.answering = withResult({
        description: 'About Jane, 555-123-4567',
        messages: [
          { role: 'user', content: { type: 'text', text: 'Call 555-123-4567' } },
          { role: 'user', content: { type: 'image', data: 'AAAA', mimeType: 'image/png' } },
        ],
      })

      const reply = await scene.ask(
        aMessage('prompts/get', { name: 'summary', arguments: { patient_id: 'p-7' } }, { revision }),
      )

      expect(answered(reply)).toMatchObject({
        messages: [{ role: 'user', content: { type: 'text', text: 'Call [PHONE]' } }],
      })
      expect(reply.text).not.toContain('555-123')
      expect(scene.upstream.asked[0]?.body['params']).toMatchObject({
        name: 'summarise_everything',
        arguments: { patient_id: 'p-7' },
      })
      expect(scene.trail.of('result')).toMatchObject([{ dropped: { 'content-image': 1 } }])
    },
  )
}

test('a resource kept whole leaves as it came', async () => {
  const result = {
    contents: [{ uri: 'ehr://formulary', blob: 'AAAA', _meta: { any: 1 } }],
    _meta: { more: 2 },
  }
  scene.upstream.answering = withResult(result)

  expect(answered(await scene.ask(aMessage('resources/read', { uri: 'ehr://formulary' })))).toEqual(result)
})

const unknown: { when: string; method: string; params: Record<string, unknown>; reason: string }[] = [
  {
    when: 'a resource of no role',
    method: 'resources/read',
    params: { uri: 'ehr://hidden' },
    reason: 'resource-unknown',
  },
  {
    when: 'a resource that nobody listed',
    method: 'resources/read',
    params: { uri: 'ehr://Fluegel' },
    reason: 'resource-unknown',
  },
  {
    when: 'a way up out of a template',
    method: 'resources/read',
    params: { uri: 'ehr://patients/../labs' },
    reason: 'resource-unknown',
  },
  {
    when: 'a subscription that the policy does not name',
    method: 'resources/subscribe',
    params: { uri: 'ehr://formulary' },
    reason: 'resource-unknown',
  },
  {
    when: 'a prompt that nobody listed',
    method: 'prompts/get',
    params: { name: 'Fluegel' },
    reason: 'prompt-unknown',
  },
  {
    when: 'the server’s own name of a prompt',
    method: 'prompts/get',
    params: { name: 'summarise_everything' },
    reason: 'prompt-unknown',
  },
  {
    when: 'a prompt’s argument that its schema does not name',
    method: 'prompts/get',
    params: { name: 'summary', arguments: { patient_id: 'p', Fluegel: 'x' } },
    reason: 'argument-refused',
  },
]

for (const { when, method, params, reason } of unknown)
  verifies('access:default-deny', when, async () => {
    const reply = await scene.ask(aMessage(method, params))

    expect(refused(reply)).toBe(reason)
    expect(reply.text).not.toContain('Fluegel')
    expect(scene.upstream.asked).toEqual([])
    expect(scene.trail.of('refusal')).toMatchObject([{ reason, method }])
  })

verifies(
  'access:lists',
  'lists show what this caller’s roles permit, and the server is not asked',
  async () => {
    const list = async (method: string, token?: string) =>
      answered(await scene.ask({ ...aMessage(method, {}), ...(token === undefined ? {} : { token }) }))

    expect(await list('resources/list')).toEqual({
      resources: [{ uri: 'ehr://formulary', name: 'formulary', description: 'Drugs' }],
    })
    expect(await list('resources/templates/list')).toEqual({
      resourceTemplates: [
        { uriTemplate: 'ehr://patients/{patient}/labs', name: 'labs', description: 'Labs' },
      ],
    })
    expect(await list('prompts/list')).toEqual({
      prompts: [
        {
          name: 'summary',
          description: 'Summary of one patient',
          arguments: [
            { name: 'patient_id', required: true },
            { name: 'topic', required: false },
          ],
        },
      ],
    })
    const billing = await scene.token({ realm_access: { roles: ['Billing'] } })
    expect(await list('resources/list', billing)).toEqual({ resources: [] })
    expect(await list('prompts/list', billing)).toEqual({ prompts: [] })
    expect(scene.upstream.asked).toEqual([])
  },
)

verifies(
  'access:lists',
  'a long list comes in pages, and a cursor of another policy is refused',
  async () => {
    const [labs] = policy.resources
    const many = Array.from({ length: 450 }, (_, i) => ({ ...labs!, name: `labs-${i}`, uri: `ehr://r/${i}` }))
    scene.use(
      aPolicy({ ...policy, resources: many, roles: [aRole({ resources: many.map(({ name }) => name) })] }),
    )
    const names: string[] = []
    let cursor: string | undefined
    for (let pages = 0; pages < 5; pages += 1) {
      const reply = answered(
        await scene.ask(aMessage('resources/list', cursor === undefined ? {} : { cursor })),
      )
      names.push(...(reply['resources'] as { name: string }[]).map(({ name }) => name))
      const next = reply['nextCursor'] as string | undefined
      if (next === undefined) break
      cursor = next
    }

    expect(names).toEqual(many.map(({ name }) => name))
    scene.use(aPolicy(policy))
    for (const wrong of [cursor, 'Fluegel', 7, null, `${'0'.repeat(12)}.200`])
      expect(refused(await scene.ask(aMessage('resources/list', { cursor: wrong })))).toBe('cursor-refused')
  },
)

verifies(
  'minimum:completion',
  'a completion is off until the policy turns it on, and changed values go',
  async () => {
    const message = aMessage('completion/complete', {
      ref: { type: 'ref/prompt', name: 'summary' },
      argument: { name: 'topic', value: 'p' },
    })
    expect(refused(await scene.ask(message))).toBe('method-unknown')

    scene.use(aPolicy({ ...policy, fromServer: { completion: { text: 'Redact' } } }))
    scene.upstream.answering = withResult({
      completion: { values: ['p-7', '555-123-4567'], total: 2, hasMore: false },
    })

    expect(answered(await scene.ask(message))).toEqual({
      completion: { values: ['p-7'], total: 1, hasMore: false },
    })
    expect(scene.upstream.asked[0]?.body['params']).toMatchObject({
      ref: { type: 'ref/prompt', name: 'summarise_everything' },
      argument: { name: 'topic', value: 'p' },
    })
  },
)

verifies('minimum:argument-identifiers', 'a completion tells the server of nobody, either', async () => {
  const completion = { completion: { text: 'Redact' as const } }
  scene.use(aPolicy({ ...policy, fromServer: completion }))
  const sent = [
    toComplete({ name: 'topic', value: 'Notes of Mr. Harlan Okafor' }),
    toComplete({ name: 'topic', value: 'p' }, { arguments: { other: 'call 212-555-0147' } }),
  ]

  for (const message of sent) {
    const reply = await scene.ask(message)
    expect(refused(reply)).toBe('argument-identifies')
    expect(reply.text).not.toMatch(/Okafor|0147/)
  }
  expect(scene.upstream.asked).toEqual([])
  const [prompt] = policy.prompts
  scene.use(aPolicy({ ...policy, fromServer: completion, prompts: [{ ...prompt!, identifiers: 'Keep' }] }))
  scene.upstream.answering = withResult({ completion: { values: [], total: 0, hasMore: false } })
  expect(refused(await scene.ask(sent[0] as (typeof sent)[number]))).toBeUndefined()
})

const toComplete = (argument: object, context = {}) =>
  aMessage('completion/complete', { ref: { type: 'ref/prompt', name: 'summary' }, argument, context })

const input = {
  resultType: 'input_required',
  inputRequests: {
    reason: {
      method: 'elicitation/create',
      params: {
        message: 'Why 555-123-4567?',
        requestedSchema: { type: 'object', properties: {} },
        _meta: { Fluegel: 1 },
      },
    },
  },
  requestState: 'Fluegel',
}
const asking = {
  ...policy,
  fromServer: { elicitation: { text: 'Redact' as const, modes: ['form' as const], hosts: [] } },
}
const call = (params: Record<string, unknown> = {}) =>
  aMessage(
    'tools/call',
    { name: 'get_diagnosis', arguments: { patient_id: 'p-7' }, ...params },
    { revision: '2026-07-28' },
  )

verifies(
  'access:bound-patient',
  'nobody completes a patient, and who reaches not everybody completes nothing',
  async () => {
    const completion = { completion: { text: 'Redact' as const } }
    scene.use(aPolicy({ ...policy, fromServer: completion }))

    expect(refused(await scene.ask(toComplete({ name: 'patient_id', value: 'p' })))).toBe(
      'completion-unknown',
    )
    const two = toComplete({ name: 'topic', value: 'a' }, { arguments: { topic: 'b' } })
    expect(refused(await scene.ask(two))).toBe('message-malformed')

    scene.use(
      aPolicy({
        ...policy,
        fromServer: completion,
        patient: { claim: '/patient' },
        roles: [aRole({ prompts: ['summary'], patients: 'Bound' })],
      }),
    )
    const bound = { ...toComplete({ name: 'topic', value: 'a' }, { arguments: { patient_id: 'p-7' } }) }
    const token = await scene.token({ patient: 'p-7' })
    expect(refused(await scene.ask({ ...bound, token }))).toBe('patient-not-permitted')
    expect(scene.upstream.asked).toEqual([])
  },
)

verifies(
  'access:input-rounds',
  'the server’s question is redacted, its state sealed, and both come back',
  async () => {
    scene.use(aPolicy(asking))
    scene.upstream.answering = withResult(input)
    const first = answered(await scene.ask(call()))
    expect(first).toMatchObject({
      resultType: 'input_required',
      inputRequests: { reason: { method: 'elicitation/create', params: { message: 'Why [PHONE]?' } } },
    })
    expect(JSON.stringify(first)).not.toContain('Fluegel')

    const inputResponses = { reason: { action: 'accept', content: { why: 'care' } } }
    scene.upstream.answering = withResult({ resultType: 'complete', content: [] })
    const second = await scene.ask(call({ inputResponses, requestState: first['requestState'] }))

    expect(answered(second)).toMatchObject({ resultType: 'complete' })
    expect(scene.upstream.asked.at(-1)?.body['params']).toMatchObject({
      inputResponses,
      requestState: 'Fluegel',
    })
  },
)

const naming = (...patients: string[]) => ({
  ...input,
  inputRequests: {
    reason: {
      method: 'elicitation/create',
      params: {
        message: `Which of ${patients.map((one) => `Patient/${one}`).join(', ')}?`,
        requestedSchema: { type: 'object', properties: {} },
      },
    },
  },
})
const few = someLimits({ callsPerMinute: 1000, patientsPerHour: 3, resultBytes: 262_144 })

verifies(
  'breach:patients',
  'the patients of a server’s questions are recorded, wherever they stand',
  async () => {
    scene.use(aPolicy(asking))
    scene.upstream.answering = withResult({ ...naming('p-8'), structuredContent: { patient: 'Patient/p-9' } })

    expect(answered(await scene.ask(call()))).toMatchObject({ resultType: 'input_required' })
    expect(scene.trail.of('result').at(-1)?.patients).toHaveLength(3)

    const many = Array.from({ length: 260 }, (_, at) => `p-${at}`)
    scene.use(aPolicy({ ...asking, tools: [aTool({ limits: { ...few, patientsPerHour: 1000 } })] }))
    scene.upstream.answering = withResult(naming(...many))
    expect((await scene.ask(call())).text).toContain('result-too-many-patients')
  },
)

verifies('access:limits', 'the patients of a server’s questions count like those of a result', async () => {
  scene.use(aPolicy({ ...asking, tools: [aTool({ limits: few })] }))
  const token = await scene.token({ sub: 'clinician-9' })
  scene.upstream.answering = withResult(naming('p-8', 'p-9'))
  expect(answered(await scene.ask({ ...call(), token }))).toMatchObject({ resultType: 'input_required' })

  scene.upstream.answering = withResult(naming('p-10'))
  expect(refused(await scene.ask({ ...call(), token }))).toBe('patients-over-limit')
})

verifies(
  'access:input-rounds',
  'a state of another person, another tool, or changed, is refused',
  async () => {
    scene.use(aPolicy(asking))
    scene.upstream.answering = withResult(input)
    const { requestState } = answered(await scene.ask(call())) as { requestState: string }
    scene.upstream.asked.length = 0

    const another = await scene.token({ sub: 'clinician-2' })
    expect(refused(await scene.ask({ ...call({ requestState }), token: another }))).toBe('state-refused')
    expect(refused(await scene.ask(call({ requestState: `${requestState}-TAMPERED` })))).toBe('state-refused')
    const prompt = aMessage(
      'prompts/get',
      { name: 'summary', arguments: { patient_id: 'p-7' }, requestState },
      { revision: '2026-07-28' },
    )
    expect(refused(await scene.ask(prompt))).toBe('state-refused')
    // Of the same person: for another patient, and for another purpose.
    const elsewhere = call({ requestState, arguments: { patient_id: 'p-8' } })
    expect(refused(await scene.ask(elsewhere))).toBe('state-refused')
    scene.use(aPolicy({ ...asking, roles: [aRole({ purposes: ['TREAT', 'HPAYMT'] })] }))
    const params = { name: 'get_diagnosis', arguments: { patient_id: 'p-7' }, requestState }
    const paid = aMessage('tools/call', params, { revision: '2026-07-28', purpose: 'HPAYMT' })
    expect(refused(await scene.ask(paid))).toBe('state-refused')
    scene.use(aPolicy(asking))
    for (const inputResponses of [null, 7, [], { a: 1 }])
      expect(refused(await scene.ask(call({ inputResponses })))).toBe('input-malformed')
    expect(scene.upstream.asked).toEqual([])
  },
)

verifies(
  'access:input-rounds',
  'a server is told of no capability that the policy does not name',
  async () => {
    scene.upstream.answering = withResult({ resultType: 'complete', content: [] })
    const key = 'io.modelcontextprotocol/clientCapabilities'
    const claiming = (): { body: string; headers: Record<string, string> } => {
      const { body, headers } = call()
      const message = JSON.parse(String(body)) as { params: { [meta: string]: Record<string, unknown> } }
      Object.assign(message.params['_meta'] ?? {}, {
        [key]: { sampling: {}, elicitation: { form: {}, url: {} }, roots: {}, Fluegel: {} },
      })
      return { body: JSON.stringify(message), headers }
    }
    const told = () =>
      scene.upstream.asked.at(-1)?.body['params'] as Record<string, Record<string, unknown>> | undefined

    await scene.ask(claiming())
    expect(told()?.['_meta']).toMatchObject({ [key]: {} })
    expect(told()?.['_meta']?.[key]).toEqual({})

    scene.use(aPolicy(asking))
    await scene.ask(claiming())
    expect(told()?.['_meta']?.[key]).toEqual({ elicitation: { form: {} } })
  },
)

/** What is read of a server whose result is this text. */
async function reads(text: string): Promise<string> {
  scene.upstream.answering = ({ body }, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(`{"jsonrpc":"2.0","id":${String(body['id'])},"result":${text}}`)
  const options = { id: 1, revision: '2026-07-28' as const }
  return (await scene.ask(aMessage('resources/read', { uri: 'ehr://formulary' }, options))).text
}
const answerWith = (result: string): string => `{"jsonrpc":"2.0","id":1,"result":${result}}`

test('what its revision wants is put in front of what is kept whole, unless the server says it itself', async () => {
  const hints = '"cacheScope":"private","ttlMs":0'
  const contents = '"contents":[{"uri":"ehr:\\/\\/formulary","text":"\\u00e9"}], "resultType":"complete"'

  expect(await reads(`{${contents}}`)).toBe(answerWith(`{${hints},${contents}}`))
  expect(await reads(`{ ${hints}, ${contents}}`)).toBe(answerWith(`{ ${hints}, ${contents}}`))
  for (const otherwise of [
    `{${contents},"cacheScope":"public","ttlMs":9}`,
    `{"cacheScope":"public",${contents},${hints}}`,
  ]) {
    const text = await reads(otherwise)
    expect(text).not.toContain('public')
    expect(JSON.parse(text)).toMatchObject({ result: { cacheScope: 'private', ttlMs: 0 } })
  }
})

test('what is kept whole keeps its line breaks, alone and behind other events of a stream', async () => {
  const result = '{\n  "contents": [\n    {"uri": "ehr://formulary", "text": "é"}\n  ],\n  "z": 1.0\n}'
  const answers = {
    alone: (id: string) => [`{"jsonrpc":"2.0","id":${id},"result":${result}}`],
    behind: (id: string) => [
      'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"x"}}\n\n',
      `event: message\ndata: {"jsonrpc":"2.0","id":${id},"result":${result.replaceAll('\n', '\ndata: ')}}\n\n`,
    ],
  }
  scene.use(aPolicy({ ...policy, fromServer: { logging: { text: 'Redact' } } }))
  for (const [when, pieces] of Object.entries(answers)) {
    scene.upstream.answering = ({ body }, response) => {
      const type = when === 'alone' ? 'application/json' : 'text/event-stream'
      response.writeHead(200, { 'content-type': type }).end(pieces(String(body['id'])).join(''))
    }

    const reply = await scene.ask(aMessage('resources/read', { uri: 'ehr://formulary' }, { id: 1 }))

    const streamed = reply.text.includes('data: ')
    expect(streamed, when).toBe(when === 'behind')
    const read = streamed
      ? (reply.text.split('\n\n').findLast((event) => event.includes('"result"')) ?? '')
          .split('\n')
          .flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []))
          .join('\n')
      : reply.text
    expect(read, when).toBe(`{"jsonrpc":"2.0","id":1,"result":${result}}`)
  }
})

test('what is kept whole leaves in the bytes in which it came: digits, order, escapes', async () => {
  const text = '{"contents":[{"uri":"ehr:\\/\\/formulary","text":"\\u00e9"}], "z":1.0,"a":0.10,"e":1E2}'
  scene.upstream.answering = ({ body }, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(`{"jsonrpc":"2.0","id":${String(body['id'])},"result":${text}}`)

  const reply = await scene.ask(aMessage('resources/read', { uri: 'ehr://formulary' }, { id: 'a"b' }))

  expect(reply.text).toBe(`{"jsonrpc":"2.0","id":"a\\"b","result":${text}}`)
})
