// Whether a login counts: more than one factor, not too long ago (45 CFR 164.312(d)). A refresh renews neither.

import type { Issuer } from '../policy.ts'
import { authTime, mfaProof, type Proof } from './mfa.ts'
import { type Claims, clockSkew } from './token.ts'

/** The proof of more than one factor and when the login was, seconds since 1970; or what is wrong with it. */
export function loginOf(
  claims: Claims,
  issuer: Issuer,
  /** Seconds since 1970. */
  now: number,
  maxAgeSeconds: number,
): { readonly proof: Proof; readonly since: number } | 'mfa-missing' | 'mfa-too-old' {
  const proof = mfaProof(claims, issuer)
  const since = authTime(claims, issuer)
  if (proof === undefined || since === undefined) return 'mfa-missing'
  // A login in the future is as good as none: nothing says how old it really is.
  return since > now + clockSkew || now - since > maxAgeSeconds ? 'mfa-too-old' : { proof, since }
}
