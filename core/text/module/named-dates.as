// Dates that the name of a month or of a day of the week stands in, and ages in words.

import { announcesAge, countsNothing, isOfSomebody, isPossessive, isSetOff, ofAgeEnd, partStart, saysAge } from './ages'
import { isRecent, timeEnd } from './dates'
import {
  BEFORE_DAY, BEFORE_MONTH, BEFORE_WEEKDAY, BEHIND_WEEKDAY, BIRTH, FEAST, MONTH, OLD_AGE, ORDINAL, ORDINAL_UNIT, PART_OF_DAY, PART_OF_MONTH, SEASON, SPOKEN,
  SPOKEN_DIGIT, WEEKDAY, BETWEEN as STANDS_BETWEEN, known,
} from './dictionary'
import { add, addDated, born, isYearOfOld, lastEnd } from './findings'
import { APOSTROPHE, byteAt, text } from './memory'
import { isUnitAt } from './quantities'
import {
  BETWEEN, COLON, COMMA, DASH, DOT, SLASH, SPACE, WORDLY, areDigits, digitAt, digitsEnd, isAny, isCapital, isDigit, isLetter, isSmall, lettersEnd,
  lettersStart, saysAt, saysBefore,
} from './signs'
import { AGE, DATE, PHONE_NUMBER } from './types'

/** `said`: bits of the word; `context`: whether what stands before it counts. */
export function namedDate(start: i32, end: i32, said: u64, context: bool): void {
  if ((said & OLD_AGE) != 0) ageInWords(start, end)
  if ((said & MONTH) != 0) monthAt(start, end, context)
  else if ((said & WEEKDAY) != 0 && context) dayAt(start, end)
}

/** What names a day without a month, by what is known of the word. */
function dayAt(start: i32, end: i32): void {
  const said = known(start, end)
  if ((said & FEAST) != 0) feastAt(start, end)
  else if ((said & PART_OF_DAY) != 0) partOfDayAt(start, end)
  else if ((said & SEASON) != 0) seasonAt(start, end)
  else if ((said & SPOKEN_DIGIT) != 0) spokenNumber(start, end)
  else if ((said & BIRTH) != 0) birthAt(start, end)
  else if (end - start > 3 || isCapital(byteAt(start)) || behindEnd(end) > end || isToldDay(start, end)) weekdayAt(start, end)
}

/** "this morning", "last night": the day of writing, or the one before it. */
function partOfDayAt(start: i32, end: i32): void {
  if (isAny(end, WORDLY | DASH)) return
  if ((saysBefore(start, 'this ') || saysBefore(start, 'last ')) && !isAny(start - 6, WORDLY)) add(start - 5, end, DATE)
}

/** "spring break", "Summer 2022", "fall of 2021": smaller than the year. */
function seasonAt(start: i32, end: i32): void {
  if (isAny(start - 1, WORDLY | DASH)) return
  if (saysAt(end, ' break') && !isAny(end + 6, WORDLY | DASH)) return add(start, yearBehind(end + 6), DATE)
  const at = saysAt(end, ' of ') ? end + 3 : end
  const stop = yearBehind(at)
  if (stop > at) addDated(start, stop, DATE, at + 1)
}

/** "born 1930", "DOB: 04/17/1930", "my birthday is three twelve fifty-eight" */
function birthAt(start: i32, end: i32): void {
  if (isAny(start - 1, WORDLY) || isAny(end, WORDLY)) return
  let at = end
  for (let words = 0; words < 3; words++) {
    while (at - end < 16 && isAny(at, BETWEEN)) at++
    const stop = lettersEnd(at, 8)
    if (stop == at || (known(at, stop) & (BEFORE_MONTH | STANDS_BETWEEN)) == 0) break
    at = stop
  }
  born(at)
  if (areDigits(at, 4) && isYearOfOld(at) && !isAny(at + 4, WORDLY | SLASH | DASH)) return add(at, at + 4, DATE)
  let stop = at
  let words = 0
  for (; words < 6; words++) {
    const from = words > 0 ? stop + 1 : stop
    const last = lettersEnd(from, 9)
    if ((words > 0 && !isAny(stop, SPACE | DASH)) || (known(from, last) & SPOKEN) == 0 || isAny(last, WORDLY)) break
    stop = last
  }
  if (words > 2) add(at, stop, DATE)
}

