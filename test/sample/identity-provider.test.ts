import { createHash, X509Certificate } from 'node:crypto'
import type { Server } from 'node:https'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeFits, oneTimeCode } from './accounts.ts'
import { authority, type KeyPair } from './certificates.ts'
import { serveProvider } from './identity-provider.ts'
import { dispatcherOf, type SignInOptions, signIn } from './sign-in.ts'

const resource = 'https://ehr.clinic.example.org/mcp'
let issuer: string
let server: Server
let ca: string
let own: KeyPair

beforeAll(async () => {
  const agents = await authority('agents')
  ca = agents.cert
  own = await agents.issue('agent')
  const tls = { ...(await agents.issue('login', ['localhost'])), clientCa: ca }
  const made = await serveProvider({
    issuer: (port) => `https://localhost:${port}`,
    tls,
    resources: [resource],
    port: 0,
    testMode: true,
  })
  issuer = made.issuer
  server = made.server
})

afterAll(() => server.close())

const tokenOf = async (asked: Partial<SignInOptions> = {}) =>
  (await signIn({ issuer, tls: { ...own, ca }, person: 'clinician', resource, ...asked })).accessToken

/** The claims, after the signature was verified with the keys that the provider publishes. */
async function claims(token: string): Promise<Record<string, unknown>> {
  const dispatcher = dispatcherOf({ ca })
  const keys = (await (await request(`${issuer}/jwks`, { dispatcher })).body.json()) as JSONWebKeySet
  await dispatcher.close()
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), {
    issuer,
    audience: resource,
  })
  expect(protectedHeader).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
  return payload
}

test('a token says who signed in, in which role, for what, and is bound to the certificate of the request', async () => {
  const seen = await claims(await tokenOf())

  const thumbprint = createHash('sha256').update(new X509Certificate(own.cert).raw).digest('base64url')
  expect(seen).toMatchObject({
    sub: 'clinician',
    roles: ['Clinician'],
    purpose_of_use: 'TREAT',
    scope: 'ehr.read',
    amr: ['pwd', 'otp', 'mfa'],
    cnf: { 'x5t#S256': thumbprint },
  })
  expect(Math.abs(Number(seen['auth_time']) - Date.now() / 1000)).toBeLessThan(10)
})

test('a sign-in by password alone does not claim a second factor', async () => {
  expect(await claims(await tokenOf({ mfa: false }))).toMatchObject({ amr: ['pwd'] })
})

test('in test mode a sign-in can lie back', async () => {
  const seen = await claims(await tokenOf({ secondsAgo: 40_000 }))

  expect(Date.now() / 1000 - Number(seen['auth_time'])).toBeGreaterThan(39_000)
})

test('no token is given without a certificate that agents’ authority issued', async () => {
  await expect(tokenOf({ tls: { ca } })).rejects.toThrow(/invalid_grant|certificate/i)
  const stranger = await (await authority('somebody else')).issue('agent')
  await expect(tokenOf({ tls: { ...stranger, ca } })).rejects.toThrow(/invalid_grant|certificate/i)
})

test('a resource that nobody knows gets no token', async () => {
  await expect(tokenOf({ resource: 'https://elsewhere.example.org/mcp' })).rejects.toThrow('unknown resource')
})

test('a person who is unknown is refused', async () => {
  await expect(tokenOf({ person: 'nobody' })).rejects.toThrow('name or password is wrong')
})

test('one-time codes are those of RFC 6238, appendix B, and last a step to either side', () => {
  expect(oneTimeCode('12345678901234567890', 59)).toBe('287082')
  expect(oneTimeCode('12345678901234567890', 1_111_111_109)).toBe('081804')
  expect(codeFits('12345678901234567890', '287082', 85)).toBe(true)
  expect(codeFits('12345678901234567890', '287082', 130)).toBe(false)
})
