// Messages of a host over HTTP, with a server that the test plays.

import { Readable } from 'node:stream'
import { expect, test, vi } from 'vitest'
import type { Call, Reply } from '../../../cli/connect/identity.ts'
import { type Proxy, proxy } from '../../../cli/connect/proxy.ts'

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

type Json = { [member: string]: unknown }

function replyOf(status: number, headers: Reply['headers'], text: string | Readable): Reply {
  const stream = typeof text === 'string' ? Readable.from([Buffer.from(text)]) : text
  const whole = async (): Promise<string> => (await all(stream as AsyncIterable<Buffer>)).map(String).join('')
  const body = Object.assign(stream, { text: whole, dump: async () => void (await whole()) })
  return { status, headers, body: body as unknown as Reply['body'] }
}
const json = (body: Json, status = 200, headers: Reply['headers'] = {}): Reply =>
  replyOf(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(body))
const events = (...data: (Json | string)[]): Reply =>
  replyOf(
    200,
    { 'content-type': 'text/event-stream' },
    data.map((one) => (typeof one === 'string' ? one : `data: ${JSON.stringify(one)}\n\n`)).join(''),
  )

type Host = {
  between: Proxy
  calls: (Call & { json: Json })[]
  out: Json[]
  notes: string[]
  /** Sends a message, and waits for everything to be over. */
  say: (message: Json | string) => Promise<void>
}

function aHost(answering: (call: Call & { json: Json }) => Reply | Promise<Reply>, purpose?: string): Host {
  const host: Host = {
    calls: [],
    out: [],
    notes: [],
    between: proxy({
      identity: {
        async call(asked) {
          const call = { ...asked, json: JSON.parse(asked.body ?? '{}') as Json }
          host.calls.push(call)
          return await answering(call)
        },
      },
      out: (line) => {
        expect(line).not.toMatch(/[\r\n]/)
        host.out.push(JSON.parse(line) as Json)
      },
      note: (line) => host.notes.push(line),
      purpose: async () =>
        await Promise.resolve(purpose === undefined ? undefined : { code: purpose, by: 'option' as const }),
    }),
    async say(message) {
      host.between.take(typeof message === 'string' ? message : JSON.stringify(message))
      await new Promise((resolve) => setTimeout(resolve, 20))
    },
  }
  return host
}

const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } }
const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' }
const call = (id: number) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'x', arguments: {} },
})
const begun = (id: unknown, session: string): Reply =>
  json({ jsonrpc: '2.0', id, result: { protocolVersion: '2025-11-25' } }, 200, { 'mcp-session-id': session })

/** A server that knows one session at a time. */
function sessionServer() {
  const server = { session: 'a', number: 0 }
  const answering = ({ json: message, headers, method }: Call & { json: Json }): Reply => {
    if (method !== 'POST') return replyOf(method === 'GET' ? 405 : 200, {}, '')
    if (message['method'] === 'initialize') return begun(message['id'], server.session)
    if (headers['mcp-session-id'] !== server.session)
      return json(
        { jsonrpc: '2.0', error: { code: -32600, message: 'gone', data: { reason: 'session-unknown' } } },
        404,
      )
    if (message['id'] === undefined) return replyOf(202, {}, '')
    return json({ jsonrpc: '2.0', id: message['id'], result: { ok: true } })
  }
  return { server, answering }
}

