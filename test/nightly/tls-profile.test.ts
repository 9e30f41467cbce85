// Every TLS port of ours, as a scanner of another author (testssl.sh) sees it: versions, suites, groups, tickets, renegotiation, and
// the attacks that have names. The ports say what they offer in docs/ports.md.

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect } from 'vitest'
import { collectorServer } from '../../collector/server.ts'
import { identity } from '../../core/identifiers.ts'
import { startWebhooks } from '../../operator/admission/server.ts'
import { makeAuthority } from '../../operator/authority/ca.ts'
import { startChannel } from '../../operator/channel/server.ts'
import { discoveryServer } from '../../sidecar/discovery.ts'
import { serveGate } from '../../sidecar/egress/model/gate.ts'
import { anAuthority, certify } from '../collector/peers.ts'
import { surroundings } from '../operator/admission/pods.ts'
import { aScene, caller } from '../support/scene.ts'
import { verifies } from '../verifies.ts'

const run = promisify(execFile)
const away = async (): Promise<never> => await Promise.reject(new Error('there is no cluster here'))
const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
const ends: (() => Promise<unknown> | void)[] = []

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** `pair`: what a client must show, where it must. */
type Port = { port: number; pair?: { key: string; cert: string } }

async function calls(minVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<Port> {
  const scene = await aScene()
  ends.push(async () => await scene.end())
  scene.calls.setCertificate({ ...scene.serverPair, ca: scene.callersCa.cert, minVersion })
  return { port: scene.port, pair: await caller() }
}

async function discovery(minVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<Port> {
  const scene = await aScene()
  ends.push(async () => await scene.end())
  const { orders, trail, serverPair } = scene
  const { server } = discoveryServer({
    orders,
    trail,
    watch: {},
    enrol: away,
    tls: { key: serverPair.key, cert: serverPair.cert, minVersion },
    hosts: () => [],
  })
  return { port: await listening(server) }
}

async function collector(): Promise<Port> {
  const authority = await anAuthority()
  const own = await certify(authority, identity.collector)
  const server = collectorServer({
    ...own,
    ca: authority.pem,
    routes: () => undefined,
    log,
    now: Date.now,
  })
  return { port: await listening(server), pair: own }
}

const client = {
  get: away,
  list: away,
  patch: away,
  create: away,
  applyStatus: away,
  delete: away,
  post: away,
}

async function webhook(): Promise<Port> {
  const authority = await makeAuthority('webhook', Date.now())
  const listener = await startWebhooks({
    client,
    authority,
    surroundings,
    log,
    port: 0,
    attempt: () => undefined,
    refused: () => undefined,
    record: () => undefined,
  })
  ends.push(async () => await listener.close(0))
  return { port: listener.port }
}

async function channel(): Promise<Port> {
  const listener = await startChannel({
    client,
    authority: await makeAuthority('channel', Date.now()),
    clients: await makeAuthority('clients', Date.now()),
    surroundings,
    orders: { for: () => undefined, subscribe: () => () => undefined, caughtUp: away, fresh: () => true },
    network: { seconds: 900 },
    unknownKey: () => undefined,
    log,
    port: 0,
    seconds: 300,
  })
  ends.push(async () => await listener.close(0))
  return { port: listener.port }
}

const vendor = 'api.vendor.example'

/** What an app meets that speaks TLS to a vendor of models. */
async function gate(): Promise<Port> {
  const server = createServer((app) => {
    app.on('error', () => undefined)
    const serving = {
      app,
      host: vendor,
      rules: { vendor: 'OpenAI' as const },
      signal: new AbortController().signal,
      permit: () => undefined,
      credential: () => undefined,
      connect: away,
      record: away,
      refused: () => undefined,
    }
    serveGate(serving).catch(() => app.destroy())
  })
  return { port: await listening(server) }
}

const newest = ['TLS1_3'] as const
const both = ['TLS1_2', 'TLS1_3'] as const

/** `host`: by which name it is asked for. */
type Looked = { start: () => Promise<Port>; versions: readonly string[]; host?: string }
const ports: { [name: string]: Looked } = {
  'calls, by default': { start: async () => await calls('TLSv1.3'), versions: newest },
  'calls, where the policy says 1.2': { start: async () => await calls('TLSv1.2'), versions: both },
  'discovery, where the policy says 1.2': {
    start: async () => await discovery('TLSv1.2'),
    versions: both,
  },
  'the collector': { start: collector, versions: newest },
  'the webhooks': { start: webhook, versions: both },
  'the channel': { start: channel, versions: newest },
  'the gate before a vendor of models': { start: gate, versions: both, host: vendor },
}

/** Of testssl's JSON. */
type Finding = { id: string; severity: string; finding: string }

/** What could not be looked at is a warning: on a busy machine a handshake takes longer than the scanner or we wait. */
async function scan(at: Port, host: string, tries = 2): Promise<Finding[]> {
  const all = await lookedAt(at, host)
  const missed = all.some(({ id, severity }) => severity === 'WARN' && !beside.test(id))
  return missed && tries > 1 ? await scan(at, host, tries - 1) : all
}

async function lookedAt({ port, pair }: Port, host: string): Promise<Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), 'hipaa-mcp-testssl-'))
  try {
    const file = join(folder, 'found.json')
    const args = ['--quiet', '--color', '0', '--warnings', 'batch', '--jsonfile', file, '--ip', '127.0.0.1']
    const asked = ['-p', '-s', '-f', '-P', '-S', '-U']
    const openssl = await opensslAs(host, pair, folder)
    // It ends with the number of what it objects to.
    await run('testssl', [...args, '--openssl', openssl, ...asked, `${host}:${port}`], {
      env: { PATH: process.env['PATH'], HOME: folder, TERM: 'dumb' },
      timeout: 300_000,
    }).catch((error: unknown) => error)
    return JSON.parse(await readFile(file, 'utf8')) as Finding[]
  } finally {
    await rm(folder, { recursive: true })
  }
}

