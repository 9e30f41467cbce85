// Access tokens: signed JWTs of a trusted issuer (RFC 9068 where the issuer follows it), verified once and remembered by
// hash until they expire. What depends on the hour (expiry, age of the login) is looked at again on each call.

import { hash } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import type { Issuer } from '../../core/policy.ts'
import type { Claims } from '../exchange.ts'
import type { InForce } from '../in-force.ts'
import { type Reason, Refusal } from '../refusals.ts'
import type { Rules } from '../rules.ts'

/** Asymmetric only: a symmetric algorithm would make the published key a signing key. */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA']

/** How far clocks may differ, seconds. */
export const clockSkew = 60

/** Tokens remembered at most, for one policy in force. */
const mostTokens = 4096

export type Verified = {
  readonly claims: Claims
  readonly issuer: Issuer & { readonly roles: readonly string[] }
  readonly sub: string
  readonly iss: string
  /** Seconds since 1970. */
  readonly exp: number
}

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

/** Remembers by what is in force: new keys or a new policy begin with nothing remembered. */
export function tokenCache(): TokenCache {
  const caches = new WeakMap<InForce, Map<string, Verified>>()
  return {
    verify(token, certificate, inForce, rules, now) {
      let cache = caches.get(inForce)
      if (cache === undefined) caches.set(inForce, (cache = new Map()))
      const key = hash('sha256', `${certificate} ${token}`, 'base64')
      const known = cache.get(key)
      if (known === undefined) return remember(cache, key, verify(token, certificate, inForce, rules, now))
      if (now >= (known.exp + clockSkew) * 1000) {
        cache.delete(key)
        throw new Refusal('token-expired', challenge('invalid_token'))
      }
      return known
    },
  }
}

async function remember(
  cache: Map<string, Verified>,
  key: string,
  verifying: Promise<Verified>,
): Promise<Verified> {
  const verified = await verifying
  cache.set(key, verified)
  for (const oldest of cache.keys()) {
    if (cache.size <= mostTokens) break
    cache.delete(oldest)
  }
  return verified
}

async function verify(
  token: string,
  certificate: string,
  inForce: InForce,
  rules: Rules,
  now: number,
): Promise<Verified> {
  const issuer = rules.issuers.get(issuerOf(token))
  const keys = issuer === undefined ? undefined : inForce.jwks[issuer.url]
  if (issuer === undefined || keys === undefined) throw refused('token-issuer')
  const claims = await verified(token, keys, issuer, now)
  const { sub, exp, iat } = claims
  if (typeof sub !== 'string' || sub === '' || typeof exp !== 'number' || typeof iat !== 'number') {
    throw refused('token-claims')
  }
  if (iat * 1000 > now + clockSkew * 1000) throw refused('token-not-yet-valid')
  // RFC 8705 3.1: the token is good only over the connection of the certificate that it names.
  const confirmation = claims['cnf'] as { 'x5t#S256'?: unknown } | undefined
  if (confirmation?.['x5t#S256'] !== certificate) throw refused('token-unbound')
  if (isProgram(claims)) throw refused('token-not-a-person')
  return { claims, issuer, sub, iss: issuer.url, exp }
}

function issuerOf(token: string): string {
  try {
    const { iss } = decodeJwt(token)
    return typeof iss === 'string' ? iss : ''
  } catch (cause) {
    throw refused('token-malformed', cause)
  }
}

const keySets = new WeakMap<JSONWebKeySet, ReturnType<typeof createLocalJWKSet>>()

async function verified(
  token: string,
  keys: JSONWebKeySet,
  issuer: Issuer,
  now: number,
): Promise<JWTPayload> {
  let keySet = keySets.get(keys)
  if (keySet === undefined) keySets.set(keys, (keySet = createLocalJWKSet(keys)))
  const options = {
    issuer: issuer.url,
    audience: issuer.audience,
    algorithms,
    clockTolerance: clockSkew,
    currentDate: new Date(now),
    requiredClaims: ['exp', 'iat', 'sub'],
  }
  try {
    return (await jwtVerify(token, keySet, options)).payload
  } catch (cause) {
    if (cause instanceof errors.JWKSMultipleMatchingKeys) {
      // No key identifier in the token: any of the issuer's keys may have signed it.
      for await (const key of cause) {
        const found = await jwtVerify(token, key, options).catch((error: unknown) => {
          if (error instanceof errors.JWSSignatureVerificationFailed) return undefined
          throw refused(reasonOf(error), error)
        })
        if (found !== undefined) return found.payload
      }
    }
    throw cause instanceof Refusal ? cause : refused(reasonOf(cause), cause)
  }
}

function reasonOf(error: unknown): Reason {
  if (error instanceof errors.JWTExpired) return 'token-expired'
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return 'token-audience'
    if (error.claim === 'iss') return 'token-issuer'
    if (error.claim === 'nbf' && error.reason === 'check_failed') return 'token-not-yet-valid'
    return 'token-claims'
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'token-algorithm'
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) {
    return 'token-signature'
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'token-signature'
  return 'token-malformed'
}

/** Tokens that a program got for itself: no person logged in, whatever else the token says. */
function isProgram(claims: JWTPayload): boolean {
  const { sub } = claims
  return (
    sub === claims['client_id'] ||
    sub === claims['azp'] ||
    claims['gty'] === 'client-credentials' ||
    claims['idtyp'] === 'app' ||
    (sub?.endsWith('@clients') ?? false)
  )
}

function refused(reason: Reason, cause?: unknown): Refusal {
  return new Refusal(reason, { ...challenge('invalid_token'), cause })
}

/** The challenge of RFC 6750 3. */
export function challenge(error: string, more = ''): { headers: { 'www-authenticate': string } } {
  return { headers: { 'www-authenticate': `Bearer error="${error}"${more}` } }
}
