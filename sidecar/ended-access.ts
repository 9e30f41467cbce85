// Connections of those whose access was ended (45 CFR 164.308(a)(3)(ii)(C)): closed when the order is heard, or with the
// call that runs over them. What runs is refused at its next stage, by runner.ts.

import type { TLSSocket } from 'node:tls'
import type { Connection } from './connection.ts'
import type { Orders } from './in-force.ts'

export type OpenConnections = {
  /** It is open, until its socket closes. */
  keep(socket: TLSSocket, connection: Connection): void
  /** A request runs over it. Returns how that ends. */
  begin(connection: Connection): () => void
  /** Whether the access of whoever calls over it was ended. */
  over(connection: Connection): boolean
  stop(): void
}

/** More than one request at a time where a caller does not wait for answers. */
type Kept = { readonly socket: TLSSocket; running: number }

export function openConnections(orders: Pick<Orders, 'revoked' | 'onChange'>): OpenConnections {
  const open = new Map<Connection, Kept>()
  const judge = (connection: Connection, { socket, running }: Kept): void => {
    if (running === 0 && isOver(connection, orders)) socket.destroySoon()
  }
  const stop = orders.onChange(() => {
    for (const [connection, kept] of open) judge(connection, kept)
  })
  return {
    keep(socket, connection) {
      open.set(connection, { socket, running: 0 })
      socket.once('close', () => open.delete(connection))
    },
    begin(connection) {
      const kept = open.get(connection)
      if (kept === undefined) return () => undefined
      kept.running += 1
      return () => {
        kept.running -= 1
        judge(connection, kept)
      }
    },
    over: (connection) => isOver(connection, orders),
    stop,
  }
}

/**
 * Whose certificate it is, and who was last proved over it: a program that others call through as well connects again. A
 * token that was revoked is no end of access: its person may bring another.
 */
function isOver({ certificate, person, caller }: Connection, orders: Pick<Orders, 'revoked'>): boolean {
  const kind = orders.revoked(caller ?? { iss: person?.iss ?? '', sub: person?.sub ?? '', certificate })
  return kind !== undefined && kind !== 'token'
}
