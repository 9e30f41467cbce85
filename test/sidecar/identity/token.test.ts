// Which tokens are good, over which connection, and for how long.

import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { identityOf } from '../../../sidecar/controls/authenticate.ts'
import { tokenCache } from '../../../sidecar/identity/token.ts'
import { rulesOf } from '../../../sidecar/rules.ts'
import { anInForce } from '../../support/in-force.ts'
import { aPolicy, aRole, audience, issuerUrl } from '../../support/policy.ts'
import { aScene, caller, type Scene, thumbprint } from '../../support/scene.ts'
import { anIssuer, now } from '../../support/tokens.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
let certificate: string
beforeAll(async () => {
  scene = await aScene({
    policy: {
      training: { claim: '/training', maxAgeSeconds: 365 * 86_400 },
      roles: [aRole({ when: { role: 'Clinician', scopes: ['ehr.read'], actor: 'Forbidden' } })],
    },
  })
  certificate = thumbprint(await caller())
})
afterAll(async () => await scene.end())
beforeEach(() => {
  scene.forget()
})

const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10)
const good = { training: day(30) }
const token = async (claims: object = {}, header: { alg?: string; kid?: string } = {}) =>
  await scene.issuer.token(certificate, { ...good, ...claims }, header)

/** Signed with a key that the issuer never had. */
async function forged(alg = 'ES256'): Promise<string> {
  const { privateKey } = await generateKeyPair(alg)
  return await new SignJWT({ iss: issuerUrl, sub: 'x', aud: audience, exp: now() + 60, iat: now() })
    .setProtectedHeader({ alg, kid: 'one' })
    .sign(privateKey)
}
/** Signed with the public key as if it were a secret. */
async function confused(): Promise<string> {
  return await new SignJWT({ iss: issuerUrl, aud: audience })
    .setProtectedHeader({ alg: 'HS256', kid: 'one' })
    .sign(Buffer.from(JSON.stringify(scene.issuer.jwks)))
}
const changed = async (): Promise<string> => {
  const [head, body, signature] = (await token()).split('.')
  const claims = JSON.parse(Buffer.from(body as string, 'base64url').toString()) as object
  return [
    head,
    Buffer.from(JSON.stringify({ ...claims, sub: 'boss' })).toString('base64url'),
    signature,
  ].join('.')
}
const stranger = async (): Promise<string> =>
  await (await anIssuer('https://evil.example')).token(certificate)

const bad: { when: string; of: () => Promise<string | null> | string | null; reason: string }[] = [
  { when: 'none', of: () => null, reason: 'token-missing' },
  { when: 'text', of: () => 'Fluegel', reason: 'token-malformed' },
  { when: 'opaque, as Google’s are', of: () => 'ya29.a0AfH6SMB', reason: 'token-malformed' },
  { when: 'encrypted', of: () => 'eyJhbGciOiJkaXIifQ..aa.bb.cc', reason: 'token-malformed' },
  { when: 'of another issuer', of: stranger, reason: 'token-issuer' },
  { when: 'of no issuer', of: async () => await token({ iss: undefined }), reason: 'token-issuer' },
  {
    when: 'for another audience',
    of: async () => await token({ aud: 'https://billing.example' }),
    reason: 'token-audience',
  },
  { when: 'for no audience', of: async () => await token({ aud: undefined }), reason: 'token-audience' },
  {
    when: 'without signature',
    of: () => new UnsecuredJWT({ iss: issuerUrl, aud: audience }).encode(),
    reason: 'token-algorithm',
  },
  { when: 'signed with the public key as a secret', of: confused, reason: 'token-algorithm' },
  { when: 'signed by another key', of: async () => await forged(), reason: 'token-signature' },
  { when: 'changed after signing', of: changed, reason: 'token-signature' },
  {
    when: 'expired for more than a minute',
    of: async () => await token({ exp: now() - 62 }),
    reason: 'token-expired',
  },
  { when: 'without end', of: async () => await token({ exp: undefined }), reason: 'token-claims' },
  { when: 'without beginning', of: async () => await token({ iat: undefined }), reason: 'token-claims' },
  { when: 'of nobody', of: async () => await token({ sub: undefined }), reason: 'token-claims' },
  { when: 'not yet valid', of: async () => await token({ nbf: now() + 120 }), reason: 'token-not-yet-valid' },
  {
    when: 'issued in the future',
    of: async () => await token({ iat: now() + 120 }),
    reason: 'token-not-yet-valid',
  },
]

