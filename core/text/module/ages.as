// Ages over 89 (45 CFR 164.514(b)(2)(i)(C)).

import { ACRONYM, PERSON } from './classes'
import { AFTER_SEX, MEASURED, OF_AGE, POSSESSIVE, SEX, TEMPERATURE, known } from './dictionary'
import { add } from './findings'
import { byteAt, length } from './memory'
import { placeFor } from './recent'
import { behind, before, digits, end, start } from './run'
import {
  CLOSING, COLON, COMMA, DASH, DOT, OTHER, SLASH, SPACE, WORDLY, digitAt, isAny, isCapital, isLetter, isSmall, lettersEnd, lettersStart, saysAt, saysBefore,
} from './signs'
import { AGE } from './types'

/** Of a number from 90 to 129. */
export function oldAges(): void {
  const stop = start + digits
  if ((before & (WORDLY | DOT | COMMA | SLASH | DASH)) == 0) {
    const unit = ofAgeEnd(stop)
    if (unit > 0) return add(start, unit, AGE)
    // "91F presents", "92M with COPD"
    if (behind == WORDLY && end == stop + 1 && isSexOfOld(stop)) return add(start, stop, AGE)
    // "93/F"
    if (behind == SLASH && isSex(stop + 1) && !isTemperature()) return add(start, stop, AGE)
  }
  const apart = (before & (SPACE | COLON | OTHER)) != 0
  if (apart && behind != WORDLY && isBehindWord() && !goesOn(stop)) {
    if (announcesAge(start) || (saysAge(start) && countsNothing(stop)) || isSexBehind(stop)) return add(start, stop, AGE)
    // "Gladys Ostergaard 98, husband"
    if (before == SPACE && isAny(stop, COMMA | CLOSING) && isSurname(lettersStart(start - 1, 16), start - 1)) return add(start, stop, AGE)
  }
  if (isSetOff(start, stop)) return add(start, stop, AGE)
  // "her 90th birthday"
  if (behind == WORDLY && end == stop + 2 && saysAt(end, ' birthday')) return add(start, end, AGE)
  // "in her 90s"
  if (before == SPACE && (behind & (WORDLY | OTHER)) != 0) {
    const s = byteAt(stop) == 0x27 ? stop + 1 : stop
    if ((byteAt(s) | 0x20) == 0x73 && !isAny(s + 1, WORDLY) && isOfSomebody(start)) add(start, stop, AGE)
  }
}

/** One letter for it, M or F. */
function isSex(at: i32): bool {
  const sex = byteAt(at) | 0x20
  return (sex == 0x6d || sex == 0x66) && !isAny(at + 1, WORDLY)
}

export function isOld(): bool {
  const first = byteAt(start)
  if (digits == 2) return first == 0x39
  return digits == 3 && first == 0x31 && byteAt(start + 1) < 0x33
}

/** "93 female" */
function isSexBehind(stop: i32): bool {
  if (byteAt(stop) != 0x20) return false
  return isSexOfOld(stop + 1) || (known(stop + 1, lettersEnd(stop + 1, 10)) & SEX) != 0
}

/** "Mr. Arnaud Petit, 93, refuses", "Petit (93)": between commas or in brackets behind a word that is written as names are. */
export function isSetOff(from: i32, to: i32): bool {
  const open = byteAt(from - 1) == 0x28
  const comma = byteAt(from - 1) == 0x20 && byteAt(from - 2) == 0x2c
  if (!open && !comma) return false
  const closing = byteAt(to)
  if (open ? closing != 0x29 : closing != 0x2c && closing != 0x3b && closing != 0x29 && !(closing == 0x2e && !digitAt(to + 1))) return false
  const last = from - 2
  if (open && byteAt(last) != 0x20) return false
  const word = lettersStart(last, 16)
  // "(F, 92)"
  if (last - word == 1) return isSex(word)
  if (word == last || last - word > 15 || !isLetter(byteAt(word))) return false
  const classes = load<i32>(placeFor(word, last), 16)
  // "the pt, 92, fell", and no "FVC (92)", which is of nobody
  if ((classes & (ACRONYM | PERSON)) != 0) return (classes & PERSON) != 0
  return last - word > 2 && (known(word, last) & (MEASURED | TEMPERATURE)) == 0
}

