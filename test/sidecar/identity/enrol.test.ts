// From a login to a client certificate: the sidecar's discovery port, and behind it what the operator does.

import { createHash, X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { calculateJwkThumbprint, exportJWK } from 'jose'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { certificateRequest, newKey, type OwnKey, pemOf } from '../../../core/csr.ts'
import { personOf } from '../../../core/identity/person.ts'
import { type Policy, policyText } from '../../../core/policy.ts'
import type { Orders as Told } from '../../../core/wire.ts'
import { type Authority, makeAuthority } from '../../../operator/authority/ca.ts'
import { answerEnrolment } from '../../../operator/channel/enrol.ts'
import { newKeySets } from '../../../operator/channel/key-sets.ts'
import { ChannelRefusal } from '../../../operator/channel/refused.ts'
import { type Discovery, discoveryServer } from '../../../sidecar/discovery.ts'
import { enrolling } from '../../../sidecar/enrol.ts'
import { aPolicy, issuerUrl } from '../../support/policy.ts'
import { aScene, caller, type Scene, thumbprint } from '../../support/scene.ts'
import { anIssuer, now } from '../../support/tokens.ts'
import { verifies } from '../../verifies.ts'

const host = 'ehr.clinic.example'
let clients: Authority
let scene: Scene
let discovery: Discovery
let policy: Partial<Policy>
const revocations: Told['revocations'] = []
/** What the channel does besides answering. */
const channel = { away: false, asked: [] as string[] }

beforeAll(async () => {
  clients = await makeAuthority('hipaa-mcp-client-ca', Date.now())
  policy = {
    discovery: { port: 8444, enrols: true },
    tls: { minVersion: 'TLSv1.3', clientCa: clients.pem },
  }
  scene = await aScene({ policy })
})
beforeEach(async () => {
  channel.away = false
  channel.asked.length = 0
  revocations.length = 0
  scene.orders.revocations.set([])
  scene.trail.entries.length = 0
  scene.trail.fail = {}
  scene.use(aPolicy(policy))
  await discovery?.close()
  const { key, cert } = scene.serverPair
  // A new one each time: what it counts is its own.
  discovery = discoveryServer({
    orders: scene.orders,
    trail: scene.trail,
    watch: {},
    tls: { key, cert, minVersion: 'TLSv1.3' },
    hosts: () => [host],
    enrol: enrolling({ orders: scene.orders, trail: scene.trail, link: { request: operator } }),
  })
  await new Promise<void>((resolve) => discovery.server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await discovery.close()
  await scene.end()
})

/** Orders as the operator of this scene has them. */
function told(changes: Partial<Policy> = {}): Told {
  const { inForce } = scene.orders.standing()
  return {
    generation: 1,
    policy: policyText({
      ...(inForce?.policy ?? aPolicy()),
      tls: { minVersion: 'TLSv1.3', clientCa: clients.pem },
      ...changes,
    }),
    keys: { hashes: '', patients: '', seal: '' },
    jwks: { ...inForce?.jwks },
    agreements: [],
    grants: [],
    revocations,
    volumeRetained: false,
  }
}

const who = { namespace: 'clinic', server: 'ehr', podUid: 'uid-1' }
const noOther = () => async () => await Promise.resolve(undefined)
const signing = async (body: string, orders: Told | undefined = told()) =>
  await answerEnrolment({ orders: { for: () => orders }, clients, newKeySet: noOther }, who, body)

/** The channel, without its transport. */
const operator: Parameters<typeof enrolling>[0]['link']['request'] = async ({ body = '' }) => {
  if (channel.away) throw new Error('connect ECONNREFUSED')
  channel.asked.push(String(body))
  const [statusCode, said] = await signing(String(body)).then(
    (answer) => [200, answer] as const,
    (why: unknown) => {
      if (!(why instanceof ChannelRefusal)) throw why
      return [why.status, { message: why.message, reason: why.reason }] as const
    },
  )
  const text = JSON.stringify(said)
  return {
    statusCode,
    body: Object.assign((async function* () {})(), {
      text: async () => await Promise.resolve(text),
      json: async () => await Promise.resolve(JSON.parse(text) as unknown),
      dump: async () => await Promise.resolve(),
    }),
  }
}

type Reply = {
  status: number
  headers: Record<string, unknown>
  json: { certificate?: string; error?: { data?: { reason?: string } } }
}

async function enrol(
  token: string | null,
  body: object | string = { csr: certificateRequest(newKey()) },
  more: { method?: string; headers?: object } = {},
): Promise<Reply> {
  const { port } = discovery.server.address() as AddressInfo
  return await new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path: '/v1/enrol',
        method: more.method ?? 'POST',
        agent: false,
        ca: scene.serversCa.cert,
        servername: 'localhost',
        headers: {
          host: `${host}:8444`,
          'content-type': 'application/json',
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...more.headers,
        },
      },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += String(chunk)))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            json: JSON.parse(text) as Reply['json'],
          }),
        )
      },
    )
    asked.once('error', reject)
    asked.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
}

