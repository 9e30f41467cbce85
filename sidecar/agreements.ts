// Which agreements are active at this moment (45 CFR 164.504(e)). The operator says so, and says until when; this
// process closes one at that moment itself, without word from the operator.

import type { Orders as Wire } from '../core/wire.ts'
import { type Clocks, type Deadline, Deadlines } from './deadline.ts'

export interface Agreements {
  /** Replaces all that is known. */
  set(agreements: Wire['agreements']): void
  active(name: string): boolean
  stop(): void
}

/** Timers end at 2^31 ms. */
const longest = 2 ** 31 - 1

/** `onEnd` is called when one has ended by a clock. */
export function keepAgreements(clocks: Clocks, onEnd: () => void): Agreements {
  let known = new Map<string, { active: boolean; until: number; end: Deadline }>()
  const deadlines = new Deadlines(clocks)
  let timer: NodeJS.Timeout | undefined

  function active(name: string): boolean {
    const agreement = known.get(name)
    return agreement?.active === true && !agreement.end.come()
  }

  /** Returns how many are open. Each is looked at once: what ends between two looks would be told to nobody. */
  function arm(): number {
    clearTimeout(timer)
    const open = [...known].filter(([name]) => active(name))
    if (open.length === 0) return 0
    timer = setTimeout(
      () => {
        if (arm() < open.length) onEnd()
      },
      Math.min(longest, Math.max(1, Math.min(...open.map(([, { until }]) => until)) - clocks.wall())),
    )
    timer.unref()
    return open.length
  }

  return {
    set(agreements) {
      const ends = deadlines.set(
        agreements.map(({ name, until }) => ({ of: name, until: Date.parse(until) })),
      )
      known = new Map(
        agreements.map(
          ({ name, active, until }, at) =>
            [name, { active, until: Date.parse(until), end: ends[at] as Deadline }] as const,
        ),
      )
      arm()
    },
    active,
    stop: () => clearTimeout(timer),
  }
}
