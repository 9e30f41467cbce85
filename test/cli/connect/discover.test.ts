// Whose metadata it is: of the server that was asked, and of an issuer that it names.

import { MockAgent } from 'undici'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { discover, type Where } from '../../../cli/connect/discover.ts'

const url = 'https://ehr.example:8443/mcp'
const issuer = 'https://login.example/realms/clinic'
let network: MockAgent
beforeEach(() => {
  network = new MockAgent()
  network.disableNetConnect()
})
afterEach(async () => await network.close())

function answers(server: object, login: object | undefined, other?: object): void {
  network
    .get('https://ehr.example:8444')
    .intercept({ path: '/.well-known/oauth-protected-resource/mcp' })
    .reply(200, server)
  const pool = network.get('https://login.example')
  const first = pool.intercept({ path: '/realms/clinic/.well-known/openid-configuration' })
  if (login === undefined) first.reply(404, '')
  else first.reply(200, login)
  if (other !== undefined)
    pool.intercept({ path: '/.well-known/oauth-authorization-server/realms/clinic' }).reply(200, other)
}

const resource = { resource: url, authorization_servers: [issuer], scopes_supported: ['ehr.read'] }
const login = {
  issuer,
  authorization_endpoint: 'https://login.example/auth',
  token_endpoint: 'https://login.example/token',
  code_challenge_methods_supported: ['plain', 'S256'],
}
const look = async (where: Partial<Where> = {}) =>
  await discover({ url, discovery: '8444', ...where }, network)

test('both are read: where to log in, for what, bound how', async () => {
  const connect = {
    enrolment_endpoint: 'https://ehr.example:8444/v1/enrol',
    login: { [issuer]: { acr_values: 'gold' } },
  }
  answers(
    { ...resource, 'dev.hipaa-mcp/connect': connect },
    { ...login, mtls_endpoint_aliases: { token_endpoint: 'https://mtls.login.example/token' } },
  )

  expect(await look()).toMatchObject({
    url,
    resource: url,
    scopes: ['ehr.read'],
    binding: 'Certificate',
    connect,
    issuer: {
      token: 'https://login.example/token',
      boundToken: 'https://mtls.login.example/token',
      namesItself: false,
    },
  })
})

test('an issuer of RFC 8414 alone is found too, and DPoP where the server wants it', async () => {
  answers({ ...resource, dpop_bound_access_tokens_required: true }, undefined, login)

  expect(await look()).toMatchObject({ binding: 'DPoP', issuer: { issuer }, connect: { login: {} } })
})

test.each<[string, object, object | undefined, Partial<Where>, RegExp]>([
  [
    'a resource of another name',
    { ...resource, resource: 'https://other.example/mcp' },
    login,
    {},
    /describes "https:\/\/other/,
  ],
  ['no issuer', { ...resource, authorization_servers: [] }, login, {}, /trusts none/],
  [
    'several, and none chosen',
    { ...resource, authorization_servers: [issuer, 'https://b.example'] },
    login,
    {},
    /Choose the issuer/,
  ],
  [
    'one that the server does not trust',
    resource,
    login,
    { issuer: 'https://evil.example' },
    /Choose the issuer/,
  ],
  [
    'metadata of another issuer',
    resource,
    { ...login, issuer: 'https://evil.example' },
    {},
    /names another issuer/,
  ],
  ['an answer without end', resource, { ...login, more: 'x'.repeat(2 ** 20) }, {}, /more than 1 MiB/],
  ['no PKCE', resource, { ...login, code_challenge_methods_supported: ['plain'] }, {}, /PKCE/],
  [
    'an endpoint without TLS',
    resource,
    { ...login, token_endpoint: 'http://login.example/token' },
    {},
    /no https address/,
  ],
  ['no endpoint', resource, { ...login, token_endpoint: undefined }, {}, /lacks an endpoint/],
  ['no metadata at all', resource, undefined, {}, /cannot be reached|no metadata/],
  ['a plain URL', resource, login, { url: 'http://ehr.example/mcp' }, /no https address/],
  [
    'a name and password in the URL',
    resource,
    login,
    { url: 'https://a:b@ehr.example/mcp' },
    /no https address/,
  ],
])('%s is refused', async (_, server, at, where, says) => {
  answers(server, at)

  await expect(look(where)).rejects.toThrow(says)
})
