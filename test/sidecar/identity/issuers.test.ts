// Several issuers, look-alikes, keys that rotate, and whatever a header may say of keys.

import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose'
import { beforeAll, expect, test } from 'vitest'
import { longestToken, type NewKeySet } from '../../../core/identity/token.ts'
import type { Issuer } from '../../../core/policy.ts'
import { tokenCache } from '../../../sidecar/identity/token.ts'
import type { Verified } from '../../../sidecar/identity/verify.ts'
import { rulesOf } from '../../../sidecar/rules.ts'
import { anInForce } from '../../support/in-force.ts'
import { aPolicy, audience, issuerUrl } from '../../support/policy.ts'
import { anIssuer, now, type TestIssuer } from '../../support/tokens.ts'
import { verifies } from '../../verifies.ts'

const other = 'https://login.other.example'
let clinic: TestIssuer
let partner: TestIssuer
beforeAll(async () => {
  clinic = await anIssuer()
  partner = await anIssuer(other)
})

const trusted = (url: string, changes: Partial<Issuer> = {}): Issuer => ({
  ...(aPolicy().issuers[0] as Issuer),
  url,
  ...changes,
})

type Setting = { issuers?: Issuer[]; jwks?: { [issuer: string]: JSONWebKeySet }; newKeySet?: NewKeySet }

async function verify(token: string, setting: Setting = {}): Promise<Verified> {
  const policy = aPolicy({ issuers: setting.issuers ?? [trusted(issuerUrl), trusted(other)] })
  const inForce = anInForce({
    policy,
    jwks: setting.jwks ?? { [issuerUrl]: clinic.jwks, [other]: partner.jwks },
  })
  return await tokenCache(setting.newKeySet).verify(token, 'c', inForce, rulesOf(policy), Date.now())
}
const reasonOf = async (token: string, setting?: Setting): Promise<string> =>
  await verify(token, setting).then(
    () => 'good',
    (why: { reason: string }) => why.reason,
  )

verifies('authentication:issuers', 'the iss claim chooses, exactly', async () => {
  expect((await verify(await clinic.token('c'))).iss).toBe(issuerUrl)
  expect((await verify(await partner.token('c'))).iss).toBe(other)
})

verifies('authentication:issuers', 'one issuer’s key signs no token of another', async () => {
  expect(await reasonOf(await partner.token('c', { iss: issuerUrl }))).toBe('token-signature')
})

verifies('authentication:issuers', 'each has its own audience and algorithms', async () => {
  const issuers = [
    trusted(issuerUrl, { audience: 'https://another.example' }),
    trusted(other, { algorithms: ['PS256'] }),
  ]

  expect(await reasonOf(await clinic.token('c'), { issuers })).toBe('token-audience')
  expect(await reasonOf(await partner.token('c'), { issuers })).toBe('token-algorithm')
})

const lookAlikes: { when: string; iss: unknown }[] = [
  { when: 'a slash at its end', iss: `${issuerUrl}/` },
  { when: 'capitals', iss: issuerUrl.toUpperCase() },
  { when: 'the default port', iss: issuerUrl.replace('.org', '.org:443') },
  { when: 'a Cyrillic о', iss: issuerUrl.replace('login', 'l\u043Egin') },
  { when: 'a name that begins alike', iss: `${issuerUrl}.evil.example` },
  { when: 'a space', iss: `${issuerUrl} ` },
  { when: 'a user part', iss: issuerUrl.replace('https://', 'https://a@') },
  { when: 'plain http', iss: issuerUrl.replace('https', 'http') },
  { when: 'a list with the right one in it', iss: [issuerUrl] },
  { when: 'a member of every object', iss: '__proto__' },
]
for (const { when, iss } of lookAlikes)
  verifies('authentication:issuers', `a look-alike with ${when} is nobody’s`, async () => {
    expect(await reasonOf(await clinic.token('c', { iss: iss as string }))).toBe('token-issuer')
  })

type Signing = { header: Record<string, unknown>; jwks?: JSONWebKeySet }

