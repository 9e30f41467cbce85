// From nothing to a session: a key that is made here, a login, a certificate for the key, a token bound to both.
//
// A token is bound to a certificate when it is made (RFC 8705), and a certificate is given for a token: so one login gives
// two tokens. The first is bound to the key by a certificate that the key signs for itself, and does nothing but enrol; the
// second is the one for calls. In a browser the second follows by itself. Bound by DPoP, one token does both. Where the
// issuer takes certificates of CAs that it knows and no others, another client's token enrols, which is bound to nothing.

import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { certificateRequest, newKey, pemOf } from '../../core/csr.ts'
import type { EnrolRequest } from '../../core/wire.ts'
import { CannotError } from '../command.ts'
import { type Code, codesByBrowser } from './browser.ts'
import { tokensByDevice } from './device.ts'
import type { Place } from './discover.ts'
import { selfSigned } from './keys.ts'
import { ask, connected, jsonObject, type KeyPair } from './net.ts'
import type { Session } from './state.ts'
import { type Bound, type TokenAsking, TokenRefused, type Tokens, tokenFor } from './tokens.ts'

export type LoginOptions = {
  place: Place
  client: string
  /** The client whose tokens enrol, where those of `client` are given over known certificates only. */
  enrolClient?: string
  /** CAs besides those of this machine, PEM. */
  ca: readonly string[]
  device: boolean
  redirect: string
  open: (url: string) => void
  note: (line: string) => void
  /** A certificate that this machine has already: then none is enrolled. */
  pair?: KeyPair
}

/** Parameters of a challenge that a login may be asked with (RFC 9470 4, RFC 6750 3). */
const fromChallenge = ['acr_values', 'max_age', 'claims', 'scope'] as const

/** Logs a person in. `challenge`: what a server asked for. Rejects with `CannotError`. */
export async function logIn(
  options: LoginOptions,
  challenge: { readonly [name: string]: string } = {},
): Promise<Session> {
  try {
    return await once(options, parametersOf(options.place, challenge))
  } catch (error) {
    if (!(error instanceof LoginTooOld)) throw error
    // The issuer took a login of earlier for good, whatever max_age said.
    options.note('The login was not recent enough: log in once more')
    return await once(options, { ...parametersOf(options.place, challenge), prompt: 'login' })
  }
}

type Parameters = { [name: string]: string }

async function once(options: LoginOptions, parameters: Parameters): Promise<Session> {
  const { place, client, pair } = options
  const key = pair?.key ?? pemOf(newKey())
  const session = { issuer: place.issuer.issuer, client, binding: place.binding, key }
  if (pair !== undefined) {
    const bound: Bound = place.binding === 'DPoP' ? { key } : { certificate: pair }
    return { ...session, certificate: pair.cert, tokens: await oneToken(options, parameters, bound) }
  }
  if (place.binding === 'DPoP') {
    const tokens = await oneToken(options, parameters, { key })
    return { ...session, certificate: await enrol(options, tokens.access, key), tokens }
  }
  const own = await selfSigned(key)
  return { ...session, ...(await twoTokens(options, parameters, own)) }
}

async function oneToken(options: LoginOptions, parameters: Parameters, bound: Bound): Promise<Tokens> {
  const { client, device, note } = options
  if (device) return await tokensByDevice(askingFor(options, client), parameters, bound, note)
  let tokens: Tokens | undefined
  await codesByBrowser(browsing(options), { client, parameters }, async (code) => {
    tokens = await redeemed(askingFor(options, client), code, bound)
    return undefined
  })
  return made(tokens)
}

/** What a browser's last step left. */
function made<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new CannotError('The login ended before it was complete: begin anew')
  return value
}

/** The first over the self-signed certificate, the second over the enrolled one. */
async function twoTokens(
  options: LoginOptions,
  parameters: Parameters,
  own: KeyPair,
): Promise<{ certificate: string; tokens: Tokens }> {
  const { client, enrolClient = client, device, note } = options
  const [first, second] = [askingFor(options, enrolClient), askingFor(options, client)]
  // To an issuer that knows only some CAs, a certificate of no CA is the end of the connection.
  const apart = enrolClient !== client
  const bound: Bound = apart ? { nothing: true } : { certificate: own }
  // The person is known by then: whoever asks them again only wants to be asked.
  const { max_age: _, prompt: __, ...again } = parameters
  const enrolled = async (access: string): Promise<KeyPair> => ({
    key: own.key,
    cert: await enrol(options, access, own.key, apart ? undefined : own.cert),
  })
  if (device) {
    const tokens = await tokensByDevice(first, parameters, bound, note)
    const certificate = await enrolled(tokens.access)
    const carried = apart ? undefined : await renewed(second, tokens, { certificate })
    if (carried === undefined)
      note('This machine is enrolled. Log in once more, for a token that is bound to it')
    return {
      certificate: certificate.cert,
      tokens: carried ?? (await tokensByDevice(second, again, { certificate }, note)),
    }
  }
  let certificate: KeyPair | undefined
  let tokens: Tokens | undefined
  await codesByBrowser(browsing(options), { client: enrolClient, parameters }, async (code) => {
    if (certificate !== undefined) {
      tokens = await redeemed(second, code, { certificate })
      return undefined
    }
    const { access } = await redeemed(first, code, bound)
    certificate = await enrolled(access)
    return { client, parameters: again }
  })
  return { certificate: made(certificate).cert, tokens: made(tokens) }
}

