// An HTTPS listener of ours, whose certificate is renewed under it without a dropped connection.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import { boundHandshakes, handshakeTimeout, usualHandshakes } from '../../core/handshakes.ts'
import { offeredTls } from '../../core/offered-tls.ts'
import { networkOf, plainAddress } from '../../core/peer-address.ts'
import type { GroupShares } from '../../core/shares.ts'
import { wholeBody } from '../../core/whole-body.ts'
import type { Authority } from './ca.ts'
import { keepCertificate } from './keep-certificate.ts'

export type Listener = {
  port: number
  /** Takes no more requests, and resolves when those in flight were answered or `grace` milliseconds are over. */
  close(grace?: number): Promise<void>
  /** Why it does not serve, kebab-case; undefined when it does. */
  reason(): string | undefined
}

export type ServeOptions = {
  authority: Authority
  /** DNS names by which it is called. */
  names: readonly string[]
  /** Validity of the certificate. */
  seconds: number
  port: number
  /** `reason()` while it does not listen. */
  reason: string
  tls: Pick<ServerOptions, 'minVersion' | 'requestCert' | 'rejectUnauthorized'>
  respond: (request: IncomingMessage, response: ServerResponse) => void
}

/**
 * How long a connection may be idle, milliseconds: longer than the API server keeps one (90 s, Go's http.DefaultTransport). Closed
 * by us just as the API server asks, it would be an error of the webhook, and a pod that is not made.
 */
const idle = 120_000

/** Listens on all addresses; rejects when the port cannot be had. Clients' certificates are held against `authority`. */
export async function serve(options: ServeOptions): Promise<Listener> {
  const { authority, names, seconds, port, respond } = options
  const tls = { ...options.tls, ...offeredTls }
  const certificate = await keepCertificate(authority, { names, usages: ['server'], seconds })
  const server = createServer({ ...tls, ...certificate.current(), handshakeTimeout }, respond)
  // Anybody in the cluster reaches the webhooks, and without them no pod is made. Not recorded: the trail is of servers, and
  // this is none. Who is refused comes again.
  boundHandshakes(server, { now: () => performance.now(), ...usualHandshakes }, () => undefined)
  certificate.onChange((renewed) => server.setSecureContext({ ...tls, ...renewed }))
  server.requestTimeout = 10_000
  server.keepAliveTimeout = idle
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: async (grace = 5_000) => {
      certificate.stop()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const timer = setTimeout(() => server.closeAllConnections(), grace)
      await closed
      clearTimeout(timer)
    },
    reason: () => (server.listening ? undefined : options.reason),
  }
}

/**
 * The body as text. Rejects with RangeError when it is larger than `limit` bytes, or so many are on the way that the share
 * of `memory` is used up of its sender's address, of the network that it is of, or of all.
 */
export async function bodyOf(request: IncomingMessage, limit: number, memory?: GroupShares): Promise<string> {
  const peer = plainAddress(request.socket.remoteAddress)
  const network = networkOf(peer)
  let held = 0
  const take = (bytes: number): void => {
    if (memory?.take(peer, network, bytes) === false)
      throw new RangeError('Too much is on its way: try again in a second')
    held += bytes
  }
  try {
    const body = await wholeBody(request as AsyncIterable<Buffer>, limit, take)
    if (body === undefined) throw new RangeError(`The body is larger than ${limit} bytes`)
    return body.toString('utf8')
  } finally {
    memory?.give(peer, network, held)
  }
}
