// Mutual TLS 1.3: who has no certificate of our own CA gets no byte of HTTP. Answers come within a deadline or say that
// they did not: a commit that hangs is never an acknowledgement.

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Server } from 'node:https'
import { pipeline } from 'node:stream/promises'
import { TLSSocket } from 'node:tls'
import { type Identity, identityOf } from '../core/identifiers.ts'
import { offeredTls } from '../core/offered-tls.ts'
import { posts } from '../core/wire.ts'
import { Bodies, type Held } from './bodies.ts'
import { Corrupt, Fenced } from './commit/commit.ts'
import type { Log } from './log.ts'
import { codeOf } from './log.ts'
import { type Post, PostStream, type PostStreamOptions } from './posts.ts'
import type { Answer, Asked, Route } from './receive.ts'
import { type Reason, Refusal } from './refusals.ts'

export type ServerOptions = {
  /** CA of every program of this installation, PEM. */
  ca: string
  key: string
  cert: string
  /** Undefined while the store is not open yet. */
  routes: () => { [methodAndPath: string]: Route } | undefined
  log: Log
  /** Milliseconds since 1970. */
  now: () => number
  deadlineMs?: number
  bodies?: Bodies
  /** Told of every request that is not done, and of who asked where that is known. */
  refused?: (reason: Reason, identity: Identity | undefined) => void
}

type Whole = ServerOptions & Required<Pick<ServerOptions, 'deadlineMs' | 'bodies'>>

/** Parameters of TLS, for the start and for every renewal. */
export function secureContext(of: { ca: string; key: string; cert: string }): {
  ca: string
  key: string
  cert: string
  minVersion: 'TLSv1.3'
} & typeof offeredTls {
  return { ca: of.ca, key: of.key, cert: of.cert, minVersion: 'TLSv1.3', ...offeredTls }
}

export function collectorServer(options: ServerOptions): Server {
  return new CollectorServer(options)
}

class CollectorServer extends Server {
  /** Connections that left HTTP: nobody else knows of them. */
  readonly #posts = new Set<PostStream>()

  constructor(given: ServerOptions) {
    const options: Whole = { deadlineMs: 15_000, bodies: new Bodies(), ...given }
    super({
      ...secureContext(options),
      requestCert: true,
      rejectUnauthorized: true,
      // Who may not is answered as anybody who asks for that path.
      shouldUpgradeCallback: (request: IncomingMessage) => posterOf(request, options) !== undefined,
    })
    this.on('request', (request: IncomingMessage, response: ServerResponse) => {
      // While we stop, a caller that never pauses would otherwise hold its connection, and us, for ever.
      if (!this.listening) response.setHeader('connection', 'close')
      answer(request, response, options).catch((error: unknown) => {
        options.log.warn('an answer was cut off', { error: codeOf(error) })
        response.destroy()
      })
    })
    this.requestTimeout = 30_000
    this.headersTimeout = 10_000
    this.keepAliveTimeout = 60_000
    this.on('upgrade', (request: IncomingMessage, socket: TLSSocket, head: Buffer) =>
      this.#carry(socket, head, { ...options, identity: posterOf(request, options) }),
    )
  }

