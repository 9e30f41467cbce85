// A whole request path: callers over real mutual TLS on loopback, the sidecar's server, a server behind it, a trail.

import { createHash, X509Certificate } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { Agent, type AgentOptions, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Policy } from '../../core/policy.ts'
import type { InForce } from '../../sidecar/in-force.ts'
import { type CallsOptions, type CallsServer, callsServer } from '../../sidecar/server.ts'
import { type Authority, authority, type KeyPair } from '../sample/certificates.ts'
import { anInForce, someOrders } from './in-force.ts'
import { type McpServer, mcpServer } from './mcp-server.ts'
import { aCall, type Sent } from './message.ts'
import { aPolicy } from './policy.ts'
import { anIssuer, type TestIssuer } from './tokens.ts'
import { type MemoryTrail, memoryTrail } from './trail.ts'

type Reply = {
  status: number
  headers: IncomingHttpHeaders
  text: string
  json: Record<string, unknown>
}
export type Asking = Partial<Sent> & {
  path?: string
  method?: string
  token?: string | null
  agent?: Agent
  /** Another server than the scene's own. */
  port?: number
}

/** Made once: keys cost more than everything else here. */
const authorities = Promise.all([authority('callers'), authority('servers'), authority('strangers')])
const issuers = anIssuer()
const servers = authorities.then(async ([, own]) => await own.issue('ehr', ['localhost', '127.0.0.1']))
const callers = new Map<string, Promise<KeyPair>>()

export function thumbprint({ cert }: KeyPair): string {
  return createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url')
}

/** The certificate of a caller, the same for the same name. */
export async function caller(name = 'agent', of: 'callers' | 'strangers' = 'callers'): Promise<KeyPair> {
  const [own, , strangers] = await authorities
  const key = `${of}/${name}`
  const made = callers.get(key) ?? (of === 'callers' ? own : strangers).issue(name)
  callers.set(key, made)
  return await made
}

export type Scene = {
  readonly calls: CallsServer
  readonly port: number
  readonly orders: ReturnType<typeof someOrders>
  readonly trail: MemoryTrail
  readonly upstream: McpServer
  readonly issuer: TestIssuer
  readonly callersCa: Authority
  readonly serversCa: Authority
  readonly serverPair: KeyPair
  /** Events in order: intent, upstream, result, refusal. */
  readonly log: string[]
  readonly faults: string[]
  /** What metrics were told, as they were told it. */
  readonly watched: object[]
  /** Asks as `agent` with a good token unless told otherwise. */
  ask(asking?: Asking): Promise<Reply>
  /** A connection of its own. */
  agent(pair?: KeyPair, more?: AgentOptions): Promise<Agent>
  /** A good token over a certificate. */
  token(claims?: Record<string, unknown>, pair?: KeyPair): Promise<string>
  /** Puts another policy in force. */
  use(policy: Policy): void
  /** Empties what was written down so far: records, events, what the server was asked and metrics were told. */
  forget(): void
  end(): Promise<void>
}

export async function aScene(
  options: {
    policy?: Partial<Policy>
    hosts?: () => string[]
    clock?: () => number
    steady?: () => number
    upstream?: object
    newKeySet?: NonNullable<CallsOptions['newKeySet']>
    /** Key sets of other issuers than the scene's own. */
    jwks?: InForce['jwks']
    elsewhere?: NonNullable<CallsOptions['elsewhere']>
    handshakes?: NonNullable<CallsOptions['handshakes']>
  } = {},
): Promise<Scene> {
  const [callersCa, serversCa] = await authorities
  const issuer = await issuers
  const log: string[] = []
  const faults: string[] = []
  const watched: object[] = []
  const upstream = await mcpServer(log)
  const trail = memoryTrail(log)
  const policy = aPolicy({ tls: { minVersion: 'TLSv1.3', clientCa: callersCa.cert }, ...options.policy })
  const jwks = { [issuer.url]: issuer.jwks, ...options.jwks }
  const orders = someOrders({ inForce: anInForce({ policy, jwks }) }, options.clock)
  const serverPair = await servers
  const calling: CallsOptions = {
    tls: { ...serverPair, ca: policy.tls.clientCa, minVersion: policy.tls.minVersion },
    orders,
    trail,
    upstream: { port: upstream.port, ...options.upstream },
    watch: {
      fault: ({ stage, name }) => faults.push(`${stage}: ${name}`),
      call: (seen) => watched.push(seen),
      refusal: (seen) => watched.push(seen),
    },
    ...(options.hosts === undefined ? {} : { hosts: options.hosts }),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.steady === undefined ? {} : { steady: options.steady }),
    ...(options.newKeySet === undefined ? {} : { newKeySet: options.newKeySet }),
    ...(options.elsewhere === undefined ? {} : { elsewhere: options.elsewhere }),
    ...(options.handshakes === undefined ? {} : { handshakes: options.handshakes }),
  }
  const calls = callsServer(calling)
  await new Promise<void>((resolve) => calls.server.listen(0, '127.0.0.1', resolve))
  const { port } = calls.server.address() as AddressInfo
  const agents: Agent[] = []
  const agent = async (pair?: KeyPair, more: AgentOptions = {}): Promise<Agent> => {
    const { key, cert } = pair ?? (await caller())
    // The name in the certificate, whatever a test puts into Host.
    const servername = 'localhost'
    const made = new Agent({
      keepAlive: true,
      maxSockets: 64,
      key,
      cert,
      ca: serversCa.cert,
      servername,
      ...more,
    })
    agents.push(made)
    return made
  }
  const usual = await agent()
  const token = async (claims: Record<string, unknown> = {}, pair?: KeyPair): Promise<string> =>
    await issuer.token(thumbprint(pair ?? (await caller())), claims)
  const good = await token()

  return {
    calls,
    port,
    orders,
    trail,
    upstream,
    issuer,
    callersCa,
    serversCa,
    serverPair,
    log,
    faults,
    watched,
    ask: async (asking = {}) => {
      const sent =
        asking.body === undefined
          ? {
              ...aCall(),
              ...asking,
            }
          : asking
      const bearer = asking.token === undefined ? good : asking.token
      return await post(asking.port ?? port, asking.agent ?? usual, {
        path: asking.path ?? '/mcp',
        method: asking.method ?? 'POST',
        body: sent.body ?? '',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
          ...(asking.body === undefined ? aCall().headers : {}),
          ...asking.headers,
        },
      })
    },
    agent,
    token,
    use: (next) =>
      orders.set({
        inForce: anInForce({
          policy: {
            ...next,
            tls: policy.tls,
          },
          jwks,
          generation: 2,
        }),
      }),
    forget: () => {
      for (const written of [trail.entries, upstream.asked, log, watched]) written.length = 0
    },
    end: async () => {
      for (const one of agents) one.destroy()
      await calls.drain()
      await upstream.close()
    },
  }
}

/** One request, over a connection of the agent's. */
export async function post(
  port: number,
  agent: Agent,
  { path, method, body, headers }: { path: string; method: string } & Sent,
): Promise<Reply> {
  return await new Promise((resolve, reject) => {
    const sending = request({ host: '127.0.0.1', port, path, method, agent, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json })
      })
    })
    sending.on('error', reject)
    sending.end(body)
  })
}
