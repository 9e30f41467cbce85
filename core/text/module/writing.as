// How a word is written, whether it owns what follows, and what stands between two words.

import { APOSTROPHE, byteAt, CAPITAL_BEYOND, LETTER_APOSTROPHE, text } from './memory'
import { isCapital, isDigit, isSmall } from './signs'

/** shapes and gaps of tokens.ts. */
export const SMALL: i32 = 0
export const CAPITALISED: i32 = 1
export const INITIAL: i32 = 2
export const CAPITALS: i32 = 3
export const MIXED: i32 = 4
export const NUMBER: i32 = 5
export const APART: u8 = 0
export const SPACE: u8 = 1
export const HYPHEN: u8 = 2
export const DOT: u8 = 3
export const DOT_SPACE: u8 = 4
export const COMMA: u8 = 5
export const AMPERSAND: u8 = 6
function isAsciiWord(byte: u8): bool {
  return isSmall(byte) || isCapital(byte) || isDigit(byte)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isApostrophe(byte: u8): bool {
  return byte == 0x27 || byte == APOSTROPHE || byte == LETTER_APOSTROPHE
}

/** Of a word with a capital, or with what is no ASCII. */
export function writing(start: i32, to: i32): i32 {
  let capitals = 0
  let smalls = 0
  for (let i = start; i < to; i++) {
    const byte = byteAt(i)
    if (isCapital(byte) || byte == CAPITAL_BEYOND) capitals++
    else if (!isApostrophe(byte)) smalls++
  }
  if (capitals == 0) return SMALL
  if (smalls == 0) return capitals == 1 ? INITIAL : CAPITALS
  const lead = byteAt(start)
  // d'Aubigny
  if (!isCapital(lead) && lead != CAPITAL_BEYOND)
    return capitals == 1 && isApostrophe(byteAt(start + 1)) ? CAPITALISED : MIXED
  return capitals == 1 || isCamel(start, to) ? CAPITALISED : MIXED
}

/** McDonald, O'Brien, NewYork: each capital but the first begins a part, and the last part is a word of its own. */
function isCamel(start: i32, to: i32): bool {
  let since = 0
  for (let i = start; i < to; i++) {
    if (isCapital(byteAt(i))) {
      if (i > start && since < 2 && !isApostrophe(byteAt(i - 1))) return false
      since = 1
    } else since++
  }
  return since >= 3
}

/** Where the 's of a possessive ends that may begin here, or the ' behind an s. */
export function possessiveEnd(at: i32): i32 {
  const next = byteAt(at + 1)
  if ((next | 0x20) == 0x73 && !isAsciiWord(byteAt(at + 2))) return at + 2
  return (byteAt(at - 1) | 0x20) == 0x73 && !isAsciiWord(next) ? at + 1 : at
}

/** What stands between two words, where that is not one character. */
function gap(from: i32, to: i32): u8 {
  if (to - from > 4 || to == from) return APART
  const byte = byteAt(from)
  for (let i = from + 1; i < to; i++) {
    const next = byteAt(i)
    if (next == 0x26 && byte == 0x20) return AMPERSAND
    if (next != 0x20) return APART
  }
  if (byte == 0x20) return SPACE
  if (byte == 0x2e) return DOT_SPACE
  return byte == 0x2c ? COMMA : APART
}

/** By the one byte between two words, and by the first of two where the other is a space. */
const GAPS: usize = memory.data(512)

/** Before all else. */
export function prepareGaps(): void {
  store<u8>(GAPS + 0x20, SPACE)
  store<u8>(GAPS + 0x09, SPACE)
  store<u8>(GAPS + 0x2d, HYPHEN)
  store<u8>(GAPS + 0x2e, DOT)
  store<u8>(GAPS + 0x2c, COMMA)
  store<u8>(GAPS + 0x26, AMPERSAND)
  store<u8>(GAPS + 0x2f, 7)
  store<u8>(GAPS + 256 + 0x20, SPACE)
  store<u8>(GAPS + 256 + 0x2e, DOT_SPACE)
  store<u8>(GAPS + 256 + 0x2c, COMMA)
}

/** What stands between a word and where the one before it ends. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function gapBefore(done: i32, from: i32): u8 {
  const apart = from - done
  const at = text + <usize>done
  const spaced = i32(apart == 2) & i32(load<u8>(at, 1) == 0x20)
  return (i32(apart == 1) | spaced) != 0 ? load<u8>(GAPS + <usize>load<u8>(at) + (<usize>spaced << 8)) : gap(done, from)
}
