// Numbers and codes in prose that nothing announces: by their length alone.

import { QUANTITY_LETTERS, SUBSTANCE, known } from './dictionary'
import { add } from './findings'
import { byteAt, MONEY } from './memory'
import { isCodeOf, isUnitAt } from './quantities'
import { behind, before, code, digits, end, next, start } from './run'
import {
  AMPERSAND, CLOSING, COMMA, DASH, DOT, HASH, OTHER, SLASH, SPACE, WORDLY, digitAt, digitsEnd, isAny, isCapital, isDigit, numberAt,
} from './signs'
import { UNIQUE_IDENTIFIER } from './types'

/** Returns where groups end that it found, no rule finding anything else that begins within them; 0 where it found none, or they may go on. */
export function longNumbers(): i32 {
  let stop = 0
  if (digits >= 5 && before == SLASH) behindSlash()
  if (digits == 0) lettersFirst()
  else {
    if (code < start) lettersFirst()
    if (digits >= 4) {
      if (digits <= 20 && (behind & (WORDLY | DASH)) != 0 && isCapital(byteAt(next == 0x2d ? start + digits + 1 : start + digits)))
        digitsFirst()
      if (before == HASH && !isAny(start - 2, WORDLY | AMPERSAND) && digits <= 20 && !isAny(start + digits, WORDLY | DASH))
        add(start - 1, start + digits, UNIQUE_IDENTIFIER)
    }
    if (digits >= 2 && digits <= 3 && behind == WORDLY && byteAt(end) == 0x2d) mixed()
    if (digits >= 2 && digits <= 8 && behind == DASH && digitAt(start + digits + 2)) stop = grouped()
    if (digits >= 6 && digits <= 20 && (behind & (WORDLY | SLASH | DASH)) == 0) plain()
  }
  return stop
}

/** With the # before it; -1 inside of a longer word, number or path. */
function withHash(at: i32): i32 {
  const from = byteAt(at - 1) == 0x23 ? at - 1 : at
  return isAny(from - 1, WORDLY | DOT | SLASH | DASH) ? -1 : from
}

/** HMO-234567, SJH123456, P12345678 */
function lettersFirst(): void {
  if (end - start < 2 || !isCapital(byteAt(code))) return
  // "LZA-EL-7863"
  const joins = byteAt(code - 1) == 0x2d ? capitalsStart(code - 1) : code
  const from = withHash(joins == code - 1 ? code : joins)
  if (from < 0) return
  let at = code
  while (at - code < 9 && isCapital(byteAt(at))) at++
  if (at - code > 8) return
  const letters = at
  const joined = byteAt(at) == 0x2d || byteAt(at) == 0x5f
  if (joined) at++
  const number = at
  at = digitsEnd(at, 20)
  if (at - number < 2) return
  // Behind them three groups of ten letters and digits, each with a hyphen before it or none.
  let count = at - number
  let groups = 0
  for (; groups < 3; groups++) {
    let stop = byteAt(at) == 0x2d ? at + 1 : at
    const group = stop
    while (stop - group < 10 && (isCapital(byteAt(stop)) || isDigit(byteAt(stop)))) {
      if (digitAt(stop)) count++
      stop++
    }
    if (stop == group) break
    at = stop
  }
  if (isAny(at, WORDLY | DASH) || (byteAt(at) == 0x2e && digitAt(at + 1))) return
  const least = joined ? 4 : 5
  if (count < least || (known(code, letters) & SUBSTANCE) != 0 || isCodeOf(from)) return
  add(from, at, UNIQUE_IDENTIFIER)
}

/** Where two to five capitals begin that end here; the same place where none do. */
function capitalsStart(to: i32): i32 {
  let at = to
  while (to - at < 6 && isCapital(byteAt(at - 1))) at--
  return to - at > 1 && to - at < 6 ? at : to
}

/** OSR/449120 */
function behindSlash(): void {
  const from = capitalsStart(start - 1)
  const stop = start + digits
  if (from == start - 1 || digits > 12 || isAny(from - 1, WORDLY | SLASH | DOT | DASH)) return
  if (isAny(stop, WORDLY | SLASH | DASH) || (isAny(stop, DOT | COMMA) && digitAt(stop + 1))) return
  if ((known(from, start - 1) & SUBSTANCE) == 0 && !isCodeOf(from) && !isUnitAt(stop)) add(from, stop, UNIQUE_IDENTIFIER)
}

/** 55D-20931-7: digits and capitals, two hyphens at least, six digits. */
function mixed(): void {
  const from = withHash(start)
  if (from < 0) return
  let at = start
  let hyphens = 0
  let count = 0
  for (; at - start < 24; at++) {
    const byte = byteAt(at)
    if (isDigit(byte)) count++
    else if (byte == 0x2d) hyphens++
    else if (!isCapital(byte)) break
  }
  if (hyphens < 2 || count < 6 || isAny(at, WORDLY | SLASH) || isAny(at - 1, DASH) || isCodeOf(from)) return
  add(from, at, UNIQUE_IDENTIFIER)
}

/** 12345-JS, 98765ABC */
function digitsFirst(): void {
  const from = withHash(start)
  if (from < 0) return
  const letters = next == 0x2d ? start + digits + 1 : start + digits
  let at = letters
  while (at - letters < 7 && isCapital(byteAt(at))) at++
  if (at - letters > 6) return
  const stop = digitsEnd(at, 7)
  if (stop - at > 6 || isAny(stop, WORDLY | DASH)) return
  if ((known(letters, at) & QUANTITY_LETTERS) != 0 || isCodeOf(from)) return
  add(from, stop, UNIQUE_IDENTIFIER)
}

/** 789-456-123, 54321-7890: seven digits and more, no code of a term, and no range. */
function grouped(): i32 {
  const from = withHash(start)
  if (from < 0) return 0
  let at = start + digits
  let hyphens = 0
  let count = digits
  while (hyphens < 3 && byteAt(at) == 0x2d) {
    const stop = digitsEnd(at + 1, 9)
    const size = stop - at - 1
    if (size < 2) break
    if (size > 8) return 0
    count += size
    hyphens++
    at = stop
  }
  if (hyphens == 0 || isAny(at, WORDLY | SLASH | DASH) || byteAt(at) == 0x25 || (byteAt(at) == 0x2e && digitAt(at + 1))) return 0
  if (count < 7 || isCodeOf(from)) return 0
  if (hyphens == 1) {
    const second = at - start - digits - 1
    // A range: 1000-1500, 150000-450000
    if ((digits == second || count < 8) && numberAt(start, digits) < numberAt(start + digits + 1, second)) return 0
    if (isUnitAt(at)) return 0
  }
  add(from, at, UNIQUE_IDENTIFIER)
  // "1234-567.png", "1234-567:1"
  return isAny(at, SPACE | COMMA | CLOSING | OTHER) ? at : 0
}

function plain(): void {
  const from = withHash(start)
  const stop = start + digits
  if (from < 0 || isAny(from - 1, COMMA) || byteAt(from - 1) == MONEY || byteAt(from - 1) == 0x24) return
  if (byteAt(stop) == 0x25 || (isAny(stop, DOT | COMMA) && digitAt(stop + 1))) return
  if (byteAt(stop - 1) == 0x30 && byteAt(stop - 2) == 0x30 && byteAt(stop - 3) == 0x30) return
  if (isCodeOf(from) || isUnitAt(stop)) return
  add(from, stop, UNIQUE_IDENTIFIER)
}
