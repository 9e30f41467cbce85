// A pod's egress with a world of its own: names resolve to addresses that nobody routes, and connections to those reach
// servers of the test on loopback. Everything else is real: sockets, TLS, the loopback range that stands for names.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type TLSSocket, connect as tlsConnect, createServer as tlsServer } from 'node:tls'
import type { Egress, PlainProtocol } from '../../../core/policy.ts'
import type { Reason } from '../../../sidecar/egress/reasons.ts'
import { type EgressOptions, type RunningEgress, startEgress } from '../../../sidecar/egress/start.ts'
import { type Authority, authority } from '../../sample/certificates.ts'
import { anInForce, someOrders } from '../../support/in-force.ts'
import { aPolicy } from '../../support/policy.ts'
import { type MemoryTrail, memoryTrail } from '../../support/trail.ts'

const place = {
  namespace: 'clinic',
  search: ['clinic.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
}
export const vendorHost = 'api.vendor.example'
export const vendorAddress = '203.0.113.10'
export const storeAddress = '10.96.0.20'
const storeName = 'ehr-db.clinic.svc.cluster.local'
export const agreementEntry: Extract<Egress, { kind: 'agreement' }> = {
  kind: 'agreement',
  agreement: 'speech',
  host: vendorHost,
  port: 443,
}
/** Names of a vendor that are any one label under its domain. */
export const wildcardEntry: typeof agreementEntry = { ...agreementEntry, host: '*.vendor.example' }
export const storeEntry = (ca: string): Egress => ({
  kind: 'store',
  store: 'database',
  host: 'ehr-db',
  port: 5432,
  protocol: 'Postgres',
  ca,
})
/** A host of an agreement that the app speaks to without TLS. */
export const plainEntry = (protocol: PlainProtocol, ca: string): Egress => ({
  kind: 'agreement',
  agreement: 'speech',
  host: vendorHost,
  port: 2575,
  protocol,
  ca,
})

const authorities = Promise.all([authority('stores'), authority('strangers')])
export const storesCa = async (): Promise<Authority> => (await authorities)[0]
export const strangersCa = async (): Promise<Authority> => (await authorities)[1]

export type Scene = {
  egress: RunningEgress
  trail: MemoryTrail
  orders: ReturnType<typeof someOrders>
  /** Addresses that were dialled, `address:port`. */
  dialled: string[]
  log: string[]
  /** Address of the range for a name, as the pod's resolver gave it. */
  active: Set<string>
  /** Agreement -> credential for a vendor of models. */
  credentials: { [agreement: string]: string }
  setEgress: (egress: Egress[]) => void
  /** Reasons of refusals in the trail, each as often as it was counted. */
  refusals: () => Reason[]
  app: (address: string) => Promise<Socket>
  close: () => Promise<void>
}

const standing = (egress: Egress[]) => ({ inForce: anInForce({ policy: aPolicy({ egress }) }) })

export async function aScene(options: {
  egress: Egress[]
  /** Where connections to an address really go: a server of the test, or a port of loopback. */
  servers?: { [address: string]: Server | number }
  dns?: { [name: string]: string[] }
  periods?: EgressOptions['periods']
}): Promise<Scene> {
  const { servers = {}, dns = { [vendorHost]: [vendorAddress], [storeName]: [storeAddress] } } = options
  const log: string[] = []
  const trail = memoryTrail(log)
  const active = new Set(['speech'])
  const orders = Object.assign(someOrders(standing(options.egress)), {
    agreementActive: (name: string) => active.has(name),
  })
  const credentials: { [agreement: string]: string } = {}
  const current = orders.standing.bind(orders)
  orders.standing = () => {
    const now = current()
    return now.inForce === undefined ? now : { ...now, inForce: { ...now.inForce, credentials } }
  }
  const dialled: string[] = []
  const apps = new Set<Socket>()
  const egress = await startEgress({
    orders,
    trail,
    dns: '192.0.2.53',
    ...place,
    ports: { egress: 0, dns: 0 },
    periods: { refusalsMs: 60_000, reviewMs: 50, setupMs: 2_000, ...options.periods },
    world: {
      resolve: async (name) => {
        const found = dns[name]
        if (found === undefined) throw new Error('ENOTFOUND')
        return found
      },
      place: (port, address) => {
        dialled.push(`${address}:${port}`)
        log.push('dial')
        const server = servers[address] ?? 1
        // Port 1 of loopback: nobody is there.
        return {
          host: '127.0.0.1',
          port: typeof server === 'number' ? server : (server.address() as AddressInfo).port,
          allowHalfOpen: true,
        }
      },
    },
  })
  return {
    egress,
    trail,
    orders,
    dialled,
    log,
    active,
    credentials,
    setEgress: (next) => orders.set(standing(next)),
    refusals: () =>
      trail
        .of('counted')
        .filter(({ what }) => what === 'egress-refused')
        .flatMap(({ reason, count }) => Array.from({ length: count }, () => reason as Reason)),
    app: async (address) => {
      const socket = connect({ host: address, port: egress.ports.egress })
      apps.add(socket)
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      return socket
    },
    close: async () => {
      for (const socket of apps) socket.destroy()
      await egress.close()
      for (const server of Object.values(servers)) if (typeof server !== 'number') server.close()
    },
  }
}

export async function listening<T extends Server>(server: T): Promise<T> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** A vendor that says back what it hears. */
export async function aVendor(): Promise<Server> {
  const pair = await (await strangersCa()).issue(vendorHost, [vendorHost])
  const server = tlsServer({ ...pair, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  server.on('tlsClientError', () => undefined)
  return await listening(server)
}

/** The app's own TLS over a connection of the app. */
export async function appTls(
  socket: Socket,
  servername: string | undefined = vendorHost,
): Promise<TLSSocket> {
  const secure = tlsConnect({
    socket,
    ca: (await strangersCa()).cert,
    ...(servername === '' ? { host: '127.0.0.1' } : { servername }),
  })
  try {
    await once(secure, 'secureConnect')
  } finally {
    secure.on('error', () => undefined)
  }
  return secure
}

/** Sends and reads until as much has come back. */
export async function echoed(socket: Socket, bytes: Buffer): Promise<Buffer> {
  const got: Buffer[] = []
  let size = 0
  const all = new Promise<Buffer>((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      got.push(chunk)
      size += chunk.length
      if (size < bytes.length) return
      socket.off('data', onData)
      resolve(Buffer.concat(got))
    }
    socket.on('data', onData)
    socket.once('close', () => reject(new Error(`closed after ${size} of ${bytes.length} bytes`)))
  })
  socket.write(bytes)
  return await all
}

/** A database that follows a script: what it answers to SSLRequest, and then TLS with `pair`. */
export async function aDatabase(
  answer: string | Buffer,
  pair?: { cert: string; key: string },
): Promise<{ server: Server; plain: Buffer[]; secure: Buffer[] }> {
  const plain: Buffer[] = []
  const secure: Buffer[] = []
  const behind = tlsServer({ ...pair, minVersion: 'TLSv1.2' }, (socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      secure.push(chunk)
      socket.write(chunk)
    })
  })
  behind.on('tlsClientError', () => undefined)
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (chunk: Buffer) => {
      plain.push(chunk)
      socket.write(answer)
      if (pair !== undefined) behind.emit('connection', socket)
      else socket.on('data', (more: Buffer) => plain.push(more))
    })
  })
  return { server: await listening(server), plain, secure }
}
