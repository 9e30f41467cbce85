// What stands around a sidecar: the real collector on a real disk and a control channel that a test directs, both over
// real TLS on loopback, behind a proxy that can fail.

import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import type { Store } from '../../collector/commit/commit.ts'
import { openEmbedded } from '../../collector/commit/embedded.ts'
import { loadKeys } from '../../collector/keys.ts'
import { routes } from '../../collector/receive.ts'
import { collectorServer } from '../../collector/server.ts'
import { Trail } from '../../collector/trail.ts'
import { identity, identityOf } from '../../core/identifiers.ts'
import { type Policy, policyHash, policyText } from '../../core/policy.ts'
import type { AuditRecord } from '../../core/record.ts'
import { enrolment, type IdentityResponse, type Orders } from '../../core/wire.ts'
import { type Authority, makeAuthority } from '../../operator/authority/ca.ts'
import { proved } from '../../operator/authority/certificate-request.ts'
import { issue } from '../../operator/authority/issue.ts'
import { answerEnrolment } from '../../operator/channel/enrol.ts'
import { ChannelRefusal } from '../../operator/channel/refused.ts'
import { Link } from '../../sidecar/channel/link.ts'
import type { Config } from '../../sidecar/config.ts'
import type { Log } from '../../sidecar/log.ts'
import { anAuthority, certify } from '../collector/peers.ts'
import { tie } from '../support/tied-sockets.ts'
import { loopback } from './loopback.ts'

export const pod = { namespace: 'clinic', server: 'ehr', podUid: 'pod-uid-1' }
export const server = { namespace: pod.namespace, name: pod.server }

/** Everything that was logged, as one text. */
export type Heard = Log & { lines: string[] }
export function aLog(): Heard {
  const lines: string[] = []
  const take = (message: string, fields: object = {}) => lines.push(`${message} ${JSON.stringify(fields)}`)
  return { lines, info: take, warn: take, error: take }
}

/** Resolves when it holds; fails the test after `milliseconds`, saying what did not come. */
export async function until(what: string, holds: () => unknown, milliseconds = 5_000): Promise<void> {
  const end = performance.now() + milliseconds
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`It did not come within ${milliseconds} ms: ${what}`)
    await sleep(10)
  }
}

/** A TCP proxy in front of something. `away`: nothing connects. `deaf`: bytes go in and nothing comes back. */
class Faults {
  state: 'well' | 'away' | 'deaf' = 'well'
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
  }

  static async before(port: () => number): Promise<Faults> {
    const server = createServer()
    const faults = new Faults(server)
    server.on('connection', (socket) => faults.#join(socket, connect(port(), '127.0.0.1')))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return faults
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Changes the state; what is connected is cut off unless it goes on being well. */
  set(state: Faults['state']): void {
    this.state = state
    if (state !== 'away') return
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.set('away')
    this.#server.close()
  }

  #join(near: Socket, far: Socket): void {
    tie(near, far, this.#sockets)
    if (this.state === 'away') return void near.destroy()
    near.on('data', (bytes) => far.write(bytes))
    far.on('data', (bytes) => {
      if (this.state !== 'deaf') near.write(bytes)
    })
  }
}

/** The channel: what it was asked, and what it says. */
type Channel = {
  faults: Faults
  /** Bodies and headers of identity requests. */
  asked: { body: string; authorization: string | undefined }[]
  /** Generations that streams were opened with. */
  opened: number[]
  /** Validity of the certificates that are issued. */
  seconds: number
  names: string[]
  /** Issues a server certificate only to a request that names exactly `names`, as cert-manager would. */
  byRequest: boolean
  orders: Orders | undefined
  beating: boolean
  /** Issuers whose unknown keys a sidecar asked about, and what then happens. */
  unknownKeys: string[]
  onUnknownKey: () => void
  /** Sends orders to every stream, and to those that open later. */
  tell(orders: Orders): void
  send(event: string, data: string): void
  streams(): number
}

export type Installation = {
  authority: Authority
  /** The operator's own client CA. */
  clients: Authority
  collector: {
    faults: Faults
    trail: Trail
    store: Store
    /** Of its embedded store. */
    folder: string
    stop(): Promise<void>
    start(): Promise<void>
  }
  channel: Channel
  /** To the collector, as this pod. */
  link(): Promise<Link>
  folder(): string
  /** A file that holds a pod's token. */
  token: string
  records(origin: string): Promise<AuditRecord[]>
  end(): Promise<void>
}

export async function anInstallation(): Promise<Installation> {
  const authority = await anAuthority()
  const clients = await makeAuthority('hipaa-mcp-client-ca', Date.now())
  const folders: string[] = []
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'hipaa-mcp-sidecar-'))
    folders.push(made)
    return made
  }
  const token = join(folder(), 'token')
  writeFileSync(token, 'token-of-the-pod\n')
  const collector = await aCollector(authority, folder())
  const channel = await aChannel(authority, clients)
  const links: Link[] = []

  return {
    authority,
    clients,
    collector,
    channel: channel.channel,
    token,
    folder,
    async link() {
      const credentials = await certify(authority, identity.sidecar(pod.namespace, pod.server, pod.podUid))
      const base = new URL(`https://localhost:${collector.faults.port}`)
      const made = new Link({ base, ca: authority.pem, lookup: loopback, credentials })
      links.push(made)
      return made
    },
    async records(origin) {
      const all: AuditRecord[] = []
      for await (const records of collector.store.read(origin, 0))
        for (const record of records) all.push(JSON.parse(String(record)) as AuditRecord)
      return all
    },
    async end() {
      await Promise.all(links.map(async (link) => await link.close()))
      channel.close()
      collector.faults.close()
      await collector.stop()
      for (const made of folders) rmSync(made, { recursive: true, force: true })
    },
  }
}

