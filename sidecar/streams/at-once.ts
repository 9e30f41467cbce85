// How many calls of one person run at a time. Each holds a connection to the server, and a caller before 2026-07-28 may
// leave without ending theirs: without a bound one person could keep all others waiting.

import type { Who } from '../../core/record.ts'
import { shares } from '../../core/shares.ts'
import { Refusal } from '../refusals.ts'

const mostOfOne = 64

export type AtOnce = {
  /** One more; returns how it ends. Throws Refusal when as many run already. */
  begin(who: Who): () => void
}

export function atOnce(): AtOnce {
  const running = shares(mostOfOne)
  return {
    begin({ iss, sub }) {
      const person = JSON.stringify([iss, sub])
      if (!running.take(person, 1)) throw new Refusal('calls-over-limit', { data: { retryAfter: 1 } })
      return () => running.give(person, 1)
    },
  }
}
