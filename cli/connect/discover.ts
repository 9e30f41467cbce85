// Where to log in, and for what: the server's protected-resource metadata (RFC 9728) and its issuer's own (RFC 8414,
// OpenID Connect Discovery 1.0). Each names what it was asked for, or is somebody else's (RFC 9728 3.3, RFC 8414 3.3).

import type { Dispatcher } from 'undici'
import { type ConnectMetadata, connectMember } from '../../core/wire.ts'
import { CannotError } from '../command.ts'
import { ask, httpsUrl, jsonObject } from './net.ts'

export type Place = {
  /** Where MCP is spoken. */
  url: string
  /** What tokens are asked for (RFC 8707). */
  resource: string
  issuer: Issuer
  scopes: readonly string[]
  binding: 'Certificate' | 'DPoP'
  connect: ConnectMetadata
}

/** Addresses of an issuer. */
type Issuer = {
  issuer: string
  authorize: string
  token: string
  /** Where a token is bound to the client certificate (RFC 8705 5). */
  boundToken: string
  device?: string
  /** Whether answers of the authorization endpoint say whose they are (RFC 9207). */
  namesItself: boolean
}

export type Where = {
  url: string
  /** Port of the same host, or the address of the discovery listener. */
  discovery: string
  /** What the metadata must call itself; omitted: the URL. */
  resource?: string
  /** Which of several issuers. */
  issuer?: string
}

/** Looks both up. Rejects with `CannotError`. */
export async function discover(where: Where, dispatcher: Dispatcher): Promise<Place> {
  const { url, resource = url } = where
  const at = metadataAddress(where)
  const metadata = await document(at, dispatcher)
  if (metadata['resource'] !== resource)
    throw new CannotError(
      `${at} describes ${JSON.stringify(metadata['resource'])}, not ${resource}. If that is the server's own name for itself, say so with --resource`,
    )
  const issuers = texts(metadata['authorization_servers'])
  const chosen = where.issuer ?? issuers[0]
  if (chosen === undefined || !issuers.includes(chosen) || (where.issuer === undefined && issuers.length > 1))
    throw new CannotError(
      `Choose the issuer with --issuer: the server trusts ${issuers.length === 0 ? 'none' : issuers.join(', ')}`,
    )
  return {
    url,
    resource,
    issuer: await issuerOf(chosen, dispatcher),
    scopes: texts(metadata['scopes_supported']),
    binding: metadata['dpop_bound_access_tokens_required'] === true ? 'DPoP' : 'Certificate',
    connect: connectOf(metadata[connectMember]),
  }
}

function metadataAddress({ url, discovery }: Where): string {
  const { hostname, pathname } = httpsUrl(url)
  const base = /^\d{1,5}$/.test(discovery) ? `https://${hostname}:${discovery}` : httpsUrl(discovery).origin
  return `${base}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`
}

async function issuerOf(issuer: string, dispatcher: Dispatcher): Promise<Issuer> {
  const { origin, pathname } = httpsUrl(issuer)
  const path = pathname === '/' ? '' : pathname.replace(/\/$/, '')
  let found: Awaited<ReturnType<typeof document>> | undefined
  for (const at of [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]) {
    found = await document(at, dispatcher).catch((error: unknown) => {
      if (!(error instanceof NotThere)) throw error
      return undefined
    })
    if (found !== undefined) break
  }
  if (found === undefined) throw new CannotError(`${issuer} publishes no metadata: is it an OAuth issuer?`)
  if (found['issuer'] !== issuer) throw new CannotError(`The metadata of ${issuer} names another issuer`)
  const methods = found['code_challenge_methods_supported']
  if (Array.isArray(methods) && !methods.includes('S256'))
    throw new CannotError(`${issuer} does not do PKCE with S256, which is needed`)
  const aliases = isMembers(found['mtls_endpoint_aliases']) ? found['mtls_endpoint_aliases'] : {}
  const token = address(found['token_endpoint'], issuer)
  const device = found['device_authorization_endpoint']
  return {
    issuer,
    authorize: address(found['authorization_endpoint'], issuer),
    token,
    boundToken: address(aliases['token_endpoint'] ?? token, issuer),
    ...(typeof device === 'string' ? { device: address(device, issuer) } : {}),
    namesItself: found['authorization_response_iss_parameter_supported'] === true,
  }
}

class NotThere extends CannotError {}

async function document(at: string, dispatcher: Dispatcher): Promise<{ readonly [member: string]: unknown }> {
  const { status, text } = await ask(dispatcher, at, { headers: { accept: 'application/json' } })
  const members = status === 200 ? jsonObject(text) : undefined
  if (members === undefined)
    throw new NotThere(`${at} answered ${status} and no metadata: check the URL, and --discovery`)
  return members
}

function connectOf(value: unknown): ConnectMetadata {
  const members = isMembers(value) ? value : {}
  const { enrolment_endpoint: enrolment, login, purpose_claim: purpose } = members
  return {
    ...(typeof enrolment === 'string' ? { enrolment_endpoint: httpsUrl(enrolment).href } : {}),
    login: isMembers(login) ? (login as ConnectMetadata['login']) : {},
    ...(typeof purpose === 'string' ? { purpose_claim: purpose } : {}),
  }
}

const isMembers = (value: unknown): value is { readonly [member: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
}

function address(value: unknown, issuer: string): string {
  if (typeof value !== 'string') throw new CannotError(`The metadata of ${issuer} lacks an endpoint`)
  return httpsUrl(value).href
}
