// Dates in digits, all elements but the year (45 CFR 164.514(b)(2)(i)(C)).

import { BEFORE_DAY, BEFORE_MONTH, BEFORE_SHARE, BEFORE_WEEKDAY, BEHIND_DAY, BEHIND_SHARE, MONTH, WEEKDAY, known } from './dictionary'
import { add, addDated } from './findings'
import { byteAt } from './memory'
import { behind, before, digits, end, next, start } from './run'
import { isUnitAt } from './quantities'
import {
  BETWEEN, COMMA, DASH, DOT, HASH, OPENING, OTHER, SLASH, SPACE, WORDLY, areDigits, digitAt, digitsAt, digitsEnd, isAny, isDigit, lettersEnd, lettersStart,
  numberAt, saysAt, saysBefore,
} from './signs'
import { DATE } from './types'

export function isDay(month: i32, day: i32): bool {
  return month >= 1 && month <= 12 && day >= 1 && day <= 31
}

/** 1800 to 2199. */
function isYear(at: i32): bool {
  const century = numberAt(at, 2)
  return century == 18 || century == 19 || century == 20 || century == 21
}

export function isRecent(at: i32): bool {
  const century = numberAt(at, 2)
  return century == 19 || century == 20
}

/** Where the one or two digits end that stand here. */
function two(at: i32): i32 {
  return digitAt(at) ? (digitAt(at + 1) ? at + 2 : at + 1) : at
}

/** Where the second sign stands of 4/22/2021: the same as behind the first digits, behind one digit or two; -1 where none does. */
function secondSign(): i32 {
  const at = start + digits + 1
  const stop = two(at)
  return stop > at && byteAt(stop) == next ? stop : -1
}

/** Whether the run is a whole date in groups of digits: 2021-04-22, 4/22/2021. */
export function isWholeDate(): bool {
  const second = (behind & (SLASH | DOT | DASH)) != 0 && (digits == 4 || digits <= 2) ? secondSign() : -1
  if (second < 0) return false
  const from = second + 1
  const stop = digitsEnd(from, 5)
  const middle = numberAt(start + digits + 1, second - start - digits - 1)
  if (digits == 4) return isRecent(start) && stop - from <= 2 && isDay(middle, numberAt(from, stop - from))
  const first = numberAt(start, digits)
  return stop - from == 4 && isRecent(from) && (isDay(first, middle) || isDay(middle, first))
}

/** All that begins with one digit or two. */
export function shortDates(): void {
  if ((behind & (SLASH | DOT | DASH)) != 0 && (before & (WORDLY | SLASH | DOT | DASH)) == 0) {
    const second = secondSign()
    if (second >= 0) dayMonthYear(second)
    else if (next == 0x2f) monthOfYear()
    else if (next == 0x2d && before == SPACE) dashedDay()
  } else if (behind == WORDLY && end - start >= 7 && (before & (WORDLY | SLASH | DOT | DASH)) == 0) runTogether()
}

/** 4/22/2021 10:30, 4-22-21, 22.4.2021 */
function dayMonthYear(second: i32): void {
  const year = second + 1
  const stop = digitsEnd(year, 5)
  const long = stop - year == 4
  if (!long && stop - year != 2) return
  const last = throughEnd(stop)
  if (last > stop) return add(start, last, DATE)
  if (isAny(stop, WORDLY | SLASH) || (isAny(stop, DOT | DASH) && digitAt(stop + 1))) return
  const one = numberAt(start, digits)
  const other = numberAt(start + digits + 1, second - start - digits - 1)
  if (!isDay(one, other) && !isDay(other, one)) return
  // "3.7.22" is a section or a version too, "10.4.23" hardly.
  if (next == 0x2e && !long && one < 13 && other < 13 && year - start < 5 && !isAnnounced(start)) return
  addDated(hourStart(), timeEnd(stop), DATE, long ? year : -1)
}

