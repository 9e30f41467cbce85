// Newline-delimited messages (MCP stdio transport) out of bytes that somebody else writes: no line is held beyond a bound.

/** A line without its end, or what was kept of one that is too long. */
export type Line = { readonly bytes: Buffer } | { readonly head: Buffer; readonly tail: Buffer }

/** Bytes kept at either end of a line that is too long: the id of an answer stands there. */
const kept = 256

/** Returns what takes bytes in as they come. Empty lines are left out; `limit`: longest line, bytes. */
export function lineReader(limit: number, take: (line: Line) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = []
  let size = 0
  let cut: { head: Buffer; tail: Buffer } | undefined

  function add(piece: Buffer): void {
    if (cut !== undefined) {
      cut.tail = Buffer.concat([cut.tail, piece.subarray(-kept)]).subarray(-kept)
      return
    }
    chunks.push(piece)
    size += piece.length
    if (size <= limit) return
    const all = Buffer.concat(chunks)
    cut = { head: Buffer.from(all.subarray(0, kept)), tail: Buffer.from(all.subarray(-kept)) }
    chunks = []
  }

  function end(): void {
    const over = cut
    const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
    chunks = []
    size = 0
    cut = undefined
    if (over !== undefined) return take(over)
    const line = bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes
    if (line.length > 0) take({ bytes: line })
  }

  return (chunk) => {
    let from = 0
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
      add(chunk.subarray(from, at))
      end()
      from = at + 1
    }
    if (from < chunk.length) add(chunk.subarray(from))
  }
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
