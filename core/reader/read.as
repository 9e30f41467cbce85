// JSON text, read once: what stands where, and that it is well-formed. json-scan.ts says what a tape is, and what is left to
// JSON.parse. Zeros stand behind the text, 64 at least, so that no step of 16 bytes needs to ask for its end.

import {
  BEYOND_ASCII, BORN, DOCUMENT, END, ENTRY, ESCAPES, FOLLOWER, KEPT, LIST, LITERAL, MEMBER, MET, NAME, NAMES, NAME_SAID, NAME_TERM, NEXT, NUMBER, OBJECT,
  OBJECTS, OPEN, REFERS, SIGNS, START, TERMS, TERM_READING, TERM_SAID, TEXT,
} from './map'
import { add, count, find, forget, lengthOf, placeOf, same } from './spellings'
export { cut, daysCut, droppedPlaces, forgetWays, putStep, putWay } from './cut'
export { sift } from './sift'
export { forgetWords, hear, isUnheard, scratch } from './words'

/** Deepest nesting that is taken, as in json.ts. */
const DEEPEST: i32 = 64
/** Integers of more digits may not be exact. */
const MOST_DIGITS: usize = 15
/** "Patient/", as its bytes lie. */
const PATIENT: u64 = 0x2f746e6569746150

/** Signs of the text that `textEnd` passed last. */
let signs: i32 = 0

export function document(): usize {
  return DOCUMENT
}

/** Where what is known of names, terms and days is written by their numbers. */
export function places(which: i32): usize {
  if (which == 0) return SIGNS
  if (which == 1) return NAME_TERM
  if (which == 2) return NAME_SAID
  if (which == 3) return TERM_READING
  if (which == 4) return TERM_SAID
  return which == 5 ? BORN : KEPT
}

export function names(): i32 {
  return count(NAMES)
}

export function nameAt(number: i32): usize {
  return placeOf(NAMES, number)
}

/** Without its quote. */
export function nameLength(number: i32): i32 {
  return lengthOf(NAMES, number) - 1
}

export function forgetNames(): void {
  forget(NAMES)
  memory.fill(FOLLOWER, 0, 4 * 4097)
  memory.fill(SIGNS, 0, 4096)
  memory.fill(NAME_TERM, 0, 4096)
}

/** The number of the text of a document between these two, where it is a term; else -1. A quote stands behind it. */
export function term(start: i32, end: i32): i32 {
  return find(TERMS, DOCUMENT + start, end - start + 1)
}

/** The number of a text that is none yet; -1 where no more are taken. */
export function learnTerm(start: i32, end: i32): i32 {
  return add(TERMS, DOCUMENT + start, end - start + 1)
}

export function forgetTerms(): void {
  forget(TERMS)
}

// @ts-ignore: decorator
@inline
function spaceEnd(at: usize): usize {
  while (true) {
    const byte = <i32>load<u8>(at)
    if (byte > 0x20 || (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09)) return at
    at += 1
  }
}

/**
 * Reads what stands in the document from `from` to `end`, and writes its tape to `tape`, both from the beginning of the
 * document. Returns how many bytes of it; 0 where there is none.
 */
