// The newest committed records, in bounded memory: copies that keep up need not read the store, where a chain's last segment
// would be read whole for each few records. What is not here any more is read there.

import { Buffer } from 'node:buffer'

/** Of each of two generations, bytes of records. */
const generationBytes = 4 * 1024 * 1024

/** Records of one chain, without a gap. */
type Stretch = { from: number; records: Buffer[] }

export class Recent {
  readonly #limit: number
  #new = new Map<string, Stretch>()
  #old = new Map<string, Stretch>()
  #bytes = 0

  constructor(limit = generationBytes) {
    this.#limit = limit
  }

  /** The record at `index` of a chain was committed. */
  take(origin: string, index: number, bytes: Buffer): void {
    if (this.#bytes > this.#limit) {
      this.#old = this.#new
      this.#new = new Map()
      this.#bytes = 0
    }
    this.#bytes += bytes.length
    // A copy: the record may be a part of a request's body, all of which it would keep in memory.
    const record = Buffer.allocUnsafeSlow(bytes.length)
    record.set(bytes)
    const stretch = this.#new.get(origin)
    if (stretch !== undefined && stretch.from + stretch.records.length === index) stretch.records.push(record)
    else this.#new.set(origin, { from: index, records: [record] })
  }

  /** Records [from, to) of a chain; undefined unless all of them are here. */
  read(origin: string, from: number, to: number): Buffer[] | undefined {
    const found = [this.#old.get(origin), this.#new.get(origin)].flatMap((stretch) =>
      stretch === undefined
        ? []
        : stretch.records
            .slice(Math.max(0, from - stretch.from), Math.max(0, to - stretch.from))
            .map((bytes, i) => ({ index: Math.max(from, stretch.from) + i, bytes })),
    )
    const whole = found.length === to - from && found.every(({ index }, i) => index === from + i)
    return whole ? found.map(({ bytes }) => bytes) : undefined
  }
}
