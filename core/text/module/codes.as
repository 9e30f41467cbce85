// Codes that are somebody's, or some machine's, by their form or a checksum.

import { asked, COORDINATES, UDI } from './asked'
import { add } from './findings'
import { byteAt, DEGREE } from './memory'
import { before, behind, code, digits, end, next, pattern, start } from './run'
import {
  COLON, DASH, DOT, OPENING, SLASH, SPACE, WORDLY, areDigits, digitAt, digitsEnd, isAny, isCapital, isDigit, lettersEnd, numberAt,
  saysAt,
} from './signs'
import {
  ACCOUNT_NUMBER, CERTIFICATE_LICENSE_NUMBER, DEVICE_IDENTIFIER, GEOGRAPHIC_LOCATION, HEALTH_PLAN_BENEFICIARY_NUMBER, IP_ADDRESS, PHOTO,
  UNIQUE_IDENTIFIER, VEHICLE_IDENTIFIER,
} from './types'

// @ts-ignore: AssemblyScript inlines by decorator
@inline
function isLarge(byte: u8): bool {
  return isCapital(byte) || isDigit(byte)
}

function isHex(byte: u8): bool {
  return isDigit(byte) || (byte | 0x20) - 0x61 < 6
}

/** 192.168.1.7 */
export function ipv4(): void {
  if ((before & (WORDLY | DOT)) != 0) return
  // All of it is among the sixteen characters whose digits are known.
  let at = start
  for (let group = 0; group < 4; group++) {
    const size = ctz(~(pattern >> (at - start)))
    if (size == 0 || size > 3 || numberAt(at, size) > 255) return
    at += size
    if (group == 3) break
    if (byteAt(at) != 0x2e) return
    at++
  }
  if (isAny(at, WORDLY) || (byteAt(at) == 0x2e && isAny(at + 1, WORDLY))) return
  add(start, at, IP_ADDRESS)
}

/** Groups of hexadecimal digits between colons. */
export function ipv6(): void {
  if (end - start > 4) return
  if (before == COLON) {
    if (byteAt(start - 2) == 0x3a) return ipv6From(start - 2)
    let from = start - 1
    while (from > 0 && start - from < 6 && (byteAt(from - 1) | 0x20) - 0x61 < 6) from--
    if (from < start - 1) ipv6From(from)
  } else if (before != WORDLY && byteAt(end) == 0x3a && (isHex(byteAt(end + 1)) || byteAt(end + 1) == 0x3a)) ipv6From(start)
}

function ipv6From(from: i32): void {
  if (isAny(from - 1, WORDLY | COLON)) return
  let colons = 0
  let group = 0
  let hex = false
  let double = false
  let at = from
  for (; ; at++) {
    const byte = byteAt(at)
    if (byte == 0x3a) {
      if (++colons > 7) return
      if (at > from && group == 0) double = true
      group = 0
    } else if (isHex(byte)) {
      if (++group > 4) return
      hex = true
    } else break
  }
  if (colons < 2 || !hex || (!double && colons != 7) || isAny(at, WORDLY)) return
  add(from, at, IP_ADDRESS)
}

/** Medicare: 1EG4-TE5-MK73, 1EG4 TE5 MK73 (CMS, Understanding the MBI) */
export function beneficiary(): void {
  const size = end - start
  if ((size != 4 && size != 11) || byteAt(start) == 0x30 || !isMbiLetter(start + 1) || !isMbi(start + 2) || !digitAt(start + 3)) return
  let at = start + 4
  if (isAny(at, SPACE | DASH)) at++
  if (!isMbiLetter(at) || !isMbi(at + 1) || !digitAt(at + 2)) return
  at += 3
  if (isAny(at, SPACE | DASH)) at++
  if (!isMbiLetter(at) || !isMbiLetter(at + 1) || !areDigits(at + 2, 2) || isAny(at + 4, WORDLY | DASH)) return
  add(start, at + 4, HEALTH_PLAN_BENEFICIARY_NUMBER)
}

/** All capitals but B, I, L, O, S and Z. */
function isMbiLetter(at: i32): bool {
  const letter = byteAt(at)
  return isCapital(letter) && ((0x2044902 >> (<i32>letter - 0x41)) & 1) == 0
}

