// Connections of those whose access was ended (45 CFR 164.308(a)(3)(ii)(C)): closed when the order is heard, or with the
// call that runs over them. What runs is refused at its next stage, by runner.ts.

import type { Connection } from './connection.ts'
import type { Orders } from './in-force.ts'
import type { Open, OpenConnections } from './open-connections.ts'

export type EndedAccess = {
  /** Whether the access of whoever calls over it was ended. */
  over(connection: Connection): boolean
  stop(): void
}

export function endedAccess(
  open: OpenConnections,
  orders: Pick<Orders, 'revoked' | 'onChange'>,
): EndedAccess {
  const judge = ({ socket, connection, running }: Open): void => {
    if (running.size === 0 && isOver(connection, orders)) socket.destroySoon()
  }
  open.onEnd(judge)
  const stop = orders.onChange(() => {
    for (const one of open) judge(one)
  })
  return { over: (connection) => isOver(connection, orders), stop }
}

/**
 * Whose certificate it is, and who was last proved over it: a program that others call through as well connects again. A
 * token that was revoked is no end of access: its person may bring another.
 */
function isOver({ certificate, person, caller }: Connection, orders: Pick<Orders, 'revoked'>): boolean {
  const kind = orders.revoked(caller ?? { iss: person?.iss ?? '', sub: person?.sub ?? '', certificate })
  return kind !== undefined && kind !== 'token'
}
