// A clinician's machine and what it reaches: `hipaa-mcp connect` as a process of its own, a whole sidecar with its
// collector and channel, a real identity provider, and behind it the fixtures of the official suite.

import { once } from 'node:events'
import { createServer } from 'node:net'
import { compilePolicy } from '../../../core/compile.ts'
import { idOf } from '../../../core/log.ts'
import type { Policy } from '../../../core/policy.ts'
import type { AuditRecord } from '../../../core/record.ts'
import type { Orders } from '../../../core/wire.ts'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { fetchKeySet } from '../../../operator/jwks.ts'
import { type Running, run } from '../../../sidecar/run.ts'
import { serveFixtures } from '../../conformance/fixtures/serve.ts'
import { modelAgreement, permitAll } from '../../conformance/permit-all.ts'
import { authority } from '../../sample/certificates.ts'
import { serveProvider } from '../../sample/identity-provider.ts'
import {
  aLog,
  anInstallation,
  type Heard,
  type Installation,
  server,
  sidecarConfig,
  someOrders,
  until,
} from '../../sidecar/installation.ts'
import { aResolver, type TestResolver } from '../../sidecar/resolver.ts'
import { aMachine, type Machine } from '../../support/machine.ts'

type Spec = HipaaMcpServer['spec']

/** Where people log in. */
type Provider = {
  issuer: string
  /** CA of its certificate, PEM. */
  ca: string
  /** What the policy says of it besides its address. */
  trusted: Omit<Spec['identity']['issuers'][number], 'url' | 'audience'>
  close(): Promise<void>
}

/** `url`: what tokens are for. `clientCa`: of the certificates that are enrolled, PEM. */
type Providing = (of: { url: string; clientCa: string }) => Promise<Provider>

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

/** A port that nobody else gets until it is released: a provider takes a minute to start, and connects meanwhile. */
async function reserved(): Promise<{ port: number; release: () => Promise<void> }> {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as { port: number }
  return {
    port,
    async release() {
      holder.close()
      await once(holder, 'close')
    },
  }
}

/** `provider`: another than the sample one. */
export async function aConnectScene(
  options: { tokenSeconds?: number; provider?: Providing } = {},
): Promise<ConnectScene> {
  const installation = await anInstallation()
  const resolver: TestResolver = await aResolver('localhost', '127.0.0.1')
  const fixtures = await serveFixtures({ host: '127.0.0.1', port: 0 })
  const upstream = new URL(fixtures.url)
  const held = [await reserved(), await reserved()] as const
  const [calls, discovery] = [held[0].port, held[1].port]
  const url = `https://localhost:${calls}/mcp`
  const { provider = async ({ url: resource }) => await sampleProvider(resource, options.tokenSeconds) } =
    options
  const login = await provider({ url, clientCa: installation.clients.pem })
  const { issuer } = login
  const log = aLog()
  await Promise.all(held.map(async ({ release }) => await release()))
  const running = await run({
    config: sidecarConfig(installation, resolver.address, Number(upstream.port)),
    version: '1',
    log,
    onFatal: (reason) => log.error('fatal', { reason: idOf(reason) }),
    ports: { calls, health: 0, egress: 0, dns: 0, discovery },
    token: installation.token,
  })
  let generation = 0
  const machine = aMachine({
    url,
    discovery: String(discovery),
    ca: { server: installation.authority.pem, provider: login.ca },
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
      const jwks = await fetchKeySet({ url: issuer, ca: login.ca }, 10_000)
      const policy = policyOf({
        port: Number(upstream.port),
        url,
        login,
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
      await login.close()
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

async function sampleProvider(resource: string, tokenSeconds?: number): Promise<Provider> {
  const own = await authority('provider')
  const { server: listening, issuer } = await serveProvider({
    issuer: (port) => `https://localhost:${port}`,
    tls: { ...(await own.issue('login', ['localhost'])), clientCa: own.cert },
    resources: [resource],
    port: 0,
    testMode: true,
    ...(tokenSeconds === undefined ? {} : { tokenSeconds }),
  })
  return {
    issuer,
    ca: own.cert,
    trusted: { provider: 'Generic', roles: { claim: '/roles' }, mfa: { acr: ['mfa'], amr: ['mfa'] } },
    async close() {
      listening.closeAllConnections()
      listening.close()
      await once(listening, 'close')
    },
  }
}

function policyOf(of: {
  port: number
  url: string
  login: Provider
  discovery: number
  changes: Partial<Spec['identity']>
  clientCa: string
}): Policy {
  const { port, url, login, discovery, changes, clientCa } = of
  const spec = permitAll({
    port,
    tls: { discovery: { port: discovery } },
    identity: {
      issuers: [{ url: login.issuer, audience: url, ...login.trusted }],
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