/**
 * The openssl that the scanner calls for what needs a whole handshake. It has no option for a client's certificate, and asks about
 * renegotiation without a server's name.
 */
async function opensslAs(host: string, pair: Port['pair'], folder: string): Promise<string> {
  const pem = join(folder, 'client.pem')
  const program = join(folder, 'openssl')
  if (pair !== undefined) await writeFile(pem, `${pair.key}\n${pair.cert}`)
  const shown = pair === undefined ? '' : `-cert ${pem} -key ${pem}`
  await writeFile(
    program,
    `#!/bin/sh
[ "$1" = s_client ] || exec /usr/bin/openssl "$@"
shift
for word; do
  shift
  [ "$word" = -noservername ] || set -- "$@" "$word"
done
exec /usr/bin/openssl s_client -servername ${host} ${shown} "$@"
`,
    { mode: 0o755 },
  )
  return program
}

const versionIds = ['SSLv2', 'SSLv3', 'TLS1', 'TLS1_1', 'TLS1_2', 'TLS1_3']
/** With a certificate of ECDSA, which is what our own authorities sign. */
const suites = {
  cipherorder_TLSv1_2:
    'ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-ECDSA-AES128-GCM-SHA256',
  cipherorder_TLSv1_3: 'TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_GCM_SHA256',
}
/**
 * What is not ours to pass: our certificates are of our own CA, live for hours or days, and end by not being renewed; and what the
 * openssl beside it cannot do. A session that is not given cannot be taken up, which is a connect problem to it where no other client is let in.
 */
const beside = /^(?:cert_|DNS_CAArecord$|engine_problem$|sessionresumption_)/
/** To be looked at: how they ended says their severity. */
const attacks = ['heartbleed', 'CCS', 'ticketbleed', 'ROBOT', 'CRIME_TLS', 'LUCKY13', 'RC4', 'secure_renego']
const well = new Set(['OK', 'INFO', 'DEBUG'])

const found = new Map<string, Finding[]>()
beforeAll(async () => {
  await Promise.all(
    Object.entries(ports).map(async ([name, { start, host = 'localhost' }]) => {
      found.set(name, await scan(await start(), host))
    }),
  )
}, 900_000)
afterAll(async () => {
  for (const end of ends) await end()
})

for (const [name, { versions }] of Object.entries(ports))
  verifies('transit:tls-profile', `testssl.sh at the port of ${name}`, () => {
    const all = found.get(name) ?? []
    const of = (id: string): string => all.find((one) => one.id === id)?.finding ?? 'was not looked at'

    expect(all.filter(({ id, severity }) => !well.has(severity) && !beside.test(id))).toEqual([])
    expect(versionIds.filter((id) => of(id).startsWith('offered'))).toEqual(versions)
    expect(versionIds.filter((id) => !/^(?:not )?offered/.test(of(id)))).toEqual([])
    expect(of('cipherorder_TLSv1_3')).toBe(suites.cipherorder_TLSv1_3)
    if (versions.includes('TLS1_2')) expect(of('cipherorder_TLSv1_2')).toBe(suites.cipherorder_TLSv1_2)
    expect(of('PFS_ECDHE_curves')).toBe('prime256v1 secp384r1 secp521r1 X25519 X448')
    for (const id of ['sessionresumption_ticket', 'sessionresumption_ID'])
      expect(of(id), id).not.toMatch(/^(?:supported|was)/)
    expect(of('secure_client_renego')).toMatch(/^not vulnerable/)
    expect(attacks.filter((attack) => all.every(({ id }) => id !== attack))).toEqual([])
  })
