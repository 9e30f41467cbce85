// Three programs around a real packet filter: the world outside (a resolver and a vendor with TLS), the sidecar's egress,
// and an app that knows nothing of either. `egress-inside.ts world|sidecar|app|byName CONFIG`, one JSON value a line.

import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:tls'
import type { Egress } from '../../core/policy.ts'
import { startResolver } from '../../sidecar/egress/resolver.ts'
import { startEgress } from '../../sidecar/egress/start.ts'
import { egressOrders } from '../support/egress-orders.ts'

export type Config = {
  host: string
  foreign: string
  resolver: string
  pair: { cert: string; key: string }
  ca: string
}

const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`)
const [role, file = ''] = process.argv.slice(2)
const config = JSON.parse(readFileSync(file, 'utf8')) as Config

/** Answers for one host, and greets whoever comes by TLS. */
async function world(): Promise<void> {
  await startResolver({
    host: config.resolver,
    port: 53,
    lookup: () => ({
      ready: true,
      search: [],
      addressOf: (name) => (name === config.host ? config.foreign : undefined),
    }),
    undeclared: () => undefined,
  })
  const vendor = createServer(config.pair, (socket) => {
    say({ from: socket.remoteAddress })
    socket.end('vendor')
  })
  vendor.on('tlsClientError', () => undefined)
  vendor.listen(443, config.foreign)
  await once(vendor, 'listening')
  say({ says: 'listening' })
}

/** Egress as in a pod, on its real ports; the agreement ends when a line comes in. */
async function sidecar(): Promise<void> {
  let active = true
  process.stdin.once('data', () => (active = false))
  const egress: Egress[] = [{ kind: 'agreement', agreement: 'speech', host: config.host, port: 443 }]
  await startEgress({
    orders: egressOrders(egress, { agreementActive: () => active }),
    trail: { note: async (entry) => void say({ note: entry }) },
    dns: config.resolver,
    search: ['clinic.svc.cluster.local'],
    namespace: 'clinic',
  })
  say({ says: 'listening' })
}

/** What TLS to a host, or why there is none, says. */
async function greeted(host: string): Promise<string> {
  const socket = connect({ host, port: 443, servername: config.host, ca: config.ca })
  const got: string[] = []
  socket.on('data', (chunk: Buffer) => got.push(chunk.toString()))
  return await new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.once('end', () => resolve(got.join('')))
  })
}

/** Speaks TLS to the host by name. Node's sockets ask the system for addresses of the pod's own families alone. */
async function byName(): Promise<void> {
  say({ got: await greeted(config.host) })
  process.exit(0)
}

/** Looks the host up with the pod's resolver and speaks TLS to it; then tries the same without. */
async function app(): Promise<void> {
  const resolver = new Resolver({ timeout: 1_000, tries: 1 })
  resolver.setServers(['127.0.0.1'])
  const ask = async (name: string) =>
    await resolver.resolve4(name).catch((error: NodeJS.ErrnoException) => [error.code ?? ''])
  const [address = ''] = await ask(config.host)
  say({
    address,
    byName: await greeted(address),
    byAddress: await greeted(config.foreign),
    other: (await ask('evil.example'))[0],
  })
  process.exit(0)
}

const roles: { readonly [role: string]: () => Promise<void> } = { world, sidecar, app, byName }
await roles[role ?? '']?.()