for (const { when, of, reason } of bad)
  verifies('authentication:token', when, async () => {
    const reply = await scene.ask({ token: await of() })

    expect([reply.status, reply.json['error']]).toMatchObject([401, { data: { reason } }])
    expect(reply.headers['www-authenticate']).toBe(
      reason === 'token-missing'
        ? 'Bearer scope="ehr.read"'
        : 'Bearer error="invalid_token", scope="ehr.read"',
    )
    expect(scene.log).toEqual([`refusal ${reason}`])
    expect(scene.trail.of('refusal')).toMatchObject([{ stage: 'authenticate' }])
    expect(scene.trail.of('refusal')[0]).not.toHaveProperty('who')
  })

for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA'])
  verifies('authentication:token', `${alg} is good`, async () => {
    const issuer = await anIssuer(issuerUrl, alg)
    const policy = aPolicy()
    const inForce = anInForce({ policy, jwks: { [issuerUrl]: issuer.jwks } })
    const verified = await tokenCache().verify(
      await issuer.token('c'),
      'c',
      inForce,
      rulesOf(policy),
      Date.now(),
    )

    expect(verified.sub).toBe('nurse-7')
  })

for (const alg of ['RS512', 'ES384'])
  verifies('authentication:token', `${alg}, which is not on the list, is refused`, async () => {
    const issuer = await anIssuer(issuerUrl, alg)
    const policy = aPolicy()
    const inForce = anInForce({ policy, jwks: { [issuerUrl]: issuer.jwks } })

    await expect(
      tokenCache().verify(
        await issuer.token('c'),
        'c',
        inForce,
        rulesOf(policy),
        Date.now(),
      ) as Promise<unknown>,
    ).rejects.toMatchObject({ reason: 'token-algorithm' })
  })

const unbound: { when: string; cnf: unknown }[] = [
  { when: 'no binding', cnf: undefined },
  { when: 'bound to another certificate', cnf: { 'x5t#S256': 'A'.repeat(43) } },
  { when: 'bound to a key instead (DPoP)', cnf: { jkt: 'x' } },
  { when: 'a binding that is null', cnf: null },
]
for (const { when, cnf } of unbound)
  verifies('authentication:bound', when, async () => {
    const reply = await scene.ask({ token: await token({ cnf }) })

    expect([reply.status, reply.json['error']]).toMatchObject([401, { data: { reason: 'token-unbound' } }])
  })

verifies('authentication:bound', 'a good token over another certificate of the same CA', async () => {
  const thief = await scene.agent(await caller('thief'))
  const stolen = await token()
  expect((await scene.ask({ token: stolen })).status).toBe(200)

  const reply = await scene.ask({ token: stolen, agent: thief })

  expect([reply.status, reply.json['error']]).toMatchObject([401, { data: { reason: 'token-unbound' } }])
})

const programs: { when: string; claims: object }[] = [
  { when: 'sub is the client', claims: { sub: 'agent', azp: 'agent' } },
  { when: 'sub is client_id', claims: { sub: 'agent', client_id: 'agent' } },
  { when: 'Auth0’s grant type', claims: { gty: 'client-credentials' } },
  { when: 'Auth0’s sub', claims: { sub: 'agent@clients' } },
  { when: 'Entra’s application token', claims: { idtyp: 'app' } },
]
for (const { when, claims } of programs)
  verifies(
    'authentication:mfa',
    `a program’s own token never counts, whatever it says of MFA: ${when}`,
    async () => {
      const reply = await scene.ask({ token: await token(claims) })

      expect([reply.status, reply.json['error']]).toMatchObject([
        401,
        { data: { reason: 'token-not-a-person' } },
      ])
    },
  )

