// Telephone, social security and other numbers that are somebody's by their form.

import { AFTER_FAX, FAX, known, mayEndAs } from './dictionary'
import { add } from './findings'
import { byteAt } from './memory'
import { asked, INTERNATIONAL } from './asked'
import { before, behind, digits, next, start } from './run'
import {
  CLOSING, COLON, COMMA, DASH, DOT, OPENING, PLUS, SLASH, SPACE, WORDLY, areDigits, digitAt, digitsEnd, isAlnum, isAny, isPart, lettersEnd, lettersStart, saysAt,
} from './signs'
import { FAX_NUMBER, PHONE_NUMBER, SOCIAL_SECURITY_NUMBER } from './types'

/** 123-45-6789 */
export function socialSecurity(): void {
  if ((before & (WORDLY | DOT | DASH)) != 0 || !areDigits(start + 4, 2) || !isPart(start + 6)) return
  if (areDigits(start + 7, 4) && !isAny(start + 11, WORDLY | DASH)) add(start, start + 11, SOCIAL_SECURITY_NUMBER)
}

/** xxx-xx-6789, ***-**-6789: what is left of one. */
export function maskedSecurity(): void {
  const from = start - 7
  if (!saysAt(from, 'xxx-xx-') && !saysAt(from, '***-**-')) return
  if (!isAny(from - 1, WORDLY) && !isAny(start + 4, WORDLY | DASH)) add(from, start + 4, SOCIAL_SECURITY_NUMBER)
}

/** 0161 496 0000, 01 70 18 99 00: ten or eleven digits in groups, the first of which begins with a zero; 011 52 55 1234 5678 */
export function zeroFirst(): void {
  if ((before & (WORDLY | DOT | PLUS | DASH | SLASH | COMMA)) != 0) return
  let count = digits
  let stop = start + digits
  const abroad = digits == 3 && saysAt(start, '011')
  for (let groups = 0; groups < 5 && (count < 10 || abroad) && byteAt(stop) == 0x20; groups++) {
    const end = digitsEnd(stop + 1, 8)
    if (end < stop + 3) break
    count += end - stop - 1
    stop = end
  }
  if (count < 10 || count > (abroad ? 15 : 11) || isAny(stop, WORDLY | SLASH | DASH | COLON) || (byteAt(stop) == 0x2e && digitAt(stop + 1))) return
  add(start, stop, isBehindFax(start) ? FAX_NUMBER : PHONE_NUMBER)
}

/** (617) 555-0143, 617.555.0143 x12 */
export function areaFirst(): void {
  if ((before & (WORDLY | DOT | PLUS | DASH)) != 0) return
  if (next == 0x29) {
    if (before == OPENING) phoneFrom(start - 1)
  } else if ((behind & (SPACE | DASH | DOT)) != 0) {
    if (isPart(start + 7)) phoneFrom(start)
    // "394/295-7133"
    else if (before == SLASH && areDigits(start - 4, 3)) phoneFrom(start - 4)
  } else if (behind == SLASH && byteAt(start + 7) == 0x2f && areDigits(start + 4, 3) && areDigits(start + 8, 4)) slashed()
}

/** 617/555/0143 */
function slashed(): void {
  const stop = start + 12
  if (before != SLASH && !isAny(stop, WORDLY | SLASH | DASH)) add(start, stop, isBehindFax(start) ? FAX_NUMBER : PHONE_NUMBER)
}

/** 1-617-555-0143, 1 (617) 555-0143 */
export function oneFirst(): void {
  if ((before & (WORDLY | DOT | PLUS | DASH)) != 0 || byteAt(start) != 0x31) return
  const area = next == 0x28 ? start + 1 : start + 2
  if (byteAt(area) == 0x28 || areDigits(area, 3)) phoneFrom(start)
}

export function phoneFrom(from: i32): void {
  if (isAny(from - 1, WORDLY | DOT | PLUS | DASH)) return
  let stop = -1
  if (byteAt(from) == 0x31) stop = localEnd(isPart(from + 1) ? from + 2 : from + 1)
  if (stop < 0) stop = localEnd(from)
  if (stop < 0) return
  add(from, stop, isBehindFax(from) ? FAX_NUMBER : PHONE_NUMBER)
}

/** Behind the area, in brackets or not; -1 where there is no such number. */
function localEnd(from: i32): i32 {
  let at = from
  if (byteAt(at) == 0x28) {
    if (!areDigits(at + 1, 3) || byteAt(at + 4) != 0x29) return -1
    at += isPart(at + 5) ? 6 : 5
  } else {
    if (!areDigits(at, 3) || !isAny(at + 3, SPACE | DASH | DOT | SLASH)) return -1
    at += 4
  }
  if (!areDigits(at, 3) || !isPart(at + 3) || !areDigits(at + 4, 4)) return -1
  const stop = at + 8
  const extension = extensionEnd(stop)
  if (extension > stop && !isAny(extension, WORDLY | DASH)) return extension
  return isAny(stop, WORDLY | DASH) ? -1 : stop
}

/** x12, ext. 12 */
function extensionEnd(at: i32): i32 {
  const comma = byteAt(at) == 0x2c ? at + 1 : at
  let from = byteAt(comma) == 0x20 ? comma + 1 : comma
  if ((byteAt(from) | 0x20) == 0x78) from++
  else if (saysAt(from, 'extension')) from += 9
  else if (saysAt(from, 'ext')) from += byteAt(from + 3) == 0x2e ? 4 : 3
  else return at
  if (byteAt(from) == 0x20) from++
  const stop = digitsEnd(from, 6)
  return stop > from ? stop : at
}

/** "fax: ", "faxed to ", "fax number is " */
function isBehindFax(from: i32): bool {
  let at = from
  for (let words = 0; words < 3; words++) {
    const end = behindSigns(at)
    if (!mayEndAs(end, FAX | AFTER_FAX)) return false
    const word = lettersStart(end, 8)
    if (from - word > 24 || isAny(word - 1, WORDLY)) return false
    const said = known(word, end)
    if ((said & FAX) != 0) return at - end <= 6
    if ((said & AFTER_FAX) == 0 || at - end > 3) return false
    at = word
  }
  return false
}

function behindSigns(at: i32): i32 {
  let end = at
  while (at - end < 8 && end > 0 && !isAlnum(byteAt(end - 1))) end--
  return end
}

/** +44 20 7946 0958: eight digits and more, in groups. */
export function international(): void {
  if (isAny(start - 2, WORDLY | PLUS)) return
  let count = 0
  let at = start
  let apart = 0
  for (; count < 8 && apart <= 4; at++) {
    if (digitAt(at)) {
      count++
      apart = 0
    } else if (isAny(at, SPACE | DOT | DASH | OPENING | CLOSING)) apart++
    else return
  }
  if (count < 8) return
  const stop = asked(INTERNATIONAL, start - 1, 0)
  if (stop >= 0) add(start - 1, stop, PHONE_NUMBER)
}