test('a session is kept by header, and its end is told', async () => {
  const { answering } = sessionServer()
  const host = aHost(answering)

  await host.say(initialize)
  await host.say(initialized)
  await host.say(call(2))
  await host.between.end(100)

  expect(host.out).toEqual([
    { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-11-25' } },
    { jsonrpc: '2.0', id: 2, result: { ok: true } },
  ])
  expect(host.calls.map(({ method, json: { method: name } }) => name ?? method)).toEqual([
    'initialize',
    'notifications/initialized',
    'GET',
    'tools/call',
    'DELETE',
  ])
  expect(host.calls[0]?.headers).not.toHaveProperty('mcp-session-id')
  expect(host.calls[3]?.headers).toMatchObject({
    'mcp-session-id': 'a',
    'mcp-protocol-version': '2025-11-25',
  })
  expect(host.calls[2]?.background).toBe(true)
})

test('a session that is gone is begun anew, once for all that find it out, and nobody hears of it', async () => {
  const { server, answering } = sessionServer()
  const host = aHost(answering)
  await host.say(initialize)
  await host.say(initialized)
  server.session = 'b'

  host.between.take(JSON.stringify(call(2)))
  await host.say(call(3))

  expect(host.out.slice(1).map(({ id, result }) => [id, result])).toEqual([
    [2, { ok: true }],
    [3, { ok: true }],
  ])
  expect(host.calls.filter(({ json: { method } }) => method === 'initialize')).toHaveLength(2)
  expect(host.notes).toEqual([])
})

test('an unknown method is no lost session, though both are 404', async () => {
  const error = { code: -32601, message: 'Method not found' }
  const host = aHost(({ json: { id, method } }) =>
    method === 'initialize' ? begun(id, 'a') : json({ jsonrpc: '2.0', id, error }, 404),
  )
  await host.say(initialize)
  await host.say(call(2))

  expect(host.out.at(-1)).toEqual({ jsonrpc: '2.0', id: 2, error })
})

test('what needs no change is sent as it came, and a purpose is all that is added', async () => {
  const line = '{ "jsonrpc":"2.0","id":7, "method":"ping" ,"params":{"a":1.0}}'
  const plain = aHost(({ json: { id } }) => json({ id, result: {} }))
  const stated = aHost(({ json: { id } }) => json({ id, result: {} }), 'TREAT')

  await plain.say(line)
  await stated.say(line)

  expect(plain.calls[0]?.body).toBe(line)
  expect(stated.calls[0]?.json).toEqual({
    jsonrpc: '2.0',
    id: 7,
    method: 'ping',
    params: { a: 1, _meta: { 'dev.hipaa-mcp/purpose': 'TREAT' } },
  })
})

test.each([
  ['of one piece', 'application/json', (text: string) => text],
  ['of a stream', 'text/event-stream', (text: string) => `data: ${text.split('\n').join('\ndata: ')}\n\n`],
])(
  'an answer %s goes to the host with every digit and space, less its line breaks',
  async (_, type, sent) => {
    const lines: string[] = []
    const answers = [
      '{"id":1,"result":{"a":12345678901234567890, "b":1.0,"c":"\\n\u2028"}}',
      '{"id":2,\n"result":\n{"a":12345678901234567890,"b":1.0}}\n',
    ]
    const between = proxy({
      identity: {
        call: async ({ body = '' }) => {
          const { id } = JSON.parse(body) as { id: number }
          return await Promise.resolve(replyOf(200, { 'content-type': type }, sent(answers[id - 1] ?? '')))
        },
      },
      out: (line) => lines.push(line),
      note: () => undefined,
      purpose: async () => await Promise.resolve(undefined),
    })

    for (const id of [1, 2]) between.take(JSON.stringify(call(id)))
    await between.end(1_000)

    expect(lines.map((line) => line.trim()).toSorted()).toEqual([
      '{"id":1,"result":{"a":12345678901234567890, "b":1.0,"c":"\\n\u2028"}}',
      '{"id":2, "result": {"a":12345678901234567890,"b":1.0}}',
    ])
  },
)

test('an answer with another id than the request’s is given the request’s', async () => {
  const host = aHost(() => json({ id: 'other', result: {} }))

  await host.say(call(3))

  expect(host.out).toEqual([{ id: 3, result: {} }])
})

test('a refusal that names no request is the answer to it, and a note says the word for it alone', async () => {
  const error = { code: 164312, message: 'Jane Roe', data: { reason: 'mfa-too-old' } }
  const host = aHost(() => json({ jsonrpc: '2.0', error }, 401))

  await host.say(call(5))
  await host.say({ jsonrpc: '2.0', method: 'notifications/progress' })

  expect(host.out).toEqual([{ jsonrpc: '2.0', id: 5, error }])
  expect(host.notes).toEqual([
    'The server refused a message: mfa-too-old',
    'The server refused a message: mfa-too-old',
  ])
})

test('a server that does not answer, or with no message, is an error in our words', async () => {
  const down = aHost(
    async () => await Promise.reject(Object.assign(new Error('Jane Roe'), { code: 'ECONNREFUSED' })),
  )
  const html = aHost(() => replyOf(502, { 'content-type': 'text/html' }, '<p>Jane Roe'))

  await down.say(call(1))
  await html.say(call(1))

  expect(down.out).toMatchObject([
    { id: 1, error: { message: expect.stringContaining('ECONNREFUSED') as string } },
  ])
  expect(html.out).toMatchObject([
    { id: 1, error: { message: expect.stringContaining('answered 502') as string } },
  ])
  expect(JSON.stringify([down.out, down.notes, html.out, html.notes])).not.toContain('Jane')
})

test('a line that is no message, or a batch, is refused by itself', async () => {
  const host = aHost(() => json({}))

  for (const line of ['{', '[]', '7', '']) await host.say(line)

  expect(host.out.map(({ error }) => (error as Json)['code'])).toEqual([-32700, -32700, -32700])
  expect(host.calls).toEqual([])
})

test('a stream that ends without the answer is taken up behind its last event', async () => {
  const first = events('retry: 10\n\n', 'id: e1\ndata:\n\n', { method: 'notifications/progress' })
  const host = aHost(({ method, json: { id } }) =>
    method === 'GET'
      ? events({ jsonrpc: '2.0', id: 2, result: { late: true } })
      : id === 1
        ? begun(1, 'a')
        : first,
  )
  await host.say(initialize)

  await host.say(call(2))
  await vi.waitFor(() => expect(host.out.length).toBeGreaterThanOrEqual(3))

  expect(host.out.slice(1)).toEqual([
    { method: 'notifications/progress' },
    { jsonrpc: '2.0', id: 2, result: { late: true } },
  ])
  expect(host.calls.at(-1)?.headers).toMatchObject({ 'last-event-id': 'e1', 'mcp-session-id': 'a' })
})

const modern = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }

test('a broken stream of 2026-07-28 is said to be one: it may have run', async () => {
  const host = aHost(() => events('id: e1\ndata:\n\n'))

  await host.say({ ...call(3), params: { name: 'x', ...modern } })

  expect(host.out).toMatchObject([
    { id: 3, error: { message: expect.stringContaining('may have run') as string } },
  ])
})

test('a cancellation of 2026-07-28 ends the request’s stream, and is not sent', async () => {
  let aborted = false
  const host = aHost(({ signal }) => {
    const endless = new Readable({ read: () => undefined })
    signal.addEventListener('abort', () => {
      aborted = true
      endless.destroy(new Error('aborted'))
    })
    return replyOf(200, { 'content-type': 'text/event-stream' }, endless)
  })
  await host.say({ jsonrpc: '2.0', id: 9, method: 'subscriptions/listen', params: modern })

  await host.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9, ...modern } })

  expect([aborted, host.calls.length, host.out]).toEqual([true, 1, []])
})

test('a cancellation within a session is the server’s to hear', async () => {
  const { answering } = sessionServer()
  const host = aHost(answering)
  await host.say(initialize)

  await host.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } })

  expect(host.calls.at(-1)?.json).toMatchObject({ method: 'notifications/cancelled' })
})

const shipping = {
  name: 'ship',
  inputSchema: {
    type: 'object',
    properties: { region: { type: 'string', 'x-mcp-header': 'Region' }, note: { type: 'string' } },
  },
}
const ship = (id: number) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'ship', arguments: { region: 'süd', note: 'Jane Roe' }, ...modern },
})

test('an argument that a schema copies into a header stands there, and no other; tools are listed once for it', async () => {
  const host = aHost(({ json: { id, method, params } }) =>
    method === 'tools/list'
      ? json({
          id,
          result:
            (params as Json)['cursor'] === undefined ? { tools: [], nextCursor: 'x' } : { tools: [shipping] },
        })
      : json({ id, result: {} }),
  )

  await host.say(ship(1))
  await host.say(ship(2))

  expect(host.calls.map(({ json: { method } }) => method)).toEqual([
    'tools/list',
    'tools/list',
    'tools/call',
    'tools/call',
  ])
  const { headers } = host.calls[3] ?? { headers: {} }
  expect(headers).toMatchObject({ 'mcp-param-region': `=?base64?${Buffer.from('süd').toString('base64')}?=` })
  expect(JSON.stringify(headers)).not.toContain('Jane')
  expect(host.out.map(({ id }) => id)).toEqual([1, 2])
})

test('tools that are not what they were are listed anew', async () => {
  const host = aHost(({ json: { id, method } }) =>
    method === 'tools/list'
      ? json({ id, result: { tools: [shipping] } })
      : json({ id, error: { code: -32020 } }, 400),
  )
  await host.say({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: modern })
  await host.say(ship(2))
  await host.say(ship(3))

  expect(host.calls.map(({ json: { method } }) => method)).toEqual([
    'tools/list',
    'tools/call',
    'tools/list',
    'tools/call',
  ])
})

test('a line of a host keeps its digits, with a purpose and without', async () => {
  const line =
    '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"arguments":{"patient_id":9007199254740993,"dose":1.10}}}'
  for (const purpose of [undefined, 'TREAT']) {
    const host = aHost(({ json: { id } }) => json({ jsonrpc: '2.0', id, result: {} }), purpose)
    await host.say(line)

    expect(host.calls[0]?.body).toContain('"arguments":{"patient_id":9007199254740993,"dose":1.10}')
    expect(host.calls[0]?.json['params']).toMatchObject(
      purpose === undefined ? {} : { _meta: { 'dev.hipaa-mcp/purpose': 'TREAT' } },
    )
  }
})