function isMbi(at: i32): bool {
  return digitAt(at) || isMbiLetter(at)
}

/** 49 CFR 565.15: the ninth of seventeen characters checks the others; with four letters and more among them it is none of anything else. */
export function vehicle(): void {
  if (isAny(end, WORDLY | DASH)) return
  let sum = 0
  let letters = 0
  let check: u8 = 0
  for (let i = 0; i < 17; i++) {
    const byte = byteAt(start + i)
    if (i == 8) check = byte
    if (!isDigit(byte)) letters++
    const value = vinValue(byte)
    if (value < 0) return
    sum += value * (i == 8 ? 0 : i < 7 ? 8 - i : i == 7 ? 10 : 18 - i)
  }
  const rest = sum % 11
  if (check == <u8>(rest == 10 ? 0x58 : 0x30 + rest) || letters > 3) add(start, end, VEHICLE_IDENTIFIER)
}

/** A to H are 1 to 8, J to R 1 to 9, S to Z 2 to 9; I, O and Q are none. */
function vinValue(byte: u8): i32 {
  if (isDigit(byte)) return <i32>byte - 0x30
  if (!isCapital(byte) || byte == 0x49 || byte == 0x4f || byte == 0x51) return -1
  const letter = <i32>byte - 0x41
  return letter < 8 ? letter + 1 : letter < 18 ? letter - 8 : letter - 16
}

/** A payment card: 13 to 19 digits that check (ISO/IEC 7812-1), in groups or not. */
export function card(): void {
  const grouped = digits == 4 && (next == 0x20 || next == 0x2d) && areDigits(start + 5, 4)
  if ((digits < 13 && !grouped) || (before & (WORDLY | DOT | DASH)) != 0) return
  let at = start + 4
  for (let group = 0; group < 2; group++) {
    if (isAny(at, SPACE | DASH)) at++
    if (!areDigits(at, 4)) return
    at += 4
  }
  if (isAny(at, SPACE | DASH)) at++
  const stop = digitsEnd(at, 8)
  if (stop == at || stop - at > 7 || isAny(stop, WORDLY | DASH) || !isLuhn(stop)) return
  add(start, stop, ACCOUNT_NUMBER)
}

function isLuhn(stop: i32): bool {
  let sum = 0
  let second = false
  for (let i = stop - 1; i >= start; i--) {
    if (!digitAt(i)) continue
    const digit = <i32>byteAt(i) - 0x30
    sum += second ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit
    second = !second
  }
  return sum % 10 == 0
}

/** Ends of an IBAN's groups of four. */
const GROUPS: usize = memory.data(8 * 4)

/** ISO 13616: DE89 3704 0044 0532 0130 00 */
export function iban(): void {
  const long = end - start
  if ((long != 4 && long < 15) || !isCapital(byteAt(start)) || !isCapital(byteAt(start + 1)) || !areDigits(start + 2, 2)) return
  let at = start + 4
  let count = 0
  while (count < 7) {
    const from = byteAt(at) == 0x20 ? at + 1 : at
    let stop = from
    while (stop - from < 4 && isLarge(byteAt(stop))) stop++
    if (stop - from < 4) break
    at = stop
    store<i32>(GROUPS + <usize>count * 4, at)
    count++
  }
  for (; count >= 2; count--) {
    at = load<i32>(GROUPS + <usize>(count - 1) * 4)
    const from = byteAt(at) == 0x20 ? at + 1 : at
    let stop = from
    while (stop - from < 3 && isLarge(byteAt(stop))) stop++
    for (; stop > from; stop--) if (!isAny(stop, WORDLY | DASH)) return checked(stop)
    if (!isAny(at, WORDLY | DASH)) return checked(at)
  }
}

/** The whole, its first four characters moved behind and letters as numbers from ten, is one more than a multiple of 97. */
function checked(stop: i32): void {
  let rest = 0
  for (let i = start + 4; i < stop; i++) rest = with97(rest, byteAt(i))
  for (let i = start; i < start + 4; i++) rest = with97(rest, byteAt(i))
  if (rest == 1) add(start, stop, ACCOUNT_NUMBER)
}

function with97(rest: i32, byte: u8): i32 {
  if (byte == 0x20) return rest
  return (isDigit(byte) ? rest * 10 + <i32>byte - 0x30 : rest * 100 + <i32>byte - 0x37) % 97
}

