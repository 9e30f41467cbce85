// Many sequences, each in its own order, as one: a binary heap over their heads.

/** Something with a place in an order. Equal keys keep the order in which they were put in. */
type Keyed<T> = { key: number; order: number; value: T }

/** The smallest first. `push` and `pop` are O(log n). */
export class Heap<T> {
  readonly #items: Keyed<T>[] = []
  #pushed = 0

  get size(): number {
    return this.#items.length
  }

  push(key: number, value: T): void {
    const items = this.#items
    items.push({ key, order: this.#pushed++, value })
    for (let at = items.length - 1; at > 0; ) {
      const above = (at - 1) >> 1
      if (!before(items[at] as Keyed<T>, items[above] as Keyed<T>)) break
      this.#swap(at, above)
      at = above
    }
  }

  pop(): T | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (first === undefined || last === undefined || items.length === 0) return first?.value
    items[0] = last
    for (let at = 0; ; ) {
      let least = at
      for (const below of [2 * at + 1, 2 * at + 2])
        if (below < items.length && before(items[below] as Keyed<T>, items[least] as Keyed<T>)) least = below
      if (least === at) return first.value
      this.#swap(at, least)
      at = least
    }
  }

  /** Key of the first one. */
  peek(): number | undefined {
    return this.#items[0]?.key
  }

  #swap(a: number, b: number): void {
    const items = this.#items
    const held = items[a] as Keyed<T>
    items[a] = items[b] as Keyed<T>
    items[b] = held
  }
}

function before<T>(a: Keyed<T>, b: Keyed<T>): boolean {
  return a.key < b.key || (a.key === b.key && a.order < b.order)
}
