// Mfa, 45 CFR 164.312(d): no token without proof of more than one factor.

import { type Rule, unknown } from './finding.ts'
import { inEveryPod } from './in-every-pod.ts'

export const mfa: Rule = (seen, fleet, now) => {
  if (seen.withoutKeySet.length > 0)
    return unknown(
      'KeySetUnavailable',
      'Without the issuer’s key set no token can be checked: calls are refused.',
    )
  return inEveryPod('TokenProvesMfa', 'A token without proof of more than one factor is refused.')(
    seen,
    fleet,
    now,
  )
}