/** 21 CFR 1301.13: two letters, six digits, and a digit that checks them. */
export function prescriber(): void {
  const first = byteAt(start)
  const second = byteAt(start + 1)
  // A, B, F, G, M, P, R and X
  if (!isCapital(first) || ((0x829063 >> (<i32>first - 0x41)) & 1) == 0) return
  if ((!isCapital(second) && second != 0x39) || !areDigits(start + 2, 7) || isAny(end, WORDLY | DASH)) return
  const sum =
    numberAt(start + 2, 1) + numberAt(start + 4, 1) + numberAt(start + 6, 1) +
    2 * (numberAt(start + 3, 1) + numberAt(start + 5, 1) + numberAt(start + 7, 1))
  if (sum % 10 == numberAt(start + 8, 1)) add(start, end, CERTIFICATE_LICENSE_NUMBER)
}

/** 00:1B:44:11:3A:B7 */
export function networkCard(): void {
  const sign = byteAt(start + 2)
  if ((sign != 0x3a && sign != 0x2d) || byteAt(start + 5) != sign || (before & (WORDLY | COLON | DASH)) != 0) return
  for (let i = 0; i < 6; i++) {
    const at = start + i * 3
    if (!isHex(byteAt(at)) || !isHex(byteAt(at + 1)) || (i < 5 && byteAt(at + 2) != sign)) return
  }
  if (!isAny(start + 17, WORDLY | COLON | DASH)) add(start, start + 17, DEVICE_IDENTIFIER)
}

/** UDI (21 CFR 830): GS1 application identifiers */
export function device(): void {
  if (before != OPENING || next != 0x29 || byteAt(start) != 0x30 || byteAt(start + 1) != 0x31 || !areDigits(start + 3, 14)) return
  const stop = asked(UDI, start - 1, 0)
  if (stop >= 0) add(start - 1, stop, DEVICE_IDENTIFIER)
}

/** 123e4567-e89b-12d3-a456-426614174000 */
export function uuid(): void {
  if (byteAt(start + 8) != 0x2d || byteAt(start + 13) != 0x2d || (before & (WORDLY | DASH)) != 0) return
  for (let i = 0; i < 36; i++) {
    const byte = byteAt(start + i)
    if (i == 8 || i == 13 || i == 18 || i == 23 ? byte != 0x2d : !isHex(byte)) return
  }
  if (!isAny(start + 36, WORDLY | DASH)) add(start, start + 36, UNIQUE_IDENTIFIER)
}

/** A photograph's file, by its number. */
export function photograph(): void {
  if (byteAt(end) != 0x2e || isAny(code - 1, WORDLY | SLASH | DOT | DASH)) return
  const size = imageEnd(end + 1) - end - 1
  if (size == 0 || end - code > 64 || isAny(end + 1 + size, WORDLY)) return
  add(code, end + 1 + size, PHOTO)
}

/** jpg, jpeg, png, heic, tif, tiff, bmp, gif, dcm */
function imageEnd(at: i32): i32 {
  const stop = lettersEnd(at, 5)
  const size = stop - at
  if (size == 3) {
    if (saysAt(at, 'jpg') || saysAt(at, 'png') || saysAt(at, 'tif') || saysAt(at, 'bmp') || saysAt(at, 'gif') || saysAt(at, 'dcm'))
      return stop
  } else if (size == 4 && (saysAt(at, 'jpeg') || saysAt(at, 'heic') || saysAt(at, 'tiff'))) return stop
  return at
}

/** Latitude and longitude. */
export function coordinates(): void {
  if ((before & (WORDLY | DOT)) != 0) return
  const from = start + digits + 1
  const stop = digitsEnd(from, 9)
  if (stop - from < 3 || stop - from > 8) return
  const byte = byteAt(stop)
  if (byte != 0x2c && byte != DEGREE && byte != 0x20 && byte != 0x4e && byte != 0x53) return
  if (byte == 0x20 && byteAt(stop + 1) != 0x4e && byteAt(stop + 1) != 0x53) return
  const begin = before == DASH ? start - 1 : start
  const last = asked(COORDINATES, begin, 0)
  if (last >= 0) add(begin, last, GEOGRAPHIC_LOCATION)
}