/** Where "0300 on " begins that may stand before a date; the date's own place where none does. */
function hourStart(): i32 {
  const at = start - 8
  if (!saysBefore(start, ' on ') || !areDigits(at, 4) || isAny(at - 1, WORDLY | DOT | SLASH | DASH)) return start
  return numberAt(at, 2) < 24 && byteAt(at + 2) < 0x36 ? at : start
}

/** "on 3-14.": no range, which has no day of the second half of a month behind a word of dates and before nothing that is counted. */
function dashedDay(): void {
  const day = start + digits + 1
  const stop = two(day)
  if (stop != day + 2 || isAny(stop, WORDLY | SLASH | DASH | SPACE) || (isAny(stop, DOT) && digitAt(stop + 1)) || byteAt(stop) == 0x25) return
  const number = numberAt(day, 2)
  const month = numberAt(start, digits)
  // And no "on 10-12.", which may be a range; "on 10-10" is none
  if ((number > 12 || number == month) && isDay(month, number) && isAnnounced(start)) add(start, stop, DATE)
}

/** 03/2023 */
function monthOfYear(): void {
  const year = start + digits + 1
  if (!areDigits(year, 4) || !isRecent(year) || isAny(year + 4, WORDLY | SLASH | DASH)) return
  const month = numberAt(start, digits)
  if (month >= 1 && month <= 12) addDated(start, year + 4, DATE, year)
}

/** 12JAN2023 */
function runTogether(): void {
  const from = start + digits
  const year = lettersEnd(from, 10)
  if ((known(from, year) & MONTH) == 0) return
  const stop = digitsEnd(year, 5)
  if ((stop - year != 4 && stop - year != 2) || isAny(stop, WORDLY)) return
  addDated(start, stop, DATE, stop - year == 4 ? year : -1)
}

/** All that begins with four digits: 2021-04-22T10:30Z, 2021.04.22, 2021/4/22, 2021-Apr-22. */
export function longDates(): void {
  const second = secondSign()
  if (second < 0) return yearMonthDay()
  const from = second + 1
  const stop = two(from)
  if (stop == from) return
  const month = numberAt(start + 5, second - start - 5)
  const day = numberAt(from, stop - from)
  if (next == 0x2d) {
    if (before == DASH) return
    const last = isoEnd(stop)
    if (last >= 0 && isDay(month, day) && (last - start >= 10 || isYear(start))) addDated(start, last, DATE, start)
  } else if (next == 0x2e) {
    if ((before & (WORDLY | DOT | COMMA | SLASH | DASH)) != 0) return
    if (isAny(stop, WORDLY | SLASH | DASH) || (isAny(stop, DOT) && digitAt(stop + 1))) return
    if (isYear(start) && isDay(month, day)) addDated(start, stop, DATE, start)
  } else if (before != SLASH && !isAny(stop, SLASH) && !digitAt(stop) && isDay(month, day))
    addDated(start, stop, DATE, start)
}

/** 2021-Apr-22 */
function yearMonthDay(): void {
  const month = start + digits + 1
  const second = lettersEnd(month, 10)
  if (second == month || byteAt(second) != next || !isRecent(start) || (known(month, second) & MONTH) == 0) return
  const stop = two(second + 1)
  if (stop > second + 1 && !isAny(stop, WORDLY | SLASH | DASH)) addDated(start, stop, DATE, start)
}

/** Where a date ends with the time behind it, before no digit; -1 where it ends nowhere. */
function isoEnd(day: i32): i32 {
  const sign = byteAt(day)
  if ((sign == 0x54 || sign == 0x20) && areDigits(day + 1, 2) && byteAt(day + 3) == 0x3a && areDigits(day + 4, 2)) {
    const minutes = day + 6
    if (byteAt(minutes) == 0x3a && areDigits(minutes + 1, 2)) {
      const seconds = minutes + 3
      const fraction = fractionEnd(seconds)
      if (fraction > seconds) {
        const last = zonedEnd(fraction)
        if (last >= 0) return last
      }
      const last = zonedEnd(seconds)
      if (last >= 0) return last
    }
    const last = zonedEnd(minutes)
    if (last >= 0) return last
  }
  return isIsoEnd(day) ? day : -1
}

