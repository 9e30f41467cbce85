// What a number can be that is nobody's: a year, a measure, a count, a range, a code of a term.

import { asked, CODES } from './asked'
import { AGE_UNIT, CODE_END, UNIT, UNITS, UNIT_START, known, sizesOf } from './dictionary'
import { byteAt, DEGREE, TIMES } from './memory'
import { DASH, WORDLY, areDigits, digitAt, digitsEnd, isAlnum, isAny, isDigit, isLetter, lettersEnd, lettersStart } from './signs'
import { isRecent } from './dates'

/** Whether what stands before this place says that a term's code follows: for nearly all numbers no such word does. */
export function isCodeOf(at: i32): bool {
  let end = at
  // Signs between, as many as the expression takes.
  while (end > 0 && at - end < 7 && isBetween(byteAt(end - 1))) end--
  const start = lettersStart(end, 16)
  if (start < end ? (known(start, end) & CODE_END) == 0 : byteAt(end - 1) < 0x80 && !isVersion(end)) return false
  return asked(CODES, at, 0) > 0
}

/** The 10 of icd-10. */
function isVersion(end: i32): bool {
  let at = end
  while (at > end - 2 && digitAt(at - 1)) at--
  return at < end && byteAt(at - 1) == 0x2d && (byteAt(at - 2) | 0x20) == 0x64
}

/** Space : # . ( */
function isBetween(byte: u8): bool {
  return byte == 0x20 || byte - 0x09 < 5 || byte == 0x3a || byte == 0x23 || byte == 0x2e || byte == 0x28
}

const longestUnit = 12

/** Whether something that counts or measures stands from here on. */
export function isUnitAt(at: i32): bool {
  const from = byteAt(at) == 0x20 ? at + 1 : at
  const first = byteAt(from)
  if (first == 0x25 || (first == 0x2f && from == at) || first == DEGREE || first == TIMES) return true
  if (!isLetter(first)) return false
  const longest = lettersEnd(from, longestUnit) - from
  for (let sizes = sizesOf(UNITS, first) & ((2 << longest) - 1); sizes != 0; sizes &= sizes - 1) {
    const end = from + ctz(sizes)
    const said = known(from, end)
    if ((said & UNIT_START) != 0 || ((said & UNIT) != 0 && !isAny(end, WORDLY))) return true
  }
  // x10
  return (first | 0x20) == 0x78 && byteAt(from + 1) == 0x31 && byteAt(from + 2) == 0x30
}

/** A year, a date, an age, a number with its unit. `count`: how many digits it has. */
export function isMeasured(start: i32, end: i32, count: i32): bool {
  if (end - start == count) return (count == 4 && isRecent(start)) || isUnitAt(end)
  const leading = digitsEnd(start, 5) - start
  if (leading == 4) return byteAt(start + 4) == 0x2d && (isYears(start, end) || isDate(start, end))
  if (leading == 0 || leading > 3) return false
  const unit = byteAt(start + leading) == 0x2d ? start + leading + 1 : start + leading
  if (unit >= end || !isLetter(byteAt(unit))) return false
  // y/o is no code's, whose letters have no slash.
  const last = min(lettersEnd(unit, 6), end)
  for (let stop = unit + 2; stop <= last; stop++) {
    const said = known(unit, stop)
    if ((said & AGE_UNIT) != 0 && endsUnit(stop)) return true
  }
  return last >= unit + 2 && (byteAt(unit) | 0x20) == 0x6d && (byteAt(unit + 1) | 0x20) == 0x6f && (unit + 2 == end || !isAny(unit + 2, WORDLY))
}

/** "6yo", "60wks", "60yof", and no 883-WKX */
function endsUnit(at: i32): bool {
  if (!isLetter(byteAt(at))) return true
  const letter = byteAt(at) | 0x20
  return letter == 0x73 || letter == 0x6f || letter == 0x66 || letter == 0x6d
}

/** 2020-2024, 2020-24 */
function isYears(start: i32, end: i32): bool {
  if (!isRecent(start)) return false
  if (end - start == 7) return areDigits(start + 5, 2)
  return end - start == 9 && areDigits(start + 5, 4) && isRecent(start + 5)
}

/** Begins as 2024-03-05 does. */
function isDate(start: i32, end: i32): bool {
  return end - start >= 10 && areDigits(start + 5, 2) && byteAt(start + 7) == 0x2d && areDigits(start + 8, 2)
}
