// Tokens that a real OpenID provider issues, and a client that does what challenges say until it is served.

import type { Server } from 'node:https'
import type { JSONWebKeySet } from 'jose'
import { request } from 'undici'
import { afterAll, beforeAll, expect } from 'vitest'
import type { Policy } from '../../../core/policy.ts'
import { authority } from '../../sample/certificates.ts'
import { serveProvider } from '../../sample/identity-provider.ts'
import { dispatcherOf, type SignInOptions, signIn } from '../../sample/sign-in.ts'
import { aPolicy, aRole, audience } from '../../support/policy.ts'
import { aProver } from '../../support/proofs.ts'
import { aScene, caller, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let provider: Server
let issuer: string
let ca: string
let scene: Scene
let policy: Partial<Policy>
beforeAll(async () => {
  const own = await authority('the provider’s own')
  ca = own.cert
  const callers = await aScene()
  await callers.end()
  const tls = { ...(await own.issue('login', ['localhost'])), clientCa: callers.callersCa.cert }
  const made = await serveProvider({
    issuer: (port) => `https://localhost:${port}`,
    tls,
    resources: [audience],
    port: 0,
    testMode: true,
  })
  provider = made.server
  issuer = made.issuer
  const dispatcher = dispatcherOf({ ca })
  const keys = (await (await request(`${issuer}/jwks`, { dispatcher })).body.json()) as JSONWebKeySet
  await dispatcher.close()
  policy = {
    issuers: [
      {
        url: issuer,
        audience,
        provider: 'Generic',
        algorithms: ['ES256'],
        rolesClaim: '/roles',
        mfa: { acr: ['mfa'], amr: [] },
      },
    ],
    roles: [aRole({ when: { role: 'Clinician', scopes: ['ehr.read'], actor: 'Forbidden' } })],
  }
  scene = await aScene({ policy, jwks: { [issuer]: keys } })
})
afterAll(async () => {
  await scene.end()
  provider.closeAllConnections()
  provider.close()
})

const login = async (asked: Partial<SignInOptions>) => {
  const tls = { ...(await caller()), ca }
  return (await signIn({ issuer, tls, person: 'clinician', resource: audience, ...asked })).accessToken
}

/** What a client reads out of a challenge. */
function challengeIn(header: unknown): { [name: string]: string } {
  const found = String(header).matchAll(/([a-z_]+)="([^"]*)"/g)
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [name, value]))
}

/** Calls, and logs in again as the challenge says, once. Returns the statuses. */
async function persistent(first: Partial<SignInOptions>): Promise<number[]> {
  const reply = await scene.ask({ token: await login(first) })
  const { error, acr_values: acr = '', max_age: maxAge } = challengeIn(reply.headers['www-authenticate'])
  if (error !== 'insufficient_user_authentication') return [reply.status]
  expect(Number(maxAge)).toBe(28_800)
  // The provider's own acr value for a one-time code; a new login is now, whatever the first one was.
  const again = await login({ mfa: acr.split(' ').includes('mfa') })
  return [reply.status, (await scene.ask({ token: again })).status]
}

verifies(
  'authentication:step-up',
  'a real provider’s client follows it to success: password alone',
  async () => {
    expect(await persistent({ mfa: false })).toEqual([401, 200])
  },
)

verifies(
  'authentication:step-up',
  'a real provider’s client follows it to success: a login too old',
  async () => {
    expect(await persistent({ secondsAgo: 40_000 })).toEqual([401, 200])
  },
)

verifies('authentication:mfa', 'a real provider’s login with a one-time code needs no step-up', async () => {
  expect(await persistent({})).toEqual([200])
  expect(scene.trail.of('intent').at(-1)?.who).toMatchObject({
    sub: 'clinician',
    iss: issuer,
    mfa: { rule: 'generic-acr', value: 'mfa', grade: 'configured' },
  })
})

verifies(
  'authentication:dpop',
  'a real provider’s token, bound to a key, is served with its proof',
  async () => {
    scene.use(aPolicy({ ...policy, binding: 'DPoP' }))
    const host = `localhost:${scene.port}`
    const prover = await aProver(`https://${host}/mcp`)
    const token = await login({
      proof: async (htu) => await prover.proof('', undefined, { htu, ath: undefined }),
    })
    const ask = async (nonce: string | undefined) =>
      await scene.ask({
        token: null,
        headers: { host, authorization: `DPoP ${token}`, dpop: await prover.proof(token, nonce) },
      })

    const first = await ask(undefined)
    const second = await ask(String(first.headers['dpop-nonce']))

    expect([first.status, challengeIn(first.headers['www-authenticate'])['error']]).toEqual([
      401,
      'use_dpop_nonce',
    ])
    expect([second.status, second.json['error']]).toEqual([200, undefined])
    expect(scene.trail.of('intent').at(-1)?.who).toMatchObject({ sub: 'clinician', key: prover.jkt })
    // The same token without a proof of its key, as who stole it would send it.
    expect((await scene.ask({ token, headers: { host } })).status).toBe(401)
    scene.use(aPolicy(policy))
  },
)