const logins: { when: string; claims: object; reason: string }[] = [
  { when: 'password only', claims: { acr: '1' }, reason: 'mfa-missing' },
  { when: 'no time of login', claims: { auth_time: undefined }, reason: 'mfa-missing' },
  { when: 'a login nine hours ago', claims: { auth_time: now() - 9 * 3600 }, reason: 'mfa-too-old' },
  { when: 'a login in the future', claims: { auth_time: now() + 3600 }, reason: 'mfa-too-old' },
]
for (const { when, claims, reason } of logins)
  verifies('authentication:mfa', `${when} gets a step-up challenge (RFC 9470)`, async () => {
    const reply = await scene.ask({ token: await token(claims) })

    expect([reply.status, reply.json['error']]).toMatchObject([401, { data: { reason } }])
    expect(reply.headers['www-authenticate']).toBe(
      'Bearer error="insufficient_user_authentication", acr_values="gold", max_age="28800", scope="ehr.read"',
    )
  })

const trainings: { when: string; training: unknown; reason: string }[] = [
  { when: 'none', training: undefined, reason: 'training-missing' },
  { when: 'no date', training: 'yes', reason: 'training-missing' },
  { when: 'a day that does not exist', training: '2026-02-31T', reason: 'training-missing' },
  { when: 'in the future', training: day(-3), reason: 'training-missing' },
  { when: 'more than a year ago', training: day(367), reason: 'training-too-old' },
]
for (const { when, training, reason } of trainings)
  verifies('authentication:training', when, async () => {
    const reply = await scene.ask({ token: await token({ training }) })

    expect([reply.status, reply.json['error']]).toMatchObject([200, { code: 164308, data: { reason } }])
    expect(scene.upstream.asked).toEqual([])
  })

verifies('authentication:training', 'its date is in the record', async () => {
  await scene.ask({ token: await token() })

  expect(scene.trail.of('intent')[0]?.who).toEqual({
    sub: 'nurse-7',
    iss: issuerUrl,
    clientId: 'agent',
    token: 'token-1',
    certificate,
    mfa: { rule: 'keycloak-acr', value: 'gold', authTime: expect.any(Number), grade: 'configured' },
    training: day(30),
  })
})

test('a token is verified once, and looked at again for what the hour changes', async () => {
  const issuer = await anIssuer()
  const policy = aPolicy()
  const inForce = anInForce({ policy, jwks: { [issuerUrl]: issuer.jwks } })
  const cache = tokenCache()
  const one = await issuer.token('c', { exp: now() + 10 })
  const ask = (at: number, of = inForce, certificate = 'c') =>
    cache.verify(one, certificate, of, rulesOf(policy), at)

  expect(ask(Date.now())).toBeInstanceOf(Promise)
  await ask(Date.now())
  expect(ask(Date.now())).not.toBeInstanceOf(Promise)
  // Another certificate, other keys: nothing is remembered.
  await expect(ask(Date.now(), inForce, 'other')).rejects.toMatchObject({ reason: 'token-unbound' })
  const rotated = anInForce({ policy, jwks: { [issuerUrl]: (await anIssuer()).jwks } })
  await expect(ask(Date.now(), rotated)).rejects.toMatchObject({ reason: 'token-signature' })
  // Expired while remembered.
  expect(() => ask(Date.now() + 71_000)).toThrow('token-expired')
})

