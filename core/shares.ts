// What there is of something, and how much of it one may have: so much for each and so much for all. Ports are open to
// whole networks, and one neighbour who takes what there is must cost the others nothing.

export interface Shares {
  /** Of which there is not enough for so much more: of what one may have, or of what there is for all. Undefined where there is. */
  lacks(who: string, amount: number): 'each' | 'all' | undefined
  /** Takes so much; false, and nothing is taken, when that is more than its share or than there is. */
  take(who: string, amount: number): boolean
  /** Gives back what was taken. */
  give(who: string, amount: number): void
}

export function shares(each: number, all = Number.POSITIVE_INFINITY): Shares {
  const taken = new Map<string, number>()
  let total = 0
  const lacks = (who: string, amount: number): 'each' | 'all' | undefined => {
    if ((taken.get(who) ?? 0) + amount > each) return 'each'
    return total + amount > all ? 'all' : undefined
  }
  return {
    lacks,
    take(who, amount) {
      if (lacks(who, amount) !== undefined) return false
      taken.set(who, (taken.get(who) ?? 0) + amount)
      total += amount
      return true
    },
    give(who, amount) {
      const left = (taken.get(who) ?? 0) - amount
      if (left > 0) taken.set(who, left)
      else taken.delete(who)
      total -= amount
    },
  }
}

/** What there is, and how much of it each may have, all of one group together, and all. */
export interface GroupShares {
  /** Of which there is not enough for so much more, the narrowest first. Undefined where there is. */
  lacks(who: string, group: string, amount: number): 'each' | 'group' | 'all' | undefined
  /** Takes so much; false, and nothing is taken, when that is more than one of the shares. */
  take(who: string, group: string, amount: number): boolean
  /** Gives back what was taken. */
  give(who: string, group: string, amount: number): void
}

export function groupShares(most: { each: number; group: number; all: number }): GroupShares {
  const ones = shares(most.each)
  const groups = shares(most.group, most.all)
  const lacks: GroupShares['lacks'] = (who, group, amount) => {
    if (ones.lacks(who, amount) !== undefined) return 'each'
    const ofGroup = groups.lacks(group, amount)
    return ofGroup === 'each' ? 'group' : ofGroup
  }
  return {
    lacks,
    take(who, group, amount) {
      return lacks(who, group, amount) === undefined && groups.take(group, amount) && ones.take(who, amount)
    },
    give(who, group, amount) {
      ones.give(who, amount)
      groups.give(group, amount)
    },
  }
}
