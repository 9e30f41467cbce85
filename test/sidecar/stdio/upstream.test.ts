// One server process, several callers: what belongs to whom.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Revision } from '../../../sidecar/exchange.ts'
import type { ServerMessage } from '../../../sidecar/hearing.ts'
import { Refusal } from '../../../sidecar/refusals.ts'
import { type StdioUpstream, stdioUpstream } from '../../../sidecar/stdio/upstream.ts'
import type { Call } from '../../../sidecar/upstream.ts'
import { type StdioServer, stdioServer, ways } from '../../support/stdio-server.ts'
import { verifies } from '../../verifies.ts'

let folder: string
let upstream: StdioUpstream
let server: StdioServer
let said: string[]
/** Words of one test: an upstream that is closed may still have some. */
function log() {
  const own: string[] = []
  said = own
  const tell = (message: string): void => void own.push(message)
  return { info: tell, warn: tell, error: tell }
}

async function begin(
  way: Parameters<typeof stdioServer>[1],
  options: { deadline?: number; limit?: number; patience?: number } = {},
) {
  const socket = join(folder, 'server.sock')
  upstream = stdioUpstream({ socket, log: log(), ...options })
  await upstream.open
  server = await stdioServer(socket, way)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stdio-'))
})
afterEach(async () => {
  upstream.close()
  await server.end()
  rmSync(folder, { recursive: true, force: true })
})

const aCall = (name: string, more: Partial<Call> & { revision?: Revision; params?: object } = {}): Call => ({
  path: '/mcp',
  revision: '2025-11-25',
  outgoing: { method: 'tools/call', params: { name, ...more.params }, notification: false },
  ...more,
})
const a = (method: string, params = {}, revision: Revision = '2025-11-25'): Call => ({
  path: '/mcp',
  revision,
  outgoing: { method, params, notification: method.startsWith('notifications/') },
})
const reasonOf = async (sending: Promise<unknown>): Promise<string> =>
  await sending.then(
    () => 'answered',
    (why: unknown) => (why instanceof Refusal ? why.reason : String(why)),
  )
const withProgress = (
  more: ServerMessage[],
  revision: Revision = '2025-11-25',
): Partial<Call> & { params: object } => ({
  revision,
  params: { _meta: { progressToken: 'theirs' } },
  hearing: { take: (message) => more.push(message) > 0 },
})
/** Everything that was written so far has been read when this is answered. */
async function settled(): Promise<void> {
  const before = server.asked.length
  const last = upstream.send(aCall('last'))
  server.answer(await server.request(before), { content: [] })
  await last
}

