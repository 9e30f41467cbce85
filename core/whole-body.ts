// A body that somebody else sends, read whole as far as it may be held.

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
  for await (const chunk of chunks) {
    take?.(chunk.length)
    bytes += chunk.length
    if (bytes > most) return undefined
    held.push(chunk)
  }
  return Buffer.concat(held, bytes)
}
