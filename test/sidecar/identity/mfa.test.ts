// What proves more than one factor, and what only looks so: the providers' access tokens, signed and sent.

import { beforeAll, expect, test } from 'vitest'
import { authTime, stepUp } from '../../../core/identity/mfa.ts'
import type { Issuer, Provider } from '../../../core/policy.ts'
import { prove } from '../../../sidecar/controls/authenticate.ts'
import type { Deps } from '../../../sidecar/deps.ts'
import type { Arrived } from '../../../sidecar/exchange.ts'
import { challenged } from '../../../sidecar/identity/challenge.ts'
import { tokenCache } from '../../../sidecar/identity/token.ts'
import { Refusal } from '../../../sidecar/refusals.ts'
import { rulesOf } from '../../../sidecar/rules.ts'
import { anInForce } from '../../support/in-force.ts'
import { aPolicy, audience, issuerUrl } from '../../support/policy.ts'
import { anIssuer, type TestIssuer } from '../../support/tokens.ts'
import { verifies } from '../../verifies.ts'
import { type Golden, golden } from './golden-tokens.ts'

function issuerOf(provider: Provider, mfa: Partial<Issuer['mfa']> = {}): Issuer {
  return {
    url: issuerUrl,
    audience,
    provider,
    algorithms: ['ES256'],
    rolesClaim: '/roles',
    mfa: { acr: [], amr: [], ...mfa },
  }
}

let signer: TestIssuer
beforeAll(async () => {
  signer = await anIssuer()
})

/** The evidence as it will stand in the record, or the reason of the refusal. */
async function outcome({ provider, claims, mfa }: Golden): Promise<string> {
  const policy = aPolicy({ issuers: [issuerOf(provider, mfa)] })
  const inForce = anInForce({ policy, jwks: { [issuerUrl]: signer.jwks } })
  // Everything that the builder says of its own accord and this provider might not.
  const plain = {
    azp: undefined,
    acr: undefined,
    auth_time: undefined,
    scope: undefined,
    realm_access: undefined,
  }
  const token = await signer.token('c', { ...plain, ...claims })
  const received = { authorization: `Bearer ${token}`, certificate: 'c', inForce, rules: rulesOf(policy) }
  const exchange = { ...received, stage: 'arrived', at: Date.now() } as Arrived
  try {
    const { who } = await prove(exchange, { tokens: tokenCache() } as Deps)
    return `${who.mfa.rule} ${who.mfa.value} ${who.mfa.grade}`
  } catch (why) {
    if (why instanceof Refusal) return why.reason
    throw why
  }
}

for (const token of golden())
  verifies('authentication:mfa', `${token.provider}: ${token.when}`, async () => {
    expect(await outcome(token)).toBe(token.comes)
  })

test('every provider has tokens that prove it, tokens that only look so, and a program’s', () => {
  const kinds = new Map<Provider, Set<string>>()
  for (const { provider, comes } of golden()) {
    const kind = comes.includes(' ') ? 'proof' : comes
    kinds.set(provider, (kinds.get(provider) ?? new Set()).add(kind))
  }

  expect([...kinds.keys()].toSorted()).toEqual(['Auth0', 'Entra', 'Generic', 'Keycloak', 'Okta', 'Ping'])
  for (const seen of kinds.values())
    expect([...seen]).toEqual(expect.arrayContaining(['proof', 'mfa-missing', 'token-not-a-person']))
})

const challenges: { provider: Provider; mfa?: Partial<Issuer['mfa']>; says: string }[] = [
  {
    provider: 'Keycloak',
    mfa: { acr: ['1', 'gold'] },
    says: 'error="insufficient_user_authentication", acr_values="gold", max_age="900"',
  },
  {
    provider: 'Okta',
    says: 'error="insufficient_user_authentication", acr_values="urn:okta:loa:2fa:any phr phrh", max_age="900"',
  },
  {
    provider: 'Ping',
    mfa: { acr: ['Strong "Login"'] },
    says: 'error="insufficient_user_authentication", acr_values="Strong Login", max_age="900"',
  },
  { provider: 'Entra', says: 'error="insufficient_user_authentication", max_age="900"' },
]
for (const { provider, mfa, says } of challenges)
  verifies('authentication:step-up', `${provider}: what is asked for would be accepted (RFC 9470)`, () => {
    const refusal = new Refusal('mfa-missing', { challenge: stepUp(issuerOf(provider, mfa), 900) })

    expect(challenged(refusal, anInForce(), 'localhost').details.headers?.['www-authenticate']).toBe(
      `Bearer ${says}`,
    )
  })

verifies('authentication:step-up', 'Entra: an authentication context by the claims parameter', () => {
  const { error, params = {} } = stepUp(issuerOf('Entra', { acr: ['c1'] }), 900)

  expect(error).toBe('insufficient_claims')
  expect(JSON.parse(Buffer.from(params['claims'] ?? '', 'base64').toString())).toEqual({
    access_token: { acrs: { essential: true, value: 'c1' } },
  })
  expect(params).toMatchObject({ acr_values: 'c1', max_age: '900' })
})

const places = [
  {
    url: 'https://login.microsoftonline.com/6c1f0d2e-0000-4000-8000-000000000001/v2.0',
    at: 'https://login.microsoftonline.com/6c1f0d2e-0000-4000-8000-000000000001/oauth2/v2.0/authorize',
  },
  {
    url: 'https://sts.windows.net/6c1f0d2e-0000-4000-8000-000000000001/',
    at: 'https://login.microsoftonline.com/6c1f0d2e-0000-4000-8000-000000000001/oauth2/authorize',
  },
  { url: 'https://login.example.org', at: undefined },
]
for (const { url, at } of places)
  verifies('authentication:step-up', `Entra: where to go, by the issuer ${url}`, () => {
    const { params = {} } = stepUp({ ...issuerOf('Entra', { acr: ['c1'] }), url }, 900)

    expect(params['authorization_uri']).toBe(at)
  })

test('the time of a login is a number of seconds, and nothing else stands in for it', () => {
  expect(authTime({ auth_time: 1_700_000_000 }, issuerOf('Generic'))).toBe(1_700_000_000)
  expect(authTime({ 'https://c.example/auth_time': 17 }, issuerOf('Auth0'))).toBe(17)
  for (const claims of [
    {},
    { iat: 1_700_000_000 },
    { auth_time: '1700000000' },
    { auth_time: -1 },
    { auth_time: null },
  ])
    expect(authTime({ ...claims }, issuerOf('Generic'))).toBeUndefined()
})
