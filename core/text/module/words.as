// Words of a text, one after the other, in one pass, in steps of 64 bytes and of 16. tokens.ts says what is written down of each;
// letters.ts what the bytes are. Zeros stand behind the text, 64 at least.

import { byteAt, LEAST_LETTER, length, MASKS, PLACE, RECENT, SPARE, text } from './memory'
import { isCapital, isDigit, isSmall } from './signs'
import { APART, CAPITALISED, CAPITALS, INITIAL, NUMBER, SMALL, gap, isApostrophe, possessiveEnd, writing } from './writing'

/** Kinds of characters: letters.ts. */
const DIGIT: i32 = 4
export const FOREIGN: i32 = 8
/** classes.ts: The, On. Rules begin at them where they are written as initials alone. */
const STOPPER: i32 = 1 << 27
/** cues.ts */
export const CUE_MONTH: i32 = 1
export const CUE_WEEKDAY: i32 = 2
export const CUE_OLD_AGE: i32 = 4
export const ANNOUNCES: i32 = 8
export const PLATE_WORD: i32 = 64

/** By the one byte between two words. */
const GAPS: usize = memory.data(256)

/** Has what is known of the word between these two written to a place. */
@external('words', 'look')
declare function look(start: i32, end: i32, place: usize): void

let starts: usize = 0
let ends: usize = 0
let classes: usize = 0
let marked: usize = 0
let formed: usize = 0
let shapes: usize = 0
let gaps: usize = 0
let possessives: usize = 0
let flags: usize = 0
let cues: usize = 0

/** Classes and cues of words that rules begin at. */
let beginsMark: i32 = 0
let beginsForm: i32 = 0

export let markCount: i32 = 0
export let formCount: i32 = 0
export let anyClass: i32 = 0
export let anyCue: i32 = 0
export let anyLarge: i32 = 0
export let kinds: i32 = 0

/** Before all else. */
export function prepareWords(mark: i32, form: i32): void {
  beginsMark = mark
  beginsForm = form
  store<u8>(GAPS + 0x20, 1)
  store<u8>(GAPS + 0x09, 1)
  store<u8>(GAPS + 0x2d, 2)
  store<u8>(GAPS + 0x2e, 3)
  store<u8>(GAPS + 0x2c, 5)
  store<u8>(GAPS + 0x26, 6)
  store<u8>(GAPS + 0x2f, 7)
}