function fractionEnd(at: i32): i32 {
  return byteAt(at) == 0x2e && digitAt(at + 1) ? digitsEnd(at + 1, 9) : at
}

function zonedEnd(at: i32): i32 {
  const zone = zoneEnd(at)
  if (zone > at && isIsoEnd(zone)) return zone
  return isIsoEnd(at) ? at : -1
}

/** Z, +01:00 */
function zoneEnd(at: i32): i32 {
  const sign = byteAt(at)
  if (sign == 0x5a) return at + 1
  if ((sign != 0x2b && sign != 0x2d) || !areDigits(at + 1, 2)) return at
  const minutes = byteAt(at + 3) == 0x3a ? at + 4 : at + 3
  return areDigits(minutes, 2) ? minutes + 2 : at
}

function isIsoEnd(at: i32): bool {
  return !digitAt(at) && !(byteAt(at) == 0x2d && digitAt(at + 1))
}

/** ISO 8601 in short, where no code stands: 20240305, 202403051030, 20240305T103000Z. */
export function compactDate(): void {
  if (digits != 8 && digits != 12 && digits != 14) return
  if ((before & (WORDLY | DOT | COMMA | SLASH | HASH | DASH)) != 0 || byteAt(start - 1) == 0x24) return
  if (!isRecent(start) || !isDay(numberAt(start + 4, 2), numberAt(start + 6, 2))) return
  const last = compactEnd(start + 8)
  if (last >= 0) addDated(start, last, DATE, start)
}

function compactEnd(day: i32): i32 {
  const hour = byteAt(day) == 0x54 ? day + 1 : day
  if (areDigits(hour, 4) && numberAt(hour, 2) <= 24 && byteAt(hour + 2) < 0x36) {
    const minutes = hour + 4
    const last = areDigits(minutes, 2) && byteAt(minutes) < 0x36 ? minutes + 2 : minutes
    const fraction = fractionEnd(last)
    if (fraction > last) {
      const stop = zonedCompactEnd(fraction)
      if (stop >= 0) return stop
    }
    const stop = zonedCompactEnd(last)
    if (stop >= 0) return stop
  }
  return isCompactEnd(day) ? day : -1
}

function zonedCompactEnd(at: i32): i32 {
  const zone = zoneEnd(at)
  if (zone > at && isCompactEnd(zone)) return zone
  return isCompactEnd(at) ? at : -1
}

function isCompactEnd(at: i32): bool {
  return !isAny(at, WORDLY | SLASH | DASH) && byteAt(at) != 0x25 && !(isAny(at, DOT | COMMA) && digitAt(at + 1))
}

/** The day of a year: 2024-064. */
export function dayOfYear(): void {
  if ((before & (WORDLY | DOT | COMMA | SLASH | HASH | DASH)) != 0) return
  const day = start + 5
  if (!areDigits(day, 3) || !isRecent(start) || !isCompactEnd(day + 3)) return
  const number = numberAt(day, 3)
  if (number >= 1 && number <= 366) addDated(start, day + 3, DATE, start)
}

/** "on 4/22", where a word says that it is a day. */
export function announcedDay(): void {
  if (secondSign() >= 0) return
  const day = start + digits + 1
  const stop = two(day)
  if (stop == day || isAny(stop, WORDLY | SLASH) || byteAt(stop) == 0x25 || (isAny(stop, DOT) && digitAt(stop + 1))) return
  const one = numberAt(start, digits)
  const other = numberAt(day, stop - day)
  if (!isDay(one, other)) return
  const last = throughEnd(stop)
  const joined = last > stop && byteAt(stop) == 0x2d
  if (!joined && one < other && other < 5 && isOfDose(stop)) return
  if (joined || isAnnounced(start) || (!isAny(stop, DASH) && !mayBeShare(one, other, stop))) add(start, last, DATE)
}

