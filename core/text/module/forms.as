// Identifiers that a text shows by their form, or by a word before them (45 CFR 164.514(b)(2)(i)). From a run of letters and digits
// each rule looks at a bounded number of characters, so the time is linear whatever the text holds.

import { isOld, oldAges } from './ages'
import { announced } from './announced'
import {
  beneficiary, card, coordinates, device, iban, ipv4, ipv6, networkCard, photograph, prescriber, uuid, vehicle,
} from './codes'
import { ENGLISH } from './classes'
import { announcedDay, compactDate, dayOfMonth, dayOfYear, longDates, shortDates } from './dates'
import { ANNOUNCERS, FEAST, FILLS, MONTH, OLD_AGE, WEEKDAY, known, mayBe } from './dictionary'
import { beginHosts, host } from './hosts'
import { longNumbers } from './long-numbers'
import { byteAt, length } from './memory'
import { namedDate } from './named-dates'
import { areaFirst, international, maskedSecurity, oneFirst, socialSecurity, zeroFirst } from './numbers'
import { before, behind, code, digits, end, next, setRun, start } from './run'
import {
  CLOSING, COLON, COMMA, DASH, DOT, HASH, OPENING, OTHER, PLUS, SLASH, SPACE, WORDLY, digitAt, isAlnum, isCapital, isLetter, saysAt,
} from './signs'
import { madeAs } from './made-as'
import { mayBeFound } from './triggers'
import { mail, nextAt } from './web'
import { wholeDateEnd, wholeEnd } from './whole'
import { ANNOUNCES, anyCue, CUE_MONTH, CUE_OLD_AGE, CUE_WEEKDAY, FOREIGN, cueOf, endOf, flagsOf, formCount, formedAt, isOwned, kinds, PLATE_WORD, shapeOf, startOf, WEB } from './words'
import { CAPITALS, INITIAL, NUMBER, SMALL } from './writing'

/** Which rules are asked for. */
const FORMS: i32 = 1
const CONTEXT: i32 = 2
const LONG: i32 = 4
const COMPACT: i32 = 8

let asked: i32 = 0
/** Up to here all runs were looked at together (whole.as). */
let passed: i32 = 0
/** The word that is looked at. */
let standing: i32 = 0

/** Goes through the words at which rules of form begin. */
export function searchForms(rules: i32): void {
  asked = rules
  const plain = (kinds & FOREIGN) == 0
  let mailAt = (rules & FORMS) != 0 ? nextAt(0) : length
  passed = 0
  beginHosts()
  for (let f = 0; f < formCount; f++) {
    const i = formedAt(f)
    const from = startOf(i)
    if (from < passed) continue
    const to = endOf(i)
    for (; mailAt < from; mailAt = nextAt(mailAt + 1)) mail(mailAt)
    standing = i
    if (!plain) runsWithin(from, to)
    else if (shapeOf(i) == NUMBER) number(from, to, i)
    else if ((rules & FORMS) == 0) continue
    else if ((cueOf(i) & WEB) != 0) host(from, to)
    else namedDate(from, to, bitsOf(cueOf(i)), (rules & CONTEXT) != 0)
  }
  for (; mailAt < length; mailAt = nextAt(mailAt + 1)) mail(mailAt)
}

/** Bits of the dictionary for cues of the lexicon. */
function bitsOf(cue: i32): u64 {
  return ((cue & CUE_MONTH) != 0 ? MONTH : 0) | ((cue & CUE_WEEKDAY) != 0 ? WEEKDAY : 0) | ((cue & CUE_OLD_AGE) != 0 ? OLD_AGE : 0)
}

/** Runs of letters and digits of ASCII that a word beyond it is made of. */
function runsWithin(from: i32, to: i32): void {
  for (let at = from; at < to; at++) {
    const begin = at
    let numbered = false
    while (at < to && isAlnum(byteAt(at))) {
      if (digitAt(at)) numbered = true
      at++
    }
    if (numbered) number(begin, at, -1)
    else if ((asked & FORMS) != 0) {
      const said = known(begin, at)
      namedDate(begin, at, (said & FEAST) != 0 ? said | WEEKDAY : said, (asked & CONTEXT) != 0)
      host(begin, at)
    }
  }
}

/** `word`: which of the words the number is, -1 where that is not known. */
function number(from: i32, to: i32, word: i32): void {
  if (saysNothing(from, to)) return
  setRun(from, to)
  if (word >= 0 && (asked & FORMS) != 0) {
    passed = wholeDateEnd()
    if (passed > 0) return
  }
  if ((asked & LONG) != 0) madeAs(standing)
  // What a word says of a number is surer than its form: 123-45-6789 may be a record's number.
  const told = (asked & CONTEXT) != 0 && (word < 0 || mayBeAnnounced(word))
  if (told) {
    const stop = announced()
    if (word >= 0 && isAll(stop)) return
  }
  if ((asked & FORMS) != 0) {
    if (word >= 0) {
      passed = wholeEnd()
      if (passed > 0 || !mayBeFound()) return
    }
    byForm()
  }
  if ((asked & LONG) == 0) return
  const stop = longNumbers()
  // Nor does a word say anything of the later groups of a number of which it says nothing.
  if (word >= 0 && !told) passed = stop
}

/**
 * Whether a number that was announced, and that ends there, is known all of it: five to eleven digits and nothing that goes on before
 * or behind. No rule finds anything in it that sticks out, or that is more.
 */
function isAll(stop: i32): bool {
  if (stop != end || end != start + digits || digits < 5 || digits > 11 || digits == 8) return false
  if ((behind & (SPACE | COMMA | CLOSING | OTHER)) == 0 || byteAt(code - 1) == 0x23 || byteAt(code - 1) == 0x2d) return false
  return (before & (SPACE | COLON | DASH | OPENING | OTHER)) != 0
}

