// The one way into a chain: everything that touches it comes in order, and what arrives while a commit runs goes with
// the next one. What stands in memory is what the store has committed; when that is in doubt the store is asked first.
//
// Of the collectors that share a store one has the chain. The others follow it, so what they know of it may be behind but
// never wrong. Whoever is asked to write takes it, and knows all of it before they do.

import { parseRecord } from '../core/record.ts'
import { type Chain, type Leaf, leafOf } from './chain.ts'
import { Corrupt, Fenced, type News, type Store } from './commit/commit.ts'
import { Order } from './order.ts'
import { Refusal } from './refusals.ts'

/** Bytes of records that one commit takes together. */
const commitBytes = 8 * 1024 * 1024

type Job = { from: number; leaves: readonly Leaf[]; done: PromiseWithResolvers<number> }

export type LaneEvents = {
  /** Before new records are committed: a chain that had ended says first that it speaks again. */
  reopen: (chain: Chain) => Promise<void>
  /** A record was committed (or found committed). `person` caused it. */
  took: (
    chain: Chain,
    leaf: Leaf,
    person: { iss: string; sub: string } | undefined,
    /** False for what was there before this process began to look. */
    fresh: boolean,
  ) => void
  /** The chain became ours: what others said of it meanwhile is to be known. */
  claimed: (chain: Chain) => Promise<void>
  /** Other records came for a place that is taken. */
  forked: (chain: Chain) => void
  /** A commit was tried: seconds, and what went wrong. */
  tried: (seconds: number, failure?: unknown) => void
}

export class Lane {
  readonly chain: Chain
  /** When its process was last heard, milliseconds of the collector's clock. */
  heard: number
  /** Set: nothing is taken any more. */
  corrupt: Corrupt | undefined

  readonly #store: Store
  readonly #events: LaneEvents
  readonly #order = new Order()
  #waiting: Job[] = []
  // A commit was tried and we do not know what became of it.
  #inDoubt = false
  #ours: boolean
  /** Records that are on their way in: being read, or waiting to be committed. */
  #coming = 0

  /** `ours`: the chain is known to be, because it began here just now. */
  constructor(chain: Chain, store: Store, events: LaneEvents, heard: number, ours = !store.shared) {
    this.chain = chain
    this.#store = store
    this.#events = events
    this.heard = heard
    this.#ours = ours
  }

  /** This collector has the chain, as far as it knows. */
  get ours(): boolean {
    return this.#ours
  }

  /**
   * Commits records that begin at index `from`. Resolves to the chain's size when they would survive power loss; those
   * that are committed already are acknowledged again. Rejects: they may or may not be, send them again.
   */
  async append(from: number, leaves: readonly Leaf[]): Promise<number> {
    const done = Promise.withResolvers<number>()
    this.#waiting.push({ from, leaves, done })
    if (this.#waiting.length === 1) this.#next()
    return await done.promise
  }

  /**
   * Runs a task that reads so many records and appends them from index `from` on. Rejects with `gap`, and does not run it, where
   * those before it are neither here nor on their way.
   */
  async coming<T>(from: number, records: number, task: () => Promise<T>): Promise<T> {
    // They may be with another collector.
    if (from > this.#reach) await this.#order.run(async () => await this.renew())
    if (from > this.#reach) throw new Refusal('gap', { size: this.chain.size })
    this.#coming += records
    try {
      return await task()
    } finally {
      this.#coming -= records
    }
  }

  /** Where the chain ends at most, should all be committed that is on its way. */
  get #reach(): number {
    return this.chain.size + this.#coming
  }

  /** Runs a task in the chain's order, on a chain that is ours and known to be as the store has it. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    return await this.#order.run(async () => {
      await this.#settle()
      try {
        return await task()
      } catch (error) {
        this.#note(error)
        throw error
      }
    })
  }

  /** For what is said for good: the chain is taken anew, so that nobody else can have added to it. */
  async runSure<T>(task: () => Promise<T>): Promise<T> {
    return await this.#order.run(async () => {
      await this.renew()
      return await task()
    })
  }

