// Dates and numbers of three groups of digits that begin and end plainly, as most of them do: told by one look at which of
// sixteen characters are digits. No rule finds anything in their later groups that sticks out of them, so these are passed over.

import { addDated, add, lastEnd } from './findings'
import { isDay, shortDates } from './dates'
import { byteAt } from './memory'
import { phoneFrom } from './numbers'
import { before, digits, next, pattern, start } from './run'
import { OPENING, OTHER, SPACE, WORDLY, digitAt, isAny, isPart, numberAt } from './signs'
import { DATE, SOCIAL_SECURITY_NUMBER } from './types'

/** Which characters are digits, from the lowest bit on, and one behind them that is none. */
const ISO: i32 = 0b01101101111
const AMERICAN: i32 = 0b01111011011
const SECURITY: i32 = 0b011110110111
const TELEPHONE: i32 = 0b0111101110111
const BRACKETED: i32 = 0b01111011100111

/**
 * Finds a date that begins with two digits, of which no word before it says anything else: no value that one announces begins so
 * (announced.as). Returns where its groups end, all of which are looked at then; 0 where none stands here.
 */
export function wholeDateEnd(): i32 {
  return digits == 2 && (before & (SPACE | OPENING | OTHER)) != 0 ? americanDate() : 0
}

/** The same of others, of which one may. */
export function wholeEnd(): i32 {
  if ((before & (SPACE | OPENING | OTHER)) == 0) return 0
  if (digits == 4) return isoDate()
  if (digits != 3) return 0
  return (pattern & 0xfff) == SECURITY ? securityNumber() : telephoneNumber()
}

/** 2024-03-05 */
function isoDate(): i32 {
  const to = start + 10
  if ((pattern & 0x7ff) != ISO || next != 0x2d || byteAt(start + 7) != 0x2d || !isPlainBehind(to)) return 0
  if (!isDay(numberAt(start + 5, 2), numberAt(start + 8, 2))) return 0
  addDated(start, to, DATE, start)
  return to
}

/** 03/05/2024 */
function americanDate(): i32 {
  const to = start + 10
  if ((pattern & 0x7ff) != AMERICAN || next != 0x2f || byteAt(start + 5) != 0x2f || !isPlainBehind(to)) return 0
  shortDates()
  return to
}

/** 123-45-6789 */
function securityNumber(): i32 {
  if (!isSecurityNumber()) return 0
  add(start, start + 11, SOCIAL_SECURITY_NUMBER)
  return start + 11
}

/** With nothing that goes on behind it. */
export function isSecurityNumber(): bool {
  return (pattern & 0xfff) == SECURITY && next == 0x2d && byteAt(start + 6) == 0x2d && isPlainBehind(start + 11)
}

/** 617-555-0143, 617.555.0143, (617) 555-0143 */
function telephoneNumber(): i32 {
  const joined = (pattern & 0x1fff) == TELEPHONE
  if (!joined && (pattern & 0x3fff) != BRACKETED) return 0
  const to = start + (joined ? 12 : 13)
  if (!isPart(to - 5) || !isPlainBehind(to)) return 0
  if (next == 0x29) {
    if (before != OPENING || !(joined || isPart(start + 4))) return 0
    phoneFrom(start - 1)
  } else {
    if (!joined || (next != 0x2d && next != 0x2e)) return 0
    phoneFrom(start)
  }
  return lastEnd() >= to ? to : 0
}

/** Nothing goes on here, nor behind the space, full stop or colon that stands here. */
function isPlainBehind(at: i32): bool {
  const byte = byteAt(at)
  if (byte == 0x20 || byte == 0x2c) return !digitAt(at + 1)
  // "03/05/2024: ", and no address of a network
  if (byte == 0x3a) return byteAt(at + 1) == 0x20
  if (byte == 0x2e) return !isAny(at + 1, WORDLY)
  return byte == 0x29 || byte == 0x3b || byte == 0x0a || byte == 0
}
