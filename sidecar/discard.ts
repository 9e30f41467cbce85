// What is left of a request that was answered before it was read. It is read and thrown away, so that its caller, who is
// still sending, comes to read the answer and keeps the connection; but only so much of it, and only for so long.

import type { IncomingMessage } from 'node:http'

/** A body that would have been read: none that is larger is waited for, bytes. */
const most = 1024 * 1024
/** Milliseconds. */
const patience = 10_000

export function discard(request: IncomingMessage, bound = { most, patience }): void {
  if (request.complete) return
  const { socket } = request
  const end = (): void => void socket.destroy()
  const late = setTimeout(end, bound.patience)
  const over = (): void => clearTimeout(late)
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > bound.most) end()
  })
  request.once('end', over)
  request.once('close', over)
}
