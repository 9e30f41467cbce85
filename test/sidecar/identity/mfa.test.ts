// What proves more than one factor, and what only looks so: the providers' claims as golden tokens.

import { expect, test } from 'vitest'
import type { Issuer, Provider } from '../../../core/policy.ts'
import { authTime, mfaProof, wantedAcr } from '../../../sidecar/identity/mfa.ts'
import { verifies } from '../../verifies.ts'

function issuer(provider: Provider, mfa: Partial<Issuer['mfa']> = {}): Issuer {
  return {
    url: 'https://i',
    audience: 'a',
    provider,
    algorithms: ['ES256'],
    rolesClaim: '/roles',
    mfa: { acr: [], amr: [], ...mfa },
  }
}

type Golden = { provider: Provider; claims: object; mfa?: Partial<Issuer['mfa']>; proof?: string }
const golden: { when: string; token: Golden }[] = [
  {
    when: 'Keycloak: a level that the issuer’s rule names',
    token: {
      provider: 'Keycloak',
      claims: { acr: 'gold' },
      mfa: { acr: ['gold'] },
      proof: 'keycloak-acr gold',
    },
  },
  {
    when: 'Keycloak: the number of a level that the rule names',
    token: { provider: 'Keycloak', claims: { acr: '2' }, mfa: { acr: ['2'] }, proof: 'keycloak-acr 2' },
  },
  { when: 'Keycloak: a level that no rule names', token: { provider: 'Keycloak', claims: { acr: 'gold' } } },
  { when: 'Keycloak: "1", which any login gets', token: { provider: 'Keycloak', claims: { acr: '1' } } },
  {
    when: 'Keycloak: "1", though a rule names it',
    token: { provider: 'Keycloak', claims: { acr: '1' }, mfa: { acr: ['1'] } },
  },
  {
    when: 'Keycloak: "0", though a rule names it',
    token: { provider: 'Keycloak', claims: { acr: '0' }, mfa: { acr: ['0'] } },
  },
  {
    when: 'Keycloak: amr by a mapper',
    token: { provider: 'Keycloak', claims: { acr: '1', amr: ['pwd', 'mfa'] }, proof: 'keycloak-amr mfa' },
  },
  {
    when: 'Generic: amr holds mfa (RFC 8176)',
    token: { provider: 'Generic', claims: { amr: ['pwd', 'otp', 'mfa'] }, proof: 'generic-amr mfa' },
  },
  {
    when: 'Generic: two methods without mfa',
    token: { provider: 'Generic', claims: { amr: ['pwd', 'otp'] } },
  },
  {
    when: 'Generic: a method that the rule names',
    token: {
      provider: 'Generic',
      claims: { amr: ['pwd', 'otp'] },
      mfa: { amr: ['otp'] },
      proof: 'generic-amr otp',
    },
  },
  {
    when: 'Generic: a password, though a rule names it',
    token: { provider: 'Generic', claims: { amr: ['pwd'] }, mfa: { amr: ['pwd'] } },
  },
  { when: 'Generic: nothing', token: { provider: 'Generic', claims: {} } },
  { when: 'Generic: amr that is an object', token: { provider: 'Generic', claims: { amr: { mfa: true } } } },
  {
    when: 'Entra v1.0: amr',
    token: { provider: 'Entra', claims: { amr: ['pwd', 'mfa'] }, proof: 'entra-amr mfa' },
  },
  {
    when: 'Entra: Windows login that might have been anything',
    token: { provider: 'Entra', claims: { amr: ['wiaormfa'] }, mfa: { amr: ['wiaormfa'] } },
  },
  {
    when: 'Entra: federated elsewhere',
    token: { provider: 'Entra', claims: { amr: ['fed'] }, mfa: { amr: ['fed'] } },
  },
  { when: 'Entra v1.0: acr "1"', token: { provider: 'Entra', claims: { acr: '1' }, mfa: { acr: ['1'] } } },
  {
    when: 'Entra v2.0: an authentication context that the rule names',
    token: {
      provider: 'Entra',
      claims: { acrs: ['c1', 'p1'] },
      mfa: { acr: ['c1'] },
      proof: 'entra-acrs c1',
    },
  },
  {
    when: 'Entra v2.0: an authentication context that no rule names',
    token: { provider: 'Entra', claims: { acrs: ['p1'] }, mfa: { acr: ['c1'] } },
  },
  {
    when: 'Okta: two factors',
    token: {
      provider: 'Okta',
      claims: { acr: 'urn:okta:loa:2fa:any' },
      proof: 'okta-acr urn:okta:loa:2fa:any',
    },
  },
  {
    when: 'Okta: phishing-resistant',
    token: { provider: 'Okta', claims: { acr: 'phr' }, proof: 'okta-acr phr' },
  },
  {
    when: 'Okta: two factors if possible',
    token: {
      provider: 'Okta',
      claims: { acr: 'urn:okta:loa:2fa:any:ifpossible' },
      mfa: { acr: ['urn:okta:loa:2fa:any:ifpossible'] },
    },
  },
  {
    when: 'Okta: one factor',
    token: {
      provider: 'Okta',
      claims: { acr: 'urn:okta:loa:1fa:any' },
      mfa: { acr: ['urn:okta:loa:1fa:any'] },
    },
  },
  {
    when: 'Auth0: amr under a namespace',
    token: { provider: 'Auth0', claims: { 'https://clinic.example/amr': ['mfa'] }, proof: 'auth0-amr mfa' },
  },
  {
    when: 'Auth0: amr under plain http',
    token: { provider: 'Auth0', claims: { 'http://clinic.example/amr': ['mfa'] } },
  },
  { when: 'Auth0: amr without mfa', token: { provider: 'Auth0', claims: { amr: [] } } },
  {
    when: 'Keycloak: amr under a namespace, which is Auth0’s habit',
    token: { provider: 'Keycloak', claims: { 'https://clinic.example/amr': ['mfa'] } },
  },
  { when: 'Ping: a journey that no rule names', token: { provider: 'Ping', claims: { acr: 'Login' } } },
  {
    when: 'Ping: a journey that the rule names',
    token: {
      provider: 'Ping',
      claims: { acr: 'StrongLogin' },
      mfa: { acr: ['StrongLogin'] },
      proof: 'ping-acr StrongLogin',
    },
  },
]

for (const { when, token } of golden)
  verifies('authentication:mfa', when, () => {
    const proof = mfaProof({ ...token.claims }, issuer(token.provider, token.mfa))

    expect(proof === undefined ? undefined : `${proof.rule} ${proof.value}`).toBe(token.proof)
  })

test('a challenge asks for what would be accepted, and never for what would not', () => {
  expect(wantedAcr(issuer('Keycloak', { acr: ['1', 'gold'] }))).toEqual(['gold'])
  expect(wantedAcr(issuer('Okta'))).toEqual(['urn:okta:loa:2fa:any', 'phr', 'phrh'])
})

test('the time of a login is a number of seconds, and nothing else stands in for it', () => {
  expect(authTime({ auth_time: 1_700_000_000 }, issuer('Generic'))).toBe(1_700_000_000)
  expect(authTime({ 'https://c.example/auth_time': 17 }, issuer('Auth0'))).toBe(17)
  for (const claims of [
    {},
    { iat: 1_700_000_000 },
    { auth_time: '1700000000' },
    { auth_time: -1 },
    { auth_time: null },
  ])
    expect(authTime({ ...claims }, issuer('Generic'))).toBeUndefined()
})
