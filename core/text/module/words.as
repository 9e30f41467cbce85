// Words of a text, one after the other, in one pass, in steps of 64 bytes and of 16. tokens.ts says what is written down of each;
// letters.ts what the bytes are. Zeros stand behind the text, 64 at least.

import { byteAt, LEAST_LETTER, length, LONG, MASKS, PLACE, RECENT, text, WATCHED } from './memory'
import { isCapital, isDigit, isSmall } from './signs'
import { APOSTROPHES, BEYOND, LARGE_AS, LETTERS, NINES, SMALL_AS, SPACES, ZEROS } from './vectors'
import {
  AMPERSAND, APART, CAPITALISED, CAPITALS, COMMA, DOT, DOT_SPACE, gap, HYPHEN, INITIAL, isApostrophe, MIXED, NUMBER, possessiveEnd, SMALL, SPACE, writing,
} from './writing'

/** Kinds of characters: letters.ts. */
export const DIGIT: i32 = 4
export const FOREIGN: i32 = 8
/** What is known of a word, as tokenize.ts writes it: its classes, and whether rules begin at it; then its flags and cues. */
const CLASSES: i32 = (1 << 29) - 1
/** classes.ts: The, On. Rules begin at them where they are written as initials alone. */
const STOPPER: u64 = 27
const BEGINS_MARK: i32 = 29
const BEGINS_FORM: u64 = 30
const OWNED: u64 = 31
/** Beside its gap: that what is known of it was not asked for yet. */
const UNSEEN: u64 = 1 << 63
/** Twice a shape, and one more of a stopper: whether rules begin at what is written so. */
const WRITTEN: i32 = 0x3f4
/** By what is written large in a word, whether all of it or the first letter, whether it is one letter, and has digits. */
const SHAPES: usize = memory.data(32)
/** cues.ts */
export const CUE_MONTH: i32 = 1
export const CUE_WEEKDAY: i32 = 2
export const CUE_OLD_AGE: i32 = 4
export const ANNOUNCES: i32 = 8
export const CUE_BOX: i32 = 32
export const PLATE_WORD: i32 = 64

/** By the one byte between two words, and by the first of two where the other is a space. */
const GAPS: usize = memory.data(512)

/** Has what is known of the word between these two written to a place. */
@external('words', 'look')
declare function look(start: i32, end: i32, place: usize): void

/** Of each word: start, end, what is known of it, and as bytes flags, cues, shape and gap. */
export let words: usize = 0
let marked: usize = 0
let formed: usize = 0
export let claims: usize = 0

export let count: i32 = 0
export let markCount: i32 = 0
export let formCount: i32 = 0
export let anyClass: i32 = 0
export let anyCue: i32 = 0
export let anyLarge: i32 = 0
/** Whether a hyphen stands before one that is written large. */
export let anyHyphened: i32 = 0
export let kinds: i32 = 0

/** Before all else. */
export function prepareWords(): void {
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
  for (let how = 0; how < 32; how++) {
    let shape = MIXED
    if ((how & 16) != 0) shape = NUMBER
    else if ((how & 1) == 0) shape = SMALL
    else if ((how & 2) != 0) shape = (how & 8) != 0 ? INITIAL : CAPITALS
    else if ((how & 4) != 0) shape = CAPITALISED
    store<u8>(SHAPES + <usize>how, <u8>shape)
  }
}

