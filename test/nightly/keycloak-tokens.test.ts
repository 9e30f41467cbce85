// Tokens that Keycloak issues, through its own login pages, and what a sidecar makes of them.

import { setTimeout as sleep } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import type { Policy } from '../../core/policy.ts'
import { fetchKeySet } from '../../operator/jwks.ts'
import { agentClient } from '../sample/accounts.ts'
import { aPerson, type Person } from '../support/keycloak/person.ts'
import { makeRealm, service } from '../support/keycloak/realm.ts'
import { type Keycloak, startKeycloak } from '../support/keycloak/server.ts'
import { type LoginOptions, logIn, type Tokens, tokens } from '../support/keycloak/sign-in.ts'
import { aPolicy, aRole, audience } from '../support/policy.ts'
import { aProver } from '../support/proofs.ts'
import { type Asking, aScene, caller, type Scene, thumbprint } from '../support/scene.ts'
import { verifies } from '../verifies.ts'

let keycloak: Keycloak
let issuer: string
/** Of a realm in which nobody named a level. */
let plain: string
let scene: Scene
let policy: Partial<Policy>
const people: Person[] = []

const trusted = (url: string, acr: string[]): Policy['issuers'][number] => ({
  url,
  audience,
  provider: 'Keycloak',
  algorithms: ['RS256'],
  rolesClaim: '/realm_access/roles',
  mfa: { acr, amr: [] },
})

beforeAll(async () => {
  const callers = await aScene()
  await callers.end()
  keycloak = await startKeycloak([callers.callersCa.cert])
  issuer = await makeRealm(keycloak, { resource: audience })
  plain = await makeRealm(keycloak, { resource: audience, levels: false, name: 'plain' })
  console.log(`    Keycloak was up in ${keycloak.seconds.toFixed(0)} s`)
  policy = {
    // Whoever names such values has not helped themselves.
    issuers: [trusted(issuer, ['gold']), trusted(plain, ['1', '0'])],
    roles: [aRole({ when: { role: 'Clinician', scopes: ['ehr.read'], actor: 'Forbidden' } })],
    purpose: { claim: '/purpose_of_use' },
    training: { claim: '/hipaa_training_date', maxAgeSeconds: 365 * 86_400 },
  }
  const keysOf = async (url: string) => await fetchKeySet({ url, ca: keycloak.ca }, 10_000)
  scene = await aScene({ policy, jwks: { [issuer]: await keysOf(issuer), [plain]: await keysOf(plain) } })
}, 600_000)
afterAll(async () => {
  if (keycloak !== undefined) console.log(`    Keycloak held ${keycloak.memory()} MiB`)
  for (const one of people) await one.close()
  await scene?.end()
  await keycloak?.stop()
}, 60_000)
beforeEach(() => scene.use(aPolicy(policy)))

/** At a browser of their own, where nobody is logged in. */
function someone(name = 'clinician'): Person {
  const person = aPerson({ name, ca: keycloak.ca, until: agentClient.redirect })
  people.push(person)
  return person
}

const login = async (person: Person, asked: Partial<LoginOptions> = {}): Promise<Tokens> =>
  await logIn({ issuer, person, tls: { ...(await caller()), ca: keycloak.ca }, ...asked })

const ask = async (token: string, asking: Asking = {}) => await scene.ask({ token, ...asking })

/** What a client reads out of a challenge. */
function challengeIn(header: unknown): { [name: string]: string } {
  const found = String(header).matchAll(/([a-z_]+)="([^"]*)"/g)
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [name, value]))
}

const reasonIn = (reply: { json: Record<string, unknown> }): unknown =>
  (reply.json['error'] as { data?: { reason?: unknown } } | undefined)?.data?.reason

