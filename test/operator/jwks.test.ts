import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { makeAuthority } from '../../operator/authority/ca.ts'
import { keepCertificate } from '../../operator/authority/keep-certificate.ts'
import { fetchKeySet, type KeySets, keySets } from '../../operator/jwks.ts'
import { quiet } from './cluster/scripted-api.ts'

const authority = await makeAuthority('issuer test', Date.now())
const certificate = await keepCertificate(authority, {
  names: ['localhost'],
  usages: ['server'],
  seconds: 3600,
})
const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

const publicKey = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'one' }

type Behaviour = {
  metadata?: (url: string) => unknown
  keys?: unknown
  /** Answers in the issuer's stead, or never. */
  answer?: (request: IncomingMessage, response: ServerResponse) => unknown
}

/** An issuer that behaves as told; `now` may be swapped while it runs. */
async function anIssuer(first: Behaviour = {}) {
  const made = { now: first, url: '', asked: 0 }
  const server = createServer(certificate.current(), (request, response) => {
    made.asked += 1
    const { answer, metadata, keys } = made.now
    if (answer !== undefined) {
      answer(request, response)
      return
    }
    const body = request.url?.endsWith('openid-configuration')
      ? (metadata ?? ((url: string) => ({ issuer: url, jwks_uri: `${url}/keys` })))(made.url)
      : (keys ?? { keys: [publicKey] })
    response.end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  made.url = `https://localhost:${(server.address() as AddressInfo).port}`
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return made
}

const timing = { every: 30, firstRetry: 10, longestRetry: 20, deadline: 300 }
function following(onChange: (url: string) => void = () => {}): KeySets {
  const made = keySets({ onChange, log: quiet, timing })
  ends.push(() => made.stop())
  return made
}

test('a key set is found by discovery, over the issuer’s own CA', async () => {
  const { url } = await anIssuer()

  expect(await fetchKeySet({ url, ca: authority.pem }, 1_000)).toEqual({ keys: [publicKey] })
})

const refused: { when: string; behaviour: Behaviour; ca?: string }[] = [
  {
    when: 'its certificate is of another CA',
    behaviour: {},
    ca: (await makeAuthority('other', Date.now())).pem,
  },
  {
    when: 'its metadata names another issuer',
    behaviour: { metadata: (url) => ({ issuer: `${url}/`, jwks_uri: `${url}/keys` }) },
  },
  {
    when: 'its key set is not https',
    behaviour: { metadata: (url) => ({ issuer: url, jwks_uri: 'http://localhost/keys' }) },
  },
  { when: 'it names no key set', behaviour: { metadata: (url) => ({ issuer: url }) } },
  {
    when: 'its key set holds symmetric keys only',
    behaviour: { keys: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } },
  },
  { when: 'its key set holds private keys only', behaviour: { keys: { keys: [{ ...publicKey, d: 'd' }] } } },
  { when: 'its key set is no list', behaviour: { keys: { keys: 'none' } } },
  {
    when: 'it answers 500',
    behaviour: { answer: (_, response) => response.writeHead(500).end('{}') },
  },
  {
    when: 'it redirects',
    behaviour: {
      answer: (_, response) => response.writeHead(302, { location: 'https://localhost/x' }).end(),
    },
  },
  {
    when: 'it answers garbage',
    behaviour: { answer: (_, response) => response.end('<html>') },
  },
  {
    when: 'it answers without end',
    behaviour: { answer: (_, response) => response.end(Buffer.alloc(2 ** 21, 32)) },
  },
  { when: 'it hangs', behaviour: { answer: () => {} } },
]
for (const { when, behaviour, ca = authority.pem } of refused)
  test(`an issuer gives no key set when ${when}`, async () => {
    const { url } = await anIssuer(behaviour)

    await expect(fetchKeySet({ url, ca }, 300)).rejects.toThrow()
  })

test('a key set that fails once is fetched again, and the last good one stays while the issuer is away', async () => {
  const issuer = await anIssuer({ answer: (_, response) => response.writeHead(503).end() })
  const changes: string[] = []
  const sets = following((url) => changes.push(url))
  sets.want([{ url: issuer.url, ca: authority.pem }])
  await expect.poll(() => issuer.asked).toBeGreaterThan(2)
  expect(sets.get(issuer.url)).toBeUndefined()

  issuer.now = {}
  await expect.poll(() => sets.get(issuer.url)).toEqual({ keys: [publicKey] })
  issuer.now = { answer: () => {} }
  const asked = issuer.asked
  await expect.poll(() => issuer.asked, { timeout: 3_000 }).toBeGreaterThan(asked + 1)

  expect(sets.get(issuer.url)).toEqual({ keys: [publicKey] })
  expect(changes).toEqual([issuer.url])
})

test('a rotated key is told, and an issuer that nobody trusts any more is forgotten', async () => {
  const issuer = await anIssuer()
  const changes: string[] = []
  const sets = following((url) => changes.push(url))
  sets.want([{ url: issuer.url, ca: authority.pem }])
  await expect.poll(() => changes.length).toBe(1)

  issuer.now = { keys: { keys: [{ ...publicKey, kid: 'two' }] } }
  await expect.poll(() => changes.length).toBe(2)
  sets.want([])

  expect(sets.get(issuer.url)).toBeUndefined()
})

test('one issuer that hangs keeps no other from being fetched', async () => {
  const [hangs, well] = [await anIssuer({ answer: () => {} }), await anIssuer()]
  const sets = following()

  sets.want([
    { url: hangs.url, ca: authority.pem },
    { url: well.url, ca: authority.pem },
  ])

  await expect.poll(() => sets.get(well.url), { timeout: 250 }).toBeDefined()
})
