// Numbers and codes that a word before them announces: "MRN: 4001234", "insurance ID is HP-678901", "plate 7XYZ123". From the
// number backwards, a few words.

import { BETWEEN as STANDS_BETWEEN, MARK, NUMBER_SHIFT, SPECIFIC, STATE, TRIAL, TYPE, VAGUE, known, pairOf } from './dictionary'
import { add } from './findings'
import { byteAt } from './memory'
import { isCodeOf, isMeasured } from './quantities'
import { before, code, digits, end, start } from './run'
import {
  BETWEEN, COMMA, DASH, DOT, PLUS, SLASH, SPACE, WORDLY, areDigits, codeEnd, digitAt, digitsAt, digitsEnd, isAlnum, isAny, isCapital,
  isLetter, lettersAt, lettersEnd, lettersStart, saysAt,
} from './signs'
import {
  DEVICE_IDENTIFIER, FAX_NUMBER, GEOGRAPHIC_LOCATION, MEDICAL_RECORD_NUMBER, PHONE_NUMBER, SOCIAL_SECURITY_NUMBER, UNIQUE_IDENTIFIER, VEHICLE_IDENTIFIER,
} from './types'
import { isSecurityNumber } from './whole'

const mostWords = 6

/** Returns where the value ends that it found; 0 where it found none, or not all of the code. */
export function announced(): i32 {
  // "60-year-old", "5 mg": no value has less than three digits, unless it goes on behind a hyphen.
  if (digits > 0 && end - start < 3 && code == start && !goesOn()) return 0
  let marked = false
  let announcer: u64 = 0
  let from = 0
  let type = 0
  let vague = false
  // Where the letters of a plate begin that a space parts from its number; whether a State stands before it.
  let plate = -1
  let state = false
  if (saysAt(code, 'mrn') && digitAt(code + (isJoint(byteAt(code + 3)) ? 4 : 3))) {
    from = code
    type = MEDICAL_RECORD_NUMBER + 1
  } else {
    let later: u64 = 0
    let at = code
    for (let words = 0; words < mostWords; words++) {
      let last = at
      while (last > 0 && at - last < 4 && isAny(last - 1, BETWEEN)) {
        last--
        const mark = byteAt(last)
        if (mark == 0x23 || mark == 0x3a) marked = true
      }
      if (last == at && words > 0) break
      const word = lettersStart(last, 16)
      const said = known(word, last)
      // "S/N 4471882"
      if (last - word == 1 && type == 0 && saysAt(word - 2, 's/n') && !isAny(word - 3, WORDLY)) {
        type = DEVICE_IDENTIFIER + 1
        from = word - 2
        marked = true
        break
      }
      if (((said >> NUMBER_SHIFT) & 0xff) == 0) {
        // "plate HXN 2231", "plates NY HBX-4412", "plate no. Ohio 8ABC123"
        const letters = plate < 0 && later == 0 && code == start && at == code && last == at - 1 && areLarge(word, last)
        if (letters && (said & STATE) == 0) plate = word
        else if (type != 0 || later != 0 || (said & STATE) == 0 || !isCapital(byteAt(word))) break
        else state = true
        at = word
        continue
      }
      const pair = later == 0 ? 0 : pairOf(<i32>((said >> NUMBER_SHIFT) & 0xff), <i32>((later >> NUMBER_SHIFT) & 0xff))
      if (pair != 0) {
        type = pair
        from = word
        vague = false
        break
      }
      const own = <i32>(said & TYPE)
      // "SSN 123-45-6789": no word before says more, and the number is one of itself.
      if (own == SOCIAL_SECURITY_NUMBER + 1 && words == 0 && last < at && code == start && isSecurityNumber()) {
        add(start, start + 11, SOCIAL_SECURITY_NUMBER)
        return start + 11
      }
      // "patient ID", "policy number", "phone no.": the word before says more.
      if (own != 0 && (type == 0 || (announcer & MARK) != 0 || (later & SPECIFIC) != 0)) {
        announcer = said
        type = own
        from = word
        vague = (said & VAGUE) != 0
      } else if (type != 0 && (said & MARK) == 0) break
      if ((said & MARK) != 0) marked = true
      else if (own == 0 && (said & STANDS_BETWEEN) == 0) break
      later = said
      at = word
    }
    if (type == 0) return 0
  }
  type--
  if (plate >= 0 || state) {
    if (type != VEHICLE_IDENTIFIER) return 0
    if (plate >= 0) {
      const stop = digitsEnd(start, 5)
      if (stop - start >= 3 && stop - start < 5 && !isAny(stop, WORDLY | DASH)) add(plate, stop, VEHICLE_IDENTIFIER)
      return 0
    }
    vague = false
  }
  const stop = valueEnd(type, vague, marked)
  if (stop < 0) return 0
  // "case #JH-998877", "patient ID 987654" and "MRN 4001234" are one identifier together.
  const whole =
    type == UNIQUE_IDENTIFIER ||
    (from == code || (code - from <= 6 && saysAt(from, 'mrn') && !isLetter(byteAt(from + 3)))) ||
    (marked && isPatient(from))
  const first = whole ? from : startOf(type)
  add(first, stop, type)
  return first > code ? 0 : stop
}