verifies(
  'authentication:step-up',
  'Keycloak’s client follows it from the password to the one-time code',
  async () => {
    const person = someone()
    const refused = await ask((await login(person)).access_token)
    const {
      error,
      acr_values: acr = '',
      max_age: maxAge = '',
    } = challengeIn(refused.headers['www-authenticate'])

    expect([refused.status, reasonIn(refused), error]).toEqual([
      401,
      'mfa-missing',
      'insufficient_user_authentication',
    ])
    expect([acr, maxAge, person.typed]).toEqual(['gold', '28800', ['password']])

    const { access_token: token } = await login(person, { asking: { acr_values: acr, max_age: maxAge } })
    const served = await ask(token)

    expect([served.status, served.json['error']]).toEqual([200, undefined])
    // The second factor alone: the password of a moment ago still counts.
    expect(person.typed).toEqual(['password', 'code'])
    const { sub, auth_time: since, jti } = decodeJwt(token)
    expect(scene.trail.of('intent').at(-1)?.who).toMatchObject({
      sub,
      iss: issuer,
      clientId: agentClient.id,
      token: jti,
      mfa: { rule: 'keycloak-acr', value: 'gold', grade: 'configured', authTime: since },
      training: expect.stringMatching(/^\d{4}-/),
    })
    expect(scene.trail.of('intent').at(-1)).toMatchObject({ purpose: 'TREAT' })
  },
)

verifies('authentication:step-up', 'a login at Keycloak that is too old is made anew, whole', async () => {
  scene.use(aPolicy({ ...policy, mfa: { maxAgeSeconds: 15 } }))
  const person = someone()
  const gold = { acr_values: 'gold' }
  expect((await ask((await login(person, { asking: gold })).access_token)).status).toBe(200)
  await sleep(16_000)

  // The same login again: Keycloak knows the person by a cookie, and says when they logged in.
  const refused = await ask((await login(person, { asking: gold })).access_token)
  const { acr_values: acr = '', max_age: maxAge = '' } = challengeIn(refused.headers['www-authenticate'])
  expect([refused.status, reasonIn(refused), maxAge]).toEqual([401, 'mfa-too-old', '15'])
  expect(person.typed).toEqual(['password', 'code'])

  const { access_token: token } = await login(person, { asking: { acr_values: acr, max_age: maxAge } })

  expect((await ask(token)).status).toBe(200)
  expect(person.typed).toEqual(['password', 'code', 'password', 'code'])
})

verifies('authentication:mfa', 'a refresh at Keycloak makes no login younger', async () => {
  const tls = { ...(await caller()), ca: keycloak.ca }
  const first = await login(someone(), { asking: { acr_values: 'gold' } })
  await sleep(2_000)
  const renewed = await tokens({
    issuer,
    tls,
    body: { grant_type: 'refresh_token', client_id: agentClient.id, refresh_token: first.refresh_token },
  })

  const served = await ask(renewed.access_token)
  expect([served.status, served.json['error']]).toEqual([200, undefined])
  const [before, after] = [decodeJwt(first.access_token), decodeJwt(renewed.access_token)]
  expect([after['auth_time'], after['acr']]).toEqual([before['auth_time'], 'gold'])
  expect(after.iat).toBeGreaterThan(before.iat ?? 0)
  expect(scene.trail.of('intent').at(-1)?.who.mfa.authTime).toBe(before['auth_time'])
})

verifies(
  'authentication:mfa',
  'in a realm without levels no login of Keycloak’s counts, whatever the policy names',
  async () => {
    const person = someone()
    const [typed, known] = [await login(person, { issuer: plain }), await login(person, { issuer: plain })]

    // The person gave a one-time code, and the token does not say so.
    expect(person.typed).toEqual(['password', 'code'])
    expect([typed, known].map(({ access_token: token }) => decodeJwt(token)['acr'])).toEqual(['1', '0'])
    for (const { access_token: token } of [typed, known])
      expect(reasonIn(await ask(token))).toBe('mfa-missing')
  },
)

