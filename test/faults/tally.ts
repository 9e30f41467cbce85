// One row of the table: a fault at one place, so many times, and what was counted.

import { type Counts, noneCounted } from './counts.ts'

export type Row = {
  fault: string
  where: string
  /** How often the fault happened. */
  times: number
  forwarded: number
  withoutIntent: number
  bytes: number
  bytesWithoutRecord: number
  acknowledged: number
  lost: number
  /** How service came back. */
  back: string
  /** What is wrong besides: findings of the verifier, service that did not come back. Empty while all is well. */
  wrong: string[]
}

export class Tally {
  readonly row: Row
  readonly #backs: number[] = []
  #ended = 0
  #late = 0
  #meanwhile: number | undefined
  #from = 0

  constructor(fault: string, where: string) {
    this.row = { fault, where, times: 0, ...noneCounted, back: '', wrong: [] }
  }

  /** The fault happened, and after so many milliseconds a call was answered. `ended`: a process ended of it. */
  happened(back?: number, ended = false): void {
    this.row.times += 1
    if (back !== undefined) this.cameBack(back)
    if (ended) this.#ended += 1
  }

  /** A call was answered after so many milliseconds. */
  cameBack(back: number): void {
    this.#backs.push(back)
  }

  /** No answer came in time, and the same was tried once more: what was seen until then counts as well. */
  late(): void {
    this.#late += 1
  }

  /** So many calls were answered while it lasted, from so many milliseconds on. */
  meanwhile(answered: number, from = 0): void {
    this.#meanwhile = (this.#meanwhile ?? 0) + answered
    this.#from = from
  }

  count(counts: Counts): void {
    const { row } = this
    for (const key of [
      'forwarded',
      'withoutIntent',
      'bytes',
      'bytesWithoutRecord',
      'acknowledged',
      'lost',
    ] as const)
      row[key] += counts[key]
    row.wrong.push(...counts.findings)
  }

  /** Says how service came back, after what the fault's own words are. */
  close(how = ''): Row {
    const sorted = this.#backs.toSorted((a, b) => a - b)
    const seconds = (at: number): string =>
      `${((sorted[Math.min(sorted.length - 1, at)] ?? 0) / 1000).toFixed(1)} s`
    const { times } = this.row
    const words = [
      how,
      this.#meanwhile === undefined
        ? ''
        : this.#meanwhile > 0
          ? 'calls were served meanwhile'
          : `every call was refused ${this.#from > 0 ? `from ${this.#from / 1000} s on` : 'meanwhile'}`,
      this.#ended === 0
        ? ''
        : `the process ended ${this.#ended} of ${times} times, and the next one read what was there`,
      this.#late === 0 ? '' : `${this.#late} times no answer came in time, and one did at the second try`,
      sorted.length === 0
        ? ''
        : `answered again after ${seconds(Math.floor(sorted.length / 2))}, at most ${seconds(sorted.length - 1)}`,
    ]
    this.row.back = words.filter((word) => word !== '').join('; ')
    return this.row
  }
}

/** Whether a row is what is promised: every count zero, and something was there to be lost. */
export function isZero({
  withoutIntent,
  bytesWithoutRecord,
  lost,
  wrong,
  times,
  acknowledged,
}: Row): boolean {
  return withoutIntent + bytesWithoutRecord + lost + wrong.length === 0 && times > 0 && acknowledged > 0
}