/** A token of a login a minute ago that is bound to nothing. */
const fresh = async (claims: Record<string, unknown> = {}) => await scene.token({ cnf: undefined, ...claims })
const jktOf = async ({ publicKey }: OwnKey) => await calculateJwkThumbprint(await exportJWK(publicKey))
const reasonOf = ({ json }: Reply) => json.error?.data?.reason

verifies(
  'authentication:enrolment',
  'the certificate is the person’s, for clients only, and short',
  async () => {
    const key = newKey()

    const { status, json, headers } = await enrol(await fresh(), { csr: certificateRequest(key) })

    expect([status, headers['cache-control']]).toEqual([200, 'no-store'])
    const leaf = new X509Certificate(json.certificate ?? '')
    expect(leaf.verify(new X509Certificate(clients.pem).publicKey)).toBe(true)
    expect(leaf.checkPrivateKey(key.privateKey)).toBe(true)
    expect(personOf(leaf.subjectAltName)).toEqual({ server: 'clinic/ehr', iss: issuerUrl, sub: 'nurse-7' })
    expect([leaf.keyUsage, leaf.ca]).toEqual([['1.3.6.1.5.5.7.3.2'], false])
    const hours = (leaf.validToDate.getTime() - Date.now()) / 3_600_000
    expect(hours).toBeLessThanOrEqual(8)
    expect(hours).toBeGreaterThan(7.9)
  },
)

verifies(
  'authentication:issuers',
  'a replica of the operator that has not seen a new key looks for it before it refuses a person',
  async () => {
    const body = JSON.stringify({ token: await fresh(), csr: certificateRequest(newKey()) })
    const { jwks } = await anIssuer()
    const before = { keys: jwks.keys.map((key) => ({ ...key, kid: 'before' })) }
    const replica = { jwks: { [issuerUrl]: before } as Told['jwks'], asked: [] as unknown[], finds: true }
    const listeners = new Set<() => void>()
    const orders = {
      for: () => ({ ...told(), jwks: replica.jwks }),
      subscribe: (_namespace: string, _name: string, listener: () => void) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }
    const unknownKey = (...of: unknown[]) => {
      replica.asked.push(of)
      // Found a moment later, as an issuer answers.
      setTimeout(() => {
        if (replica.finds) replica.jwks = told().jwks
        for (const listener of listeners) listener()
      }, 20)
    }
    const newKeySet = newKeySets({ orders, unknownKey, patience: 100 })
    const enrolled = async () => await answerEnrolment({ orders, clients, newKeySet }, who, body)

    replica.finds = false
    await expect(enrolled()).rejects.toMatchObject({ reason: 'token-signature' })
    replica.finds = true
    const { certificate } = await enrolled()

    expect(new X509Certificate(certificate).verify(new X509Certificate(clients.pem).publicKey)).toBe(true)
    expect(replica.asked).toEqual([
      ['clinic', 'ehr', issuerUrl],
      ['clinic', 'ehr', issuerUrl],
    ])
    expect(listeners.size).toBe(0)
  },
)

verifies('authentication:enrolment', 'over it a token that is bound to it is good', async () => {
  const key = newKey()
  const { json } = await enrol(await fresh(), { csr: certificateRequest(key) })
  const pair = { key: pemOf(key), cert: json.certificate ?? '' }
  const agent = await scene.agent(pair)

  const own = await scene.ask({ agent, token: await scene.token({}, pair) })
  const others = await scene.ask({ agent, token: await scene.token({}, await caller()) })

  const colleague = await scene.ask({ agent, token: await scene.token({ sub: 'nurse-8' }, pair) })

  expect([own.status, others.status, colleague.status]).toEqual([200, 401, 401])

  // Another server may trust other keys for the same issuer: what it enrolled proves nothing here, nor this one there.
  const { inForce } = scene.orders.standing()
  if (inForce === undefined) throw new Error('no policy')
  scene.use({ ...inForce.policy, server: { namespace: 'elsewhere', name: 'ehr' } })
  expect((await scene.ask({ agent, token: await scene.token({}, pair) })).status).toBe(401)
  scene.use(inForce.policy)
  expect((await scene.ask({ agent, token: await scene.token({}, pair) })).status).toBe(200)
})

verifies(
  'authentication:enrolment',
  'who got which certificate until when is recorded before it leaves',
  async () => {
    const { json } = await enrol(await fresh())

    const leaf = new X509Certificate(json.certificate ?? '')
    expect(scene.trail.of('enrolment')).toMatchObject([
      {
        who: {
          iss: issuerUrl,
          sub: 'nurse-7',
          certificate: createHash('sha256').update(leaf.raw).digest('base64url'),
          mfa: { value: 'gold' },
        },
        until: leaf.validToDate.toISOString(),
      },
    ])
  },
)

