// Whether the store works, as seen by whoever used it last. `/readyz` tells; nothing else depends on it.

import { Corrupt, Fenced, type Store, StoreFailed } from './commit/commit.ts'
import { Refusal } from './refusals.ts'

/** A use of the store that takes longer than this is trouble. */
const slowMs = 10_000

export class StoreWatch {
  readonly #running = new Set<{ since: number }>()
  #trouble: string | undefined

  /** Runs what uses the store. */
  async use<T>(task: () => Promise<T>): Promise<T> {
    const run = { since: performance.now() }
    this.#running.add(run)
    try {
      const result = await task()
      this.#trouble = undefined
      return result
    } catch (error) {
      this.note(error)
      throw error
    } finally {
      this.#running.delete(run)
    }
  }

  /** What went wrong: a refusal, and what is wrong with one chain, are no trouble of the store as a whole. */
  note(error: unknown): void {
    const isOfOne = error instanceof Refusal || error instanceof Corrupt || error instanceof Fenced
    if (error instanceof StoreFailed) this.#trouble = error.reason
    else if (!isOfOne) this.#trouble = 'store-failed'
  }

  /** Looks whether a store that was in trouble works again. Rejects while it does not. */
  async lookAgain(store: Store): Promise<void> {
    if (this.#trouble !== undefined) await this.use(async () => await store.probe())
  }

  /** Why nothing can be committed now, kebab-case; undefined while all is well. */
  trouble(): string | undefined {
    const since = Math.min(...[...this.#running].map((run) => run.since))
    return this.#trouble ?? (performance.now() - since > slowMs ? 'commit-slow' : undefined)
  }
}
