// All chains that are in memory, read from the store when they are first needed.

import type { Ending } from '../core/record.ts'
import { Chain } from './chain.ts'
import type { Store } from './commit/commit.ts'
import { Corrupt } from './commit/commit.ts'
import { ended, isSaid } from './ended.ts'
import { Lane, type LaneEvents } from './lane.ts'
import type { Entered, Registry } from './registry.ts'
import { judgeCheckpoint } from './witness.ts'

export type Watchers = Pick<LaneEvents, 'took' | 'forked' | 'tried'>

export class Lanes {
  /** Newest cosigned note of every chain. */
  readonly notes: Map<string, string> = new Map()
  readonly #store: Store
  readonly #registry: Registry
  readonly #watchers: Watchers
  readonly #now: () => number
  readonly #lanes = new Map<string, Lane>()
  readonly #loading = new Map<string, Promise<Lane>>()
  // Every chain that the store has, also one that was begun and never registered.
  readonly #begun = new Set<string>()

  constructor(store: Store, registry: Registry, watchers: Watchers, now: () => number) {
    this.#store = store
    this.#registry = registry
    this.#watchers = watchers
    this.#now = now
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

  /** Makes room for a chain in the store, durably. */
  async begin(head: { origin: string; vkey: string }): Promise<void> {
    // Whatever becomes of it, this origin is not used again.
    this.#begun.add(head.origin)
    await this.#store.begin(head)
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
    await lane.run(
      async () =>
        await this.#registry.update(() => ended(this.#registry.entries.get(entry.origin), lane.chain, how)),
    )
  }

  async #load({ origin, vkey }: Entered): Promise<Lane> {
    const chain = new Chain(origin, vkey)
    const lane = new Lane(
      chain,
      this.#store,
      { ...this.#watchers, reopen: async () => await this.reopen(chain) },
      this.#now(),
    )
    try {
      if (!this.#begun.has(origin)) throw new Corrupt(origin, 'The chain is not in the store')
      await lane.load()
      this.#recall(chain)
    } catch (error) {
      if (!(error instanceof Corrupt)) throw error
      lane.corrupt = error
    }
    this.#lanes.set(origin, lane)
    return lane
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