/** A token of an attacker's key, with a header of theirs. */
async function attackers(signing: (own: JsonWebKey) => Signing): Promise<string> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const own = await exportJWK(publicKey)
  const { header } = signing(own)
  return await new SignJWT({
    iss: issuerUrl,
    sub: 'x',
    aud: audience,
    exp: now() + 60,
    iat: now(),
    cnf: { 'x5t#S256': 'c' },
  })
    .setProtectedHeader({ alg: 'ES256', ...header })
    .sign(privateKey, { crit: { unheard: true } })
}

const injections: { when: string; header: (own: JsonWebKey) => Record<string, unknown>; reason: string }[] = [
  { when: 'its own key in jwk', header: (jwk) => ({ jwk }), reason: 'token-signature' },
  {
    when: 'a place for its keys in jku',
    header: () => ({ jku: 'https://evil.example/keys' }),
    reason: 'token-signature',
  },
  {
    when: 'a certificate in x5u',
    header: () => ({ x5u: 'https://evil.example/cert' }),
    reason: 'token-signature',
  },
  { when: 'the right kid', header: () => ({ kid: 'one' }), reason: 'token-signature' },
  { when: 'a path for a kid', header: () => ({ kid: '../../../dev/null' }), reason: 'token-signature' },
  { when: 'SQL for a kid', header: () => ({ kid: "one' UNION SELECT 'k" }), reason: 'token-signature' },
  { when: 'a prototype for a kid', header: () => ({ kid: '__proto__' }), reason: 'token-signature' },
  { when: 'a number for a kid', header: () => ({ kid: 1 }), reason: 'token-malformed' },
  {
    when: 'something that must be understood and is not',
    header: () => ({ crit: ['unheard'], unheard: 1 }),
    reason: 'token-malformed',
  },
  { when: 'a list for a kid', header: () => ({ kid: ['one'] }), reason: 'token-malformed' },
]
for (const { when, header, reason } of injections)
  verifies('authentication:token', `a header brings no key of its own: ${when}`, async () => {
    expect(await reasonOf(await attackers((own) => ({ header: header(own) })))).toBe(reason)
  })

const notForThis: { when: string; changes: object }[] = [
  { when: 'is for encryption', changes: { use: 'enc' } },
  { when: 'is for another algorithm', changes: { alg: 'ES384' } },
  { when: 'may only sign', changes: { key_ops: ['sign'] } },
  { when: 'is on another curve, it says', changes: { crv: 'P-384' } },
]
for (const { when, changes } of notForThis)
  verifies('authentication:token', `a key that ${when} verifies no token`, async () => {
    const keys = clinic.jwks.keys.map((key) => ({ ...key, ...changes }))

    expect(await reasonOf(await clinic.token('c'), { jwks: { [issuerUrl]: { keys } } })).toBe(
      'token-signature',
    )
  })

const kinds: { when: string; typ?: string; claims?: object; reason: string }[] = [
  { when: 'an access token (RFC 9068)', typ: 'at+jwt', reason: 'good' },
  { when: 'an access token, spelled whole', typ: 'application/AT+JWT', reason: 'good' },
  { when: 'a plain JWT', typ: 'JWT', reason: 'good' },
  { when: 'a DPoP proof', typ: 'dpop+jwt', reason: 'token-kind' },
  { when: 'an identity assertion for another server', typ: 'oauth-id-jag+jwt', reason: 'token-kind' },
  { when: 'a logout token', typ: 'logout+jwt', reason: 'token-kind' },
  { when: 'a security event', typ: 'secevent+jwt', reason: 'token-kind' },
  { when: 'an ID token', claims: { at_hash: 'x' }, reason: 'token-kind' },
  { when: 'an ID token of the hybrid flow', claims: { c_hash: 'x' }, reason: 'token-kind' },
]
for (const { when, typ, claims = {}, reason } of kinds)
  verifies('authentication:token', `${when} is ${reason === 'good' ? 'taken' : 'refused'}`, async () => {
    const header = typ === undefined ? {} : { typ }

    expect(await reasonOf(await clinic.token('c', { ...claims }, header))).toBe(reason)
  })

verifies('authentication:token', 'one that is enormous is not even decoded', async () => {
  const groups = Array.from({ length: 900 }, (_, at) => `group-${at}`)

  const token = await clinic.token('c', { groups })

  expect(token.length).toBeGreaterThan(longestToken)
  expect(await reasonOf(token)).toBe('token-too-large')
  expect(await reasonOf(`${'a'.repeat(longestToken)}.b.c`)).toBe('token-too-large')
})

