// Emergency access, 45 CFR 164.312(a)(2)(ii). Implements: access:break-glass
//
// A grant widens which patients a person reaches, for the purposes BTG and ETREAT, and nothing else: roles, scopes,
// tools, fields, redaction, MFA and records are as they always are.

import { emergencyPurposes, freshLoginSeconds } from '../../core/grant.ts'
import { stepUp } from '../../core/identity/mfa.ts'
import type { GrantOrder } from '../../core/wire.ts'
import type { Deps } from '../deps.ts'
import type { Caller } from '../exchange.ts'
import { Refusal } from '../refusals.ts'

/**
 * The grant under which this call is made; undefined when there is none. A call that could do without is made under it
 * all the same: whoever states an emergency is reviewed. Throws Refusal when the login is not fresh enough for it.
 * `patients`: all that the arguments name, each in a plain form; undefined when any is in another.
 */
export function grantFor(
  { who, at, rules }: Caller,
  purpose: string,
  patients: readonly string[] | undefined,
  deps: Deps,
): GrantOrder | undefined {
  if (!emergencyPurposes.has(purpose) || patients === undefined) return undefined
  const grant = deps.orders.grant(who, patients)
  if (grant === undefined) return undefined
  // Checked last: who has no grant learns nothing of it by being asked to log in again.
  if (at / 1000 - who.mfa.authTime <= freshLoginSeconds) return grant
  const issuer = rules.issuers.get(who.iss)
  throw new Refusal(
    'break-glass-login',
    issuer === undefined ? {} : { challenge: stepUp(issuer, freshLoginSeconds) },
  )
}
