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
  return isRecent(since, now, maxAgeSeconds) ? { proof, since } : 'mfa-too-old'
}

/** Whether a login at `since` counts `now`. One in the future is as good as none: nothing says how old it really is. */
export function isRecent(since: number, now: number, maxAgeSeconds: number): boolean {
  return since <= now + clockSkew && now - since <= maxAgeSeconds
}
