// The listener for clients that have no certificate yet, and the challenges that lead to it.

import { once } from 'node:events'
import { request } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { connect as tls } from 'node:tls'
import * as newClient from '@modelcontextprotocol/client'
import {
  discoverOAuthProtectedResourceMetadata,
  extractWWWAuthenticateParams,
  selectResourceURL,
} from '@modelcontextprotocol/sdk/client/auth.js'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Discovery, discoveryServer } from '../../../sidecar/discovery.ts'
import { metadata } from '../../../sidecar/identity/metadata.ts'
import { aPolicy, aRole, audience, issuerUrl } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const host = 'ehr.clinic.example'
const policy = {
  discovery: { port: 8444 },
  roles: [
    aRole({ when: { role: 'Clinician', scopes: ['ehr.read', 'openid'], actor: 'Forbidden' as const } }),
  ],
}
const enrol = async () => await Promise.reject(new Error('nothing is enrolled here'))
let scene: Scene
let discovery: Discovery
let port: number
beforeAll(async () => {
  scene = await aScene({ policy, hosts: () => [host] })
  const { key, cert } = scene.serverPair
  discovery = discoveryServer({
    orders: scene.orders,
    trail: scene.trail,
    watch: {},
    enrol,
    tls: { key, cert, minVersion: 'TLSv1.3' },
    hosts: () => [host],
  })
  await new Promise<void>((resolve) => discovery.server.listen(0, '127.0.0.1', resolve))
  port = (discovery.server.address() as AddressInfo).port
})
afterAll(async () => {
  await discovery.close()
  await scene.end()
})
beforeEach(() => {
  scene.forget()
  scene.use(aPolicy(policy))
})

type Reply = { status: number; headers: Record<string, unknown>; json: Record<string, unknown> }

/** Without a client certificate. */
async function look(
  path: string,
  method = 'GET',
  headers: object = { host: `${host}:8444` },
): Promise<Reply> {
  return await new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        agent: false,
        ca: scene.serversCa.cert,
        servername: 'localhost',
        headers: { ...headers },
      },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += String(chunk)))
        response.on('end', () => {
          const json = text.startsWith('{') ? (JSON.parse(text) as Reply['json']) : {}
          resolve({ status: response.statusCode ?? 0, headers: response.headers, json })
        })
      },
    )
    asked.once('error', reject)
    asked.end(method === 'POST' ? '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' : undefined)
  })
}

