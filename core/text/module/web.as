// Addresses of mail.

import { AT_SIGN, characters } from './characters'
import { ENGLISH, MEDICAL } from './classes'
import { EMAIL_ADDRESS, UNIQUE_IDENTIFIER } from './types'
import { add } from './findings'
import { passMail } from './hosts'
import { byteAt, length, text } from './memory'
import { placeFor } from './recent'
import { digitsAt, equalAt, hostsAt, isAlnum, isAny, isDigit, isLetter, isSmall, lettersAt, SPACE, WORDLY } from './signs'
import { APOSTROPHES, DOTS, HYPHENS, PERCENTS, PLUSES, UNDERSCORES } from './vectors'

/** Where the next @ stands; the text's length where none does. */
export function nextAt(from: i32): i32 {
  if ((characters & AT_SIGN) == 0) return length
  for (let at = from; at < length; at += 16) {
    const bits = i8x16.bitmask(i8x16.eq(v128.load(text + at), i8x16.splat(0x40)))
    if (bits != 0) return min(at + ctz(bits), length)
  }
  return length
}

/** From an @ outwards. What stands before it is asked where what stands behind it may make something of both. */
export function mail(at: i32): void {
  const end = hostEnd(at + 1)
  if (end < 0) return handle(at)
  const start = localStart(at)
  if (start == at) return handle(at)
  add(start, end, EMAIL_ADDRESS)
  passMail(at, end)
}

/** Where what stands before an @ begins, 64 characters before it at most: zeros stand before the text. */
function localStart(at: i32): i32 {
  let start = at
  for (; at - start < 64; start -= 16) {
    const from = start - 16
    const joins = equalAt(from, UNDERSCORES) | equalAt(from, PERCENTS) | equalAt(from, PLUSES) | equalAt(from, APOSTROPHES)
    const count = clz(~((hostsAt(from) | joins) << 16))
    if (count < 16) return start - count
  }
  return start
}

/** Where the name of a host ends that begins here: with a letter or digit, a full stop before it. -1 where there is none. */
function hostEnd(from: i32): i32 {
  const alnums = digitsAt(from) | lettersAt(from)
  const dots = equalAt(from, DOTS)
  const count = ctz(~(alnums | dots | equalAt(from, HYPHENS)))
  if (count > 15) return longHostEnd(from, from + 254)
  const size = 32 - clz(alnums & ((1 << count) - 1))
  return (dots & ((1 << size) - 1)) != 0 ? from + size : -1
}

/** The same of one that has sixteen characters or more, looked at as far as `most`. */
function longHostEnd(from: i32, most: i32): i32 {
  let end = from
  while (end < most) {
    const count = ctz(~hostsAt(end))
    end += count
    if (count < 16) break
  }
  end = min(end, most)
  while (end > from && !isAlnum(byteAt(end - 1))) end--
  return hasDot(from, end) ? end : -1
}

function hasDot(from: i32, to: i32): bool {
  for (let at = from; at < to; at += 16) {
    const dots = equalAt(at, DOTS)
    if (dots != 0) return at + ctz(dots) < to
  }
  return false
}

/** @rosebud77, @mary_k, @anna.bell: a letter, and among what follows a digit, full stop or _; "@home" is a place to be at. */
function handle(at: i32): void {
  if (!isLetter(byteAt(at + 1))) return
  let end = at + 2
  let told = false
  for (; end - at <= 31 && (isAny(end, WORDLY) || (byteAt(end) == 0x2e && isSmall(byteAt(end + 1)))); end++)
    if (isDigit(byteAt(end)) || byteAt(end) == 0x5f || byteAt(end) == 0x2e) told = true
  // "@tinaruns": no word, as in "@home"
  if (!told && end - at > 5 && isSmall(byteAt(at + 1)) && isAny(at - 1, SPACE)) told = end - at > 16 || isNoWord(at + 1, end)
  if (told && end - at > 5 && !isAny(end, WORDLY) && byteAt(end) != 0x40 && localStart(at) == at) add(at, end, UNIQUE_IDENTIFIER)
}

function isNoWord(from: i32, to: i32): bool {
  for (let at = from; at < to; at++) if (!isLetter(byteAt(at))) return false
  return (<i32>(load<u64>(placeFor(from, to), 16) >> 32) & (ENGLISH | MEDICAL)) == 0
}
