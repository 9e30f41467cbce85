import { once } from 'node:events'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { connect } from 'node:tls'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { Bodies } from '../../collector/bodies.ts'
import type { Store } from '../../collector/commit/commit.ts'
import type { Log } from '../../collector/log.ts'
import { routes } from '../../collector/receive.ts'
import { collectorServer, type ServerOptions, secureContext } from '../../collector/server.ts'
import type { Trail } from '../../collector/trail.ts'
import { parseVkey, rawPublicKey, verifyNote } from '../../core/checkpoint.ts'
import { identity } from '../../core/identifiers.ts'
import { recordBytes } from '../../core/record.ts'
import type { ChainResponse, WitnessReport } from '../../core/wire.ts'
import type { Authority } from '../../operator/authority/ca.ts'
import { anIntent, anOrders, aResult, aStart } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import { anEmbeddedStore, aPod, aTrail, Process } from './a-trail.ts'
import { AWitness, askingThem } from './a-witness.ts'
import { anAuthority, type Certificate, certify, Peer, uriOf } from './peers.ts'

let authority: Authority
let own: Certificate
const running: Server[] = []
const peers: Peer[] = []
const logged: unknown[] = []
const log: Log = {
  info: () => undefined,
  warn: (...all) => logged.push(all),
  error: (...all) => logged.push(all),
}

