// A server that keeps to no rule: each call has a clear end, in bounded time and memory, recorded, and nothing of what the
// server said in it; and the next call is served.

import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import {
  again,
  crumbs,
  good,
  type HostileServer,
  hostileServer,
  hostilities,
} from '../../support/hostile-server.ts'
import { everything, kept, mark, marksIn, word } from '../../support/markers.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { aPolicy } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const limit = 2 * 1024 * 1024
let hostile: HostileServer
let scene: Scene
beforeAll(async () => {
  hostile = await hostileServer()
  scene = await aScene({
    policy: everything('Drop'),
    upstream: { port: hostile.port, deadline: 200, longest: 7_000, limit },
  })
})
afterAll(async () => {
  await scene.end()
  await hostile.close()
})
afterEach(() => {
  hostile.saying = good
  scene.use(aPolicy(everything('Drop')))
  scene.trail.entries.length = 0
  scene.watched.length = 0
  expect(scene.faults.splice(0)).toEqual([])
})

type Result = {
  content: unknown
  isError?: boolean
  structuredContent?: unknown
  _meta?: Record<string, string>
}
const call = aCall({ patient_id: 'p-7' })
const served = { structuredContent: { conditions: [{ code: 'E11' }] } }

function resultOf(text: string): Result {
  const last = text.startsWith('{') ? text : text.slice(text.lastIndexOf('data: ') + 6)
  return (JSON.parse(last) as { result: Result }).result
}

for (const silent of [false, true])
  for (const { what, reason, saying, spoils, talks } of hostilities)
    verifies(
      'transmission:hostile-server',
      `it ${what}, and ${silent ? 'may say nothing besides' : 'may say everything'}`,
      async () => {
        if (silent) scene.use(aPolicy({ ...everything('Drop'), fromServer: {} }))
        hostile.saying = saying
        const began = performance.now()

        const reply = await scene.ask(call)

        // Half of what any stream of a call may last, unless it says something all the time.
        expect(performance.now() - began).toBeLessThan(talks === true ? 10_000 : 5_000)
        const out = `${JSON.stringify(reply.headers)}${reply.text}`
        expect(marksIn(out)).toEqual([])
        expect(marksIn(kept(scene))).toEqual([])
        const result = resultOf(reply.text)
        const reasons = reason === undefined ? [undefined] : [reason].flat()
        expect(reasons).toContain(result['_meta']?.['dev.hipaa-mcp/reason'])
        if (reason === undefined) expect(result).toMatchObject(served)
        expect(scene.trail.of('intent')).toHaveLength(1)
        expect(scene.trail.of('result')).toHaveLength(1)

        hostile.saying = good
        let next = resultOf((await scene.ask(call)).text)
        // What came behind an answer may stand before the next one: its id says whose it is, and that call fails.
        if (spoils === true && next.isError === true) {
          expect(next['_meta']).toMatchObject({ 'dev.hipaa-mcp/reason': 'upstream-malformed' })
          next = resultOf((await scene.ask(call)).text)
        }
        expect(next).toMatchObject(served)
      },
      60_000,
    )

const chunked = 'transfer-encoding: chunked\r\n'
const json = 'content-type: application/json\r\n'
const stream = 'content-type: text/event-stream\r\n'
const event = (members: object): string => `data: ${JSON.stringify({ jsonrpc: '2.0', ...members })}\n\n`

