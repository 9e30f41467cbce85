// What a sidecar has in force, and orders that a test can change.

import { createSecretKey } from 'node:crypto'
import type { JSONWebKeySet } from 'jose'
import { type Policy, policyHash, policyText } from '../../core/policy.ts'
import { type Grants, keepGrants } from '../../sidecar/grants.ts'
import type { InForce, Keys, Orders, Standing } from '../../sidecar/in-force.ts'
import { keepRevocations, type Revocations } from '../../sidecar/revocations.ts'
import { aPolicy } from './policy.ts'

/** Three different keys, the same in every test. */
export const testKeys: Keys = {
  hashes: createSecretKey(Buffer.alloc(32, 1)),
  patients: createSecretKey(Buffer.alloc(32, 2)),
  seal: createSecretKey(Buffer.alloc(32, 3)),
}

export function anInForce(
  changes: {
    policy?: Policy
    jwks?: { [issuer: string]: JSONWebKeySet }
    generation?: number
    keys?: Keys
  } = {},
): InForce {
  const { policy = aPolicy(), jwks = {}, generation = 1, keys = testKeys } = changes
  return { policy, hash: policyHash(policyText(policy)), generation, keys, jwks }
}

type Directed = Orders & {
  set(next: Standing): void
  grants: Grants
  revocations: Revocations
}

/** Orders that say what the test last set. */
export function someOrders(standing: Standing, clock: () => number = Date.now): Directed {
  let now = standing
  // A steady clock goes with the other, but never back.
  let latest = 0
  const steady = (): number => (latest = Math.max(latest, clock()))
  const clocks = { wall: () => Math.min(steady(), clock()), steady }
  const grants = keepGrants(clocks)
  const revocations = keepRevocations(clocks)
  const listeners = new Set<() => void>()
  return {
    standing: () => now,
    agreementActive: () => false,
    grants,
    revocations,
    revoked: (shown, authorization) => revocations.of(shown, authorization),
    grant: (person, patients) => grants.of(person, patients),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    set(next) {
      now = next
      for (const listener of listeners) listener()
    },
  }
}