/** "five oh three, five five five, oh one four four": seven digits in words and more, all of them from the first oh or zero on. */
function spokenNumber(start: i32, end: i32): void {
  if (start < lastEnd()) return
  let first = start
  let last = end
  let count = 1
  for (; ; count++) {
    const to = isAny(first - 1, SPACE | DASH) ? (isAny(first - 2, COMMA) ? first - 2 : first - 1) : first
    const word = lettersStart(to, 8)
    if (to == first || (known(word, to) & SPOKEN_DIGIT) == 0 || isAny(word - 1, WORDLY)) break
    first = word
  }
  for (; ; count++) {
    const sign = isAny(last, COMMA) ? last + 1 : last
    const word = lettersEnd(sign + 1, 8)
    if (!isAny(sign, SPACE | DASH) || (known(sign + 1, word) & SPOKEN_DIGIT) == 0 || isAny(word, WORDLY)) break
    last = word
  }
  if (count > 6) add(first, last, PHONE_NUMBER)
}

/** Whether a short name of a day in small letters is no other word: behind "since" or "next", before a date, and of sat and sun where nothing goes on. */
function isToldDay(start: i32, end: i32): bool {
  if (byteAt(end) == 0x20 && isBeforeDate(end)) return true
  if (byteAt(start - 1) != 0x20) return false
  const word = lettersStart(start - 1, 8)
  if ((known(word, start - 1) & (BEFORE_WEEKDAY | BEFORE_DAY)) == 0 || isAny(word - 1, WORDLY)) return false
  return (byteAt(start) | 0x20) != 0x73 || !isAny(end, SPACE | DASH | SLASH)
}

/** "ninety-two-year-old", "turned ninety", "in her nineties", "a nonagenarian". */
function ageInWords(start: i32, end: i32): void {
  if (isAny(end, WORDLY)) return
  if (!saysAt(start, 'ninet')) return add(start, end, AGE)
  let stop = end
  if (end - start == 6 && isAny(end, SPACE | DASH)) {
    const unit = lettersEnd(end + 1, 6)
    if (isUnit(end + 1, unit) && !isAny(unit, WORDLY)) stop = unit
  }
  const part = partStart(start)
  const unit = ofAgeEnd(stop)
  if (unit > 0) return add(start, unit, AGE)
  const told =
    isSetOff(start, stop) || announcesAge(start) || (saysAge(start) && countsNothing(stop)) || isPossessive(start) ||
    (part >= 0 && isPossessive(part))
  if (told) add(start, stop, AGE)
}

function isUnit(start: i32, end: i32): bool {
  const size = end - start
  if (size == 3) return saysAt(start, 'one') || saysAt(start, 'two') || saysAt(start, 'six')
  if (size == 4) return saysAt(start, 'four') || saysAt(start, 'five') || saysAt(start, 'nine')
  return size == 5 && (saysAt(start, 'three') || saysAt(start, 'seven') || saysAt(start, 'eight'))
}

/** Where the year stands that `yearEnd` found; -1 where it has two digits or is none. */
let year: i32 = -1

/** Four digits, or '23. */
function yearAt(at: i32): i32 {
  if (areDigits(at, 4) && !isAny(at + 4, WORDLY)) {
    year = at
    return at + 4
  }
  const quote = byteAt(at)
  return (quote == 0x27 || quote == APOSTROPHE) && areDigits(at + 1, 2) && !isAny(at + 3, WORDLY) ? at + 3 : -1
}

