// Login by device code (RFC 8628), where this machine has no browser: a short code, typed on any other device.

import { setTimeout as sleep } from 'node:timers/promises'
import { CannotError } from '../command.ts'
import { ask, connected, jsonObject } from './net.ts'
import { newPkce } from './pkce.ts'
import { type Bound, errorIn, type TokenAsking, TokenRefused, type Tokens, tokenFor } from './tokens.ts'

const grant = 'urn:ietf:params:oauth:grant-type:device_code'

/** Tokens, once the person has typed the code. Rejects with `CannotError`. */
export async function tokensByDevice(
  asking: TokenAsking,
  parameters: { [name: string]: string },
  bound: Bound,
  note: (line: string) => void,
): Promise<Tokens> {
  const { issuer, resource, client, ca } = asking
  if (issuer.device === undefined)
    throw new CannotError(`${issuer.issuer} offers no login by device code: leave --device out`)
  const at = issuer.device
  const { verifier, challenge } = newPkce()
  const answer = await connected(
    ca,
    async (dispatcher) =>
      await ask(dispatcher, at, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: new URLSearchParams({ client_id: client, resource, ...challenge, ...parameters }).toString(),
      }),
  )
  const said = jsonObject(answer.text) ?? {}
  const { device_code: code, user_code: typed, verification_uri: page } = said
  if (
    answer.status !== 200 ||
    typeof code !== 'string' ||
    typeof typed !== 'string' ||
    typeof page !== 'string'
  )
    throw new TokenRefused(issuer.issuer, errorIn(answer.text))
  note(`Log in on any device: open ${page} and type ${typed}`)
  const end = performance.now() + secondsOf(said['expires_in'], 600) * 1000
  let interval = secondsOf(said['interval'], 5)
  while (performance.now() < end) {
    await sleep(interval * 1000)
    try {
      return await tokenFor(asking, { grant_type: grant, device_code: code, code_verifier: verifier }, bound)
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error
      if (error.code === 'slow_down') interval += 5
      else if (error.code !== 'authorization_pending') throw error
    }
  }
  throw new CannotError('Nobody typed the code in time: begin anew')
}

function secondsOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' && value > 0 && value < 3_600 ? value : otherwise
}