describe('two callers at once', () => {
  for (const way of ['initialize', 'discover'] as const)
    verifies(
      'stdio:attribution',
      `each gets their own answer, in whatever order they come (${way})`,
      async () => {
        await begin(ways[way])
        const calls = Array.from({ length: 20 }, (_, at) => upstream.send(aCall(`of-${at}`)))
        await server.request(19)

        for (const asked of server.asked.toReversed())
          server.answer(asked, { content: [{ type: 'text', text: String(asked.params?.['name']) }] })

        const answers = await Promise.all(calls)
        expect(answers.map(({ result }) => result)).toEqual(
          calls.map((_, at) => ({ content: [{ type: 'text', text: `of-${at}` }] })),
        )
      },
    )

  verifies(
    'stdio:attribution',
    'a second answer to a call reaches nobody, least of all the next call',
    async () => {
      await begin(ways.initialize)
      const first = upstream.send(aCall('first'))
      const asked = await server.request(0)
      server.answer(asked, { content: [], of: 'first' })
      await first
      const second = upstream.send(aCall('second'))
      server.answer(asked, { content: [], of: 'Fluegel' })
      server.answer(asked, { content: [], of: 'Fluegel' })
      server.answer(await server.request(1), { content: [], of: 'second' })

      expect((await second).result).toEqual({ content: [], of: 'second' })
    },
  )

  verifies(
    'stdio:attribution',
    'an answer that comes after its call was given up reaches nobody',
    async () => {
      await begin(ways.initialize, { deadline: 100 })
      const late = upstream.send(aCall('late'))
      const asked = await server.request(0)
      expect(await reasonOf(late)).toBe('upstream-late')
      const next = upstream.send(aCall('next'))
      const told = await server.request(1)
      const second = await server.request(2)
      server.answer(asked, { content: [], of: 'Fluegel' })
      server.answer(second, { content: [], of: 'next' })

      expect((await next).result).toEqual({ content: [], of: 'next' })
      expect(told).toMatchObject({ method: 'notifications/cancelled', params: { requestId: asked.id } })
    },
  )

  for (const [what, of] of [
    ['the id after it', (id: number) => id + 1],
    ['the id before it', (id: number) => id - 1],
    ['the id as a text', (id: number) => String(id)],
    ['null', () => null],
    ['no id', () => undefined],
    ['the id in a list', (id: number) => [id]],
  ] as const)
    verifies('stdio:attribution', `an answer that bears ${what} reaches neither of two callers`, async () => {
      await begin(ways.initialize, { deadline: 300 })
      const both = [upstream.send(aCall('one')), upstream.send(aCall('two'))]
      const reasons = Promise.all(both.map(reasonOf))
      await server.request(1)

      for (const { id } of server.asked)
        server.say({ id: of(id as number), result: { content: [{ type: 'text', text: 'Fluegel' }] } })

      expect(await reasons).toEqual(['upstream-late', 'upstream-late'])
    })

  verifies(
    'stdio:attribution',
    'ids are no sequence: no other call’s id follows from one’s own',
    async () => {
      await begin(ways.initialize)
      const calls = Array.from({ length: 50 }, (_, at) => upstream.send(aCall(`of-${at}`)))
      await server.request(49)
      const ids = server.asked.map(({ id }) => id as number).toSorted((one, two) => one - two)
      for (const asked of server.asked) server.answer(asked, { content: [] })
      await Promise.all(calls)

      expect(new Set(ids).size).toBe(50)
      expect(Math.min(...ids.slice(1).map((id, at) => id - (ids[at] as number)))).toBeGreaterThan(1)
      expect(Math.max(...ids)).toBeLessThan(2 ** 31)
    },
  )

  verifies(
    'stdio:attribution',
    'progress reaches the call whose token it bears, and the token is ours',
    async () => {
      await begin(ways.initialize)
      const heard: [ServerMessage[], ServerMessage[]] = [[], []]
      const calls = heard.map((own, at) => upstream.send(aCall(`of-${at}`, withProgress(own))))
      await server.request(1)
      const tokens = server.asked.map(
        ({ params }) => (params?.['_meta'] as Record<string, unknown> | undefined)?.['progressToken'],
      )
      expect(tokens).toEqual(server.asked.map(({ id }) => id))

      server.say({ method: 'notifications/progress', params: { progressToken: tokens[1], progress: 1 } })
      server.say({ method: 'notifications/progress', params: { progressToken: 'theirs', progress: 2 } })
      server.say({
        method: 'notifications/progress',
        params: { progressToken: String(tokens[0]), progress: 3 },
      })
      server.say({ method: 'notifications/progress', params: { progress: 4 } })
      for (const asked of server.asked) server.answer(asked, { content: [] })
      await Promise.all(calls)
      server.say({ method: 'notifications/progress', params: { progressToken: tokens[0], progress: 5 } })
      await settled()

      expect(heard[0]).toEqual([])
      expect(heard[1].map(({ params }) => params['progress'])).toEqual([1])
    },
  )

  verifies('stdio:attribution', 'a call that asked for no progress gets none', async () => {
    await begin(ways.initialize)
    const heard: ServerMessage[] = []
    const call = upstream.send(aCall('one', { ...withProgress(heard), params: {} }))
    const { id } = await server.request(0)
    server.say({ method: 'notifications/progress', params: { progressToken: id, progress: 1 } })
    server.answer(server.asked[0], { content: [] })
    await call

    expect(heard).toEqual([])
  })

  verifies(
    'stdio:attribution',
    'what names no call reaches nobody: log messages, and whatever else a server says',
    async () => {
      await begin(ways.initialize)
      const heard: ServerMessage[] = []
      const call = upstream.send(aCall('one', withProgress(heard)))
      const { id } = await server.request(0)
      server.say({ method: 'notifications/message', params: { level: 'info', data: 'Fluegel' } })
      server.say({
        method: 'notifications/message',
        params: { level: 'info', data: 'Fluegel', _meta: { 'io.modelcontextprotocol/subscriptionId': id } },
      })
      server.say({ method: 'notifications/elicitation/complete', params: { elicitationId: 'Fluegel' } })
      server.say({ method: 'notifications/cancelled', params: { requestId: id } })
      server.answer(server.asked[0], { content: [] })
      const { otherMessages } = await call

      expect(heard).toEqual([])
      expect(otherMessages).toBe(0)
    },
  )

  verifies(
    'stdio:attribution',
    'a caller who cannot follow loses messages of their own call, and holds nobody up',
    async () => {
      await begin(ways.initialize)
      const heard: ServerMessage[] = []
      const slow = upstream.send(
        aCall('slow', { ...withProgress(heard), hearing: { take: (message) => heard.push(message) < 2 } }),
      )
      const { id } = await server.request(0)
      for (let at = 0; at < 10; at += 1)
        server.say({ method: 'notifications/progress', params: { progressToken: id, progress: at } })
      await settled()
      server.answer(server.asked[0], { content: [] })

      expect((await slow).otherMessages).toBe(8)
      expect(heard).toHaveLength(2)
    },
  )
})

