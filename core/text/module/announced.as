// Numbers and codes that a word before them announces: "MRN: 4001234", "insurance ID is HP-678901", "plate 7XYZ123". From the
// number backwards, a few words.

import {
  AFTER_FAX, AFTER_SEX, BEFORE_DAY, BEFORE_MONTH, BEFORE_STREET, BEFORE_WEEKDAY, BETWEEN as STANDS_BETWEEN, MARK, MONTH, NUMBER_SHIFT, OF_AGE, ORDINAL,
  POSSESSIVE, SHORT_PHONE, SPECIFIC, STATE, TYPE, VAGUE, WEEKDAY, known, pairOf,
} from './dictionary'
import { ENGLISH, FIRST, MEDICAL } from './classes'
import { add } from './findings'
import { byteAt } from './memory'
import { placeFor } from './recent'
import { before, code, digits, end, start } from './run'
import {
  BETWEEN, DASH, DOT, PLUS, SLASH, SPACE, WORDLY, areDigits, digitAt, isAny, isCapital, isLetter, isSmall, lettersEnd, lettersStart, saysAt, saysBefore,
} from './signs'
import {
  ACCOUNT_NUMBER, CERTIFICATE_LICENSE_NUMBER, DEVICE_IDENTIFIER, FAX_NUMBER, GEOGRAPHIC_LOCATION, HEALTH_PLAN_BENEFICIARY_NUMBER,
  MEDICAL_RECORD_NUMBER, PHONE_NUMBER, SOCIAL_SECURITY_NUMBER, UNIQUE_IDENTIFIER, VEHICLE_IDENTIFIER,
} from './types'
import { valueEnd } from './values'
import { isSecurityNumber } from './whole'