verifies(
  'authentication:issuers',
  'a key that was not there is asked for, and the token is good',
  async () => {
    const asked: string[] = []
    const rotated = await anIssuer()
    const fresh = { keys: rotated.jwks.keys.map((key) => ({ ...key, kid: 'two' })) }
    const newKeySet: NewKeySet = async (issuer) => {
      asked.push(issuer)
      return await Promise.resolve(fresh)
    }
    const token = await rotated.token('c', {}, { kid: 'two' })

    expect((await verify(token, { newKeySet })).sub).toBe('nurse-7')
    expect(asked).toEqual([issuerUrl])
  },
)

test('nobody is asked about a key that is there, of an issuer that is not trusted, or for an algorithm that is not allowed', async () => {
  const asked: string[] = []
  const newKeySet: NewKeySet = async (issuer) => {
    asked.push(issuer)
    return await Promise.resolve(undefined)
  }
  const stranger = await anIssuer('https://evil.example')
  const rsa = await anIssuer(issuerUrl, 'RS512')

  expect(await reasonOf(await clinic.token('c'), { newKeySet })).toBe('good')
  expect(await reasonOf(await attackers(() => ({ header: { kid: 'one' } })), { newKeySet })).toBe(
    'token-signature',
  )
  expect(await reasonOf(await stranger.token('c', {}, { kid: 'x' }), { newKeySet })).toBe('token-issuer')
  expect(await reasonOf(await rsa.token('c', {}, { kid: 'x' }), { newKeySet })).toBe('token-algorithm')
  expect(asked).toEqual([])
  expect(await reasonOf(await attackers(() => ({ header: { kid: 'x' } })), { newKeySet })).toBe(
    'token-signature',
  )
  expect(asked).toEqual([issuerUrl])
})

const actors: { when: string; act: unknown; comes: unknown }[] = [
  { when: 'a service', act: { sub: 'scribe' }, comes: { sub: 'scribe' } },
  {
    when: 'of two the outer one, which acts now',
    act: { sub: 'scribe', iss: other, act: { sub: 'before' } },
    comes: { sub: 'scribe', iss: other, before: [{ sub: 'before' }] },
  },
  {
    when: 'many, the latest first',
    act: { sub: 'a', act: { sub: 'b', iss: other, act: { sub: 'c' } } },
    comes: { sub: 'a', before: [{ sub: 'b', iss: other }, { sub: 'c' }] },
  },
  { when: 'of two the inner one by no name', act: { sub: 'scribe', act: {} }, comes: 'token-claims' },
  {
    when: 'more than a record should hold',
    act: Array.from({ length: 9 }, (_, i) => i).reduce<object | undefined>(
      (act, i) => ({ sub: `s-${i}`, ...(act === undefined ? {} : { act }) }),
      undefined,
    ),
    comes: 'token-claims',
  },
  { when: 'nobody by name', act: { client_id: 'scribe' }, comes: 'token-claims' },
  { when: 'a text', act: 'scribe', comes: 'token-claims' },
  { when: 'null', act: null, comes: 'token-claims' },
]
for (const { when, act, comes } of actors)
  verifies('authentication:actor', `the token’s act names ${when}`, async () => {
    const seen = await verify(await clinic.token('c', { act })).then(
      ({ actor }) => actor,
      (why: { reason: string }) => why.reason,
    )

    expect(seen).toEqual(comes)
  })

verifies(
  'authentication:issuers',
  'Entra’s people are named by what its directory knows them by',
  async () => {
    const issuers = [trusted(issuerUrl, { provider: 'Entra' })]
    const entra = { scp: 'ehr.read', sub: 'pseudonym-of-this-app' }

    expect((await verify(await clinic.token('c', { ...entra, oid: 'object-7' }), { issuers })).sub).toBe(
      'object-7',
    )
    expect((await verify(await clinic.token('c', entra), { issuers })).sub).toBe('pseudonym-of-this-app')
    expect((await verify(await clinic.token('c', { oid: 'object-7' }))).sub).toBe('nurse-7')
  },
)
