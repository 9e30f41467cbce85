// JSON out of bytes that somebody else wrote.

import { isUtf8 } from 'node:buffer'

/** Why bytes are not taken as JSON. */
export type JsonFault = 'broken' | 'too-deep'

/** Deepest nesting that is taken. */
const deepest = 64

/**
 * Parses bytes as JSON. Broken: not UTF-8, not JSON, or a string with a lone surrogate, which has no UTF-8 form and so
 * could not be passed on as it came. Of members that come twice the last one counts, here and in what is passed on.
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
  if (tooDeep(value, deepest)) return { fault: 'too-deep' }
  // Only an escape can bring in half a surrogate pair: the text itself came out of UTF-8.
  if (/\\u[dD][89a-fA-F]/.test(text) && !wellFormed(value)) return { fault: 'broken' }
  return { value }
}

function tooDeep(value: unknown, left: number): boolean {
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
