// Where the value ends that a word announces: groups of letters and digits, and what joins them.

import { isRecent, isWholeDate } from './dates'
import { AGE_UNIT, MEASURED, TRIAL, known } from './dictionary'
import { byteAt } from './memory'
import { isCodeOf, isMeasured, isUnitAt } from './quantities'
import { code, digits, start } from './run'
import {
  CLOSING, COLON, COMMA, DASH, DOT, OPENING, SLASH, SPACE, WORDLY, areDigits, codeEnd, digitAt, digitsAt, digitsEnd, isAlnum, isAny, isCapital, isDigit, isSmall,
  lettersAt, lettersEnd,
} from './signs'
import {
  DEVICE_IDENTIFIER, FAX_NUMBER, GEOGRAPHIC_LOCATION, HEALTH_PLAN_BENEFICIARY_NUMBER, PHONE_NUMBER, SOCIAL_SECURITY_NUMBER, UNIQUE_IDENTIFIER, VEHICLE_IDENTIFIER,
} from './types'

/** Behind the first, or behind the letters before it. */
const mostGroups = 6
const longestGroup = 12

/**
 * Where the value ends that begins with the run, or with capitals before it (-1 for none); -1 where it is none. `vague`: a word announces it that
 * announces other things too; `told`: another word or sign says that a number follows, `marked`: at least a colon.
 */
export function valueEnd(type: i32, vague: bool, marked: bool, told: bool, capitals: i32): i32 {
  if (type == PHONE_NUMBER || type == FAX_NUMBER) return phoneEnd()
  if (type == GEOGRAPHIC_LOCATION) return zipEnd()
  if (type == SOCIAL_SECURITY_NUMBER && digits == 9 && !isAny(start + 9, WORDLY)) return start + 9
  const stop = genericEnd(type, told, capitals)
  if (stop < 0) return -1
  let count = 0
  let size = 0
  for (let i = code; i < stop; i += 16) {
    const within = (1 << min(stop - i, 16)) - 1
    count += popcnt(digitsAt(i) & within)
    size += popcnt((digitsAt(i) | lettersAt(i)) & within)
  }
  const letters = size > count || capitals >= 0
  if (capitals >= 0) size += code - capitals - 1
  // "KX19 ZTR"
  const least = type == VEHICLE_IDENTIFIER && letters ? 2 : 3
  // "confirmation KX4RT2"
  const mixed = count == 2 && size > 5 && size == stop - code && capitals < 0 && isMixed(code, stop, 2)
  if ((count < least && !mixed) || size < 3 || isCodeOf(code)) return -1
  // "MRN: 00482217 CC: CHEST PAIN" holds no cubic centimetres.
  const sure = !vague && marked && count > 6
  if (!sure && (isMeasured(code, stop, count) || (size == count && isUnitAt(stop)))) return -1
  const lead = lettersEnd(code, 8)
  if (lead > code && digitAt(lead) && (known(code, lead) & TRIAL) != 0) return -1
  if (!vague) return stop
  // "Plan: WBC 12000"
  if (!told && capitals >= 0 && size - (code - capitals - 1) == count) {
    const round = stop == start + digits && byteAt(stop - 1) == 0x30 && byteAt(stop - 2) == 0x30
    const measured = (known(capitals, code - 1) & MEASURED) != 0 || round
    return measured || count < 4 ? -1 : stop
  }
  if (marked) return stop - code >= 4 || capitals >= 0 ? stop : -1
  if (count >= 5 || (count >= 4 && letters) || mixed) return stop
  return letters && size >= 5 && isMixed(code, stop, type == VEHICLE_IDENTIFIER ? 1 : 2) ? stop : -1
}

/** Capitals and digits, that change so often at least: "4M9T2R". */
function isMixed(from: i32, to: i32, least: i32): bool {
  let changes = 0
  for (let at = from + 1; at < to; at++) {
    if (isSmall(byteAt(at))) return false
    if (isDigit(byteAt(at)) != isDigit(byteAt(at - 1))) changes++
  }
  return changes >= least
}

/** 5550143, 555-0143, 98765 43210, (0)20 7946 0958: seven to fifteen digits in groups; of a pager or an extension three and more. */
function phoneEnd(): i32 {
  // "Called on 2024-03-04"; the later groups of 978-88-0076, of which the first one says where it ends.
  if (isWholeDate() || (byteAt(start - 1) == 0x2d && digitAt(start - 2))) return -1
  let count = digits
  let stop = start + digits
  for (let groups = 0; groups < 5; groups++) {
    let from = stop
    while (from - stop < 3 && isAny(from, SPACE | DOT | DASH | SLASH | OPENING | CLOSING)) from++
    if (from == stop) break
    const last = digitsEnd(from, 12)
    if (last == from || isAny(last, WORDLY | COLON)) break
    // "BP at home 128-142/76-84"
    if (groups < 2 && digits < 4 && byteAt(start) != 0x30 && byteAt(stop) == 0x2f && last - from == 2) return -1
    // "555-0143 2 times"
    if (count >= 7 && (last - from == 1 || count + last - from > 12 || isUnitAt(last))) break
    count += last - from
    stop = last
  }
  return count >= 7 && count <= 15 && !isAny(stop, WORDLY | DASH) ? stop : -1
}

/** 02115-1234 */
function zipEnd(): i32 {
  if (!areDigits(start, 5)) return -1
  if (byteAt(start + 5) == 0x2d && areDigits(start + 6, 4) && !isAny(start + 10, WORDLY | DASH)) return start + 10
  return isAny(start + 5, WORDLY | DASH) ? -1 : start + 5
}

