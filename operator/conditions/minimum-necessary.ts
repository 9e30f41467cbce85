// MinimumNecessary: fields that the policy lists, and a policy without errors.

import { policyErrors } from '../policy-errors.ts'
import { no, type Rule } from './finding.ts'
import { inEveryPod } from './in-every-pod.ts'

/** 45 CFR 164.502(b), 164.514(d)(5). What admission refuses may have come in while it was away, or before it knew the rule. */
export const minimumNecessary: Rule = (seen, fleet, now) => {
  const errors = policyErrors(seen.server)
  return errors === undefined
    ? inEveryPod('FieldsListed', 'Every pod returns listed fields only.')(seen, fleet, now)
    : no('PolicyErrors', errors)
}
