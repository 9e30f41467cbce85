// Is this token good: signed by the issuer that it names, for this server, at this time, of a kind that gives access, and
// a person's (RFC 9068, RFC 8707, RFC 8725). What depends on the call alone is looked at elsewhere.

import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
  type ProtectedHeaderParameters,
} from 'jose'
import { isObject } from '../../core/is-object.ts'
import type { Issuer } from '../../core/policy.ts'
import type { NewKeySet } from '../channel/key-sets.ts'
import type { Actor, Claims } from '../exchange.ts'
import type { InForce } from '../in-force.ts'
import { type Reason, Refusal } from '../refusals.ts'
import type { Rules } from '../rules.ts'
import { isProgram } from './program.ts'

/** How far clocks may differ, seconds. The only such allowance there is. */
export const clockSkew = 60

/** Longest token, characters. Entra's with 200 groups have 11,000. */
export const longestToken = 12_288

export type Verified = {
  readonly claims: Claims
  readonly issuer: Issuer & { readonly roles: readonly string[] }
  /** Names the person at this issuer. */
  readonly sub: string
  readonly iss: string
  /** Seconds since 1970. */
  readonly exp: number
  /** RFC 7638 thumbprint of the key that each request must be signed with, where the policy binds by DPoP. */
  readonly jkt?: string
  /** The service that acts for the person, where the token names one (RFC 8693 4.1). */
  readonly actor?: Actor
}

export type Against = {
  readonly inForce: InForce
  readonly rules: Rules
  /** Milliseconds since 1970. */
  readonly now: number
  readonly newKeySet?: NewKeySet
}

/** Rejects with Refusal for any token that is not good. */
export async function verify(token: string, { inForce, rules, now, newKeySet }: Against): Promise<Verified> {
  if (token.length > longestToken) throw refused('token-too-large')
  const header = headerOf(token)
  const issuer = rules.issuers.get(issuerOf(token))
  const keys = issuer === undefined ? undefined : inForce.jwks[issuer.url]
  if (issuer === undefined || keys === undefined) throw refused('token-issuer')
  const claims = await signed(token, await keysFor(header, keys, issuer, newKeySet), issuer, now)
  if (!givesAccess(header, claims)) throw refused('token-kind')
  const { sub, exp, iat } = claims
  if (typeof sub !== 'string' || sub === '' || typeof exp !== 'number' || typeof iat !== 'number') {
    throw refused('token-claims')
  }
  if (iat * 1000 > now + clockSkew * 1000) throw refused('token-not-yet-valid')
  if (isProgram(claims, issuer.provider)) throw refused('token-not-a-person')
  const actor = actorOf(claims['act'])
  return {
    claims,
    issuer,
    sub: personOf(claims, issuer, sub),
    iss: issuer.url,
    exp,
    ...(actor === undefined ? {} : { actor }),
  }
}

/**
 * Entra's sub is a pseudonym of its own for each application, which no directory resolves: the object identifier names the
 * person, in records as in revocations (45 CFR 164.312(a)(2)(i), unique user identification).
 */
function personOf(claims: Claims, { provider }: Issuer, sub: string): string {
  const { oid } = claims
  return provider === 'Entra' && typeof oid === 'string' && oid !== '' ? oid : sub
}

function headerOf(token: string): ProtectedHeaderParameters {
  try {
    const header = decodeProtectedHeader(token)
    // One that is no text would be passed over, and any key of the issuer's tried.
    if (header.kid === undefined || typeof header.kid === 'string') return header
  } catch (cause) {
    throw refused('token-malformed', cause)
  }
  throw refused('token-malformed')
}

/** Exactly as it is written: what merely looks like a trusted issuer (case, slash, other letters) is another. */
function issuerOf(token: string): string {
  try {
    const { iss } = decodeJwt(token)
    return typeof iss === 'string' ? iss : ''
  } catch (cause) {
    throw refused('token-malformed', cause)
  }
}

/** The set to look in: a newer one where the token names a key that this one does not hold, and there is a newer one. */
async function keysFor(
  { kid, alg }: ProtectedHeaderParameters,
  keys: JSONWebKeySet,
  issuer: Issuer,
  newKeySet: NewKeySet | undefined,
): Promise<JSONWebKeySet> {
  const allowed = (issuer.algorithms as readonly unknown[]).includes(alg)
  if (newKeySet === undefined || !allowed || kid === undefined || keys.keys.some((key) => key.kid === kid))
    return keys
  return (await newKeySet(issuer.url, keys)) ?? keys
}

const keySets = new WeakMap<JSONWebKeySet, ReturnType<typeof createLocalJWKSet>>()

/**
 * The claims, once the signature and the standard ones hold. The key comes out of the issuer's set and from nowhere else:
 * `jwk`, `jku`, `x5c` and `x5u` in a header are never looked at, and `use`, `key_ops` and `alg` of a key are kept to.
 */
async function signed(token: string, keys: JSONWebKeySet, issuer: Issuer, now: number): Promise<JWTPayload> {
  let keySet = keySets.get(keys)
  if (keySet === undefined) keySets.set(keys, (keySet = createLocalJWKSet(keys)))
  const options = {
    issuer: issuer.url,
    audience: issuer.audience,
    algorithms: [...issuer.algorithms],
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

/**
 * Whether it is an access token. One issuer signs many kinds with one key: ID tokens, logout tokens, security events,
 * proofs; each is good for its own purpose only (RFC 8725 3.11).
 */
function givesAccess({ typ }: ProtectedHeaderParameters, claims: Claims): boolean {
  const header = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : undefined
  const own = typeof claims['typ'] === 'string' ? claims['typ'] : 'Bearer'
  return (
    (typ === undefined || header === 'jwt' || header === 'at+jwt') &&
    // Keycloak says the kind in a claim.
    ['Bearer', 'DPoP'].includes(own) &&
    claims['at_hash'] === undefined &&
    claims['c_hash'] === undefined
  )
}

/**
 * The current actor: the outermost `act`; those nested in it acted before and mean nothing for access (RFC 8693 4.1). One
 * that names nobody is refused: somebody acts, and nobody knows who.
 */
function actorOf(act: unknown): Actor | undefined {
  if (act === undefined) return undefined
  if (!isObject(act) || typeof act['sub'] !== 'string' || act['sub'] === '') throw refused('token-claims')
  const { sub, iss } = act
  return { sub, ...(typeof iss === 'string' ? { iss } : {}) }
}

function refused(reason: Reason, cause?: unknown): Refusal {
  return new Refusal(reason, { challenge: { error: 'invalid_token' }, cause })
}