const written = (id: number) =>
  `{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","content":[],"n":1.0}}`

test('an answer that is wanted as it was written is handed on so, unless it is put into another revision', async () => {
  await begin(ways.discover)
  const calls = (['2026-07-28', '2025-11-25'] as const).map((revision) =>
    upstream.send(aCall('one', { revision, keepText: true })),
  )
  await server.request(1)
  for (const { id } of server.asked) server.write(`${written(id ?? 0)}\n`)

  const [same, other] = await Promise.all(calls)
  expect(same?.text).toBe(written(server.asked[0]?.id ?? 0))
  expect(other?.text).toBeUndefined()
})

describe('what a server asks', () => {
  for (const method of ['sampling/createMessage', 'elicitation/create', 'roots/list', 'anything/else'])
    verifies('stdio:no-questions', `${method} is declined at once, and no caller hears of it`, async () => {
      await begin(ways.initialize)
      const heard: ServerMessage[] = []
      const call = upstream.send(aCall('one', withProgress(heard)))
      const { id } = await server.request(0)
      server.say({ id: 'question', method, params: { messages: ['Fluegel'] } })
      // With the very id of the call.
      server.say({ id, method, params: {}, result: { content: ['Fluegel'] } })
      const declined = [await server.request(1), await server.request(2)]
      server.answer(server.asked[0], { content: [] })

      expect((await call).result).toEqual({ content: [] })
      expect(heard).toEqual([])
      expect(declined.map((one) => one['error'])).toMatchObject([{ code: -32601 }, { code: -32601 }])
    })

  verifies('stdio:no-questions', 'a server is told that its client can do nothing', async () => {
    await begin(ways.initialize)
    await settled()

    const [discover, initialize] = server.handshake
    expect((discover?.params?.['_meta'] as object | undefined) ?? {}).toMatchObject({
      'io.modelcontextprotocol/clientCapabilities': {},
    })
    expect(initialize?.params?.['capabilities']).toEqual({})
  })

  test('a ping is answered', async () => {
    await begin(ways.initialize)
    server.say({ id: 7, method: 'ping' })

    expect(await server.request(0)).toEqual({ jsonrpc: '2.0', id: 7, result: {} })
  })
})