verifies('authentication:enrolment', 'no record, no certificate', async () => {
  scene.trail.fail = { note: 'keeps and rejects' }

  const reply = await enrol(await fresh())

  expect([reply.status, reasonOf(reply), reply.json.certificate]).toEqual([
    503,
    'trail-unavailable',
    undefined,
  ])
})

verifies('authentication:enrolment', 'it ends no later than the login is worth something', async () => {
  scene.use(aPolicy({ ...policy, mfa: { maxAgeSeconds: 1_800 } }))

  const { json } = await enrol(await fresh({ auth_time: now() - 200 }))

  const left = (new X509Certificate(json.certificate ?? '').validToDate.getTime() - Date.now()) / 1000
  expect(left).toBeLessThanOrEqual(1_600)
  expect(left).toBeGreaterThan(1_580)
})

const bad: { what: string; claims: Record<string, unknown>; reason: string; header?: object }[] = [
  { what: 'a login of six minutes ago', claims: { auth_time: now() - 360 }, reason: 'mfa-too-old' },
  { what: 'a login by one factor', claims: { acr: '1' }, reason: 'mfa-missing' },
  { what: 'a token for another server', claims: { aud: 'https://other.example' }, reason: 'token-audience' },
  { what: 'a token that is over', claims: { exp: now() - 100 }, reason: 'token-expired' },
  { what: 'a token of a program', claims: { sub: 'agent' }, reason: 'token-not-a-person' },
  { what: 'a service that acts', claims: { act: { sub: 'scribe' } }, reason: 'token-not-a-person' },
  { what: 'a person without a role', claims: { realm_access: { roles: [] } }, reason: 'role-missing' },
]
for (const { what, claims, reason } of bad)
  verifies('authentication:enrolment', `${what} gets none, and that is recorded`, async () => {
    const reply = await enrol(await fresh(claims))

    expect(reasonOf(reply)).toBe(reason)
    expect(scene.trail.entries).toMatchObject([{ kind: 'refusal', reason }])
    expect(channel.asked).toEqual([])
  })

// The sidecar does not know of roles alone: everything else the operator finds out by itself.
for (const { what, claims, reason } of bad.filter(({ reason: one }) => one !== 'role-missing'))
  verifies('authentication:enrolment', `the operator believes no sidecar: ${what}`, async () => {
    const body = JSON.stringify({ token: await fresh(claims), csr: certificateRequest(newKey()) })

    await expect(signing(body)).rejects.toMatchObject({ reason })
  })

verifies(
  'authentication:enrolment',
  'the operator signs for no token of a key that is not the issuer’s',
  async () => {
    const [head, body] = (await fresh()).split('.')
    const forged = JSON.stringify({
      token: `${head}.${body}.${Buffer.alloc(64, 7).toString('base64url')}`,
      csr: certificateRequest(newKey()),
    })

    await expect(signing(forged)).rejects.toMatchObject({ reason: 'token-signature' })
  },
)

verifies('authentication:enrolment', 'a step-up challenge says how to log in', async () => {
  const { status, headers } = await enrol(await fresh({ auth_time: now() - 360 }))

  expect(status).toBe(401)
  expect(headers['www-authenticate']).toMatch(
    /error="insufficient_user_authentication", acr_values="gold", max_age="300"/,
  )
})

const ended: { kind: Told['revocations'][number]['kind']; value: string; reason: string }[] = [
  { kind: 'person', value: `${issuerUrl} nurse-7`, reason: 'person-revoked' },
  { kind: 'client', value: 'agent', reason: 'client-revoked' },
  { kind: 'token', value: 'token-1', reason: 'token-revoked' },
]
for (const { kind, value, reason } of ended)
  verifies('authentication:enrolment', `a revoked ${kind} gets none, of sidecar or operator`, async () => {
    const token = await fresh()
    revocations.push({ kind, value })

    await expect(signing(JSON.stringify({ token, csr: certificateRequest(newKey()) }))).rejects.toMatchObject(
      { reason },
    )
    expect(reasonOf(await enrol(token))).toBe(reason)
    scene.orders.revocations.set(revocations)
    channel.asked.length = 0
    expect(reasonOf(await enrol(token))).toBe(reason)
    expect(channel.asked).toEqual([])
  })

