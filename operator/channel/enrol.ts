// `POST /v1/enrol`: a person's short-lived client certificate, from the operator's own client CA. A sidecar relays what the
// person sent and is not believed: the token is verified here anew, against this replica's own view of policy, keys and
// revocations. A sidecar that was broken into can enrol nobody who did not just log in. Implements: authentication:enrolment

import { createHash, createPublicKey, X509Certificate } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK } from 'jose'
import { loginOf } from '../../core/identity/login.ts'
import { personName } from '../../core/identity/person.ts'
import {
  clientOf,
  type NewKeySet,
  TokenFault,
  tokenIdOf,
  type Verified,
  verifyToken,
} from '../../core/identity/token.ts'
import { isObject } from '../../core/is-object.ts'
import { parsePolicy } from '../../core/parse-policy.ts'
import type { Policy } from '../../core/policy.ts'
import { type EnrolResponse, enrolment, type Orders, type RelayedEnrolment } from '../../core/wire.ts'
import type { Authority } from '../authority/ca.ts'
import { type Proved, proved } from '../authority/certificate-request.ts'
import { issue } from '../authority/issue.ts'
import type { OrdersSource } from '../orders-source.ts'
import { ChannelRefusal } from './refused.ts'

export type EnrolDeps = {
  orders: Pick<OrdersSource, 'for'>
  /** The operator's own client CA. */
  clients: Authority
  /** For a token by a key that this replica has not seen yet. */
  newKeySet: (sidecar: Sidecar) => NewKeySet
  /** Milliseconds since 1970. */
  now?: () => number
}

type Sidecar = { namespace: string; server: string; podUid: string }

/** Longest issuer and subject together that fit into a name of a certificate. */
const longestName = 1_024

/** The certificate, or a rejection with `ChannelRefusal`. */
export async function answerEnrolment(
  { orders, clients, newKeySet, now = Date.now }: EnrolDeps,
  sidecar: Sidecar,
  body: string,
): Promise<EnrolResponse> {
  const asked = requestIn(body)
  const told = orders.for(sidecar.namespace, sidecar.server, sidecar.podUid)
  const policy = inForce(told, clients)
  const at = now()
  const verified = await verifiedBy(asked.token, policy, {
    jwks: (told as Orders).jwks,
    newKeySet: newKeySet(sidecar),
    now: at,
  })
  const { claims, issuer, iss, sub } = verified
  const login = loginOf(claims, issuer, Math.floor(at / 1000), freshness(policy))
  if (typeof login === 'string')
    throw new ChannelRefusal(401, 'The login proves too little or is too long ago: log in again', login)
  // A certificate is a person's own: a service that acts for one gets its certificate from whoever runs it.
  if (verified.actor !== undefined)
    throw new ChannelRefusal(401, 'A service acts here: let the person log in', 'token-not-a-person')
  refuseRevoked((told as Orders).revocations, verified, asked.token, at)
  const key = await proved(asked.csr)
  if ('refused' in key) throw new ChannelRefusal(400, key.refused, 'enrol-malformed')
  await sameKey(claims['cnf'], key, asked.certificate)
  const name = personName({ server: `${sidecar.namespace}/${sidecar.server}`, iss, sub })
  if (name.length > longestName)
    throw new ChannelRefusal(400, 'The person’s name is too long for a certificate', 'token-claims')
  return {
    certificate: await issue(
      clients,
      {
        publicKey: key.publicKey,
        identity: name,
        names: [],
        usages: ['client'],
        seconds: validity(policy, login.since, at),
      },
      at,
    ),
  }
}

/** How old the login may be, seconds. */
function freshness({ mfa, sessions }: Policy): number {
  return Math.min(enrolment.loginSeconds, mfa.maxAgeSeconds, sessions.absoluteSeconds)
}

/** It ends when the login is worth no more: a certificate that outlived it would open nothing. Seconds. */
function validity({ mfa, sessions }: Policy, since: number, at: number): number {
  const left = since + Math.min(mfa.maxAgeSeconds, sessions.absoluteSeconds) - Math.floor(at / 1000)
  return Math.max(60, Math.min(enrolment.certificateSeconds, left))
}

