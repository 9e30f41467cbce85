// What single characters are, and short stretches of them: what rules of form ask of a text everywhere.

import { byteAt } from './memory'

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
}

function put(code: usize, sign: i32): void {
  store<u16>(SIGNS + code * 2, <u16>sign)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function signAt(at: i32): i32 {
  return load<u16>(SIGNS + (<usize>byteAt(at) << 1))
}

/** Whether one of these stands here. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isAny(at: i32, signs: i32): bool {
  return (signAt(at) & signs) != 0
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

/** Where the digits end that stand here, `most` of them looked at. */
export function digitsEnd(at: i32, most: i32): i32 {
  const last = at + most
  while (at < last && digitAt(at)) at++
  return at
}

/** Whether so many digits stand here. */
export function areDigits(at: i32, count: i32): bool {
  return digitsEnd(at, count) == at + count
}

/** The number that so many digits make. */
export function numberAt(at: i32, count: i32): i32 {
  let value = 0
  for (let i = at; i < at + count; i++) value = value * 10 + <i32>byteAt(i) - 0x30
  return value
}

/** Where the letters begin that end here, `most` of them looked at. */
export function lettersStart(end: i32, most: i32): i32 {
  let at = end
  while (end - at < most && isLetter(byteAt(at - 1))) at--
  return at
}

export function lettersEnd(at: i32, most: i32): i32 {
  const last = at + most
  while (at < last && isLetter(byteAt(at))) at++
  return at
}

/** Whether a word may begin here, or end before it: letters, digits and _ on one side alone. */
export function isEdge(at: i32): bool {
  return isAny(at - 1, WORDLY) != isAny(at, WORDLY)
}

/** Whether this is said here, in any case. `said`: in small letters. */
export function saysAt(at: i32, said: string): bool {
  for (let i = 0; i < said.length; i++) {
    const byte = byteAt(at + i)
    if (<i32>(isCapital(byte) ? byte | 0x20 : byte) != said.charCodeAt(i)) return false
  }
  return true
}

export function saysBefore(end: i32, said: string): bool {
  return saysAt(end - said.length, said)
}
