// Counts Server-Sent Events as they arrive, at as little cost as can be: whoever loads must not be what is slow.

const lineFeed = 0x0a

/** Takes the chunks of one stream, in order. Returns the events that have ended so far: an empty line ends one. */
export function eventCounter(): (chunk: Buffer) => number {
  let count = 0
  /** The last byte of the chunk before: the two line feeds may be parted. */
  let last: number | undefined
  return (chunk) => {
    if (last === lineFeed && chunk[0] === lineFeed) count += 1
    for (let at = chunk.indexOf('\n\n'); at >= 0; at = chunk.indexOf('\n\n', at + 2)) count += 1
    last = chunk.at(-1)
    return count
  }
}
