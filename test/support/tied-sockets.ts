// Two sockets that a proxy joins.

import type { Socket } from 'node:net'

/** What ends one of them ends the other. Both are in `open` while they live. */
export function tie(near: Socket, far: Socket, open: Set<Socket>): void {
  for (const socket of [near, far]) {
    open.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      open.delete(socket)
      near.destroy()
      far.destroy()
    })
  }
}
