// What the server gives a caller to bring back (MCP: requestState, taskId, event ids) is the server's own text, may hold
// PHI, and is worth something to whoever steals it. Callers hold a handle instead: sealed to the person, to what they
// asked for, and to a time. Nothing is stored here, so any replica can take any handle.

import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { open, seal } from '../core/aead.ts'
import { isObject } from '../core/is-object.ts'
import { parseText } from '../core/json.ts'
import type { InForce } from './in-force.ts'

/** What a handle is for: one that is meant for another use does not open. */
export type HandleUse = 'request-state' | 'task' | 'event'

/** Whose handle it is. `target`: kind and name of what was asked for, or the session. */
export type HandleOwner = { readonly iss: string; readonly sub: string; readonly target: string }

/** Longest handle that is looked at, characters: what a server gives may be large, what a caller sends is bounded. */
const longest = 64 * 1024

const derived = new WeakMap<KeyObject, KeyObject>()

/** `expires`: milliseconds since 1970. Throws RangeError for a text whose handle would not be taken back. */
export function handleFor(
  use: HandleUse,
  owner: HandleOwner,
  text: string,
  expires: number,
  inForce: InForce,
): string {
  const handle = seal(JSON.stringify({ text, expires }), keyOf(inForce), contextOf(use, owner, inForce))
  if (handle.length > longest) throw new RangeError('What a server gave is too long to be brought back')
  return handle
}

/** The server's text behind a handle; undefined for one that is forged, another's, for another use, or over. */
export function behindHandle(
  use: HandleUse,
  owner: HandleOwner,
  handle: unknown,
  now: number,
  inForce: InForce,
): string | undefined {
  if (typeof handle !== 'string' || handle.length > longest || !/^[A-Za-z0-9_-]{38,}$/.test(handle))
    return undefined
  let opened: string
  try {
    opened = open(handle, keyOf(inForce), contextOf(use, owner, inForce))
  } catch {
    return undefined
  }
  const parsed = parseText(opened)
  const { text, expires } = 'value' in parsed && isObject(parsed.value) ? parsed.value : {}
  return typeof text === 'string' && typeof expires === 'number' && now < expires ? text : undefined
}

function contextOf(use: HandleUse, { iss, sub, target }: HandleOwner, { policy }: InForce): string {
  const { namespace, name } = policy.server
  return JSON.stringify([use, `${namespace}/${name}`, iss, sub, target])
}

/** A key of its own (RFC 5869), so that a handle is never taken for a sealed patient. */
function keyOf({ keys }: InForce): KeyObject {
  const known = derived.get(keys.seal)
  if (known !== undefined) return known
  const key = createSecretKey(
    Buffer.from(hkdfSync('sha256', keys.seal, Buffer.alloc(0), 'hipaa-mcp handles', 32)),
  )
  derived.set(keys.seal, key)
  return key
}
