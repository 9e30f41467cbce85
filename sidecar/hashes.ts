// Keyed hashes of content: the trail can show that bytes were these, and says nothing of them to one without the key.

import type { JsonObject } from '../core/canonical.ts'
import { canonical } from '../core/canonical.ts'
import { hmac } from '../core/hmac.ts'
import type { InForce } from './in-force.ts'

/** Of exactly the bytes returned. */
export function resultHash(body: string, { keys }: InForce): string {
  return `hmac-sha256:${hmac(body, keys.hashes)}`
}

/** Of the arguments as they came, in canonical form (RFC 8785). */
export function argumentsHash(args: JsonObject, { keys }: InForce): string {
  return `hmac-sha256:${hmac(canonical(args), keys.hashes)}`
}
