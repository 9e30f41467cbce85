// JSON out of bytes that somebody else wrote.

import { isUtf8 } from 'node:buffer'

/** Why bytes are not taken as JSON. */
export type JsonFault = 'broken' | 'too-deep'

/** Deepest nesting that is taken. */
export const deepest = 64

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
  const fault = faultOf(value, deepest)
  return fault === undefined ? { value } : { fault }
}

function faultOf(value: unknown, left: number): JsonFault | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'broken'
  if (typeof value !== 'object' || value === null) return undefined
  if (left === 0) return 'too-deep'
  if (Array.isArray(value)) {
    for (const item of value) {
      const fault = faultOf(item, left - 1)
      if (fault !== undefined) return fault
    }
    return undefined
  }
  for (const name in value) {
    if (!name.isWellFormed()) return 'broken'
    const fault = faultOf((value as { [member: string]: unknown })[name], left - 1)
    if (fault !== undefined) return fault
  }
  return undefined
}

export function isObject(value: unknown): value is { readonly [member: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
