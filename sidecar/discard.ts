// What is left of a request that was answered before it was read. It is read and thrown away, so that its caller, who is
// still sending, comes to read the answer and keeps the connection; but only so much of it, and only for so long.

import type { IncomingMessage } from 'node:http'

/** A body that would have been read: none that is larger is waited for, bytes. */
const most = 1024 * 1024
/** Milliseconds. */
const patience = 10_000

/** Resolves when nothing more of it comes; undefined where nothing does. */
export function discard(request: IncomingMessage, bound = { most, patience }): Promise<void> | undefined {
  if (request.complete || request.destroyed) return undefined
  const { socket } = request
  const nothingMore = Promise.withResolvers<void>()
  const end = (): void => void socket.destroy()
  const late = setTimeout(end, bound.patience)
  const over = (): void => {
    clearTimeout(late)
    nothingMore.resolve()
  }
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > bound.most) end()
  })
  request.once('end', over)
  request.once('close', over)
  return nothingMore.promise
}