  /** Within a task: takes the chain anew, because somebody knows of more of it than we do. */
  async renew(): Promise<void> {
    if (this.#store.shared) this.#ours = false
    await this.#settle()
  }

  /** What another collector did, as far as the chain is not ours again by now. */
  async follow(news: News): Promise<void> {
    await this.#order.run(async () => {
      if (news.kind === 'lost') this.#ours = false
      if (this.#ours || this.corrupt !== undefined) return
      if (news.kind === 'more' || (news.kind === 'records' && news.from > this.chain.size))
        await this.load(this.#inDoubt)
      else if (news.kind === 'records')
        this.#takeAll(news.records.slice(this.chain.size - news.from), this.#inDoubt)
    })
  }

  /** Takes in what the store holds beyond what stands in memory. */
  async load(fresh = false): Promise<void> {
    try {
      for await (const records of this.#store.read(this.chain.origin, this.chain.size))
        this.#takeAll(records, fresh)
    } catch (error) {
      this.#note(error)
      throw error
    }
  }

  #next(): void {
    const turn = this.#order.run(async () => await this.#turn())
    // A turn answers each of its jobs itself; nothing is left to say.
    turn.catch(() => undefined)
  }

  async #turn(): Promise<void> {
    const jobs = this.#group()
    try {
      await this.#settle()
      // Nobody else is told of what is missing: it may be with another collector.
      if ((jobs[0]?.from ?? 0) > this.chain.size) await this.renew()
      const fresh = await this.#sort(jobs)
      if (fresh.length > 0) {
        await this.#events.reopen(this.chain)
        await this.#commit(fresh)
      }
      for (const { done } of jobs) done.resolve(this.chain.size)
    } catch (error) {
      for (const { done } of jobs) done.reject(error)
    }
    if (this.#waiting.length > 0) this.#next()
  }

  #group(): Job[] {
    let bytes = 0
    const beyond = this.#waiting.findIndex(({ leaves }, i) => {
      bytes += leaves.reduce((sum, leaf) => sum + leaf.bytes.length, 0)
      return i > 0 && bytes > commitBytes
    })
    const group = beyond < 0 ? this.#waiting : this.#waiting.slice(0, beyond)
    this.#waiting = beyond < 0 ? [] : this.#waiting.slice(beyond)
    return group
  }

  /** What is new in these jobs, in order. Answers those that are refused. */
  async #sort(jobs: readonly Job[]): Promise<Leaf[]> {
    const { chain } = this
    const fresh: Leaf[] = []
    let closed = chain.closed
    for (const { from, leaves, done } of jobs) {
      const size = chain.size + fresh.length
      if (from > size) {
        done.reject(new Refusal('gap', { size: chain.size }))
        continue
      }
      const again = leaves.slice(0, Math.max(0, size - from))
      if (!(await this.#same(from, again, fresh))) {
        this.#events.forked(chain)
        done.reject(new Refusal('fork', { size: chain.size }))
        continue
      }
      const more = leaves.slice(again.length)
      let after = closed
      const wrong = more
        .map(({ record }, i) => {
          const reason = chain.judge(record, size + i, after)
          after ||= record.kind === 'chain-closed'
          return reason
        })
        .find((reason) => reason !== undefined)
      if (wrong !== undefined) {
        done.reject(new Refusal(wrong, { size: chain.size }))
        continue
      }
      closed = after
      fresh.push(...more)
    }
    return fresh
  }

  /** Whether these leaves are what stands from index `from` on, in the store or among what is about to be committed. */
  async #same(from: number, leaves: readonly Leaf[], fresh: readonly Leaf[]): Promise<boolean> {
    const stored = Math.max(0, Math.min(leaves.length, this.chain.size - from))
    let at = 0
    if (stored > 0)
      for await (const records of this.#store.read(this.chain.origin, from, from + stored))
        for (const bytes of records) if (!(leaves[at++] as Leaf).bytes.equals(bytes)) return false
    const offset = from - this.chain.size
    return leaves.slice(stored).every(({ bytes }, i) => fresh[offset + stored + i]?.bytes.equals(bytes))
  }

  async #commit(fresh: readonly Leaf[]): Promise<void> {
    const began = performance.now()
    // If this process dies now, the records are in the store or they are not; nobody was told either way.
    this.#inDoubt = true
    try {
      await this.#store.append(
        this.chain.origin,
        this.chain.size,
        fresh.map(({ bytes }) => bytes),
      )
    } catch (error) {
      this.#note(error)
      this.#events.tried((performance.now() - began) / 1000, error)
      throw error
    }
    for (const leaf of fresh) this.#take(leaf, true)
    this.#inDoubt = false
    this.#events.tried((performance.now() - began) / 1000)
  }

  async #settle(): Promise<void> {
    if (this.corrupt !== undefined) throw new Refusal('chain-corrupt')
    if (this.#ours && !this.#inDoubt) return
    // A store that is not shared shows by it that no commit of ours is still on its way; any other by the claim.
    if (this.#inDoubt) await this.#store.probe()
    await this.#store.claim(this.chain.origin)
    await this.load(this.#inDoubt)
    try {
      await this.#events.claimed(this.chain)
    } catch (error) {
      this.#note(error)
      throw error
    }
    this.#ours = true
    this.#inDoubt = false
  }

  #note(error: unknown): void {
    if (error instanceof Corrupt) this.corrupt = error
    if (!this.#store.shared || error instanceof Refusal) return
    this.#ours = false
    // Of what is fenced it is known that nothing took effect.
    this.#inDoubt = !(error instanceof Fenced)
  }

  #takeAll(records: readonly Buffer[], fresh: boolean): void {
    for (const bytes of records) this.#take(leafOf(bytes, this.#parse(bytes)), fresh)
  }

  #take(leaf: Leaf, fresh: boolean): void {
    this.#events.took(this.chain, leaf, this.chain.take(leaf), fresh)
  }

  #parse(bytes: Buffer): Leaf['record'] {
    try {
      return parseRecord(bytes)
    } catch (cause) {
      this.corrupt = Object.assign(new Corrupt(this.chain.origin, `Record ${this.chain.size} is none`), {
        cause,
      })
      throw this.corrupt
    }
  }
}