/** Letters, eight at most; a digit; letters, digits and hyphens; further groups. */
function genericEnd(type: i32, told: bool, capitals: i32): i32 {
  if (isAlnum(byteAt(code - 1))) return -1
  let at = lettersEnd(code, 9)
  if (at - code > 8) return -1
  if (byteAt(at) == 0x2d || byteAt(at) == 0x5f) {
    // "QRH-B31846620"
    at = lettersEnd(at + 1, 4)
  }
  if (!digitAt(at)) return -1
  const from = at + 1
  let stop = codeEnd(from, 30)
  if (!isAny(stop, WORDLY | DASH)) {
    const later = groupsEnd(stop, type, told, capitals)
    return later > stop || stop - from >= 2 || (type == VEHICLE_IDENTIFIER && stop - code >= 4) ? later : -1
  }
  // Too long: as far as a hyphen.
  while (stop - from >= 2 && byteAt(stop) != 0x2d) stop--
  return stop - from >= 2 ? stop : -1
}

/** Behind the first group: "993 512 539", "86.056.190", "3714/47", "KTB558 31 9047". The same place where none goes on. */
function groupsEnd(first: i32, type: i32, told: bool, capitals: i32): i32 {
  let stop = first
  let last = digitsBefore(stop)
  let joined = capitals >= 0 && byteAt(code - 1) == 0x2f
  for (let groups = 0; groups < mostGroups; groups++) {
    const sign = byteAt(stop)
    const from = stop + 1
    let end = codeEnd(from, longestGroup)
    if (end == from || isAny(end, WORDLY)) break
    if (sign == 0x20) {
      if (!isGroup(from, end, last, groups, told) && !(last < 6 && isLettered(type, from, end)) && !isMember(type, from, end, last)) {
        // "AB 12345 C", "9448 2013 A"
        const single = (capitals >= 0 || (groups > 0 && !isAny(end, SPACE))) && end == from + 1 && isCapital(byteAt(from))
        // "ANT 552 M 90128"
        const rest = single && byteAt(end) == 0x20 ? digitsEnd(end + 1, longestGroup) : end
        if (rest - end > 4 && !isAny(rest, WORDLY)) stop = rest
        else if (told && single) stop = end
        break
      }
    } else if (sign == 0x2e) {
      // And no end of a sentence, nor "118.4".
      if (!digitAt(from) || !areAll(from, end) || (end - from < 2 && groups == 0)) break
    } else if (sign == 0x2f) {
      // And no "BP 128/84", nor 12/2019
      if (!isOfPath(from, end) || !(joined || last > 3 || (end - from > 3 && !isRecent(from)))) break
      joined = true
    } else if (sign != 0x3a || !isCapital(byteAt(from)) || !isOfPath(from, end)) break
    stop = end
    last = digitsBefore(end)
  }
  return stop
}

/** Digits, and hyphens among them. */
function areAll(from: i32, to: i32): bool {
  for (let at = from; at < to; at++) if (!digitAt(at) && byteAt(at) != 0x2d) return false
  return digitAt(to - 1)
}

function digitsBefore(end: i32): i32 {
  let at = end
  while (end - at < 16 && digitAt(at - 1)) at--
  return end - at
}

/** "MRN# 4418 62 yo" */
function isAgeAt(at: i32): bool {
  const stop = lettersEnd(at + 1, 5)
  return (known(at + 1, stop) & AGE_UNIT) != 0 || byteAt(stop) == 0x2f
}

/** Capitals and digits, of which one is a digit. */
function isOfPath(from: i32, to: i32): bool {
  let numbered = false
  for (let at = from; at < to; at++) {
    if (digitAt(at)) numbered = true
    else if (!isCapital(byteAt(at)) && byteAt(at) != 0x2d) return false
  }
  return numbered && to - from > 1
}

/** "006114829 01": who of a family it is, behind an insurer's number. */
function isMember(type: i32, from: i32, to: i32, last: i32): bool {
  return type == HEALTH_PLAN_BENEFICIARY_NUMBER && last > 4 && to == from + 2 && byteAt(from) == 0x30 && digitAt(from + 1) && !isUnitAt(to)
}

/** One to four capitals and digits: the second half of a plate, and of other numbers where one is a digit. */
function isLettered(type: i32, from: i32, to: i32): bool {
  if (to - from > 4) return false
  if (type != VEHICLE_IDENTIFIER) return (type == UNIQUE_IDENTIFIER || type == DEVICE_IDENTIFIER) && to - from > 2 && isOfPath(from, to)
  for (let at = from; at < to; at++) if (!digitAt(at) && !isCapital(byteAt(at))) return false
  return (known(from, to) & MEASURED) == 0
}

/** Whether digits behind a space go on with a value whose last group has `last` digits: neither a measure, a time, nor another number. */
function isGroup(from: i32, to: i32, last: i32, groups: i32, told: bool): bool {
  if (!areAll(from, to) || isAny(to, SLASH) || (isAny(to, COLON) && digitAt(to + 1)) || byteAt(to) == 0x25) return false
  if (isAny(to, DOT | COMMA) && digitAt(to + 1)) return false
  if (isUnitAt(to)) return false
  const size = to - from
  if (size > 3) return size < 8 && !(size == 4 && last > 3 && isRecent(from))
  if (size == 3) return last > 0
  const more = byteAt(to) == 0x20 && areDigits(to + 1, 2)
  if (size == 2) return last < 5 && (byteAt(from) == 0x30 || more || (last == 2 && groups > 0) || ((told || groups > 0) && !isAgeAt(to)))
  return groups > 1 && (told || !isAny(to, SPACE))
}