/** Room for `most` words, from `room` on. Returns where that ends. */
export function wordsRoom(room: usize, most: usize): usize {
  starts = room
  ends = starts + most * 4
  classes = ends + most * 4
  marked = classes + most * 4
  formed = marked + most * 4
  shapes = formed + most * 4
  gaps = shapes + most
  possessives = gaps + most
  flags = possessives + most
  cues = flags + most
  return cues + most
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function startOf(word: i32): i32 {
  return load<i32>(starts + <usize>word * 4)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function endOf(word: i32): i32 {
  return load<i32>(ends + <usize>word * 4)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function shapeOf(word: i32): i32 {
  return load<u8>(shapes + <usize>word)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function cueOf(word: i32): i32 {
  return load<u8>(cues + <usize>word)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isOwned(word: i32): bool {
  return load<u8>(possessives + <usize>word) != 0
}

/** The word at which rules of form begin, one after the other. */
export function formedAt(index: i32): i32 {
  return load<i32>(formed + <usize>index * 4)
}

/** Writes down the words of the text. Returns how many they are. */
export function cutWords(): i32 {
  let count: i32 = 0
  let marks: i32 = 0
  let forms: i32 = 0
  let allClasses: i32 = 0
  let allCues: i32 = 0
  let large: i32 = 0
  let met: i32 = 0
  // Up to here words are written down, possessives with them.
  let done: i32 = 0
  for (let base = 0; base < length; base += 64) {
    // Where words begin is known of 64 bytes at once: no word waits for the end of the one before.
    const inWords = wordBits(base) | (wordBits(base + 16) << 16) | (wordBits(base + 32) << 32) | (wordBits(base + 48) << 48)
    let begins = inWords & ~(inWords << 1)
    while (begins != 0) {
      let from = base + <i32>ctz(begins)
      begins &= begins - 1
      // A possessive's s, or the rest of a word that began in the piece before.
      if (from < done) continue
      for (;;) {
        const bytes = v128.load(text + from)
        const low = v128.or(bytes, i8x16.splat(0x20))
        const digits = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10))
        const beyond = i8x16.ge_u(bytes, i8x16.splat(<i8>LEAST_LETTER))
        const other = v128.or(digits, beyond)
        const inWord = i8x16.bitmask(v128.or(i8x16.lt_u(i8x16.sub(low, i8x16.splat(0x61)), i8x16.splat(26)), other))
        const size = ctz(~inWord)
        const within = (1 << size) - 1
        const others = i8x16.bitmask(other) & within
        let at = from + size
        let shape = SMALL
        let place = SPARE
        let odd = false
        const joined = size == 1 && isApostrophe(byteAt(at)) && isCapital(byteAt(at + 1))
        if (size < 16 && others == 0 && !joined) {
          // A small letter stays itself.
          const capitals = ~i8x16.bitmask(i8x16.eq(bytes, low)) & within
          if (capitals != 0)
            shape =
              capitals == within ? (size == 1 ? INITIAL : CAPITALS) : capitals == 1 ? CAPITALISED : writing(from, at)
          const word = v128.and(low, v128.load(MASKS + (<usize>size << 4)))
          const mixed =
            (i64x2.extract_lane(word, 0) * 0x9e3779b97f4a7c15) ^ (i64x2.extract_lane(word, 1) * 0xc2b2ae3d27d4eb4f)
          place = RECENT + (<usize>(<u64>mixed >> 52)) * PLACE
          if (v128.any_true(v128.xor(word, v128.load(place)))) {
            v128.store(place, word)
            look(from, at, place)
          }
        } else if (size < 16 && !joined && (others & i8x16.bitmask(beyond)) == 0) {
          shape = NUMBER
          met |= DIGIT
        } else {
          const has = long(from)
          at = end
          met |= has
          odd = (has & FOREIGN) != 0
          shape = (has & DIGIT) != 0 ? NUMBER : writing(from, at)
          if (shape != NUMBER) look(from, at, SPARE)
        }
        const index = <usize>count
        let listed = 0
        let bits = 0
        let cue = 0
        if (shape != NUMBER) {
          listed = load<i32>(place, 16)
          bits = load<i32>(place, 20)
          cue = load<i32>(place, 24)
        }
        store<i32>(starts + index * 4, from)
        store<i32>(ends + index * 4, at)
        store<i32>(classes + index * 4, bits)
        store<u8>(shapes + index, <u8>shape)
        store<u8>(gaps + index, from == done + 1 ? load<u8>(GAPS + byteAt(done)) : gap(done, from))
        store<u8>(flags + index, <u8>listed)
        store<u8>(cues + index, <u8>cue)
        allClasses |= bits
        allCues |= cue
        const written = shape != SMALL && shape != NUMBER
        large |= i32(written)
        store<i32>(marked + <usize>marks * 4, count)
        marks += i32((written && (shape != CAPITALISED || (bits & STOPPER) == 0)) || (bits & beginsMark) != 0)
        store<i32>(formed + <usize>forms * 4, count)
        forms += i32(shape == NUMBER || odd || (cue & beginsForm) != 0)
        done = isApostrophe(byteAt(at)) ? possessiveEnd(at) : at
        store<u8>(possessives + index, u8(done > at))
        count++
        // Behind a possessive another word may begin without anything between.
        if (done == at || byteAt(done) < LEAST_LETTER) break
        from = done
      }
    }
  }
  if (count > 0) store<u8>(gaps, APART)
  markCount = marks
  formCount = forms
  anyClass = allClasses
  anyCue = allCues
  anyLarge = large
  kinds = met
  return count
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
function wordBits(at: i32): u64 {
  const bytes = v128.load(text + at)
  const letters = i8x16.lt_u(i8x16.sub(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(26))
  const digits = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10))
  const beyond = i8x16.ge_u(bytes, i8x16.splat(<i8>LEAST_LETTER))
  return <u64>i8x16.bitmask(v128.or(letters, v128.or(digits, beyond)))
}

/** Where the word ends that `long` went through. */
let end: i32 = 0

/** Goes through a word of any kind; DIGIT where it has one, FOREIGN where it is no run of ASCII. */
function long(from: i32): i32 {
  let has = run(from)
  // O'Brien, D'Angelo: one letter, an apostrophe, a capital.
  if (end == from + 1 && (has & FOREIGN) == 0 && isApostrophe(byteAt(end)) && isCapital(byteAt(end + 1)))
    has |= run(end + 1) | FOREIGN
  return has
}

function run(from: i32): i32 {
  let has = 0
  let at = from
  for (; ; at++) {
    const byte = byteAt(at)
    if (isDigit(byte)) has |= DIGIT
    else if (byte >= LEAST_LETTER) has |= FOREIGN
    else if (!isSmall(byte) && !isCapital(byte)) break
  }
  end = at
  return has
}
