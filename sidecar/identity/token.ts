// Access tokens, verified once and remembered by hash until they expire. What depends on the hour (expiry, age of the
// login) is looked at again on each call.

import { hash } from 'node:crypto'
import { clockSkew, type NewKeySet } from '../../core/identity/token.ts'
import { isObject } from '../../core/is-object.ts'
import type { Policy } from '../../core/policy.ts'
import type { InForce } from '../in-force.ts'
import { Refusal } from '../refusals.ts'
import type { Rules } from '../rules.ts'
import { type Verified, verify } from './verify.ts'

type Binding = Policy['binding']

/** Tokens remembered at most, for one policy in force. */
const mostTokens = 4096

export interface TokenCache {
  /** Throws Refusal for any token that is not good at `now` (milliseconds since 1970) over this certificate. */
  verify(
    token: string,
    certificate: string,
    inForce: InForce,
    rules: Rules,
    now: number,
  ): Verified | Promise<Verified>
}

/**
 * Remembers by what is in force: new keys, a new policy or a revocation begin with nothing remembered. `newKeySet`: asks
 * for an issuer's keys when a token names one that is not there.
 */
export function tokenCache(newKeySet?: NewKeySet, most = mostTokens): TokenCache {
  const caches = new WeakMap<InForce, Map<string, Verified>>()
  return {
    verify(token, certificate, inForce, rules, now) {
      let cache = caches.get(inForce)
      if (cache === undefined) caches.set(inForce, (cache = new Map()))
      const key = hash('sha256', `${certificate} ${token}`, 'base64')
      const known = cache.get(key)
      if (known === undefined) {
        const against = { inForce, rules, now, ...(newKeySet === undefined ? {} : { newKeySet }) }
        const verifying = bound(verify(token, against), certificate, inForce.policy.binding)
        return remember(cache, key, verifying, most)
      }
      if (now >= (known.exp + clockSkew) * 1000) {
        cache.delete(key)
        throw new Refusal('token-expired', { challenge: { error: 'invalid_token' } })
      }
      return known
    },
  }
}

/**
 * The token is good only with what it is bound to: the certificate of this connection (RFC 8705 3.1), or a key that signs
 * each request (RFC 9449 6.1). A binding of the other kind is never passed over: a certificate that is named must be this
 * one in any case, and a key that nobody would ask a proof of is refused.
 */
async function bound(verifying: Promise<Verified>, certificate: string, binding: Binding): Promise<Verified> {
  const verified = await verifying
  const confirmation = isObject(verified.claims['cnf']) ? verified.claims['cnf'] : {}
  const { 'x5t#S256': named, jkt } = confirmation
  const holds =
    binding === 'DPoP'
      ? typeof jkt === 'string' && (named === undefined || named === certificate)
      : named === certificate && jkt === undefined
  if (!holds) throw new Refusal('token-unbound', { challenge: { error: 'invalid_token' } })
  return typeof jkt === 'string' ? { ...verified, jkt } : verified
}

async function remember(
  cache: Map<string, Verified>,
  key: string,
  verifying: Promise<Verified>,
  most: number,
): Promise<Verified> {
  const verified = await verifying
  cache.set(key, verified)
  for (const oldest of cache.keys()) {
    if (cache.size <= most) break
    cache.delete(oldest)
  }
  return verified
}
