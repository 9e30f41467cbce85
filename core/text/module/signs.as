// What single characters are, and short stretches of them: what rules of form ask of a text everywhere.

import { byteAt, text } from './memory'
import { DOTS, HYPHENS, LETTERS, NINES, SMALL_AS, SPACES, ZEROS } from './vectors'

/** What stands before a number or behind its digits: bits, to ask for several at once. */
export const WORDLY: i32 = 1
export const DOT: i32 = 2
export const DASH: i32 = 4
export const SLASH: i32 = 8
export const PLUS: i32 = 16
export const COLON: i32 = 32
export const AMPERSAND: i32 = 64
export const COMMA: i32 = 128
export const SPACE: i32 = 256
export const OPENING: i32 = 512
export const CLOSING: i32 = 1024
export const HASH: i32 = 2048
/** Any other, and the text's ends. */
export const OTHER: i32 = 4096
/** Beside these: what may stand between words of an announcement, and behind them. */
export const BETWEEN: i32 = 32768

const SIGNS: usize = memory.data(512)

export function fillSigns(): void {
  for (let code: usize = 0; code < 256; code++) {
    const byte = <u8>code
    store<u16>(SIGNS + code * 2, <u16>(isAlnum(byte) || byte == 0x5f ? WORDLY : OTHER))
  }
  put(0x2e, DOT)
  put(0x2d, DASH)
  put(0x2f, SLASH)
  put(0x2b, PLUS)
  put(0x3a, COLON)
  put(0x26, AMPERSAND)
  put(0x2c, COMMA)
  put(0x20, SPACE)
  put(0x28, OPENING)
  put(0x29, CLOSING)
  put(0x23, HASH)
  for (let code: usize = 0; code < 128; code++) if (isBetween(<u8>code)) mark(code, BETWEEN)
}

/** Space, quotes and : # . = ( / - between words of an announcement. */
function isBetween(byte: u8): bool {
  return (
    byte == 0x20 || byte == 0x3a || byte == 0x23 || byte == 0x2e || byte == 0x3d || byte == 0x28 || byte == 0x2f || byte == 0x2d ||
    byte == 0x22 || byte == 0x27 || byte == 0x0a || byte == 0x09 || byte == 0x2b
  )
}

function put(code: usize, sign: i32): void {
  store<u16>(SIGNS + code * 2, <u16>sign)
}

function mark(code: usize, signs: i32): void {
  store<u16>(SIGNS + code * 2, load<u16>(SIGNS + code * 2) | <u16>signs)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
function signsOf(at: i32): i32 {
  return load<u16>(SIGNS + (<usize>byteAt(at) << 1))
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function signAt(at: i32): i32 {
  return signsOf(at) & 0x1fff
}

/** Whether one of these stands here. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isAny(at: i32, signs: i32): bool {
  return (signsOf(at) & signs) != 0
}

/** What stands between groups of digits: space, dot, hyphen. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isPart(at: i32): bool {
  return isAny(at, SPACE | DOT | DASH)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isDigit(byte: u8): bool {
  return byte - 0x30 < 10
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isCapital(byte: u8): bool {
  return byte - 0x41 < 26
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isSmall(byte: u8): bool {
  return byte - 0x61 < 26
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isLetter(byte: u8): bool {
  return (byte | 0x20) - 0x61 < 26
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isAlnum(byte: u8): bool {
  return isDigit(byte) || isLetter(byte)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function digitAt(at: i32): bool {
  return isDigit(byteAt(at))
}

/** Which of the sixteen characters from here on are digits: a bit each. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function digitsAt(at: i32): i32 {
  return i8x16.bitmask(i8x16.le_u(i8x16.sub(v128.load(text + <usize>at), v128.load(ZEROS)), v128.load(NINES)))
}

/** The same of letters. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function lettersAt(at: i32): i32 {
  const small = v128.or(v128.load(text + <usize>at), v128.load(SPACES))
  return i8x16.bitmask(i8x16.le_u(i8x16.sub(small, v128.load(SMALL_AS)), v128.load(LETTERS)))
}

/** The same of letters, digits, hyphens and dots: what the names of hosts are made of. */
export function hostsAt(at: i32): i32 {
  const here = v128.load(text + <usize>at)
  const joins = i8x16.bitmask(v128.or(i8x16.eq(here, v128.load(HYPHENS)), i8x16.eq(here, v128.load(DOTS))))
  return digitsAt(at) | lettersAt(at) | joins
}

/** Which of them is this byte, which stands in all places of a vector. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function equalAt(at: i32, sixteen: usize): i32 {
  return i8x16.bitmask(i8x16.eq(v128.load(text + <usize>at), v128.load(sixteen)))
}

/** Where the digits end that stand here, `most` of them looked at. */
export function digitsEnd(at: i32, most: i32): i32 {
  const last = at + most
  let count = ctz(~digitsAt(at))
  while (count == 16 && at + 16 < last) {
    at += 16
    count = ctz(~digitsAt(at))
  }
  return min(at + count, last)
}

/** Where letters, digits, _ and hyphens end, `most` of them looked at. */
export function codeEnd(at: i32, most: i32): i32 {
  const last = at + most
  for (; at < last; at += 16) {
    const here = v128.load(text + <usize>at)
    const joins = i8x16.bitmask(v128.or(i8x16.eq(here, i8x16.splat(0x2d)), i8x16.eq(here, i8x16.splat(0x5f))))
    const count = ctz(~(digitsAt(at) | lettersAt(at) | joins))
    if (count < 16) return min(at + count, last)
  }
  return last
}

/** Whether so many digits stand here, 16 at most. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function areDigits(at: i32, count: i32): bool {
  const all = (1 << count) - 1
  return (digitsAt(at) & all) == all
}

/** The number that so many digits make: two, most often. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function numberAt(at: i32, count: i32): i32 {
  return count == 2 ? <i32>byteAt(at) * 10 + <i32>byteAt(at + 1) - 11 * 0x30 : numberOf(at, count)
}

function numberOf(at: i32, count: i32): i32 {
  let value = 0
  for (let i = at; i < at + count; i++) value = value * 10 + <i32>byteAt(i) - 0x30
  return value
}

/** Where the letters begin that end here, `most` of them looked at, which are 16 or less: zeros stand before the text. */
export function lettersStart(end: i32, most: i32): i32 {
  return end - min(clz(~(lettersAt(end - 16) << 16)), most)
}

/** The same of those that begin here. */
export function lettersEnd(at: i32, most: i32): i32 {
  return at + min(ctz(~lettersAt(at)), most)
}

/** Whether this is said here, in any case. `said`: in small letters. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function saysAt(at: i32, said: string): bool {
  return isLetterOf(said, 0, byteAt(at)) && goesOnAt(at, said)
}

/** From its second letter on. */
function goesOnAt(at: i32, said: string): bool {
  for (let i = 1; i < said.length; i++) if (!isLetterOf(said, i, byteAt(at + i))) return false
  return true
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
function isLetterOf(said: string, i: i32, byte: u8): bool {
  return <u16>(isCapital(byte) ? byte | 0x20 : byte) == load<u16>(changetype<usize>(said) + (<usize>i << 1))
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function saysBefore(end: i32, said: string): bool {
  return isLetterOf(said, said.length - 1, byteAt(end - 1)) && saysAt(end - said.length, said)
}
