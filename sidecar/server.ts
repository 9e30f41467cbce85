// Callers' side: mutual TLS, HTTP, one message in and one answer out. Bytes to messages and back, nothing else.

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import {
  boundHandshakes,
  type HandshakeLimits,
  handshakeTimeout,
  usualHandshakes,
} from '../core/handshakes.ts'
import type { NewKeySet } from '../core/identity/token.ts'
import { offeredTls } from '../core/offered-tls.ts'
import { plainAddress } from '../core/peer-address.ts'
import { shares } from '../core/shares.ts'
import { bodies } from './bodies.ts'
import { type Connection, connectionOf, handshakeFailure, peerOf } from './connection.ts'
import type { Deps, Watch } from './deps.ts'
import { discard } from './discard.ts'
import { endedAccess } from './ended-access.ts'
import type { Answer } from './exchange.ts'
import { proofs } from './identity/dpop.ts'
import { tokenCache } from './identity/token.ts'
import type { Orders } from './in-force.ts'
import { limits } from './limits.ts'
import { codeOf } from './log.ts'
import { type Elsewhere, logoff } from './logoff.ts'
import { openConnections } from './open-connections.ts'
import { quota } from './quota.ts'
import { refusedSockets } from './refused-sockets.ts'
import { lengthOf } from './respond.ts'
import { type Incoming, serve } from './serve.ts'
import { sessions } from './sessions.ts'
import { atOnce } from './streams/at-once.ts'
import { streams } from './streams/open.ts'
import { type Outlet, outlet } from './streams/outlet.ts'
import { pending } from './streams/pending.ts'
import type { Trail } from './trail/trail.ts'
import { endUnread } from './unread.ts'
import { type Upstream, type UpstreamOptions, upstream } from './upstream.ts'

/** Connections at one time, and of one client certificate: many people may call over that of their agents. */
const mostConnections = 1024
const mostOfOneCertificate = 512

/** PEM. `ca`: whose client certificates are accepted. */
export type CallsTls = { key: string; cert: string; ca: string; minVersion: 'TLSv1.2' | 'TLSv1.3' }

export type CallsOptions = {
  tls: CallsTls
  orders: Orders
  trail: Trail
  /** Where the server listens, or how else it is spoken to. */
  upstream: UpstreamOptions | Upstream
  /** What the trail knows of a person's last call in any pod. Omitted, nothing is known of other pods. */
  elsewhere?: Elsewhere
  /** Milliseconds since 1970. */
  clock?: () => number
  /** Milliseconds of a clock that nobody can set, for durations; `clock` itself where that one is given alone. */
  steady?: () => number
  /** Names that a Host header may hold, without port. Omitted: not looked at. */
  hosts?: () => readonly string[]
  /** Asks for an issuer's keys where a token names one that is not there. Omitted: such a token is refused. */
  newKeySet?: NewKeySet
  /** Omitted, the usual ones. */
  handshakes?: Partial<HandshakeLimits>
  watch?: Partial<Watch>
}

export type CallsServer = {
  readonly server: Server
  /** New certificate, CA or version for new connections. A changed CA also ends connections of the old one, after their call. */
  setCertificate(tls: CallsTls): void
  /** Calls being served at this moment. */
  inFlight(): number
  /** Takes no new connections, lets every call finish, records the counts, closes the upstream. */
  drain(): Promise<void>
}

