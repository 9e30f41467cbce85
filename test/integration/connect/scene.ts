// A clinician's machine and what it reaches: `hipaa-mcp connect` as a process of its own, a whole sidecar with its
// collector and channel, a real identity provider, and behind it the fixtures of the official suite.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { request } from 'undici'
import { compilePolicy } from '../../../core/compile.ts'
import type { Policy } from '../../../core/policy.ts'
import type { AuditRecord } from '../../../core/record.ts'
import type { Orders } from '../../../core/wire.ts'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { type Running, run } from '../../../sidecar/run.ts'
import { serveFixtures } from '../../conformance/fixtures/serve.ts'
import { modelAgreement, permitAll } from '../../conformance/permit-all.ts'
import { authority } from '../../sample/certificates.ts'
import { serveProvider } from '../../sample/identity-provider.ts'
import { dispatcherOf } from '../../sample/sign-in.ts'
import {
  aLog,
  anInstallation,
  type Heard,
  type Installation,
  pod,
  server,
  someOrders,
  until,
} from '../../sidecar/installation.ts'
import { aResolver, type TestResolver } from '../../sidecar/resolver.ts'
import { aBrowser, type Browser } from '../../support/browser.ts'

type Spec = HipaaMcpServer['spec']

export type ConnectScene = {
  /** Where MCP is spoken, and tokens are for. */
  url: string
  issuer: string
  installation: Installation
  running: Running
  log: Heard
  browser: Browser
  /** Another person, or the same at another browser; closed with the scene. */
  person(more?: Partial<Parameters<typeof aBrowser>[0]>): Browser
  /** File of the CAs of server and provider. */
  ca: string
  /** A new folder for what `connect` keeps. */
  folder(): string
  /** Command and arguments as a host has them. */
  command(state: string, ...more: string[]): { command: string; args: string[] }
  /** What a process wrote to standard error; each address of a login in it is opened, unless the test says otherwise. */
  watch(stderr: Readable, person?: Browser | null): { text(): string }
  /** Runs to its end; a login in the browser on the way. */
  ran(
    state: string,
    person: Browser | null,
    ...more: string[]
  ): Promise<{ code: number; out: string; notes: string }>
  /** Another policy; the same server. */
  use(changes?: Partial<Spec['identity']>, told?: Partial<Orders>): Promise<void>
  records(): Promise<AuditRecord[]>
  end(): Promise<void>
}

const root = join(import.meta.dirname, '../../..')

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}

