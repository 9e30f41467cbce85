// JSON out of bytes that somebody else wrote.

import { isUtf8 } from 'node:buffer'

/** Why bytes are not taken as JSON. */
export type JsonFault = 'broken' | 'too-deep' | 'number'

/** Deepest nesting that is taken. */
const deepest = 64

/**
 * Parses bytes as JSON. Broken: not UTF-8, not JSON, or a string with a lone surrogate, which has no UTF-8 form and so
 * could not be passed on as it came. Number: one that would be another after being written anew, which is how it is passed
 * on. Of members that come twice the last one counts, here and in what is passed on.
 */
export function parseJson(bytes: Buffer): { value: unknown } | { fault: JsonFault } {
  if (!isUtf8(bytes)) return { fault: 'broken' }
  return parseText(bytes.toString('utf8'))
}

/** The same for text. */
export function parseText(text: string): { value: unknown } | { fault: JsonFault } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { fault: 'broken' }
  }
  doubtful = false
  if (tooDeep(value, deepest)) return { fault: 'too-deep' }
  if (doubtful && !numbersStay(text)) return { fault: 'number' }
  // Only an escape can bring in half a surrogate pair: the text itself came out of UTF-8.
  if (/\\u[dD][89a-fA-F]/.test(text) && !wellFormed(value)) return { fault: 'broken' }
  return { value }
}

/**
 * Whether a number was met that may have been another in the text: beyond 2^53 or beyond all doubles. One for all texts,
 * since nothing waits between filling it and reading it.
 */
let doubtful = false

/**
 * Whether every number is the same when it is written anew. An integer must be exact to its last digit, since it may be
 * somebody's identifier; of a fraction the nearest double is what every reader takes (RFC 8259 6).
 */
function numbersStay(text: string): boolean {
  let stay = true
  JSON.parse(text, (_name, value: unknown, context?: { source?: string }) => {
    if (typeof value === 'number' && !stays(value, context?.source ?? '')) stay = false
    return value
  })
  return stay
}

function stays(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(source) || String(value) === source
}

function tooDeep(value: unknown, left: number): boolean {
  if (typeof value === 'number') {
    if (!(value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER)) doubtful = true
    return false
  }
  if (typeof value !== 'object' || value === null) return false
  if (left === 0) return true
  if (Array.isArray(value)) {
    for (const item of value) if (tooDeep(item, left - 1)) return true
    return false
  }
  for (const name in value) if (tooDeep((value as { [member: string]: unknown })[name], left - 1)) return true
  return false
}

function wellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, item]) => name.isWellFormed() && wellFormed(item))
}
