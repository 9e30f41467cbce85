// Which agreements are active at this moment (45 CFR 164.504(e)). The operator says so, and says until when; this
// process closes one at that moment itself, without word from the operator.

import type { Orders as Wire } from '../core/wire.ts'

export interface Agreements {
  /** Replaces all that is known. */
  set(agreements: Wire['agreements']): void
  active(name: string): boolean
  stop(): void
}

/** Timers end at 2^31 ms. */
const longest = 2 ** 31 - 1

/** `clock`: milliseconds since 1970. `onEnd` is called when one has ended by the clock. */
export function keepAgreements(clock: () => number, onEnd: () => void): Agreements {
  let known = new Map<string, { active: boolean; until: number }>()
  // A clock that is set back does not bring an agreement back: what ended once is over until orders say another end.
  let ended = new Set<string>()
  let timer: NodeJS.Timeout | undefined

  function active(name: string): boolean {
    const agreement = known.get(name)
    if (agreement === undefined || !agreement.active) return false
    const key = `${name}|${agreement.until}`
    // A date that does not parse is NaN: the comparison is false, and the agreement is over.
    if (!(clock() < agreement.until)) ended.add(key)
    return !ended.has(key)
  }

  function arm(): void {
    clearTimeout(timer)
    const ends = [...known].filter(([name]) => active(name)).map(([, { until }]) => until)
    if (ends.length === 0) return
    timer = setTimeout(
      () => {
        const before = ended.size
        arm()
        if (ended.size > before) onEnd()
      },
      Math.min(longest, Math.max(1, Math.min(...ends) - clock())),
    )
    timer.unref()
  }

  return {
    set(agreements) {
      known = new Map(
        agreements.map(({ name, active, until }) => [name, { active, until: Date.parse(until) }] as const),
      )
      ended = new Set(
        [...ended].filter((key) => [...known].some(([name, { until }]) => key === `${name}|${until}`)),
      )
      arm()
    },
    active,
    stop: () => clearTimeout(timer),
  }
}
