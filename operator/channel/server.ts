// The control channel's listener (port 8444): identity, orders and enrolment. Every replica serves; the leader has no part in it.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { guardedLabel, identityOf, ports, services, systemNamespace } from '../../core/identifiers.ts'
import { type NetworkAsk, networkPath } from '../../core/network.ts'
import { networkOf, plainAddress } from '../../core/peer-address.ts'
import { groupShares, shares } from '../../core/shares.ts'
import { type ChannelError, enrolment, type KeySetRequest } from '../../core/wire.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import type { Pod } from '../admission/pod.ts'
import type { Surroundings } from '../admission/surroundings.ts'
import type { Authority } from '../authority/ca.ts'
import { IssuerFault } from '../authority/cert-manager.ts'
import { bodyOf, type Listener, serve } from '../authority/serve.ts'
import { ApiError, type Client } from '../cluster/client.ts'
import { kinds } from '../cluster/kinds.ts'
import { codeOf, idOf, type Log } from '../log.ts'
import type { OrdersSource } from '../orders-source.ts'
import { answerEnrolment } from './enrol.ts'
import { answerIdentity, outsideNames } from './identity.ts'
import { newKeySets } from './key-sets.ts'
import { namesOf, recently, type Service } from './names.ts'
import { keepReport } from './network.ts'
import { streamOrders } from './orders.ts'
import { ChannelRefusal } from './refused.ts'

export type ChannelOptions = {
  client: Pick<Client, 'get' | 'post' | 'list' | 'create' | 'delete' | 'applyStatus'>
  authority: Authority
  /** The operator's own client CA, which signs for persons. */
  clients: Authority
  surroundings: Surroundings
  orders: OrdersSource
  /** A pod of this server saw a token whose key is not in its issuer's set. */
  unknownKey: (namespace: string, server: string, issuer: string) => void
  /** What sidecars try of the network, and how often. */
  network: NetworkAsk
  log: Log
  port?: number
  /** Validity of the certificates that sidecars and the collector get. */
  seconds?: number
  /** Milliseconds between two looks at whether a pod's names are still right. */
  outdatedMs?: number
}

const day = 86_400
const bodyLimit = 64 * 1024
/** Whoever reaches the port may ask, and each question costs the API server a TokenReview: of one address, of all of one /64, and of all. */
const atOnce = { each: 4, group: 16, all: 32 }

/** Of one pod, and of all: signatures cost time. */
const enrolsAtOnce = { each: 4, all: 32 }

const channelNames = [
  `${services.channel}.${systemNamespace}.svc`,
  `${services.channel}.${systemNamespace}.svc.cluster.local`,
]