describe('a line that is no message', () => {
  for (const [what, line] of [
    ['plain text', 'Fluegel is ready\n'],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"result":{}}]\n'],
    ['another version', '{"jsonrpc":"1.0","id":1,"result":{}}\n'],
    ['no UTF-8', Buffer.from([0xff, 0xfe, 0x0a])],
    ['an object without a meaning', '{"jsonrpc":"2.0"}\n'],
  ] as const)
    verifies('stdio:attribution', `${what} fails no call`, async () => {
      await begin(ways.initialize)
      const call = upstream.send(aCall('one'))
      await server.request(0)
      server.write(line)
      server.answer(server.asked[0], { content: [] })

      expect((await call).result).toEqual({ content: [] })
    })

  for (const [what, line, reason] of [
    [
      'is broken',
      (id: number) => `{"jsonrpc":"2.0","id":${id},"result":{"content":[}\n`,
      'upstream-malformed',
    ],
    [
      'is too large, its id first',
      (id: number) => `{"jsonrpc":"2.0","id":${id},"result":{"content":"${'x'.repeat(5_000)}"}}\n`,
      'upstream-too-large',
    ],
    [
      'is too large, its id last',
      (id: number) => `{"result":{"content":"${'x'.repeat(5_000)}"},"jsonrpc":"2.0","id":${id}}\n`,
      'upstream-too-large',
    ],
    [
      'is nested too deep',
      (id: number) => `{"jsonrpc":"2.0","id":${id},"result":${'['.repeat(80)}${']'.repeat(80)}}\n`,
      'upstream-malformed',
    ],
    [
      'is no object',
      (id: number) => `{"jsonrpc":"2.0","id":${id},"result":"Fluegel"}\n`,
      'upstream-malformed',
    ],
    [
      'is an error',
      (id: number) => `{"jsonrpc":"2.0","id":${id},"error":{"code":-1,"message":"Fluegel"}}\n`,
      'upstream-error',
    ],
  ] as const)
    verifies('stdio:attribution', `an answer that ${what} fails its own call alone`, async () => {
      await begin(ways.initialize, { limit: 4_000 })
      const calls = [upstream.send(aCall('one')), upstream.send(aCall('two'))] as const
      const first = reasonOf(calls[0])
      const [one] = [await server.request(0), await server.request(1)]
      server.write(line(one?.id as number))
      server.answer(server.asked[1], { content: [] })

      expect(await first).toBe(reason)
      expect((await calls[1]).result).toEqual({ content: [] })
    })
})

describe('a handshake', () => {
  const capabilities = { tools: { listChanged: true }, resources: { subscribe: true } }

  test('is made once for each process, and every caller’s is answered out of it', async () => {
    await begin(ways.initialize)

    const both = await Promise.all([
      upstream.send(a('initialize')),
      upstream.send(a('initialize', {}, '2025-06-18')),
    ])
    await upstream.send(a('notifications/initialized'))

    expect(both.map(({ result }) => result['protocolVersion'])).toEqual(['2025-11-25', '2025-06-18'])
    expect(both[0]?.result['capabilities']).toEqual(capabilities)
    expect(both[0]?.session).toBe(both[1]?.session)
    await expect
      .poll(() => server.handshake.map(({ method }) => method))
      .toEqual(['server/discover', 'initialize', 'notifications/initialized'])
    expect(server.asked).toEqual([])
  })

  verifies(
    'stdio:process',
    'callers of a server that keeps nothing for them get no session, so that any replica serves them',
    async () => {
      await begin((asked) => {
        const said = ways.initialize(asked)
        return 'result' in said ? { result: { ...said.result, capabilities: { tools: {} } } } : said
      })

      expect(await upstream.send(a('initialize'))).not.toHaveProperty('session')
      await server.end()
      upstream.close()
      await begin(ways.discover)
      expect(await upstream.send(a('initialize'))).not.toHaveProperty('session')
    },
  )

  test('a server of the earlier revision tells a caller of the later one so', async () => {
    await begin(ways.earlier)

    expect((await upstream.send(a('initialize'))).result['protocolVersion']).toBe('2025-06-18')
  })

  test('a server of a revision that is not served serves nobody', async () => {
    await begin(ways.ancient)

    expect(await reasonOf(upstream.send(a('initialize')))).toBe('upstream-no-handshake')
    expect(await reasonOf(upstream.send(aCall('one')))).toBe('upstream-no-handshake')
    expect(server.asked).toEqual([])
  })

  test('a server of before is not spoken to in 2026-07-28', async () => {
    await begin(ways.initialize)

    expect(await reasonOf(upstream.send(a('server/discover', {}, '2026-07-28')))).toBe(
      'upstream-no-handshake',
    )
    expect(await reasonOf(upstream.send(aCall('one', { revision: '2026-07-28' })))).toBe(
      'upstream-no-handshake',
    )
    expect(server.asked).toEqual([])
  })

  test('a server of 2026-07-28 serves callers of before in its own way of speaking', async () => {
    await begin(ways.discover)
    const hello = await upstream.send(a('initialize'))
    const call = upstream.send(aCall('one'))
    const asked = await server.request(0)
    server.answer(asked, { resultType: 'complete', content: [] })
    const asking = upstream.send(aCall('two'))
    server.answer(await server.request(1), { resultType: 'input_required', inputRequests: {} })

    expect(hello.result).toMatchObject({
      protocolVersion: '2025-11-25',
      serverInfo: { name: 'sample', version: '1.0.0' },
      capabilities: { tools: { listChanged: true }, resources: {} },
    })
    expect(asked.params?.['_meta']).toMatchObject({
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    })
    expect((await call).result).toEqual({ content: [] })
    expect(await reasonOf(asking)).toBe('upstream-asks')
    expect(server.handshake.map(({ method }) => method)).toEqual(['server/discover'])
  })

  test('a server that ends over the question of 2026-07-28 is greeted the old way the next time', async () => {
    await begin(({ method }, socket) => {
      if (method === 'server/discover') socket.destroy()
      return undefined
    })
    await expect.poll(() => said).toContain('The server’s process is gone')
    server = await stdioServer(join(folder, 'server.sock'), ways.initialize)

    expect((await upstream.send(a('initialize'))).result['protocolVersion']).toBe('2025-11-25')
    expect(server.handshake[0]?.method).toBe('initialize')
  })

  test('no caller sets the level of log messages that none of them gets', async () => {
    await begin(ways.initialize)

    expect(await reasonOf(upstream.send(a('logging/setLevel', { level: 'debug' })))).toBe('method-unknown')
    expect(server.asked).toEqual([])
  })
})

