// Programs around an app whose language is not ours: the world outside (a resolver of both families, a vendor that moves from one
// address to another, a forward proxy that nobody should find) and the sidecar's egress. `inside.ts world|sidecar CONFIG`.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { createServer as createPlain, type Socket } from 'node:net'
import { decode, encode } from 'dns-packet'
import type { Egress } from '../../../core/policy.ts'
import { tellTrust } from '../../../sidecar/egress/model/authority.ts'
import { startEgress } from '../../../sidecar/egress/start.ts'
import { egressOrders } from '../../support/egress-orders.ts'

/** Name -> its addresses, of both families. */
export type Zone = { [name: string]: string[] }

export type Config = {
  /** Where the cluster's resolver is. */
  resolver: string
  zone: Zone
  /** The same after the vendor's move. */
  moved: Zone
  vendor: { pair: { cert: string; key: string }; first: string; second: string }
  proxy: { host: string; port: number }
  egress: Egress[]
  search: string[]
  /** Where the pod's own authority is told, and where its key is. */
  trust: { folder: string; keyFile: string }
  credential: string
}

const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`)
const [role, file = ''] = process.argv.slice(2)
const config = JSON.parse(readFileSync(file, 'utf8')) as Config

/** The cluster's resolver. An address of the other family is left out of an answer, as RFC 1035 has it. */
async function resolver(zone: () => Zone): Promise<void> {
  const socket = createSocket('udp4')
  socket.on('message', (bytes, { port, address }) => {
    const query = decode(bytes)
    const [question] = query.questions
    const found = zone()[question?.name ?? '']
    const answers = (found ?? [])
      .filter((one) => one.includes(':') === (question?.type === 'AAAA'))
      .map((data) => ({
        name: question?.name ?? '',
        type: question?.type as 'A',
        class: 'IN' as const,
        ttl: 300,
        data,
      }))
    const flags = found === undefined ? 3 : 0
    socket.send(
      encode({ id: query.id, type: 'response', flags, questions: query.questions, answers }),
      port,
      address,
    )
  })
  socket.bind(53, config.resolver)
  await once(socket, 'listening')
}

/** Answers each request with where it came in: which of the vendor's addresses, and the how manieth connection. */
async function vendor(host: string): Promise<{ close: () => void }> {
  const { pair } = config.vendor
  const sockets = new Map<Socket, number>()
  const server = createServer(pair, ({ socket, url, headers: { authorization } }, answer) => {
    answer.setHeader('content-type', 'application/json')
    answer.end(JSON.stringify({ host, connection: sockets.get(socket), url, authorization }))
  })
  server.keepAliveTimeout = 60_000
  server.on('secureConnection', (socket) => sockets.set(socket, sockets.size + 1))
  server.listen(443, host)
  await once(server, 'listening')
  return {
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Begins at the first address of the vendor; a line on standard input moves it to the second and back. */
async function world(): Promise<void> {
  const { first, second } = config.vendor
  let moved = false
  await resolver(() => (moved ? config.moved : config.zone))
  let open = await vendor(first)
  const proxy = createPlain((socket) => {
    say({ from: `proxy ${socket.remoteAddress ?? ''}` })
    socket.destroy()
  })
  proxy.listen(config.proxy.port, config.proxy.host)
  await once(proxy, 'listening')
  process.stdin.on('data', () => {
    void (async () => {
      open.close()
      moved = !moved
      open = await vendor(moved ? second : first)
      say({ from: moved ? second : first })
    })()
  })
  say({ says: 'listening' })
}

/** Egress as in a pod, on its real ports, with every agreement in force, and what the app trusts as admission mounts it. */
async function sidecar(): Promise<void> {
  tellTrust(config.trust.folder, config.trust.keyFile)
  await startEgress({
    orders: egressOrders(config.egress, { credentials: { models: config.credential } }),
    trail: { note: async (entry) => void say({ note: entry }) },
    dns: config.resolver,
    search: config.search,
    namespace: 'clinic',
  })
  say({ says: 'listening' })
}

const roles: { readonly [role: string]: () => Promise<void> } = { world, sidecar }
await roles[role ?? '']?.()