/** Of "3/4-3/8", "2/14/24 to 2/17/24": where the second day ends that stands behind the first; the same place where none does. */
function throughEnd(first: i32): i32 {
  let from = first
  if (byteAt(from) == 0x2d) from++
  else if (byteAt(from) != 0x20) return first
  else if (saysAt(from, ' - ')) from += 3
  else if (saysAt(from, ' to ')) from += 4
  else if (saysAt(from, ' thru ')) from += 6
  else if (saysAt(from, ' through ')) from += 9
  else return first
  const sign = two(from)
  if (sign == from || byteAt(sign) != next) return first
  let stop = two(sign + 1)
  if (stop == sign + 1 || !isDay(numberAt(from, sign - from), numberAt(sign + 1, stop - sign - 1))) return first
  if (byteAt(stop) == next && digitAt(stop + 1)) {
    const year = stop + 1
    stop = digitsEnd(year, 5)
    if (stop - year != 4 && stop - year != 2) return first
  } else if (next != 0x2f) return first
  return isAny(stop, WORDLY | SLASH | DASH) ? first : stop
}

/** "on the 31st", "until the 5th.": no "5th toe". */
export function dayOfMonth(): void {
  const stop = start + digits + 2
  if (end != stop || !saysBefore(start, ' the ')) return
  const day = numberAt(start, digits)
  if (day < 1 || day > 31) return
  const to = start - 5
  const word = lettersStart(to, 10)
  const announced = (known(word, to) & (BEFORE_DAY | BEFORE_WEEKDAY | BEFORE_MONTH)) != 0 && !isAny(word - 1, WORDLY)
  // "surgery the 14th."
  if (!announced && (word == to || !isAny(stop, DOT | COMMA | OTHER))) return
  if (byteAt(stop) == 0x20 && (known(stop + 1, lettersEnd(stop + 1, 8)) & BEHIND_DAY) == 0) return
  if (!isAny(stop, DASH)) add(start - 4, stop, DATE)
}

/**
 * "3/6 murmur", "8/10", "GCS 3/15", "2/14 nodes", "1/2 tablet": a part of a whole rather than a day. No part is more than the whole; most wholes
 * are said before or behind, and those of half a dozen and less may be told by a word farther before.
 */
function mayBeShare(part: i32, whole: i32, stop: i32): bool {
  const said = byteAt(start - 2) == 0x3a ? start - 2 : start - 1
  const word = lettersStart(said, 12)
  // And no "opened 3x 5/11"
  if ((known(word, said) & BEFORE_SHARE) != 0 && !isAny(word - 1, WORDLY)) return true
  // "PHQ-9 12/27"
  if (byteAt(start - 1) == 0x20 && digitAt(start - 2)) {
    let score = start - 2
    while (digitAt(score - 1)) score--
    if (byteAt(score - 1) == 0x2d) return true
  }
  if (byteAt(stop) == 0x20) {
    const behind = lettersEnd(stop + 1, 12)
    if ((known(stop + 1, behind) & BEHIND_SHARE) != 0) return true
  }
  if (part > whole) return false
  if (whole == 10) return true
  if (part == whole ? whole > 6 && whole < 13 : whole > 6) return false
  // "1/5 CXR clear"
  if (saysDone(word, said) || (whole > 4 && (start == 0 || byteAt(start - 1) == 0x0a))) return false
  // "labs 5/6, start insulin"
  return part == whole || whole < 5 || !endsClause(stop) || isToldFarther(word)
}

/** "starting 1/2 tab", "after 3/4 hour" */
function isOfDose(stop: i32): bool {
  return saysAt(stop, ' tab') || saysAt(stop, ' pill') || saysAt(stop, ' dose') || saysAt(stop, ' hour')
}

/** "placed 4/4", "filled 6/6" */
function saysDone(word: i32, end: i32): bool {
  return byteAt(end) == 0x20 && end - word > 4 && saysBefore(end, 'ed') && !isAny(word - 1, WORDLY)
}

/** Whether no noun goes on here that would be counted. */
function endsClause(stop: i32): bool {
  if (byteAt(stop) != 0x20) return !isAny(stop, OPENING | DASH)
  if (timeEnd(stop) > stop) return true
  const behind = lettersEnd(stop + 1, 8)
  return behind > stop + 1 && (known(stop + 1, behind) & BEHIND_DAY) != 0
}

