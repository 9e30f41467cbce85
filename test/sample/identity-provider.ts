// A sample OpenID provider: authorization code with PKCE (RFC 7636), password and one-time code, JWT access tokens for the
// resource asked for (RFC 8707, RFC 9068) bound to the client certificate of the token request (RFC 8705 3).
//
//   ISSUER=https://… TLS_DIR=/tls RESOURCES=https://… [PORT=8443] [TEST_MODE=1] node test/sample/identity-provider.ts
//
// TLS_DIR holds tls.crt, tls.key, and ca.crt: the authority of agents' certificates.

import { randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type Context, errors } from 'oidc-provider'
import { type Account, accounts, agentClient, codeFits, connectClient } from './accounts.ts'

export type ProviderOptions = {
  /** Where clients find it; decided once the port is known. */
  issuer: (port: number) => string
  tls: { cert: string; key: string /** CA of agents' certificates. */; clientCa: string }
  /** Resource identifiers that tokens may be asked for. */
  resources: readonly string[]
  port: number
  /** Lets the sign-in form say how long ago the sign-in was, so that a test need not wait for hours. */
  testMode?: boolean
  tokenSeconds?: number
}

/** Listens on every address; signs in `accounts`. Keys live in memory: a restart ends every session and token. */
export async function serveProvider(
  options: ProviderOptions,
): Promise<{ server: Server; port: number; issuer: string }> {
  const { tls, resources, testMode = false, tokenSeconds = 3_600 } = options
  const server = createServer({
    cert: tls.cert,
    key: tls.key,
    ca: tls.clientCa,
    requestCert: true,
    rejectUnauthorized: false,
  })
  await new Promise<void>((resolve) => server.listen(options.port, resolve))
  const { port } = server.address() as AddressInfo
  const issuer = options.issuer(port)
  const people = accounts(daysAgo(60))
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), use: 'sig', alg: 'ES256' }] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    clients: [
      { ...native(agentClient.id), tls_client_certificate_bound_access_tokens: true },
      { ...native(agentClient.dpopId), dpop_bound_access_tokens: true },
      { ...native(connectClient.id, more), tls_client_certificate_bound_access_tokens: true },
      { ...native(connectClient.dpopId, more), dpop_bound_access_tokens: true },
    ],
    pkce: { required: () => true },
    scopes: ['openid'],
    acrValues: ['mfa'],
    ttl: {
      AccessToken: tokenSeconds,
      AuthorizationCode: 60,
      Grant: 3_600,
      Interaction: 600,
      Session: 3_600,
      IdToken: 600,
    },
    issueRefreshToken: (_: unknown, client: { grantTypeAllowed: (type: string) => boolean }) =>
      client.grantTypeAllowed('refresh_token'),
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/sign-in/${uid}` },
    findAccount: (_: unknown, id: string) =>
      people[id] === undefined ? undefined : { accountId: id, claims: () => ({ sub: id }) },
    extraTokenClaims: ({ oidc }: Context) => {
      const { AuthorizationCode, DeviceCode, RefreshToken } = oidc.entities
      const code = AuthorizationCode ?? DeviceCode ?? RefreshToken
      if (code === undefined) return undefined
      return { ...people[code.accountId]?.claims, auth_time: code.authTime, amr: code.amr, acr: code.acr }
    },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true },
      mTLS: { enabled: true, certificateBoundAccessTokens: true, getCertificate: certificateOf },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_: unknown, resource: string) => {
          if (!resources.includes(resource)) throw new errors.InvalidTarget('unknown resource')
          return {
            scope: 'ehr.read',
            audience: resource,
            accessTokenFormat: 'jwt',
            accessTokenTTL: tokenSeconds,
            jwt: { sign: { alg: 'ES256' } },
          }
        },
      },
    },
  })
  const answer = provider.callback()
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const work = request.url?.startsWith('/sign-in/')
      ? signIn(provider, people, testMode, request, response)
      : request.url === '/healthz'
        ? Promise.resolve(response.writeHead(200).end('ok'))
        : answer(request, response)
    work.catch((error: unknown) =>
      response.writeHead(400).end(error instanceof Error ? error.message : 'failed'),
    )
  })
  return { server, port, issuer }
}

const more = ['refresh_token', 'urn:ietf:params:oauth:grant-type:device_code']

function native(id: string, grants: readonly string[] = []) {
  return {
    client_id: id,
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    redirect_uris: [agentClient.redirect],
    grant_types: ['authorization_code', ...grants],
    response_types: ['code'],
    id_token_signed_response_alg: 'ES256',
  }
}

/** PEM of the certificate that the peer proved to hold: one that agents' CA issued, but for clients that enrol elsewhere. */
function certificateOf({ req, oidc }: Context): string | undefined {
  const anyones = oidc.client?.clientId === connectClient.id
  if (!req.socket.authorized && !anyones) return undefined
  const { raw } = req.socket.getPeerCertificate()
  if (raw === undefined) return undefined
  return `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----`
}

/** GET shows the form; POST takes name, password and, where more than one factor is wanted, a one-time code. */
async function signIn(
  provider: Provider,
  people: { [name: string]: Account },
  testMode: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const interaction = await provider.interactionDetails(request, response)
  // A person who is known is asked whether this program of theirs may go on (RFC 8252 8.6).
  const { prompt, session, grantId } = interaction
  const known = prompt.name === 'consent' && session !== undefined && grantId !== undefined
  if (request.method !== 'POST') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(known ? consentForm : form)
    return
  }
  if (known) return await provider.interactionFinished(request, response, { consent: { grantId } })
  const fields = new URLSearchParams(await bodyOf(request))
  const name = fields.get('name') ?? ''
  const person = people[name]
  const now = Math.floor(Date.now() / 1000)
  const code = fields.get('code') ?? ''
  if (person === undefined || !same(person.password, fields.get('password') ?? ''))
    throw new Error('name or password is wrong')
  if (code !== '' && !codeFits(person.otpKey, code, now)) throw new Error('the one-time code is wrong')
  const ago = testMode ? Number(fields.get('seconds_ago') ?? 0) : 0

  const { client_id: clientId, scope = '', resource } = interaction.params
  const grant = new provider.Grant({ accountId: name, clientId })
  const wanted = scope.split(' ').filter((one) => person.scopes.includes(one))
  grant.addOIDCScope('openid')
  for (const one of [resource ?? []].flat()) grant.addResourceScope(one, wanted.join(' '))
  await provider.interactionFinished(request, response, {
    login: {
      accountId: name,
      // RFC 8176: `otp` besides `pwd` makes two factors, and `mfa` says so.
      amr: code === '' ? ['pwd'] : ['pwd', 'otp', 'mfa'],
      ...(code === '' ? {} : { acr: 'mfa' }),
      ts: now - ago,
      remember: false,
    },
    consent: { grantId: await grant.save() },
  })
}

const form = `<!doctype html><title>Sign in</title><form method=post>
<label>Name <input name=name autocomplete=username></label>
<label>Password <input name=password type=password></label>
<label>One-time code <input name=code inputmode=numeric></label><button>Sign in</button></form>`

const consentForm = `<!doctype html><title>Go on</title><form method=post><button>Go on</button></form>`

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > 4_096) throw new Error('the form is too large')
  }
  return text
}

function same(wanted: string, seen: string): boolean {
  const [a, b] = [Buffer.from(wanted), Buffer.from(seen)]
  return a.length === b.length && timingSafeEqual(a, b)
}

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)

if (import.meta.main) {
  const { ISSUER, TLS_DIR, RESOURCES, PORT = '8443', TEST_MODE } = process.env
  if (!ISSUER || !TLS_DIR || !RESOURCES)
    throw new Error('ISSUER, TLS_DIR and RESOURCES are needed: see the head of this file')
  const file = (name: string): string => readFileSync(join(TLS_DIR, name), 'utf8')
  const { server } = await serveProvider({
    issuer: () => ISSUER,
    tls: { cert: file('tls.crt'), key: file('tls.key'), clientCa: file('ca.crt') },
    resources: RESOURCES.split(','),
    port: Number(PORT),
    testMode: TEST_MODE === '1',
  })
  console.log(`identity provider ${ISSUER}`)
  process.once('SIGTERM', () => server.close())
}