export function read(from: i32, end: i32, tape: i32): i32 {
  let at = DOCUMENT + from
  const last = DOCUMENT + end
  const first = DOCUMENT + tape
  let out = first
  let room = <usize>memory.size() << 16
  let depth: usize = 0
  let name = -1
  let member: usize = 0
  let before = 0
  for (;;) {
    // A value begins here, behind white space.
    at = spaceEnd(at)
    const entry = out
    out += ENTRY
    if (out > room) {
      // A quarter more of what it is.
      if (memory.grow(1 + <i32>((out - first) >> 18)) < 0) return 0
      room = <usize>memory.size() << 16
    }
    store<i32>(entry + NAME, name)
    store<i32>(entry + MEMBER, <i32>((name < 0 ? at : member) - DOCUMENT))
    store<i32>(entry + START, <i32>(at - DOCUMENT))
    const byte = <i32>load<u8>(at)
    let opened = false
    if (byte == 0x22) {
      at = textEnd(at + 1)
      if (at == 0) return 0
      store<i32>(entry, TEXT | signs)
    } else if (byte == 0x7b || byte == 0x5b) {
      if (depth == DEEPEST) return 0
      store<usize>(OPEN + (depth << 2), entry)
      depth += 1
      store<i32>(entry, byte == 0x7b ? OBJECT : LIST)
      at += 1
      opened = true
    } else if (byte == 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      at = numberEnd(at)
      if (at == 0) return 0
      store<i32>(entry, NUMBER)
    } else {
      at = literalEnd(at)
      if (at == 0) return 0
      store<i32>(entry, LITERAL)
    }
    if (!opened) {
      store<i32>(entry + END, <i32>(at - DOCUMENT))
      store<i32>(entry + NEXT, <i32>((out - first) >> 2))
    }
    // Behind a value, or behind the bracket that opens one.
    for (;;) {
      at = spaceEnd(at)
      if (depth == 0) return at == last ? <i32>(out - first) : 0
      const container = load<usize>(OPEN + ((depth - 1) << 2))
      const isObject = load<i32>(container) == OBJECT
      let next = <i32>load<u8>(at)
      if (next == (isObject ? 0x7d : 0x5d)) {
        at += 1
        depth -= 1
        store<i32>(container + END, <i32>(at - DOCUMENT))
        store<i32>(container + NEXT, <i32>((out - first) >> 2))
        if (isObject && !namesDiffer(container, out, first)) return 0
        opened = false
        continue
      }
      if (opened) opened = false
      else if (next == 0x2c) {
        at = spaceEnd(at + 1)
        next = <i32>load<u8>(at)
      } else return 0
      if (!isObject) {
        name = -1
        break
      }
      if (next != 0x22) return 0
      member = at
      at += 1
      // What followed the same name before follows it mostly again: then comparing is all that it costs.
      name = load<i32>(FOLLOWER + (<usize>before << 2)) - 1
      if (name >= 0 && same(placeOf(NAMES, name), at, lengthOf(NAMES, name))) at += lengthOf(NAMES, name)
      else {
        at = textEnd(member + 1)
        // A name with an escape has a second spelling.
        if (at == 0 || (signs & ESCAPES) != 0) return 0
        const length = <i32>(at - member) - 1
        name = find(NAMES, member + 1, length)
        if (name < 0) name = add(NAMES, member + 1, length)
        if (name < 0) return 0
        store<i32>(FOLLOWER + (<usize>before << 2), name + 1)
      }
      before = name + 1
      at = spaceEnd(at)
      if (load<u8>(at) != 0x3a) return 0
      at += 1
      break
    }
  }
  // Nobody comes here; the compiler does not see it.
  return 0
}

/** Behind the quote that ends the text that goes on here, which says its signs; 0 where it is none. */
// @ts-ignore: decorator
@inline
function textEnd(start: usize): usize {
  let at = start
  let all = 0
  for (;;) {
    const bytes = v128.load(at)
    const isSpecial = v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
      i8x16.lt_u(bytes, i8x16.splat(0x20)),
    )
    const isSlash = i8x16.eq(bytes, i8x16.splat(0x2f))
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
  const kind = <i32>load<u8>(at + 1)
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
  const low = load<u16>(at + 6) == 0x755c ? unitAt(at + 8) : -1
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
function numberEnd(start: usize): usize {
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
    const sign = <i32>load<u8>(at + 1)
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
function literalEnd(at: usize): usize {
  const four = load<u32>(at)
  if (four == 0x65757274 || four == 0x6c6c756e) return at + 4
  return load<u8>(at) == 0x66 && load<u32>(at + 1) == 0x65736c61 ? at + 5 : 0
}

/** Of a name that stands twice two readers may take two different values. */
function namesDiffer(container: usize, end: usize, first: usize): bool {
  const objects = load<i32>(OBJECTS) + 1
  store<i32>(OBJECTS, objects)
  if (objects == 0) memory.fill(MET, 0, 4 * 4096)
  for (let entry = container + ENTRY; entry < end; entry = first + (<usize>load<i32>(entry + NEXT) << 2)) {
    const met = MET + (<usize>load<i32>(entry + NAME) << 2)
    if (load<i32>(met) == objects) return false
    store<i32>(met, objects)
  }
  return true
}