/** Two to four capitals: the letters of a plate, or a State's. */
function areLarge(from: i32, to: i32): bool {
  for (let i = from; i < to; i++) if (!isCapital(byteAt(i))) return false
  return to - from >= 2 && to - from <= 4 && !isAny(from - 1, WORDLY)
}

function isPatient(at: i32): bool {
  const stop = lettersEnd(at, 8)
  return (stop == at + 7 && saysAt(at, 'patient')) || (stop == at + 2 && saysAt(at, 'pt'))
}

function goesOn(): bool {
  const sign = byteAt(end)
  return (isJoint(sign) || sign == 0x20) && digitAt(end + 1)
}

function isJoint(byte: u8): bool {
  return byte == 0x2d || byte == 0x5f
}

function startOf(type: i32): i32 {
  if (type != PHONE_NUMBER && type != FAX_NUMBER) return code
  return before == PLUS && byteAt(start - 2) == 0x20 ? start - 1 : start
}

/** Where the value ends; -1 where it is none. */
function valueEnd(type: i32, vague: bool, marked: bool): i32 {
  if (type == PHONE_NUMBER || type == FAX_NUMBER) return phoneEnd()
  if (type == GEOGRAPHIC_LOCATION) return zipEnd()
  if (type == SOCIAL_SECURITY_NUMBER && digits == 9 && !isAny(start + 9, WORDLY)) return start + 9
  const stop = genericEnd()
  if (stop < 0) return -1
  let count = 0
  let letters = false
  for (let i = code; i < stop; i += 16) {
    const within = (1 << min(stop - i, 16)) - 1
    count += popcnt(digitsAt(i) & within)
    if ((lettersAt(i) & within) != 0) letters = true
  }
  if (count < 3 || isMeasured(code, stop, count) || isCodeOf(code)) return -1
  const lead = lettersEnd(code, 8)
  if (lead > code && digitAt(lead) && (known(code, lead) & TRIAL) != 0) return -1
  if (!vague) return stop
  if (marked) return stop - code >= 4 ? stop : -1
  return count >= 5 || (count >= 4 && letters) ? stop : -1
}

/** 5550143, 555-0143 */
function phoneEnd(): i32 {
  if (digits >= 7) return digits <= 15 && !isAny(start + digits, WORDLY | DASH) ? start + digits : -1
  if (digits != 3 || !isAny(start + 3, SPACE | DOT | DASH) || !areDigits(start + 4, 4)) return -1
  return isAny(start + 8, WORDLY | DASH) ? -1 : start + 8
}

/** 02115-1234 */
function zipEnd(): i32 {
  if (!areDigits(start, 5)) return -1
  if (byteAt(start + 5) == 0x2d && areDigits(start + 6, 4) && !isAny(start + 10, WORDLY | DASH)) return start + 10
  return isAny(start + 5, WORDLY | DASH) ? -1 : start + 5
}

/** Letters, eight at most; a digit; letters, digits and hyphens; perhaps a second number. */
function genericEnd(): i32 {
  if (isAlnum(byteAt(code - 1))) return -1
  let at = lettersEnd(code, 9)
  if (at - code > 8) return -1
  if (isJoint(byteAt(at))) at++
  if (!digitAt(at)) return -1
  const from = at + 1
  let stop = codeEnd(from, 30)
  if (!isAny(stop, WORDLY | DASH)) {
    if (stop - from < 2) return -1
    if (byteAt(stop) == 0x20) {
      const second = digitsEnd(stop + 1, 7)
      if (second - stop >= 4 && second - stop <= 7 && !isAny(second, WORDLY | SLASH | DOT | COMMA)) return second
    }
    return stop
  }
  // Too long: as far as a hyphen.
  while (stop - from >= 2 && byteAt(stop) != 0x2d) stop--
  return stop - from >= 2 ? stop : -1
}
