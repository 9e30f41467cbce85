// Posts on one lasting connection: answered as requests are, held to the same bounds, and ended where a request would be.

import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { Bodies } from '../../collector/bodies.ts'
import type { Store } from '../../collector/commit/commit.ts'
import { PostStream } from '../../collector/posts.ts'
import { type Route, routes } from '../../collector/receive.ts'
import { Refusal } from '../../collector/refusals.ts'
import { collectorServer, type ServerOptions } from '../../collector/server.ts'
import type { Trail } from '../../collector/trail.ts'
import { identity } from '../../core/identifiers.ts'
import { type Frame, Frames, frameHead, frameOf } from '../../core/post-frames.ts'
import { recordBytes } from '../../core/record.ts'
import { posts, recordsLimit, targetLimit } from '../../core/wire.ts'
import type { Authority } from '../../operator/authority/ca.ts'
import { anIntent, aResult } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import { anEmbeddedStore, aPod, aTrail, Process } from './a-trail.ts'
import { anAuthority, type Certificate, certify, uriOf } from './peers.ts'

let authority: Authority
let own: Certificate
const running: Server[] = []
const lines: Line[] = []

beforeAll(async () => {
  authority = await anAuthority()
  own = await certify(authority, identity.collector)
})
afterEach(() => {
  for (const line of lines.splice(0)) line.socket.destroy()
  for (const server of running.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const log = { info: () => undefined, warn: () => undefined, error: () => undefined }

async function listening(
  table: ReturnType<ServerOptions['routes']>,
  more: Partial<ServerOptions> = {},
): Promise<{ server: Server; port: number }> {
  const server = collectorServer({
    ...own,
    ca: authority.pem,
    routes: () => table,
    log,
    now: Date.now,
    ...more,
  })
  running.push(server)
  server.listen(0)
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

type Started = { server: Server; port: number; trail: Trail }

async function started(more: Partial<ServerOptions> & { store?: Store } = {}): Promise<Started> {
  const { store = await anEmbeddedStore(), ...options } = more
  const trail = await aTrail(store, { now: Date.now() })
  return { ...(await listening(routes(trail, store), options)), trail }
}

type Said = { id: number; status: number; text: string }

/** A connection that left HTTP. */
class Line {
  readonly socket: TLSSocket
  readonly answers: Said[] = []
  closed = false
  #id = 0
  readonly #frames = new Frames(1024 * 1024)

  constructor(socket: TLSSocket, head: Buffer) {
    this.socket = socket
    lines.push(this)
    socket.on('error', () => undefined)
    socket.once('close', () => (this.closed = true))
    const took = (chunk: Buffer): void => {
      this.#frames.take(chunk)
      for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next())
        this.answers.push(saidBy(frame))
    }
    socket.on('data', took)
    took(head)
  }

  frame(target: string, body: string | Buffer = ''): Buffer {
    const path = Buffer.from(target)
    this.#id += 1
    return frameOf(this.#id, path.length, [path, Buffer.from(body)])
  }

  async next(): Promise<Said> {
    await expect.poll(() => this.answers.length, { timeout: 5_000, interval: 5 }).toBeGreaterThan(0)
    return this.answers.shift() as Said
  }

  async post(target: string, body: string | Buffer = ''): Promise<Said> {
    this.socket.write(this.frame(target, body))
    return await this.next()
  }

  async end(): Promise<void> {
    await expect.poll(() => this.closed, { timeout: 5_000, interval: 5 }).toBe(true)
  }
}

const saidBy = ({ id, number: status, payload }: Frame): Said => ({ id, status, text: String(payload) })

/** The connection, or the answer that it does not change. */
async function asked(
  port: number,
  certificate: Certificate,
  { protocol = posts.protocol, path = posts.path }: { protocol?: string; path?: string } = {},
): Promise<Line | { status: number | undefined; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<
    Line | { status: number | undefined; text: string }
  >()
  const asking = request({
    port,
    host: 'localhost',
    ca: authority.pem,
    ...certificate,
    path,
    agent: false,
    headers: { connection: 'upgrade', upgrade: protocol },
  })
  asking.once('upgrade', (_, socket, head) => resolve(new Line(socket as TLSSocket, head)))
  asking.once('response', (response: IncomingMessage) => {
    response.toArray().then((all) => {
      resolve({ status: response.statusCode, text: Buffer.concat(all as Buffer[]).toString() })
    }, reject)
  })
  asking.once('error', reject)
  asking.end()
  return await promise
}

async function aLine(port: number, uri: string, said: { seconds?: number } = {}): Promise<Line> {
  const line = await asked(port, await certify(authority, uri, said))
  if (!(line instanceof Line)) throw new Error(`The collector answered ${line.status} ${line.text}`)
  return line
}

const records = (...all: Parameters<typeof recordBytes>[0][]): string =>
  all.map((one) => `${String(recordBytes(one))}\n`).join('')
const pathOf = (of: Process, from: number): string =>
  `/v1/records?origin=${encodeURIComponent(of.origin)}&from=${from}`
const two = records(anIntent('c1'), aResult('c1'))

test('records are committed and a checkpoint is cosigned as by requests, in the order in which they were posted', async () => {
  const { port, trail } = await started()
  const process = await Process.started(trail)
  const line = await aLine(port, uriOf(process.pod))

  expect(await line.post(pathOf(process, 1), two)).toEqual({ id: 1, status: 200, text: '{"size":3}' })
  const more = records(anIntent('c2'))
  // Two that come together, of which the second is the first one again.
  line.socket.write(
    Buffer.concat([line.frame(pathOf(process, 3), more), line.frame(pathOf(process, 3), more)]),
  )
  expect(await line.next()).toEqual({ id: 2, status: 200, text: '{"size":4}' })
  expect(await line.next()).toEqual({ id: 3, status: 200, text: '{"size":4}' })
  for (const one of [anIntent('c1'), aResult('c1'), anIntent('c2')]) process.records.push(recordBytes(one))
  expect((await line.post('/v1/checkpoints', process.note())).status).toBe(200)
})

test('a post that comes byte by byte is one', async () => {
  const { port, trail } = await started()
  const process = await Process.started(trail)
  const line = await aLine(port, uriOf(process.pod))

  for (const byte of line.frame(pathOf(process, 1), two)) {
    line.socket.write(Buffer.from([byte]))
    if (byte % 8 === 0) await new Promise((resolve) => setImmediate(resolve))
  }

  expect(await line.next()).toMatchObject({ status: 200, text: '{"size":3}' })
})

test.each([
  ['no JSON', '/v1/chains', 'text', 400, 'bad-request'],
  ['a body that is too large', '/v1/chains', 'x'.repeat(5000), 413, 'too-large'],
  ['no origin', '/v1/records?from=0', '{}', 400, 'bad-request'],
  ['no record', '/v1/records?origin=ORIGIN&from=1', '', 400, 'bad-record'],
  ['a record that is none', '/v1/records?origin=ORIGIN&from=1', '{"patient":"Doe"}\n', 400, 'bad-record'],
  ['a gap', '/v1/records?origin=ORIGIN&from=9', two, 409, 'gap'],
  ['another record', '/v1/records?origin=ORIGIN&from=0', two, 409, 'fork'],
  ['another pod’s chain', '/v1/records?origin=OTHER&from=1', two, 403, 'not-yours'],
  ['a chain that is none', '/v1/records?origin=../../etc&from=1', '{}', 404, 'no-such-chain'],
  ['a path that is none', '/v1/other', '', 404, 'no-such-path'],
  ['what is read', '/v1/chains/', '', 404, 'no-such-path'],
  ['what recovery alone may', '/v1/recovered', '', 403, 'not-permitted'],
  ['what the operator alone may', '/v1/admissions', '', 403, 'not-permitted'],
])('%s is refused as in a request, and the connection goes on', async (_, path, body, status, error) => {
  const turned: unknown[] = []
  const { port, trail } = await started({ refused: (reason) => turned.push(reason) })
  const [process, other] = [await Process.started(trail), await Process.started(trail)]
  const line = await aLine(port, uriOf(process.pod))
  const of = (text: string): string =>
    text
      .replace('ORIGIN', encodeURIComponent(process.origin))
      .replace('OTHER', encodeURIComponent(other.origin))

  const said = await line.post(of(path), body)

  expect(said).toMatchObject({ id: 1, status })
  expect(JSON.parse(said.text)).toMatchObject({ error })
  expect(turned).toEqual([error])
  expect(await line.post('/v1/checkpoints', process.note())).toMatchObject({ id: 2, status: 200 })
})

test('what cannot be read ends the connection, and whoever posted it hears why', async () => {
  const { port } = await started()
  const frames: [Buffer, number, string][] = [
    // Its first bytes say it.
    [frameOf(1, 2, [Buffer.alloc(recordsLimit + targetLimit + 1)]).subarray(0, frameHead), 413, 'too-large'],
    [frameOf(1, 9, [Buffer.from('/v1')]), 400, 'bad-request'],
    [frameOf(1, targetLimit + 1, [Buffer.alloc(targetLimit + 1, '/')]), 400, 'bad-request'],
  ]
  for (const [bytes, status, error] of frames) {
    const line = await aLine(port, uriOf(aPod()))
    line.socket.write(bytes)
    const said = await line.next()
    expect(said).toMatchObject({ id: 0, status })
    expect(JSON.parse(said.text)).toMatchObject({ error })
    await line.end()
  }
})

verifies(
  'transit:mutual-tls',
  'only a sidecar and a recovery Job leave HTTP for posts, and only for those',
  async () => {
    const { port } = await started()
    const uris: [string | undefined, number][] = [
      [identity.operator, 403],
      [identity.auditor('ann'), 403],
      [identity.collector, 403],
      [undefined, 401],
      ['hipaa-mcp://administrator', 401],
    ]
    for (const [uri, status] of uris)
      expect(await asked(port, await certify(authority, uri))).toMatchObject({ status })
    const sidecar = await certify(authority, uriOf(aPod()))
    expect(await asked(port, sidecar, { protocol: 'websocket' })).toMatchObject({ status: 400 })
    expect(await asked(port, sidecar, { path: '/v1/export' })).toMatchObject({ status: 403 })
    expect(
      await asked(port, await certify(authority, identity.recovery('clinic', 'ehr', 'uid'))),
    ).toBeInstanceOf(Line)
  },
)

test('who asks to leave HTTP with a body on its way is answered over HTTP, and everybody else is served on', async () => {
  const { port } = await started()
  const certificate = await certify(authority, uriOf(aPod()))
  const line = (await asked(port, certificate)) as Line

  for (const [name, value] of [
    ['content-length', '5'],
    ['transfer-encoding', 'chunked'],
  ]) {
    const socket = connect({ port, host: 'localhost', ca: authority.pem, ...certificate })
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += String(chunk))).on('error', () => undefined)
    const head = `GET ${posts.path} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: ${posts.protocol}\r\n`
    socket.write(`${head}${name}: ${value}\r\n\r\n`)
    await expect.poll(() => text).toContain('HTTP/1.1 400')
    socket.destroy()
  }

  expect((await line.post('/v1/checkpoints', 'x')).status).toBe(404)
})

test('what a peer that reads nothing had begun is let go when it breaks off', async () => {
  const bodies = new Bodies()
  const socket = Object.assign(
    new Duplex({ read: () => undefined, write: () => undefined, writableHighWaterMark: 1 }),
    { setTimeout: () => undefined },
  )
  const carried = new PostStream(socket as unknown as Socket, Buffer.alloc(0), {
    identity: { role: 'sidecar', namespace: 'clinic', server: 'ehr', podUid: 'p' },
    bodies,
    answer: async (asked) => {
      if (!(asked instanceof Refusal)) asked.held.letGo()
      return await Promise.resolve({ status: 404, text: 'x', over: false })
    },
    isStopping: () => false,
    idleMs: 10_000,
    wholeMs: 10_000,
  })
  socket.push(Buffer.concat([frameOf(1, 0, []), frameOf(2, 0, [Buffer.alloc(9_000)]).subarray(0, 8_000)]))
  await expect.poll(() => socket.writableLength).toBeGreaterThan(0)

  carried.destroy()
  await once(socket, 'close')
  await new Promise((resolve) => setImmediate(resolve))

  expect(bodies.bytes).toBe(0)
})

test('a certificate that ends while its connection stands is good for no post more, and its connection ends', async () => {
  let later = 0
  const bodies = new Bodies()
  const { port, trail } = await started({ now: () => Date.now() + later, bodies })
  const process = await Process.started(trail)
  const certificate = await certify(authority, uriOf(process.pod), { seconds: 600 })
  const line = (await asked(port, certificate)) as Line
  expect((await line.post(pathOf(process, 1), two)).status).toBe(200)

  later = 601_000
  expect(await line.post(pathOf(process, 3), records(anIntent('c2')))).toMatchObject({ status: 401 })
  await line.end()
  expect(bodies.bytes).toBe(0)
  expect(trail.sizeOf(process.origin)).toBe(3)
  expect(await asked(port, certificate)).toMatchObject({ status: 401 })
})

test('while the store is not open whoever asks is told to wait', async () => {
  const { port } = await listening(undefined)

  expect(await asked(port, await certify(authority, uriOf(aPod())))).toMatchObject({ status: 503 })
})

/** A store whose commits hang while told to. */
async function aStore(): Promise<{ store: Store; hang: () => () => void }> {
  const real = await anEmbeddedStore()
  let held: PromiseWithResolvers<void> | undefined
  const append: Store['append'] = async (...all) => {
    await held?.promise
    await real.append(...all)
  }
  const hang = (): (() => void) => {
    held = Promise.withResolvers()
    const { resolve } = held
    return () => resolve()
  }
  return { store: { ...real, append }, hang }
}

verifies(
  'audit:collector-bounds',
  'what is posted counts as what is sent in requests, from its first byte until its commit is done, and who has too much is told to wait',
  async () => {
    const { store, hang } = await aStore()
    const bodies = new Bodies({ each: 2500, group: 9000, all: 9000 })
    const { port, trail } = await started({ store, deadlineMs: 200, bodies })
    const process = await Process.started(trail)
    const uri = uriOf(process.pod)
    const [line, second, other] = [
      await aLine(port, uri),
      await aLine(port, uri),
      await aLine(port, uriOf(aPod())),
    ]
    const frame = line.frame(pathOf(process, 1), two)
    const go = hang()
    line.socket.write(frame)

    // Nobody is told that it was done, and it is still held.
    expect(await line.next()).toMatchObject({ status: 503 })
    expect(bodies.bytes).toBe(frame.length)
    // A half that never becomes a whole one has a share as well.
    second.socket.write(frameOf(1, 5, [Buffer.alloc(5000)]).subarray(0, 2500 - frame.length))
    await expect.poll(() => bodies.bytes).toBe(2500)
    const said = await line.post('/v1/chains', 'x')
    expect(JSON.parse(said.text)).toMatchObject({ error: 'too-much-at-once' })
    expect(said).toMatchObject({ id: 0, status: 503 })
    await line.end()
    // Another pod has room.
    expect((await other.post('/v1/chains', 'x')).status).toBe(400)

    second.socket.destroy()
    await expect.poll(() => bodies.bytes).toBe(frame.length)
    go()
    await expect.poll(() => bodies.bytes).toBe(0)
    expect(trail.sizeOf(process.origin)).toBe(3)
  },
)

/** A collector whose one path answers much: how often it was asked, and how often at once. */
async function answering(bytes: number): Promise<{ port: number; runs: () => number; most: () => number }> {
  let [runs, now, most] = [0, 0, 0]
  const much: Route = {
    roles: ['sidecar'],
    run: async () => {
      runs += 1
      now += 1
      most = Math.max(most, now)
      await new Promise((resolve) => setTimeout(resolve, 1))
      now -= 1
      return { type: 'text/plain', body: 'x'.repeat(bytes) }
    },
  }
  const enter: Route = { roles: ['sidecar'], run: async () => await Promise.reject(new Error()) }
  const { port } = await listening({ 'POST /much': much, [`GET ${posts.path}`]: enter })
  return { port, runs: () => runs, most: () => most }
}

verifies(
  'audit:collector-bounds',
  'one post is worked on at a time, and for who does not read its answers none until it does',
  async () => {
    const warned: string[] = []
    const warn = ({ name }: Error): void => void warned.push(name)
    process.on('warning', warn)
    const { port, runs, most } = await answering(60_000)
    const line = await aLine(port, uriOf(aPod()))
    line.socket.pause()
    const sent = 1_000
    for (let i = 0; i < sent; i += 1) line.socket.write(line.frame('/much', Buffer.alloc(4_000)))

    let before = -1
    const isStill = (): boolean => runs() === before || ((before = runs()), false)
    await expect.poll(isStill, { timeout: 10_000, interval: 400 }).toBe(true)
    expect(runs()).toBeLessThan(sent / 2)
    line.socket.resume()
    await expect.poll(() => line.answers.length, { timeout: 10_000 }).toBe(sent)
    expect(line.answers.map(({ id }) => id)).toEqual(Array.from({ length: sent }, (_, i) => i + 1))
    expect(most()).toBe(1)
    // However often that is, nothing is left behind.
    expect(warned).toEqual([])
    process.off('warning', warn)
  },
)

test('a post that does not come whole in its time, and a connection that says nothing, are ended', async () => {
  const bodies = new Bodies()
  const { port, server } = await started({ bodies })
  server.requestTimeout = 300
  const slow = await aLine(port, uriOf(aPod()))
  const dripping = setInterval(() => slow.socket.write('x'), 50)
  slow.socket.write(frameOf(1, 5, [Buffer.alloc(50_000)]).subarray(0, 100))
  await slow.end()
  clearInterval(dripping)
  await expect.poll(() => bodies.bytes).toBe(0)

  server.keepAliveTimeout = 200
  const idle = await aLine(port, uriOf(aPod()))
  expect((await idle.post('/v1/chains', 'x')).status).toBe(400)
  await idle.end()
})

verifies(
  'audit:acknowledged-is-kept',
  'a collector that stops answers what it works on, and keeps no connection open',
  async () => {
    const { store, hang } = await aStore()
    const { port, server, trail } = await started({ store })
    const process = await Process.started(trail)
    const [busy, idle] = [await aLine(port, uriOf(process.pod)), await aLine(port, uriOf(aPod()))]
    const go = hang()
    busy.socket.write(busy.frame(pathOf(process, 1), two))
    await new Promise((resolve) => setTimeout(resolve, 50))

    const closed = once(server, 'close')
    server.close()
    await idle.end()
    expect(busy.closed).toBe(false)
    go()

    // 0: the sidecar knows that nothing goes on behind it.
    expect(await busy.next()).toEqual({ id: 0, status: 200, text: '{"size":3}' })
    await busy.end()
    await closed
  },
)