/** Where "-year-old", " years of age", " y/o" end; 0 where none stands here. */
export function ofAgeEnd(at: i32): i32 {
  const first = byteAt(at) == 0x2b ? at + 1 : at
  let from = first
  while (from - first < 2 && isAny(from, SPACE | DASH)) from++
  if ((byteAt(from) | 0x20) != 0x79) return 0
  const stop = lettersEnd(from, 6)
  const years = stop - from
  if (
    (years == 4 && saysAt(from, 'year')) || (years == 5 && saysAt(from, 'years')) || (years == 2 && saysAt(from, 'yr')) ||
    (years == 3 && saysAt(from, 'yrs'))
  ) {
    if (isAny(stop, SPACE | DASH) && saysAt(stop + 1, 'old')) return stop + 4
    if (saysAt(stop, ' of age')) return stop + 7
    // "90 yrs, on hospice"
    if (isAny(stop, COMMA | CLOSING) || saysBehind(stop)) return stop
  }
  // "92y", "92 y, fell"
  if (years == 1 && !isAny(stop, DOT | SLASH) && (from == first || isAny(stop, COMMA | CLOSING) || saysBehind(stop))) return stop
  if (from - first > 1) return 0
  let o = from + 1
  // "91yF"
  if (((byteAt(o) | 0x20) == 0x66 || (byteAt(o) | 0x20) == 0x6d) && !isAny(o + 1, WORDLY)) return o
  if (byteAt(o) == 0x2e) o++
  if (byteAt(o) == 0x2f) o++
  if ((byteAt(o) | 0x20) != 0x6f) return 0
  // "91yoF"
  const sex = byteAt(o + 1) | 0x20
  return !isAny(sex == 0x66 || sex == 0x6d ? o + 2 : o + 1, WORDLY) ? o + 1 : 0
}

/** "93 yr female", "95 years young" */
function saysBehind(at: i32): bool {
  if (byteAt(at) != 0x20) return false
  const stop = lettersEnd(at + 1, 10)
  return saysAt(at, ' young') || isSex(at + 1) || ((known(at + 1, stop) & SEX) != 0 && !isAny(stop, WORDLY))
}

/** Inside of a longer number, or of a hundred. */
function goesOn(stop: i32): bool {
  return byteAt(stop) == 0x25 || (isAny(stop, DOT | COMMA | SLASH) && digitAt(stop + 1))
}

/** A letter or a bracket stands before, behind three spaces, colons and the like at most: what announces an age ends so. */
function isBehindWord(): bool {
  let at = start - 1
  while (start - at <= 3 && isBetween(byteAt(at))) at--
  return at < 0 || isLetter(byteAt(at)) || byteAt(at) == 0x29
}

/** Space, colon, = */
function isBetween(byte: u8): bool {
  return byte == 0x20 || byte == 0x3a || byte == 0x3d
}

/** Before one: "aged 95", "Age (years): 95", "Age/Sex: 94/F", "turned 93". */
export function announcesAge(to: i32): bool {
  if (saysBefore(to, 'turns ') && isStart(to - 6)) return true
  if (saysBefore(to, 'died at ') && isStart(to - 8)) return true
  if ((saysBefore(to, 'turned ') || saysBefore(to, 'turning ')) && isTurn(to)) return true
  let at = to
  while (to - at < 4 && isBetween(byteAt(at - 1))) at--
  if (at == to || to - at > 3) return false
  if (saysBefore(at, ' of') || saysBefore(at, ' is')) at -= 3
  else if (saysBefore(at, ' was')) at -= 4
  if (byteAt(at - 1) == 0x29) {
    const open = unitsStart(at - 1)
    if (open < 0) return false
    at = open
  }
  if (saysBefore(at, '/sex')) at -= 4
  else if (saysBefore(at, '/gender')) at -= 7
  if (saysBefore(at, 'age')) return isStart(at - 3)
  return saysBefore(at, 'aged') && isStart(at - 4)
}

function isTurn(to: i32): bool {
  return isStart(saysBefore(to, 'turned ') ? to - 7 : to - 8)
}

function isStart(at: i32): bool {
  return !isAny(at - 1, WORDLY)
}

/** Where "(years)", "(in yrs)" begins whose bracket closes here, with the space before it. */
function unitsStart(closing: i32): i32 {
  let at = lettersStart(closing, 6)
  const long = closing - at
  const said =
    (long == 5 && saysAt(at, 'years')) || (long == 4 && saysAt(at, 'year')) || (long == 3 && saysAt(at, 'yrs')) ||
    (long == 2 && saysAt(at, 'yr')) || (long == 1 && saysAt(at, 'y'))
  if (!said) return -1
  if (saysBefore(at, 'in ')) at -= 3
  if (byteAt(at - 1) != 0x28) return -1
  return byteAt(at - 2) == 0x20 ? at - 2 : at - 1
}

