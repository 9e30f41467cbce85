// The key of pseudonyms and moved dates: out of the server's key for patients, which the operator makes and orders carry,
// and another one for each server, purpose and epoch (HKDF, RFC 5869). What has one purpose's pseudonyms cannot be joined
// with another's.

import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { InForce } from './in-force.ts'

const made = new WeakMap<InForce, Map<string, KeyObject>>()

export function pseudonymKey(inForce: InForce, purpose: string): KeyObject {
  let keys = made.get(inForce)
  if (keys === undefined) made.set(inForce, (keys = new Map()))
  let key = keys.get(purpose)
  if (key === undefined) keys.set(purpose, (key = derived(inForce, purpose)))
  return key
}

function derived({ keys, policy }: InForce, purpose: string): KeyObject {
  const { namespace, name } = policy.server
  const epoch = policy.redaction.epoch ?? ''
  // None of these holds a line feed.
  const info = ['hipaa-mcp pseudonyms 1', namespace, name, purpose].join('\n')
  return createSecretKey(Buffer.from(hkdfSync('sha256', keys.patients, epoch, info, 32)))
}