  /** Also called by `close`. */
  override closeIdleConnections(): void {
    super.closeIdleConnections()
    for (const one of this.#posts) one.endWhenIdle()
  }

  override closeAllConnections(): void {
    super.closeAllConnections()
    for (const one of this.#posts) one.destroy()
  }

  #carry(socket: TLSSocket, head: Buffer, options: Whole & { identity: Identity | undefined }): void {
    const { identity, bodies } = options
    if (identity === undefined || !this.listening || !(socket instanceof TLSSocket)) {
      socket.destroy()
      return
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${posts.protocol}\r\n\r\n`,
    )
    const one = new PostStream(socket, head, {
      identity,
      bodies,
      answer: async (asked) => await answerPost(socket, asked, options),
      isStopping: () => !this.listening,
      idleMs: this.keepAliveTimeout,
      wholeMs: this.requestTimeout,
    })
    this.#posts.add(one)
    socket.once('close', () => this.#posts.delete(one))
  }
}

/** Who may leave HTTP by this request, for posts on this connection; undefined for anybody and anything else. */
function posterOf(request: IncomingMessage, { routes, now }: Whole): Identity | undefined {
  const { url, headers } = request
  if (url !== posts.path || headers.upgrade !== posts.protocol) return undefined
  // Behind one that has not all come Node gives no socket.
  if ('content-length' in headers || 'transfer-encoding' in headers) return undefined
  const identity = identify(request.socket as TLSSocket, now())
  const route = routes()?.[`${request.method} ${posts.path}`]
  return identity !== undefined && route?.roles.includes(identity.role) === true ? identity : undefined
}

async function answer(request: IncomingMessage, response: ServerResponse, options: Whole): Promise<void> {
  const result = await judged(request.socket as TLSSocket, options, async (identity) => {
    const held = options.bodies.of(identity)
    const { method = '', url = '/' } = request
    const body = async (limit: number): Promise<Buffer> => await held.body(request, limit)
    return await run({ method, target: url, identity, body, held }, options)
  })
  if (result instanceof Refusal) {
    const headers = {
      'content-type': 'application/json',
      ...(result.status === 503 ? { 'retry-after': '1' } : {}),
      // What was not read of the body would be taken for the next request.
      ...(request.complete ? {} : { connection: 'close' }),
    }
    sendWhole(response, result.status, headers, JSON.stringify(result.body))
    return
  }
  const headers = { 'content-type': result.type }
  if (typeof result.body === 'string') sendWhole(response, 200, headers, result.body)
  else await pipeline(result.body, response.writeHead(200, headers))
}

/** The same as of a request of its own. */
async function answerPost(
  socket: TLSSocket,
  asked: Post | Refusal,
  options: Whole,
): ReturnType<PostStreamOptions['answer']> {
  const result = await judged(socket, options, async (identity) => {
    if (asked instanceof Refusal) throw asked
    const { target, body, held } = asked
    const whole = async (limit: number): Promise<Buffer> => {
      if (body.length > limit) throw new Refusal('too-large')
      return await Promise.resolve(body)
    }
    const { body: said } = await run({ method: 'POST', target, identity, body: whole, held }, options)
    if (typeof said !== 'string') throw new TypeError('What is posted is answered whole')
    return said
  })
  if (!(result instanceof Refusal)) return { status: 200, text: result, over: false }
  const isUnknown = result.reason === 'no-certificate'
  // Nobody works on it.
  if (isUnknown && !(asked instanceof Refusal)) asked.held.letGo()
  const over = isUnknown || asked instanceof Refusal
  return { status: result.status, text: JSON.stringify(result.body), over }
}

/** What comes of work for whoever is at the other end, or why nothing does. */
async function judged<Done>(
  socket: TLSSocket,
  options: Whole,
  work: (identity: Identity) => Promise<Done>,
): Promise<Done | Refusal> {
  const identity = identify(socket, options.now())
  try {
    if (identity === undefined) throw new Refusal('no-certificate')
    return await work(identity)
  } catch (error) {
    const refusal = refusalOf(error)
    options.refused?.(refusal.reason, identity)
    if (!(error instanceof Refusal))
      options.log.warn('a request failed', { reason: refusal.reason, error: codeOf(error) })
    return refusal
  }
}

/** With its length: head and body are one write then, and one record of TLS. */
function sendWhole(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string,
): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}

type Asking = Pick<Asked, 'identity' | 'body'> & { method: string; target: string; held: Held }

/** Lets go of what is held when the work is done, which may be after its deadline. */
async function run({ method, target, identity, body, held }: Asking, options: Whole): Promise<Answer> {
  let work: Promise<Answer> | undefined
  try {
    const routes = options.routes()
    if (routes === undefined) throw new Refusal('starting')
    const url = new URL(target, 'https://collector')
    const route = Object.hasOwn(routes, `${method} ${url.pathname}`)
      ? routes[`${method} ${url.pathname}`]
      : undefined
    if (route === undefined) throw new Refusal('no-such-path')
    if (!route.roles.includes(identity.role)) throw new Refusal('not-permitted')
    work = route.run({ identity, url, body }).finally(() => held.letGo())
  } finally {
    if (work === undefined) held.letGo()
  }
  return await within(work, options.deadlineMs)
}

/** Who is at the other end of a connection, and until when, milliseconds since 1970. */
type Peer = { identity: Identity | undefined; until: number }

/** Read once: TLS 1.3 has no other certificate within a connection, and reading it took half of a small request's processor time. */
const peers = new WeakMap<TLSSocket, Peer>()

/** The peer's role. The time is asked every time: the certificate may have ended since the handshake. */
function identify(socket: TLSSocket, now: number): Identity | undefined {
  const peer = peers.get(socket) ?? peerOf(socket)
  peers.set(socket, peer)
  return peer.until > now ? peer.identity : undefined
}

function peerOf(socket: TLSSocket): Peer {
  const certificate = socket.getPeerCertificate()
  const identity = socket.authorized ? identityOf(certificate.subjectaltname) : undefined
  return { identity, until: Date.parse(certificate.valid_to) }
}

/** The work goes on after its deadline; only nobody is told any more that it was done. */
async function within<T>(work: Promise<T>, deadlineMs: number): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Refusal('not-committed')), deadlineMs)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof Fenced) return new Refusal('taken-over', { cause: error })
  if (error instanceof Corrupt) return new Refusal('chain-corrupt', { cause: error })
  return new Refusal('not-committed', { cause: error })
}
