// TLS handshakes in progress. Whoever reaches the port can begin one and never go on, without a certificate: so many are
// let begin, of one address, of one network and of all, and who takes long gives way to who comes.
// Implements: transit:handshakes

import { networkOf, plainAddress } from './peer-address.ts'
import { groupShares } from './shares.ts'

/** In progress at a time, of one address, of all addresses of one /64 of IPv6, and of all. */
export type HandshakeLimits = {
  readonly each: number
  readonly network: number
  readonly all: number
  /** So long nobody gives way, milliseconds: a handshake of whoever goes on takes a tenth of it. */
  readonly undisturbed: number
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
}

/**
 * For a port that many use. One agent may open as many connections at once as a person may have calls. Pods of one node often
 * share a /64: it may have more than one address, and never more than half of all.
 */
export const usualHandshakes = { each: 64, network: 128, all: 256, undisturbed: 1_000 }
/** So long a handshake may take, milliseconds. */
export const handshakeTimeout = 5_000

/** Why a handshake ended that others waited for. */
const gaveWay: Error & { code: string } = Object.assign(new Error('Gave way to another handshake'), {
  code: 'GAVE_WAY',
})

/** Of a socket and a listener of node:tls, what is used here. */
type Peer = {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  once(event: 'close', listener: () => void): unknown
  destroy(cause?: Error): unknown
}
type Listening = {
  listeners(event: 'connection'): Function[]
  removeAllListeners(event: 'connection'): unknown
  on(event: 'connection' | 'secureConnection', listener: (socket: Peer) => void): unknown
}

type Begun = {
  readonly socket: Peer
  readonly address: string
  readonly network: string
  readonly at: number
}

/**
 * To be called before anybody else listens for connections. `refused`: told of the address of each handshake that is not
 * let begin; one that is ended fails with `gaveWay`.
 */
export function boundHandshakes(
  server: Listening,
  limits: HandshakeLimits,
  refused: (address: string) => void,
): void {
  /** By peer, in the order of their beginning. */
  const begun = new Map<string, Begun>()
  const held = groupShares({ each: limits.each, group: limits.network, all: limits.all })

  const over = (peer: string): void => {
    const one = begun.get(peer)
    if (one === undefined) return
    begun.delete(peer)
    held.give(one.address, one.network, 1)
  }

  /** Ends the oldest of these, if it has had its time. */
  const makeRoom = (now: number, among: (one: Begun) => boolean): void => {
    for (const [peer, oldest] of begun) {
      if (!among(oldest)) continue
      if (now - oldest.at < limits.undisturbed) return
      over(peer)
      oldest.socket.destroy(gaveWay)
      return
    }
  }

  // Before TLS sees it: what is refused costs nothing more.
  const listeners = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket) => {
    const address = plainAddress(socket.remoteAddress)
    const network = networkOf(address)
    const peer = peerOf(socket)
    const now = limits.now()
    const lacks = (): ReturnType<typeof held.lacks> => held.lacks(address, network, 1)
    if (lacks() === 'each') makeRoom(now, (one) => one.address === address)
    if (lacks() === 'group') makeRoom(now, (one) => one.network === network)
    if (lacks() === 'all') makeRoom(now, () => true)
    if (!held.take(address, network, 1)) {
      refused(address)
      socket.destroy()
      return
    }
    // A port may come again before the end of who had it is heard: that one is over, and its end is not this one's.
    over(peer)
    begun.set(peer, { socket, address, network, at: now })
    socket.once('close', () => {
      if (begun.get(peer)?.socket === socket) over(peer)
    })
    for (const one of listeners) one.call(server, socket)
  })
  server.on('secureConnection', (socket) => over(peerOf(socket)))
}

/** The same for a TCP socket and for the TLS socket over it. */
function peerOf({ remoteAddress, remotePort }: Peer): string {
  return `${remoteAddress} ${remotePort}`
}
