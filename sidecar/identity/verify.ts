// A token that core/identity/token.ts calls good, or the refusal with its challenge (RFC 6750 3.1).

import {
  type NewKeySet,
  TokenFault,
  type Verified as VerifiedToken,
  verifyToken,
} from '../../core/identity/token.ts'
import type { Issuer } from '../../core/policy.ts'
import type { InForce } from '../in-force.ts'
import { Refusal } from '../refusals.ts'
import type { Rules } from '../rules.ts'

export type Verified = VerifiedToken<Issuer & { readonly roles: readonly string[] }> & {
  /** RFC 7638 thumbprint of the key that each request must be signed with, where the policy binds by DPoP. */
  readonly jkt?: string
}

export type Against = {
  readonly inForce: InForce
  readonly rules: Rules
  /** Milliseconds since 1970. */
  readonly now: number
  readonly newKeySet?: NewKeySet
}

/** Rejects with Refusal for any token that is not good. */
export async function verify(token: string, { inForce, rules, ...rest }: Against): Promise<Verified> {
  try {
    return await verifyToken(token, { issuers: rules.issuers, jwks: inForce.jwks, ...rest })
  } catch (cause) {
    if (!(cause instanceof TokenFault)) throw cause
    throw new Refusal(cause.reason, { challenge: { error: 'invalid_token' }, cause: cause.cause })
  }
}