beforeAll(async () => {
  authority = await anAuthority()
  own = await certify(authority, identity.collector)
})
afterEach(async () => {
  logged.length = 0
  await Promise.all(peers.splice(0).map(async (peer) => await peer.close()))
  for (const server of running.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

type Started = { server: Server; port: number; trail: Trail; store: Store }

async function started(
  said: Partial<Pick<ServerOptions, 'deadlineMs' | 'now' | 'bodies' | 'refused'>> & { store?: Store } = {},
): Promise<Started> {
  const store = said.store ?? (await anEmbeddedStore())
  const trail = await aTrail(store, { now: Date.now() })
  const table = routes(trail, store)
  const { store: _store, ...options } = { deadlineMs: 15_000, now: Date.now, ...said }
  const server = collectorServer({ ...own, ca: authority.pem, routes: () => table, log, ...options })
  running.push(server)
  server.listen(0)
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port, trail, store }
}

async function peer(port: number, uri: string | undefined, said: { seconds?: number } = {}): Promise<Peer> {
  const made = new Peer(port, authority.pem, await certify(authority, uri, said))
  peers.push(made)
  return made
}

const records = (...all: Parameters<typeof recordBytes>[0][]): string =>
  all.map((one) => `${String(recordBytes(one))}\n`).join('')

test('a sidecar begins its chain, sends records and gets its checkpoint cosigned; the operator and an auditor read', async () => {
  const { port, trail } = await started()
  const process = new Process(trail, aPod())
  const sidecar = await peer(port, uriOf(process.pod))

  const begun = await sidecar.ask(
    'POST',
    '/v1/chains',
    JSON.stringify({ publicKey: rawPublicKey(process.key).toString('base64') }),
  )
  process.chain = JSON.parse(begun.text) as ChainResponse
  const all = [aStart(process.origin), anOrders(), anIntent('c1'), aResult('c1')]
  process.records.push(...all.map(recordBytes))
  const origin = encodeURIComponent(process.origin)
  expect(await sidecar.ask('POST', `/v1/records?origin=${origin}&from=0`, records(...all))).toMatchObject({
    status: 200,
    text: '{"size":4}',
  })
  const cosigned = await sidecar.ask('POST', '/v1/checkpoints', process.note())
  expect(verifyNote(process.note() + cosigned.text, parseVkey(process.chain.witness))).toBeDefined()

  const operator = await peer(port, identity.operator)
  expect(JSON.parse((await operator.ask('GET', '/v1/chains')).text)).toMatchObject([
    { origin: process.origin, size: 4, witnessed: 4, state: 'live', policy: 'ab'.repeat(32) },
  ])
  expect((await operator.ask('GET', '/v1/signals')).text).toBe('[]')
  expect(JSON.parse((await operator.ask('GET', '/v1/witnesses')).text)).toMatchObject({
    late: false,
    witnesses: [],
  })
  const auditor = await peer(port, identity.auditor("o'brien@clinic.example"))
  const exported = (await auditor.ask('GET', '/v1/export?namespace=clinic&server=ehr')).text
    .trimEnd()
    .split('\n')
  expect(JSON.parse(exported.at(-1) as string)).toEqual({ end: true, chains: 2, records: 6 })
  // Who exported is in the trail itself.
  expect(exported.join()).toContain("o'brien@clinic.example")
})

test.each([
  ['sidecar', 'GET', '/v1/chains', 403],
  ['sidecar', 'GET', '/v1/signals', 403],
  ['sidecar', 'GET', '/v1/witnesses', 403],
  ['sidecar', 'GET', '/v1/export?namespace=clinic&server=ehr', 403],
  ['recovery', 'POST', '/v1/chains', 403],
  ['recovery', 'POST', '/v1/activity', 403],
  ['recovery', 'POST', '/v1/data-keys', 403],
  ['recovery', 'GET', '/v1/chains', 403],
  ['recovery', 'GET', '/v1/signals', 403],
  ['recovery', 'GET', '/v1/witnesses', 403],
  ['recovery', 'GET', '/v1/export?namespace=clinic&server=ehr', 403],
  ['sidecar', 'POST', '/v1/recovered', 403],
  ['operator', 'POST', '/v1/recovered', 403],
  ['operator', 'POST', '/v1/chains', 403],
  ['operator', 'POST', '/v1/records', 403],
  ['operator', 'POST', '/v1/activity', 403],
  ['operator', 'GET', '/v1/export?namespace=clinic&server=ehr', 403],
  ['collector', 'GET', '/v1/chains', 403],
  ['auditor', 'POST', '/v1/checkpoints', 403],
  ['sidecar', 'POST', '/v1/reviews', 403],
  ['operator', 'POST', '/v1/reviews', 403],
  ['auditor', 'POST', '/v1/reviews', 400],
  ['auditor', 'GET', '/v1/export', 400],
  ['auditor', 'GET', '/v1/other', 404],
  ['auditor', 'POST', '/v1/export?namespace=clinic&server=ehr', 404],
  ['none', 'GET', '/v1/chains', 401],
  ['other', 'GET', '/v1/chains', 401],
] as const)('as %s, %s %s is answered %i', async (role, method, path, status) => {
  const { port } = await started()
  const uris = {
    sidecar: uriOf(aPod()),
    recovery: identity.recovery('clinic', 'ehr', 'uid-1'),
    operator: identity.operator,
    collector: identity.collector,
    auditor: identity.auditor('officer'),
    none: undefined,
    other: 'hipaa-mcp://administrator',
  }
  const { status: seen, text } = await (await peer(port, uris[role])).ask(
    method,
    path,
    method === 'POST' ? '' : undefined,
  )

  expect(seen).toBe(status)
  expect(JSON.parse(text)).toMatchObject({
    error: expect.any(String) as string,
    says: expect.any(String) as string,
  })
})

verifies(
  'transit:mutual-tls',
  'the collector speaks to nobody without a certificate of its own CA',
  async () => {
    const { port } = await started()
    const stranger = await certify(await anAuthority(), identity.operator)
    const over = await certify(authority, identity.operator, { seconds: -100 })
    for (const certificate of [undefined, stranger, over]) {
      const one = new Peer(port, authority.pem, certificate)
      peers.push(one)
      await expect(one.ask('GET', '/v1/chains')).rejects.toThrow()
    }
  },
)

verifies('transit:tls-floor', 'the collector speaks TLS 1.3 only', async () => {
  const { port } = await started()
  const certificate = await certify(authority, identity.operator)
  const socket = connect({
    port,
    host: 'localhost',
    ca: authority.pem,
    ...certificate,
    maxVersion: 'TLSv1.2',
  })

  await expect(once(socket, 'secureConnect')).rejects.toThrow(/protocol version/)
})

test('a certificate that ends while its connection is open is good for nothing any more', async () => {
  let later = 0
  const { port } = await started({ now: () => Date.now() + later })
  const operator = await peer(port, identity.operator, { seconds: 600 })

  expect((await operator.ask('GET', '/v1/chains')).status).toBe(200)
  later = 601_000
  expect((await operator.ask('GET', '/v1/chains')).status).toBe(401)
})

verifies('transit:renewal', 'the collector’s certificate is swapped while a connection is open', async () => {
  const { port, server } = await started()
  const operator = await peer(port, identity.operator)
  expect((await operator.ask('GET', '/v1/chains')).status).toBe(200)

  const fresh = await certify(authority, identity.collector)
  server.setSecureContext(secureContext({ ...fresh, ca: authority.pem }))

  expect((await operator.ask('GET', '/v1/chains')).status).toBe(200)
  const socket = connect({
    port,
    host: 'localhost',
    ca: authority.pem,
    ...(await certify(authority, identity.operator)),
  })
  await once(socket, 'secureConnect')
  expect(fresh.cert).toContain(socket.getPeerX509Certificate()?.raw.toString('base64').slice(0, 60))
  socket.destroy()
})

test.each([
  ['no JSON', '/v1/chains', 'text', 400, 'bad-request'],
  ['no key', '/v1/chains', '{}', 400, 'bad-request'],
  ['null', '/v1/chains', 'null', 400, 'bad-request'],
  ['a key that is none', '/v1/chains', '{"publicKey":"AAAA"}', 400, 'bad-request'],
  ['a body that is too large', '/v1/chains', 'x'.repeat(5000), 413, 'too-large'],
  ['no origin', '/v1/records?from=0', '{}', 400, 'bad-request'],
  ['a negative index', '/v1/records?origin=ORIGIN&from=-1', '{}', 400, 'bad-request'],
  ['an index that is none', '/v1/records?origin=ORIGIN&from=1e3', '{}', 400, 'bad-request'],
  ['no record', '/v1/records?origin=ORIGIN&from=1', '', 400, 'bad-record'],
  ['an empty line', '/v1/records?origin=ORIGIN&from=1', '\n', 400, 'bad-record'],
  ['a record that is none', '/v1/records?origin=ORIGIN&from=1', '{"patient":"Doe"}\n', 400, 'bad-record'],
  ['a record that is too large', '/v1/records?origin=ORIGIN&from=1', 'x'.repeat(70_000), 400, 'bad-record'],
  [
    'more records than a sidecar sends',
    '/v1/records?origin=ORIGIN&from=1',
    'x'.repeat(2_100_000),
    413,
    'too-large',
  ],
  ['a chain that is none', '/v1/records?origin=../../etc&from=1', '{}', 404, 'no-such-chain'],
  ['a note that is none', '/v1/checkpoints', 'ORIGIN\nnot a note', 400, 'bad-note'],
])('%s is refused, never echoed, and the connection goes on', async (_, path, body, status, error) => {
  const { port, trail } = await started()
  const process = await Process.started(trail)
  const sidecar = await peer(port, uriOf(process.pod))
  const { origin } = process
  const answer = await sidecar.ask(
    'POST',
    path.replace('ORIGIN', encodeURIComponent(origin)),
    body.replace('ORIGIN', origin),
  )

  expect(answer.status).toBe(status)
  expect(JSON.parse(answer.text)).toMatchObject({ error })
  expect(answer.text).not.toContain('Doe')
  expect(JSON.stringify(logged)).not.toContain('Doe')
  expect((await sidecar.ask('POST', '/v1/checkpoints', process.note())).status).toBe(200)
})

const pathOf = (of: Process, from: number): string =>
  `/v1/records?origin=${encodeURIComponent(of.origin)}&from=${from}`

verifies(
  'audit:collector-bounds',
  'records are held until their commit is done, however late that is: who sends more meanwhile is told to wait',
  async () => {
    const real = await anEmbeddedStore()
    let hang: PromiseWithResolvers<void> | undefined
    const store: Store = {
      ...real,
      append: async (...all) => {
        await hang?.promise
        await real.append(...all)
      },
    }
    const turnedAway: unknown[] = []
    const bodies = new Bodies({ each: 1500, group: 5000, all: 10_000 })
    const refused = (...all: unknown[]): void => void turnedAway.push(all)
    const { port, trail } = await started({ store, deadlineMs: 200, bodies, refused })
    const [process, other] = [await Process.started(trail), await Process.started(trail)]
    const [sidecar, neighbour] = [await peer(port, uriOf(process.pod)), await peer(port, uriOf(other.pod))]
    const two = records(anIntent('c1'), aResult('c1'))
    expect(two.length).toBeGreaterThan(750)
    hang = Promise.withResolvers()

    // Nobody is told that it was done, and it is still held.
    expect((await sidecar.ask('POST', pathOf(process, 1), two)).status).toBe(503)
    expect(bodies.bytes).toBe(two.length)
    const more = await sidecar.ask('POST', pathOf(process, 3), two)
    expect(more).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    expect(JSON.parse(more.text)).toMatchObject({ error: 'too-much-at-once' })
    expect(turnedAway.at(-1)).toMatchObject([
      'too-much-at-once',
      { server: 'ehr', podUid: process.pod.podUid },
    ])
    // Another pod is not refused for it, though nothing is committed for it either.
    expect(JSON.parse((await neighbour.ask('POST', pathOf(other, 1), two)).text)).toMatchObject({
      error: 'not-committed',
    })

    hang.resolve()
    await expect.poll(() => bodies.bytes).toBe(0)
    expect((await sidecar.ask('POST', pathOf(process, 1), two)).text).toBe('{"size":3}')
  },
)

verifies('audit:acknowledged-is-kept', 'a commit that hangs is not acknowledged', async () => {
  const real = await anEmbeddedStore()
  let hang = false
  const store: Store = {
    ...real,
    append: async (...all) => {
      await real.append(...all)
      if (hang) await new Promise(() => undefined)
    },
  }
  const { port, trail } = await started({ store, deadlineMs: 200 })
  const process = await Process.started(trail)
  const sidecar = await peer(port, uriOf(process.pod))
  hang = true
  const path = `/v1/records?origin=${encodeURIComponent(process.origin)}&from=1`

  expect(await sidecar.ask('POST', path, records(anIntent('c1')))).toMatchObject({
    status: 503,
    headers: { 'retry-after': '1' },
  })
})

test('what is known of witnesses outside is told: their answers, the quorum, and the key by which they know the log', async () => {
  const store = await anEmbeddedStore()
  const clock = { now: 1_790_000_000_000 }
  const witness = new AWitness('w', clock)
  const trail = await aTrail(store, clock, [], askingThem([witness]))
  const server = collectorServer({
    ...own,
    ca: authority.pem,
    routes: () => routes(trail, store),
    log,
    now: Date.now,
  })
  running.push(server)
  server.listen(0)
  await once(server, 'listening')
  const operator = await peer((server.address() as AddressInfo).port, identity.operator)
  const told = async (): Promise<WitnessReport> =>
    JSON.parse((await operator.ask('GET', '/v1/witnesses')).text) as WitnessReport
  const { log: key } = await told()
  expect(key).toMatch(/^hipaa-mcp\.dev\/registry\/[0-9a-f]{64}\+[0-9a-f]{8}\+/)
  witness.knows(key)
  await Process.started(trail)
  await trail.witnesses?.round()

  expect(await told()).toEqual({
    log: key,
    strict: false,
    late: false,
    windowSeconds: 0,
    quorum: { size: 2, at: '2026-09-21T14:13:20.000Z' },
    witnesses: [{ name: 'w', state: 'cosigns', signed: 2 }],
  })
})

test('an answer names its length in bytes, whatever its letters, and one that breaks off is cut off', async () => {
  const body = '{"name":"Zoë Ōe 👩‍⚕️"}'
  async function* broken(): AsyncGenerator<string> {
    yield body
    await Promise.reject(new Error('the store is away'))
  }
  const answers = { whole: () => body, broken: () => Readable.from(broken()) }
  const table = Object.fromEntries(
    Object.entries(answers).map(([name, run]) => [
      `GET /${name}`,
      {
        roles: ['operator' as const],
        run: async () => await Promise.resolve({ type: 'application/json' as const, body: run() }),
      },
    ]),
  )
  const more = { deadlineMs: 15_000, now: Date.now, log }
  const server = collectorServer({ ...own, ca: authority.pem, routes: () => table, ...more })
  running.push(server)
  server.listen(0)
  await once(server, 'listening')
  const operator = await peer((server.address() as AddressInfo).port, identity.operator)

  for (let turn = 0; turn < 2; turn += 1)
    expect(await operator.ask('GET', '/whole')).toMatchObject({
      text: body,
      headers: { 'content-length': String(Buffer.byteLength(body)) },
    })
  await expect(operator.ask('GET', '/broken')).rejects.toThrow()
  expect(logged.join()).toContain('an answer was cut off')
})
