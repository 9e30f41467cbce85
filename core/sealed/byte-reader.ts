// Reads a stream of bytes by counts and lines. Holds what was asked for and one piece of the source.

/** The stream ended before what was asked for. */
export class Ended extends Error {
  constructor() {
    super('The stream ended early')
    this.name = 'Ended'
  }
}

export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  #held: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The next `count` bytes. Throws `Ended`. */
  async take(count: number): Promise<Buffer> {
    const parts: Buffer[] = []
    for await (const part of this.pieces(count)) parts.push(part)
    return Buffer.concat(parts)
  }

  /** The next `count` bytes in pieces as they come. Throws `Ended`. */
  async *pieces(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      if (this.#held.length === 0 && !(await this.#more())) throw new Ended()
      const part = this.#held.subarray(0, left)
      this.#held = this.#held.subarray(part.length)
      left -= part.length
      yield part
    }
  }

  /** Bytes up to the next line feed, which is taken too; undefined when none comes within `limit` bytes. Throws `Ended`. */
  async line(limit: number): Promise<Buffer | undefined> {
    for (;;) {
      const end = this.#held.indexOf(0x0a)
      if (end > limit || (end < 0 && this.#held.length > limit)) return undefined
      if (end >= 0) {
        const line = this.#held.subarray(0, end)
        this.#held = this.#held.subarray(end + 1)
        return line
      }
      if (!(await this.#more())) throw new Ended()
    }
  }

  async atEnd(): Promise<boolean> {
    return this.#held.length === 0 && !(await this.#more())
  }

  /** Gets another piece of the source that is not empty. */
  async #more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#source.next()
      if (done === true) return false
      if (value.length === 0) continue
      this.#held = this.#held.length === 0 ? Buffer.from(value) : Buffer.concat([this.#held, value])
      return true
    }
  }
}