/** The server of the calls port. It does not listen yet. */
export function callsServer(options: CallsOptions): CallsServer {
  const { orders, trail, hosts, clock = Date.now, watch = {} } = options
  const steady = options.steady ?? options.clock ?? (() => performance.now())
  const floods = quota(trail, (cause) => watch.fault?.({ stage: 'trail', name: codeOf(cause) }))
  const deps: Deps = {
    orders,
    trail,
    upstream: 'send' in options.upstream ? options.upstream : upstream(options.upstream),
    tokens: tokenCache(options.newKeySet),
    proofs: proofs(),
    limits: limits(),
    bodies: bodies(),
    quota: floods,
    sessions: sessions(),
    pending: pending(),
    streams: streams(),
    atOnce: atOnce(),
    logoff: logoff(options.elsewhere ?? (async () => undefined), steady),
    clock,
    steady,
    watch,
  }
  const open = openConnections()
  const ended = endedAccess(open, orders)
  const refused = refusedSockets(open, deps)
  const ofCertificate = shares(mostOfOneCertificate)
  let { ca } = options.tls
  let generation = 0
  let draining = false
  let serving = 0
  let idle: (() => void) | undefined

  const server = createServer({
    ...secure(options.tls),
    requestCert: true,
    rejectUnauthorized: true,
    // Node would answer such a request by itself, and nobody would learn of it: intake.ts refuses it, recorded.
    requireHostHeader: false,
    maxHeaderSize: 16_384,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    handshakeTimeout,
    keepAliveTimeout: 65_000,
  })

  // Each connection costs memory, certificate or not.
  server.maxConnections = mostConnections
  server.on('drop', (dropped) => {
    floods.count('handshake-failed', plainAddress(dropped?.remoteAddress), 'too-many-connections')
    watch.handshake?.({ reason: 'too-many-connections' })
  })

  boundHandshakes(
    server,
    { now: () => performance.now(), ...usualHandshakes, ...options.handshakes },
    (address) => {
      floods.count('handshake-failed', address, 'too-many-handshakes')
      watch.handshake?.({ reason: 'too-many-handshakes' })
    },
  )

  server.on('secureConnection', (socket: TLSSocket) => {
    const connection = connectionOf(socket, generation)
    if (connection === undefined) {
      socket.destroy()
      return
    }
    const { certificate, peer } = connection
    if (!ofCertificate.take(certificate, 1)) {
      floods.count('handshake-failed', peer, 'too-many-connections')
      watch.handshake?.({ reason: 'too-many-connections' })
      socket.destroy()
      return
    }
    socket.once('close', () => ofCertificate.give(certificate, 1))
    open.keep(socket, connection)
  })
  // Read once while the connection is there, a socket remembers its peer's address; afterwards there is none to read.
  server.on('connection', (socket: Socket) => void socket.remoteAddress)
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    const reason = handshakeFailure(error, socket)
    floods.count('handshake-failed', peerOf(socket), reason)
    watch.handshake?.({ reason })
    socket.destroy()
  })
  const take = (request: IncomingMessage, response: ServerResponse, expects = false): void => {
    const over = open.of(request.socket)
    if (over === undefined) {
      response.destroy()
      return
    }
    const { connection } = over
    serving += 1
    const end = open.begin(over, request)
    // Closed, not merely ended: the last bytes of an answer are to leave before the process does.
    response.once('close', () => {
      serving -= 1
      end()
      if (serving === 0) idle?.()
    })
    const refusedBefore = draining
      ? 'shutting-down'
      : connection.generation === generation
        ? undefined
        : 'certificate-superseded'
    let waits = expects
    const goOn = (): void => {
      if (waits) response.writeContinue()
      waits = false
    }
    let stream: Outlet | undefined
    const streaming = (): Outlet => (stream ??= outlet(response))
    const incoming: Incoming = {
      request,
      connection,
      refusedBefore,
      hosts: hosts?.(),
      goOn,
      givenUp: () => refused.givenUp(request),
      outlet: streaming,
    }
    serve(incoming, deps).then(
      (answer) => {
        if (answer === undefined) {
          // Refused before it came whole: what says so is on its way over the same socket, which ends with it.
          if (request.complete || !refused.givenUp(request)) response.destroy()
        } else if (stream?.begun === true) stream.end(answer.body)
        else send(answer, request, response, connection, waits)
      },
      (cause: unknown) => {
        // Not even a refusal could be made: the connection ends without an answer.
        watch.fault?.({ stage: 'transport', name: codeOf(cause) })
        response.destroy()
      },
    )
  }
  server.on('request', (request: IncomingMessage, response: ServerResponse) => take(request, response))
  // A caller who asks first is told to send the body when somebody would read it (RFC 9110 10.1.1).
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
    take(request, response, true),
  )
  // The same: what a caller expects besides 100-continue is not looked at (RFC 9110 10.1.1).
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    server.emit('request', request, response),
  )
  server.on('clientError', (error: Error, socket: Duplex) => refused.broken(error, socket))
  server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
    refused.refuse('method-not-allowed', socket),
  )

  /**
   * Sends an answer. The connection ends with it where its CA is no longer ours, where its caller's access was ended, or
   * where more of a body would come than we read; one that is unread and no larger is read and thrown away.
   */
  function send(
    answer: Answer,
    request: IncomingMessage,
    response: ServerResponse,
    connection: Connection,
    waits: boolean,
  ): void {
    const { generation: seen } = connection
    // Who waits to be told sends nothing more, or sends it all as the next request: the connection cannot go on.
    const left = waits ? undefined : discard(request)
    if (left !== undefined) refused.answered(request, left)
    const last =
      waits ||
      draining ||
      seen !== generation ||
      (answer.status === 413 && !request.complete) ||
      (answer.status === 403 && ended.over(connection))
    response.writeHead(answer.status, {
      ...answer.headers,
      ...(last ? { connection: 'close' } : {}),
      'content-length': lengthOf(answer),
    })
    if (last && left !== undefined) {
      // Closed while the caller sends, the connection would be reset before they come to read.
      if (answer.body !== undefined) response.write(answer.body)
      void left.then(() => response.end())
    } else {
      response.end(answer.body)
    }
    if (response.writableLength > 0) endUnread(response)
  }

  return {
    server,
    setCertificate(tls) {
      server.setSecureContext(secure(tls))
      if (tls.ca === ca) return
      ca = tls.ca
      generation += 1
      server.closeIdleConnections()
    },
    inFlight: () => serving,
    async drain() {
      draining = true
      deps.streams.stopping.abort()
      server.close()
      server.closeIdleConnections()
      if (serving > 0) await new Promise<void>((resolve) => (idle = resolve))
      server.closeIdleConnections()
      floods.stop()
      ended.stop()
      await floods.flush().catch((cause: unknown) => watch.fault?.({ stage: 'trail', name: codeOf(cause) }))
      deps.upstream.close()
    },
  }
}

function secure({ key, cert, ca, minVersion }: CallsTls) {
  return {
    key,
    cert,
    ca,
    minVersion,
    ...offeredTls,
    sessionIdContext: randomBytes(16).toString('hex'),
  }
}
