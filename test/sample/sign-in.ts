// How an agent gets an access token for a person: authorization code with PKCE, the person's password and one-time code,
// over the connection whose certificate the token will be bound to.

import { createHash, randomBytes } from 'node:crypto'
import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { Agent, type Dispatcher, request } from 'undici'
import { accounts, agentClient, oneTimeCode } from './accounts.ts'

/** A client certificate with its key, and the CA that servers' certificates come from; all PEM. */
export type ClientTls = {
  cert?: string
  key?: string
  ca: string
  /** IPv4 addresses of names that this machine's resolver does not know. */
  hosts?: { readonly [name: string]: string }
}

export type SignInOptions = {
  issuer: string
  tls: ClientTls
  person: string
  resource: string
  scope?: string
  /** The program that signs in; omitted: the sample agent. */
  client?: string
  /** What a challenge asked for (RFC 9470 3). */
  wanted?: { acrValues?: string; maxAge?: string }
  /** Without it the person gives the password alone. */
  mfa?: boolean
  /** Test mode only: the sign-in was so long ago. */
  secondsAgo?: number
  /** Signs a DPoP proof for an address (RFC 9449): the token is then bound to that key instead. */
  proof?: (htu: string) => Promise<string>
}

export type Token = { accessToken: string; expiresIn: number; scope: string }

/** An undici dispatcher that shows the certificate. */
export function dispatcherOf({ cert, key, ca, hosts }: ClientTls): Dispatcher {
  return new Agent({
    connect: {
      ca,
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
      ...(hosts === undefined ? {} : { lookup: lookupIn(hosts) }),
      timeout: 5_000,
    },
    keepAliveTimeout: 30_000,
  })
}

function lookupIn(hosts: { readonly [name: string]: string }): LookupFunction {
  return (name, options, found) => {
    const address = hosts[name]
    if (address === undefined) lookup(name, options, found)
    else if (options.all === true) found(null, [{ address, family: 4 }])
    else found(null, address, 4)
  }
}

/** Signs in and redeems the code. Rejects with the provider's words when it refuses. */
export async function signIn(options: SignInOptions): Promise<Token> {
  const { issuer, person, resource, scope = 'openid ehr.read', mfa = true, secondsAgo = 0 } = options
  const client = options.client ?? (options.proof === undefined ? agentClient.id : agentClient.dpopId)
  const { acrValues, maxAge } = options.wanted ?? {}
  const dispatcher = dispatcherOf(options.tls)
  const jar = new Map<string, string>()
  const secrets = accounts('')[person]
  try {
    const metadata = await json<{ authorization_endpoint: string; token_endpoint: string }>(
      await request(`${issuer}/.well-known/openid-configuration`, { dispatcher }),
    )
    const verifier = randomBytes(32).toString('base64url')
    const begin = new URL(metadata.authorization_endpoint)
    begin.search = new URLSearchParams({
      response_type: 'code',
      client_id: client,
      redirect_uri: agentClient.redirect,
      scope,
      resource,
      state: randomBytes(8).toString('hex'),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...(acrValues === undefined ? {} : { acr_values: acrValues }),
      ...(maxAge === undefined ? {} : { max_age: maxAge }),
    }).toString()

    const form = await follow(begin, jar, dispatcher)
    const filled = new URLSearchParams({ name: person, password: secrets?.password ?? '' })
    if (mfa) filled.set('code', oneTimeCode(secrets?.otpKey ?? '', Date.now() / 1000))
    if (secondsAgo > 0) filled.set('seconds_ago', String(secondsAgo))
    const resume = await follow(form, jar, dispatcher, filled)
    const done = await follow(resume, jar, dispatcher)
    const code = done.searchParams.get('code')
    if (code === null) throw new Error(`The provider gave no code, but ${done.href}`)

    const token = await json<{ access_token: string; expires_in: number; scope?: string }>(
      await request(metadata.token_endpoint, {
        dispatcher,
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          ...(options.proof === undefined ? {} : { dpop: await options.proof(metadata.token_endpoint) }),
        },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          client_id: client,
          redirect_uri: agentClient.redirect,
          code,
          code_verifier: verifier,
          resource,
        }).toString(),
      }),
    )
    return { accessToken: token.access_token, expiresIn: token.expires_in, scope: token.scope ?? '' }
  } finally {
    await dispatcher.close()
  }
}

/** One request of the browser's part, with its cookies. Gives where it is sent next. */
async function follow(
  url: URL,
  jar: Map<string, string>,
  dispatcher: Dispatcher,
  form?: URLSearchParams,
): Promise<URL> {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const answer = await request(url, {
    dispatcher,
    method: form === undefined ? 'GET' : 'POST',
    headers: {
      cookie,
      ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    ...(form === undefined ? {} : { body: form.toString() }),
  })
  for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
    const [pair = ''] = line.split(';')
    const at = pair.indexOf('=')
    jar.set(pair.slice(0, at), pair.slice(at + 1))
  }
  const text = await answer.body.text()
  const { location } = answer.headers
  if (typeof location !== 'string')
    throw new Error(`Sign-in was refused: ${answer.statusCode} ${text.slice(0, 200)}`)
  const next = new URL(location, url)
  const refused = next.searchParams.get('error')
  if (refused !== null)
    throw new Error(`Sign-in was refused: ${refused}, ${next.searchParams.get('error_description')}`)
  return next
}

async function json<Body>(answer: Dispatcher.ResponseData): Promise<Body> {
  const text = await answer.body.text()
  if (answer.statusCode !== 200)
    throw new Error(`The provider answered ${answer.statusCode}: ${text.slice(0, 300)}`)
  return JSON.parse(text) as Body
}
