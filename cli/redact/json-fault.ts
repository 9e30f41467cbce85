// Why a line or a file is not taken as JSON, in words.

import { isUtf8 } from 'node:buffer'
import type { JsonFault } from '../../core/json.ts'

/** How what is no JSON at all is told. */
export const noJson = 'it is not JSON in UTF-8'

/** `form`: what is read, said of bytes that are no JSON at all. Nothing of them is quoted: they may be PHI. */
export function jsonFault(fault: JsonFault, bytes: Buffer, form: string): string {
  if (fault === 'too-deep') return 'it is nested deeper than 64 lists and objects'
  if (fault === 'number') return 'it holds a number that would be another when written anew: write it as text'
  return isJson(bytes)
    ? String.raw`it holds half of a character, a \ud800 to \udfff without its other half, which no UTF-8 can carry`
    : `${noJson}, ${form}`
}

function isJson(bytes: Buffer): boolean {
  if (!isUtf8(bytes)) return false
  try {
    JSON.parse(bytes.toString('utf8'))
    return true
  } catch {
    return false
  }
}
