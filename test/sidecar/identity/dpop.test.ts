// Proof of possession of a key for each request, over mutual TLS.

import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { proofs, replays } from '../../../sidecar/identity/dpop.ts'
import { anInForce } from '../../support/in-force.ts'
import { aPolicy } from '../../support/policy.ts'
import { aProver, type TestProver } from '../../support/proofs.ts'
import { type Asking, aScene, caller, type Scene, thumbprint } from '../../support/scene.ts'
import { now } from '../../support/tokens.ts'
import { verifies } from '../../verifies.ts'

const host = 'ehr.clinic.example'
const htu = `https://${host}/mcp`
let scene: Scene
let prover: TestProver
let token: string
let nonce: string
beforeAll(async () => {
  scene = await aScene({ policy: { binding: 'DPoP' }, hosts: () => [host] })
  prover = await aProver(htu)
  token = await scene.token({ cnf: { jkt: prover.jkt } })
  nonce = String((await ask(await prover.proof(token, undefined))).headers['dpop-nonce'])
})
afterAll(async () => await scene.end())
beforeEach(() => {
  scene.forget()
})

const ask = async (dpop: string | undefined, more: Asking = {}, of = token, scheme = 'DPoP') =>
  await scene.ask({
    token: null,
    ...more,
    headers: {
      host,
      authorization: `${scheme} ${of}`,
      ...(dpop === undefined ? {} : { dpop }),
      ...more.headers,
    },
  })
const reasonOf = (reply: { json: Record<string, unknown> }) =>
  (reply.json['error'] as { data?: { reason?: string; rule?: string } } | undefined)?.data

verifies('authentication:dpop', 'a good proof is taken, and the record names the key', async () => {
  const reply = await ask(await prover.proof(token, nonce))

  expect(reply.json['error']).toBeUndefined()
  expect(scene.trail.of('intent')[0]?.who).toMatchObject({
    key: prover.jkt,
    certificate: thumbprint(await caller()),
  })
  expect(scene.upstream.asked[0]?.headers).not.toHaveProperty('dpop')
})

for (const alg of ['RS256', 'PS256', 'EdDSA'])
  verifies('authentication:dpop', `a proof by ${alg}`, async () => {
    const other = await aProver(htu, alg)
    const bound = await scene.token({ cnf: { jkt: other.jkt } })

    expect((await ask(await other.proof(bound, nonce), {}, bound)).json['error']).toBeUndefined()
  })

verifies('authentication:dpop', 'without a nonce it is asked for, and the next try succeeds', async () => {
  const first = await ask(await prover.proof(token, undefined))

  expect([first.status, reasonOf(first)?.reason]).toEqual([401, 'proof-nonce'])
  expect(first.headers['www-authenticate']).toBe(
    'DPoP error="use_dpop_nonce", algs="RS256 PS256 ES256 EdDSA"',
  )
  const given = String(first.headers['dpop-nonce'])
  expect((await ask(await prover.proof(token, given))).json['error']).toBeUndefined()
})

verifies('authentication:dpop', 'a proof is good once', async () => {
  const proof = await prover.proof(token, nonce)
  expect((await ask(proof)).json['error']).toBeUndefined()

  const again = await ask(proof)

  expect([again.status, reasonOf(again)?.reason]).toEqual([401, 'proof-replayed'])
  expect(scene.trail.of('refusal')).toMatchObject([{ reason: 'proof-replayed', stage: 'authenticate' }])
  expect(scene.upstream.asked).toHaveLength(1)
})

verifies(
  'authentication:dpop',
  'a proof and token that got out are of no use over another certificate',
  async () => {
    const thief = await scene.agent(await caller('thief'))

    const reply = await ask(await prover.proof(token, nonce), { agent: thief })

    expect(reasonOf(reply)?.reason).toBe('proof-nonce')
  },
)

verifies('authentication:dpop', 'no proof at all', async () => {
  const reply = await ask(undefined)

  expect([reply.status, reasonOf(reply)?.reason]).toEqual([401, 'proof-missing'])
  expect(reply.headers['www-authenticate']).toContain('DPoP error="invalid_dpop_proof"')
  // Not that of before, when another period has begun in between.
  const given = String(reply.headers['dpop-nonce'])
  expect((await ask(await prover.proof(token, given))).json['error']).toBeUndefined()
})

