// A clinician's machine and what it reaches: `hipaa-mcp connect` as a process of its own, a whole sidecar with its
// collector and channel, a real identity provider, and behind it the fixtures of the official suite.

import { once } from 'node:events'
import type { Server } from 'node:https'
import { createServer } from 'node:net'
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
import { aMachine, type Machine } from '../../support/machine.ts'

type Spec = HipaaMcpServer['spec']

export type ConnectScene = Omit<Machine, 'end'> & {
  /** Where MCP is spoken, and tokens are for. */
  url: string
  issuer: string
  installation: Installation
  running: Running
  log: Heard
  /** Another policy; the same server. */
  use(changes?: Partial<Spec['identity']>, told?: Partial<Orders>): Promise<void>
  records(): Promise<AuditRecord[]>
  end(): Promise<void>
}

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
  const machine = aMachine({
    url,
    discovery: String(discovery),
    ca: { server: installation.authority.pem, provider: providers.cert },
  })

  const scene: ConnectScene = {
    ...machine,
    url,
    issuer,
    installation,
    running,
    log,
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
      await machine.end()
      resolver.close()
      login.server.closeAllConnections()
      login.server.close()
      await fixtures.close()
      await installation.end()
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
