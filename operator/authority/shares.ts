// What callers who have shown nothing yet may use up: so much for each address and so much for all. Our ports are open to
// whole networks, and one neighbour who sends slowly must cost the others nothing.

export interface Shares {
  /** Takes `amount` for `peer`; false, and nothing is taken, when that is more than its share or than there is. */
  take(peer: string, amount: number): boolean
  /** Gives back what was taken. */
  give(peer: string, amount: number): void
}

export function shares(each: number, all: number): Shares {
  const taken = new Map<string, number>()
  let total = 0
  return {
    take(peer, amount) {
      const own = (taken.get(peer) ?? 0) + amount
      if (own > each || total + amount > all) return false
      taken.set(peer, own)
      total += amount
      return true
    },
    give(peer, amount) {
      const left = (taken.get(peer) ?? 0) - amount
      if (left > 0) taken.set(peer, left)
      else taken.delete(peer)
      total -= amount
    },
  }
}
