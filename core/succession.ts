// Which chain of its pod each chain succeeds, by the registry log alone: collector and verifier must find the same.

/** A chain that is registered. `before`: the one that it succeeds. */
type InSuccession<T> = { readonly origin: string; before?: T }

export class Succession<T extends InSuccession<T>> {
  /** Pod -> its chain with the greatest number. */
  readonly #newest = new Map<string, T>()

  /**
   * To be called in the order in which the log registers chains. Sets `before`: of the chains of the same pod that were registered
   * until now, the one with the greatest number below. Two processes that begin at once may stand in the log in either order.
   */
  enter(chain: T): void {
    const { pod, number } = placeOf(chain)
    const newest = this.#newest.get(pod)
    let before = newest
    while (before !== undefined && placeOf(before).number >= number) before = before.before
    if (before !== undefined) chain.before = before
    if (before === newest) this.#newest.set(pod, chain)
  }
}

function placeOf({ origin }: { readonly origin: string }): { pod: string; number: number } {
  const slash = origin.lastIndexOf('/')
  return { pod: origin.slice(0, slash), number: Number(origin.slice(slash + 1)) }
}