/** Whether the word before a number may say what it is: for most numbers it does not. */
function mayBeAnnounced(word: i32): bool {
  // Between a plate and its number a State may stand.
  if ((byteAt(code) | 0x20) == 0x6d || (anyCue & PLATE_WORD) != 0) return true
  let said = code < start ? word - 2 : word - 1
  if (said < 0 || code - endOf(said) > 6) return false
  // "insurance: AETNA 55D-20931-7", "policy # K 448 2109", "tag GA BWN 5513": capitals of a code, and a sign
  for (let words = 0; words < 2 && said > 0 && isOfCode(said); words++) said--
  if (!maySay(said)) return false
  // "seen on 2024-03-05"
  return (known(startOf(said), endOf(said)) & FILLS) == 0 || (said > 0 && maySay(said - 1))
}

/** Capitals, a sign behind them, that announce nothing. */
function isOfCode(word: i32): bool {
  const shape = shapeOf(word)
  if (startOf(word + 1) - endOf(word) != 1) return false
  if (shape == CAPITALS || shape == INITIAL) return !isAnnouncer(word)
  return shape == SMALL && endOf(word) - startOf(word) < 6 && !isAnnouncer(word) && (flagsOf(word) & ENGLISH) == 0
}

/** Whether a word may be part of an announcement. */
function maySay(word: i32): bool {
  if (isOwned(word)) return true
  // "12mg 300"
  if (shapeOf(word) == NUMBER) return isLetter(byteAt(endOf(word) - 1)) || isFour(word)
  return isAnnouncer(word)
}

/** By itself, or the N of S/N. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function isAnnouncer(word: i32): bool {
  const from = startOf(word)
  const to = endOf(word)
  return (to - from == 1 || mayBe(ANNOUNCERS, from, to)) && (cueOf(word) & ANNOUNCES) != 0
}

/** The 4 of "last 4", and "last4". */
function isFour(word: i32): bool {
  if (endOf(word) - startOf(word) == 5) return saysAt(startOf(word), 'last4')
  return endOf(word) - startOf(word) == 1 && byteAt(startOf(word)) - 0x34 < 5 && word > 0 && maySay(word - 1)
}

/** One digit or two with nothing behind them that a date, an address or an age goes on with: most numbers of most texts. */
function saysNothing(from: i32, to: i32): bool {
  const size = to - from
  if (size > 2 || !digitAt(from) || (size == 2 && !digitAt(from + 1)) || byteAt(from - 1) == 0x2b) return false
  // An age over 89, or the 1 of a telephone number.
  const first = byteAt(from)
  if (size == 2 && first == 0x39) return false
  const sign = byteAt(to)
  if (sign == 0x20) {
    // The 01 of a telephone number, the 44 of "MRN 44 18 22".
    if (size == 2) return !digitAt(to + 1) && !isCapital(byteAt(to + 1))
    return first != 0x31 || !(digitAt(to + 1) || byteAt(to + 1) == 0x28)
  }
  // scan-12.png, and not 1.2.3
  if (sign == 0x2e) return byteAt(from - 1) == 0x2e || !isAlnum(byteAt(to + 1))
  if (sign == 0x2d || sign == 0x2f) return !digitAt(to + 1) && !isCapital(byteAt(to + 1))
  return sign != 0x3a && sign != 0x29
}

/** The rules of a number, by how many digits it begins with. */
function byForm(): void {
  const compact = (asked & COMPACT) != 0
  if (digits == 4) {
    if ((behind & (DASH | DOT | SLASH)) != 0) {
      longDates()
      if (compact && next == 0x2d && digitAt(start + 7)) dayOfYear()
    }
    if ((behind & (SPACE | DASH)) != 0) card()
  } else if (digits == 1 || digits == 2) {
    shortDates()
    if ((asked & CONTEXT) != 0 && behind == SLASH && (before & (SPACE | OPENING | OTHER)) != 0) announcedDay()
    if ((asked & CONTEXT) != 0 && behind == WORDLY && before == SPACE && end - start < 5) dayOfMonth()
    if (digits == 1) {
      if ((behind & (SPACE | DASH | DOT | OPENING)) != 0) oneFirst()
      else if (behind == WORDLY && (before & (WORDLY | DASH)) == 0) beneficiary()
    } else if (before == OPENING) device()
    if (behind == DOT) coordinates()
  } else if (digits > 7) {
    if (compact) compactDate()
    if (digits >= 13) card()
  }
  if (digits == 3) {
    if ((behind & (SPACE | DASH | DOT)) != 0) socialSecurity()
    if ((behind & (SPACE | DASH | DOT | SLASH | CLOSING)) != 0) areaFirst()
  }
  if (digits > 0 && digits < 4) {
    if (isOld()) oldAges()
    if (behind == DOT) ipv4()
  }
  if (before == PLUS && digits > 0 && digits <= 15) international()
  if (digits > 1 && digits < 6 && behind == SPACE && byteAt(start) == 0x30) zeroFirst()
  if (digits == 4 && before == DASH) maskedSecurity()
  if (digits <= 4 && (before == COLON || byteAt(end) == 0x3a)) ipv6()
  const size = end - start
  if (size == 2) networkCard()
  else if (size == 8 && digits <= 8) uuid()
  else if (size == 17 && digits < 17 && (before & (WORDLY | DASH)) == 0) vehicle()
  if (digits == 0 && (before & (WORDLY | DASH)) == 0) {
    if (size == 4 || size >= 15) iban()
    else if (size == 9) prescriber()
  }
  if (byteAt(end) == 0x2e) photograph()
}