verifies('authentication:dpop', 'the same token under the scheme Bearer', async () => {
  const reply = await ask(await prover.proof(token, nonce), {}, token, 'Bearer')

  expect([reply.status, reasonOf(reply)?.reason]).toEqual([401, 'token-missing'])
  expect(reply.headers['www-authenticate']).toMatch(/^DPoP /)
})

const wrong: { when: string; claims?: object; header?: object; rule: string }[] = [
  { when: 'another method', claims: { htm: 'GET' }, rule: 'htm' },
  { when: 'another host', claims: { htu: 'https://evil.example/mcp' }, rule: 'htu' },
  { when: 'another path', claims: { htu: `https://${host}/other` }, rule: 'htu' },
  { when: 'plain http', claims: { htu: `http://${host}/mcp` }, rule: 'htu' },
  { when: 'another port', claims: { htu: `https://${host}:8443/mcp` }, rule: 'htu' },
  { when: 'a user in its address', claims: { htu: `https://a@${host}/mcp` }, rule: 'htu' },
  { when: 'no address', claims: { htu: undefined }, rule: 'htu' },
  { when: 'another token', claims: { ath: 'A'.repeat(43) }, rule: 'ath' },
  { when: 'no token', claims: { ath: undefined }, rule: 'ath' },
  { when: 'two minutes ago', claims: { iat: now() - 120 }, rule: 'iat' },
  { when: 'two minutes ahead', claims: { iat: now() + 120 }, rule: 'iat' },
  { when: 'no time', claims: { iat: undefined }, rule: 'iat' },
  { when: 'no name of its own', claims: { jti: undefined }, rule: 'jti' },
  { when: 'a name without end', claims: { jti: 'x'.repeat(300) }, rule: 'jti' },
  { when: 'an end that is past', claims: { exp: now() - 120 }, rule: 'signature' },
  { when: 'another kind of token', header: { typ: 'JWT' }, rule: 'typ' },
  { when: 'no key', header: { jwk: undefined }, rule: 'jwk' },
  { when: 'a symmetric key', header: { jwk: { kty: 'oct', k: 'c2VjcmV0' } }, rule: 'jwk' },
]
for (const { when, claims, header, rule } of wrong)
  verifies('authentication:dpop', `a proof for ${when} is refused`, async () => {
    const reply = await ask(await prover.proof(token, nonce, claims, header))

    expect([reply.status, reasonOf(reply)]).toMatchObject([401, { reason: 'proof-refused', rule }])
    expect(scene.upstream.asked).toEqual([])
  })

verifies('authentication:dpop', 'a proof with a private key in it is refused', async () => {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })

  const reply = await ask(await prover.proof(token, nonce, {}, { jwk: await exportJWK(privateKey) }))

  expect(reasonOf(reply)).toMatchObject({ rule: 'jwk' })
})

verifies('authentication:dpop', 'a proof by another key, or in its name, is refused', async () => {
  const other = await aProver(htu)

  expect(reasonOf(await ask(await other.proof(token, nonce)))).toMatchObject({ rule: 'jwk' })
  const named = await other.proof(token, nonce, {}, { jwk: prover.jwk })
  expect(reasonOf(await ask(named))).toMatchObject({ rule: 'signature' })
})

verifies('authentication:dpop', 'two proofs, garbage, and one without end', async () => {
  const proof = await prover.proof(token, nonce)
  const twice = [proof, await prover.proof(token, nonce)] as unknown as string

  for (const bad of [twice, 'Fluegel', `${proof}x`, '', 'a.b.c'])
    expect(reasonOf(await ask(bad))?.reason).toMatch(/^proof-(refused|missing)$/)
  const long = await prover.proof(token, nonce, { more: 'x'.repeat(5_000) })
  expect(reasonOf(await ask(long))).toMatchObject({ rule: 'length' })
})

