// A body, piece by piece. Each piece of a few bytes costs its reader a hundred: whoever sends one byte at a time would fill
// a memory that the limit of the body does not.

/** Pieces shorter than this are copied together, bytes. */
const short = 1_024
const pageSize = 16 * 1024

export type Collected = {
  /** Bytes so far. */
  readonly size: number
  /** The piece is the collection's from now on. */
  add(piece: Buffer): void
  /** All of it in one. */
  whole(): Buffer
  /** Forgets it. */
  clear(): void
}

export function collected(): Collected {
  let pieces: Buffer[] = []
  let page = Buffer.alloc(0)
  let used = 0
  let size = 0
  const endPage = (): void => {
    if (used > 0) pieces.push(page.subarray(0, used))
    page = Buffer.alloc(0)
    used = 0
  }
  return {
    get size() {
      return size
    },
    add(piece) {
      size += piece.length
      if (piece.length >= short || size === piece.length) {
        endPage()
        pieces.push(piece)
        return
      }
      if (page.length - used < piece.length) {
        endPage()
        page = Buffer.allocUnsafeSlow(pageSize)
      }
      used += piece.copy(page, used)
    },
    whole() {
      endPage()
      return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
    },
    clear() {
      pieces = []
      page = Buffer.alloc(0)
      used = 0
    },
  }
}
