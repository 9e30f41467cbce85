// What proves that a login used more than one factor, provider by provider. What merely looks like it never counts, not
// even when an issuer lists it: Keycloak's acr "1" stands for any login, Okta's `ifpossible` for a wish.
// Sources: RFC 8176 (amr), the providers' claim references; docs of each preset below.

import type { Issuer, Provider } from '../../core/policy.ts'
import type { Claims } from '../exchange.ts'

/** One way to prove it: which claim, and which of its values. `asked`: goes into acr_values of a challenge. */
type Preset = {
  readonly acr: readonly string[]
  readonly amr: readonly string[]
  /** Claims besides acr that hold acr-like values. */
  readonly acrClaims?: readonly string[]
  /** Auth0 lets custom claims stand only under a namespace: `https://…/amr`. */
  readonly namespaced?: true
}

const multiFactor = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'

const presets: { readonly [provider in Provider]: Preset } = {
  // acr is the name that a realm maps a level to; without a level flow it is "1" for any login, "0" after an SSO cookie.
  Keycloak: { acr: [], amr: ['mfa'] },
  Generic: { acr: [multiFactor], amr: ['mfa'] },
  // v1.0 tokens have amr; v2.0 tokens have authentication contexts in acrs, which the issuer's mfa.acr names (c1, …).
  Entra: { acr: [], amr: ['mfa', 'ngcmfa'], acrClaims: ['acrs'] },
  // Access tokens have acr and auth_time, no amr.
  Okta: {
    acr: ['urn:okta:loa:2fa:any', 'phr', 'phrh'],
    amr: ['mfa'],
  },
  Auth0: { acr: [multiFactor], amr: ['mfa'], namespaced: true },
  // acr is the key of a journey: only the tenant knows what it means.
  Ping: { acr: [], amr: ['mfa'] },
}

/** Values that never prove more than one factor, whoever lists them. */
const never = (value: string): boolean =>
  ['0', '1', 'pwd', 'pin', 'wia', 'wiaormfa', 'fed', 'none', ''].includes(value) ||
  value.endsWith(':ifpossible') ||
  value.startsWith('urn:okta:loa:1fa')

export type Proof = { readonly rule: string; readonly value: string }

/** The proof in a token's claims, or undefined. `rule` names the provider and the claim. */
export function mfaProof(claims: Claims, issuer: Issuer): Proof | undefined {
  const preset = presets[issuer.provider]
  const provider = issuer.provider.toLowerCase()
  const acr = [...preset.acr, ...issuer.mfa.acr]
  const amr = [...preset.amr, ...issuer.mfa.amr]
  for (const claim of ['acr', ...(preset.acrClaims ?? [])]) {
    const value = proves(claimOf(claims, claim, preset), acr)
    if (value !== undefined) return { rule: `${provider}-${claim}`, value }
  }
  const value = proves(claimOf(claims, 'amr', preset), amr)
  return value === undefined ? undefined : { rule: `${provider}-amr`, value }
}

/** Seconds since 1970 of the login itself; iat is no substitute, since a refresh renews it. */
export function authTime(claims: Claims, issuer: Issuer): number | undefined {
  const value = claimOf(claims, 'auth_time', presets[issuer.provider])
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined
}

/** acr values to ask for in a step-up challenge (RFC 9470). */
export function wantedAcr(issuer: Issuer): string[] {
  return [...issuer.mfa.acr, ...presets[issuer.provider].acr].filter((value) => !never(value))
}

function proves(claim: unknown, accepted: readonly string[]): string | undefined {
  const values = typeof claim === 'string' ? [claim] : Array.isArray(claim) ? claim : []
  return values.find(
    (value): value is string => typeof value === 'string' && accepted.includes(value) && !never(value),
  )
}

function claimOf(claims: Claims, name: string, preset: Preset): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  if (preset.namespaced !== true) return undefined
  const full = Object.keys(claims).find((claim) => claim.startsWith('https://') && claim.endsWith(`/${name}`))
  return full === undefined ? undefined : claims[full]
}