/** Whether one of seven words before this one says that a part is told: "strength of the right leg is 4/5". */
function isToldFarther(word: i32): bool {
  let at = word
  for (let words = 0; words < 7; words++) {
    let end = at
    while (at - end < 3 && isAny(end - 1, BETWEEN | COMMA)) end--
    if (end == at) return false
    at = lettersStart(end, 12)
    while (end - at < 5 && (digitAt(at - 1) || isAny(at - 1, SLASH))) at--
    if (at == end) return false
    if ((known(at, end) & BEFORE_SHARE) != 0) return true
  }
  return false
}

/** Whether the word before this place says that a day follows: "on ", "DOB: ", "Wed, ". */
function isAnnounced(day: i32): bool {
  let said = day - 1
  if (byteAt(said - 1) == 0x20) said--
  const sign = byteAt(said - 1)
  if (sign == 0x3a || sign == 0x2c) said--
  const word = lettersStart(said, 12)
  const short = word == said - 1 && (saysAt(word - 2, 'd/c') || saysAt(word - 2, 'f/u'))
  const from = short ? word - 2 : word
  if (isAny(from - 1, WORDLY)) return false
  const bits = known(word, said)
  return (bits & WEEKDAY) != 0 || (sign != 0x2c && (short || (bits & BEFORE_DAY) != 0))
}

/** Where the time ends that may stand here behind a date. */
export function timeEnd(at: i32): i32 {
  let from = at
  if (byteAt(from) == 0x2c) from++
  if (byteAt(from) == 0x20) {
    if (byteAt(from + 1) == 0x40 && from == at) {
      from += byteAt(from + 2) == 0x20 ? 3 : 2
      return clockEnd(from, at)
    }
    from += saysAt(from + 1, 'at ') ? 4 : 1
    return clockEnd(from, at)
  }
  return (byteAt(at) | 0x20) == 0x74 ? clockEnd(at + 1, at) : at
}

/** 10:30, 9:05:10 p.m., 9am, 10:30:00.5Z */
function clockEnd(at: i32, none: i32): i32 {
  const digits = digitsAt(at)
  const hour = (digits & 3) == 3 ? at + 2 : at + 1
  if ((digits & 1) == 0) return none
  // "2130", "0412h"
  if ((digits & 0x1f) == 0xf) {
    const h = (byteAt(at + 4) | 0x20) == 0x68 ? at + 5 : at + 4
    return numberAt(at, 2) < 24 && byteAt(at + 2) < 0x36 && !isAny(h, WORDLY | SLASH | DASH) && !isUnitAt(at + 4) ? h : none
  }
  if (byteAt(hour) != 0x3a || !areDigits(hour + 1, 2)) {
    const whole = halfEnd(hour)
    return whole > hour ? whole : none
  }
  let stop = hour + 3
  if (byteAt(stop) == 0x3a && areDigits(stop + 1, 2)) stop += 3
  stop = halfEnd(stop)
  const fraction = fractionEnd(stop)
  const zone = clockZoneEnd(fraction)
  if (zone > fraction) return zone
  const plain = clockZoneEnd(stop)
  return plain > stop ? plain : stop
}

/** Where "am", " p.m." ends that may stand here; the same place where none does. */
function halfEnd(at: i32): i32 {
  const half = byteAt(at) == 0x20 ? at + 1 : at
  if ((byteAt(half) | 0x20) != 0x61 && (byteAt(half) | 0x20) != 0x70) return at
  const m = byteAt(half + 1) == 0x2e ? half + 2 : half + 1
  if ((byteAt(m) | 0x20) != 0x6d || isAny(m + 1, WORDLY)) return at
  return byteAt(m + 1) == 0x2e ? m + 2 : m + 1
}

function clockZoneEnd(at: i32): i32 {
  if ((byteAt(at) | 0x20) == 0x7a) return isAny(at + 1, WORDLY) ? at : at + 1
  const stop = zoneEnd(at)
  return isAny(stop, WORDLY) ? at : stop
}
