// Text that stands in a string as base64 (RFC 4648 sections 4 and 5): FHIR's Attachment.data and Binary.data, and whatever other
// servers call it. It is known by what it is, not by the name or the media type beside it, which a server may leave out.

import { isUtf8 } from 'node:buffer'
import type { Json } from '../canonical.ts'
import { type JsonFault, parseText } from '../json.ts'

/** MIME breaks its lines. */
const letters = /^[A-Za-z0-9+/]{6}[A-Za-z0-9+/\r\n]*={0,2}\s{0,2}$/
/**
 * Without the padding, or in the alphabet for URLs, as tokens and addresses have it. Names of programs look so as well, so only a
 * longer one is tried, in letters of both cases: hardly any text lacks them in base64, and a UUID has one.
 */
const bare = /^(?:[A-Za-z0-9+/]{16,}|[A-Za-z0-9_-]{16,}={0,2})$/
/** Nobody reads other control characters, and bytes that are no text have some. */
const unreadable = /[^\P{Cc}\t\r\n]/u
const word = /\p{L}{2}/u

/** The text inside; undefined for a string in which there is none. A word is rarely that: its bytes are no UTF-8. */
export function decoded(text: string): string | undefined {
  const { length } = text
  if (length < 8) return undefined
  const isPadded = ((length & 3) === 0 || text.includes('\n')) && letters.test(text)
  if (!isPadded && !(length >= 16 && bare.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text)))
    return undefined
  // Node reads both alphabets, padded or not.
  const bytes = Buffer.from(text, 'base64')
  return isUtf8(bytes) ? readable(bytes) : undefined
}

/** Text encoded in the form in which `like` is. */
export function encodedLike(like: string, text: string): string {
  const bytes = Buffer.from(text, 'utf8')
  if (/[_-]/.test(like)) return `${bytes.toString('base64url')}${like.endsWith('=') ? paddingOf(bytes) : ''}`
  const padded = bytes.toString('base64')
  return (like.length & 3) === 0 || like.includes('\n') ? padded : padded.replace(/=+$/, '')
}

function paddingOf({ length }: Buffer): string {
  return '='.repeat((3 - (length % 3)) % 3)
}

function readable(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8')
  return word.test(text) && !unreadable.test(text) ? text : undefined
}

/** Whether a string shows by its form that it is an encoding, whatever of: in lines, or an address that holds its content. */
export function isEncoding(text: string): boolean {
  if (text.startsWith('data:')) return /^data:[^,\s]{0,100},/.test(text)
  return text.length >= 200 && text.includes('\n') && letters.test(text)
}

/** The text of bytes that say of themselves that they are text; undefined where they are not. */
export function textOf(bytes: string): string | undefined {
  // Where its end begins with white space as well, every space of a long text would be tried as the first of it.
  if (!/^[A-Za-z0-9+/_\s-]*(?:={1,2}\s*)?$/.test(bytes)) return undefined
  const buffer = Buffer.from(bytes, 'base64')
  return isUtf8(buffer) ? buffer.toString('utf8') : undefined
}

/** The JSON of a text that begins like it; undefined for other text. `fault`: begins so, and is none. */
export function jsonIn(text: string): { value: Json } | { fault: JsonFault } | undefined {
  if (!/^[\s\ufeff]*[[{]/.test(text)) return undefined
  return parseText(text.replace(/^\ufeff/, '')) as { value: Json } | { fault: JsonFault }
}
