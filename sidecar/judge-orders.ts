// Reads orders and judges them: what they permit, or why they lock. No clock and no I/O; orders.ts acts on it.

import { createSecretKey } from 'node:crypto'
import type { JSONWebKeySet } from 'jose'
import { type Acknowledge, hasVolume } from '../core/acknowledge.ts'
import { isObject } from '../core/is-object.ts'
import { parsePolicy } from '../core/parse-policy.ts'
import { type Policy, policyHash, type Transport } from '../core/policy.ts'
import { revocationKinds, type Orders as Wire } from '../core/wire.ts'
import type { InForce, Keys } from './in-force.ts'
import { holdsCertificates } from './pem.ts'
import { rulesOf } from './rules.ts'

/** What this pod was injected for. A policy that says otherwise cannot be enforced in it. */
export type PodSettings = {
  server: { namespace: string; name: string }
  acknowledge: Acknowledge
  port: number
  transport: Transport
}

/** `inForce` is there even when locked, as far as a policy could be read: its client CA lets callers hear why. */
export type Verdict = { locked?: string; inForce?: InForce }

/** Reads the data of an `orders` event; undefined for anything that is not wholly of that shape. */
export function readOrders(data: string): Wire | undefined {
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    return undefined
  }
  if (!isObject(value)) return undefined
  const { generation, policy, hash, locked, keys, jwks, agreements, volumeRetained } = value
  const { grants, revocations, vip, credentials } = value
  const wellFormed =
    Number.isSafeInteger(generation) &&
    (generation as number) >= 0 &&
    [policy, hash, locked].every((text) => text === undefined || typeof text === 'string') &&
    (locked === undefined || /^[a-z0-9-]{1,64}$/.test(locked as string)) &&
    isObject(keys) &&
    isObject(jwks) &&
    Object.values(jwks).every((set) => isObject(set) && Array.isArray(set['keys'])) &&
    typeof volumeRetained === 'boolean' &&
    Array.isArray(agreements) &&
    agreements.every(
      (one) =>
        isObject(one) &&
        typeof one['name'] === 'string' &&
        typeof one['active'] === 'boolean' &&
        typeof one['until'] === 'string',
    ) &&
    Array.isArray(grants) &&
    grants.every(isGrant) &&
    Array.isArray(revocations) &&
    revocations.every(isRevocation) &&
    (vip === undefined || (Array.isArray(vip) && vip.every(isToken))) &&
    (credentials === undefined || (isObject(credentials) && Object.values(credentials).every(isCredential)))
  return wellFormed ? (value as unknown as Wire) : undefined
}

function isGrant(one: unknown): boolean {
  return (
    isObject(one) &&
    ['name', 'uid', 'iss', 'sub', 'until', 'requestedBy', 'approvedBy'].every(
      (member) => typeof one[member] === 'string' && one[member] !== '',
    ) &&
    Array.isArray(one['patients']) &&
    one['patients'].every((patient) => typeof patient === 'string' && patient !== '')
  )
}

/** Goes into a header: a line's end would begin another one. */
function isCredential(one: unknown): boolean {
  return typeof one === 'string' && /^[\x21-\x7e]{1,8192}$/.test(one)
}

/** In any other form it would be nobody, or a patient in the clear. */
function isToken(one: unknown): boolean {
  return typeof one === 'string' && /^[A-Za-z0-9_-]{43}$/.test(one)
}

/** A kind that this version does not know is malformed: what it would have to refuse, it could not. */
function isRevocation(one: unknown): boolean {
  return (
    isObject(one) &&
    (revocationKinds as readonly unknown[]).includes(one['kind']) &&
    typeof one['value'] === 'string' &&
    (one['until'] === undefined || typeof one['until'] === 'string')
  )
}

/**
 * Judges orders one after the other. As long as nothing changed it answers with the same `InForce`, policy and keys, for
 * caches hang on their identity.
 */
export class OrdersJudge {
  readonly #pod: PodSettings
  #latest: InForce | undefined
  #keysText = ''

  constructor(pod: PodSettings) {
    this.#pod = pod
  }

