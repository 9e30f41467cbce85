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
  ACCOUNT_NUMBER, CERTIFICATE_LICENSE_NUMBER, DEVICE_IDENTIFIER, FAX_NUMBER, GEOGRAPHIC_LOCATION, HEALTH_PLAN_BENEFICIARY_NUMBER,
  MEDICAL_RECORD_NUMBER, PHONE_NUMBER, SOCIAL_SECURITY_NUMBER, UNIQUE_IDENTIFIER, VEHICLE_IDENTIFIER,
} from './types'
import { isSecurityNumber } from './whole'

const mostWords = 6

/** Returns where the value ends that it found; 0 where it found none, or not all of the code. */
export function announced(): i32 {
  // "60-year-old", "5 mg": no value has less than three digits, unless it goes on behind a hyphen.
  if (digits > 0 && end - start < 3 && code == start && !goesOn()) return 0
  // Whether a sign or word says that a number follows; whether more than a colon does.
  let marked = false
  let told = false
  let announcer: u64 = 0
  let from = 0
  let type = 0
  let vague = false
  // Where capitals begin that a sign parts from the number, as those of a plate; whether a State stands before it.
  let capitals = -1
  let ofCapitals: u64 = 0
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
        if (mark == 0x23) told = true
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
        // "plate HXN 2231", "plates NY HBX-4412", "plate no. Ohio 8ABC123", "policy AETNA 55D-20931-7", "MRN: BN/556232", "UMN-EF-2123"
        const letters = capitals < 0 && later == 0 && at == code && last == at - 1 && areLarge(word, last)
        if (letters) {
          capitals = word
          ofCapitals = said
        }
        if (!letters || (said & STATE) != 0) {
          if (type != 0 || later != 0 || (said & STATE) == 0 || !isCapital(byteAt(word))) break
          state = true
        }
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
      if ((said & MARK) != 0) marked = told = true
      else if (own == 0 && (said & STANDS_BETWEEN) == 0) break
      later = said
      at = word
    }
    if (type == 0) return 0
  }
  type--
  if (type == VEHICLE_IDENTIFIER && (capitals >= 0 || state)) {
    if (capitals >= 0 && (ofCapitals & STATE) == 0) {
      const stop = digitsEnd(start, 5)
      const plate = code == start && code - capitals <= 5
      if (plate && stop - start >= 3 && stop - start < 5 && !isAny(stop, WORDLY | DASH)) add(capitals, stop, VEHICLE_IDENTIFIER)
      return 0
    }
    vague = false
  } else if (capitals >= 0) {
    // "MRN FROM 4001234"
    if (!isLettered(type) || (ofCapitals & ~STATE) != 0) return 0
    const stop = valueEnd(type, vague, marked)
    // "Plan: WBC 12000"
    if (vague && !told && stop == start + digits) return 0
    if (stop >= 0) add(type == UNIQUE_IDENTIFIER || (marked && isPatient(from)) ? from : capitals, stop, type)
    return 0
  } else if (state) return 0
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

/** Two to eight capitals: the letters of a plate, an insurer's, a hospital's. */
function areLarge(from: i32, to: i32): bool {
  for (let i = from; i < to; i++) if (!isCapital(byteAt(i))) return false
  return to - from >= 2 && to - from <= 8 && !isAny(from - 1, WORDLY)
}

/** Whether capitals may stand before the number of one, apart from it. */
function isLettered(type: i32): bool {
  return (
    type == MEDICAL_RECORD_NUMBER || type == HEALTH_PLAN_BENEFICIARY_NUMBER || type == ACCOUNT_NUMBER || type == CERTIFICATE_LICENSE_NUMBER ||
    type == DEVICE_IDENTIFIER || type == UNIQUE_IDENTIFIER
  )
}

function isPatient(at: i32): bool {
  const stop = lettersEnd(at, 8)
  return (stop == at + 7 && saysAt(at, 'patient')) || (stop == at + 2 && saysAt(at, 'pt'))
}

/** "12-345", "12 345", "86.056.190" */
function goesOn(): bool {
  const sign = byteAt(end)
  if (sign == 0x2e) return areDigits(end + 1, 3) && byteAt(end + 4) == 0x2e && areDigits(end + 5, 3)
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

/**
 * Behind the first digits of "993 512 539", "86.056.190", "3714/47": one and the same sign before each further group, two groups of three or
 * four digits at least behind a space or full stop, one behind a slash. The same place where none stand there.
 */
function groupsEnd(first: i32): i32 {
  const sign = byteAt(first)
  if (sign == 0x2f) {
    const stop = digitsEnd(first + 1, 5)
    // And no "BP 128/84".
    return stop - first >= 3 && stop - first <= 5 && digits >= 4 && !isAny(stop, WORDLY | SLASH | DASH) ? stop : first
  }
  if (sign != 0x20 && sign != 0x2e) return first
  let stop = first
  let groups = 0
  for (; groups < 3 && byteAt(stop) == sign && areDigits(stop + 1, 3); groups++) stop = digitsEnd(stop + 1, 4)
  return groups > 1 && !isAny(stop, WORDLY | SLASH | DASH) && !(isAny(stop, DOT | COMMA) && digitAt(stop + 1)) ? stop : first
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
    const later = groupsEnd(stop)
    if (later > stop) return later
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