/** Where a year ends that may stand here behind a month or day: ", 2021", " of 2021", "/21". */
function yearEnd(at: i32): i32 {
  year = -1
  let from = at
  const sign = byteAt(at)
  if (sign == 0x2c) from += byteAt(at + 1) == 0x20 ? 2 : 1
  else if (sign == 0x20) from += saysAt(at + 1, 'of ') || saysAt(at + 1, 'in ') || saysAt(at + 1, 'de ') ? 4 : 1
  else if (sign == 0x2f || sign == 0x2d) from++
  else return at
  const stop = yearAt(from)
  return stop < 0 ? spokenYearEnd(from, at) : stop
}

/** Where "nineteen forty four", "twenty twenty-four", "two thousand and five" ends that may stand here; `none` where it does not. */
function spokenYearEnd(at: i32, none: i32): i32 {
  const thousand = saysAt(at, 'two thousand')
  if (!thousand && !saysAt(at, 'nineteen') && !saysAt(at, 'twenty')) return none
  let stop = thousand ? at + 12 : lettersEnd(at, 12)
  let words = 0
  for (; words < 2 && isAny(stop, SPACE | DASH); words++) {
    const from = saysAt(stop, ' and ') ? stop + 5 : stop + 1
    const last = lettersEnd(from, 9)
    if ((known(from, last) & SPOKEN) == 0 || isAny(last, WORDLY)) break
    stop = last
  }
  return (thousand || words > 0) && !isAny(stop, WORDLY) ? stop : none
}

/** Digits of a day with its ending; -1 where it is none. */
function dayEnd(at: i32): i32 {
  const stop = digitsEnd(at, 2)
  if (stop == at) return -1
  const end = isOrdinalEnd(stop) ? stop + 2 : stop
  return isAny(end, WORDLY) ? -1 : end
}

function isOrdinalEnd(at: i32): bool {
  return saysAt(at, 'th') || saysAt(at, 'st') || saysAt(at, 'nd') || saysAt(at, 'rd')
}

function monthAt(start: i32, end: i32, context: bool): void {
  const day = dayBefore(start)
  // In small letters mostly a verb: not where a year or an ordinal is there.
  const verb = end - start == 3 && (load<u32>(text + <usize>start) & 0xffffff) == 0x79616d
  if (day >= 0 && !isAny(end, WORDLY)) {
    const stop = aloneEnd(end)
    if (!verb || hasYear(end, stop)) return addDated(day, stop, DATE, year)
  } else if (day >= 0 && !verb) return
  if (goesOn(end)) {
    const stop = monthDayEnd(end)
    if (stop >= 0 && (!verb || hasYear(end, stop))) return addDated(behindStart(start), stop, DATE, year)
    if (!verb) {
      const dated = monthYearEnd(end)
      if (dated >= 0) return addDated(partOfMonth(start), dated, DATE, year)
      const ordinal = byteAt(end) == 0x20 ? ordinalEnd(end + 1) : -1
      if (ordinal >= 0) {
        const stop = yearEnd(ordinal)
        return addDated(start, stop, DATE, year)
      }
    }
  }
  const ordinal = ordinalStart(start)
  if (ordinal >= 0) {
    if (!isAny(end, WORDLY)) {
      const stop = aloneEnd(end)
      addDated(ordinal, stop, DATE, year)
    }
    return
  }
  if (!context || isAny(start - 1, WORDLY) || isAny(end, WORDLY)) return
  const named = byteAt(end) == 0x20 && isCapital(byteAt(end + 1))
  if (isNothingElse(start, end) && !(named && isFirstName(start, end))) return add(partOfMonth(start), end, DATE)
  // "MAY" is a verb in capitals as well.
  // "since oct", and no "in may", "by mar"
  const small = isSmall(byteAt(start)) && (byteAt(start) != 0x6d)
  if (!small && (!isCapital(byteAt(start)) || (end - start == 3 && isCapital(byteAt(start + 1))) || named)) return
  if (!isAny(start - 1, SPACE | DASH)) return
  const word = lettersStart(start - 1, 8)
  if ((known(word, start - 1) & BEFORE_MONTH) != 0 && !isAny(word - 1, WORDLY)) add(partOfMonth(start), end, DATE)
}