const mostWords = 6
/** Words that say something of a date or day, and are no letters of a code. */
const FUNCTIONAL: u64 =
  MONTH | WEEKDAY | ORDINAL | BEFORE_DAY | BEFORE_MONTH | BEFORE_WEEKDAY | BEFORE_STREET | AFTER_SEX | AFTER_FAX | POSSESSIVE | OF_AGE

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
  let state = -1
  let insurer = -1
  if (saysAt(code, 'mrn') && digitAt(code + (isJoint(byteAt(code + 3)) ? 4 : 3))) {
    from = code
    type = MEDICAL_RECORD_NUMBER + 1
  } else {
    let later: u64 = 0
    let at = code
    for (let words = 0; words < mostWords; words++) {
      let last = words == 0 && byteAt(at - 1) == 0x20 && byteAt(at - 2) == 0x29 ? at - 2 : at
      while (last > 0 && at - last < 4 && isAny(last - 1, BETWEEN)) {
        last--
        const mark = byteAt(last)
        if (mark == 0x23 || mark == 0x3a) marked = true
        if (mark == 0x23) told = true
      }
      if (last == at && words > 0) break
      const word = lettersStart(last, 16)
      const said = known(word, last)
      // "last 4 1290", "last4 8826", "VIN last 8 3A004352"
      if (word == last && byteAt(last - 1) - 0x34 < 5) {
        const ofLast = saysBefore(last - 2, 'last')
        if (isAny(last - 2, SPACE) && (ofLast || byteAt(last - 1) == 0x34)) {
          at = last - 1
          if (ofLast) marked = true
          continue
        }
        if (saysBefore(last - 1, 'last') && !isAny(last - 6, WORDLY)) {
          type = SOCIAL_SECURITY_NUMBER + 1
          from = last - 5
          break
        }
      }
      // "S/N 4471882"
      if (last - word == 1 && type == 0 && saysAt(word - 2, 's/n') && !isAny(word - 3, WORDLY)) {
        type = DEVICE_IDENTIFIER + 1
        from = word - 2
        marked = true
        break
      }
      if (((said >> NUMBER_SHIFT) & 0xff) == 0) {
        // "plate HXN 2231", "plates NY HBX-4412", "plate no. Ohio 8ABC123", "policy AETNA 55D-20931-7", "MRN: BN/556232", "UMN-EF-2123"
        const letters = capitals < 0 && later == 0 && at == code && last == at - 1 && (areLarge(word, last) || isOfPlate(word, last) || isNoWord(word, last))
        if (letters) {
          capitals = word
          ofCapitals = said
        }
        if (!letters || (said & STATE) != 0) {
          if (type != 0 || later != 0 || (said & STATE) == 0 || !(letters || isCapital(byteAt(word)))) break
          state = word
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
      // "insurance: AETNA 55D-20931-7": part of the number as it is written.
      if (own == HEALTH_PLAN_BENEFICIARY_NUMBER + 1 && words == 0 && last == code - 1 && byteAt(last) == 0x20 && areLarge(word, last)) insurer = word
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
  if (type == VEHICLE_IDENTIFIER && (capitals >= 0 || state >= 0)) {
    if (capitals >= 0 && (ofCapitals & STATE) == 0) {
      const stop = valueEnd(type, false, marked, told, capitals)
      if (stop >= 0 && code - capitals <= 5) add(state >= 0 ? state : capitals, stop, VEHICLE_IDENTIFIER)
      return 0
    }
    vague = false
    if (state < 0) state = capitals
  } else if (capitals >= 0) {
    // "MRN FROM 4001234"
    if (!isLettered(type) || (ofCapitals & FUNCTIONAL) != 0) return 0
    if (isSmall(byteAt(capitals)) && !told && isMedical(capitals, code - 1)) return 0
    const stop = valueEnd(type, vague, marked, told, capitals)
    if (stop >= 0) add(type == UNIQUE_IDENTIFIER || (marked && isPatient(from)) ? from : capitals, stop, type)
    return 0
  } else if (state >= 0) return 0
  const stop = (announcer & SHORT_PHONE) != 0 && isShort() ? end : valueEnd(type, vague, marked, told, -1)
  if (stop < 0) return 0
  // "case #JH-998877", "patient ID 987654" and "MRN 4001234" are one identifier together.
  const whole =
    type == UNIQUE_IDENTIFIER ||
    (from == code || (code - from <= 6 && saysAt(from, 'mrn') && !isLetter(byteAt(from + 3)))) ||
    (marked && isPatient(from))
  const first = state >= 0 ? state : whole || ((announcer & SHORT_PHONE) != 0 && saysAt(from, 'ext')) ? from : insurer >= 0 && type == HEALTH_PLAN_BENEFICIARY_NUMBER ? insurer : startOf(type)
  add(first, stop, type)
  return first > code ? 0 : stop
}

/** One to eight capitals: the letters of a plate, an insurer's, a hospital's. */
function areLarge(from: i32, to: i32): bool {
  for (let i = from; i < to; i++) if (!isCapital(byteAt(i))) return false
  return to > from && to - from <= 8 && !isAny(from - 1, WORDLY)
}

/** "mrn krmc 108844": two to five small letters right before a number that no list has. */
function isNoWord(from: i32, to: i32): bool {
  const size = to - from
  if (size < 2 || size > 5 || byteAt(to) != 0x20 || isAny(from - 1, WORDLY) || !isSmall(byteAt(from))) return false
  return (<i32>(load<u64>(placeFor(from, to), 16) >> 32) & (ENGLISH | FIRST)) == 0
}

/** Of letters of one: "wbc" */
function isMedical(from: i32, to: i32): bool {
  return (<i32>(load<u64>(placeFor(from, to), 16) >> 32) & MEDICAL) != 0
}

/** "plate abc 1234": in small letters right behind the word. */
function isOfPlate(from: i32, to: i32): bool {
  return to - from >= 2 && to - from <= 4 && (saysBefore(from, 'plate ') || saysBefore(from, 'plates '))
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

/** "pager 44718", "ext. 4471" */
function isShort(): bool {
  return digits >= 3 && digits <= 6 && end == start + digits && code == start && !(isAny(end, SLASH | DASH | DOT) && digitAt(end + 1))
}

/** "12-345", "12 345", "86.056.190", "7/4418/22", "71-BKL-40226", "24:SP1188" */
function goesOn(): bool {
  const sign = byteAt(end)
  if (sign == 0x2e) return areDigits(end + 1, 3) && byteAt(end + 4) == 0x2e && areDigits(end + 5, 3)
  if (sign == 0x2f) return areDigits(end + 1, 4) || (byteAt(code - 1) == 0x2f && digitAt(end + 1))
  // "(0)20 7946 0958"
  if (sign == 0x29) return digitAt(end + 1) || (byteAt(end + 1) == 0x20 && digitAt(end + 2))
  if (sign == 0x3a || isJoint(sign)) if (isCapital(byteAt(end + 1))) return true
  return (isJoint(sign) || sign == 0x20) && digitAt(end + 1)
}

function isJoint(byte: u8): bool {
  return byte == 0x2d || byte == 0x5f
}

function startOf(type: i32): i32 {
  if (type != PHONE_NUMBER && type != FAX_NUMBER) return code
  return before == PLUS && byteAt(start - 2) == 0x20 ? start - 1 : start
}
