// Asks the collector every few seconds what it knows, and says which servers it knows something new of.

import type { ChainSummary, Signal } from '../core/wire.ts'
import type { CollectorClient } from './collector-client.ts'
import { codeOf, type Log } from './log.ts'
import { repeating } from './repeating.ts'
import type { Trail } from './world.ts'

export type FollowTrailOptions = {
  collector: Pick<CollectorClient, 'chains' | 'signals' | 'archive' | 'copies' | 'witnesses'>
  /** Keys of servers whose chains or signals changed in what status shows of them. */
  onChange: (servers: string[]) => void
  log: Log
  /** Milliseconds. */
  every?: number
}

export interface FollowedTrail {
  /** Undefined while the collector has not answered for ten seconds. */
  current(): Trail | undefined
  start(): void
  stop(): void
}

const silence = 10_000

export function followTrail(options: FollowTrailOptions): FollowedTrail {
  const { collector, onChange, log, every = 3_000 } = options
  let trail: Trail | undefined
  let answered = Number.NEGATIVE_INFINITY
  let digests = new Map<string, string>()
  let away = false

  const current = (): Trail | undefined => (performance.now() - answered < silence ? trail : undefined)

  async function ask(): Promise<void> {
    try {
      const [chains, signals, archive, copies, witnesses] = await Promise.all([
        collector.chains(),
        collector.signals(),
        collector.archive(),
        collector.copies(),
        collector.witnesses(),
      ])
      trail = {
        chains,
        signals,
        copies,
        ...(archive === undefined ? {} : { archive }),
        ...(witnesses === undefined ? {} : { witnesses }),
      }
      answered = performance.now()
      if (away) log.info('The collector answers again')
      away = false
    } catch (error) {
      if (!away) log.warn('The collector does not answer', { error: codeOf(error) })
      away = true
    }
    const now = digestsOf(current())
    const changed = [...new Set([...now.keys(), ...digests.keys()])].filter(
      (key) => now.get(key) !== digests.get(key),
    )
    digests = now
    if (changed.length > 0) onChange(changed)
  }

  const asking = repeating(ask, every)
  return {
    current,
    start: () => asking.start(),
    stop: () => {
      asking.stop()
      trail = undefined
      digests = new Map()
    },
  }
}

/** Server -> what status shows of its trail. Sizes and times move with every call, so only in steps. */
function digestsOf(trail: Trail | undefined): Map<string, string> {
  const parts = new Map<string, string[]>()
  const add = ({ namespace, server }: ChainSummary | Signal, part: unknown[]): void => {
    const key = `${namespace}/${server}`
    parts.set(key, [...(parts.get(key) ?? []), JSON.stringify(part)])
  }
  for (const chain of trail?.chains ?? []) {
    const { origin, state, policy, locked, size, witnessed, lastRecord, grants } = chain
    const settled = state === 'live' ? witnessed > 0 : witnessed === size
    const step = Math.floor(Date.parse(lastRecord ?? '') / 30_000)
    add(chain, [origin, state, policy, locked, size > 0, settled, step, grants])
  }
  for (const signal of trail?.signals ?? []) add(signal, [signal.rule, signal.person, signal.firstSeen])
  // The archive, copies and the witnesses are everybody's: what is wrong with them shows at each server.
  const { judged, days, gaps } = trail?.archive ?? {}
  const { late, witnesses = [] } = trail?.witnesses ?? {}
  const states = witnesses.map(({ state }) => state)
  const behind = trail?.copies?.map((copy) => copy.behind)
  const common = JSON.stringify([judged !== undefined, days, gaps, late, states, behind])
  return new Map([...parts].map(([key, list]) => [key, [...list.toSorted(), common].join('\n')]))
}
