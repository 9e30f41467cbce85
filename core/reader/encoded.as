// Whether a text may be an encoding of another one.

import { DASHES, DIGITS, LETTERS, LOW_LINES, PLUSES, SLASHES, SMALL_AS, SPACES, ZEROS } from './vectors'

/** From this length on base64 need not be padded (encoded.ts). */
const BARE: i32 = 16
/** Whether a text of ASCII may be an encoding: by its length, and the letters that it begins with. */
// @ts-ignore: decorator
@inline
export function looksEncoded(start: usize, length: i32): bool {
  // Without its padding a shorter one is not looked into.
  if (length < 8 || (length < BARE && (length & 3) != 0)) return false
  // Two signs of padding and two spaces may end it, and one of those takes three bytes at most.
  const certain = length - 8
  const wanted = certain > 15 ? 0xffff : (1 << certain) - 1
  return (lettersOf(v128.load(start)) & wanted) == wanted
}

/** Whether a text may be base64 of another one (encoded.ts): of most words it takes a few letters to tell that they are not. */
export function mayBeEncoded(start: usize, length: i32, isAscii: bool): bool {
  if (length < 8 || (length < BARE && (length & 3) != 0 && isAscii)) return false
  let end = start + length
  // Two spaces may follow, of any kind: one takes three bytes at most.
  for (let spaces = 0; spaces < 6 && end > start; spaces += 1) {
    const byte = <i32>load<u8>(end - 1)
    if (byte != 0x20 && byte < 0x80) break
    end -= 1
  }
  while (end > start && load<u8>(end - 1) == 0x3d) end -= 1
  let bits = 0
  let held = 0
  // Bytes of UTF-8 that have to follow.
  let wanted = 0
  for (let at = start; at < end; at += 1) {
    const value = valueOf(load<u8>(at))
    if (value < 0) return false
    bits = (bits << 6) | value
    held += 6
    if (held < 8) continue
    held -= 8
    const byte = (bits >> held) & 0xff
    if (wanted > 0) {
      if ((byte & 0xc0) != 0x80) return false
      wanted -= 1
    } else if (byte >= 0x80) {
      if (byte < 0xc2 || byte > 0xf4) return false
      wanted = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    } else if (byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d) return false
  }
  return true
}

/** Of a letter of base64 in either alphabet (RFC 4648 sections 4 and 5); -1 of any other byte. */
function valueOf(byte: i32): i32 {
  if (byte >= 0x61 && byte <= 0x7a) return byte - 71
  if (byte >= 0x41 && byte <= 0x5a) return byte - 65
  if (byte >= 0x30 && byte <= 0x39) return byte + 4
  if (byte == 0x2b || byte == 0x2d) return 62
  return byte == 0x2f || byte == 0x5f ? 63 : -1
}

/** A bit for each byte that is a letter of base64. */
// @ts-ignore: decorator
@inline
function lettersOf(bytes: v128): i32 {
  const small = v128.or(bytes, v128.load(SPACES))
  const words = v128.or(
    i8x16.lt_u(i8x16.sub(small, v128.load(SMALL_AS)), v128.load(LETTERS)),
    i8x16.lt_u(i8x16.sub(bytes, v128.load(ZEROS)), v128.load(DIGITS)),
  )
  const signs = v128.or(
    v128.or(i8x16.eq(bytes, v128.load(PLUSES)), i8x16.eq(bytes, v128.load(DASHES))),
    v128.or(i8x16.eq(bytes, v128.load(SLASHES)), i8x16.eq(bytes, v128.load(LOW_LINES))),
  )
  return i8x16.bitmask(v128.or(words, signs))
}
