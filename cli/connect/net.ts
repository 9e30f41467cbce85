// HTTPS to issuers and servers: TLS only, no redirect followed, answers bounded. Nothing of a body is ever logged.

import { getCACertificates } from 'node:tls'
import { Agent, type Dispatcher, request } from 'undici'
import { wholeBody } from '../../core/whole-body.ts'
import { CannotError } from '../command.ts'

/** PEM. */
export type KeyPair = { key: string; cert: string }

export type Answered = {
  status: number
  headers: { readonly [name: string]: string | string[] | undefined }
  text: string
}

/** Largest answer that is read whole, bytes. */
const largest = 1024 * 1024

/** Connections that trust what this machine trusts, and `extra` (PEM) besides. `pair`: the certificate that they show. */
export function connections(extra: readonly string[], pair?: KeyPair): Agent {
  return new Agent({
    connect: {
      ca: [...getCACertificates('default'), ...getCACertificates('system'), ...extra],
      timeout: 10_000,
      minVersion: 'TLSv1.2',
      ...pair,
    },
    keepAliveTimeout: 30_000,
    headersTimeout: 120_000,
    // Streams are silent for as long as nothing happens.
    bodyTimeout: 0,
  })
}

/** Runs `work` with connections of its own, which end with it. */
export async function connected<Result>(
  ca: readonly string[],
  work: (dispatcher: Agent) => Promise<Result>,
  pair?: KeyPair,
): Promise<Result> {
  const dispatcher = connections(ca, pair)
  try {
    return await work(dispatcher)
  } finally {
    await dispatcher.close()
  }
}

/** One exchange, read whole. Rejects with `CannotError` when nobody answers, or too much. */
export async function ask(
  dispatcher: Dispatcher,
  url: string,
  asked: { method?: 'GET' | 'POST'; headers?: { [name: string]: string }; body?: string } = {},
): Promise<Answered> {
  const { hostname } = httpsUrl(url)
  try {
    const { method = 'GET', ...rest } = asked
    const signal = AbortSignal.timeout(30_000)
    const { statusCode, headers, body } = await request(url, { dispatcher, method, signal, ...rest })
    return { status: statusCode, headers, text: await bounded(body, largest, hostname) }
  } catch (error) {
    if (error instanceof CannotError) throw error
    throw new CannotError(`${hostname} cannot be reached: ${reasonOf(error)}`)
  }
}

/** The URL, if it is one of https without a name or password in it. Throws `CannotError`. */
export function httpsUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '')
    throw new CannotError(`${JSON.stringify(text)} is no https address: give one`)
  return url
}

/** The members of a JSON object; undefined for anything else. */
export function jsonObject(text: string): { readonly [member: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as { [member: string]: unknown })
      : undefined
  } catch {
    // No JSON at all.
    return undefined
  }
}

/** A body read whole. Rejects with `CannotError` beyond `most` bytes. `host`: who sends it. */
export async function bounded(body: AsyncIterable<Uint8Array>, most: number, host: string): Promise<string> {
  const whole = await wholeBody(body, most)
  if (whole === undefined) throw new CannotError(`${host} answers more than ${most / 1024 / 1024} MiB`)
  return whole.toString('utf8')
}

/** Codes of Node and OpenSSL, which stand on the innermost cause; with what to do where that is known. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error)
  return hints[code] === undefined ? code : `${code} (${hints[code]})`
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const inner = error.cause instanceof Error ? codeOf(error.cause) : undefined
  const { code } = error as { code?: unknown }
  return inner ?? (typeof code === 'string' ? code : error.name)
}

const trust = 'its certificate is of a CA that this machine does not know: give the CA with --ca FILE'
const unknown =
  'it takes client certificates of CAs that it knows: have it trust the server’s client CA, and see --enrol-client'
const hints: { readonly [code: string]: string } = {
  SELF_SIGNED_CERT_IN_CHAIN: trust,
  DEPTH_ZERO_SELF_SIGNED_CERT: trust,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: trust,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: trust,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: use that name in the URL',
  ENOTFOUND: 'there is no such name: check the URL, and the network',
  ECONNREFUSED: 'nothing listens there: check the port',
  // Java and OpenSSL say it by different alerts (RFC 8446 6.2).
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN': unknown,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: unknown,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it wants a client certificate on this port',
}
