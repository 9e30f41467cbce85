// What stands between lines and HTTP: events, lines, challenges, headers, the purpose of use.

import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { challengeIn } from '../../../cli/connect/challenge.ts'
import { eventsIn } from '../../../cli/connect/events.ts'
import { linesOf } from '../../../cli/connect/lines.ts'
import { headersOf, type Message, reasonIn, requestId } from '../../../cli/connect/messages.ts'
import { purposeIn, describe as told, withPurpose } from '../../../cli/connect/purpose.ts'

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

/** In pieces of so many bytes. */
const pieces = (text: string, size: number): Readable => {
  const bytes = Buffer.from(text)
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size))
  return Readable.from(parts)
}

const stream =
  'id: 1\ndata:\n\n: a comment\nretry: 250\nevent: message\nid: 2\r\ndata: {"a":\r\ndata: "ü"}\r\n\r\ndata: cut off'
for (const size of [1, 2, 3, 7, 1_000])
  test(`events are the same in pieces of ${size} bytes; an empty one and one that is cut off are none`, async () => {
    const heard: object[] = []
    const events = await all(eventsIn(pieces(stream, size), (seen) => heard.push(seen)))

    expect(events).toEqual([{ data: '{"a":\n"ü"}', id: '2' }])
    expect(heard).toEqual([{ id: '1' }, { retry: 250 }, { id: '2' }])
  })

test('a line ends at a line feed alone: JSON may hold other ends', async () => {
  const text = '{"a":"\u2028"}\r\n\n{"b":1}'

  expect(await all(linesOf(pieces(text, 4)))).toEqual(['{"a":"\u2028"}\r', '', '{"b":1}'])
})

test.each([
  [undefined, undefined],
  ['Basic realm="x"', undefined],
  ['Bearer', { scheme: 'Bearer', parameters: {} }],
  [
    'Bearer error="insufficient_user_authentication", acr_values="a b", max_age="300", note="a \\"b\\""',
    {
      scheme: 'Bearer',
      error: 'insufficient_user_authentication',
      parameters: {
        error: 'insufficient_user_authentication',
        acr_values: 'a b',
        max_age: '300',
        note: 'a "b"',
      },
    },
  ],
  [
    'DPoP error=use_dpop_nonce, algs="ES256"',
    { scheme: 'DPoP', error: 'use_dpop_nonce', parameters: { error: 'use_dpop_nonce', algs: 'ES256' } },
  ],
])('of the challenge %j a client takes what it knows', (header, found) => {
  expect(challengeIn(header)).toEqual(found)
})

const modern = (method: string, params: object) => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  params: { ...params, _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
})

test('headers of 2026-07-28 repeat method and name, in base64 where they must, and never an argument', () => {
  const call = headersOf(modern('tools/call', { name: 'get', arguments: { patient_id: 'p-1' } }))
  const read = headersOf(modern('resources/read', { uri: 'ehr://ä' }))

  expect(call).toMatchObject({
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'get',
  })
  expect(JSON.stringify(call)).not.toContain('p-1')
  expect(read['mcp-name']).toBe(`=?base64?${Buffer.from('ehr://ä').toString('base64')}?=`)
  expect(headersOf({ method: 'tools/list' })).toEqual({
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  })
})

test.each([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
])('%s has its %s in Mcp-Name, as servers compare it', (method, member) => {
  expect(headersOf(modern(method, { [member]: 'that one' }))['mcp-name']).toBe('that one')
})

test.each(['tools/list', 'constructor'])('%s has no Mcp-Name', (method) => {
  expect(headersOf(modern(method, { name: 'x', uri: 'y', taskId: 'z' }))).not.toHaveProperty('mcp-name')
})

test('only a request wants an answer', () => {
  expect([
    requestId({ id: 0, method: 'ping' }),
    requestId({ id: 1, result: {} }),
    requestId({ method: 'x' }),
  ]).toEqual([0, undefined, undefined])
})

const error = (reason: unknown) => reasonIn({ error: { data: { reason } } })

test('a reason is a word of a table, or none', () => {
  expect([error('purpose-missing'), error('Jane Roe, 1931'), error(7), reasonIn({})]).toEqual([
    'purpose-missing',
    undefined,
    undefined,
    undefined,
  ])
})

const tokenWith = (claims: object) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`

test('the purpose of the login counts, then the option; each is shown', () => {
  const token = tokenWith({ 'a/b': { use: 'HPAYMT' } })

  const stated = purposeIn(token, '/a~1b/use', 'TREAT')
  const asked = purposeIn(token, undefined, 'TREAT')

  expect([stated, asked, purposeIn('opaque', '/use', undefined)]).toEqual([
    { code: 'HPAYMT', by: 'token' },
    { code: 'TREAT', by: 'option' },
    undefined,
  ])
  expect(told(stated, 'TREAT')).toBe(
    'Purpose of use in force: HPAYMT (payment), stated by your login; --purpose TREAT does not change that',
  )
  expect(told(asked, 'TREAT')).toBe('Purpose of use in force: TREAT (treatment), stated by --purpose')
  expect(told(undefined, undefined)).toContain('No purpose of use is stated')
})

const purposed = (text: string, by: 'option' | 'token' = 'option'): string =>
  withPurpose(JSON.parse(text) as Message, text, { code: 'TREAT', by })
const said = '"dev.hipaa-mcp/purpose":"TREAT"'

test('a purpose is added to messages that state none, and to nothing else', () => {
  for (const [text, becomes] of [
    ['{"method":"ping"}', `{"params":{"_meta":{${said}}},"method":"ping"}`],
    ['{"method":"ping","params":{ }}', `{"method":"ping","params":{"_meta":{${said}} }}`],
    [
      '{"method":"m","params":{"name":"x","_meta":{}}}',
      `{"method":"m","params":{"name":"x","_meta":{${said}}}}`,
    ],
    [
      ' { "params" : {"_meta" : { "a": 1 } } , "method":"m" }',
      ` { "params" : {"_meta" : {${said}, "a": 1 } } , "method":"m" }`,
    ],
    // Whoever reads it takes the last of two.
    [
      '{"method":"m","params":{"_meta":{"a":1}},"p\\u0061rams":{"b":"}\\""}}',
      `{"method":"m","params":{"_meta":{"a":1}},"p\\u0061rams":{"_meta":{${said}},"b":"}\\""}}`,
    ],
  ] as const) {
    expect(purposed(text)).toBe(becomes)
    const { params } = JSON.parse(becomes) as { params: object }
    expect(params).toMatchObject({ _meta: { 'dev.hipaa-mcp/purpose': 'TREAT' } })
    expect(purposed(text, 'token')).toBe(text)
  }
  for (const same of [
    '{"method":"m","params":{"_meta":{"dev.hipaa-mcp/purpose":"HPAYMT"}}}',
    '{"id":1,"result":{}}',
    '{"method":"m","params":[1]}',
    '{"method":"m","params":{"_meta":7}}',
  ])
    expect(purposed(same)).toBe(same)
})

test('a purpose changes no digit of a message', () => {
  const text = '{"method":"m","params":{"patient_id":9007199254740993,"dose":1.10,"_meta":{"e":1E2}}}'

  expect(purposed(text)).toBe(text.replace('{"e"', `{${said},"e"`))
})
