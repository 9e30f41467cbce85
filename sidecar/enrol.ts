// A person's first certificate, on the discovery port: whoever logged in just now with more than one factor, and has a
// role here, gets a client certificate for a key of theirs. It is relayed to the operator, which verifies the login anew
// and signs. The certificate leaves this pod only when its record is durable. Implements: authentication:enrolment

import { hash, X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { NewKeySet } from '../core/identity/token.ts'
import { isObject } from '../core/is-object.ts'
import type { Who } from '../core/record.ts'
import { wholeBody } from '../core/whole-body.ts'
import { type EnrolRequest, type EnrolResponse, enrolment, type RelayedEnrolment } from '../core/wire.ts'
import type { Link } from './channel/link.ts'
import { identityOf, trainingOf } from './controls/authenticate.ts'
import { heldRoles } from './controls/held-roles.ts'
import type { Deps } from './deps.ts'
import type { Answer } from './exchange.ts'
import { challenged } from './identity/challenge.ts'
import { verify } from './identity/verify.ts'
import type { InForce } from './in-force.ts'
import { isJson, parseBody } from './intake.ts'
import { limits } from './limits.ts'
import { recorded } from './recorded.ts'
import { type Reason, Refusal, refusals } from './refusals.ts'
import { rulesOf } from './rules.ts'

export type EnrolOptions = Pick<Deps, 'orders' | 'trail'> & {
  /** To the operator's channel. */
  link: Pick<Link, 'request'>
  newKeySet?: NewKeySet
  /** Milliseconds since 1970. */
  clock?: () => number
}

/** What is known of one request; `who` once the login was believed. */
export type Enrolling = { readonly call: string; readonly peer: string; who?: Who }

/** The answer with the certificate. Rejects with Refusal, and `asked` then says whose request it was. */
export type Enrol = (request: IncomingMessage, inForce: InForce, asked: Enrolling) => Promise<Answer>

/** Largest body, bytes: a request and a certificate have 3,000 together. */
const bodyLimit = 16_384

/** Requests a minute: of one address, of one person, and of all. Each costs the operator two signatures. */
const most = { address: 20, person: 6, all: 120 }

/** Longest wait for the operator, milliseconds. */
const patience = 10_000

export function enrolling(options: EnrolOptions): Enrol {
  const { orders, trail, clock = Date.now } = options
  // For counting in a time, a clock that nobody can set.
  const steady = options.clock ?? (() => performance.now())
  const counted = limits()
  const within = (key: string, limit: number, at: number): void => {
    const wait = counted.call(key, limit, at)
    if (wait === undefined) return
    const headers = { 'retry-after': String(wait) }
    throw new Refusal('enrol-over-limit', { data: { retryAfter: wait }, headers })
  }

  /** The person of a good token, for the record. Throws Refusal for everybody else. */
  async function personOf(token: string, inForce: InForce, at: number, certificate: string): Promise<Who> {
    const rules = rulesOf(inForce.policy)
    const { newKeySet } = options
    const verified = await verify(token, {
      inForce,
      rules,
      now: at,
      ...(newKeySet === undefined ? {} : { newKeySet }),
    })
    if (verified.actor !== undefined) throw new Refusal('token-not-a-person')
    const { mfa, sessions } = inForce.policy
    const maxAge = Math.min(enrolment.loginSeconds, mfa.maxAgeSeconds, sessions.absoluteSeconds)
    const identity = identityOf({ at, certificate }, verified, maxAge)
    const training = trainingOf(identity.claims, { at, inForce, rules })
    const kind = orders.revoked(identity.who, `Bearer ${token}`)
    if (kind !== undefined) throw new Refusal(kind === 'token-hash' ? 'token-revoked' : `${kind}-revoked`)
    if (heldRoles({ inForce, ...identity }).length === 0) throw new Refusal('role-missing')
    return training === undefined ? identity.who : { ...identity.who, training }
  }

  /** What the operator signed. */
  async function signed(relayed: RelayedEnrolment): Promise<EnrolResponse & { leaf: X509Certificate }> {
    let status: number
    let said: unknown
    try {
      const { statusCode, body } = await options.link.request({
        method: 'POST',
        path: enrolment.path,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(relayed),
        headersTimeout: patience,
        signal: AbortSignal.timeout(patience),
      })
      status = statusCode
      said = JSON.parse(await body.text())
    } catch (cause) {
      throw unavailable(cause)
    }
    const { certificate, reason } = isObject(said) ? said : {}
    if (status === 200 && typeof certificate === 'string') {
      try {
        return { certificate, leaf: new X509Certificate(certificate) }
      } catch (cause) {
        throw unavailable(cause)
      }
    }
    throw typeof reason === 'string' && Object.hasOwn(refusals, reason)
      ? new Refusal(reason as Reason)
      : unavailable(undefined)
  }

  return async (request, inForce, asked) => {
    const { headers } = request
    const at = clock()
    // Cheapest first, and what anybody can do without end before all.
    const now = steady()
    within(`address ${asked.peer}`, most.address, now)
    within('all', most.all, now)
    if (request.method !== 'POST') throw new Refusal('method-not-allowed', { headers: { allow: 'POST' } })
    // Web pages can send what a person's browser may reach; a program sends none.
    if (headers.origin !== undefined) throw new Refusal('origin-refused')
    if (!isJson(headers['content-type']) || headers['content-encoding'] !== undefined)
      throw new Refusal('content-type-refused')
    if (Number(headers['content-length'] ?? 0) > bodyLimit) throw new Refusal('enrol-malformed')
    const token = /^(?:Bearer|DPoP) ([A-Za-z0-9._~+/-]+=*)$/i.exec(headers.authorization ?? '')?.[1]
    try {
      if (token === undefined) throw new Refusal('token-missing', { challenge: {} })
      const enrol = requestIn(await wholeBody(request, bodyLimit))
      const before = enrol.certificate === undefined ? '' : thumbprintOf(enrol.certificate)
      const who = await personOf(token, inForce, at, before)
      // A person who shows a certificate already is named by it where this is refused.
      if (before !== '') asked.who = who
      within(`person ${who.iss} ${who.sub}`, most.person, steady())
      const { certificate, leaf } = await signed({ token, ...enrol })
      const named = hash('sha256', leaf.raw, 'base64url')
      const until = leaf.validToDate.toISOString()
      const entry = { call: asked.call, who: { ...who, certificate: named }, until, peer: asked.peer }
      await recorded(trail.note({ kind: 'enrolment', ...entry, policy: inForce.hash }))
      return answerOf({ certificate })
    } catch (why) {
      throw why instanceof Refusal ? challenged(why, inForce, headers.host) : why
    }
  }
}

function unavailable(cause: unknown): Refusal {
  return new Refusal('enrol-unavailable', { cause, headers: { 'retry-after': '5' } })
}

function requestIn(body: Buffer | undefined): EnrolRequest {
  if (body === undefined) throw new Refusal('enrol-malformed')
  const value = parseBody(body)
  const { csr, certificate } = isObject(value) ? value : {}
  if (typeof csr !== 'string' || (certificate !== undefined && typeof certificate !== 'string'))
    throw new Refusal('enrol-malformed')
  return { csr, ...(certificate === undefined ? {} : { certificate }) }
}

function thumbprintOf(pem: string): string {
  try {
    return hash('sha256', new X509Certificate(pem).raw, 'base64url')
  } catch (cause) {
    throw new Refusal('enrol-malformed', { cause })
  }
}

function answerOf(response: EnrolResponse): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(response),
  }
}