async function aCollector(authority: Authority, folder: string): Promise<Installation['collector']> {
  const certificate = await certify(authority, identity.collector)
  let listening: TlsServer | undefined
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const faults = await Faults.before(() => (listening?.address() as AddressInfo | null)?.port ?? 1)
  const started = {
    faults,
    folder,
    trail: undefined as unknown as Trail,
    store: undefined as unknown as Store,
    async start() {
      const store = await openEmbedded({
        folder,
        onPoisoned: (reason) => {
          throw reason
        },
      })
      const keys = await loadKeys(store)
      const report = { record: () => undefined, commit: () => undefined }
      const trail = new Trail({ store, keys, now: Date.now, silentMs: 90_000, report })
      await trail.open()
      const table = routes(trail, store)
      const tls = collectorServer({
        ...certificate,
        ca: authority.pem,
        routes: () => table,
        log,
        now: Date.now,
      })
      tls.listen(0, '127.0.0.1')
      await once(tls, 'listening')
      listening = tls
      Object.assign(started, { trail, store })
    },
    async stop() {
      listening?.closeAllConnections()
      listening?.close()
      listening = undefined
      await started.store.close()
    },
  }
  await started.start()
  return started
}

async function aChannel(
  authority: Authority,
  clients: Authority,
): Promise<{ channel: Channel; close: () => void }> {
  const certificate = await certify(authority, identity.operator)
  const streams = new Set<ServerResponse>()
  const tls = createTlsServer({
    ...certificate,
    ca: authority.pem,
    minVersion: 'TLSv1.3',
    requestCert: true,
    rejectUnauthorized: false,
  })
  const faults = await Faults.before(() => (tls.address() as AddressInfo).port)
  const channel: Channel = {
    faults,
    asked: [],
    opened: [],
    seconds: 600,
    names: ['ehr.clinic.svc', 'localhost'],
    byRequest: false,
    orders: undefined,
    beating: true,
    unknownKeys: [],
    onUnknownKey: () => undefined,
    tell(orders) {
      channel.orders = orders
      channel.send('orders', JSON.stringify(orders))
    },
    send(event, data) {
      for (const stream of streams) stream.write(`event: ${event}\ndata: ${data}\n\n`)
    },
    streams: () => streams.size,
  }
  const beat = setInterval(() => {
    if (channel.beating) channel.send('heartbeat', '{}')
  }, 100)

  tls.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://channel')
    if (pathname === enrolment.path) {
      enrol(channel, clients, request).then(
        ([status, answer]) => response.writeHead(status).end(JSON.stringify(answer)),
        () => response.writeHead(500).end(),
      )
      return
    }
    if (pathname === '/v1/identity') {
      identify(channel, authority, request).then(
        (answer) => response.end(JSON.stringify(answer)),
        () => response.writeHead(400).end(),
      )
      return
    }
    const socket = request.socket as TLSSocket
    const seen = identityOf(socket.getPeerCertificate().subjectaltname)
    if (!socket.authorized || seen?.role !== 'sidecar') {
      response.writeHead(401).end()
      return
    }
    if (pathname === '/v1/key-sets') {
      bodyOf(request).then(
        (body) => {
          channel.unknownKeys.push((JSON.parse(body) as { issuer: string }).issuer)
          response.writeHead(202).end()
          channel.onUnknownKey()
        },
        () => response.destroy(),
      )
      return
    }
    channel.opened.push(Number(searchParams.get('generation')))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    streams.add(response)
    response.on('close', () => streams.delete(response))
    if (channel.orders !== undefined)
      response.write(`event: orders\ndata: ${JSON.stringify(channel.orders)}\n\n`)
  })
  tls.listen(0, '127.0.0.1')
  await once(tls, 'listening')
  return {
    channel,
    close() {
      clearInterval(beat)
      faults.close()
      tls.closeAllConnections()
      tls.close()
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

const newKeySet = () => async () => await Promise.resolve(undefined)

/** As the operator answers: it knows no more than its orders. */
async function enrol(
  { orders }: Channel,
  clients: Authority,
  request: IncomingMessage,
): Promise<readonly [number, object]> {
  if (identityOf((request.socket as TLSSocket).getPeerCertificate().subjectaltname)?.role !== 'sidecar')
    return [401, {}]
  const body = await bodyOf(request)
  return await answerEnrolment({ orders: { for: () => orders }, clients, newKeySet }, pod, body).then(
    (answer) => [200, answer] as const,
    (why: unknown) => {
      if (!(why instanceof ChannelRefusal)) throw why
      return [why.status, { message: why.message, reason: why.reason }] as const
    },
  )
}

/** As the operator answers, without asking an API server who the pod is. */
async function identify(
  channel: Channel,
  authority: Authority,
  request: IncomingMessage,
): Promise<IdentityResponse> {
  const body = await bodyOf(request)
  channel.asked.push({ body, authorization: request.headers.authorization })
  const key = await proved((JSON.parse(body) as { csr: string }).csr)
  if ('refused' in key) throw new Error(key.refused)
  const { names, seconds } = channel
  const own = identity.sidecar(pod.namespace, pod.server, pod.podUid)
  const leaf = { publicKey: key.publicKey, names, seconds }
  const now = Date.now()
  const answer = {
    channel: await issue(authority, { ...leaf, identity: own, usages: ['client'] }, now),
    names,
  }
  if (channel.byRequest && key.names.toSorted().join() !== names.toSorted().join()) return answer
  return { ...answer, server: await issue(authority, { ...leaf, usages: ['server'] }, now) }
}

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64')

/** Orders that are right in everything a test does not name. */
/** What a whole sidecar is told that runs beside it. `dns`: `address:port`. */
export const sidecarConfig = (
  { channel, collector, authority }: Installation,
  dns: string,
  upstreamPort: number,
): Config => ({
  server,
  pod: { name: 'ehr-1', uid: pod.podUid, ip: '10.1.2.3' },
  upstream: { port: upstreamPort, path: '/mcp', transport: 'StreamableHttp' },
  channel: new URL(`https://localhost:${channel.faults.port}`),
  collector: new URL(`https://localhost:${collector.faults.port}`),
  ca: authority.pem,
  dns,
  search: [],
  probes: new Map(),
  trail: 'Stream',
})

export function someOrders(policy: Policy, changes: Partial<Orders> = {}): Orders {
  const text = policyText(policy)
  return {
    generation: 1,
    policy: text,
    hash: policyHash(text),
    keys: { hashes: key(1), patients: key(2), seal: key(3) },
    jwks: {},
    agreements: [],
    grants: [],
    revocations: [],
    volumeRetained: true,
    ...changes,
  }
}
