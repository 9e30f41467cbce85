// What proves that a login used more than one factor, provider by provider. That a token is valid proves nothing of the
// kind, and what merely looks like proof never counts, not even when an issuer's rule lists it: Keycloak's acr "1" stands
// for any login, Okta's `ifpossible` for a wish, Entra's `fed` for whatever another directory did.
// Sources: RFC 8176 (amr), RFC 9470 (step-up), the providers' token references.

import type { Issuer, Provider } from '../policy.ts'
import type { MfaGrade } from '../record.ts'
import type { Claims } from './token.ts'

/** What a 401 or 403 asks of a client (RFC 6750 3). `error` is absent where no token was shown at all. */
export type Challenge = { readonly error?: string; readonly params?: { readonly [name: string]: string } }

/** What a provider publishes as proof, and where it stands. What a tenant defines itself is the issuer's rule to name. */
type Preset = {
  /** Claims that hold acr-like values. */
  readonly acrClaims: readonly string[]
  readonly acr: readonly string[]
  readonly amr: readonly string[]
  /** Whether amr means anything in this token. */
  readonly amrCounts?: (claims: Claims) => boolean
  /** Custom claims stand only under a namespace: `https://…/amr`. */
  readonly namespaced?: true
  /** Clients step up by a request for claims, not by acr_values. */
  readonly asksForClaims?: true
}

const multiFactor = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'

const presets: { readonly [provider in Provider]: Preset } = {
  // amr stands in v1.0 tokens only; v2.0 ones have authentication contexts, which a tenant numbers c1 to c99 itself.
  Entra: {
    acrClaims: ['acrs'],
    acr: [],
    amr: ['mfa', 'ngcmfa'],
    amrCounts: ({ ver }) => ver === '1.0',
    asksForClaims: true,
  },
  // Access tokens have acr and no amr. After a refresh acr is what was asked for at first: auth_time tells its age.
  Okta: { acrClaims: ['acr'], acr: ['urn:okta:loa:2fa:any', 'phr', 'phrh'], amr: [] },
  // Nothing of itself: an Action adds it, under a namespace.
  Auth0: { acrClaims: ['acr'], acr: [multiFactor], amr: ['mfa'], namespaced: true },
  // acr is the name or number that a realm maps a level to; amr stands there only where the realm's admin put it.
  Keycloak: { acrClaims: ['acr'], acr: [], amr: ['mfa'] },
  // acr is the key of a journey: only the tenant knows what it means.
  Ping: { acrClaims: ['acr'], acr: [], amr: [] },
  Generic: { acrClaims: ['acr'], acr: [multiFactor], amr: ['mfa'] },
}

/** Values that never prove more than one factor, whoever lists them. */
const never = (value: string): boolean =>
  ['0', '1', 'pwd', 'pin', 'wia', 'wiaormfa', 'fed', 'none', ''].includes(value) ||
  value.endsWith(':ifpossible') ||
  value.startsWith('urn:okta:loa:1fa')

export type Proof = { readonly rule: string; readonly value: string; readonly grade: MfaGrade }

/** The proof in a token's claims, or undefined. `rule` names the provider and the claim. */
export function mfaProof(claims: Claims, issuer: Issuer): Proof | undefined {
  const preset = presets[issuer.provider]
  const { acr, amr } = issuer.mfa
  for (const claim of preset.acrClaims) {
    const proof = proves(claimOf(claims, claim, preset), preset.acr, acr)
    if (proof !== undefined) return { rule: ruleOf(issuer, claim), ...proof }
  }
  if (preset.amrCounts?.(claims) === false) return undefined
  const proof = proves(claimOf(claims, 'amr', preset), preset.amr, amr)
  return proof === undefined ? undefined : { rule: ruleOf(issuer, 'amr'), ...proof }
}

/** Seconds since 1970 of the login itself; iat is no substitute, since a refresh renews it. */
export function authTime(claims: Claims, issuer: Issuer): number | undefined {
  const value = claimOf(claims, 'auth_time', presets[issuer.provider])
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined
}

/**
 * How to step up (RFC 9470 3). `max_age` stands there each time: a login that proves enough and is too old would be
 * answered with itself. Entra's clients ask for an authentication context by the claims parameter, so they are told so.
 */
export function stepUp(issuer: Issuer, maxAgeSeconds: number): Challenge {
  const preset = presets[issuer.provider]
  const acr = [...issuer.mfa.acr, ...preset.acr].filter((value) => !never(value))
  const params = {
    ...(acr.length === 0 ? {} : { acr_values: acr.join(' ') }),
    max_age: String(maxAgeSeconds),
  }
  if (preset.asksForClaims !== true || acr.length === 0)
    return { error: 'insufficient_user_authentication', params }
  const wanted = acr.length === 1 ? { value: acr[0] } : { values: acr }
  const claims = JSON.stringify({ access_token: { acrs: { essential: true, ...wanted } } })
  const encoded = Buffer.from(claims).toString('base64')
  const at = entraAuthorize(issuer.url)
  return {
    error: 'insufficient_claims',
    params: { ...(at === undefined ? {} : { authorization_uri: at }), claims: encoded, ...params },
  }
}

/** Entra's clients want the place to go named in the challenge. The issuers of its two token versions are of two forms. */
function entraAuthorize(url: string): string | undefined {
  const tenant = /^https:\/\/sts\.windows\.net\/([0-9a-f-]{36})\/$/.exec(url)?.[1]
  if (tenant !== undefined) return `https://login.microsoftonline.com/${tenant}/oauth2/authorize`
  return url.endsWith('/v2.0') ? `${url.slice(0, -'/v2.0'.length)}/oauth2/v2.0/authorize` : undefined
}

function ruleOf({ provider }: Issuer, claim: string): string {
  return `${provider.toLowerCase()}-${claim}`
}

function proves(
  claim: unknown,
  published: readonly string[],
  configured: readonly string[],
): Omit<Proof, 'rule'> | undefined {
  const values = (typeof claim === 'string' ? [claim] : Array.isArray(claim) ? claim : []).filter(
    (value): value is string => typeof value === 'string' && !never(value),
  )
  const known = values.find((value) => published.includes(value))
  if (known !== undefined) return { value: known, grade: 'claim' }
  const named = values.find((value) => configured.includes(value))
  return named === undefined ? undefined : { value: named, grade: 'configured' }
}

function claimOf(claims: Claims, name: string, preset: Preset): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  if (preset.namespaced !== true) return undefined
  const found = Object.keys(claims).filter(
    (claim) => claim.startsWith('https://') && claim.endsWith(`/${name}`),
  )
  // Of two namespaces nobody knows which one the Action writes on purpose.
  const [only, ...others] = found
  return only === undefined || others.length > 0 ? undefined : claims[only]
}
