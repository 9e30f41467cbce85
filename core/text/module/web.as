// Addresses of mail.

import { AT_SIGN, characters } from './characters'
import { EMAIL_ADDRESS, UNIQUE_IDENTIFIER } from './types'
import { add } from './findings'
import { byteAt, length, text } from './memory'
import { HOST, isAlnum, isAny, isDigit, isLetter, LOCAL, WORDLY } from './signs'

/** Where the next @ stands; the text's length where none does. */
export function nextAt(from: i32): i32 {
  if ((characters & AT_SIGN) == 0) return length
  for (let at = from; at < length; at += 16) {
    const bits = i8x16.bitmask(i8x16.eq(v128.load(text + at), i8x16.splat(0x40)))
    if (bits != 0) return min(at + ctz(bits), length)
  }
  return length
}

/** From an @ outwards. */
export function mail(at: i32): void {
  let start = at
  while (start > 0 && at - start < 64 && isAny(start - 1, LOCAL)) start--
  if (start == at) return handle(at)
  let end = at + 1
  while (end < length && end - at < 255 && isAny(end, HOST)) end++
  while (end > at && !isAlnum(byteAt(end - 1))) end--
  for (let i = at + 1; i < end; i++) if (byteAt(i) == 0x2e) return add(start, end, EMAIL_ADDRESS)
}

/** @rosebud77, @mary_k: a letter, and among what follows a digit or _; "@home" is a place to be at. */
function handle(at: i32): void {
  if (!isLetter(byteAt(at + 1))) return
  let end = at + 2
  let told = false
  for (; end - at <= 31 && isAny(end, WORDLY); end++) if (isDigit(byteAt(end)) || byteAt(end) == 0x5f) told = true
  if (told && end - at > 5 && !isAny(end, WORDLY) && byteAt(end) != 0x40) add(at, end, UNIQUE_IDENTIFIER)
}
