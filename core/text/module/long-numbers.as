// Numbers and codes in prose that nothing announces: by their length alone.

import { ACRONYM, ENGLISH, FIRST, HEADING, STOPPER, SURNAME, TITLE } from './classes'
import { isRecent } from './dates'
import { HOST_END, MONTH, QUANTITY_LETTERS, STATE, SUBSTANCE, TRIAL, UNIT, UNIT_START, known } from './dictionary'
import { add } from './findings'
import { byteAt, MONEY } from './memory'
import { isCodeOf, isUnitAt } from './quantities'
import { placeFor } from './recent'
import { behind, before, code, digits, end, next, start } from './run'
import {
  AMPERSAND, CLOSING, COLON, COMMA, DASH, DOT, HASH, OTHER, SLASH, SPACE, WORDLY, areDigits, digitAt, digitsEnd, isAny, isCapital, isDigit, isSmall, numberAt,
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
    if (digits >= 2 && digits <= 8 && behind == DASH) {
      if (digitAt(start + digits + 2)) stop = grouped()
      else if (digits < 4 && isCapital(byteAt(end + 1))) mixed()
    }
    if (digits >= 6 && digits <= 20 && (behind & (WORDLY | SLASH | DASH)) == 0) plain()
    else if ((digits == 3 || digits == 4) && behind == SPACE && digitAt(start + digits + 1)) spaced()
  }
  if (end - start > 8 && digits < 8) alternating()
  return stop
}

/** With the # before it; -1 inside of a longer word, number or path. */
function withHash(at: i32): i32 {
  const from = byteAt(at - 1) == 0x23 ? at - 1 : at
  return isAny(from - 1, WORDLY | DOT | SLASH | DASH) ? -1 : from
}

/** HMO-234567, SJH123456, P12345678 */
function lettersFirst(): void {
  if (end - start < 2) return
  if (!isCapital(byteAt(code))) return smallFirst()
  // "LZA-EL-7863"
  const joins = byteAt(code - 1) == 0x2d ? capitalsStart(code - 1) : code
  const from = withHash(joins == code - 1 ? code : joins)
  if (from < 0) return
  let at = code
  while (at - code < 9 && isCapital(byteAt(at))) at++
  if (at - code > 8) return
  const letters = at
  const joined = byteAt(at) == 0x2d || byteAt(at) == 0x5f
  if (joined) {
    at++
    // "QRH-B31846620"
    for (let n = 0; n < 2 && isCapital(byteAt(at)); n++) at++
  }
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
  // "W3308 61725"
  const second = byteAt(at) == 0x20 ? digitsEnd(at + 1, 8) : at
  if (count > 2 && second > at + 4 && !isAny(second, WORDLY | SLASH | DASH) && !(isAny(second, DOT | COMMA) && digitAt(second + 1)) && !isUnitAt(second)) {
    count += second - at - 1
    at = second
  }
  const least = joined ? 4 : 5
  // "CC-5013", and no CC-24-55108
  const coded = joined && groups > 0 && letters - code < 3
  if (count < least || (!coded && (known(code, letters) & SUBSTANCE) != 0) || isCodeOf(from)) return
  add(from, at, UNIQUE_IDENTIFIER)
}

/** w021884, p20088143-01, jdoe4482: in small letters, with five digits, or four behind three letters and more. */
function smallFirst(): void {
  if (code < start || isAny(code - 1, WORDLY | DOT | SLASH | DASH | AMPERSAND)) return
  let at = code
  while (at - code < 9 && isSmall(byteAt(at))) at++
  const letters = at - code
  if (letters > 8 || letters == 0) return
  const number = at
  at = digitsEnd(at, 13)
  const count = at - number
  if (byteAt(at) == 0x2d && digitAt(at + 1)) at = digitsEnd(at + 1, 6)
  if (count < (letters > 2 ? 4 : 5) || count > 12 || isAny(at, WORDLY | DASH | SLASH) || byteAt(at) == 0x40 || (byteAt(at) == 0x2e && isAny(at + 1, WORDLY))) return
  if ((known(code, number) & (SUBSTANCE | TRIAL | UNIT_START | UNIT)) == 0 && !isCodeOf(code)) add(code, at, UNIQUE_IDENTIFIER)
}

/** Where two to five capitals begin that end here; the same place where none do. */
function capitalsStart(to: i32): i32 {
  let at = to
  while (to - at < 6 && isCapital(byteAt(at - 1))) at--
  return to - at > 1 && to - at < 6 ? at : to
}

/** OSR/449120 */
function behindSlash(): void {
  // "BHT/22/90417"
  let group = start - 1
  while (start - group < 6 && digitAt(group - 1)) group--
  const slash = group < start - 1 && byteAt(group - 1) == 0x2f ? group - 1 : start - 1
  const from = capitalsStart(slash)
  const stop = start + digits
  if (from == slash || digits > 12 || isAny(from - 1, WORDLY | SLASH | DOT | DASH)) return
  if (isAny(stop, WORDLY | SLASH | DASH) || (isAny(stop, DOT | COMMA) && digitAt(stop + 1))) return
  if ((known(from, slash) & SUBSTANCE) == 0 && !isCodeOf(from) && !isUnitAt(stop)) add(from, stop, UNIQUE_IDENTIFIER)
}

