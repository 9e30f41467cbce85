// The whole sidecar on loopback: from a pod's environment to calls, through what goes wrong, to its end.

import { once } from 'node:events'
import { Agent, request } from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Acknowledge, acknowledgements } from '../../../core/acknowledge.ts'
import type { Policy } from '../../../core/policy.ts'
import type { Orders } from '../../../core/wire.ts'
import { type Running, run } from '../../../sidecar/run.ts'
import { type Authority, authority } from '../../sample/certificates.ts'
import { type McpServer, mcpServer, withValue } from '../../support/mcp-server.ts'
import { aCall } from '../../support/message.ts'
import { aPolicy } from '../../support/policy.ts'
import { thumbprint } from '../../support/scene.ts'
import { anIssuer } from '../../support/tokens.ts'
import { verifies } from '../../verifies.ts'
import {
  aLog,
  anInstallation,
  type Heard,
  type Installation,
  sidecarConfig,
  someOrders,
  until,
} from '../installation.ts'
import { aResolver, type TestResolver } from '../resolver.ts'

const patient = 'p-100'
const value = {
  subject: { reference: `Patient/${patient}` },
  conditions: [{ code: 'E11.9', onset: '2019-04-01' }],
}

let installation: Installation
let resolver: TestResolver
let upstream: McpServer
let running: Running | undefined
let log: Heard
let callers: Authority
const issuer = anIssuer()
const fatal: string[] = []

beforeEach(async () => {
  installation = await anInstallation()
  resolver = await aResolver('localhost', '127.0.0.1')
  upstream = await mcpServer([])
  upstream.answering = withValue(value)
  callers = await authority('callers')
  log = aLog()
})
afterEach(async () => {
  await running?.stop().catch(() => undefined)
  running = undefined
  resolver.close()
  await upstream.close()
  await installation.end()
  expect(fatal.splice(0)).toEqual([])
})

async function started(trail: Acknowledge = 'Stream'): Promise<Running> {
  running = await run({
    config: { ...sidecarConfig(installation, resolver.address, upstream.port), trail },
    version: '1',
    log,
    onFatal: (reason) => fatal.push(reason),
    ports: { calls: 0, health: 0, egress: 0, dns: 0 },
    token: installation.token,
    trailFolder: installation.folder(),
  })
  return running
}

async function policy(changes: Partial<Policy> = {}, said: Partial<Orders> = {}): Promise<Orders> {
  const { url, jwks } = await issuer
  const made = aPolicy({
    tls: { minVersion: 'TLSv1.3', clientCa: callers.cert },
    workload: { port: upstream.port, path: '/mcp', transport: 'StreamableHttp' },
    ...changes,
  })
  return someOrders(made, { jwks: { [url]: jwks }, ...said })
}

async function ready(): Promise<{ ready: boolean; reasons: string[]; locked?: string }> {
  const response = await fetch(`http://127.0.0.1:${running?.ports().health}/readyz`)
  return (await response.json()) as { ready: boolean; reasons: string[]; locked?: string }
}
const isReady = async () => await until('ready', async () => (await ready()).ready)

type Caller = {
  sockets: Set<Socket>
  /** Of the certificates that were seen. */
  serials: string[]
  call: () => Promise<{ status: number; text: string }>
  close: () => void
}

/** A caller on one connection that it keeps, or on a new one each time. */
async function aCaller(keepAlive = true, signed = issuer): Promise<Caller> {
  const pair = await callers.issue('agent')
  const agent = new Agent({
    keepAlive,
    maxSockets: 1,
    ...pair,
    ca: installation.authority.pem,
    servername: 'localhost',
  })
  const signer = await signed
  const bearer = await signer.token(thumbprint(pair), {}, { kid: signer.jwks.keys[0]?.kid ?? '' })
  const sockets = new Set<Socket>()
  const serials: string[] = []
  return {
    sockets,
    serials,
    close: () => agent.destroy(),
    call: async () => {
      const { body, headers } = aCall({ patient_id: patient })
      const sending = request({
        host: '127.0.0.1',
        port: running?.ports().calls,
        path: '/mcp',
        method: 'POST',
        agent,
        headers: {
          ...headers,
          host: 'localhost',
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          authorization: `Bearer ${bearer}`,
        },
      })
      sending.once('socket', (socket) => sockets.add(socket))
      sending.end(body)
      const [response] = (await once(sending, 'response')) as [import('node:http').IncomingMessage]
      serials.push((response.socket as TLSSocket).getPeerCertificate().serialNumber)
      let text = ''
      for await (const chunk of response) text += String(chunk)
      return { status: response.statusCode ?? 0, text }
    },
  }
}

const kinds = async () => {
  const origins = installation.collector.trail.summaries()
  const records = await Promise.all(origins.map(async ({ origin }) => await installation.records(origin)))
  return records.flat().map((record) => record.kind)
}

