// Integrity, 45 CFR 164.312(c)(1): what was recorded is what is held, by the word of witnesses.

import { collectorAway, no, noPods, type Rule, unknown, yes } from './finding.ts'
import { unguarded } from './in-every-pod.ts'

export const integrity: Rule = (seen, fleet, now) => {
  const { chains, witnesses } = seen
  const { live, expected, guarded } = fleet
  if (chains === undefined) return collectorAway
  if (chains.some(({ state }) => state === 'corrupt'))
    return no(
      'ChainCorrupt',
      'What the collector’s store holds of a chain is not what was acknowledged: keep the store as it is, and verify the trail.',
    )
  if (witnesses?.witnesses.some(({ state }) => state === 'refuses') === true)
    return no(
      'WitnessRefuses',
      'A witness outside the cluster would not sign the log of all chains, as it does where that was cut or rewritten: keep the collector’s store as it is, and read docs/witnesses.md.',
    )
  if (expected === 0) return noPods
  if (guarded.length === 0) return unguarded(seen, fleet, now)
  if (live.length === 0)
    return unknown(
      'NoChain',
      'No guarded pod has begun a chain of records yet: it begins when its sidecar is ready.',
    )
  if (live.some(({ size, witnessed }) => size > 0 && witnessed === 0))
    return unknown('WitnessPending', 'A live chain has no cosigned checkpoint yet.')
  if (witnesses === undefined)
    return yes('Witnessed', 'The collector recomputed and cosigned a checkpoint of every live chain.')
  return witnesses.late
    ? unknown(
        'WitnessLate',
        'No quorum of witnesses outside the cluster signed for some time: nothing outside would show what is changed since then. The collector’s /witnesses and its log say which are away.',
      )
    : yes('WitnessedOutside', 'Witnesses outside the cluster signed the log that covers every chain.')
}
