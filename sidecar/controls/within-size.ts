// How much may leave at once, and in an hour (45 CFR 164.502(b)).

import type { Deps } from '../deps.ts'
import type { Answer, Answered } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import { lengthOf } from '../respond.ts'
import { limitKey } from './authorize.ts'

/**
 * Throws Refusal for an answer that is larger than its target may return, or that would make the caller's results of this
 * hour so. What is refused is not counted. An emergency's are not held back.
 */
export function withinSize(
  answer: Answer,
  { found, who, grant }: Pick<Answered, 'found' | 'who' | 'grant'>,
  deps: Deps,
): void {
  const { target } = found
  const { resultBytes, resultBytesPerHour } = target.limits
  const bytes = lengthOf(answer)
  if (bytes > resultBytes) throw new Refusal('result-too-large')
  if (grant !== undefined) return
  const wait = deps.limits.amount(limitKey(who, target), bytes, resultBytesPerHour, deps.steady())
  if (wait !== undefined)
    throw new Refusal('volume-over-limit', { data: { retryAfter: wait }, mayHaveRun: true })
}
