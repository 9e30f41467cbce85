// TLS handshakes in progress. Whoever reaches the port can begin one and never go on, without a certificate: so many are
// let begin, of one address and of all, and who takes long gives way to who comes. Implements: transit:handshakes

import type { Server, Socket } from 'node:net'

/** In progress at a time. One agent may open as many connections at once as a person may have calls. */
export type HandshakeLimits = {
  readonly each: number
  readonly all: number
  /** So long nobody gives way, milliseconds: a handshake of whoever goes on takes a tenth of it. */
  readonly undisturbed: number
}

/** Why a handshake ended that others waited for. */
const gaveWay: Error & { code: string } = Object.assign(new Error('Gave way to another handshake'), {
  code: 'GAVE_WAY',
})

type Begun = { readonly socket: Socket; readonly address: string; readonly at: number }

/**
 * To be called before anybody else listens for connections. `refused`: told of the address of each handshake that is not
 * let begin; one that is ended fails with `gaveWay`.
 */
export function boundHandshakes(
  server: Server,
  limits: HandshakeLimits,
  refused: (address: string) => void,
): void {
  /** By peer, in the order of their beginning. */
  const begun = new Map<string, Begun>()
  const ofAddress = new Map<string, number>()

  const over = (peer: string): void => {
    const one = begun.get(peer)
    if (one === undefined) return
    begun.delete(peer)
    const left = (ofAddress.get(one.address) ?? 1) - 1
    if (left > 0) ofAddress.set(one.address, left)
    else ofAddress.delete(one.address)
  }

  /** Ends the oldest, of this address or of all, if it has had its time. */
  const madeRoom = (now: number, address?: string): boolean => {
    for (const [peer, oldest] of begun) {
      if (address !== undefined && oldest.address !== address) continue
      if (now - oldest.at < limits.undisturbed) return false
      over(peer)
      oldest.socket.destroy(gaveWay)
      return true
    }
    return false
  }

  // Before TLS sees it: what is refused costs nothing more.
  const listeners = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const { remoteAddress: address = 'unknown' } = socket
    const peer = peerOf(socket)
    const now = performance.now()
    const room =
      ((ofAddress.get(address) ?? 0) < limits.each || madeRoom(now, address)) &&
      (begun.size < limits.all || madeRoom(now))
    if (!room) {
      refused(address)
      socket.destroy()
      return
    }
    begun.set(peer, { socket, address, at: now })
    ofAddress.set(address, (ofAddress.get(address) ?? 0) + 1)
    socket.once('close', () => over(peer))
    for (const one of listeners) one.call(server, socket)
  })
  server.on('secureConnection', (socket: Socket) => over(peerOf(socket)))
}

/** The same for a TCP socket and for the TLS socket over it. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
