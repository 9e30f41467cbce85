// Refused connections in the trail (45 CFR 164.312(b)): the first of a kind at once, the others counted, so that an app
// which tries all day cannot fill the trail.

import type { EntryOf, Trail } from '../trail/trail.ts'
import type { Reason } from './reasons.ts'

/** `source` is a name out of the policy, or `undeclared` (suffixes.ts): what the app asked for may hold anything. */
export type Refusals = {
  /** Whether this one was recorded at once. */
  count: (source: string, reason: Reason) => boolean
  /**
   * Records what is still counted. Resolves when that is done or cannot be, within two seconds; returns how many are
   * lost.
   */
  close: () => Promise<number>
}

export function countRefusals(trail: Pick<Trail, 'note'>, everyMs: number): Refusals {
  const waiting = new Map<string, EntryOf<'counted'>>()
  const writing = new Set<Promise<void>>()

  const inFlight = new Set<EntryOf<'counted'>>()
  const write = (entry: EntryOf<'counted'>): void => {
    const { source, reason, count } = entry
    inFlight.add(entry)
    const written = trail.note(entry).catch(() => {
      // The trail is away. What it did not take waits for the next turn.
      add(source, reason as Reason, count)
    })
    writing.add(written)
    void written.finally(() => {
      writing.delete(written)
      inFlight.delete(entry)
    })
  }
  const add = (source: string, reason: Reason, count: number): void => {
    const key = `${source} ${reason}`
    const counted = (waiting.get(key)?.count ?? 0) + count
    waiting.set(key, { kind: 'counted', what: 'egress-refused', source, reason, count: counted })
  }
  const flush = (): void => {
    const entries = [...waiting.values()].filter(({ count }) => count > 0)
    waiting.clear()
    for (const entry of entries) write(entry)
  }
  const timer = setInterval(flush, everyMs)
  timer.unref()

  return {
    count: (source, reason) => {
      if (waiting.has(`${source} ${reason}`)) {
        add(source, reason, 1)
        return false
      }
      // Its key waits with a count of nothing: the next ones of this turn are added to it.
      add(source, reason, 0)
      write({ kind: 'counted', what: 'egress-refused', source, reason, count: 1 })
      return true
    },
    close: async () => {
      clearInterval(timer)
      await settled(writing)
      flush()
      await settled(writing)
      return [...waiting.values(), ...inFlight].reduce((sum, { count }) => sum + count, 0)
    },
  }
}

/** Whatever hangs longer is lost with the process, which must end. */
async function settled(work: Iterable<Promise<void>>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, 1_000)
  })
  await Promise.race([Promise.all(work), late])
  clearTimeout(timer)
}
