// The first bytes of a connection, read by hand before it is joined to another one.

import type { Socket } from 'node:net'
import { EgressRefusal } from './reasons.ts'

const nothing = Buffer.alloc(0)

/**
 * Reads until `parse` finds what it looks for, and leaves the socket paused. `bytes` is all that came, found part
 * included. Rejects when the socket ends or `parse` throws. Its errors are heard elsewhere.
 */
export function readBytes<T>(
  socket: Socket,
  parse: (bytes: Buffer) => T | undefined,
  already: Buffer = nothing,
): Promise<{ found: T; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    let bytes = already
    const stop = (): void => {
      socket.pause()
      socket.off('data', onData).off('end', onEnd).off('close', onEnd)
    }
    const fail = (error: unknown): void => {
      stop()
      reject(error)
    }
    const onEnd = (): void => fail(new EgressRefusal('hung-up'))
    const look = (): void => {
      try {
        const found = parse(bytes)
        if (found === undefined) return
        stop()
        resolve({ found, bytes })
      } catch (error) {
        fail(error)
      }
    }
    const onData = (chunk: Buffer): void => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
      look()
    }
    if (socket.destroyed) return reject(new EgressRefusal('hung-up'))
    socket.on('data', onData).on('end', onEnd).on('close', onEnd)
    // `already` may be enough; if it is, the socket stays as it was left.
    socket.resume()
    if (bytes.length > 0) look()
  })
}