describe('a process', () => {
  verifies('stdio:process', 'its end breaks off what runs, and sessions begun with it are over', async () => {
    await begin(ways.initialize)
    const { session = '' } = await upstream.send(a('initialize'))
    const call = reasonOf(upstream.send(aCall('one', { session, key: 'mine' })))
    await server.request(0)
    const id = upstream.idOf('mine')
    await server.end()
    expect(await call).toBe('upstream-broken-off')
    await expect.poll(() => said).toContain('The server’s process is gone')
    server = await stdioServer(join(folder, 'server.sock'), ways.initialize)

    expect(id).toBeTypeOf('number')
    expect(upstream.idOf('mine')).toBeUndefined()
    expect(await reasonOf(upstream.send(aCall('two', { session })))).toBe('session-unknown')
    expect((await upstream.send(a('initialize'))).session).not.toBe(session)
  })

  verifies('stdio:process', 'an answer of one process never answers a call of the next', async () => {
    await begin(ways.initialize)
    const first = reasonOf(upstream.send(aCall('one')))
    const { id } = await server.request(0)
    await server.end()
    expect(await first).toBe('upstream-broken-off')
    await expect.poll(() => said).toContain('The server’s process is gone')
    server = await stdioServer(join(folder, 'server.sock'), ways.initialize)
    const second = upstream.send(aCall('two'))
    const asked = await server.request(0)
    server.say({ id, result: { content: [], of: 'Fluegel' } })
    server.answer(asked, { content: [], of: 'two' })

    expect((await second).result).toEqual({ content: [], of: 'two' })
  })

  verifies('stdio:process', 'a second one is turned away while the first lives', async () => {
    await begin(ways.initialize)
    await settled()
    const second = await stdioServer(join(folder, 'server.sock'), ways.initialize)
    await new Promise((resolve) => second.socket.once('close', resolve))

    expect(second.handshake).toEqual([])
    await settled()
  })

  verifies('stdio:process', 'a call waits for one that is starting, and no longer than it may', async () => {
    await begin(ways.initialize, { patience: 200 })
    await settled()
    await server.end()
    await expect.poll(() => said).toContain('The server’s process is gone')

    expect(await reasonOf(upstream.send(aCall('one')))).toBe('upstream-down')
    const waiting = upstream.send(a('initialize'))
    server = await stdioServer(join(folder, 'server.sock'), ways.initialize)
    expect((await waiting).result['protocolVersion']).toBe('2025-11-25')
  })

  test('that a killed sidecar left its socket behind keeps nobody out', async () => {
    await begin(ways.initialize)
    const again = stdioUpstream({
      socket: join(folder, 'server.sock'),
      log: log(),
    })
    await again.open
    const second = await stdioServer(join(folder, 'server.sock'), ways.initialize)

    expect((await again.send(a('initialize'))).result['protocolVersion']).toBe('2025-11-25')
    again.close()
    await second.end()
  })
})