export async function aConnectScene(options: { tokenSeconds?: number } = {}): Promise<ConnectScene> {
  const installation = await anInstallation()
  const resolver: TestResolver = await aResolver('localhost', '127.0.0.1')
  const fixtures = await serveFixtures({ host: '127.0.0.1', port: 0 })
  const upstream = new URL(fixtures.url)
  const [calls, discovery] = [await freePort(), await freePort()]
  const url = `https://localhost:${calls}/mcp`
  const providers = await authority('provider')
  const login: { server: Server; issuer: string } = await serveProvider({
    issuer: (port) => `https://localhost:${port}`,
    tls: { ...(await providers.issue('login', ['localhost'])), clientCa: providers.cert },
    resources: [url],
    port: 0,
    testMode: true,
    ...options,
  })
  const { issuer } = login
  const jwks = await keysOf(issuer, providers.cert)
  const log = aLog()
  const running = await run({
    config: {
      server,
      pod: { name: 'ehr-1', uid: pod.podUid, ip: '10.1.2.3' },
      upstream: { port: Number(upstream.port), path: '/mcp', transport: 'StreamableHttp' },
      channel: new URL(`https://localhost:${installation.channel.faults.port}`),
      collector: new URL(`https://localhost:${installation.collector.faults.port}`),
      ca: installation.authority.pem,
      dns: resolver.address,
      search: [],
      probes: new Map(),
      trail: 'Stream',
    },
    version: '1',
    log,
    onFatal: (reason) => log.error('fatal', { reason }),
    ports: { calls, health: 0, egress: 0, dns: 0, discovery },
    token: installation.token,
  })
  let generation = 0
  const folders: string[] = []
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'hipaa-mcp-connect-'))
    folders.push(made)
    return made
  }
  const ca = join(folder(), 'ca.crt')
  writeFileSync(ca, `${installation.authority.pem}${providers.cert}`)
  const browsers: Browser[] = []
  const person: ConnectScene['person'] = (more = {}) => {
    const made = aBrowser({ person: 'clinician', ca: providers.cert, ...more })
    browsers.push(made)
    return made
  }
  const browser = person()

  const scene: ConnectScene = {
    url,
    issuer,
    installation,
    running,
    log,
    browser,
    person,
    ca,
    folder,
    command: (state, ...more) => ({
      command: process.execPath,
      args: [
        join(root, 'cli/main.ts'),
        'connect',
        url,
        '--discovery',
        String(discovery),
        '--ca',
        ca,
        '--state',
        state,
        '--no-browser',
        ...more,
      ],
    }),
    watch(stderr, person = browser) {
      let heard = ''
      const opened = new Set<string>()
      stderr.on('data', (chunk: Buffer) => {
        heard += String(chunk)
        for (const [, address = ''] of heard.matchAll(/Log in with your browser: (\S+)\n/g)) {
          if (opened.has(address) || person === null) continue
          opened.add(address)
          person.open(address).catch((error: unknown) => (heard += `BROWSER ${String(error)}\n`))
        }
        for (const [, at = '', code = ''] of heard.matchAll(/open (\S+) and type (\S+)\n/g)) {
          if (opened.has(code) || person === null) continue
          opened.add(code)
          person.device(at, code).catch((error: unknown) => (heard += `BROWSER ${String(error)}\n`))
        }
      })
      return { text: () => heard }
    },
    async ran(state, person, ...more) {
      const { command, args } = scene.command(state, ...more)
      const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
      const heard = scene.watch(child.stderr, person)
      let out = ''
      child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)))
      const [code] = (await once(child, 'close')) as [number]
      return { code, out, notes: heard.text() }
    },
    async use(changes = {}, told = {}) {
      generation += 1
      const policy = policyOf({
        port: Number(upstream.port),
        url,
        issuer,
        discovery,
        changes,
        clientCa: installation.clients.pem,
      })
      const agreements = [
        {
          name: modelAgreement,
          active: true,
          until: new Date(Date.now() + 86_400_000).toISOString(),
          reason: 'Active',
        },
      ]
      installation.channel.tell(
        someOrders(policy, { generation, jwks: { [issuer]: jwks }, agreements, ...told }),
      )
      await until('the policy', () =>
        log.lines.some(
          (line) => line.startsWith('Orders are in force') && line.includes(`"generation":${generation}}`),
        ),
      )
      await until('the ports', () => running.ports().calls !== 0 && running.ports().discovery !== 0)
    },
    records,
    async end() {
      await running.stop().catch(() => undefined)
      await Promise.all(browsers.map(async (one) => await one.close()))
      resolver.close()
      login.server.closeAllConnections()
      login.server.close()
      await fixtures.close()
      await installation.end()
      for (const made of folders) rmSync(made, { recursive: true, force: true })
    },
  }
  async function records(): Promise<AuditRecord[]> {
    const all = installation.collector.trail.summaries()
    return (await Promise.all(all.map(async ({ origin }) => await installation.records(origin)))).flat()
  }
  await scene.use()
  return scene
}

async function keysOf(issuer: string, ca: string): Promise<JSONWebKeySet> {
  const dispatcher = dispatcherOf({ ca })
  try {
    const keys = (await (await request(`${issuer}/jwks`, { dispatcher })).body.json()) as JSONWebKeySet
    createLocalJWKSet(keys)
    return keys
  } finally {
    await dispatcher.close()
  }
}

function policyOf(of: {
  port: number
  url: string
  issuer: string
  discovery: number
  changes: Partial<Spec['identity']>
  clientCa: string
}): Policy {
  const { port, url, issuer, discovery, changes, clientCa } = of
  const spec = permitAll({
    port,
    tls: { discovery: { port: discovery } },
    identity: {
      issuers: [
        {
          url: issuer,
          audience: url,
          provider: 'Generic',
          roles: { claim: '/roles' },
          mfa: { acr: ['mfa'], amr: ['mfa'] },
        },
      ],
      ...changes,
    },
    when: { role: 'Clinician', scopes: ['ehr.read'] },
    purpose: 'TREAT',
  })
  const object = { apiVersion: 'hipaa-mcp.dev/v1alpha1', kind: 'HipaaMcpServer', metadata: server, spec }
  const compiled = compilePolicy(object, { agreements: [], clientCa })
  if ('issues' in compiled) throw new Error(compiled.issues.join('; '))
  return compiled.policy
}

/** Everything that stands in the files of a folder. */
export function filesIn(folder: string): { name: string; text: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({
      name: entry.name,
      text: readFileSync(join(entry.parentPath, entry.name), 'utf8'),
    }))
}
