// From a name to a connection: asks the cluster's resolver, which only the sidecar may, and connects to the address
// that it just judged. The name is never looked up a second time.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { checkServerIdentity, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { mayBeStore, mayDial } from './addresses.ts'
import type { Target } from './names.ts'
import { sslRequest } from './postgres.ts'
import { readBytes } from './read.ts'
import { EgressRefusal } from './reasons.ts'

/** The outside world; a test puts its own in place. */
export type World = {
  /** Addresses of a name, IPv4 and IPv6, in the order in which to try them. Rejects when there are none. */
  resolve: (name: string) => Promise<string[]>
  connect: (port: number, address: string) => Socket
}

export const realConnect = (port: number, address: string): Socket =>
  connect({
    port,
    host: address,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  })

/** How many of a name's addresses are tried. */
const attempts = 4

/** A connection to the first of a target's names that resolves. Throws `EgressRefusal`; `signal` ends a try at any time. */
export async function dial(
  { kind, lookups, port, ranges }: Pick<Target, 'kind' | 'lookups' | 'port' | 'ranges'>,
  world: World,
  signal: AbortSignal,
): Promise<Socket> {
  for (const name of lookups) {
    // Which of the many DNS errors it is makes no difference: the next name is tried, and the last one decides.
    const found = await world.resolve(name).catch(() => [])
    signal.throwIfAborted()
    if (found.length === 0) continue
    const allowed = (address: string): boolean =>
      kind === 'store' ? mayBeStore(address) : mayDial(address, ranges)
    const addresses = found.filter(allowed).slice(0, attempts)
    if (addresses.length === 0) throw new EgressRefusal('address-forbidden')
    for (const address of addresses) {
      const socket = await connected(world.connect(port, address), signal)
      if (socket !== undefined) return socket
    }
    throw new EgressRefusal('unreachable')
  }
  throw new EgressRefusal('name-unresolved')
}

async function connected(socket: Socket, signal: AbortSignal): Promise<Socket | undefined> {
  // Every error closes the socket; whoever waits for it learns from that.
  socket.on('error', () => undefined)
  try {
    await once(socket, 'connect', { signal })
    return socket
  } catch {
    socket.destroy()
    signal.throwIfAborted()
    return undefined
  }
}

/** Asks PostgreSQL for TLS (SSLRequest). Throws `EgressRefusal` when the server will not: nothing else was sent then. */
export async function askPostgresForTls(socket: Socket, signal: AbortSignal): Promise<void> {
  socket.write(sslRequest)
  // Exactly one byte: what came with it, before the handshake, was put there by somebody else (CVE-2021-23222).
  const { bytes } = await readBytes(socket, (bytes) => (bytes.length > 0 ? true : undefined), signal).catch(
    () => {
      signal.throwIfAborted()
      throw new EgressRefusal('unreachable')
    },
  )
  if (bytes.toString('latin1') !== 'S') throw new EgressRefusal('store-without-tls')
}

/** Puts TLS on a connection. Throws `EgressRefusal` when the certificate is not of `ca` for one of `identities`. */
export async function originateTls(
  socket: Socket,
  target: Pick<Target, 'name' | 'ca' | 'identities' | 'kind'>,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const secure = tlsConnect({
    socket,
    servername: target.name,
    ...(target.ca === undefined ? {} : { ca: target.ca }),
    minVersion: 'TLSv1.2',
    checkServerIdentity: (_, certificate) => {
      const errors = target.identities.map((name) => checkServerIdentity(name, certificate))
      return errors.includes(undefined) ? undefined : errors[0]
    },
  })
  secure.on('error', () => undefined)
  try {
    await once(secure, 'secureConnect', { signal })
    return secure
  } catch (error) {
    secure.destroy()
    signal.throwIfAborted()
    throw new EgressRefusal(target.kind === 'store' ? 'store-certificate' : 'host-certificate', {
      cause: error,
    })
  }
}