for (const path of ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource'])
  verifies('authentication:discovery', `the metadata is at ${path}`, async () => {
    const { status, json } = await look(path)

    expect(status).toBe(200)
    expect(json).toEqual({
      resource: audience,
      authorization_servers: [issuerUrl],
      bearer_methods_supported: ['header'],
      scopes_supported: ['ehr.read', 'openid'],
      tls_client_certificate_bound_access_tokens: true,
      'dev.hipaa-mcp/connect': { login: { [issuerUrl]: { acr_values: 'gold', max_age: '300' } } },
    })
    expect(scene.trail.entries).toEqual([])
  })

const where = `resource_metadata="https://${host}:8444/.well-known/oauth-protected-resource/mcp"`

for (const method of ['GET', 'POST', 'DELETE'])
  verifies(
    'authentication:discovery',
    `${method} at the endpoint itself: a 401 that says where to look`,
    async () => {
      const { status, headers, json } = await look('/mcp', method)

      expect([status, json['error']]).toMatchObject([401, { data: { reason: 'token-missing' } }])
      expect(headers['www-authenticate']).toBe(`Bearer scope="ehr.read openid", ${where}`)
      expect(scene.trail.of('refusal')).toMatchObject([{ reason: 'token-missing', stage: 'transport' }])
    },
  )

verifies(
  'authentication:discovery',
  'a good token does not help: nothing of the server is here',
  async () => {
    const headers = {
      host,
      authorization: `Bearer ${await scene.token()}`,
      'content-type': 'application/json',
    }

    expect((await look('/mcp', 'POST', headers)).status).toBe(401)
    expect(scene.upstream.asked).toEqual([])
  },
)

const others: { path: string; method?: string; headers?: object; reason: string }[] = [
  { path: '/', reason: 'path-unknown' },
  { path: '/metrics', reason: 'path-unknown' },
  { path: '/.well-known/openid-configuration', reason: 'path-unknown' },
  { path: '/.well-known/oauth-protected-resource/other', reason: 'path-unknown' },
  { path: '/.well-known/oauth-protected-resource?x=1', reason: 'query-in-url' },
  { path: '/.well-known/oauth-protected-resource', method: 'POST', reason: 'method-not-allowed' },
  {
    path: '/.well-known/oauth-protected-resource',
    headers: { host: 'evil.example' },
    reason: 'host-unknown',
  },
]
for (const { path, method, headers, reason } of others)
  verifies(
    'authentication:discovery',
    `${method ?? 'GET'} ${path} is refused and recorded: ${reason}`,
    async () => {
      const reply = await look(path, method, headers)

      expect(reply.json['error']).toMatchObject({ data: { reason } })
      expect(scene.trail.of('refusal')).toMatchObject([{ reason }])
    },
  )

verifies('authentication:discovery', 'a flood fills no trail', async () => {
  for (let asked = 0; asked < 90; asked += 1) await look('/nothing')

  expect(scene.trail.of('refusal').length).toBeLessThanOrEqual(60)
})

verifies('authentication:discovery', 'a locked server serves no metadata either', async () => {
  const { inForce } = scene.orders.standing()
  scene.orders.set({ locked: 'lockdown', ...(inForce === undefined ? {} : { inForce }) })

  expect((await look('/.well-known/oauth-protected-resource')).status).toBe(503)
})

verifies('authentication:discovery', 'challenges of the calls port lead there', async () => {
  const asked = { headers: { host: `${host}:8080` } }

  const bare = await scene.ask({ ...asked, token: null })
  const old = await scene.ask({ ...asked, token: await scene.token({ auth_time: 1 }) })
  const narrow = await scene.ask({ ...asked, token: await scene.token({ scope: 'openid' }) })

  expect(bare.headers['www-authenticate']).toBe(`Bearer scope="ehr.read openid", ${where}`)
  expect(old.headers['www-authenticate']).toContain(where)
  expect([narrow.status, narrow.headers['www-authenticate']]).toEqual([
    403,
    `Bearer error="insufficient_scope", scope="ehr.read openid", ${where}`,
  ])
})

async function ended(socket: Socket, text: string): Promise<void> {
  socket.on('error', () => undefined)
  socket.end(text)
  await once(socket, 'close')
}

verifies(
  'authentication:discovery',
  'what is no HTTP is recorded, and what is no TLS is counted',
  async () => {
    // One of its own: the other one's quota of records is used up by the flood.
    const { key, cert } = scene.serverPair
    const fresh = discoveryServer({
      orders: scene.orders,
      trail: scene.trail,
      watch: {},
      tls: { key, cert, minVersion: 'TLSv1.3' },
      hosts: () => [host],
      enrol,
    })
    await new Promise<void>((resolve) => fresh.server.listen(0, '127.0.0.1', resolve))
    const to = { host: '127.0.0.1', port: (fresh.server.address() as AddressInfo).port }

    await ended(tls({ ...to, ca: scene.serversCa.cert, servername: 'localhost' }), 'no HTTP at all\r\n\r\n')
    await ended(connect(to), 'GET / HTTP/1.1\r\n\r\n')

    await expect.poll(() => scene.trail.of('refusal')).toMatchObject([{ reason: 'http-malformed' }])
    await fresh.close()
    expect(scene.trail.of('counted')).toMatchObject([
      { what: 'handshake-failed', source: '127.0.0.1', reason: 'not-tls', count: 1 },
    ])
  },
)

/** As a client's fetch, to the two ports of this server under their own name. */
async function reach(input: string | URL | Request): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input)
  if (url.hostname !== host) return new Response(null, { status: 404 })
  const reply =
    url.port === '8444'
      ? await look(url.pathname)
      : await scene.ask({ path: url.pathname, token: null, headers: { host: url.host } })
  const challenge = reply.headers['www-authenticate']
  return Response.json(reply.json, {
    status: reply.status,
    headers: typeof challenge === 'string' ? { 'www-authenticate': challenge } : {},
  })
}

