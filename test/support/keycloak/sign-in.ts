// The client's part of a login at Keycloak: authorization code with PKCE, over a certificate or with proofs of a key.

import { createHash, randomBytes } from 'node:crypto'
import { request } from 'undici'
import { agentClient } from '../../sample/accounts.ts'
import { type ClientTls, dispatcherOf } from '../../sample/sign-in.ts'
import type { Person } from './person.ts'

export type LoginOptions = {
  issuer: string
  person: Person
  tls: ClientTls
  client?: string
  /** As a challenge wants them: `acr_values`, `max_age`. */
  asking?: { [parameter: string]: string }
  /** Signs a DPoP proof for an address. */
  proof?: (htu: string) => Promise<string>
}

export type Tokens = { access_token: string; id_token: string; refresh_token: string; token_type: string }

/** A person logs in, and the client redeems the code. Rejects with Keycloak's words. */
export async function logIn(options: LoginOptions): Promise<Tokens> {
  const { issuer, person, client = agentClient.id, asking = {}, tls, proof } = options
  const verifier = randomBytes(32).toString('base64url')
  const begin = new URL(`${issuer}/protocol/openid-connect/auth`)
  begin.search = new URLSearchParams({
    response_type: 'code',
    client_id: client,
    redirect_uri: agentClient.redirect,
    scope: 'openid ehr.read',
    state: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...asking,
  }).toString()
  const { url, text } = await person.open(begin.href)
  const code = url.searchParams.get('code')
  if (code === null) throw new Error(`Keycloak gave no code, but ${url.href}: ${text.slice(0, 500)}`)
  return await tokens({
    issuer,
    tls,
    ...(proof === undefined ? {} : { proof }),
    body: {
      grant_type: 'authorization_code',
      client_id: client,
      redirect_uri: agentClient.redirect,
      code,
      code_verifier: verifier,
    },
  })
}

/** One token request. Rejects with Keycloak's words. */
export async function tokens(options: {
  issuer: string
  tls: ClientTls
  proof?: (htu: string) => Promise<string>
  body: { [parameter: string]: string }
}): Promise<Tokens> {
  const { issuer, tls, proof, body } = options
  const at = `${issuer}/protocol/openid-connect/token`
  const dispatcher = dispatcherOf(tls)
  try {
    const answer = await request(at, {
      dispatcher,
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(proof === undefined ? {} : { dpop: await proof(at) }),
      },
      body: new URLSearchParams(body).toString(),
    })
    const said = await answer.body.text()
    if (answer.statusCode !== 200) throw new Error(`Keycloak answered ${answer.statusCode}: ${said}`)
    return JSON.parse(said) as Tokens
  } finally {
    await dispatcher.close()
  }
}
