// The sealing of one chain: under which data key its next records will be sealed, and which stretches of it wait to be
// sealed. No record is taken while there is no data key for it, so that whatever is committed can be sealed though the key's
// holder should be away when its segment ends.

import { Order } from '../order.ts'
import { type DataKey, dropKey } from './data-key.ts'

/** A segment ends, and its data key is used up, when one of these is reached. */
export type Bounds = { bytes: number; records: number; ageMs: number }

/** Records [from, to) of a chain that are committed and not sealed. Without a key: one is made when they are sealed. */
export type Stretch = { from: number; to: number; key?: DataKey }

export type ChainSealingOptions = {
  bounds: Bounds
  /** Makes a data key. Rejects while the key's holder is away. */
  makeKey: () => Promise<DataKey>
  /** Committed records of the chain. */
  size: () => number
  /** Records that are sealed. */
  sealed: number
  /** Milliseconds of a clock that nobody can set. */
  steady: () => number
}

/** A segment that takes records; `bytes` and `records` were let in under its key, those that came twice twice. */
type Open = { key: DataKey; since: number; bytes: number; records: number }

/** The next key is fetched when so much of the one in use is used up. */
const half = 0.5

export class ChainSealing {
  readonly #options: ChainSealingOptions
  readonly #order = new Order()
  #open: Open | undefined
  #next: DataKey | undefined
  #fetching: Promise<void> | undefined
  #stretches: Stretch[] = []
  /** Records below it are sealed, or in a stretch. */
  #from: number
  #over = false

  constructor(options: ChainSealingOptions) {
    this.#options = options
    this.#from = options.sealed
    // What a process before this one took: its keys went with it.
    this.#cut(undefined)
  }

  /** Lets records in: resolves when there is a data key for them. Rejects while there is none. */
  async admit(bytes: number, records: number): Promise<void> {
    this.#over = false
    await this.#order.run(async () => {
      if (this.#open === undefined || !this.#holds(this.#open, bytes, records)) await this.#begin()
      const open = this.#open as unknown as Open
      open.bytes += bytes
      open.records += records
    })
    this.#prefetch()
  }

  /** Ends a segment that is old enough, and sees that a chain that lives has a key. Rejects while none can be had. */
  async tick(): Promise<void> {
    this.#over = false
    await this.#order.run(async () => {
      if (this.#open === undefined || this.#age(this.#open) >= this.#options.bounds.ageMs) await this.#begin()
    })
    this.#prefetch()
  }

  /** The chain ended: what is left of it is a stretch. It may go on with another of these. */
  end(): void {
    this.#over = true
    this.#close()
    dropKey(this.#next)
    this.#next = undefined
  }

  /** Forgets all keys. */
  drop(): void {
    this.end()
    for (const { key } of this.#stretches) dropKey(key)
    this.#stretches = []
  }

  /** Whether records could be let in now, whoever is away. */
  hasKey(): boolean {
    return this.#next !== undefined || (this.#open !== undefined && this.#holds(this.#open, 0, 0))
  }

  /** The oldest stretch, which the caller seals. */
  take(): Stretch | undefined {
    return this.#stretches.shift()
  }

  /** It could not be sealed: later, under another key. */
  giveBack({ from, to, key }: Stretch): void {
    dropKey(key)
    this.#stretches.unshift({ from, to })
  }

  #holds(open: Open, bytes: number, records: number): boolean {
    const { bounds } = this.#options
    const isEmpty = open.records === 0
    return (
      this.#age(open) < bounds.ageMs &&
      (isEmpty || (open.bytes + bytes <= bounds.bytes && open.records + records <= bounds.records))
    )
  }

  #age(open: Open): number {
    return this.#options.steady() - open.since
  }

  /** Ends the open segment, whatever comes of the next one. */
  async #begin(): Promise<void> {
    this.#close()
    if (this.#next === undefined) await this.#fetch()
    const key = this.#next as unknown as DataKey
    this.#next = undefined
    this.#open = { key, since: this.#options.steady(), bytes: 0, records: 0 }
  }

  #close(): void {
    const open = this.#open
    this.#open = undefined
    this.#cut(open?.key)
  }

  #cut(key: DataKey | undefined): void {
    const to = this.#options.size()
    if (to > this.#from) this.#stretches.push({ from: this.#from, to, ...(key === undefined ? {} : { key }) })
    else dropKey(key)
    this.#from = Math.max(this.#from, to)
  }

  #prefetch(): void {
    const open = this.#open
    if (open === undefined || this.#next !== undefined || this.#over) return
    const { bytes, records, ageMs } = this.#options.bounds
    const used = Math.max(open.bytes / bytes, open.records / records, this.#age(open) / ageMs)
    // A failure is heard when the key is needed.
    if (used >= half) this.#fetch().catch(() => undefined)
  }

  async #fetch(): Promise<void> {
    this.#fetching ??= this.#made().finally(() => {
      this.#fetching = undefined
    })
    await this.#fetching
  }

  async #made(): Promise<void> {
    const key = await this.#options.makeKey()
    if (this.#over) {
      dropKey(key)
      throw new Error('The chain ended meanwhile')
    }
    this.#next = key
  }
}
