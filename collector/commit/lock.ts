// One collector a store. A socket in the store's folder is held while the process lives; the kernel lets go of it when
// the process dies, however it dies, so that no stale lock keeps the next one out.

import { open, unlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { StoreFailed } from './commit.ts'

/** Holds the folder. Rejects while another process holds it. Resolves to how to let go. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const handle = await open(folder, 'r')
  // Through the descriptor: the path of a socket may have 107 bytes only.
  const path = `/proc/self/fd/${handle.fd}/lock.sock`
  try {
    const server = await listenAt(path)
    return async () => {
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await handle.close()
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function listenAt(path: string): Promise<Server> {
  for (;;) {
    try {
      return await listen(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
    if (await answers(path)) {
      throw new StoreFailed('store-in-use', 'Another collector uses this store: stop it first')
    }
    await unlink(path)
  }
}

async function listen(path: string): Promise<Server> {
  return await new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', reject)
    server.listen(path, () => {
      server.unref()
      resolve(server)
    })
  })
}

async function answers(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