/** Room for `most` words, from `room` on. Returns where that ends. */
export function wordsRoom(room: usize, most: usize): usize {
  words = room
  marked = words + most * 16
  formed = marked + most * 4
  claims = formed + most * 4
  // One more is asked for, eight at a time.
  return claims + most + 16
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function startOf(word: i32): i32 {
  return load<i32>(words + (<usize>word << 4))
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function endOf(word: i32): i32 {
  return load<i32>(words + (<usize>word << 4), 4)
}

/** And bits beside them. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function classesOf(word: i32): i32 {
  return <i32>knownOf(word)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isOwned(word: i32): bool {
  return load<i32>(words + (<usize>word << 4), 8) < 0
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function flagsOf(word: i32): i32 {
  return <i32>(knownOf(word) >> 32) & 0xff
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function cueOf(word: i32): i32 {
  return <i32>(knownOf(word) >> 40) & 0xff
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function shapeOf(word: i32): i32 {
  return load<u8>(words + (<usize>word << 4), 14)
}

export function setShape(word: i32, shape: i32): void {
  store<u8>(words + (<usize>word << 4), <u8>shape, 14)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function gapOf(word: i32): i32 {
  return load<u8>(words + (<usize>word << 4), 15) & 7
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
function knownOf(word: i32): u64 {
  const known = load<u64>(words + (<usize>word << 4), 8)
  return <i64>known < 0 ? see(word) : known
}

/** What is known of a word that no rule asked for until now. */
function see(word: i32): u64 {
  const at = words + (<usize>word << 4)
  const known = (load<u64>(at, 8) ^ UNSEEN) | load<u64>(placeFor(load<i32>(at), load<i32>(at, 4)), 16)
  store<u64>(at, known, 8)
  return known
}

/** The same of all. */
export function seeAll(): void {
  let all: u64 = 0
  for (let i = 0; i < count; i++) all |= knownOf(i)
  anyClass |= <i32>all & CLASSES
}

/** The word that stands in the text's place is looked up where it stands: rules begin at it, or are left out where no such word is. */
export function watch(size: i32): void {
  const hash = watchedHash(load<u64>(text) & load<u64>(MASKS + (<usize>size << 4)))
  const at = WATCHED + ((hash >> 5) << 2)
  store<u32>(at, load<u32>(at) | (1 << <u32>hash))
}

/** Of a word's first eight small letters. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function watchedHash(letters: u64): usize {
  return <usize>((letters * 0x9e3779b97f4a7c15) >> 48)
}

/** The word at which rules of form begin, one after the other. */
export function formedAt(index: i32): i32 {
  return load<i32>(formed + <usize>index * 4)
}

/** The same of rules of people and places. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function markedAt(index: i32): i32 {
  return load<i32>(marked + <usize>index * 4)
}

/** Which words rules of people and places begin at, where the writing of some is taken for another. */
export function markAnew(): void {
  let marks = 0
  for (let i = 0; i < count; i++) {
    const shape = shapeOf(i)
    if (shape == NUMBER || (shape == SMALL && (classesOf(i) & (1 << BEGINS_MARK)) == 0)) continue
    store<i32>(marked + <usize>marks * 4, i)
    marks++
  }
  markCount = marks
}

/** Writes down the words of the text. Returns how many they are. */
export function cutWords(): i32 {
  const origin = text
  const bytes = length
  const wordsAt = words
  const markedFrom = marked
  const formedFrom = formed
  let found: i32 = 0
  let marks: i32 = 0
  let forms: i32 = 0
  let all: u64 = 0
  let large: i32 = 0
  let hyphened: i32 = 0
  let met: i32 = 0
  // Up to here words are written down, possessives with them.
  let done: i32 = 0
  for (let base = 0; base < bytes; ) {
    // What is known of 64 bytes at once: no word waits for the end of the one before.
    const piece = base
    const one = v128.load(origin + <usize>base)
    const two = v128.load(origin + <usize>base, 16)
    const three = v128.load(origin + <usize>base, 32)
    const four = v128.load(origin + <usize>base, 48)
    const larges = bits(among(one, LARGE_AS, LETTERS), among(two, LARGE_AS, LETTERS), among(three, LARGE_AS, LETTERS), among(four, LARGE_AS, LETTERS))
    const numeric = bits(among(one, ZEROS, NINES), among(two, ZEROS, NINES), among(three, ZEROS, NINES), among(four, ZEROS, NINES))
    const signs = bits(signsOf(one), signsOf(two), signsOf(three), signsOf(four))
    const inWords = bits(lettersOf(one), lettersOf(two), lettersOf(three), lettersOf(four)) | numeric
    const unlike = larges | numeric | signs
    // A word that goes on behind them is left to the next piece, unless it is longer than one.
    const open = clz(~inWords)
    let begins = inWords & ~(inWords << 1)
    if (open < 64) {
      begins &= u64.MAX_VALUE >> open
      base += 64 - <i32>open
    } else base += 64
    while (begins != 0) {
      const bit = ctz(begins)
      let from = piece + <i32>bit
      begins &= begins - 1
      // A possessive's s, or the second half of O'Brien.
      if (from < done) continue
      const size = ctz(~(inWords >> bit))
      const within = (<u64>1 << size) - 1
      const here = origin + <usize>from
      // Most words of most texts: small letters, that nobody asks for.
      if (((unlike >> bit) & (within + within + 1)) == 0 && size < 16) {
        const hash = watchedHash(load<u64>(here) & load<u64>(MASKS + (<usize>size << 4)))
        if (((load<u32>(WATCHED + ((hash >> 5) << 2)) >> <u32>hash) & 1) == 0) {
          const word = wordsAt + (<usize>found << 4)
          const before = load<u8>(origin + <usize>done)
          const between = from - done == 1 ? load<u8>(GAPS + <usize>before) : gapBefore(done, from)
          store<u64>(word, <u64>from | (<u64>(from + <i32>size) << 32))
          store<u64>(word, UNSEEN | (<u64>between << 56), 8)
          done = from + <i32>size
          found++
          continue
        }
      }
      let simple = size < 16 && ((signs >> bit) & within) == 0 && (((signs >> bit >> size) & 1) == 0 || ownsNothing(from, <i32>size))
      // Nothing is known of a number.
      if (simple && ((numeric >> bit) & within) == within) {
        const word = wordsAt + (<usize>found << 4)
        store<u64>(word, <u64>from | (<u64>(from + <i32>size) << 32))
        store<u64>(word, (<u64>NUMBER << 48) | (<u64>gapBefore(done, from) << 56), 8)
        store<i32>(formedFrom + <usize>forms * 4, found)
        forms++
        met |= DIGIT
        done = from + <i32>size
        found++
        continue
      }
      for (;;) {
        let at = 0
        let shape = 0
        let owned = 0
        let odd = 0
        let info: u64 = 0
        if (simple) {
          at = from + <i32>size
          const written = (larges >> bit) & within
          const digits = i32(((numeric >> bit) & within) != 0)
          // Of what has a digit nothing is known.
          if (digits == 0) {
            const word = smallLetters(here, <usize>size)
            let place = placeOf(word)
            if (v128.any_true(v128.xor(word, v128.load(place)))) place = missed(from, at, place, word)
            info = load<u64>(place, 16)
          }
          const how =
            <i32>(written != 0) | (<i32>(written == within) << 1) | (<i32>(written == 1) << 2) | (<i32>(size == 1) << 3) | (digits << 4)
          shape = load<u8>(SHAPES + <usize>how)
          if (shape == MIXED) shape = writing(from, at)
          met |= digits << 2
        } else {
          at = other(from)
          shape = shapeOfOther
          info = infoOfOther
          odd = i32((kindOfOther & FOREIGN) != 0)
          owned = ownedByOther
          met |= kindOfOther
        }
        const between = gapBefore(done, from)
        const word = wordsAt + (<usize>found << 4)
        store<u64>(word, <u64>from | (<u64>at << 32))
        store<u64>(word, info | (<u64>(owned != 0) << OWNED) | (<u64>shape << 48) | (<u64>between << 56), 8)
        all |= info
        const isLarge = i32(<u32>(shape - 1) < 4)
        large |= isLarge
        hyphened |= isLarge & i32(between == HYPHEN)
        store<i32>(markedFrom + <usize>marks * 4, found)
        marks += ((WRITTEN >> ((shape << 1) | (<i32>(info >> STOPPER) & 1))) | <i32>(info >> <u64>BEGINS_MARK)) & 1
        store<i32>(formedFrom + <usize>forms * 4, found)
        forms += (i32(shape == NUMBER) | odd | <i32>(info >> BEGINS_FORM)) & 1
        done = at + owned
        found++
        // Behind a possessive another word may begin without anything between.
        if (owned == 0 || byteAt(done) < LEAST_LETTER) break
        from = done
        simple = false
      }
    }
    if (done > base) base = done
  }
  if (found > 0) store<u8>(wordsAt, (load<u8>(wordsAt, 15) & 0x80) | APART, 15)
  count = found
  markCount = marks
  formCount = forms
  anyClass = <i32>all & CLASSES
  anyCue = <i32>(all >> 40) & 0xff
  anyLarge = large
  anyHyphened = hyphened
  kinds = met
  return found
}

/** Whether an apostrophe or what is no ASCII, which stands behind so many letters and digits of ASCII, is no part of their word. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function ownsNothing(from: i32, size: i32): bool {
  const to = from + size
  if (size > 1 && (byteAt(to - 1) | 0x20) != 0x73 && (byteAt(to + 1) | 0x20) != 0x73) return true
  return mayOwnNothing(to, size)
}

function mayOwnNothing(to: i32, size: i32): bool {
  if (!isApostrophe(byteAt(to))) return true
  return possessiveEnd(to) == to && !(size == 1 && isCapital(byteAt(to + 1)))
}

/** What stands between a word and where the one before it ends. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function gapBefore(done: i32, from: i32): u8 {
  const apart = from - done
  const at = text + <usize>done
  const spaced = i32(apart == 2) & i32(load<u8>(at, 1) == 0x20)
  return (i32(apart == 1) | spaced) != 0 ? load<u8>(GAPS + <usize>load<u8>(at) + (<usize>spaced << 8)) : gap(done, from)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
function bits(one: v128, two: v128, three: v128, four: v128): u64 {
  return (
    <u64>i8x16.bitmask(one) | (<u64>i8x16.bitmask(two) << 16) | (<u64>i8x16.bitmask(three) << 32) | (<u64>i8x16.bitmask(four) << 48)
  )
}

/** Which bytes are among so many and one more that begin with this one. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function among(bytes: v128, first: usize, more: usize): v128 {
  return i8x16.le_u(i8x16.sub(bytes, v128.load(first)), v128.load(more))
}

/** Letters of ASCII, and what stands for others. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function lettersOf(bytes: v128): v128 {
  return v128.or(among(v128.or(bytes, v128.load(SPACES)), SMALL_AS, LETTERS), i8x16.ge_u(bytes, v128.load(BEYOND)))
}

/** Apostrophes, and all that is no ASCII. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function signsOf(bytes: v128): v128 {
  return v128.or(bytes, i8x16.eq(bytes, v128.load(APOSTROPHES)))
}

/** Of a word of letters and digits of ASCII; a small letter stays itself. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function smallLetters(at: usize, size: usize): v128 {
  return v128.and(v128.or(v128.load(at), v128.load(SPACES)), v128.load(MASKS + (size << 4)))
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
function placeOf(word: v128): usize {
  const mixed =
    (i64x2.extract_lane(word, 0) * 0x9e3779b97f4a7c15) ^ (i64x2.extract_lane(word, 1) * 0xc2b2ae3d27d4eb4f)
  return RECENT + <usize>(<u64>mixed >> 51) * PLACE
}

/** Where a word of letters of ASCII stands, 15 at most. */
function placeFor(from: i32, to: i32): usize {
  const word = smallLetters(text + <usize>from, <usize>(to - from))
  const place = placeOf(word)
  return v128.any_true(v128.xor(word, v128.load(place))) ? missed(from, to, place, word) : place
}

/** Which of four places beside each other is given up next, where all are taken. */
let givenUp: usize = 0

/** The place of a word that does not stand in its own: one of the three beside it, or one that is given up for it. */
function missed(from: i32, to: i32, own: usize, word: v128): usize {
  let free = own
  for (let beside: usize = PLACE; beside < 4 * PLACE; beside += PLACE) {
    const place = own ^ beside
    if (!v128.any_true(v128.xor(word, v128.load(place)))) return place
    if (!v128.any_true(v128.load(place)) && v128.any_true(v128.load(free))) free = place
  }
  if (v128.any_true(v128.load(free))) {
    givenUp += PLACE
    free = own ^ (givenUp & (3 * PLACE))
  }
  v128.store(free, word)
  look(from, to, free)
  return free
}

let shapeOfOther: i32 = 0
let infoOfOther: u64 = 0
let kindOfOther: i32 = 0
/** Bytes of its possessive. */
let ownedByOther: i32 = 0

/** Where a word ends that is long, owns what follows, or is not of ASCII alone. */
function other(from: i32): i32 {
  const kind = long(from)
  const to = end
  kindOfOther = kind
  ownedByOther = isApostrophe(byteAt(to)) ? possessiveEnd(to) - to : 0
  if ((kind & DIGIT) != 0) {
    shapeOfOther = NUMBER
    infoOfOther = 0
    return to
  }
  shapeOfOther = writing(from, to)
  let place = LONG
  if ((kind & FOREIGN) != 0 || to - from > 15) look(from, to, place)
  else place = placeFor(from, to)
  infoOfOther = load<u64>(place, 16)
  return to
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
