// Callers' connections that are open, and the requests that run over each: known in one place, for all who ask.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Connection } from './connection.ts'

export type Open = {
  readonly socket: TLSSocket
  readonly connection: Connection
  /** More than one at a time where a caller does not wait for answers. */
  readonly running: ReadonlySet<IncomingMessage>
}

export type OpenConnections = Iterable<Open> & {
  /** It is open, until its socket closes. */
  keep(socket: TLSSocket, connection: Connection): void
  of(socket: Duplex): Open | undefined
  /** A request runs over it. Returns how that ends. */
  begin(open: Open, request: IncomingMessage): () => void
  /** Hears of every request that ended. */
  onEnd(hear: (open: Open) => void): void
}

type Kept = Open & { readonly running: Set<IncomingMessage> }

export function openConnections(): OpenConnections {
  const open = new Map<Duplex, Kept>()
  const heard: ((open: Open) => void)[] = []
  return {
    [Symbol.iterator]: () => open.values(),
    keep(socket, connection) {
      open.set(socket, { socket, connection, running: new Set() })
      socket.once('close', () => open.delete(socket))
    },
    of: (socket) => open.get(socket),
    begin(one, request) {
      const { running } = one as Kept
      running.add(request)
      return () => {
        running.delete(request)
        for (const hear of heard) hear(one)
      }
    },
    onEnd: (hear) => void heard.push(hear),
  }
}
