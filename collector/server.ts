// Mutual TLS 1.3: who has no certificate of our own CA gets no byte of HTTP. Answers come within a deadline or say that
// they did not: a commit that hangs is never an acknowledgement.

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { pipeline } from 'node:stream/promises'
import type { TLSSocket } from 'node:tls'
import { type Identity, identityOf } from '../core/identifiers.ts'
import { Bodies } from './bodies.ts'
import { Corrupt, Fenced } from './commit/commit.ts'
import type { Log } from './log.ts'
import { codeOf } from './log.ts'
import type { Answer, Route } from './receive.ts'
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
} {
  return { ca: of.ca, key: of.key, cert: of.cert, minVersion: 'TLSv1.3' }
}

export function collectorServer(options: ServerOptions): Server {
  const { deadlineMs = 15_000, bodies = new Bodies() } = options
  const server = createServer(
    {
      ...secureContext(options),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      // While we stop, a caller that never pauses would otherwise hold its connection, and us, for ever.
      if (!server.listening) response.setHeader('connection', 'close')
      answer(request, response, { ...options, deadlineMs, bodies }).catch((error: unknown) => {
        options.log.warn('an answer was cut off', { error: codeOf(error) })
        response.destroy()
      })
    },
  )
  server.requestTimeout = 30_000
  server.headersTimeout = 10_000
  server.keepAliveTimeout = 60_000
  return server
}

async function answer(request: IncomingMessage, response: ServerResponse, options: Whole): Promise<void> {
  let result: Answer
  const identity = identify(request, options.now())
  try {
    if (identity === undefined) throw new Refusal('no-certificate')
    result = await run(request, identity, options)
  } catch (error) {
    const refusal = refusalOf(error)
    options.refused?.(refusal.reason, identity)
    if (!(error instanceof Refusal))
      options.log.warn('a request failed', { reason: refusal.reason, error: codeOf(error) })
    const headers = {
      'content-type': 'application/json',
      ...(refusal.status === 503 ? { 'retry-after': '1' } : {}),
      // What was not read of the body would be taken for the next request.
      ...(request.complete ? {} : { connection: 'close' }),
    }
    sendWhole(response, refusal.status, headers, JSON.stringify(refusal.body))
    return
  }
  const headers = { 'content-type': result.type }
  if (typeof result.body === 'string') sendWhole(response, 200, headers, result.body)
  else await pipeline(result.body, response.writeHead(200, headers))
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

async function run(request: IncomingMessage, identity: Identity, options: Whole): Promise<Answer> {
  const routes = options.routes()
  if (routes === undefined) throw new Refusal('starting')
  const url = new URL(request.url ?? '/', 'https://collector')
  const route = Object.hasOwn(routes, `${request.method} ${url.pathname}`)
    ? routes[`${request.method} ${url.pathname}`]
    : undefined
  if (route === undefined) throw new Refusal('no-such-path')
  if (!route.roles.includes(identity.role)) throw new Refusal('not-permitted')
  const held = options.bodies.of(identity)
  // Until the work is done, which may be after its deadline: it holds the bytes.
  const work = route
    .run({ identity, url, body: async (limit) => await held.body(request, limit) })
    .finally(() => held.letGo())
  return await within(work, options.deadlineMs)
}

/** Who is at the other end of a connection, and until when, milliseconds since 1970. */
type Peer = { identity: Identity | undefined; until: number }

/** Read once: TLS 1.3 has no other certificate within a connection, and reading it took half of a small request's processor time. */
const peers = new WeakMap<TLSSocket, Peer>()

/** The peer's role. The time is asked every time: the certificate may have ended since the handshake. */
function identify(request: IncomingMessage, now: number): Identity | undefined {
  const socket = request.socket as TLSSocket
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