function requestIn(body: string): RelayedEnrolment {
  try {
    const { token, csr, certificate } = JSON.parse(body) as Partial<RelayedEnrolment>
    if (typeof token === 'string' && typeof csr === 'string')
      return { token, csr, ...(typeof certificate === 'string' ? { certificate } : {}) }
  } catch {
    // Said below, like every other body that holds no request.
  }
  throw new ChannelRefusal(400, 'The body must be JSON with members token and csr', 'enrol-malformed')
}

/** The policy, where it is one that enrols at this moment. */
function inForce(orders: Orders | undefined, clients: Authority): Policy {
  if (orders?.policy === undefined || orders.locked !== undefined)
    throw new ChannelRefusal(503, 'The server is locked or not known yet: its status says why', 'locked')
  const policy = parsePolicy(orders.policy)
  if (policy === undefined) throw new ChannelRefusal(503, 'The policy is none: see the status', 'locked')
  // Looked at twice: the server says that it enrols, and it accepts what this CA signs.
  if (policy.discovery?.enrols !== true || policy.tls.clientCa !== clients.pem)
    throw new ChannelRefusal(
      403,
      'The server takes certificates of another CA: ask whoever runs that',
      'path-unknown',
    )
  return policy
}

async function verifiedBy(
  token: string,
  policy: Policy,
  against: { jwks: Orders['jwks']; newKeySet: NewKeySet; now: number },
): Promise<Verified> {
  const issuers = new Map(policy.issuers.map((issuer) => [issuer.url, issuer]))
  try {
    return await verifyToken(token, { issuers, ...against })
  } catch (cause) {
    if (!(cause instanceof TokenFault)) throw cause
    throw new ChannelRefusal(401, 'The access token is not good: get a new one', cause.reason)
  }
}

function refuseRevoked(
  revocations: Orders['revocations'],
  { claims, iss, sub }: Verified,
  token: string,
  now: number,
): void {
  const shown: { readonly [kind: string]: string | undefined } = {
    person: `${iss} ${sub}`,
    client: clientOf(claims),
    token: tokenIdOf(claims),
    'token-hash': createHash('sha256').update(token).digest('hex'),
  }
  const found = revocations.find(
    ({ kind, value, until }) => shown[kind] === value && !(until !== undefined && now >= Date.parse(until)),
  )
  if (found !== undefined)
    throw new ChannelRefusal(403, 'Access was ended: ask the privacy officer', reasons[found.kind])
}

const reasons: { readonly [kind in Orders['revocations'][number]['kind']]: string } = {
  person: 'person-revoked',
  client: 'client-revoked',
  token: 'token-revoked',
  'token-hash': 'token-revoked',
  certificate: 'certificate-revoked',
}

/**
 * A token that is bound is good only with what it is bound to (RFC 8705 3, RFC 9449 6): here that can be nothing but the
 * key that signed the request, or somebody who found a token on its way could have a certificate made for a key of theirs.
 */
async function sameKey(confirmation: unknown, key: Proved, certificate: string | undefined): Promise<void> {
  if (confirmation === undefined) return
  const { 'x5t#S256': thumbprint, jkt, ...others } = isObject(confirmation) ? confirmation : { unknown: true }
  const own = Buffer.from(key.publicKey.rawData)
  const holds =
    Object.keys(others).length === 0 &&
    (thumbprint !== undefined || jkt !== undefined) &&
    (jkt === undefined || jkt === (await thumbprintOf(own))) &&
    (thumbprint === undefined || (certificate !== undefined && isOf(certificate, own, thumbprint)))
  if (!holds)
    throw new ChannelRefusal(400, 'The token is bound to another key than the request’s', 'enrol-key')
}

async function thumbprintOf(spki: Buffer): Promise<string> {
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  return await calculateJwkThumbprint(await exportJWK(key))
}

function isOf(pem: string, spki: Buffer, thumbprint: unknown): boolean {
  try {
    const { raw, publicKey } = new X509Certificate(pem)
    return (
      createHash('sha256').update(raw).digest('base64url') === thumbprint &&
      publicKey.export({ type: 'spki', format: 'der' }).equals(spki)
    )
  } catch {
    // No certificate at all.
    return false
  }
}