const about = (id: unknown) => ({ _meta: { 'io.modelcontextprotocol/subscriptionId': id } })
const listening = (heard: ServerMessage[], gone: AbortSignal, session?: string) =>
  upstream.listen({
    path: '/mcp',
    revision: '2025-11-25',
    hearing: { take: (message) => heard.push(message) > 0 },
    gone,
    ...(session === undefined ? {} : { session }),
  })

describe('changes that a server tells of', () => {
  verifies('stdio:attribution', 'reach the streams of sessions, and end with them', async () => {
    await begin(ways.initialize)
    const { session = '' } = await upstream.send(a('initialize'))
    const heard: ServerMessage[] = []
    const over = new AbortController()
    const stream = listening(heard, over.signal, session)
    await settled()
    server.say({ method: 'notifications/tools/list_changed' })
    server.say({ method: 'notifications/resources/updated', params: { uri: 'ehr://p-1' } })
    server.say({ method: 'notifications/message', params: { data: 'Fluegel' } })
    server.say({ method: 'notifications/progress', params: { progressToken: 1, progress: 1 } })
    await settled()
    over.abort()
    await stream
    server.say({ method: 'notifications/tools/list_changed' })
    await settled()

    expect(heard.map(({ method }) => method)).toEqual([
      'notifications/tools/list_changed',
      'notifications/resources/updated',
    ])
    expect(await reasonOf(listening([], over.signal, 'another'))).toBe('session-unknown')
  })

  verifies('stdio:attribution', 'of a subscription reach whose it is, by our id of it', async () => {
    await begin(ways.discover)
    const heard: [ServerMessage[], ServerMessage[]] = [[], []]
    const over = [new AbortController(), new AbortController()] as const
    const streams = heard.map((own, at) =>
      reasonOf(
        upstream.send({
          ...a('subscriptions/listen', { notifications: {} }, '2026-07-28'),
          hearing: { take: (message) => own.push(message) > 0 },
          gone: (over[at] as AbortController).signal,
          endless: true,
        }),
      ),
    )
    const [one, two] = [await server.request(0), await server.request(1)]
    server.say({ method: 'notifications/tools/list_changed', params: about(two?.id) })
    server.say({ method: 'notifications/prompts/list_changed', params: about(12345) })
    server.say({
      method: 'notifications/resources/updated',
      params: { uri: 'ehr://p-1', ...about(String(one?.id)) },
    })
    await settled()
    over[0].abort()
    const told = await server.request(3)
    server.say({ method: 'notifications/cancelled', params: { requestId: two?.id } })

    expect(await Promise.all(streams)).toEqual(['caller-gone', 'upstream-broken-off'])
    expect(heard[0]).toEqual([])
    expect(heard[1].map(({ method }) => method)).toEqual(['notifications/tools/list_changed'])
    expect(told).toMatchObject({ method: 'notifications/cancelled', params: { requestId: one?.id } })
  })

  test('one caller’s unsubscribing takes nothing from another', async () => {
    await begin(ways.initialize)

    expect((await upstream.send(a('resources/unsubscribe', { uri: 'ehr://p-1' }))).result).toEqual({})
    expect(server.asked).toEqual([])
  })
})

test('a caller’s cancelling names the call by the id that the server knows it by', async () => {
  await begin(ways.initialize)
  const call = upstream.send(aCall('one', { key: 'mine' }))
  const { id } = await server.request(0)
  await upstream.send(a('notifications/cancelled', { requestId: upstream.idOf('mine') }))

  expect(await server.request(1)).toMatchObject({
    method: 'notifications/cancelled',
    params: { requestId: id },
  })
  server.answer(server.asked[0], { content: [] })
  await call
  expect(upstream.idOf('mine')).toBeUndefined()
})
