// Token requests (RFC 6749 4.1.3 and 6, RFC 8628 3.4), bound by the certificate of the connection or by a proof.

import type { Dispatcher } from 'undici'
import { CannotError } from '../command.ts'
import type { Place } from './discover.ts'
import { proof } from './keys.ts'
import { ask, connected, jsonObject, type KeyPair } from './net.ts'

export type Tokens = {
  access: string
  refresh?: string
  /** Milliseconds since 1970. */
  expires: number
}

/** What a token is to be bound to: the certificate of the connection, a key, or nothing at all. */
export type Bound = { certificate: KeyPair } | { key: string } | { nothing: true }

export type TokenAsking = Pick<Place, 'issuer' | 'resource'> & {
  client: string
  /** CAs besides those of this machine, PEM. */
  ca: readonly string[]
}

/** The issuer said no. `code` is its own, out of its specification. */
export class TokenRefused extends CannotError {
  readonly code: string

  constructor(issuer: string, code: string) {
    super(`${issuer} gave no token (${code}). ${advice[code] ?? 'Log in again'}`)
    this.code = code
  }
}

const advice: { readonly [code: string]: string } = {
  invalid_client: 'Register the client, or give another with --client-id',
  unauthorized_client: 'Allow the client this way of logging in',
  invalid_target: 'Register the server there as a resource',
  invalid_grant: 'Log in again; where the issuer takes no certificate of its own making, see --enrol-client',
  access_denied: 'The login was refused',
  expired_token: 'The code is over: begin anew',
}

/** A guard against answers that never end a token. Seconds. */
const shortest = 60

/** Asks with these parameters. Rejects with TokenRefused when the issuer says no. */
export async function tokenFor(
  asking: TokenAsking,
  parameters: { [name: string]: string },
  bound: Bound,
): Promise<Tokens> {
  const { issuer, resource, client, ca } = asking
  const pair = 'certificate' in bound ? bound.certificate : undefined
  const url = pair === undefined ? issuer.token : issuer.boundToken
  const body = new URLSearchParams({ client_id: client, resource, ...parameters }).toString()
  const post = async (dispatcher: Dispatcher, nonce?: string) => {
    const request = { method: 'POST', url, ...(nonce === undefined ? {} : { nonce }) }
    const signed = 'key' in bound ? { dpop: await proof(bound.key, request) } : {}
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      ...signed,
    }
    return await ask(dispatcher, url, { method: 'POST', headers, body })
  }
  const answer = await connected(
    ca,
    async (dispatcher) => {
      const first = await post(dispatcher)
      const nonce = first.headers['dpop-nonce']
      const wanted = first.status !== 200 && errorIn(first.text) === 'use_dpop_nonce'
      return wanted && typeof nonce === 'string' ? await post(dispatcher, nonce) : first
    },
    pair,
  )
  const said = jsonObject(answer.text) ?? {}
  const { access_token: access, refresh_token: refresh, expires_in: seconds } = said
  if (answer.status !== 200 || typeof access !== 'string')
    throw new TokenRefused(issuer.issuer, errorIn(answer.text))
  const life = typeof seconds === 'number' && seconds > 0 ? seconds : shortest
  return {
    access,
    ...(typeof refresh === 'string' ? { refresh } : {}),
    expires: Date.now() + life * 1000,
  }
}

/** Its error's code; only what has the form of one (RFC 6749 5.2) is ever shown. */
export function errorIn(text: string): string {
  const error = jsonObject(text)?.['error']
  return typeof error === 'string' && /^[a-z_]{1,64}$/.test(error) ? error : 'no_answer'
}
