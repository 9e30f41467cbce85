// What an edited document is made of: stretches of the one that came, and what stands in place of the rest. Stretches that
// follow each other are one, so that a document of which everything stays is copied once.

/** Stretches shorter than this are copied byte by byte: a call costs more than they do. */
const short = 48
/** Most that is kept for the next document, bytes. */
const kept = 256 * 1_024

let room: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(16 * 1_024)

export class Output {
  readonly #source: Uint8Array
  /** What is written, and behind it a stretch of the source that is not yet. All three, to go back to. */
  length = 0
  from = 0
  to = 0

  /** One at a time: all write to the same room, since nothing waits between the first stretch and the whole. */
  constructor(source: Uint8Array) {
    this.#source = source
  }

  /** Bytes of the source as they came. */
  stretch(start: number, end: number): void {
    if (start !== this.to) {
      this.#write()
      this.from = start
    }
    this.to = end
  }

  /** Something else. */
  put(text: string): void {
    this.#write()
    // Three bytes of UTF-8 are the most that a code unit takes.
    this.#reserve(text.length * 3)
    this.length += room.write(text, this.length, 'utf8')
  }

  /** Forgets what came since these were read. */
  back(length: number, from: number, to: number): void {
    this.length = length
    this.from = from
    this.to = to
  }

  whole(): string {
    this.#write()
    const text = room.toString('utf8', 0, this.length)
    if (room.length > kept) room = Buffer.allocUnsafeSlow(16 * 1_024)
    return text
  }

  #write(): void {
    const { from, to } = this
    const count = to - from
    if (count === 0) return
    this.#reserve(count)
    const source = this.#source
    if (count < short) {
      let at = this.length
      for (let i = from; i < to; i += 1) room[at++] = source[i] as number
    } else room.set(source.subarray(from, to), this.length)
    this.length += count
    this.from = to
  }

  #reserve(more: number): void {
    if (this.length + more <= room.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(room.length * 2, this.length + more))
    larger.set(room.subarray(0, this.length))
    room = larger
  }
}