/** New tokens for a refresh token; undefined when there is none or the issuer wants a login. */
export async function renewed(
  asking: TokenAsking,
  { refresh }: Tokens,
  bound: Bound,
): Promise<Tokens | undefined> {
  if (refresh === undefined) return undefined
  try {
    const parameters = { grant_type: 'refresh_token', refresh_token: refresh }
    // An issuer that does not rotate them says nothing of the old one.
    return { refresh, ...(await tokenFor(asking, parameters, bound)) }
  } catch (error) {
    if (error instanceof TokenRefused) return undefined
    throw error
  }
}

async function redeemed(
  asking: TokenAsking,
  { code, verifier, redirect }: Code,
  bound: Bound,
): Promise<Tokens> {
  const parameters = {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: redirect,
  }
  return await tokenFor(asking, parameters, bound)
}

const askingFor = ({ place, ca }: LoginOptions, client: string): TokenAsking => ({
  issuer: place.issuer,
  resource: place.resource,
  client,
  ca,
})

const browsing = ({ place, redirect, open, note }: LoginOptions) => ({
  issuer: place.issuer,
  resource: place.resource,
  redirect,
  open,
  note,
})

/** Of the challenge where it says something, else of what the server published. */
function parametersOf(place: Place, challenge: { readonly [name: string]: string }): Parameters {
  const published = place.connect.login[place.issuer.issuer] ?? {}
  const parameters: Parameters = { scope: ['openid', ...place.scopes].join(' ') }
  for (const name of fromChallenge) {
    const value = challenge[name] ?? published[name]
    if (typeof value === 'string') parameters[name] = value
  }
  if (challenge['scope'] !== undefined)
    parameters['scope'] = [
      ...new Set(`openid ${place.scopes.join(' ')} ${challenge['scope']}`.trim().split(/ +/)),
    ].join(' ')
  // Challenges carry the claims parameter in base64 (Entra), requests do not.
  const { claims } = parameters
  if (claims !== undefined) parameters['claims'] = Buffer.from(claims, 'base64').toString('utf8')
  const ages = [challenge['max_age'], published['max_age']].map(Number).filter((age) => age >= 0)
  // A minute less: the login is looked at a moment later, by other clocks.
  if (ages.length > 0) parameters['max_age'] = String(Math.max(0, Math.min(...ages) - 60))
  return parameters
}

/** The login proved enough, too long ago. */
class LoginTooOld extends CannotError {}

/** A client certificate for this key, PEM. */
async function enrol(
  { place, ca }: LoginOptions,
  access: string,
  key: string,
  certificate?: string,
): Promise<string> {
  const endpoint = place.connect.enrolment_endpoint
  if (endpoint === undefined)
    throw new CannotError(
      'The server takes client certificates of a CA of its own and enrols none: give yours with --certificate and --key',
    )
  const privateKey = createPrivateKey(key)
  const body: EnrolRequest = {
    csr: certificateRequest({ publicKey: createPublicKey(key), privateKey }),
    ...(certificate === undefined ? {} : { certificate }),
  }
  const { status, text } = await connected(
    ca,
    async (dispatcher) =>
      await ask(dispatcher, endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${access}` },
        body: JSON.stringify(body),
      }),
  )
  const said = jsonObject(text) ?? {}
  if (status !== 200 || typeof said['certificate'] !== 'string') throw enrolRefused(status, said['error'])
  const leaf = new X509Certificate(said['certificate'])
  if (!leaf.checkPrivateKey(privateKey))
    throw new CannotError('The server gave a certificate for another key')
  return said['certificate']
}

function enrolRefused(status: number, error: unknown): CannotError {
  const { message, data } = (typeof error === 'object' && error !== null ? error : {}) as {
    message?: unknown
    data?: { reason?: unknown; retryAfter?: unknown }
  }
  const seconds = typeof data?.retryAfter === 'number' ? String(data.retryAfter) : 'some'
  const says =
    typeof message === 'string'
      ? message.slice(0, 300).replace('data.retryAfter', seconds)
      : `It answered ${status}.`
  const text = `No client certificate was given. ${says}`
  return data?.reason === 'mfa-too-old' ? new LoginTooOld(text) : new CannotError(text)
}
