// What this sidecar enforces at this moment. Swapped whole by orders.ts; a call reads it once and keeps what it read.

import type { KeyObject } from 'node:crypto'
import type { JSONWebKeySet } from 'jose'
import type { Policy } from '../core/policy.ts'
import type { GrantOrder } from '../core/wire.ts'
import type { RevokedKind, Shown } from './revocations.ts'

/** KeyObjects, never Buffers: Node 24's raw-key HMAC is five times slower. */
export type Keys = { hashes: KeyObject; patients: KeyObject; seal: KeyObject }

export type InForce = {
  policy: Policy
  /** SHA-256 of the policy document, hexadecimal. */
  hash: string
  generation: number
  keys: Keys
  jwks: { readonly [issuer: string]: JSONWebKeySet }
  /** Agreement with a vendor of models -> its credential, which the app never holds. */
  credentials?: { readonly [agreement: string]: string }
  /** Tokens of patients; absent where there is no such list. */
  vip?: ReadonlySet<string>
}

/**
 * Either a policy or the reason why every call is refused, kebab-case: `no-orders`, `orders-too-old`, `orders-older`,
 * `policy-invalid`, `lockdown`, or what the operator said. There is no third state.
 */
export type Standing = { inForce: InForce; locked?: undefined } | { locked: string; inForce?: InForce }

export interface Orders {
  standing(): Standing
  /** Whether this agreement is active at this moment, by the sidecar's own clock too. */
  agreementActive(name: string): boolean
  /** What of this caller was revoked; undefined when nothing was. Counts from the moment it is heard, recorded or not. */
  revoked(shown: Shown, authorization?: string): RevokedKind | undefined
  /** The break-glass grant by which this person reaches every one of these patients at this moment. */
  grant(person: { iss: string; sub: string }, patients: readonly string[]): GrantOrder | undefined
  /** Called after every change of standing, agreements, grants or revocations. Returns how to stop. */
  onChange(listener: () => void): () => void
}
