// Floods. A refusal before the caller is known is recorded by itself only so often for each source and minute; beyond
// that, and for handshakes that fail, only counts are recorded: a scanner cannot fill the trail.

import { networkOf } from '../core/peer-address.ts'
import type { Trail } from './trail/trail.ts'

/** Refusals recorded one by one, for each source and minute, and for all sources of one /64 of IPv6. */
export const refusalsPerMinute = 60
export const refusalsPerNetwork = 4 * refusalsPerMinute
/** Sources counted apart in one minute. The rest is counted together, as `others`. */
const mostSources = 1000
/** Of one /64 of IPv6: who chooses among 2^64 addresses neither fills the trail nor takes the places of others. */
const mostOfNetwork = 64

type What = 'handshake-failed' | 'refusals-over-quota'

export interface Quota {
  /**
   * Whether this source may have one more refusal recorded in this minute. When not, it is counted. `own`: by what the
   * minute's refusals are told apart, where that is more than the source: a known person, whom no flood hides.
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
  /** The addresses that were counted apart in this minute, by their /64. */
  const networks = new Map<string, Set<string>>()

  /** The address, or its network where too many of that are counted already. */
  const apart = (source: string): string => {
    const network = networkOf(source)
    if (network === source) return source
    const known = networks.get(network) ?? new Set()
    if (known.has(source)) return source
    if (known.size >= mostOfNetwork) return network
    if (known.size > 0 || networks.size < mostSources) networks.set(network, known.add(source))
    return source
  }

  const count = (what: What, address: string, reason: string): void => {
    const source = apart(address)
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
    networks.clear()
    flush().catch(onFault)
  }, 60_000)
  timer.unref()

  return {
    admits(source, reason, own = source) {
      const network = networkOf(source)
      const due: [name: string, most: number][] = [[own, refusalsPerMinute]]
      // Those of a known person are bounded by the person alone: a certificate costs more than an address.
      if (own === source && network !== source) due.push([network, refusalsPerNetwork])
      const names = due.map(([name, most]) => {
        const counted = recorded.has(name) || recorded.size < mostSources ? name : 'others'
        return { counted, most, sofar: recorded.get(counted) ?? 0 }
      })
      if (names.every(({ sofar, most }) => sofar < most)) {
        for (const { counted, sofar } of names) recorded.set(counted, sofar + 1)
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
