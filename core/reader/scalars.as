// Texts, numbers and literals of JSON: where each ends that begins somewhere, if it is one.

import { BEYOND_ASCII, ESCAPES, REFERS } from './map'
import { BACKSLASHES, QUOTES, SLASHES, SPACES } from './vectors'

/** Integers of more digits may not be exact. */
const MOST_DIGITS: usize = 15
/** "Patient/", as its bytes lie. */
const PATIENT: u64 = 0x2f746e6569746150

/** Signs of the text that `textEnd` passed last. */
export let signs: i32 = 0

/** Behind the quote that ends the text that goes on here, which says its signs; 0 where it is none. */
export function textEnd(start: usize): usize {
  let at = start
  let all = 0
  for (;;) {
    const bytes = v128.load(at)
    const isSpecial = v128.or(
      v128.or(i8x16.eq(bytes, v128.load(QUOTES)), i8x16.eq(bytes, v128.load(BACKSLASHES))),
      i8x16.lt_u(bytes, v128.load(SPACES)),
    )
    const isSlash = i8x16.eq(bytes, v128.load(SLASHES))
    // The first bit of a byte is that of those beyond ASCII, too: in most texts nothing comes before the quote.
    const notable = i8x16.bitmask(v128.or(v128.or(isSpecial, isSlash), bytes))
    if (notable == 0) {
      at += 16
      continue
    }
    const first = at + ctz(notable)
    if (load<u8>(first) == 0x22) {
      at = first
      break
    }
    const special = i8x16.bitmask(isSpecial)
    // All bits before the first special byte; of 16 where none is.
    const passed = special == 0 ? 0xffff : (special & -special) - 1
    if ((i8x16.bitmask(bytes) & passed) != 0) all |= BEYOND_ASCII
    let slashes = i8x16.bitmask(isSlash) & passed
    while (slashes != 0) {
      // No quote stands among these eight bytes, so that none of them is before the text.
      if (load<u64>(at + ctz(slashes) - 7) == PATIENT) all |= REFERS
      slashes &= slashes - 1
    }
    if (special == 0) {
      at += 16
      continue
    }
    at += ctz(special)
    const byte = <i32>load<u8>(at)
    if (byte == 0x22) break
    // A control, or the end of the document.
    if (byte != 0x5c) return 0
    at = escapeEnd(at)
    if (at == 0) return 0
    all |= ESCAPES
  }
  signs = all
  return at + 1
}

/** Behind the escape that begins here; 0 where it is none, or half a surrogate pair, which has no UTF-8 form. */
function escapeEnd(at: usize): usize {
  const kind = <i32>load<u8>(at, 1)
  if (kind != 0x75) {
    // " \ / b f n r t
    const known =
      kind == 0x22 || kind == 0x5c || kind == 0x2f || kind == 0x62 || kind == 0x66 || kind == 0x6e || kind == 0x72 ||
      kind == 0x74
    return known ? at + 2 : 0
  }
  const unit = unitAt(at + 2)
  if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff)) return 0
  if (unit < 0xd800 || unit > 0xdbff) return at + 6
  const low = load<u16>(at, 6) == 0x755c ? unitAt(at + 8) : -1
  return low >= 0xdc00 && low <= 0xdfff ? at + 12 : 0
}

/** The code unit of four hexadecimal digits; -1 where they are none. */
function unitAt(at: usize): i32 {
  let unit = 0
  for (let i: usize = 0; i < 4; i += 1) {
    const byte = <i32>load<u8>(at + i)
    const small = byte | 0x20
    if (isDigit(byte)) unit = unit * 16 + byte - 0x30
    else if (small >= 0x61 && small <= 0x66) unit = unit * 16 + small - 0x57
    else return -1
  }
  return unit
}

// @ts-ignore: decorator
@inline
function isDigit(byte: i32): bool {
  return byte >= 0x30 && byte <= 0x39
}

function digitsEnd(start: usize): usize {
  let at = start
  while (isDigit(load<u8>(at))) at += 1
  return at
}

/** Behind the number that begins here; 0 where it is none, or one that JSON.parse should judge. */
export function numberEnd(start: usize): usize {
  const isNegative = load<u8>(start) == 0x2d
  const first = isNegative ? start + 1 : start
  let at = digitsEnd(first)
  const isZero = load<u8>(first) == 0x30
  const digits = at - first
  if (digits == 0 || digits > MOST_DIGITS || (isZero && digits > 1)) return 0
  let isNothing = isZero
  if (load<u8>(at) == 0x2e) {
    const point = at
    at = digitsEnd(at + 1)
    if (at == point + 1) return 0
    // Of a fraction with more zeros nobody says that it is not rounded to nothing.
    for (let digit = point + 1; digit < at && digit < point + 32; digit += 1)
      if (load<u8>(digit) != 0x30) isNothing = false
  }
  if ((<i32>load<u8>(at) | 0x20) == 0x65) {
    const sign = <i32>load<u8>(at, 1)
    const exponent = sign == 0x2b || sign == 0x2d ? at + 2 : at + 1
    at = digitsEnd(exponent)
    // Two digits at most: it is not rounded to nothing. And nothing beyond the integers that are exact.
    if (at == exponent || at - exponent > 2) return 0
    const ten = at - exponent == 2 ? <usize>(load<u8>(exponent) - 0x30) * 10 : 0
    if (sign != 0x2d && digits + ten + (load<u8>(at - 1) - 0x30) > MOST_DIGITS) return 0
  }
  // Minus zero is written anew as zero.
  return isNegative && isNothing ? 0 : at
}

/** Behind true, false or null; 0 where it is none of them. */
export function literalEnd(at: usize): usize {
  const four = load<u32>(at)
  if (four == 0x65757274 || four == 0x6c6c756e) return at + 4
  return load<u8>(at) == 0x66 && load<u32>(at, 1) == 0x65736c61 ? at + 5 : 0
}
