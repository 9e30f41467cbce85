// Keyed hashes of content: the trail can show that bytes were these, and says nothing of them to one without the key.

import { createHmac, type KeyObject } from 'node:crypto'
import type { JsonObject } from '../core/canonical.ts'
import { canonical } from '../core/canonical.ts'
import type { InForce } from './in-force.ts'

/** Of exactly the bytes returned. */
export function resultHash(body: string, { keys }: InForce): string {
  return keyed(body, keys.hashes)
}

/** Of the arguments as they came, in canonical form (RFC 8785). */
export function argumentsHash(args: JsonObject, { keys }: InForce): string {
  return keyed(canonical(args), keys.hashes)
}

function keyed(content: string, key: KeyObject): string {
  return `hmac-sha256:${createHmac('sha256', key).update(content).digest('hex')}`
}
