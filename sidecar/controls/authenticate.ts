// Person or entity authentication, 45 CFR 164.312(d), and training, 164.308(a)(5). Implements: authentication:*

import { isRecent, loginOf } from '../../core/identity/login.ts'
import { stepUp } from '../../core/identity/mfa.ts'
import { type Claims, clientOf, clockSkew, tokenIdOf } from '../../core/identity/token.ts'
import { valueAt } from '../../core/pointer.ts'
import type { Who } from '../../core/record.ts'
import type { Deps } from '../deps.ts'
import type { Arrived, Identified, Proved, Received } from '../exchange.ts'
import type { Verified } from '../identity/verify.ts'
import { Refusal } from '../refusals.ts'

/**
 * Finds out who is asking, before a byte of the body is read: whoever proves nothing makes this process hold nothing. A
 * person, logged in with more than one factor not too long ago, whose token is bound to the client certificate of this
 * very connection, or to a key that signed this very request. Refuses to guess: a claim that is missing proves nothing.
 */
export function prove(exchange: Arrived, deps: Deps): Proved | Promise<Proved> {
  const { authorization, certificate, inForce, rules, at } = exchange
  const { binding } = inForce.policy
  // Looked up by the policy's own text, which is no name of ours, this would be compiled anew again and again.
  const scheme = binding === 'DPoP' ? schemes.DPoP : schemes.Certificate
  const token = scheme.exec(authorization ?? '')?.[1]
  if (token === undefined) throw new Refusal('token-missing', { challenge: {} })
  const verified = deps.tokens.verify(token, certificate, inForce, rules, at)
  if (binding === 'DPoP') return signedBy(verified, exchange, token, deps)
  return verified instanceof Promise
    ? verified.then((late) => proved(exchange, late))
    : proved(exchange, verified)
}

/** What the head proved, and what is answered where the message's id is known: training. */
export function authenticate(exchange: Received): Identified {
  const { inForce, rules, claims, at } = exchange
  const training = trainingOf(claims, { inForce, rules, at })
  const who = training === undefined ? exchange.who : { ...exchange.who, training }
  return { ...exchange, stage: 'identified', who }
}

const schemes = {
  Certificate: /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i,
  DPoP: /^DPoP ([A-Za-z0-9._~+/-]+=*)$/i,
}

/** The proof belongs to this one request: it is looked at each time, however well the token is known. */
async function signedBy(
  verifying: Verified | Promise<Verified>,
  exchange: Arrived,
  token: string,
  { proofs }: Deps,
): Promise<Proved> {
  const verified = await verifying
  await proofs.check(exchange, token, verified.jkt ?? '')
  return proved(exchange, verified)
}

function proved(exchange: Arrived, verified: Verified): Proved {
  const { person, inForce } = exchange
  const { namespace, name } = inForce.policy.server
  // Enrolled for one person, here, it is no other's: not even with a good token of theirs.
  const own =
    person === undefined ||
    (person.server === `${namespace}/${name}` && person.iss === verified.iss && person.sub === verified.sub)
  if (!own) throw new Refusal('token-unbound', { challenge: { error: 'invalid_token' } })
  const { maxAgeSeconds } = exchange.inForce.policy.mfa
  return { ...exchange, stage: 'proved', ...identityOf(exchange, verified, maxAgeSeconds) }
}

/** Who a good token names, if their login is no older than `maxAgeSeconds`. Throws Refusal when it is, or proves too little. */
export function identityOf(
  { at, certificate }: Pick<Arrived, 'at' | 'certificate'>,
  verified: Verified,
  maxAgeSeconds: number,
): Identity {
  const { claims, issuer, sub, iss, actor, jkt } = verified
  const now = Math.floor(at / 1000)
  const before = identities.get(verified)
  if (before?.who.certificate === certificate && isRecent(before.who.mfa.authTime, now, maxAgeSeconds))
    return before

  const login = loginOf(claims, issuer, now, maxAgeSeconds)
  if (typeof login === 'string') throw new Refusal(login, { challenge: stepUp(issuer, maxAgeSeconds) })

  const client = clientOf(claims)
  const token = tokenIdOf(claims)
  const { grade, rule, value } = login.proof
  // In canonical order, in which a record is written at once.
  const who: Who = {
    ...(actor === undefined ? {} : { actor }),
    certificate,
    ...(client === undefined ? {} : { clientId: client }),
    iss,
    ...(jkt === undefined ? {} : { key: jkt }),
    mfa: { authTime: login.since, grade, rule, value },
    sub,
    ...(token === undefined ? {} : { token }),
  }
  const identity = { who, claims, roles: texts(valueAt(claims, issuer.roles)), scopes: scopesOf(claims) }
  identities.set(verified, identity)
  return identity
}

type Identity = Pick<Proved, 'who' | 'claims' | 'roles' | 'scopes'>

/** For as long as a token is remembered. Nothing in it depends on the hour: the age of the login is looked at each time. */
const identities = new WeakMap<Verified, Identity>()

/** When the caller was last trained, where the policy asks for it. Throws Refusal when that is too long ago, or not known. */
export function trainingOf(
  claims: Claims,
  { at, inForce, rules }: Pick<Arrived, 'at' | 'inForce' | 'rules'>,
): string | undefined {
  const { training } = inForce.policy
  if (training === undefined) return undefined
  const now = Math.floor(at / 1000)
  const trained = rules.training === undefined ? undefined : dateOf(valueAt(claims, rules.training))
  if (trained === undefined || trained.at > now + clockSkew) throw new Refusal('training-missing')
  if (now - trained.at > training.maxAgeSeconds) throw new Refusal('training-too-old')
  return trained.text
}

/** `scope` of RFC 8693 4.2, or the list that Okta and Entra write (`scp`). */
function scopesOf(claims: Claims): readonly string[] {
  const scope = claims['scope'] ?? claims['scp']
  return typeof scope === 'string' ? scope.split(' ').filter((one) => one !== '') : texts(scope)
}

/** A string or a list of strings, as a list. */
function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
}

/** An ISO 8601 date at its day's beginning, UTC. */
function dateOf(value: unknown): { text: string; at: number } | undefined {
  const text = typeof value === 'string' ? /^\d{4}-\d{2}-\d{2}(?=$|T)/.exec(value)?.[0] : undefined
  const at = text === undefined ? Number.NaN : Date.parse(`${text}T00:00:00Z`)
  // A day that does not exist, such as 31 February, is read as another one.
  const exists = text !== undefined && !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
  return exists ? { text, at: at / 1000 } : undefined
}