verifies('authentication:enrolment', 'a token that is bound certifies no key but its own', async () => {
  const [own, other] = [newKey(), newKey()]
  const pair = await caller()
  const csr = certificateRequest(own)
  const byKey = await fresh({ cnf: { jkt: await jktOf(own) } })
  const byOther = await fresh({ cnf: { jkt: await jktOf(other) } })
  // Bound to a certificate that is shown, of a key that did not sign the request.
  const byCertificate = await fresh({ cnf: { 'x5t#S256': thumbprint(pair) } })

  expect((await enrol(byKey, { csr })).status).toBe(200)
  expect(reasonOf(await enrol(byOther, { csr }))).toBe('enrol-key')
  expect(reasonOf(await enrol(byCertificate, { csr }))).toBe('enrol-key')
  expect(reasonOf(await enrol(byCertificate, { csr, certificate: pair.cert }))).toBe('enrol-key')
  expect(reasonOf(await enrol(await fresh({ cnf: { kid: 'x' } }), { csr }))).toBe('enrol-key')
})

verifies(
  'authentication:enrolment',
  'a token bound to an earlier certificate of the same key will do',
  async () => {
    const key = newKey()
    const csr = certificateRequest(key)
    const first = (await enrol(await fresh(), { csr })).json.certificate ?? ''
    const bound = await fresh({ cnf: { 'x5t#S256': thumbprint({ cert: first, key: '' }) } })

    expect((await enrol(bound, { csr, certificate: first })).status).toBe(200)
    expect(reasonOf(await enrol(bound, { csr }))).toBe('enrol-key')
  },
)

const malformed: [string, object | string][] = [
  ['no request', {}],
  ['a request that is none', { csr: 'x' }],
  ['a certificate that is none', { csr: certificateRequest(newKey()), certificate: 'x' }],
  ['no object', '[]'],
]
for (const [what, body] of malformed)
  verifies('authentication:enrolment', `${what} is refused`, async () => {
    expect(reasonOf(await enrol(await fresh(), body))).toBe('enrol-malformed')
  })

verifies(
  'authentication:enrolment',
  'what no program sends is refused: no token, web pages, GET, floods of bytes',
  async () => {
    const token = await fresh()

    expect(reasonOf(await enrol(null))).toBe('token-missing')
    expect(reasonOf(await enrol(token, {}, { headers: { origin: 'https://evil.example' } }))).toBe(
      'origin-refused',
    )
    expect(reasonOf(await enrol(token, {}, { headers: { 'content-type': 'text/plain' } }))).toBe(
      'content-type-refused',
    )
    expect(reasonOf(await enrol(token, '', { method: 'GET' }))).toBe('method-not-allowed')
    const much = { csr: 'x'.repeat(20_000) }
    expect(reasonOf(await enrol(token, much))).toBe('enrol-malformed')
    // Without a length it is known by being read.
    expect(reasonOf(await enrol(token, much, { headers: { 'transfer-encoding': 'chunked' } }))).toBe(
      'enrol-malformed',
    )
  },
)

verifies('authentication:enrolment', 'a person gets six a minute, an address twenty', async () => {
  const token = await fresh()

  for (let count = 0; count < 6; count += 1) expect((await enrol(token)).status).toBe(200)
  const seventh = await enrol(token)
  for (let count = 0; count < 13; count += 1) await enrol(null)
  const many = await enrol(await fresh({ sub: 'nurse-8' }))

  expect([seventh.status, reasonOf(seventh)]).toEqual([429, 'enrol-over-limit'])
  expect(Number(seventh.headers['retry-after'])).toBeGreaterThan(0)
  expect(reasonOf(many)).toBe('enrol-over-limit')
})

verifies(
  'authentication:enrolment',
  'where another CA’s certificates are taken there is none to get',
  async () => {
    scene.use(aPolicy({ ...policy, discovery: { port: 8444 } }))
    const body = JSON.stringify({ token: await fresh(), csr: certificateRequest(newKey()) })

    expect(reasonOf(await enrol(await fresh()))).toBe('path-unknown')
    await expect(signing(body)).rejects.toMatchObject({ reason: 'path-unknown' })
    await expect(
      signing(
        body,
        told({ discovery: { port: 8444, enrols: true }, tls: { minVersion: 'TLSv1.3', clientCa: 'other' } }),
      ),
    ).rejects.toMatchObject({ reason: 'path-unknown' })
  },
)

verifies('authentication:enrolment', 'a locked server and an operator that is away give none', async () => {
  const token = await fresh()
  const body = JSON.stringify({ token, csr: certificateRequest(newKey()) })
  await expect(signing(body, { ...told(), locked: 'lockdown' })).rejects.toMatchObject({ reason: 'locked' })
  await expect(
    answerEnrolment({ orders: { for: () => undefined }, clients, newKeySet: noOther }, who, body),
  ).rejects.toMatchObject({ status: 503 })

  channel.away = true
  const reply = await enrol(token)

  expect([reply.status, reasonOf(reply)]).toEqual([503, 'enrol-unavailable'])
})
