// Addresses of pages without https:// before them, and of mail whose @ is written otherwise: from the last part of a host's name outwards.

import { HOST_END, PUBLIC_HOST, WEAK_HOST_END, known } from './dictionary'
import { add } from './findings'
import { byteAt, length, LEAST_LETTER, QUOTE } from './memory'
import { DASH, DOT, SLASH, WORDLY, isAlnum, isAny, isDigit, isLetter, isSmall, saysAt, saysBefore } from './signs'
import { EMAIL_ADDRESS, URL } from './types'

const longestHost = 64
const longestPath = 2048
/** Up to here a path was gone through; an address of mail. */
let done = 0
let mailed = 0

/** In each text. */
export function beginHosts(): void {
  done = mailed = 0
}

/** Of a host right behind the @ of an address that was found nothing is found from its last part outwards. */
export function passMail(at: i32, end: i32): void {
  if (end - at <= longestHost && isAlnum(byteAt(at + 1))) mailed = end
}

/** "www.example.org/p", "portal.example.com/p", "j.doe [at] example.com", "j_doe at example dot com": at www and com. */
export function host(from: i32, to: i32): void {
  if (from < done || isAny(to, WORDLY) || byteAt(to) >= LEAST_LETTER) return
  if (byteAt(to) == 0x2e && to - from == 3 && saysAt(from, 'www')) {
    if (isAny(from - 1, WORDLY | DOT | SLASH)) return
    const end = pathEnd(to + 1)
    if (end > to + 1) found(from, end, URL)
    return
  }
  if (to <= mailed) return
  const said = known(from, to)
  if ((said & (HOST_END | WEAK_HOST_END)) == 0 || isSmall(byteAt(from)) != isSmall(byteAt(from + 1))) return
  const spoken = byteAt(from - 1) != 0x2e
  if (spoken && !saysBefore(from, ' dot ')) return
  const last = spoken ? from - 5 : from - 1
  const begin = hostStart(last)
  if (!isNamed(begin, last)) return
  const local = localStart(begin, spoken)
  if (local < begin) return found(local, to, EMAIL_ADDRESS)
  if (spoken || isAny(begin - 1, WORDLY | SLASH) || byteAt(begin - 1) == 0x40) return
  let label = last
  while (label > begin && byteAt(label - 1) != 0x2e) label--
  if ((known(label, last) & PUBLIC_HOST) != 0) return
  // "com.au"
  let end = to
  while (end - to < 8 && byteAt(end) == 0x2e && isSmall(byteAt(end + 1)) && isSmall(byteAt(end + 2)) && !isAny(end + 3, WORDLY)) end += 3
  const sign = byteAt(end)
  const paged = (sign == 0x2f || sign == 0x3f || sign == 0x3a || sign == 0x23) && isAlnum(byteAt(end + 1))
  if ((said & HOST_END) == 0 && !paged && label == begin) return
  found(begin, paged ? pathEnd(end) : end, URL)
}

function found(from: i32, to: i32, type: i32): void {
  add(from, to, type)
  done = to
}

function hostStart(last: i32): i32 {
  let at = last
  while (last - at < longestHost && (isAlnum(byteAt(at - 1)) || isAny(at - 1, DASH | DOT))) at--
  while (at < last && !isAlnum(byteAt(at))) at++
  return at
}

/** Has a letter in it, and no other script before it. */
function isNamed(from: i32, to: i32): bool {
  if (byteAt(from - 1) >= LEAST_LETTER) return false
  for (let at = from; at < to; at++) if (isLetter(byteAt(at))) return isAlnum(byteAt(to - 1))
  return false
}

/** As far as no space, quote or angle stands, without the signs that end a sentence. */
function pathEnd(from: i32): i32 {
  let at = from
  while (at - from < longestPath && at < length && !isBehindPath(byteAt(at))) at++
  while (at > from && isClosing(byteAt(at - 1))) at--
  return at
}

function isBehindPath(byte: u8): bool {
  return byte <= 0x20 || byte == 0x22 || byte == 0x27 || byte == 0x3c || byte == 0x3e || byte == QUOTE
}

/** . , ; : ! ? ) ] */
function isClosing(byte: u8): bool {
  return byte == 0x2e || byte == 0x2c || byte == 0x3b || byte == 0x3a || byte == 0x21 || byte == 0x3f || byte == 0x29 || byte == 0x5d
}

/** Where the part of an address of mail begins that stands before its host; the same place where none does. */
function localStart(begin: i32, spoken: bool): i32 {
  let at = spaceStart(begin)
  let sure = spoken
  if (byteAt(at - 1) == 0x40 && at < begin) {
    at--
    sure = true
  } else if (isBracket(byteAt(at - 1))) {
    at = spaceStart(at - 1)
    if (!saysBefore(at, 'at')) return begin
    at = spaceStart(at - 2)
    if (!isBracket(byteAt(at - 1))) return begin
    at--
    sure = true
  } else if (at < begin && saysBefore(at, ' at')) at -= 2
  else return begin
  at = spaceStart(at)
  const local = wordStart(at)
  // "visited at example.com"
  return local < at && (sure || isHandle(local, at)) ? local : begin
}

function spaceStart(at: i32): i32 {
  return byteAt(at - 1) == 0x20 ? at - 1 : at
}

/** ( ) [ ] { } < > */
function isBracket(byte: u8): bool {
  return byte == 0x28 || byte == 0x29 || byte == 0x5b || byte == 0x5d || byte == 0x7b || byte == 0x7d || byte == 0x3c || byte == 0x3e
}

function wordStart(to: i32): i32 {
  let at = to
  while (to - at < longestHost && (isAny(at - 1, WORDLY | DOT | DASH) || byteAt(at - 1) == 0x2b)) at--
  // "jane dot doe"
  if (at < to && saysBefore(at, ' dot ')) {
    at -= 5
    while (to - at < longestHost && isAny(at - 1, WORDLY)) at--
  }
  return at
}

/** Has a full stop, digit or _ in it. */
function isHandle(from: i32, to: i32): bool {
  for (let at = from; at < to - 1; at++) {
    const byte = byteAt(at)
    if (byte == 0x2e || byte == 0x5f || isDigit(byte)) return true
  }
  return isDigit(byteAt(to - 1))
}
