// All chains that are in memory, read from the store when they are first needed.

import { parseNote } from '../core/checkpoint.ts'
import type { Ending } from '../core/record.ts'
import { Chain } from './chain.ts'
import { Corrupt, type News, type Store } from './commit/commit.ts'
import { ended, isSaid } from './ended.ts'
import { Lane, type LaneEvents } from './lane.ts'
import type { Entered, Registry } from './registry.ts'
import { judgeCheckpoint } from './witness.ts'

export type Watchers = Pick<LaneEvents, 'took' | 'forked' | 'tried'>

/** Rounds of following, at most, while others take chains of ours meanwhile. */
const roundsAtMost = 5

export class Lanes {
  /** Newest cosigned note of every chain. */
  readonly notes: Map<string, string> = new Map()
  readonly #store: Store
  readonly #registry: Registry
  readonly #watchers: Watchers
  readonly #steady: () => number
  readonly #lanes = new Map<string, Lane>()
  readonly #loading = new Map<string, Promise<Lane>>()
  // Every chain that the store has, also one that was begun and never registered.
  readonly #begun = new Set<string>()
  // Chains that began here, and were not spoken of since.
  readonly #here = new Set<string>()

  /** `steady`: milliseconds of a clock that nobody can set, for how long a chain is silent. */
  constructor(store: Store, registry: Registry, watchers: Watchers, steady: () => number) {
    this.#store = store
    this.#registry = registry
    this.#watchers = watchers
    this.#steady = steady
  }

  /** Reads which chains the store has. */
  async open(): Promise<void> {
    for (const { origin, checkpoint } of await this.#store.chains()) {
      this.#begun.add(origin)
      if (checkpoint !== undefined) this.notes.set(origin, checkpoint)
    }
  }

  /** Lanes in memory. */
  all(): Iterable<[string, Lane]> {
    return this.#lanes
  }

  /** The lane, if it is in memory. */
  at(origin: string): Lane | undefined {
    return this.#lanes.get(origin)
  }

  isBegun(origin: string): boolean {
    return this.#begun.has(origin)
  }

  /** Makes room for a chain in the store, durably. To false when there is one of this origin. */
  async begin(head: { origin: string; vkey: string }): Promise<boolean> {
    // Whatever becomes of it, this origin is not used again.
    this.#begun.add(head.origin)
    const isBegun = await this.#store.begin(head)
    if (isBegun) this.#here.add(head.origin)
    return isBegun
  }

  /** Takes in what other collectors did: every chain that lives is in memory then, as it stood when this began. */
  async follow(): Promise<void> {
    if (!this.#store.shared) return
    await this.#registry.refresh()
    for (const entry of this.#registry.entries.values()) if (entry.ended === undefined) await this.of(entry)
    for (let round = 0; round < roundsAtMost && (await this.#followOnce()); round++);
  }

  /** Whether a chain was found to be another's that was thought to be ours. */
  async #followOnce(): Promise<boolean> {
    let lost = false
    const others = [...this.#lanes.values()].filter(({ ours, corrupt }) => !ours && corrupt === undefined)
    const sizes = new Map(others.map(({ chain }) => [chain.origin, chain.size]))
    for await (const news of this.#store.follow(sizes)) {
      if (news.kind === 'lost') lost = true
      await this.#took(news)
    }
    return lost
  }

  async #took(news: News): Promise<void> {
    const lane = this.#lanes.get(news.origin)
    if (lane === undefined || (news.kind === 'checkpoint' && this.notes.get(news.origin) === news.note))
      return
    lane.heard = this.#steady()
    try {
      await lane.follow(news)
      if (news.kind === 'checkpoint' && !lane.ours) this.#remember(lane.chain, news.note)
    } catch (error) {
      if (!(error instanceof Corrupt)) throw error
      lane.corrupt = error
    }
  }

  #remember(chain: Chain, note: string): void {
    // One that was saved before what is known by now says nothing more.
    if (parseNote(note).checkpoint.size < chain.witnessed.size) return
    this.notes.set(chain.origin, note)
    this.#recall(chain)
  }

  /** The lane of a chain. A chain whose records are not what was committed has one too: it is `corrupt`. */
  async of(entry: Entered): Promise<Lane> {
    const { origin } = entry
    const lane = this.#lanes.get(origin)
    if (lane !== undefined) return lane
    const loading = this.#loading.get(origin) ?? this.#load(entry)
    this.#loading.set(origin, loading)
    try {
      return await loading
    } finally {
      this.#loading.delete(origin)
    }
  }

  /** Lets go of a chain that ended. */
  async drop(origin: string): Promise<void> {
    this.#lanes.delete(origin)
    await this.#store.release(origin)
  }

  /** The registry log says that a chain that had ended speaks again. */
  async reopen({ origin, size }: Chain): Promise<void> {
    await this.#registry.update(() =>
      this.#registry.entries.get(origin)?.ended === undefined ? [] : [{ kind: 'resumed', origin, size }],
    )
  }

  /** The registry log says that a chain ended, and what is unknown of it. */
  async end(entry: Entered, how: Ending): Promise<void> {
    // Before the chain is read: a pod that starts again and again leaves many that ended long ago.
    if (isSaid(entry, how)) return
    const lane = await this.of(entry)
    // Of a corrupt chain nothing true can be said: the log keeps it open, and every verification says why.
    if (lane.corrupt !== undefined) return
    await lane.runSure(
      async () =>
        await this.#registry.update(() => ended(this.#registry.entries.get(entry.origin), lane.chain, how)),
    )
  }

  async #load({ origin, vkey }: Entered): Promise<Lane> {
    const chain = new Chain(origin, vkey)
    const lane = new Lane(
      chain,
      this.#store,
      {
        ...this.#watchers,
        reopen: async () => await this.reopen(chain),
        claimed: async () => await this.#claimed(chain),
      },
      this.#steady(),
      this.#here.delete(origin) || !this.#store.shared,
    )
    try {
      if (!this.#begun.has(origin)) await this.#find(origin)
      await lane.load()
      this.#recall(chain)
    } catch (error) {
      if (!(error instanceof Corrupt)) throw error
      lane.corrupt = error
    }
    this.#lanes.set(origin, lane)
    return lane
  }

  /** Another collector began it. */
  async #find(origin: string): Promise<void> {
    const found = this.#store.shared ? await this.#store.find(origin) : undefined
    if (found === undefined) throw new Corrupt(origin, 'The chain is not in the store')
    this.#begun.add(origin)
    if (found.checkpoint !== undefined) this.notes.set(origin, found.checkpoint)
  }

  /** What whoever had the chain said of it: that it ended, and what they cosigned. */
  async #claimed(chain: Chain): Promise<void> {
    if (!this.#store.shared) return
    await this.#registry.refresh()
    const found = await this.#store.find(chain.origin)
    if (found?.checkpoint === undefined || found.checkpoint === this.notes.get(chain.origin)) return
    this.#remember(chain, found.checkpoint)
  }

  /** What was cosigned must still be there: the witness remembers. */
  #recall(chain: Chain): void {
    const note = this.notes.get(chain.origin)
    if (note === undefined) return
    try {
      const { size } = judgeCheckpoint(chain, note)
      chain.witness(size, note)
    } catch (cause) {
      throw Object.assign(new Corrupt(chain.origin, 'The records are not those that were cosigned'), {
        cause,
      })
    }
  }
}
