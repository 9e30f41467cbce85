// Demonstrating proof of possession (RFC 9449), where the policy binds tokens to a key of the client's instead of its
// certificate: it signs each request anew. Mutual TLS stays. The nonce that we ask for is bound to the client certificate,
// so that a proof that got out is of no use over any other connection, at this pod or at another.

import { hash, timingSafeEqual } from 'node:crypto'
import {
  type CryptoKey,
  calculateJwkThumbprint,
  decodeProtectedHeader,
  importJWK,
  type JWK,
  type JWTPayload,
  jwtVerify,
} from 'jose'
import { hmac } from '../../core/hmac.ts'
import { clockSkew } from '../../core/identity/token.ts'
import { isObject } from '../../core/is-object.ts'
import { algorithms } from '../../core/policy.ts'
import type { Arrived } from '../exchange.ts'
import { type Reason, Refusal } from '../refusals.ts'

/** A nonce is good in the period in which it was given and the next one, seconds. */
const noncePeriod = 120

/** Longest proof, characters. One with an RSA key of 4096 bits and its signature has 2,000. */
const longestProof = 4096

/** Proofs remembered for each key, and of all keys, in one period. Past that no more are taken until the next. */
const most = { each: 16_384, all: 131_072 }

/** Keys of clients kept imported. */
const mostKeys = 1024

export interface Proofs {
  /** Rejects with Refusal unless the request has a proof, not used before, by the key that `jkt` names, for `token`. */
  check(exchange: Asking, token: string, jkt: string): Promise<void>
}

type Asking = Pick<Arrived, 'at' | 'certificate' | 'dpop' | 'host' | 'inForce' | 'verb'>

export function proofs(): Proofs {
  const used = replays()
  const keys = new Map<string, CryptoKey | Uint8Array>()

  async function keyOf(jwk: JWK, alg: string, jkt: string): Promise<CryptoKey | Uint8Array> {
    const known = keys.get(`${alg} ${jkt}`)
    if (known !== undefined) return known
    const key = await importJWK(jwk, alg)
    keys.set(`${alg} ${jkt}`, key)
    for (const oldest of keys.keys()) {
      if (keys.size <= mostKeys) break
      keys.delete(oldest)
    }
    return key
  }

  /** The proof's claims, once the key is the token's and the signature is that key's. */
  async function signed(proof: string, jkt: string, exchange: Asking): Promise<JWTPayload> {
    const { typ, alg = '', jwk } = headerOf(proof, exchange)
    if (typ !== 'dpop+jwt') throw refused('typ', exchange)
    if (!(algorithms as readonly string[]).includes(alg)) throw refused('alg', exchange)
    if (!isObject(jwk) || 'd' in jwk || 'k' in jwk) throw refused('jwk', exchange)
    try {
      // Before any other work with it: a key that the token does not name is nobody's.
      if ((await calculateJwkThumbprint(jwk)) !== jkt) throw refused('jwk', exchange)
      const key = await keyOf(jwk, alg, jkt)
      const currentDate = new Date(exchange.at)
      return (await jwtVerify(proof, key, { algorithms: [alg], currentDate, clockTolerance: clockSkew }))
        .payload
    } catch (cause) {
      throw cause instanceof Refusal ? cause : refused('signature', exchange)
    }
  }

  return {
    async check(exchange, token, jkt) {
      const { dpop, at, inForce, verb } = exchange
      if (dpop === undefined) throw asking('proof-missing', 'invalid_dpop_proof', exchange)
      if (dpop.length > longestProof) throw refused('length', exchange)
      const { htm, htu, ath, iat, jti, nonce } = await signed(dpop, jkt, exchange)
      if (htm !== verb) throw refused('htm', exchange)
      if (addressOf(htu) !== addressOf(`https://${exchange.host ?? ''}${inForce.policy.workload.path}`))
        throw refused('htu', exchange)
      if (ath !== hash('sha256', token, 'base64url')) throw refused('ath', exchange)
      if (typeof iat !== 'number' || Math.abs(at / 1000 - iat) > clockSkew) throw refused('iat', exchange)
      if (typeof jti !== 'string' || jti === '' || jti.length > 256) throw refused('jti', exchange)
      if (!isOurs(nonce, exchange)) throw asking('proof-nonce', 'use_dpop_nonce', exchange)
      const before = used.note(jkt, jti, at)
      if (before === 'used') throw asking('proof-replayed', 'invalid_dpop_proof', exchange)
      if (before === 'full') throw new Refusal('proofs-over-limit', { headers: { 'retry-after': '120' } })
    },
  }
}

/**
 * What was used, in two halves that take turns. A proof is good for at most two minutes, from `clockSkew` before its iat
 * to `clockSkew` after it, so what the older half forgets is refused for its age. Never forgets one that is still good:
 * when it is full it says so.
 */
export function replays(room = most) {
  let half = -1
  let current = new Map<string, Set<string>>()
  let before = new Map<string, Set<string>>()
  let count = 0
  return {
    /** `at`: milliseconds since 1970. */
    note(jkt: string, jti: string, at: number): 'new' | 'used' | 'full' {
      const now = Math.floor(at / 1000 / (2 * clockSkew + 1))
      if (now > half) {
        before = now === half + 1 ? current : new Map()
        current = new Map()
        count = 0
        half = now
      }
      const seen = hash('sha256', jti, 'base64')
      if (before.get(jkt)?.has(seen) === true || current.get(jkt)?.has(seen) === true) return 'used'
      const own = current.get(jkt) ?? new Set()
      if (count >= room.all || own.size >= room.each) return 'full'
      current.set(jkt, own.add(seen))
      count += 1
      return 'new'
    },
  }
}

/** Good at every pod of the server, since all have this key, and over this certificate alone. */
function nonceFor({ certificate, inForce, at }: Asking, periods = 0): string {
  const period = Math.floor(at / 1000 / noncePeriod) + periods
  // Arguments and results, which this key hashes as well, are JSON: none begins like this.
  const text = `dpop-nonce\n${certificate}\n${period}`
  return hmac(text, inForce.keys.hashes)
}

function isOurs(nonce: unknown, exchange: Asking): boolean {
  if (typeof nonce !== 'string') return false
  const seen = Buffer.from(nonce)
  // The next one too: another pod's clock may be a little ahead.
  return [0, -1, 1].some((periods) => {
    const wanted = Buffer.from(nonceFor(exchange, periods))
    return wanted.length === seen.length && timingSafeEqual(wanted, seen)
  })
}

function headerOf(proof: string, exchange: Asking) {
  try {
    return decodeProtectedHeader(proof)
  } catch {
    throw refused('format', exchange)
  }
}

/** Scheme, host, port and path (RFC 9449 4.3: without query and fragment); undefined for what is no https URL. */
function addressOf(url: unknown): string | undefined {
  const parsed = typeof url === 'string' ? URL.parse(url) : null
  return parsed?.protocol === 'https:' && parsed.username === '' && parsed.password === ''
    ? parsed.origin + parsed.pathname
    : undefined
}

/** `rule`: which member of the proof is at fault. */
function refused(rule: string, exchange: Asking): Refusal {
  const { details } = asking('proof-refused', 'invalid_dpop_proof', exchange)
  return new Refusal('proof-refused', { ...details, data: { rule } })
}

/** Each answer brings the nonce, so that a client that lacked it needs no second refusal. */
function asking(reason: Reason, error: string, exchange: Asking): Refusal {
  return new Refusal(reason, { challenge: { error }, headers: { 'dpop-nonce': nonceFor(exchange) } })
}