/** Where "early ", "mid-", "late ", "last " begins that may stand before a month. */
function partOfMonth(month: i32): i32 {
  const sign = byteAt(month - 1)
  if (sign != 0x20 && sign != 0x2d) return month
  let from = month
  if (saysBefore(month - 1, 'mid')) from = month - 4
  else if (saysBefore(month - 1, 'late')) from = month - 5
  else if (saysBefore(month - 1, 'early')) from = month - 6
  else if (sign == 0x20 && (saysBefore(month - 1, 'last') || saysBefore(month - 1, 'next') || saysBefore(month - 1, 'this'))) from = month - 5
  if (from < month) return !isAny(from - 1, WORDLY) ? from : month
  return sign == 0x20 && saysBefore(month - 1, ' of') ? ofPartStart(month - 4, month) : month
}

/** Where "the end", "2nd week", "the last week" begins that ends here; `none` where none does. */
function ofPartStart(to: i32, none: i32): i32 {
  let at = lettersStart(to, 10)
  if ((known(at, to) & PART_OF_MONTH) == 0 || isAny(at - 1, WORDLY)) return none
  if (byteAt(at - 1) == 0x20) {
    const word = lettersStart(at - 1, 12)
    const day = dayStart(at - 1)
    if (day >= 0 && !isAny(day - 1, WORDLY)) at = day
    else if ((known(word, at - 1) & (ORDINAL | BEFORE_WEEKDAY)) != 0 && !isAny(word - 1, WORDLY)) at = word
  }
  return saysBefore(at, 'the ') && !isAny(at - 5, WORDLY) ? at - 4 : at
}

/** A month in full, but for May and March, which are other words too. */
function isNothingElse(start: i32, end: i32): bool {
  const size = end - start
  return size > 5 || (size == 5 && saysAt(start, 'april')) || (size == 4 && (saysAt(start, 'june') || saysAt(start, 'july')))
}

/** June Pope, April, August */
function isFirstName(start: i32, end: i32): bool {
  const size = end - start
  return size == 5 || (size == 4 && saysAt(start, 'june')) || (size == 6 && saysAt(start, 'august'))
}

/** Behind the month a year perhaps, and a time. */
function aloneEnd(end: i32): i32 {
  const at = byteAt(end) == 0x2e ? end + 1 : end
  // "5 March 2 tablets": one digit is no year, and without a colon no time.
  if (byteAt(at) == 0x20 && digitAt(at + 1) && !digitAt(at + 2) && byteAt(at + 2) != 0x3a) {
    year = -1
    return at
  }
  const stop = yearEnd(at)
  return timeEnd(stop > at ? stop : shortYearEnd(at))
}

/** Of "12 Mar 22", "12-Mar-22", "12/Mar/22": two digits that count and measure nothing. */
function shortYearEnd(at: i32): i32 {
  const stop = at + 3
  if (!isAny(at, SPACE | DASH | SLASH) || !areDigits(at + 1, 2) || isAny(stop, WORDLY | SLASH | DASH | COLON)) return at
  return (isAny(stop, DOT) && digitAt(stop + 1)) || isUnitAt(stop) ? at : stop
}

/** Whether an ordinal, four digits or '23 stand in this stretch. */
function hasYear(from: i32, to: i32): bool {
  for (let at = from; at < to; at++) {
    const byte = byteAt(at)
    if (isDigit(byte) && ((at + 2 < to && isOrdinalEnd(at + 1)) || (at + 3 < to && areDigits(at, 4)))) return true
    if ((byte == 0x27 || byte == APOSTROPHE) && at + 2 < to && areDigits(at + 1, 2)) return true
  }
  return false
}

/** Whether a day, a year or the word of either may stand behind a month. */
function goesOn(end: i32): bool {
  let at = end
  while (at - end < 3 && isBetween(byteAt(at))) at++
  if (at == end) return false
  const byte = byteAt(at)
  if (isDigit(byte) || byte == 0x27 || byte >= 0x80) return true
  const letter = byte | 0x20
  return letter == 0x74 || letter == 0x6f || letter == 0x66 || letter == 0x73 || letter == 0x65 || letter == 0x6e
}