for (const mode of acknowledgements)
  test(`${mode}: from nothing to a call that is served and recorded, and to the end of its chain`, async () => {
    installation.channel.faults.set('away')
    await started(mode)
    expect(await ready()).toEqual({
      ready: false,
      reasons: ['no-certificate', 'trail-not-begun', 'no-policy', 'starting'],
      locked: 'no-orders',
    })
    installation.channel.faults.set('well')
    installation.channel.tell(await policy({ trail: { acknowledge: mode } }))
    await isReady()
    // Orders are asked for with the certificate: a refusal, and the pause after it, would hold up every pod.
    expect(log.lines.join('\n')).not.toContain('HTTP_401')
    const { call, close } = await aCaller()

    const { status, text } = await call()

    expect(status).toBe(200)
    expect(text).toContain('E11.9')
    expect(text).not.toContain(patient)
    const scraped = await (await fetch(`http://127.0.0.1:${running?.ports().health}/metrics`)).text()
    const label = 'server="clinic/ehr"'
    expect(scraped).toContain(`hipaa_mcp_calls_total{${label},outcome="ok",tool="get_diagnosis"} 1`)
    expect(scraped).toContain(`hipaa_mcp_records_total{${label},kind="intent"} 1`)
    expect(scraped).toContain(`hipaa_mcp_locked{${label}} 0`)
    expect(scraped).toContain(`hipaa_mcp_policy_generation{${label}} 1`)
    expect(scraped).toMatch(/hipaa_mcp_stage_seconds_bucket\{.*stage="redact".*le="0.0005"/)
    expect(scraped).toMatch(/hipaa_mcp_certificate_expiry_timestamp_seconds\{.*certificate="server"/)
    expect(scraped).not.toContain('_total_total')
    close()
    await running?.stop()
    running = undefined
    expect(await kinds()).toEqual(['chain-started', 'orders', 'intent', 'result', 'chain-closed'])
    const summary = () => installation.collector.trail.summaries()[0]
    await until('the registry says so', () => summary()?.state === 'closed')
    expect(summary()).toMatchObject({ size: 5, witnessed: 5 })
    for (const phi of [patient, 'E11.9', 'nurse-7', 'token-of-the-pod', 'PRIVATE'])
      expect([...log.lines, scraped].join('\n')).not.toContain(phi)
  })

verifies(
  'authentication:issuers',
  'its key rotated a moment ago: the first call with the new one is served, and costs one question',
  async () => {
    await started()
    const first = await policy()
    installation.channel.tell(first)
    await isReady()
    const rotated = anIssuer().then((made) => ({
      ...made,
      jwks: { keys: made.jwks.keys.map((key) => ({ ...key, kid: 'rotated' })) },
    }))
    const { url, jwks } = await rotated
    installation.channel.unknownKeys.length = 0
    installation.channel.onUnknownKey = () => installation.channel.tell({ ...first, jwks: { [url]: jwks } })
    const { call, close } = await aCaller(true, rotated)

    expect((await call()).status).toBe(200)
    expect((await call()).status).toBe(200)
    expect(installation.channel.unknownKeys).toEqual([url])
    // What the old key signed is good no longer.
    const late = await aCaller()
    expect((await late.call()).status).toBe(401)
    installation.channel.onUnknownKey = () => undefined
    close()
    late.close()
  },
)

verifies(
  'authentication:discovery',
  'it is there while the policy wants it, over the same certificate',
  async () => {
    await started()
    installation.channel.tell(await policy())
    await isReady()
    expect(running?.ports().discovery).toBe(0)

    installation.channel.tell(await policy({ discovery: { port: 8444 } }, { generation: 2 }))
    await until('the port', () => running?.ports().discovery !== 0)
    const asked = request({
      host: '127.0.0.1',
      port: running?.ports().discovery,
      path: '/.well-known/oauth-protected-resource/mcp',
      ca: installation.authority.pem,
      servername: 'localhost',
      agent: false,
      headers: { host: 'localhost:8444' },
    })
    asked.end()
    const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage]
    let text = ''
    for await (const chunk of response) text += String(chunk)
    expect(JSON.parse(text)).toMatchObject({ authorization_servers: [(await issuer).url] })

    installation.channel.tell(await policy({}, { generation: 3 }))
    await until('its end', () => running?.ports().discovery === 0)
  },
)

verifies(
  'operator:orders',
  'a lockdown and its end are in force within five seconds, and the caller hears why',
  async () => {
    await started()
    installation.channel.tell(await policy())
    await isReady()
    const { call, close } = await aCaller()
    expect((await call()).status).toBe(200)

    let began = performance.now()
    installation.channel.tell(await policy({ lockdown: { reason: 'incident' } }, { generation: 2 }))
    await until('a refusal', async () => (await call()).status === 503)
    expect(performance.now() - began).toBeLessThan(5_000)
    expect((await call()).text).toContain('locked')
    expect(await ready()).toEqual({ ready: true, reasons: [], locked: 'lockdown' })

    began = performance.now()
    installation.channel.tell(await policy({}, { generation: 3 }))
    await until('service', async () => (await call()).status === 200)
    expect(performance.now() - began).toBeLessThan(5_000)
    close()
  },
)

verifies('operator:older-orders', 'a channel that goes back in time locks the server', async () => {
  await started()
  installation.channel.tell(await policy({}, { generation: 5 }))
  await isReady()
  const { call, close } = await aCaller()
  expect((await call()).status).toBe(200)

  installation.channel.tell(await policy({}, { generation: 4 }))

  await until('a refusal', async () => (await call()).status === 503)
  expect((await ready()).locked).toBe('orders-older')
  close()
})

verifies(
  'operator:away',
  'calls go on without the operator until maxPolicyAge, and again when it is back',
  async () => {
    await started()
    installation.channel.tell(await policy({ maxPolicyAgeSeconds: 1 }))
    await isReady()
    const { call, close } = await aCaller()
    installation.channel.faults.set('away')
    const began = performance.now()
    expect((await call()).status).toBe(200)

    await until('the lock', async () => (await call()).status === 503)
    expect(performance.now() - began).toBeGreaterThan(850)
    expect((await ready()).locked).toBe('orders-too-old')

    installation.channel.faults.set('well')
    await until('service', async () => (await call()).status === 200)
    close()
  },
)

verifies(
  'transit:renewal',
  'a connection outlives the certificate it began with, and new ones see the new certificate',
  async () => {
    installation.channel.seconds = 4
    await started()
    installation.channel.tell(await policy())
    await isReady()
    const kept = await aCaller()
    expect((await kept.call()).status).toBe(200)
    const before = installation.channel.asked.length

    while (installation.channel.asked.length === before) expect((await kept.call()).status).toBe(200)
    await until('the new certificate', async () => {
      const fresh = await aCaller(false)
      expect((await fresh.call()).status).toBe(200)
      expect((await kept.call()).status).toBe(200)
      return fresh.serials[0] !== kept.serials[0]
    })

    // One connection all the while.
    expect(kept.sockets.size).toBe(1)
    expect((await ready()).reasons).toEqual([])
    kept.close()
  },
  15_000,
)

for (const mode of ['Stream', 'Both'] as const)
  verifies(
    'audit:no-record-no-service',
    `${mode}: with the collector away nothing reaches the server, /readyz says why, and service returns by itself`,
    async () => {
      await started(mode)
      installation.channel.tell(await policy({ trail: { acknowledge: mode } }))
      await isReady()
      const { call, close } = await aCaller()
      await call()
      upstream.asked.length = 0
      installation.collector.faults.set('away')

      const refused = call()
      await until('the reason', async () => (await ready()).reasons.includes('collector-unreachable'), 8_000)
      expect(upstream.asked).toEqual([])
      installation.collector.faults.set('well')

      // Recorded after all, or refused: never served unrecorded.
      const { status } = await refused
      await until('ready', async () => (await ready()).ready)
      expect((await call()).status).toBe(200)
      expect(upstream.asked).toHaveLength(status === 200 ? 2 : 1)
      const records = await kinds()
      expect(records.filter((kind) => kind === 'intent')).toHaveLength(status === 200 ? 3 : 2)
      close()
    },
    20_000,
  )

verifies(
  'transmission:drain',
  'a call in flight is finished and recorded before the chain closes',
  async () => {
    await started()
    installation.channel.tell(await policy())
    await isReady()
    const { call, close } = await aCaller()
    const answer = Promise.withResolvers<void>()
    upstream.answering = (asked, response) => {
      answer.promise.then(() => withValue(value)(asked, response)).catch(() => undefined)
    }
    const inFlight = call()
    await until('it is in flight', () => upstream.asked.length === 1)

    const stopped = running?.stop()
    await until('draining', async () => (await ready()).reasons.includes('draining'))
    answer.resolve()

    expect((await inFlight).status).toBe(200)
    await stopped
    running = undefined
    expect((await kinds()).slice(-3)).toEqual(['intent', 'result', 'chain-closed'])
    close()
  },
)

test.each([
  ['the operator', () => installation.channel.faults.set('away')],
  ['the collector', () => installation.collector.faults.set('away')],
])('a sidecar that still waits for %s stops when it is told to', async (_what, away) => {
  away()
  await started()
  await until('it waits', () => log.lines.some((line) => line.includes('asking')))
  const began = performance.now()

  await running?.stop()

  running = undefined
  expect(performance.now() - began).toBeLessThan(5_000)
})
