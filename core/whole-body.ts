// A body that somebody else sends, read whole as far as it may be held.

import { Readable } from 'node:stream'

/**
 * Its bytes; undefined as soon as there are more than `most`, and nothing is read on then. Rejects where its source does. The
 * source ends with it as sources of `for await` do: a request of Node's with its socket, unless its iterator says otherwise.
 * `take` is told of each chunk by its bytes before it is held: where it throws nothing more is read.
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
  if (chunks instanceof Readable ? await drained(chunks, hold) : await iterated(chunks, hold))
    return Buffer.concat(held, bytes)
  return undefined
}

async function iterated(
  chunks: AsyncIterable<Uint8Array>,
  hold: (chunk: Uint8Array) => boolean,
): Promise<boolean> {
  for await (const chunk of chunks) if (!hold(chunk)) return false
  return true
}

/** The same by its events: an iterator takes a fifth of what else a short request takes. */
async function drained(source: Readable, hold: (chunk: Uint8Array) => boolean): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    const stop = (settle: () => void): void => {
      source.off('data', data).destroy()
      settle()
    }
    const data = (chunk: Uint8Array): void => {
      try {
        if (!hold(chunk)) stop(() => resolve(false))
      } catch (error) {
        stop(() => reject(error))
      }
    }
    const closed = (): void => {
      if (!source.readableEnded) reject(new Error('The body was cut off'))
    }
    source
      .on('error', reject)
      .once('end', () => resolve(true))
      .once('close', closed)
      .on('data', data)
    if (source.destroyed) closed()
  })
}
