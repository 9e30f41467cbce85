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
import { isObject } from '../is-object.ts'
import type { Issuer } from '../policy.ts'
import type { Who } from '../record.ts'
import { isProgram } from './program.ts'

export type Claims = { readonly [claim: string]: unknown }

/** Who acts for the person. */
type Actor = NonNullable<Who['actor']>
/** Services behind one call. */
const mostActing = 8

/** An issuer's key set as it is by now; undefined when it is still the one that was there. Never rejects. */
export type NewKeySet = (issuer: string, known: JSONWebKeySet) => Promise<JSONWebKeySet | undefined>

/** Why a token is none, and what the sidecar's table of refusals calls it. */
export type TokenReason =
  | 'token-too-large'
  | 'token-malformed'
  | 'token-kind'
  | 'token-issuer'
  | 'token-algorithm'
  | 'token-signature'
  | 'token-audience'
  | 'token-expired'
  | 'token-not-yet-valid'
  | 'token-claims'
  | 'token-not-a-person'

/** The program that the token was issued to, by whichever name its issuer says it. */
export function clientOf(claims: Claims): string | undefined {
  const client = claims['client_id'] ?? claims['azp'] ?? claims['cid'] ?? claims['appid']
  return typeof client === 'string' ? client : undefined
}

/** The token's own identifier. */
export function tokenIdOf(claims: Claims): string | undefined {
  const token = claims['jti'] ?? claims['uti']
  return typeof token === 'string' ? token : undefined
}

export class TokenFault extends Error {
  readonly reason: TokenReason

  constructor(reason: TokenReason, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause })
    this.name = 'TokenFault'
    this.reason = reason
  }
}

/** How far clocks may differ, seconds. The only such allowance there is. */
export const clockSkew = 60

/** Longest token, characters. Entra's with 200 groups have 11,000. */
export const longestToken = 12_288

export type Verified<I extends Issuer = Issuer> = {
  readonly claims: Claims
  readonly issuer: I
  /** Names the person at this issuer. */
  readonly sub: string
  readonly iss: string
  /** Seconds since 1970. */
  readonly exp: number
  /** The service that acts for the person, where the token names one (RFC 8693 4.1). */
  readonly actor?: Actor
}

export type Against<I extends Issuer = Issuer> = {
  /** By URL. */
  readonly issuers: ReadonlyMap<string, I>
  readonly jwks: { readonly [issuer: string]: JSONWebKeySet }
  /** Milliseconds since 1970. */
  readonly now: number
  readonly newKeySet?: NewKeySet
}

/** Rejects with TokenFault for any token that is not good. */
export async function verifyToken<I extends Issuer>(
  token: string,
  { issuers, jwks, now, newKeySet }: Against<I>,
): Promise<Verified<I>> {
  if (token.length > longestToken) throw new TokenFault('token-too-large')
  const header = headerOf(token)
  const issuer = issuers.get(issuerOf(token))
  const keys = issuer === undefined ? undefined : jwks[issuer.url]
  if (issuer === undefined || keys === undefined) throw new TokenFault('token-issuer')
  const claims = await signed(token, await keysFor(header, keys, issuer, newKeySet), issuer, now)
  if (!givesAccess(header, claims)) throw new TokenFault('token-kind')
  const { sub, exp, iat } = claims
  if (typeof sub !== 'string' || sub === '' || typeof exp !== 'number' || typeof iat !== 'number') {
    throw new TokenFault('token-claims')
  }
  if (iat * 1000 > now + clockSkew * 1000) throw new TokenFault('token-not-yet-valid')
  if (isProgram(claims, issuer.provider)) throw new TokenFault('token-not-a-person')
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
    throw new TokenFault('token-malformed', cause)
  }
  throw new TokenFault('token-malformed')
}

/** Exactly as it is written: what merely looks like a trusted issuer (case, slash, other letters) is another. */
function issuerOf(token: string): string {
  try {
    const { iss } = decodeJwt(token)
    return typeof iss === 'string' ? iss : ''
  } catch (cause) {
    throw new TokenFault('token-malformed', cause)
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
          throw new TokenFault(reasonOf(error), error)
        })
        if (found !== undefined) return found.payload
      }
    }
    throw cause instanceof TokenFault ? cause : new TokenFault(reasonOf(cause), cause)
  }
}

function reasonOf(error: unknown): TokenReason {
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
 * The current actor: the outermost `act`; those nested in it acted before, are recorded, and mean nothing for access (RFC 8693
 * 4.1). One that names nobody is refused: somebody acts, and nobody knows who. So are more than a record should hold.
 */
function actorOf(act: unknown): Actor | undefined {
  const acting: { sub: string; iss?: string }[] = []
  for (let next = act; next !== undefined; ) {
    if (
      !isObject(next) ||
      typeof next['sub'] !== 'string' ||
      next['sub'] === '' ||
      acting.length === mostActing
    )
      throw new TokenFault('token-claims')
    const { sub, iss, act: earlier } = next
    acting.push({ sub, ...(typeof iss === 'string' ? { iss } : {}) })
    next = earlier
  }
  const [current, ...before] = acting
  return current === undefined || before.length === 0 ? current : { ...current, before }
}
