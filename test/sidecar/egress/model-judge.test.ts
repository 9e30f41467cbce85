import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ModelVendorName } from '../../../core/model-vendors.ts'
import type { ModelRules } from '../../../core/policy.ts'
import { judgeModelCall, type ModelCall } from '../../../sidecar/egress/model/judge.ts'
import { verifies } from '../../verifies.ts'

type Body = { [member: string]: unknown }
type Good = { host: string; url: string; body: Body; header?: string }
const said = 'Robin Testcase, 47, has a cough.'

/** A call of each vendor that its rules let pass. */
const good: { [Name in ModelVendorName]: Good } = {
  OpenAI: {
    host: 'api.openai.com',
    url: '/v1/responses',
    body: {
      model: 'gpt-5',
      input: said,
      store: false,
      tools: [{ type: 'function', name: 'f', parameters: {} }],
    },
    header: 'openai-organization',
  },
  Anthropic: {
    host: 'api.anthropic.com',
    url: '/v1/messages',
    body: {
      model: 'claude',
      max_tokens: 9,
      messages: [{ role: 'user', content: said }],
      tools: [{ name: 'f', input_schema: {} }],
    },
    header: 'anthropic-beta',
  },
  AzureOpenAI: {
    host: 'clinic.openai.azure.com',
    url: '/openai/deployments/gpt/chat/completions?api-version=2026-02-01',
    body: { messages: [{ role: 'user', content: said }], store: false },
    header: 'ms-azure-ai-chat-enhancements',
  },
  Bedrock: {
    host: 'bedrock-runtime.us-east-1.amazonaws.com',
    url: '/model/us.anthropic.claude-v1:0/converse',
    body: {
      messages: [{ role: 'user', content: [{ text: said }] }],
      toolConfig: { tools: [{ toolSpec: {} }] },
    },
    header: 'x-amzn-bedrock-trace',
  },
  Vertex: {
    host: 'us-central1-aiplatform.googleapis.com',
    url: '/v1/projects/clinic/locations/us-central1/publishers/google/models/gemini:streamGenerateContent?alt=sse',
    body: { contents: [{ role: 'user', parts: [{ text: said }] }], tools: [{ functionDeclarations: [] }] },
    header: 'x-goog-user-project',
  },
}
const inPath: { [Name in ModelVendorName]?: string } = {
  AzureOpenAI: 'gpt',
  Bedrock: 'us.anthropic.claude-v1:0',
  Vertex: 'gemini',
}
const vendors = Object.keys(good) as ModelVendorName[]

const judge = (
  vendor: ModelVendorName,
  changes: Partial<ModelCall> & { json?: unknown } = {},
  rules: Partial<ModelRules> = {},
) => {
  const { host, url, body } = good[vendor]
  const { json = body, headers, ...others } = changes
  const call = {
    method: 'POST',
    url,
    headers: { host, 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(json)),
    ...others,
  }
  const judged = judgeModelCall(call, { vendor, ...rules }, host)
  return 'refused' in judged ? judged.refused : 'passes'
}