/** Space . , - / */
function isBetween(byte: u8): bool {
  return byte == 0x20 || byte - 0x2c < 4
}

/** March 5th, 2021 at 10:30; May 3-5, 2023; May the 5th; Jan-12-2023 */
function monthDayEnd(end: i32): i32 {
  let at = end
  const sign = byteAt(at)
  if (sign == 0x2e) at += byteAt(at + 1) == 0x20 ? 2 : 1
  else if (sign == 0x20 || sign == 0x2d) at++
  else return -1
  if (saysAt(at, 'the ')) at += 4
  const day = dayEnd(at)
  if (day < 0) return -1
  return timeEnd(yearEnd(rangeEnd(day)))
}

/** -5, to 5th, & 5, to Aug 5 */
function rangeEnd(day: i32): i32 {
  let at = byteAt(day) == 0x20 ? day + 1 : day
  const sign = byteAt(at)
  if (sign == 0x2d || sign == 0x26) at++
  else if (saysAt(at, 'to')) at += 2
  else if (saysAt(at, 'and')) at += 3
  else if (saysAt(at, 'through')) at += 7
  else return day
  let from = byteAt(at) == 0x20 ? at + 1 : at
  // "Aug 3 to Aug 11": the month once more
  const month = lettersEnd(from, 10)
  if (month > from && (known(from, month) & MONTH) != 0) {
    from = byteAt(month) == 0x2e ? month + 1 : month
    if (byteAt(from) != 0x20) return day
    from++
  }
  const last = dayEnd(from)
  return last < 0 || byteAt(last) == 0x2f || (byteAt(last) == 0x3a && digitAt(last + 1)) ? day : last
}

/** 2021 behind March, '23 behind Jan. */
function monthYearEnd(end: i32): i32 {
  year = -1
  let at = end
  const sign = byteAt(at)
  if (sign == 0x2d || sign == 0x2f) at++
  else {
    if (sign == 0x2e) at++
    if (byteAt(at) == 0x2c) at++
    if (byteAt(at) != 0x20) return -1
    at++
    if (saysAt(at, 'of ')) at += 3
  }
  return yearAt(at)
}

/** Where an ordinal in letters ends: fifth, twenty-first; -1 where none begins here. */
function ordinalEnd(at: i32): i32 {
  const stop = lettersEnd(at, 12)
  if ((known(at, stop) & ORDINAL) != 0) return isAny(stop, WORDLY) ? -1 : stop
  if (!isAny(stop, DASH | SPACE) || stop - at != 6 || (!saysAt(at, 'twenty') && !saysAt(at, 'thirty'))) return -1
  const last = lettersEnd(stop + 1, 8)
  if (isAny(last, WORDLY)) return -1
  if (byteAt(at + 1) == 0x77 || byteAt(at + 1) == 0x57) return (known(stop + 1, last) & ORDINAL_UNIT) != 0 ? last : -1
  return last - stop == 6 && saysAt(stop + 1, 'first') ? last : -1
}

/** Where "the fifth of ", "twenty-first day " begins that ends here; -1 where none does. */
function ordinalStart(to: i32): i32 {
  let end = to
  if (saysBefore(end, 'of ')) end -= 3
  if (saysBefore(end, 'day ')) end -= 4
  if (byteAt(end - 1) != 0x20) return -1
  end--
  let at = lettersStart(end, 12)
  const said = known(at, end)
  if ((said & ORDINAL) == 0 || isAny(at - 1, WORDLY)) return -1
  if (byteAt(at - 1) == 0x2d) {
    const tens = (said & ORDINAL_UNIT) != 0 && (saysBefore(at - 1, 'twenty') || (saysAt(at, 'first') && saysBefore(at - 1, 'thirty')))
    if (tens && !isAny(at - 8, WORDLY)) at -= 7
  }
  return saysBefore(at, 'the ') && !isAny(at - 5, WORDLY) ? at - 4 : at
}