/** 55D-20931-7, 71-BKL-40226, 24-1182-JM: digits and capitals, two hyphens at least, six digits. */
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
    // 12-JAN-2007
    else if (byteAt(at - 1) == 0x2d && byteAt(at + 3) == 0x2d && (known(at, at + 3) & MONTH) != 0) return
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
  if (hyphens > 0 && byteAt(at) == 0x2d && isCapital(byteAt(at + 1))) {
    mixed()
    return 0
  }
  if (hyphens == 0 || isAny(at, WORDLY | SLASH | DASH) || byteAt(at) == 0x25 || (byteAt(at) == 0x2e && digitAt(at + 1))) return 0
  if ((count < 7 && !isPairs(at)) || isCodeOf(from)) return 0
  if (hyphens == 1) {
    const second = at - start - digits - 1
    // A range: 1000-1500, 150000-450000, 800-1200; and no 583-3170
    const least = numberAt(start, digits)
    const most = numberAt(start + digits + 1, second)
    if ((digits == second || (count < 8 && least % 5 == 0 && most % 5 == 0)) && least < most) return 0
    if (isUnitAt(at)) return 0
  }
  add(withLetters(from), at, UNIQUE_IDENTIFIER)
  // "1234-567.png", "1234-567:1"
  return isAny(at, SPACE | COMMA | CLOSING | OTHER) ? at : 0
}

/** "7440 1938 201", "TRER 5504 1812": three groups and more of three to five digits, two behind capitals; neither years nor counts. */
function spaced(): void {
  const from = withHash(start)
  if (from < 0 || (digits == 4 && isRecent(start))) return
  let at = start + digits
  let count = digits
  let groups = 1
  let odd = byteAt(at - 1) != 0x30
  for (; groups < 5 && byteAt(at) == 0x20; groups++) {
    const stop = digitsEnd(at + 1, 6)
    const size = stop - at - 1
    if (size < 3 || size > 5) break
    if (isAny(stop, WORDLY | SLASH | DASH) || (isAny(stop, DOT | COMMA | COLON) && digitAt(stop + 1))) return
    count += size
    at = stop
    odd = odd || byteAt(at - 1) != 0x30
  }
  const letters = withLetters(from)
  if (!odd || count < (letters < from ? 8 : 10) || groups < (letters < from ? 2 : 3)) return
  if (byteAt(at) == 0x25 || isUnitAt(at) || isCodeOf(from)) return
  if (letters < from && (known(letters, from - 1) & SUBSTANCE) != 0) return
  add(letters, at, UNIQUE_IDENTIFIER)
}

/** WDL7B92K40QX: capitals and digits by turns, three times at least, with four digits. */
function alternating(): void {
  const from = withHash(start)
  if (from < 0 || code < start || isAny(end, WORDLY | DASH | SLASH)) return
  let changes = 0
  let count = 0
  for (let at = start; at < end; at++) {
    const byte = byteAt(at)
    const digit = isDigit(byte)
    if (!digit && !isCapital(byte)) return
    if (digit) count++
    if (at > start && digit != isDigit(byteAt(at - 1))) changes++
  }
  if (changes > 2 && count > 3 && !isCodeOf(from)) add(from, end, UNIQUE_IDENTIFIER)
}

function plain(): void {
  const from = withHash(start)
  const stop = start + digits
  if (from < 0 || isAny(from - 1, COMMA) || byteAt(from - 1) == MONEY || byteAt(from - 1) == 0x24) return
  if (byteAt(stop) == 0x25 || (isAny(stop, DOT | COMMA) && digitAt(stop + 1))) return
  if (byteAt(stop - 1) == 0x30 && byteAt(stop - 2) == 0x30 && byteAt(stop - 3) == 0x30) return
  if (isCodeOf(from) || isUnitAt(stop)) return
  const area = areaStart()
  const letters = withLetters(from)
  // "GSK 2857916"
  if (letters < from && (known(letters, from - 1) & SUBSTANCE) != 0) return
  add(area < from ? area : letters, stop, UNIQUE_IDENTIFIER)
}

/** 52-79-03: three pairs of digits that do not grow, as doses and hours do. */
function isPairs(to: i32): bool {
  if (to != start + 8 || digits != 2 || byteAt(start + 5) != 0x2d || isUnitAt(to)) return false
  const middle = numberAt(start + 3, 2)
  return !(numberAt(start, 2) <= middle && middle <= numberAt(start + 6, 2))
}

/** Where the area of a telephone number begins whose seven digits the run is: "(617)5550143", "617 5550143". */
function areaStart(): i32 {
  if (digits != 7 || !areDigits(start - 4, 3)) return start
  if (byteAt(start - 1) == 0x29) return byteAt(start - 5) == 0x28 ? start - 5 : start
  return isAny(start - 1, SPACE | DOT | DASH) && !isAny(start - 5, WORDLY | DOT | DASH | SLASH) ? start - 4 : start
}

/** "DMH 77215-04": with two to eight capitals before a number and a space, that say nothing of it; the same place where none stand there. */
function withLetters(from: i32): i32 {
  const last = from - 1
  if (byteAt(last) != 0x20) return from
  let at = last
  while (last - at < 9 && isCapital(byteAt(at - 1))) at--
  if (last - at < 2 || last - at > 8 || isAny(at - 1, WORDLY | SLASH | DOT | DASH) || byteAt(at - 1) >= 0x80) return from
  const said = load<u64>(placeFor(at, last), 16)
  if ((<i32>said & (ACRONYM | HEADING | STOPPER | TITLE)) != 0 || (<i32>(said >> 32) & (ENGLISH | SURNAME | FIRST)) != 0) return from
  return (known(at, last) & ~(STATE | SUBSTANCE | HOST_END)) != 0 ? from : at
}