for (const vendor of vendors)
  describe(vendor, () => {
    const { body, url, header = '' } = good[vendor]

    verifies('agreement:model-calls', `${vendor}: a call that its rules cover passes`, () => {
      expect(judge(vendor)).toBe('passes')
      expect(judge(vendor, { headers: { 'content-type': 'application/json; charset=utf-8' } })).toBe('passes')
    })

    verifies('agreement:model-calls', `${vendor}: another path, method, query or Host is refused`, () => {
      for (const wrong of [
        '/',
        '/v1/files',
        '/v1/messages/batches',
        '/v1/skills',
        '/v1/conversations',
        `${url}/x`,
        `//${url}`,
        url.replace('/', '/./'),
        `${url}%2e`,
      ])
        expect(judge(vendor, { url: wrong }), wrong).toBe('model-endpoint')
      for (const query of ['key=mine', 'api-version=2026-02-01&x=1', 'alt=media'])
        expect(judge(vendor, { url: `${url.split('?')[0]}?${query}` }), query).toBe('model-endpoint')
      for (const method of ['GET', 'PUT', 'DELETE', 'post'])
        expect(judge(vendor, { method })).toBe('model-endpoint')
      for (const host of ['evil.example', '', `${good[vendor].host}:8443`])
        expect(judge(vendor, { headers: { host } })).toBe('model-host')
    })

    verifies(
      'agreement:model-calls',
      `${vendor}: a header that changes what is done, and a body that is not read, are refused`,
      () => {
        expect(judge(vendor, { headers: { [header]: 'x' } })).toBe('model-header')
        expect(judge(vendor, { headers: { 'content-encoding': 'gzip' } })).toBe('model-header')
        expect(judge(vendor, { headers: { 'content-type': 'multipart/form-data' } })).toBe('model-header')
        for (const text of ['', '[]', '"x"', '{', '{"a":1e999}'])
          expect(judge(vendor, { body: Buffer.from(text) }), text).toBe('model-body')
      },
    )

    verifies(
      'agreement:model-calls',
      `${vendor}: a member that nobody knows is refused, whatever it is`,
      () => {
        for (const member of [
          'mcp_servers',
          'container',
          'background',
          'previous_response_id',
          'conversation',
          'metadata',
          'cachedContent',
          'labels',
          'data_sources',
          'requestMetadata',
          'guardrailConfig',
          'STORE',
          '__proto__',
        ])
          expect(
            judge(vendor, { body: Buffer.from(JSON.stringify(body).replace('{', `{"${member}":[],`)) }),
            member,
          ).toBe('model-member')
      },
    )

    verifies(
      'agreement:model-calls',
      `${vendor}: content that the vendor stores or fetches is refused at any depth`,
      () => {
        const content = ['input', 'messages', 'contents'].find((member) => body[member] !== undefined) ?? ''
        for (const part of [
          { file_id: 'f' },
          { fileData: { fileUri: 'gs://x' } },
          { s3Location: {} },
          { type: 'url', url: 'https://x' },
          { image_url: { url: 'https://evil.example/?q=Robin' } },
          { image_url: 'https://evil.example' },
          { type: 'container_upload' },
          { type: 'mcp_tool_use' },
        ])
          for (const deep of [
            part,
            { content: [part] },
            { role: 'user', content: [{ type: 'tool_result', content: [{ source: part }] }] },
          ])
            expect(judge(vendor, { json: { ...body, [content]: [deep] } }), JSON.stringify(deep)).toBe(
              'model-content',
            )
        expect(
          judge(vendor, {
            json: {
              ...body,
              [content]: [{ role: 'user', content: [{ image_url: { url: 'data:image/png;base64,AAAA' } }] }],
            },
          }),
        ).toBe('passes')
      },
    )

    verifies(
      'agreement:model-calls',
      `${vendor}: only models that the agreement names are asked, where it names any`,
      () => {
        const model = inPath[vendor] ?? (body['model'] as string)
        expect(judge(vendor, {}, { models: [model] })).toBe('passes')
        expect(judge(vendor, {}, { models: ['another'] })).toBe('model-name')
      },
    )
  })

const tools: [ModelVendorName, Body][] = [
  ['OpenAI', { tools: [{ type: 'mcp', server_url: 'https://evil.example' }] }],
  ['OpenAI', { tools: [{ type: 'web_search' }] }],
  ['OpenAI', { tools: [{ type: 'code_interpreter' }, { type: 'function' }] }],
  ['OpenAI', { tools: [{}] }],
  ['Anthropic', { tools: [{ type: 'code_execution_20250825', name: 'code_execution' }] }],
  ['Anthropic', { tools: [{ type: 'web_fetch_20250910' }] }],
  ['Anthropic', { tools: [{ type: 'web_search_20260209' }] }],
  ['Anthropic', { tools: [{ type: 'mcp_toolset' }] }],
  ['Anthropic', { tools: [{ type: ['custom'] }] }],
  ['AzureOpenAI', { tools: [{ type: 'file_search' }] }],
  ['Bedrock', { toolConfig: { tools: [{ systemTool: { name: 'nova_grounding' } }] } }],
  ['Bedrock', { toolConfig: { other: 1 } }],
  ['Vertex', { tools: [{ googleSearch: {} }] }],
  ['Vertex', { tools: [{ functionDeclarations: [], google_maps: {} }] }],
]
for (const [vendor, change] of tools)
  verifies(
    'agreement:model-calls',
    `${vendor}: a tool that runs at the vendor is refused (${JSON.stringify(change)})`,
    () => {
      expect(judge(vendor, { json: { ...good[vendor].body, ...change } })).toBe('model-tool')
    },
  )