/** Where the day begins that ends before this place: "12 ", "12-", "12/", "the 12th ", "5th of ", "5th day of "; -1 where none does. */
function dayBefore(end: i32): i32 {
  const sign = byteAt(end - 1)
  if (sign != 0x20 && sign != 0x2d && sign != 0x2f) return -1
  let at = end - 1
  if (sign == 0x20 && saysBefore(at, ' de')) at -= 3
  else if (sign == 0x20 && saysBefore(at, ' of')) {
    at -= 3
    if (saysBefore(at, ' day')) at -= 4
  }
  at = dayStart(at)
  if (at < 0) return -1
  if (sign == 0x20) at = rangeStart(at)
  if (isAny(at - 1, WORDLY | SLASH | DOT | DASH)) return -1
  return saysBefore(at, 'the ') && !isAny(at - 5, WORDLY) ? at - 4 : at
}

/** Where the first day begins of "8 to 10 April", "8-10 April", whose last begins here. */
function rangeStart(day: i32): i32 {
  let at = day
  if (byteAt(at - 1) == 0x2d) at--
  else if (saysBefore(at, ' to ') || saysBefore(at, ' - ')) at -= byteAt(at - 2) == 0x6f ? 4 : 3
  else if (saysBefore(at, ' and ')) at -= 5
  else return day
  const first = dayStart(at)
  return first >= 0 && !isAny(first - 1, WORDLY | SLASH | DOT | DASH) ? first : day
}

/** Where the one or two digits of "5" or "5th" begin that ends here; -1 where none does. */
function dayStart(end: i32): i32 {
  const last = isLetter(byteAt(end - 1)) && isOrdinalEnd(end - 2) ? end - 2 : end
  let at = last
  while (last - at < 2 && digitAt(at - 1)) at--
  return at < last ? at : -1
}

/** last Thursday, on Monday, Friday morning */
function weekdayAt(start: i32, end: i32): void {
  let from = start
  for (let words = 0; words < 2 && byteAt(from - 1) == 0x20; words++) {
    const word = lettersStart(from - 1, 8)
    if ((known(word, from - 1) & BEFORE_WEEKDAY) == 0 || isAny(word - 1, WORDLY)) break
    from = word
  }
  const to = inMonthEnd(yearBehind(behindEnd(end)))
  const dotted = byteAt(end) == 0x2e ? ofMonthEnd(end + 1) : ofMonthEnd(end)
  if (dotted > 0) return add(behindStart(from), dotted, DATE)
  if (from < start || to > end || isBeforeDate(end) || namesDay(start, end) || isToldDay(start, end)) add(behindStart(from), to, DATE)
}

/** Where " in June" ends that may stand behind a day; the same place where it does not. */
function inMonthEnd(at: i32): i32 {
  if (!saysAt(at, ' in ') && !saysAt(at, ' of ')) return at
  const month = lettersEnd(at + 4, 10)
  return isCapital(byteAt(at + 4)) && (known(at + 4, month) & MONTH) != 0 && !isAny(month, WORDLY) ? month : at
}

/** Where " the 6th" ends that may stand here; 0 where it does not. */
function ofMonthEnd(at: i32): i32 {
  if (!saysAt(at, ' the ') || !digitAt(at + 5)) return 0
  const day = digitsEnd(at + 5, 2)
  return isOrdinalEnd(day) && !isAny(day + 2, WORDLY) ? day + 2 : 0
}

/** What is no other word names its day by itself: all but sat, sun and wed, and mon and fri in small letters. */
function namesDay(start: i32, end: i32): bool {
  // "Monday-morning headaches"
  if (byteAt(end) == 0x2d) return false
  const size = end - start
  if (size > 5) return true
  const letter = byteAt(start) | 0x20
  if (letter == 0x74) return size > 2
  if (size == 4) return isCapital(byteAt(start))
  // "site failure Mon, restart": M as F
  return size == 3 && (letter == 0x66 || letter == 0x6d) && isCapital(byteAt(start)) && isSmall(byteAt(start + 1))
}