/** "He is 93.": where nothing is counted behind it. */
export function saysAge(to: i32): bool {
  let at = to
  if (saysBefore(at, 'now ')) at -= 4
  else if (saysBefore(at, 'already ')) at -= 8
  else if (saysBefore(at, 'almost ')) at -= 7
  if (saysBefore(at, ' is ')) at -= 4
  else if (saysBefore(at, ' was ')) at -= 5
  else if (saysBefore(at, "'s ")) at -= 3
  else return false
  const word = lettersStart(at, 16)
  return ((known(word, at) & OF_AGE) != 0 || isSurname(word, at)) && isStart(word)
}

/** "Matilda Bruns is 101": written as a name is, behind another that is, and nothing that is measured. */
function isSurname(from: i32, to: i32): bool {
  if (to - from < 3 || !isCapital(byteAt(from)) || !isSmall(byteAt(from + 1)) || (known(from, to) & (MEASURED | TEMPERATURE)) != 0) return false
  if (byteAt(from - 1) != 0x20) return false
  const first = lettersStart(from - 1, 16)
  return from - first > 2 && isLetter(byteAt(from - 2)) && (isCapital(byteAt(first)) || isParticle(first, from - 1))
}

function isParticle(from: i32, to: i32): bool {
  const size = to - from
  return (size == 3 && (saysAt(from, 'van') || saysAt(from, 'von') || saysAt(from, 'der') || saysAt(from, 'del'))) || (size == 2 && (saysAt(from, 'de') || saysAt(from, 'al')))
}

export function countsNothing(at: i32): bool {
  const byte = byteAt(at)
  if (byte == 0x0a || at >= length) return true
  if (byte == 0x2e || byte == 0x3b || byte == 0x21 || byte == 0x3f || byte == 0x29 || byte == 0x2c) return !digitAt(at + 1)
  if (byte != 0x20) return false
  const stop = lettersEnd(at + 1, 6)
  if (isAny(stop, WORDLY)) return false
  const size = stop - at - 1
  return (
    (size == 3 && (saysAt(at + 1, 'and') || saysAt(at + 1, 'now') || saysAt(at + 1, 'but'))) ||
    (size == 5 && saysAt(at + 1, 'today'))
  )
}

/** A sex behind the age, and then what is said of a patient. */
function isSexOfOld(at: i32): bool {
  if (!isSex(at) || !isAny(at + 1, SPACE | COMMA | CLOSING)) return false
  return ((byteAt(at) | 0x20) == 0x6d || isNoFever() || saysOfPatient(at + 2)) && !isTemperature()
}

/** 90 to 95, which nobody's temperature is. */
function isNoFever(): bool {
  return digits == 2 && byteAt(start + 1) < 0x36
}

function saysOfPatient(at: i32): bool {
  const stop = lettersEnd(at, 11)
  if (stop == at + 1) {
    const one = byteAt(at) | 0x20
    if (one == 0x77 && byteAt(stop) == 0x2f) return !isAny(stop + 1, WORDLY)
    if (byteAt(stop) != 0x2f || isAny(stop + 2, WORDLY)) return false
    return saysAt(at, 'p/w') || saysAt(at, 'c/o') || saysAt(at, 'h/o') || saysAt(at, 's/p')
  }
  return (known(at, stop) & AFTER_SEX) != 0 && !isAny(stop, WORDLY)
}

/** "T 99F", "temp of 101F": such a word stands twelve characters before at most. */
function isTemperature(): bool {
  for (let at = start; start - at <= 12; at--) {
    const byte = byteAt(at - 1)
    if (isLetter(byte) && !isAny(at, WORDLY)) {
      const word = lettersStart(at, 12)
      if (isStart(word) && (known(word, at) & TEMPERATURE) != 0) return true
    }
    if (byte == 0x2e || byte == 0x0a || byte == 0) return false
  }
  return false
}

/** "in her ", "in his late ", "in their mid to late " */
export function isOfSomebody(to: i32): bool {
  if (isPossessive(to)) return true
  let at = partStart(to)
  if (at < 0) return false
  if (isPossessive(at)) return true
  if (!saysAt(at, 'late') || !isAny(at - 1, SPACE | DASH) || !saysBefore(at - 1, 'to')) return false
  at = partStart(at - 3)
  return at >= 0 && isPossessive(at)
}

/** Where "early ", "mid-", "late" begins that ends here; -1 where none does. */
export function partStart(to: i32): i32 {
  const at = isAny(to - 1, SPACE | DASH) ? to - 1 : to
  if (saysBefore(at, 'early')) return at - 5
  if (saysBefore(at, 'mid')) return at - 3
  return saysBefore(at, 'late') ? at - 4 : -1
}

export function isPossessive(to: i32): bool {
  if (byteAt(to - 1) != 0x20) return false
  const word = lettersStart(to - 1, 6)
  return (known(word, to - 1) & POSSESSIVE) != 0 && isStart(word)
}