/** Endpoints of the Responses and the Chat form, by vendor. */
const responses: [ModelVendorName, string][] = [
  ['OpenAI', '/v1/responses'],
  ['AzureOpenAI', '/openai/v1/responses'],
]
const chats: [ModelVendorName, string][] = [
  ['OpenAI', '/v1/chat/completions'],
  ['AzureOpenAI', '/openai/v1/chat/completions'],
  ['AzureOpenAI', '/openai/deployments/gpt/chat/completions'],
]
for (const [vendor, url] of responses)
  describe(`${vendor} ${url}: items of input`, () => {
    const asked = (input: unknown) => judge(vendor, { url, json: { model: 'gpt', store: false, input } })
    const sealed = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'AAAA' }
    const call = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{"tools":[]}' }

    verifies('agreement:model-calls', `${vendor}: items that hold their content pass`, () => {
      for (const input of [
        said,
        [{ role: 'user', content: said }],
        [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: said }] }],
        [sealed, call, { type: 'function_call_output', call_id: 'c', output: said }],
        [
          { type: 'custom_tool_call', call_id: 'c', name: 'f', input: said },
          { type: 'custom_tool_call_output', call_id: 'c', output: said },
        ],
      ])
        expect(asked(input), JSON.stringify(input)).toBe('passes')
    })

    verifies('agreement:model-calls', `${vendor}: an item that stands for what is stored is refused`, () => {
      for (const item of [
        { id: 'msg_1' },
        { type: null, id: 'msg_1' },
        { type: 'message', id: 'msg_1' },
        { type: 'item_reference', id: 'msg_1' },
        { type: 'reasoning', id: 'rs_1', summary: [] },
        { type: 'image_generation_call', id: 'ig_1' },
        { type: 'web_search_call', id: 'ws_1' },
        { type: 'what_comes_next', role: 'user', content: said },
        { type: ['message'], role: 'user' },
        'msg_1',
        null,
      ])
        expect(asked([{ role: 'user', content: said }, item]), JSON.stringify(item)).toBe('model-content')
      expect(asked({ id: 'msg_1' })).toBe('model-content')
    })

    verifies('agreement:model-calls', `${vendor}: no item brings tools along`, () => {
      const tools = [{ type: 'mcp', server_url: 'https://evil.example' }]
      for (const item of [
        { type: 'tool_search_output', tools },
        { type: 'message', role: 'user', content: said, tools },
        { role: 'user', content: [{ type: 'input_text', text: said, tools }] },
      ])
        expect(asked([item]), JSON.stringify(item)).toBe('model-tool')
    })
  })

for (const [vendor, url] of chats)
  verifies('agreement:model-calls', `${vendor} ${url}: an answer in audio that is kept is refused`, () => {
    const given = { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }
    for (const [message, verdict] of [
      [{ role: 'assistant', audio: { id: 'audio_1' } }, 'model-content'],
      [{ role: 'user', content: [given] }, 'passes'],
    ] as const)
      expect(judge(vendor, { url, json: { model: 'gpt', store: false, messages: [message] } })).toBe(verdict)
  })

test('what a vendor demands must stand there: store false, this Region, no global profile', () => {
  for (const store of [undefined, true, 'false', 0, null])
    expect(judge('OpenAI', { json: { ...good.OpenAI.body, store } })).toBe('model-member')
  for (const place of ['global', 'us', 'us-central', 'eu', 'europe-west4'])
    expect(
      judge('Vertex', { url: good.Vertex.url.replace('locations/us-central1', `locations/${place}`) }),
      place,
    ).toBe('model-endpoint')
  expect(judge('Bedrock', { url: '/model/global.anthropic.claude/converse' })).toBe('model-name')
  expect(judge('Bedrock', { url: '/model/a/invoke' })).toBe('model-endpoint')
})

verifies(
  'agreement:model-calls',
  'a member that stands there twice has one meaning, for us and for the vendor',
  () => {
    const body = Buffer.from('{"model":"gpt","input":"x","store":true,"store":false}')
    const judged = judgeModelCall(
      {
        method: 'POST',
        url: '/v1/responses',
        headers: { host: 'api.openai.com', 'content-type': 'application/json' },
        body,
      },
      { vendor: 'OpenAI' },
      'api.openai.com',
    )
    expect(judged).toMatchObject({ body: '{"model":"gpt","input":"x","store":false}' })
  },
)

test('no call, whatever its body, passes with a member at its top that is not in the table', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...vendors),
      fc.string({ minLength: 1 }),
      fc.jsonValue(),
      (vendor, member, value) => {
        const { body } = good[vendor]
        if (Object.hasOwn(body, member)) return
        const verdict = judge(vendor, { json: { ...body, [member]: value } })
        if (verdict === 'passes') expect(member).toMatch(/^[a-z_A-Z]+$/)
      },
    ),
    { numRuns: 300 },
  )
})
