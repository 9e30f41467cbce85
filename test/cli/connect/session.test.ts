// A session that the server forgot, and its own stream, while the server is not always there.

import { Readable } from 'node:stream'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Call, Reply } from '../../../cli/connect/identity.ts'
import { mcpSession } from '../../../cli/connect/session.ts'

function replyOf(status: number, headers: Reply['headers'] = {}, text = ''): Reply {
  const body = Object.assign(Readable.from([Buffer.from(text)]), {
    text: async () => await Promise.resolve(text),
    dump: async () => await Promise.resolve(),
  })
  return { status, headers, body: body as unknown as Reply['body'] }
}

const stream = (text = ''): Reply => replyOf(200, { 'content-type': 'text/event-stream' }, text)
const begun = (session: string): Reply =>
  replyOf(
    200,
    { 'content-type': 'application/json', 'mcp-session-id': session },
    '{"jsonrpc":"2.0","id":"hipaa-mcp-connect","result":{"protocolVersion":"2025-11-25"}}',
  )

/** A session 'a' that is begun, at a server that the test plays. */
function aSession(answering: (call: Call) => Reply | Promise<Reply>) {
  const over = new AbortController()
  onTestFinished(() => over.abort())
  const heard: string[] = []
  const session = mcpSession({
    identity: { call: async (asked) => await answering(asked) },
    bodyOf: async (message) => await Promise.resolve(JSON.stringify(message)),
    out: (_, line) => heard.push(line),
    refused: () => undefined,
    over: over.signal,
    retry: { least: 1, most: 4 },
  })
  session.began({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }, begun('a'))
  session.agreed({ result: { protocolVersion: '2025-11-25' } })
  return { session, heard, over }
}

const down = Object.assign(new Error('down'), { code: 'ECONNREFUSED' })
const named = (session: string) => ({ 'mcp-protocol-version': '2025-11-25', 'mcp-session-id': session })

test.each([
  ['is not answered', () => Promise.reject(down)],
  ['is refused', () => replyOf(503, { 'content-type': 'application/json' }, '{"error":{"code":1}}')],
  [
    'is answered, but what follows is not',
    ({ body = '' }: Call) => (body.includes('"initialize"') ? begun('b') : Promise.reject(down)),
  ],
])('a handshake that %s leaves the session as it was, and the next message repeats it', async (_, fails) => {
  let broken = true
  const { session } = aSession((asked) => {
    if (asked.method === 'GET') return replyOf(405)
    if (broken) return fails(asked)
    return asked.body?.includes('"initialize"') === true ? begun('c') : replyOf(202)
  })

  await expect(session.again('a')).rejects.toThrow(/down|begins no other/)
  expect(await session.headers()).toEqual(named('a'))

  broken = false
  await session.again('a')
  expect(await session.headers()).toEqual(named('c'))
})

test.each([
  ['a server that is busy', () => replyOf(503)],
  ['a server that begins anew', () => Promise.reject(down)],
  ['a login that is over', () => replyOf(401)],
  ['a stream that ends', () => stream()],
])('the session’s own stream outlives %s', async (_, first) => {
  let asked = 0
  const { session, heard } = aSession(() => {
    asked += 1
    return asked <= 3 ? first() : stream('data: {"method":"notifications/tools/list_changed"}\n\n')
  })

  session.listen()

  await vi.waitFor(() => expect(heard[0]).toBe('{"method":"notifications/tools/list_changed"}'))
})

test.each([404, 405])('after %i the session’s own stream is not asked for again', async (status) => {
  let asked = 0
  const { session } = aSession(() => {
    asked += 1
    return asked === 1 ? replyOf(503) : replyOf(status)
  })

  session.listen()
  await vi.waitFor(() => expect(asked).toBe(2))
  await new Promise((resolve) => setTimeout(resolve, 50))

  expect(asked).toBe(2)
})

test('the end of all ends the asking for the stream', async () => {
  let asked = 0
  const { session, over } = aSession(() => {
    asked += 1
    return replyOf(503)
  })
  session.listen()
  await vi.waitFor(() => expect(asked).toBeGreaterThan(2))

  over.abort()
  const then = asked
  await new Promise((resolve) => setTimeout(resolve, 50))

  expect(asked - then).toBeLessThanOrEqual(1)
})
