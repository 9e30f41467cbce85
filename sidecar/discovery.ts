// The discovery listener (RFC 9728), for clients that have no certificate yet: the metadata, and a 401 that says where it
// is; and the enrolment of a first certificate, where the policy has it (enrol.ts). It demands no client certificate and
// therefore serves nothing else: no message ever reaches a pipeline from here.
// Implements: authentication:discovery

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { boundHandshakes, handshakeTimeout } from '../core/handshakes.ts'
import { offeredTls } from '../core/offered-tls.ts'
import { plainAddress } from '../core/peer-address.ts'
import type { Policy } from '../core/policy.ts'
import { enrolment } from '../core/wire.ts'
import { handshakeFailure, peerOf } from './connection.ts'
import type { Deps } from './deps.ts'
import type { Enrol, Enrolling } from './enrol.ts'
import type { Answer } from './exchange.ts'
import { challenged } from './identity/challenge.ts'
import { metadata, metadataPaths } from './identity/metadata.ts'
import type { InForce } from './in-force.ts'
import { hostOf, hostsOf } from './intake.ts'
import { codeOf } from './log.ts'
import { quota } from './quota.ts'
import { Refusal } from './refusals.ts'
import { brokenHttp } from './refused-sockets.ts'
import { refuseEarly } from './serve.ts'
import type { CallsTls } from './server.ts'

type DiscoveryTls = Pick<CallsTls, 'key' | 'cert' | 'minVersion'>

export type DiscoveryOptions = Pick<Deps, 'orders' | 'trail' | 'watch'> & {
  tls: DiscoveryTls
  /** Gives out certificates. */
  enrol: Enrol
  /** Names that a Host header may hold, without port. */
  hosts: () => readonly string[]
}

export type Discovery = {
  readonly server: Server
  /** New certificate or version for new connections. */
  setCertificate(tls: DiscoveryTls): void
  /** Takes no new connections, ends those that are there and records the counts. */
  close(): Promise<void>
}

/** Anyone may connect, and none has a reason to stay. */
const most = {
  connections: 128,
  requests: 8,
  handshakes: { each: 16, network: 32, all: 64, undisturbed: 1_000 },
}

/** The server of the discovery port. It does not listen yet. */
export function discoveryServer(options: DiscoveryOptions): Discovery {
  const { orders, trail, watch, hosts } = options
  // A quota of its own: who floods this door does not use up what the calls' door may record.
  const floods = quota(trail, (cause) => watch.fault?.({ stage: 'trail', name: codeOf(cause) }))
  const deps = { orders, trail, watch, quota: floods }

  const server = createServer({
    ...secure(options.tls),
    maxHeaderSize: 8_192,
    headersTimeout: 5_000,
    requestTimeout: 5_000,
    handshakeTimeout,
    keepAliveTimeout: 2_000,
  })
  server.maxConnections = most.connections
  server.maxRequestsPerSocket = most.requests
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(request).then(
      ({ status, headers, body }) => {
        // A body that nobody read is for nothing.
        request.resume()
        response.writeHead(status, { ...headers, connection: 'close' }).end(body)
      },
      (cause: unknown) => {
        watch.fault?.({ stage: 'discovery', name: codeOf(cause) })
        response.destroy()
      },
    )
  })
  boundHandshakes(server, { now: () => performance.now(), ...most.handshakes }, (address) =>
    floods.count('handshake-failed', address, 'too-many-handshakes'),
  )
  // Read once while the connection is there, a socket remembers its peer's address.
  server.on('connection', (socket: Socket) => void socket.remoteAddress)
  server.on('drop', (dropped) =>
    floods.count('handshake-failed', plainAddress(dropped?.remoteAddress), 'too-many-connections'),
  )
  server.on('tlsClientError', (error, socket) => {
    floods.count('handshake-failed', peerOf(socket), handshakeFailure(error, socket))
    socket.destroy()
  })
  const refused = new WeakSet<Duplex>()
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    const reason = brokenHttp(error)
    // Bytes that were on their way are no second request.
    if (refused.has(socket)) return
    refused.add(socket)
    const end = (): void => void socket.destroy()
    if (reason === undefined) return end()
    const peer = plainAddress('remoteAddress' in socket ? String(socket.remoteAddress) : undefined)
    refuseEarly(new Refusal(reason), { call: randomUUID() }, peer, deps).then(end, end)
  })

  async function answer(request: IncomingMessage): Promise<Answer> {
    const asked: Enrolling = { call: randomUUID(), peer: plainAddress(request.socket.remoteAddress) }
    try {
      const inForce = checked(request)
      const enrols = inForce.policy.discovery?.enrols === true && request.url === enrolment.path
      return enrols ? await options.enrol(request, inForce, asked) : document(request, inForce)
    } catch (why) {
      if (!(why instanceof Refusal)) watch.fault?.({ stage: 'discovery', name: codeOf(why) })
      const refusal = why instanceof Refusal ? why : new Refusal('internal', { cause: why })
      return await refuseEarly(refusal, asked, asked.peer, deps)
    }
  }

  /** What holds for every request. Throws Refusal. */
  function checked({ url = '', headers: { host } }: IncomingMessage): InForce {
    const { locked, inForce } = orders.standing()
    if (inForce === undefined || locked !== undefined) throw new Refusal('locked')
    if (url.includes('?') || url.includes('#')) throw new Refusal('query-in-url')
    if (hostsOf(inForce.policy.http, hosts())?.includes(hostOf(host)) !== true)
      throw new Refusal('host-unknown')
    return inForce
  }

  return {
    server,
    setCertificate: (tls) => server.setSecureContext(secure(tls)),
    async close() {
      server.close()
      server.closeAllConnections()
      floods.stop()
      await floods.flush().catch((cause: unknown) => watch.fault?.({ stage: 'trail', name: codeOf(cause) }))
    },
  }
}

/** The metadata's bytes. Throws Refusal for every other request. */
function document({ method = '', url = '', headers: { host } }: IncomingMessage, inForce: InForce): Answer {
  const { policy } = inForce
  if (url === policy.workload.path)
    throw challenged(new Refusal('token-missing', { challenge: {} }), inForce, host)
  if (!metadataPaths(policy).includes(url)) throw new Refusal('path-unknown')
  if (method !== 'GET') throw new Refusal('method-not-allowed', { headers: { allow: 'GET' } })
  return json(policy, host)
}

/** No client certificate is asked for at all: one that is asked for and not demanded is a question that browsers show. */
function secure({ key, cert, minVersion }: DiscoveryTls) {
  return {
    key,
    cert,
    minVersion,
    requestCert: false,
    ...offeredTls,
  }
}

function json(policy: Policy, host: string | undefined): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'max-age=300' },
    body: JSON.stringify(metadata(policy, host)),
  }
}
