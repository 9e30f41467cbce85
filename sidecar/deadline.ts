// A moment that the operator names by the wall clock, which may jump: kept from when it was heard on a clock that nobody can
// set, too. A jump forward after that ends nothing for good, and a jump back puts nothing off. What is first heard while the clock
// is ahead, and before its end by it, is measured by it: it ends that much too early, though the clock should come back.

export type Clocks = {
  /** Milliseconds since 1970. */
  wall: () => number
  /** Milliseconds of a clock that nobody can set. */
  steady: () => number
}

export type Deadline = {
  /** A clock says that it has come: what was permitted until then is over. */
  come: () => boolean
  /** Both say so: what was forbidden until then is over. */
  surelyCome: () => boolean
}

/** What was said before of the same thing stands: it is measured by the wall clock once, when that is first seen before it. */
export class Deadlines {
  readonly #clocks: Clocks
  #known = new Map<string, { last?: number }>()

  constructor(clocks: Clocks) {
    this.#clocks = clocks
  }

  /** Those of all that is known from now on; what they are of is told from the rest by its text. `until`: since 1970. */
  set(all: readonly { of: string; until: number }[]): Deadline[] {
    const { wall, steady } = this.#clocks
    const before = this.#known
    this.#known = new Map()
    return all.map(({ of, until }) => {
      const key = `${of} ${until}`
      const end = before.get(key) ?? {}
      this.#known.set(key, end)
      const measured = (): number | undefined => {
        const left = until - wall()
        if (left > 0) end.last ??= steady() + left
        return end.last
      }
      measured()
      // A date that does not parse is NaN: every comparison is false, and it has come for permits, and not for bans.
      return {
        come: () => !(wall() < until && steady() < (measured() ?? Number.NaN)),
        surelyCome: () => wall() >= until && steady() >= (end.last ?? Number.NEGATIVE_INFINITY),
      }
    })
  }
}
