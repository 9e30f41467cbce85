// A server that keeps to no rule: it writes what it likes, when it likes, on the bare connection. What it says holds what
// stands for patient data, everywhere.

import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { mark, word } from './markers.ts'

type Told = { readonly id: unknown; readonly method: unknown }
/** Says something on a connection. Resolves when it has, or the connection is gone. */
export type Saying = (told: Told, socket: Socket) => void | Promise<void>

export type HostileServer = {
  readonly port: number
  /** Messages that reached it. */
  readonly told: Told[]
  saying: Saying
  /** Ends every connection. */
  hangUp(): void
  close(): Promise<void>
}

export async function hostileServer(): Promise<HostileServer> {
  const told: Told[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    let held = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      for (let one = requestIn(held); one !== undefined; one = requestIn(held)) {
        held = held.subarray(one.end)
        told.push(one.told)
        void own.saying(one.told, socket)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const own: HostileServer = {
    port: (server.address() as AddressInfo).port,
    told,
    saying: good,
    hangUp() {
      for (const socket of sockets) socket.destroy()
    },
    close: async () => {
      own.hangUp()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  return own
}

function requestIn(bytes: Buffer): { told: Told; end: number } | undefined {
  const head = bytes.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const length = /\r\ncontent-length: (\d+)/i.exec(bytes.toString('latin1', 0, head))?.[1]
  const end = head + 4 + Number(length ?? 0)
  if (bytes.length < end) return undefined
  const body = JSON.parse(bytes.toString('utf8', head + 4, end) || '{}') as Record<string, unknown>
  return { told: { id: body['id'], method: body['method'] }, end }
}

const message = (members: object): string => JSON.stringify({ jsonrpc: '2.0', ...members })
const event = (members: object): string => `data: ${message(members)}\n\n`
const head = (status: string, ...lines: string[]): string =>
  `HTTP/1.1 ${status}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`
const whole = (body: string, ...lines: string[]): string =>
  `${head('200 OK', 'content-type: application/json', `content-length: ${Buffer.byteLength(body)}`, ...lines)}${body}`
const stream = head('200 OK', 'content-type: text/event-stream', 'connection: close')
const result = { content: [], structuredContent: { conditions: [{ code: 'E11' }] } }
const bad = {
  content: [{ type: 'text', text: mark }],
  structuredContent: { [word]: mark },
  _meta: { [word]: mark },
}
const log = { method: 'notifications/message', params: { level: 'info', logger: word, data: mark } }

/** As a server should. What is told without an id is taken. */
export const good: Saying = ({ id, method }, socket) => {
  socket.write(
    id === undefined || method === undefined
      ? head('202 Accepted', 'content-length: 0')
      : whole(message({ id, result })),
  )
}

/** Writes the same again and again, for as long as anybody reads. */
async function forever(socket: Socket, bytes: string | Buffer, every = 0): Promise<void> {
  while (!socket.destroyed) {
    if (!socket.write(bytes)) await new Promise<void>((resolve) => once(socket, resolve))
    await sleep(every)
  }
}

/** Writes the same so many times, no faster than it is read. */
export async function again(socket: Socket, bytes: string, times: number): Promise<void> {
  for (let at = 0; at < times && !socket.destroyed; at += 1)
    if (!socket.write(bytes)) await new Promise<void>((resolve) => once(socket, resolve))
}

function once(socket: Socket, resolve: () => void): void {
  const done = (): void => {
    socket.off('drain', done)
    socket.off('close', done)
    resolve()
  }
  socket.on('drain', done)
  socket.on('close', done)
}

/** One byte in each chunk of the transfer. */
export function crumbs(size: number): string {
  return '1\r\nx\r\n'.repeat(size)
}

const answering =
  (write: (id: unknown) => string | Buffer): Saying =>
  (told, socket) =>
    told.method === undefined ? good(told, socket) : void socket.write(write(told.id))
const ending =
  (write: (id: unknown) => string): Saying =>
  (told, socket) =>
    told.method === undefined ? good(told, socket) : void socket.end(write(told.id))

/** What it may do. `reason`: why the call is refused, `undefined` where it is answered. */
// biome-ignore format: a table reads best as a table
export const hostilities: readonly { readonly what: string; readonly reason?: string | readonly string[]; readonly saying: Saying; readonly spoils?: true; readonly talks?: true }[] = [
  { what: 'answers late', reason: 'upstream-late', saying: async ({ id }, socket) => {
    await sleep(400)
    socket.write(whole(message({ id, result: bad })))
  } },
  { what: 'answers twice', saying: answering((id) => `${whole(message({ id, result }))}${whole(message({ id, result: bad }))}`) },
  { what: 'answers twice in a stream', saying: ending((id) => `${stream}${event({ id, result })}${event({ id, result: bad })}${event(log)}`) },
  { what: 'speaks after the end', spoils: true, saying: async ({ id }, socket) => {
    socket.write(whole(message({ id, result })))
    await sleep(5)
    socket.write(whole(message({ id, result: bad })))
  } },
  { what: 'answers another call', reason: 'upstream-malformed', saying: answering((id) => whole(message({ id: Number(id) + 1, result: bad }))) },
  { what: 'answers with an id as text', reason: 'upstream-malformed', saying: answering((id) => whole(message({ id: String(id), result: bad }))) },
  { what: 'answers with a list as id', reason: 'upstream-malformed', saying: answering((id) => whole(message({ id: [id], result: bad }))) },
  { what: 'answers with no id', reason: 'upstream-malformed', saying: answering(() => whole(message({ id: null, result: bad }))) },
  { what: 'answers other calls in its stream', reason: 'upstream-malformed', saying: ending((id) => `${stream}${event({ id: word, result: bad })}${event({ id, result })}`) },
  { what: 'answers and fails at once', reason: 'upstream-error', saying: answering((id) => whole(message({ id, result: bad, error: { code: 1, message: mark } }))) },
  { what: 'answers with neither', reason: 'upstream-malformed', saying: answering((id) => whole(message({ id, [word]: mark }))) },
  { what: 'names patients in an error', reason: 'upstream-error', saying: answering((id) => whole(message({ id, error: { code: -32000, message: mark, data: { [word]: mark } } }))) },
  { what: 'names patients in what it logs', saying: ending((id) => `${stream}${event(log).repeat(20)}${event({ id, result })}`) },
  { what: 'names patients in `_meta`', saying: answering((id) => whole(message({ id, result: { ...result, _meta: { [word]: mark } } }))) },
  { what: 'answers in another revision', reason: ['upstream-malformed', 'upstream-asks'], saying: answering((id) => whole(message({ id, result: { resultType: 'input_required', inputRequests: { who: { method: 'sampling/createMessage', params: { systemPrompt: mark } } }, requestState: mark } }))) },
  { what: 'answers with a batch', reason: 'upstream-malformed', saying: answering((id) => whole(`[${message({ id, result: bad })}]`)) },
  { what: 'answers as a page', reason: 'upstream-malformed', saying: answering(() => `${head('200 OK', 'content-type: text/html', `content-length: ${mark.length}`)}${mark}`) },
  { what: 'answers as text', reason: 'upstream-malformed', saying: answering((id) => whole(message({ id, result })).replace('application/json', 'text/plain')) },
  { what: 'says that it is compressed', reason: 'upstream-malformed', saying: answering((id) => whole(message({ id, result: bad }), 'content-encoding: gzip')) },
  { what: 'compresses without saying so', reason: 'upstream-malformed', saying: answering((id) => {
    const bytes = gzipSync(message({ id, result: bad }))
    return Buffer.concat([Buffer.from(head('200 OK', 'content-type: application/json', `content-length: ${bytes.length}`)), bytes])
  }) },
  { what: 'compresses its stream', reason: 'upstream-malformed', saying: answering(() => head('200 OK', 'content-type: text/event-stream', 'content-encoding: br')) },
  { what: 'compresses the transfer', reason: 'upstream-broken-off', saying: answering(() => head('200 OK', 'content-type: application/json', 'transfer-encoding: gzip, chunked')) },
  { what: 'splits its response in a header', reason: ['upstream-malformed', 'upstream-broken-off', 'upstream-error'], saying: answering((id) => `HTTP/1.1 500 ${mark}\r\nx-a: b\r\ncontent-length: 0\r\n\r\n${whole(message({ id, result: bad }))}`) },
  { what: 'breaks a header with bare line feeds', reason: 'upstream-broken-off', saying: answering((id) => `HTTP/1.1 200 OK\r\nx-a: b\nset-cookie: ${word}\r\ncontent-type: application/json\r\n\r\n${message({ id, result: bad })}`) },
  { what: 'folds a header', reason: 'upstream-broken-off', saying: answering((id) => whole(message({ id, result: bad }), 'x-a: b', ` ${mark}`)) },
  { what: 'says two lengths', reason: 'upstream-broken-off', saying: answering((id) => whole(message({ id, result: bad }), 'content-length: 5')) },
  { what: 'says a length and chunks', reason: 'upstream-broken-off', saying: answering((id) => whole(message({ id, result: bad }), 'transfer-encoding: chunked')) },
  { what: 'changes the protocol', reason: 'upstream-broken-off', saying: answering(() => head('101 Switching Protocols', 'upgrade: h2c')) },
  { what: 'promises an answer for ever', reason: 'upstream-broken-off', saying: answering(() => head('103 Early Hints', `link: <${word}>`).repeat(100)) },
  { what: 'writes headers without end', reason: 'upstream-broken-off', saying: async (_, socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    await forever(socket, `x-${word}: ${mark}\r\n`.repeat(400))
  } },
  { what: 'writes an answer without end', reason: 'upstream-too-large', saying: async (_, socket) => {
    socket.write(head('200 OK', 'content-type: application/json'))
    await forever(socket, `"${'x'.repeat(65_000)}",`)
  } },
  { what: 'writes an event without end', reason: 'upstream-too-large', saying: async (_, socket) => {
    socket.write(`${stream}data: `)
    await forever(socket, 'x'.repeat(65_536))
  } },
  { what: 'writes an event of endless lines', reason: 'upstream-too-large', saying: async (_, socket) => {
    socket.write(stream)
    await forever(socket, 'data: x\n'.repeat(8_192))
  } },
  { what: 'writes nothing but comments', reason: 'upstream-late', saying: async (_, socket) => {
    socket.write(stream)
    await forever(socket, `: ${mark}\n\n`, 5)
  } },
  { what: 'writes nothing but ids', reason: 'upstream-late', saying: async (_, socket) => {
    socket.write(stream)
    await forever(socket, `id: ${word}\ndata:\n\n`, 5)
  } },
  { what: 'logs for ever and never answers', talks: true, reason: 'upstream-late', saying: async (told, socket) => {
    if (told.method === undefined) return await good(told, socket)
    socket.write(stream)
    await forever(socket, event(log), 5)
  } },
  { what: 'keeps its stream open after the answer, and goes on', saying: async (told, socket) => {
    if (told.method === undefined) return await good(told, socket)
    socket.write(`${stream}${event({ id: told.id, result })}`)
    await forever(socket, event(log), 5)
  } },
  { what: 'answers byte by byte, slowly', reason: 'upstream-late', saying: async ({ id }, socket) => {
    for (const byte of whole(message({ id, result: bad }))) {
      if (socket.destroyed) return
      socket.write(byte)
      await sleep(20)
    }
  } },
  { what: 'streams byte by byte, slowly', reason: 'upstream-late', saying: async ({ id }, socket) => {
    socket.write(stream)
    for (const byte of event({ id, result: bad })) {
      if (socket.destroyed) return
      socket.write(byte)
      await sleep(60)
    }
  } },
  { what: 'asks thousands of questions', saying: ending((id) => {
    const ask = (at: number): string => event({ id: `${word}-${at}`, method: 'sampling/createMessage', params: { messages: [{ role: 'user', content: { type: 'text', text: mark } }], maxTokens: 1, systemPrompt: mark } })
    return `${stream}${Array.from({ length: 5_000 }, (_, at) => ask(at)).join('')}${event({ id, result })}`
  }) },
  { what: 'asks with ids of wrong type', saying: ending((id) => `${stream}${event({ id: { [word]: mark }, method: 'ping' })}${event({ id: null, method: 'ping', params: { [word]: mark } })}${event({ id: [mark], method: 'roots/list' })}${event({ id, result })}`) },
  { what: 'says what is no message', reason: 'upstream-malformed', saying: ending((id) => `${stream}data: "${mark}"\n\n${event({ id, result })}`) },
  { what: 'says what is no text', reason: 'upstream-malformed', saying: answering(() => Buffer.concat([Buffer.from(`${stream}data: `), Buffer.from([0xc3, 0x28, 0x0a, 0x0a])])) },
  { what: 'nests without end', reason: 'upstream-malformed', saying: answering((id) => whole(`{"jsonrpc":"2.0","id":${String(id)},"result":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`)) },
  { what: 'sends half a surrogate pair', reason: 'upstream-malformed', saying: answering((id) => whole(`{"jsonrpc":"2.0","id":${String(id)},"result":{"content":[],"structuredContent":{"conditions":[{"code":"\\ud800"}]}}}`)) },
  { what: 'hangs up', reason: 'upstream-broken-off', saying: (_, socket) => void socket.destroy() },
  { what: 'resets', reason: 'upstream-broken-off', saying: (_, socket) => void socket.resetAndDestroy() },
  { what: 'hangs up in the middle of its answer', reason: 'upstream-broken-off', saying: ending((id) => whole(message({ id, result: bad })).slice(0, -9)) },
  { what: 'gives a session that is no word', reason: 'upstream-malformed', saying: answering(() => whole(`{"jsonrpc":"2.0","id":0,"result":{}}`, `mcp-session-id: ${mark}`)) },
]