verifies('authentication:mfa', 'a login gets too old while its token is remembered', async () => {
  const issuer = await anIssuer()
  const policy = aPolicy()
  const inForce = anInForce({ policy, jwks: { [issuerUrl]: issuer.jwks } })
  const at = Date.now()
  const one = await issuer.token('c', { auth_time: at / 1000 })
  const verified = await tokenCache().verify(one, 'c', inForce, rulesOf(policy), at)

  const first = identityOf({ at, certificate: 'c' }, verified, 600)
  expect(identityOf({ at: at + 599_000, certificate: 'c' }, verified, 600)).toEqual(first)
  expect(() => identityOf({ at: at + 602_000, certificate: 'c' }, verified, 600)).toThrow('mfa-too-old')
  // Nor does one who asks for a fresher login take what another asked for.
  expect(() => identityOf({ at: at + 300_000, certificate: 'c' }, verified, 60)).toThrow('mfa-too-old')
  expect(identityOf({ at, certificate: 'other' }, verified, 600).who.certificate).toBe('other')
})

test('a token without key identifier is tried against every key of its issuer', async () => {
  const [first, second] = [await anIssuer(), await anIssuer()]
  const policy = aPolicy()
  const keys = [...first.jwks.keys, ...second.jwks.keys].map((key) => {
    const nameless = { ...key }
    delete nameless.kid
    return nameless
  })
  const inForce = anInForce({ policy, jwks: { [issuerUrl]: { keys } } })
  const bare = async (issuer: typeof first) =>
    await issuer.token('c', {}, { kid: undefined as unknown as string })
  const verify = async (text: string) =>
    await tokenCache().verify(text, 'c', inForce, rulesOf(policy), Date.now())

  expect((await verify(await bare(second))).sub).toBe('nurse-7')
  await expect(verify(await bare(await anIssuer()))).rejects.toMatchObject({ reason: 'token-signature' })
})

test('no more tokens are remembered than there is room for, and none that was refused', async () => {
  const issuer = await anIssuer()
  const policy = aPolicy()
  const inForce = anInForce({ policy, jwks: { [issuerUrl]: issuer.jwks } })
  const cache = tokenCache(undefined, 2)
  const isRemembered = async (text: string) => {
    const verified = cache.verify(text, 'c', inForce, rulesOf(policy), Date.now())
    if (!(verified instanceof Promise)) return true
    await verified.catch(() => undefined)
    return false
  }
  const [one, two, three] = await Promise.all(
    ['1', '2', '3'].map(async (jti) => await issuer.token('c', { jti })),
  )
  const bad = await issuer.token('c', { aud: 'elsewhere' })

  for (const text of [one, two]) expect(await isRemembered(text as string)).toBe(false)
  for (const text of [bad, bad, bad]) expect(await isRemembered(text)).toBe(false)
  for (const text of [one, two]) expect(await isRemembered(text as string)).toBe(true)
  expect(await isRemembered(three as string)).toBe(false)
  expect(await isRemembered(one as string)).toBe(false)
  expect(await isRemembered(three as string)).toBe(true)
})

verifies(
  'authentication:issuers',
  'once its issuer no longer has the key, a remembered token is refused',
  async () => {
    const agent = await scene.agent()
    const text = await token()
    const before = scene.orders.standing()
    expect((await scene.ask({ token: text, agent })).status).toBe(200)

    const { inForce } = before
    if (inForce === undefined) throw new Error('The scene has no policy')
    const { jwks } = await anIssuer()
    scene.orders.set({ inForce: { ...inForce, jwks: { [issuerUrl]: jwks } } })
    const after = await scene.ask({ token: text, agent })
    scene.orders.set(before)

    expect([after.status, after.json['error']]).toMatchObject([401, { data: { reason: 'token-signature' } }])
  },
)

verifies(
  'access:revocation',
  'a remembered token of a person whose access was ended is refused',
  async () => {
    const text = await token()
    expect((await scene.ask({ token: text })).status).toBe(200)

    scene.orders.revocations.set([{ kind: 'token', value: 'token-1' }])
    const after = await scene.ask({ token: text })
    scene.orders.revocations.set([])

    expect(after.json['error']).toMatchObject({ data: { reason: 'token-revoked' } })
  },
)
