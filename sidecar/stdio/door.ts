// The socket to which the wrapper in the app's container connects: a file in a volume that the sidecar and that
// container mount and nobody else, and that only the sidecar may write. One connection is one server process.

import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'

export interface Door {
  /** Resolves when it is open. Rejects when it cannot be. */
  readonly open: Promise<void>
  close(): void
}

/** Opens the door; `enter` takes each connection. While `taken`, another one is turned away. */
export function door(path: string, taken: () => boolean, enter: (socket: Socket) => void): Door {
  // Left behind by a sidecar that was killed.
  rmSync(path, { force: true })
  const server: Server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    if (taken()) socket.destroy()
    else enter(socket)
  })
  const open = new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      // The app runs as another user. Who may come here at all, the volume's mounts say.
      chmodSync(path, 0o666)
      resolve()
    })
  })
  return { open, close: () => void server.close() }
}