verifies(
  'authentication:mfa',
  'a service account of Keycloak’s is refused, though its token names a level that the policy takes',
  async () => {
    const [own, ...others] = policy.issuers ?? []
    if (own === undefined) throw new Error('The policy has no issuer')
    // A mistake: the first level is stated of everything.
    scene.use(aPolicy({ ...policy, issuers: [{ ...own, mfa: { acr: ['silver'], amr: [] } }, ...others] }))
    const tls = { ...(await caller()), ca: keycloak.ca }
    const tokenOf = async (id: string): Promise<string> => {
      const asked = { client_id: id, client_secret: service.secret, scope: 'ehr.read' }
      return (await tokens({ issuer, tls, body: { grant_type: 'client_credentials', ...asked } }))
        .access_token
    }
    const [named, unnamed] = [await tokenOf(service.id), await tokenOf(service.unnamedId)]

    expect([named, unnamed].map((token) => decodeJwt(token)['acr'])).toEqual(['silver', 'silver'])
    expect(reasonIn(await ask(named))).toBe('token-not-a-person')
    // Nothing in it says whose it is, and nothing when anybody logged in.
    expect(reasonIn(await ask(unnamed))).toBe('mfa-missing')
  },
)

verifies('authentication:token', 'Keycloak’s ID and refresh tokens are no access tokens', async () => {
  const { id_token: id, refresh_token: refresh } = await login(someone(), { asking: { acr_values: 'gold' } })

  expect(reasonIn(await ask(id))).toBe('token-audience')
  expect(reasonIn(await ask(refresh))).toBe('token-algorithm')
})

verifies('authentication:bound', 'Keycloak’s token is good over its certificate and no other', async () => {
  const { access_token: token } = await login(someone(), { asking: { acr_values: 'gold' } })
  const other = await scene.agent(await caller('another agent'))

  expect(decodeJwt(token)['cnf']).toEqual({ 'x5t#S256': thumbprint(await caller()) })
  expect((await ask(token)).status).toBe(200)
  const reply = await ask(token, { agent: other })
  expect([reply.status, reasonIn(reply)]).toEqual([401, 'token-unbound'])
})

verifies('authentication:bound', 'Keycloak gives no token that is bound to nothing', async () => {
  const gold = { acr_values: 'gold' }

  await expect(login(someone(), { asking: gold, tls: { ca: keycloak.ca } })).rejects.toThrow(
    'invalid_request',
  )
  await expect(login(someone(), { asking: gold, client: agentClient.dpopId })).rejects.toThrow(
    'DPoP proof is missing',
  )
})

verifies('authentication:dpop', 'Keycloak’s token is good with a proof of its key and no other', async () => {
  scene.use(aPolicy({ ...policy, binding: 'DPoP' }))
  const host = `localhost:${scene.port}`
  const [own, thief] = [await aProver(`https://${host}/mcp`), await aProver(`https://${host}/mcp`)]
  const { access_token: token, token_type: type } = await login(someone(), {
    client: agentClient.dpopId,
    asking: { acr_values: 'gold' },
    proof: async (htu) => await own.proof('', undefined, { htu, ath: undefined }),
  })
  const signed = async (by: typeof own, nonce: string | undefined) =>
    await scene.ask({
      token: null,
      headers: { host, authorization: `DPoP ${token}`, dpop: await by.proof(token, nonce) },
    })
  const first = await signed(own, undefined)
  const nonce = String(first.headers['dpop-nonce'])

  expect([type, decodeJwt(token)['typ'], decodeJwt(token)['cnf']]).toEqual(['DPoP', 'DPoP', { jkt: own.jkt }])
  expect(challengeIn(first.headers['www-authenticate'])['error']).toBe('use_dpop_nonce')
  const served = await signed(own, nonce)
  expect([served.status, served.json['error']]).toEqual([200, undefined])
  expect(scene.trail.of('intent').at(-1)?.who).toMatchObject({ key: own.jkt, mfa: { value: 'gold' } })

  const stolen = await signed(thief, String(served.headers['dpop-nonce'] ?? nonce))
  expect([stolen.status, reasonIn(stolen)]).toEqual([401, 'proof-refused'])
  expect((await scene.ask({ token, headers: { host } })).status).toBe(401)
})

verifies(
  'authentication:training',
  'Keycloak’s mapper carries the date, and an old one is refused',
  async () => {
    const { access_token: token } = await login(someone('untrained'), { asking: { acr_values: 'gold' } })

    expect(reasonIn(await ask(token))).toBe('training-too-old')
  },
)
