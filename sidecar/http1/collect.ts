// A body, piece by piece. Each piece of a few bytes costs its reader a hundred: whoever sends one byte at a time would fill
// a memory that the limit of the body does not.

/** Pieces shorter than this are copied together, bytes. */
const short = 1_024
const pageSize = 16 * 1024
const nothing = Buffer.alloc(0)

/** One is held for every body that is on its way, here and at the server: so it is small. */
export class Collected {
  #pieces: Buffer[] | undefined
  #page = nothing
  #used = 0
  #size = 0

  /** Bytes so far. */
  get size(): number {
    return this.#size
  }

  /** The piece is the collection's from now on. */
  add(piece: Buffer): void {
    this.#size += piece.length
    if (piece.length >= short || this.#size === piece.length) {
      this.#endPage()
      ;(this.#pieces ??= []).push(piece)
      return
    }
    if (this.#page.length - this.#used < piece.length) {
      this.#endPage()
      this.#page = Buffer.allocUnsafeSlow(pageSize)
    }
    this.#used += piece.copy(this.#page, this.#used)
  }

  /** All of it in one. */
  whole(): Buffer {
    this.#endPage()
    const pieces = this.#pieces ?? []
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
  }

  /** Forgets it. */
  clear(): void {
    this.#pieces = undefined
    this.#page = nothing
    this.#used = 0
  }

  #endPage(): void {
    if (this.#used > 0) (this.#pieces ??= []).push(this.#page.subarray(0, this.#used))
    this.#page = nothing
    this.#used = 0
  }
}
