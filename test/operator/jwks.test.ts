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
  const made = { now: first, url: '', asked: 0, source: { url: '', ca: authority.pem } }
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
  made.source.url = made.url
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return made
}

const timing = { every: 30, firstRetry: 10, longestRetry: 20, deadline: 300, refetch: 200 }
function following(
  onChange: (url: string) => void = () => {},
  every = timing.every,
  deadline = timing.deadline,
): KeySets {
  const made = keySets({ onChange, log: quiet, timing: { ...timing, every, deadline } })
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
    when: 'it answers more than is read',
    behaviour: { metadata: (url) => ({ issuer: url, jwks_uri: `${url}/keys`, more: 'x'.repeat(2 ** 18) }) },
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
  sets.want([issuer.source])
  await expect.poll(() => issuer.asked).toBeGreaterThan(2)
  expect(sets.get(issuer.source)).toBeUndefined()

  issuer.now = {}
  await expect.poll(() => sets.get(issuer.source)).toEqual({ keys: [publicKey] })
  issuer.now = { answer: () => {} }
  const asked = issuer.asked
  await expect.poll(() => issuer.asked, { timeout: 3_000 }).toBeGreaterThan(asked + 1)

  expect(sets.get(issuer.source)).toEqual({ keys: [publicKey] })
  expect(changes).toEqual([issuer.url])
})

test('a rotated key is told, and an issuer that nobody trusts any more is forgotten', async () => {
  const issuer = await anIssuer()
  const changes: string[] = []
  const sets = following((url) => changes.push(url))
  sets.want([issuer.source])
  await expect.poll(() => changes.length).toBe(1)

  issuer.now = { keys: { keys: [{ ...publicKey, kid: 'two' }] } }
  await expect.poll(() => changes.length).toBe(2)
  sets.want([])

  expect(sets.get(issuer.source)).toBeUndefined()
})

test('one issuer that hangs keeps no other from being fetched', async () => {
  const [hangs, well] = [await anIssuer({ answer: () => {} }), await anIssuer()]
  // The one that hangs is waited for until long after this test.
  const sets = following(undefined, timing.every, 600_000)

  sets.want([hangs.source, well.source])

  await expect.poll(() => sets.get(well.source), { timeout: 10_000 }).toBeDefined()
  await expect.poll(() => hangs.asked).toBe(1)
})

test('a key set is fetched where the policy says, without asking for metadata', async () => {
  const issuer = await anIssuer({ metadata: () => ({ issuer: 'https://elsewhere.example' }) })

  const found = await fetchKeySet({ ...issuer.source, jwksUrl: `${issuer.url}/fixed` }, 1_000)

  expect(found).toEqual({ keys: [publicKey] })
})

test('of a key only what a signature is verified with is passed on', async () => {
  const keys = [{ ...publicKey, use: 'sig', x5c: ['MII'], 'x5t#S256': 'x', note: 'anything' }]
  const { source } = await anIssuer({ keys: { keys } })

  expect(await fetchKeySet(source, 1_000)).toEqual({ keys: [{ ...publicKey, use: 'sig' }] })
})

test('an unknown key has the set fetched anew, once for many who ask, and again only after a while', async () => {
  const issuer = await anIssuer()
  const changes: string[] = []
  const sets = following((url) => changes.push(url), 60_000)
  sets.want([issuer.source])
  await expect.poll(() => changes.length).toBe(1)
  const keysAsked = () => issuer.asked / 2

  issuer.now = { keys: { keys: [{ ...publicKey, kid: 'two' }] } }
  for (let asks = 0; asks < 50; asks += 1) sets.refresh(issuer.source)
  await expect.poll(() => changes.length).toBe(2)
  expect(keysAsked()).toBe(2)

  // Within the while: put off, not forgotten, for the keys may have changed since.
  issuer.now = { keys: { keys: [{ ...publicKey, kid: 'three' }] } }
  const began = performance.now()
  for (let asks = 0; asks < 50; asks += 1) sets.refresh(issuer.source)
  await expect.poll(() => changes.length).toBe(3)
  expect(keysAsked()).toBe(3)
  expect(performance.now() - began).toBeGreaterThan(50)
  sets.refresh({ ...issuer.source, url: 'https://nobody.example' })
})

test('who names an issuer by another CA or place gives no keys to another who names it', async () => {
  const issuer = await anIssuer()
  const other = await anIssuer({ keys: { keys: [{ ...publicKey, kid: 'planted' }] } })
  const poisoned = { ...issuer.source, jwksUrl: `${other.url}/keys` }
  const sets = following()

  sets.want([poisoned])
  await expect.poll(() => sets.get(poisoned)).toEqual({ keys: [{ ...publicKey, kid: 'planted' }] })
  sets.want([issuer.source])

  // Not even until its own answer is there.
  expect(sets.get(issuer.source)).toBeUndefined()
  await expect.poll(() => sets.get(issuer.source)).toEqual({ keys: [publicKey] })
})