/** Where "the day after ", "the Monday before ", "the week of " begins that may stand before a day; the same place where none does. */
function behindStart(day: i32): i32 {
  let at = day
  if (byteAt(at - 1) == 0x20) {
    const word = lettersStart(at - 1, 12)
    if ((known(word, at - 1) & ORDINAL) != 0 && !isAny(word - 1, WORDLY)) return saysBefore(word, 'the ') ? word - 4 : word
  }
  if (saysBefore(at, 'tomorrow, ')) return at - 10
  if (saysBefore(at, 'the ')) at -= 4
  if (saysBefore(at, ' after ')) at -= 7
  else if (saysBefore(at, ' before ')) at -= 8
  else if (saysBefore(at, ' of ')) at -= 4
  else return day
  const word = lettersStart(at, 10)
  if ((known(word, at) & (BEHIND_WEEKDAY | WEEKDAY)) == 0 || isAny(word - 1, WORDLY)) return day
  return saysBefore(word, 'the ') ? word - 4 : word
}

/** ", May 5th", ", 5/17", " 5/17": behind a day of the week the date itself. */
function isBeforeDate(end: i32): bool {
  const sign = byteAt(end)
  if (sign == 0x20) {
    const day = digitsEnd(end + 1, 2)
    if (day > end + 1) return byteAt(day) == 0x2f && digitAt(day + 1)
    // "Wed Nov 20"
    const month = lettersEnd(end + 1, 10)
    return (known(end + 1, month) & MONTH) != 0 && byteAt(month) == 0x20 && digitAt(month + 1)
  }
  if (sign != 0x2c || byteAt(end + 1) != 0x20) return false
  const word = lettersEnd(end + 2, 10)
  return word > end + 2 ? (known(end + 2, word) & MONTH) != 0 : digitAt(end + 2)
}

/** Labor Day, Valentine's Day, New Year's Eve, MLK day, labor day weekend */
function feastAt(start: i32, end: i32): void {
  const sign = byteAt(end)
  const at = sign == 0x27 || sign == APOSTROPHE ? ((byteAt(end + 1) | 0x20) == 0x73 ? end + 2 : end + 1) : end
  if (saysBefore(start, 'new ') && isCapital(byteAt(start)) && isCapital(byteAt(start - 4)) && !saysAt(at, ' day') && !saysAt(at, ' eve')) {
    const which = saysBefore(start - 4, 'lunar ') ? start - 10 : saysBefore(start - 4, 'chinese ') ? start - 12 : start - 4
    return add(which, yearBehind(at), DATE)
  }
  if (byteAt(at) != 0x20 || isAny(at + 4, WORDLY)) return
  if (!saysAt(at + 1, 'day') && !saysAt(at + 1, 'eve')) return
  let first = saysBefore(start - 1, 'new') ? start - 4 : start
  if (saysBefore(start, 'st. ')) first = start - 4
  else if (saysBefore(start, 'saint ')) first = start - 6
  else if (saysBefore(start, 'st ')) first = start - 3
  if (first < start && isAny(first - 1, WORDLY)) first = start
  add(behindStart(first), yearBehind(behindEnd(at + 4)), DATE)
}

/** "Diwali 2023": where the year ends that may stand here; the same place where none does. */
function yearBehind(at: i32): i32 {
  return byteAt(at) == 0x20 && areDigits(at + 1, 4) && isRecent(at + 1) && !isAny(at + 5, WORDLY | SLASH | DASH) ? at + 5 : at
}

/** Where "morning", "night", "weekend" ends that may stand behind a day. */
function behindEnd(day: i32): i32 {
  if (byteAt(day) != 0x20) return day
  const word = lettersEnd(day + 1, 10)
  return (known(day + 1, word) & BEHIND_WEEKDAY) != 0 && !isAny(word, WORDLY) ? word : day
}
