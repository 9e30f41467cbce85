// Pseudonyms: the same identifier has the same one under the same key, and without the key nobody finds the identifier.
// One is a code that stands for somebody and is derived from what identifies them: what has it is redacted, and not
// de-identified (45 CFR 164.514(c)(1)). The key makes shifts of dates, too: what each is made of begins with what it is for.

import type { KeyObject } from 'node:crypto'
import { hmac } from '../hmac.ts'
import { fold } from '../text/normalize.ts'

/** Whether a text has the form of a pseudonym. */
export function isPseudonym(text: string): boolean {
  return /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(text)
}

/**
 * The pseudonym of an identifier: HMAC-SHA-256 in the form of a UUID of version 8 (RFC 9562 5.8), which is an id of FHIR
 * too. Case, accents and spaces around it make no difference, as in the search for identifiers.
 */
export function pseudonym(identifier: string, key: KeyObject): string {
  const hex = hmac(`pseudonym\n${fold(identifier).trim()}`, key)
  const version = '8'
  // Its two upper bits say who defines the rest: 10, the RFC.
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `${version}${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