/** Listens; rejects when the port cannot be had. */
export async function startChannel(options: ChannelOptions): Promise<Listener> {
  const { client, authority, port = ports.channel, seconds = day } = options
  const deps = { ...options, seconds, newKeySet: newKeySets(options) }
  const { outdatedMs = 10_000 } = options
  const servicesOf = recently(
    outdatedMs / 2,
    async (namespace) => (await client.list<Service>(kinds.service, { namespace })).items,
  )
  const outsideOf = recently(outdatedMs / 2, async (namespace, name) => {
    const server = await client.get<HipaaMcpServer>(kinds.server, namespace, name)
    return server === undefined ? undefined : await outsideNames(client, server)
  })
  const asking = groupShares(atOnce)
  const identity = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const peer = plainAddress(request.socket.remoteAddress)
    const network = networkOf(peer)
    if (!asking.take(peer, network, 1))
      throw new ChannelRefusal(503, 'Too many ask at once: try again in a second')
    try {
      const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
      if (token === undefined) throw new ChannelRefusal(401, 'Send the pod’s token: Authorization: Bearer')
      const body = await bodyOf(request, bodyLimit)
      const answer = await answerIdentity(deps, token, peer, body)
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      response.end(JSON.stringify(answer))
    } finally {
      asking.give(peer, network, 1)
    }
  }
  const orders = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const sidecar = sidecarOf(request.socket as TLSSocket)
    const { namespace, names, until } = sidecar
    const labelSelector = `${guardedLabel}=${sidecar.server}`
    const pods = await client.list<Pod>(kinds.pod, { namespace, labelSelector })
    const pod = pods.items.find(({ metadata }) => metadata.uid === sidecar.podUid)
    if (pod === undefined) throw new ChannelRefusal(403, 'The pod of this certificate is gone')
    const outdated = async () => {
      const [services, outside] = await Promise.all([
        servicesOf(namespace),
        outsideOf(namespace, sidecar.server),
      ])
      // Without its server no certificate is given, so none is asked for.
      if (outside === undefined) return false
      const wanted = namesOf(pod, services, options.surroundings.domain, outside)
      return wanted.join() !== names.join()
    }
    const asked = new URL(request.url ?? '/', 'https://channel').searchParams.get('generation') ?? '0'
    const generation = /^\d{1,15}$/.test(asked) ? Number(asked) : 0
    await streamOrders(response, options.orders, sidecar, { generation, until, outdated, outdatedMs })
  }
  const keySets = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { namespace, server } = sidecarOf(request.socket as TLSSocket)
    options.unknownKey(namespace, server, issuerIn(await bodyOf(request, 4_096)))
    response.writeHead(202).end()
  }
  const enrolling = shares(enrolsAtOnce.each, enrolsAtOnce.all)
  const enrol = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const sidecar = sidecarOf(request.socket as TLSSocket)
    if (!enrolling.take(sidecar.podUid, 1)) throw new ChannelRefusal(503, 'Too many ask at once: try again')
    try {
      const answer = await answerEnrolment(deps, sidecar, await bodyOf(request, bodyLimit))
      options.log.info('A person got a client certificate', {
        name: idOf(`${sidecar.namespace}/${sidecar.server}`),
      })
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      response.end(JSON.stringify(answer))
    } finally {
      enrolling.give(sidecar.podUid, 1)
    }
  }
  const network = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const sidecar = sidecarOf(request.socket as TLSSocket)
    await keepReport(client, sidecar, await bodyOf(request, 4_096), Date.now())
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify(options.network))
  }
  const paths: { [path: string]: typeof identity } = {
    [`POST ${networkPath}`]: network,
    'POST /v1/key-sets': keySets,
    'POST /v1/identity': identity,
    [`POST ${enrolment.path}`]: enrol,
    'GET /v1/orders': orders,
  }
  return await serve({
    authority,
    names: channelNames,
    seconds: day,
    port,
    reason: 'channel-not-listening',
    tls: {
      minVersion: 'TLSv1.3',
      // Who asks for an identity has no certificate yet: each path checks for itself.
      requestCert: true,
      rejectUnauthorized: false,
    },
    respond: (request, response) => {
      const path = `${request.method ?? ''} ${request.url?.split('?')[0] ?? ''}`
      const answer = paths[path]
      const answered =
        answer === undefined
          ? Promise.reject(new ChannelRefusal(404, 'There is no such call on the channel'))
          : answer(request, response)
      answered.catch((error: unknown) => refuse(error, response, options.log))
    },
  })
}

function issuerIn(body: string): string {
  try {
    const { issuer } = JSON.parse(body) as Partial<KeySetRequest>
    if (typeof issuer === 'string') return issuer
  } catch {
    // Said below, like every other body that names no issuer.
  }
  throw new ChannelRefusal(400, 'The body must be JSON with a member issuer')
}

type Sidecar = ReturnType<typeof readSidecar>
/** Read once: TLS 1.3 has no other certificate within a connection. */
const sidecars = new WeakMap<TLSSocket, Sidecar>()

/** The sidecar at the other end, by its certificate. Throws ChannelRefusal for everybody else. */
function sidecarOf(socket: TLSSocket): Sidecar {
  const sidecar = sidecars.get(socket) ?? readSidecar(socket)
  sidecars.set(socket, sidecar)
  return sidecar
}

function readSidecar(socket: TLSSocket) {
  const certificate = socket.authorized ? socket.getPeerCertificate() : undefined
  const who = identityOf(certificate?.subjectaltname)
  if (certificate === undefined || who?.role !== 'sidecar')
    throw new ChannelRefusal(401, 'Show the certificate that POST /v1/identity gave')
  const names = (certificate.subjectaltname ?? '')
    .split(', ')
    .filter((name) => name.startsWith('DNS:'))
    .map((name) => name.slice('DNS:'.length))
    .toSorted()
  return { ...who, names, until: Date.parse(certificate.valid_to) }
}

function refuse(error: unknown, response: ServerResponse, log: Log): void {
  const { status, message, reason } = answerTo(error)
  log.warn('The channel refused a call', { status, error: codeOf(error) })
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(status, { 'content-type': 'application/json' })
  const said: ChannelError = { message, ...(reason === undefined ? {} : { reason }) }
  response.end(JSON.stringify(said))
}

function answerTo(error: unknown): { status: number; message: string; reason?: string | undefined } {
  if (error instanceof ChannelRefusal) return error
  if (error instanceof RangeError) return { status: 413, message: error.message }
  if (error instanceof IssuerFault) return { status: 503, message: error.message }
  const message = 'The operator could not answer: try again; its log says why'
  return { status: error instanceof ApiError ? 503 : 500, message }
}