/** A handshake with this session of the server's. */
async function initialized(name: string) {
  const own = '{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}'
  hostile.saying = ({ id }, socket) => {
    const body = `{"jsonrpc":"2.0","id":${String(id)},"result":${own}}`
    socket.write(
      `HTTP/1.1 200 OK\r\n${json}mcp-session-id: ${name}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
  }
  return await scene.ask(aMessage('initialize', { protocolVersion: '2025-11-25', capabilities: {} }))
}

async function session(): Promise<Record<string, string>> {
  const { headers } = await initialized('theirs')
  return { 'mcp-session-id': String(headers['mcp-session-id']), 'mcp-protocol-version': '2025-11-25' }
}

for (const [what, said] of [
  ['an event without end', `data: ${'x'.repeat(limit + 1)}`],
  ['what is no message', `data: "${mark}"\n\n`],
  ['answers that nobody waits for', event({ id: 1, result: { [word]: mark } }).repeat(100)],
  ['questions with ids of wrong type', event({ id: { [word]: mark }, method: 'roots/list' })],
  ['bytes that are no text', Buffer.from([0x64, 0xff, 0x0a, 0x0a])],
] as const)
  verifies('transmission:hostile-server', `on the stream of a session it says ${what}`, async () => {
    const headers = await session()
    hostile.saying = (_, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${stream}connection: close\r\n\r\n`)
      socket.end(said)
    }

    const heard = await scene.ask({ method: 'GET', body: '', headers })

    expect(marksIn(`${JSON.stringify(heard.headers)}${heard.text}`)).toEqual([])
    expect(heard.text).not.toContain('method')
    expect(marksIn(kept(scene))).toEqual([])
    expect(scene.trail.of('result')).toHaveLength(scene.trail.of('intent').length)
    hostile.saying = good
    expect(
      resultOf((await scene.ask({ ...call, headers: { ...call.headers, ...headers } })).text),
    ).toMatchObject(served)
  })

verifies(
  'transmission:hostile-server',
  'a session that it gives is a word of bounded length, or none',
  async () => {
    for (const name of ['a b', 'x'.repeat(1_025), 'größe']) {
      const begun = await initialized(name)

      expect(begun.headers).not.toHaveProperty('mcp-session-id')
      expect(begun.json).toMatchObject({ error: { data: { reason: 'upstream-malformed' } } })
    }
    expect((await initialized('x'.repeat(1_024))).status).toBe(200)
  },
)

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that cannot be collected, those of buffers among them. */
function held(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const bigLog = { method: 'notifications/message', params: { level: 'info', data: 'x'.repeat(10_000) } }
const roots = { id: 1, method: 'roots/list' }
const almost = limit - 65_536

const floods: { what: string; head: string; piece: string; times: number }[] = [
  { what: 'an answer', head: json, piece: 'x'.repeat(8_192), times: almost / 8_192 },
  { what: 'an answer in crumbs', head: json + chunked, piece: crumbs(8_192), times: almost / 8_192 },
  { what: 'an event', head: `${stream}\r\ndata: `, piece: 'x'.repeat(8_192), times: almost / 8_192 },
  { what: 'an event in crumbs', head: stream + chunked, piece: crumbs(8_192), times: almost / 8_192 },
  { what: 'an event in lines', head: stream, piece: 'data: x\n'.repeat(1_024), times: almost / 8_192 },
  { what: 'comments', head: stream, piece: ': x\n\n'.repeat(1_024), times: 4_000 },
  { what: 'large messages', head: stream, piece: event(bigLog), times: 2_000 },
  { what: 'questions', head: stream, piece: event(roots).repeat(100), times: 500 },
]
for (const { what, head, piece, times } of floods)
  verifies(
    'transmission:hostile-server',
    `of ${what} it holds no more than eight times the limit`,
    async () => {
      const roomy = await aScene({
        policy: everything('Drop'),
        upstream: { port: hostile.port, deadline: 10_000, limit },
      })
      const said = Promise.withResolvers<void>()
      hostile.saying = async (told, socket) => {
        if (told.method === undefined) return await good(told, socket)
        socket.write(`HTTP/1.1 200 OK\r\n${head.includes('\r\n\r\n') ? head : `${head}\r\n`}`)
        await again(socket, piece, times)
        said.resolve()
      }
      const before = held()
      const reply = roomy.ask(call)
      // Where the sidecar reads no further because nobody takes what comes, it is not said to the end.
      await Promise.race([said.promise, sleep(5_000)])

      // On a busy machine much is on its way at one moment; what is held is there at every one. The trail is the test's own.
      const growth = () => held() - before - 4 * JSON.stringify(roomy.trail.entries).length
      await expect.poll(growth, { interval: 200, timeout: 15_000 }).toBeLessThan(8 * limit)

      hostile.saying = good
      expect((await roomy.ask(aMessage('tools/list'))).status).toBe(200)
      hostile.hangUp()
      expect((await reply).status).toBe(200)
      expect(roomy.faults).toEqual([])
      await roomy.end()
    },
    60_000,
  )
