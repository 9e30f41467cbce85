// A body that somebody else sends, read whole as far as it may be held.

import type { Readable } from 'node:stream'

/**
 * Its bytes; undefined as soon as there are more than `most`, and nothing is read on then. Rejects where its source does.
 * `take` is told of each chunk by its bytes before it is held: where it throws nothing more is read. The source ends with it as
 * sources of `for await` do, but for a request to a server of Node's: its connection stays, so that it can be answered. What it
 * still sends is not read: the answer has to end it (`connection: close`).
 */
export async function wholeBody(
  chunks: AsyncIterable<Uint8Array>,
  most: number,
  take?: (bytes: number) => void,
): Promise<Buffer | undefined> {
  const held: Uint8Array[] = []
  let bytes = 0
  /** Whether there may be more. */
  const hold = (chunk: Uint8Array): boolean => {
    take?.(chunk.length)
    bytes += chunk.length
    if (bytes > most) return false
    held.push(chunk)
    return true
  }
  const whole = isRequest(chunks) ? await received(chunks, hold) : await iterated(chunks, hold)
  return whole ? Buffer.concat(held, bytes) : undefined
}

/** A request to a server of Node's, known without `node:http`, which is I/O. */
const isRequest = (chunks: AsyncIterable<Uint8Array>): chunks is Readable => 'httpVersion' in chunks

type Hold = (chunk: Uint8Array) => boolean

async function iterated(chunks: AsyncIterable<Uint8Array>, hold: Hold): Promise<boolean> {
  for await (const chunk of chunks) if (!hold(chunk)) return false
  return true
}

/** By its events: an iterator takes a fifth of what else a short request takes. */
async function received(request: Readable, hold: Hold): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    const stop = (settle: () => void): void => {
      request.off('data', data).pause()
      settle()
    }
    const data = (chunk: Uint8Array): void => {
      try {
        if (!hold(chunk)) stop(() => resolve(false))
      } catch (error) {
        stop(() => reject(error))
      }
    }
    const closed = (): void =>
      request.readableEnded ? resolve(true) : reject(new Error('The body was cut off'))
    request
      .on('error', reject)
      .once('end', () => resolve(true))
      .once('close', closed)
      .on('data', data)
    if (request.destroyed) closed()
  })
}
