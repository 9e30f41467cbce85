// Floods. A refusal before the caller is known is recorded by itself only so often for each source and minute; beyond
// that, and for handshakes that fail, only counts are recorded: a scanner cannot fill the trail.

import type { Trail } from './trail/trail.ts'

/** Refusals recorded one by one, for each source and minute. */
export const refusalsPerMinute = 60
/** Sources counted apart in one minute. The rest is counted together, as `others`. */
const mostSources = 1000

type What = 'handshake-failed' | 'refusals-over-quota'

export interface Quota {
  /**
   * Whether this source may have one more refusal recorded in this minute. When not, it is counted. `own`: by what the
   * minute's refusals are told apart, where that is more than the source.
   */
  admits(source: string, reason: string, own?: string): boolean
  count(what: What, source: string, reason: string): void
  /** Records the counts so far. Rejects when the trail does; the counts are kept then. */
  flush(): Promise<void>
  stop(): void
}

export function quota(trail: Trail, onFault: (cause: unknown) => void): Quota {
  const recorded = new Map<string, number>()
  let counts = new Map<string, { what: What; source: string; reason: string; count: number }>()

  const count = (what: What, source: string, reason: string): void => {
    const known = counts.has(JSON.stringify([what, source, reason]))
    const name = known || counts.size < mostSources ? source : 'others'
    const key = JSON.stringify([what, name, reason])
    const entry = counts.get(key) ?? { what, source: name, reason, count: 0 }
    entry.count += 1
    counts.set(key, entry)
  }
  const flush = async (): Promise<void> => {
    const due = counts
    counts = new Map()
    for (const [key, entry] of due) {
      try {
        await trail.note({ kind: 'counted', ...entry })
      } catch (cause) {
        // Kept, and added to what was counted meanwhile.
        for (const [left, { count: more, ...rest }] of due) {
          counts.set(left, { ...rest, count: more + (counts.get(left)?.count ?? 0) })
        }
        throw cause
      }
      due.delete(key)
    }
  }
  const timer = setInterval(() => {
    recorded.clear()
    flush().catch(onFault)
  }, 60_000)
  timer.unref()

  return {
    admits(source, reason, own = source) {
      const name = recorded.has(own) || recorded.size < mostSources ? own : 'others'
      const sofar = recorded.get(name) ?? 0
      if (sofar < refusalsPerMinute) {
        recorded.set(name, sofar + 1)
        return true
      }
      count('refusals-over-quota', source, reason)
      return false
    },
    count,
    flush,
    stop: () => clearInterval(timer),
  }
}
