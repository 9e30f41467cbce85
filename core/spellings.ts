// Short texts that come again and again, each under one number, found by the bytes in which they stand: no text is made of
// bytes only to find out that it was there before.

const bytesOfEach = 24

export class Spellings {
  /** Places of a table with open addressing, each a number and one, or 0. */
  readonly #table: Int32Array
  readonly #most: number
  readonly #texts: string[] = []
  readonly #starts: Int32Array
  /** Bytes of all of them, one behind the other. */
  readonly #bytes: Uint8Array

  /** `most`: a power of two. */
  constructor(most: number) {
    this.#most = most
    this.#table = new Int32Array(most * 2)
    this.#starts = new Int32Array(most + 1)
    this.#bytes = new Uint8Array(most * bytesOfEach)
  }

  get size(): number {
    return this.#texts.length
  }

  textOf(number: number): string {
    return this.#texts[number] as string
  }

  /** The number of what stands there; -1 where nobody has added it. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    const table = this.#table
    const starts = this.#starts
    const own = this.#bytes
    for (let place = this.#placeOf(bytes, start, end); ; place = (place + 1) & (table.length - 1)) {
      const held = table[place] as number
      if (held === 0) return -1
      const first = starts[held - 1] as number
      if ((starts[held] as number) - first !== length) continue
      let at = 0
      while (at < length && own[first + at] === bytes[start + at]) at += 1
      if (at === length) return held - 1
    }
  }

  /** The number of what stands there from now on; -1 where no more are taken. `find` has not found it. */
  add(bytes: Uint8Array, start: number, end: number): number {
    const number = this.#texts.length
    const first = this.#starts[number] as number
    if (number === this.#most || first + end - start > this.#bytes.length) return -1
    for (let at = start; at < end; at += 1) this.#bytes[first + at - start] = bytes[at] as number
    this.#starts[number + 1] = first + end - start
    this.#texts.push(decoder.decode(this.#bytes.subarray(first, first + end - start)))
    const table = this.#table
    let place = this.#placeOf(bytes, start, end)
    while (table[place] !== 0) place = (place + 1) & (table.length - 1)
    table[place] = number + 1
    return number
  }

  /** Where the text of this number ends, if it stands here and a quote behind it; else -1. */
  endOf(number: number, bytes: Uint8Array, start: number): number {
    const own = this.#bytes
    const end = this.#starts[number + 1] as number
    let at = start
    for (let first = this.#starts[number] as number; first < end; first += 1) {
      if (own[first] !== bytes[at]) return -1
      at += 1
    }
    return bytes[at] === 0x22 ? at : -1
  }

  forget(): void {
    this.#table.fill(0)
    this.#texts.length = 0
  }

  /** Length, first, middle and last byte tell most apart. */
  #placeOf(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    const middle = bytes[start + (length >> 1)] as number
    const ends = (bytes[start] as number) | ((bytes[end - 1] as number) << 8)
    const sign = Math.imul(ends | (middle << 16) | (length << 24), 0x9e_37_79_b1)
    return (sign >>> 12) & (this.#table.length - 1)
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
