// From a name to a connection: asks the cluster's resolver, which only the sidecar may, and connects to the address
// that it just judged. The name is never looked up a second time.

import { connect, type OnReadOpts, type Socket, type TcpNetConnectOpts } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { mayBeStore, mayDial } from './addresses.ts'
import { type Ending, heardElsewhere } from './ending.ts'
import type { Target } from './names.ts'
import { sslRequest } from './postgres.ts'
import { readBytes } from './read.ts'
import { EgressRefusal } from './reasons.ts'

/** The outside world; a test puts its own in place. */
export type World = {
  /** Addresses of a name, IPv4 and IPv6, in the order in which to try them. Rejects when there are none. */
  resolve: (name: string) => Promise<string[]>
  /** How an address is reached. */
  place: (port: number, address: string) => TcpNetConnectOpts
}

export const realPlace: World['place'] = (port, address) => ({
  port,
  host: address,
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
})

/** How many of a name's addresses are tried. */
const attempts = 4

/** What is begun at an address, before it is known whether anybody is there. */
type Begin<Kind extends Socket> = (place: TcpNetConnectOpts) => Kind

/** `opened` learns of each socket as it is begun, to close it when the connection that it is for ends. */
export type Dialling = { world: World; ending: Ending; opened: (remote: Socket) => void }

/**
 * A connection to the first of a target's names that resolves. Throws `EgressRefusal`, or why `ending` says that it ended.
 */
export async function dial<Kind extends Socket>(
  { kind, lookups, port, ranges }: Pick<Target, 'kind' | 'lookups' | 'port' | 'ranges'>,
  dialling: Dialling,
  begin: Begin<Kind>,
): Promise<Kind> {
  const { world, ending } = dialling
  for (const name of lookups) {
    // Which of the many DNS errors it is makes no difference: the next name is tried, and the last one decides.
    const found = await world.resolve(name).catch(() => [])
    ending.throwIfAborted()
    if (found.length === 0) continue
    const allowed = (address: string): boolean =>
      kind === 'store' ? mayBeStore(address) : mayDial(address, ranges)
    const addresses = found.filter(allowed).slice(0, attempts)
    if (addresses.length === 0) throw new EgressRefusal('address-forbidden')
    for (const address of addresses) {
      const socket = begin(world.place(port, address))
      dialling.opened(socket)
      socket.on('error', heardElsewhere)
      if (await happens(socket, 'connect', ending)) return socket
    }
    throw new EgressRefusal('unreachable')
  }
  throw new EgressRefusal('name-unresolved')
}

/** Without TLS. `onread`: where its bytes go, if not into events. */
export function plain(onread?: OnReadOpts): Begin<Socket> {
  return (place) => connect({ ...place, ...(onread === undefined ? {} : { onread }) })
}

/** Whether it comes to that. If not, the socket is gone; throws when `ending` is why. */
async function happens(socket: Socket, event: 'connect' | 'secureConnect', ending: Ending): Promise<boolean> {
  const came = await new Promise<boolean>((resolve) => {
    const on = (): void => over(true)
    const off = (): void => over(false)
    const over = (came: boolean): void => {
      socket.off(event, on).off('close', off)
      resolve(came)
    }
    socket.on(event, on).on('close', off)
  })
  ending.throwIfAborted()
  return came
}

/** Asks PostgreSQL for TLS (SSLRequest). Throws `EgressRefusal` when the server will not: nothing else was sent then. */
export async function askPostgresForTls(socket: Socket, ending: Ending): Promise<void> {
  socket.write(sslRequest)
  // Exactly one byte: what came with it, before the handshake, was put there by somebody else (CVE-2021-23222).
  const { bytes } = await readBytes(socket, (bytes) => (bytes.length > 0 ? true : undefined)).catch(() => {
    ending.throwIfAborted()
    throw new EgressRefusal('unreachable')
  })
  if (bytes.toString('latin1') !== 'S') throw new EgressRefusal('store-without-tls')
}

type Secured = Pick<Target, 'name' | 'ca' | 'identities' | 'kind'>

/** Begins TLS with a target: over `socket`, or at a place. `verified` judges it. */
export function secure(
  target: Secured,
  over: { socket: Socket } | TcpNetConnectOpts,
  onread?: OnReadOpts,
): TLSSocket {
  const options: ConnectionOptions = {
    ...over,
    servername: target.name,
    ...(target.ca === undefined ? {} : { ca: target.ca }),
    ...(onread === undefined ? {} : { onread }),
    minVersion: 'TLSv1.2',
    checkServerIdentity: (_, certificate) => {
      const errors = target.identities.map((name) => checkServerIdentity(name, certificate))
      return errors.includes(undefined) ? undefined : errors[0]
    },
  }
  return tlsConnect(options)
}

/** Throws `EgressRefusal` when the certificate is not of the target's CA for one of its identities. */
export async function verified(socket: TLSSocket, target: Secured, ending: Ending): Promise<TLSSocket> {
  let cause: unknown
  socket.on('error', (error) => {
    cause ??= error
  })
  if (await happens(socket, 'secureConnect', ending)) return socket
  throw new EgressRefusal(target.kind === 'store' ? 'store-certificate' : 'host-certificate', { cause })
}