const bindings: { when: string; cnf: object; taken: boolean }[] = [
  { when: 'to a certificate only', cnf: { 'x5t#S256': 'here' }, taken: false },
  { when: 'to nothing', cnf: {}, taken: false },
  { when: 'to the key and this certificate', cnf: { jkt: 'here', 'x5t#S256': 'here' }, taken: true },
  {
    when: 'to the key and another certificate',
    cnf: { jkt: 'here', 'x5t#S256': 'A'.repeat(43) },
    taken: false,
  },
]
for (const { when, cnf, taken } of bindings)
  verifies('authentication:bound', `DPoP: bound ${when}`, async () => {
    const own: { [name: string]: string } = { jkt: prover.jkt, 'x5t#S256': thumbprint(await caller()) }
    const filled = Object.fromEntries(
      Object.entries(cnf).map(([name, value]) => [name, value === 'here' ? own[name] : String(value)]),
    )
    const bound = await scene.token({ cnf: filled })

    const reply = await ask(await prover.proof(bound, nonce), {}, bound)

    expect(reasonOf(reply)?.reason).toBe(taken ? undefined : 'token-unbound')
  })

test('bound by certificate, a token that names a key as well is refused: nobody would ask for its proof', async () => {
  const plain = await aScene()
  const both = await plain.token({ cnf: { 'x5t#S256': thumbprint(await caller()), jkt: prover.jkt } })

  expect(reasonOf(await plain.ask({ token: both }))?.reason).toBe('token-unbound')
  await plain.end()
})

test('used proofs are remembered for as long as they are good', async () => {
  const inForce = anInForce({ policy: aPolicy({ binding: 'DPoP' }) })
  const memory = proofs()
  const at = Math.floor(Date.now() / 121_000) * 121_000 + 120_500
  const check = async (dpop: string, when: number) => {
    const asking = { at: when, certificate: 'c', dpop, host, inForce, verb: 'POST' }
    return await memory.check(asking, token, prover.jkt).then(
      () => 'taken',
      ({ reason, details }: { reason: string; details: { headers?: { [name: string]: string } } }) => {
        given = details.headers?.['dpop-nonce'] ?? given
        return reason
      },
    )
  }
  let given = ''
  await check(await prover.proof(token, undefined, { iat: at / 1000 }), at)
  const proof = await prover.proof(token, given, { iat: Math.floor(at / 1000) + 59 })

  expect(await check(proof, at)).toBe('taken')
  // In the next half of the memory, still good for its time.
  expect(await check(proof, at + 118_000)).toBe('proof-replayed')
  expect(await check(proof, at + 125_000)).toBe('proof-refused')
})

for (const method of ['GET', 'DELETE'] as const)
  verifies(
    'authentication:dpop',
    `a proof for ${method} is good for that, and no proof for POST is`,
    async () => {
      const inForce = anInForce({ policy: aPolicy({ binding: 'DPoP' }) })
      const memory = proofs()
      const check = async (dpop: string) =>
        await memory
          .check({ at: Date.now(), certificate: 'c', dpop, host, inForce, verb: method }, token, prover.jkt)
          .then(
            () => 'taken',
            ({
              details,
            }: {
              details: { headers?: { [name: string]: string }; data?: { rule?: string } }
            }) => {
              given = details.headers?.['dpop-nonce'] ?? given
              return details.data?.rule ?? 'nonce'
            },
          )
      let given = ''

      expect(await check(await prover.proof(token, undefined, { htm: method }))).toBe('nonce')
      expect(await check(await prover.proof(token, given, { htm: 'POST' }))).toBe('htm')
      expect(await check(await prover.proof(token, given, { htm: method }))).toBe('taken')
    },
  )

test('the memory of proofs is bounded for each key and for all, and says that it is full rather than forget', () => {
  const memory = replays({ each: 2, all: 3 })

  expect(memory.note('a', '1', 0)).toBe('new')
  expect(memory.note('a', '2', 0)).toBe('new')
  expect(memory.note('a', '3', 0)).toBe('full')
  expect(memory.note('b', '1', 0)).toBe('new')
  expect(memory.note('c', '1', 0)).toBe('full')
  expect(memory.note('a', '1', 0)).toBe('used')
  expect(memory.note('c', '1', 121_000)).toBe('new')
  expect(memory.note('a', '1', 121_000)).toBe('used')
  expect(memory.note('a', '1', 242_000)).toBe('new')
})