const clients = {
  'of 2025-11-25': {
    extractWWWAuthenticateParams,
    discoverOAuthProtectedResourceMetadata,
    selectResourceURL,
  },
  'of 2026-07-28': newClient,
}
for (const [when, client] of Object.entries(clients))
  verifies('authentication:discovery', `the official client ${when} finds its way from a 401`, async () => {
    const serverUrl = new URL(`https://${host}/mcp`)
    const [issuer] = aPolicy().issuers
    scene.use(
      aPolicy({ ...policy, issuers: issuer === undefined ? [] : [{ ...issuer, audience: serverUrl.href }] }),
    )

    const { resourceMetadataUrl, scope } = client.extractWWWAuthenticateParams(await reach(serverUrl))
    const found = await client.discoverOAuthProtectedResourceMetadata(
      serverUrl,
      resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl },
      reach,
    )
    const resource = await client.selectResourceURL(serverUrl, {} as never, found)

    expect(scope).toBe('ehr.read openid')
    expect(found.authorization_servers).toEqual([issuerUrl])
    expect(resource?.href).toBe(serverUrl.href)
  })

test('without discovery a challenge names no metadata', async () => {
  const { roles } = policy
  scene.use(aPolicy({ roles }))

  const bare = await scene.ask({ headers: { host }, token: null })

  expect(bare.headers['www-authenticate']).toBe('Bearer scope="ehr.read openid"')
})

test('a server that binds by DPoP says so, and one whose audience is no address names its own', () => {
  const [issuer] = aPolicy().issuers
  const issuers = issuer === undefined ? [] : [{ ...issuer, audience: 'api://ehr' }]

  expect(metadata(aPolicy({ binding: 'DPoP', issuers }), `${host}:8444`)).toMatchObject({
    resource: `https://${host}/mcp`,
    dpop_bound_access_tokens_required: true,
    dpop_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  })
})

test('a server that enrols says where, how to log in and where the token says a purpose', () => {
  const enrols = aPolicy({ discovery: { port: 8444, enrols: true }, purpose: { claim: '/purpose_of_use' } })

  expect(metadata(enrols, `${host}:8444`)).toMatchObject({
    'dev.hipaa-mcp/connect': {
      enrolment_endpoint: `https://${host}:8444/v1/enrol`,
      login: { [issuerUrl]: { acr_values: 'gold', max_age: '300' } },
      purpose_claim: '/purpose_of_use',
    },
  })
})

verifies('transmission:sites', 'the discovery port is asked by the names that the policy lists', async () => {
  const path = '/.well-known/oauth-protected-resource/mcp'
  const other = { host: 'mcp.example.org:8444' }
  const status = async (headers?: object): Promise<number> => (await look(path, 'GET', headers)).status
  expect([await status(), await status(other)]).toEqual([200, 421])

  scene.use(aPolicy({ ...policy, http: { hosts: ['mcp.example.org'], origins: [] } }))

  expect([await status(), await status(other)]).toEqual([421, 200])
})

verifies('transit:handshakes', 'the discovery port keeps room for whoever goes on', async () => {
  const sockets = Array.from({ length: 40 }, () =>
    connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' }),
  )
  const closed: Socket[] = []
  for (const one of sockets)
    one
      .on('error', () => undefined)
      .resume()
      .once('close', () => closed.push(one))

  await expect.poll(() => closed.length).toBe(24)
  expect((await look('/.well-known/oauth-protected-resource')).status).toBe(200)
  for (const one of sockets) one.destroy()
})