  judge(wire: Wire): Verdict {
    if (wire.policy === undefined) {
      return {
        locked: wire.locked ?? 'no-policy',
        ...(this.#latest === undefined ? {} : { inForce: this.#latest }),
      }
    }
    const inForce = this.#read(wire, wire.policy)
    if (inForce === undefined) {
      return { locked: 'policy-invalid', ...(this.#latest === undefined ? {} : { inForce: this.#latest }) }
    }
    this.#latest = inForce
    const locked = wire.locked ?? this.#lock(inForce.policy, wire.volumeRetained)
    return locked === undefined ? { inForce } : { locked, inForce }
  }

  #lock(policy: Policy, volumeRetained: boolean): string | undefined {
    if (policy.lockdown !== undefined) return 'lockdown'
    const { acknowledge, port, transport } = this.#pod
    const same =
      policy.trail.acknowledge === acknowledge &&
      policy.workload.port === port &&
      policy.workload.transport === transport
    if (!same) return 'pod-outdated'
    // A volume that is deleted with its pod is no place for a record that counts as kept.
    return hasVolume(acknowledge) && !volumeRetained ? 'volume-not-retained' : undefined
  }

  #read(wire: Wire, text: string): InForce | undefined {
    const hash = policyHash(text)
    if (hash !== wire.hash) return undefined
    const before = this.#latest
    const policy = before?.hash === hash ? before.policy : this.#parse(text)
    const keysText = JSON.stringify(wire.keys)
    const keys = before !== undefined && keysText === this.#keysText ? before.keys : keysOf(wire.keys)
    if (policy === undefined || keys === undefined) return undefined
    const jwks = keySetsOf(wire.jwks, policy, before?.jwks)
    this.#keysText = keysText
    const vip = listOf(wire.vip, before?.vip)
    const credentials =
      JSON.stringify(wire.credentials) === JSON.stringify(before?.credentials)
        ? before?.credentials
        : wire.credentials
    const { generation } = wire
    const same =
      before?.policy === policy &&
      before.keys === keys &&
      before.jwks === jwks &&
      before.vip === vip &&
      before.credentials === credentials &&
      before.generation === generation
    if (same) return before
    return {
      policy,
      hash,
      generation,
      keys,
      jwks,
      ...(vip === undefined ? {} : { vip }),
      ...(credentials === undefined ? {} : { credentials }),
    }
  }

  #parse(text: string): Policy | undefined {
    const policy = parsePolicy(text)
    if (policy === undefined) return undefined
    const { namespace, name } = this.#pod.server
    if (policy.server.namespace !== namespace || policy.server.name !== name) return undefined
    if (!holdsCertificates(policy.tls.clientCa)) return undefined
    try {
      // Compiles schemas and pointers: a policy that cannot be enforced is no policy.
      rulesOf(policy)
    } catch {
      return undefined
    }
    return policy
  }
}

/**
 * The key sets of the policy's issuers. An operator that has just started, or whose issuer is away, has none to give: the
 * last good one stays, so that neither stops anybody. The same set stays the same object, and all of them the same map.
 */
function keySetsOf(heard: Wire['jwks'], { issuers }: Policy, before: InForce['jwks'] = {}): InForce['jwks'] {
  const sets = issuers.flatMap(({ url }): [string, JSONWebKeySet][] => {
    const [now, was] = [heard, before].map((all) => (Object.hasOwn(all, url) ? all[url] : undefined))
    const set = now === undefined || JSON.stringify(now) === JSON.stringify(was) ? was : now
    return set === undefined ? [] : [[url, set]]
  })
  const same = sets.length === Object.keys(before).length && sets.every(([url, set]) => before[url] === set)
  return same ? before : Object.fromEntries(sets)
}

/** The same list stays the same object. */
function listOf(heard: Wire['vip'], before: InForce['vip']): InForce['vip'] {
  if (heard === undefined) return undefined
  const same = heard.length === before?.size && heard.every((token) => before.has(token))
  return same ? before : new Set(heard)
}

function keysOf(keys: Wire['keys']): Keys | undefined {
  const bytes = [keys.hashes, keys.patients, keys.seal].map((text) =>
    typeof text === 'string' ? Buffer.from(text, 'base64') : Buffer.alloc(0),
  )
  if (bytes.some((key) => key.length !== 32)) return undefined
  const [hashes, patients, seal] = bytes.map((key) => createSecretKey(key))
  if (hashes === undefined || patients === undefined || seal === undefined) return undefined
  return { hashes, patients, seal }
}
