// Cuts a text into words, one after the other, in one pass, in steps of 64 bytes and of 16. tokens.ts says what is written down of each;
// letters.ts what the bytes are. Zeros stand behind the text, 64 at least.

import { byteAt, LEAST_LETTER, length, LONG, text } from './memory'
import { look, missed, placeFor, placeOf, smallLetters, watchedAt } from './recent'
import { isCapital, isDigit, isSmall } from './signs'
import { among, APOSTROPHES, BEYOND, LARGE_AS, LETTERS, NINES, SMALL_AS, SPACES, ZEROS } from './vectors'
import { BEGINS_MARK, DIGIT, FOREIGN, formed, headed, HEADS, joined, marked, UNMEASURED, UNSEEN, words, written, writtenOf } from './words'
import { APART, CAPITALISED, CAPITALS, gapBefore, HYPHEN, INITIAL, isApostrophe, MIXED, NUMBER, possessiveEnd, SMALL, SPACE, writing } from './writing'

/** classes.ts: The, On. Rules begin at them where they are written as initials alone. */
const STOPPER: u64 = 27
const BEGINS_FORM: u64 = 30
const OWNED: u64 = 31
/** Twice a shape, and one more of a stopper: whether rules begin at what is written so. */
const WRITTEN: i32 = 0x3f4
/** By what is written large in a word, whether all of it or the first letter, whether it is one letter, and has digits. */
const SHAPES: usize = memory.data(32)

/** Before all else. */
export function prepareShapes(): void {
  for (let how = 0; how < 32; how++) {
    let shape = MIXED
    if ((how & 16) != 0) shape = NUMBER
    else if ((how & 1) == 0) shape = SMALL
    else if ((how & 2) != 0) shape = (how & 8) != 0 ? INITIAL : CAPITALS
    else if ((how & 4) != 0) shape = CAPITALISED
    store<u8>(SHAPES + <usize>how, <u8>shape)
  }
}

/** What is written down so far, and at how many words rules begin; up to where, possessives with them. */
let found: i32 = 0
let marks: i32 = 0
let heads: i32 = 0
let forms: i32 = 0
let joins: i32 = 0
let done: i32 = 0
/** What the words are together: see `writtenOf`. */
let all: u64 = 0
let large: i32 = 0
let met: i32 = 0

/** Writes down the words of the text. Returns how many they are. */
export function cutWords(): i32 {
  found = marks = heads = forms = joins = done = large = met = 0
  all = 0
  for (let base = 0; base < length; ) {
    // What is known of 64 bytes at once: no word waits for the end of the one before.
    const one = v128.load(<usize>base, text)
    const two = v128.load(<usize>base, text + 16)
    const three = v128.load(<usize>base, text + 32)
    const four = v128.load(<usize>base, text + 48)
    const larges = bits(among(one, LARGE_AS, LETTERS), among(two, LARGE_AS, LETTERS), among(three, LARGE_AS, LETTERS), among(four, LARGE_AS, LETTERS))
    const numeric = bits(among(one, ZEROS, NINES), among(two, ZEROS, NINES), among(three, ZEROS, NINES), among(four, ZEROS, NINES))
    const signs = bits(signsOf(one), signsOf(two), signsOf(three), signsOf(four))
    const inWords = bits(lettersOf(one), lettersOf(two), lettersOf(three), lettersOf(four)) | numeric
    met |= i32(numeric != 0) << 2
    // A word that goes on behind them is left to the next piece, unless it is longer than one.
    const open = clz(~inWords)
    let begins = inWords & ~(inWords << 1)
    if (open < 64) begins &= u64.MAX_VALUE >> open
    if (signs == 0 && open < 64) {
      const spaces = bits(equal(one, SPACES), equal(two, SPACES), equal(three, SPACES), equal(four, SPACES))
      cutPlain(base, begins & (spaces << 1) & (inWords << 2), begins, inWords, larges, numeric)
    }
    else cutAny(base, begins, inWords, larges, numeric, signs)
    base += open < 64 ? 64 - <i32>open : 64
    if (done > base) base = done
  }
  if (found > 0) store<u8>(words, (load<u8>(words, 15) & 0x80) | APART, 15)
  written(found, marks, heads, forms, joins)
  writtenOf(all, large, met)
  return found
}

/**
 * Words of a piece that has letters and digits of ASCII alone, and no apostrophes. All of them are written down as small letters that
 * nobody asks for, or as numbers; then those that are neither, once more. `spaced`: words that one space parts from the one before. What is done for each of them is done in as few steps as can be.
 */
function cutPlain(piece: i32, spaced: u64, begins: u64, inWords: u64, larges: u64, numeric: u64): void {
  let word = words + (<usize>found << 4)
  let watched: u64 = 0
  // Where one begins and where it ends by turns: two masks would be one more than a processor has places for.
  for (let edges = begins | (~inWords & (inWords << 1)); edges != 0; ) {
    const ends = edges & (edges - 1)
    const lowest = edges ^ ends
    const bit = ctz(edges)
    const stop = ctz(ends)
    edges = ends & (ends - 1)
    const from = piece + <i32>bit
    watched |= lowest & watchedAt(from, <usize>(stop - bit))
    store<i32>(word, from)
    store<i32>(word, piece + <i32>stop, 4)
    store<u64>(word, (lowest & spaced) != 0 ? UNSEEN | (<u64>SPACE << 56) : UNSEEN | UNMEASURED, 8)
    word += 16
  }
  // Of a word that begins with a digit nothing is known. Of others a capital, a digit or a sixteenth character stops the one that is
  // added at their beginning and carried on as far as they are alike.
  const numbers = begins & numeric
  const four = inWords & (inWords << 1) & (inWords << 2) & (inWords << 3)
  const eight = four & (four << 4)
  const unlike = larges | numeric | (eight & (eight << 8))
  const stopped = ((inWords & ~unlike) + (begins ^ numbers)) & unlike
  let forming = numbers
  let last = -1
  for (let left = stopped | (watched & ~numbers); left != 0; left &= left - 1) {
    const bit = ctz(left)
    const index = found + indexOf(begins, bit)
    if (index == last) continue
    last = index
    forming |= <u64>writeAgain(index, piece, larges, numeric) << bit
  }
  for (; forming != 0; forming &= forming - 1) {
    const bit = ctz(forming)
    const index = found + indexOf(begins, bit)
    if (((numbers >> bit) & 1) != 0) writeKnown(words + (<usize>index << 4), 0, NUMBER)
    form(index)
  }
  found += <i32>popcnt(begins)
  if (begins != 0) done = load<i32>(word - 16, 4)
}

/** Which of the words that begin at these bits holds this one. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function indexOf(begins: u64, bit: u64): i32 {
  return <i32>popcnt(begins & ((<u64>2 << bit) - 1)) - 1
}

/** A rule of form begins at this word. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function form(word: i32): void {
  store<i32>(formed + <usize>forms * 4, word)
  forms++
}

/** What is known of a word whose gap was written down before. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function writeKnown(word: usize, info: u64, shape: i32): void {
  store<u64>(word, info | (<u64>shape << 48) | (<u64>(load<u8>(word, 15) & 0x7f) << 56), 8)
}

/** What is known of a word of ASCII that owns nothing. Returns whether a rule of form begins at it. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function writeAgain(index: i32, piece: i32, larges: u64, numeric: u64): i32 {
  const word = words + (<usize>index << 4)
  const from = load<i32>(word)
  const to = load<i32>(word, 4)
  const bit = from - piece
  let shape = 0
  let info: u64 = 0
  if (to - from < 16) {
    const within = (<u64>1 << (to - from)) - 1
    const digits = (numeric >> bit) & within
    if (digits == 0) info = knownOf(from, to)
    const capitals = (larges >> bit) & within
    // As most of them are: a capital, and small letters.
    shape = capitals == 1 && digits == 0 && within > 1 ? CAPITALISED : shapeOf(capitals, within, digits, from, to)
  } else {
    other(from)
    shape = shapeOfOther
    info = infoOfOther
  }
  writeKnown(word, info, shape)
  mark(index, info, shape, i32(byteAt(from - 1) == 0x2d))
  return i32(shape == NUMBER) | (<i32>(info >> BEGINS_FORM) & 1)
}

/** What is known of a word of letters of ASCII, 15 at most. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function knownOf(from: i32, to: i32): u64 {
  const word = smallLetters(from, <usize>(to - from))
  let place = placeOf(word)
  if (v128.any_true(v128.xor(word, v128.load(place)))) place = missed(from, to, place, word)
  return load<u64>(place, 16)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
function shapeOf(larges: u64, within: u64, numeric: u64, from: i32, to: i32): i32 {
  const how =
    <i32>(larges != 0) | (<i32>(larges == within) << 1) | (<i32>(larges == 1) << 2) | (<i32>(within == 1) << 3) | (<i32>(numeric != 0) << 4)
  const shape = <i32>load<u8>(SHAPES + <usize>how)
  return shape == MIXED ? writing(from, to) : shape
}

/** Notes what a word adds to all of them, and whether rules of people and places begin at it. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function mark(index: i32, info: u64, shape: i32, behindHyphen: i32): void {
  all |= info
  const isLarge = i32(<u32>(shape - 1) < 4)
  large |= isLarge
  store<i32>(joined + <usize>joins * 4, index)
  joins += isLarge & behindHyphen
  store<i32>(marked + <usize>marks * 4, index)
  store<i32>(headed + <usize>heads * 4, index)
  const begins = ((WRITTEN >> ((shape << 1) | (<i32>(info >> STOPPER) & 1))) | <i32>(info >> <u64>BEGINS_MARK)) & 1
  marks += begins
  heads += begins & i32((<i32>info & HEADS) != 0)
}

/** Words of a piece that may have anything: what is no ASCII, possessives, more than 64 characters. */
function cutAny(piece: i32, begins: u64, inWords: u64, larges: u64, numeric: u64, signs: u64): void {
  for (; begins != 0; begins &= begins - 1) {
    const bit = ctz(begins)
    let from = piece + <i32>bit
    // A possessive's s, or the second half of O'Brien.
    if (from < done) continue
    const size = ctz(~(inWords >> bit))
    const within = (<u64>1 << size) - 1
    let simple = size < 16 && ((signs >> bit) & within) == 0 && (((signs >> bit >> size) & 1) == 0 || ownsNothing(from, <i32>size))
    for (;;) {
      let to = 0
      let shape = 0
      let owned = 0
      let odd = 0
      let info: u64 = 0
      if (simple) {
        to = from + <i32>size
        const digits = (numeric >> bit) & within
        // Of what has a digit nothing is known.
        const capitals = (larges >> bit) & within
        if (digits == 0) info = capitals == 0 && watchedAt(from, <usize>size) == 0 ? UNSEEN : knownOf(from, to)
        shape = shapeOf(capitals, within, digits, from, to)
      } else {
        to = other(from)
        shape = shapeOfOther
        info = infoOfOther
        odd = i32((kindOfOther & FOREIGN) != 0)
        owned = ownedByOther
        met |= kindOfOther
      }
      const between = gapBefore(done, from)
      const word = words + (<usize>found << 4)
      store<u64>(word, <u64>from | (<u64>to << 32))
      store<u64>(word, info | (<u64>(owned != 0) << OWNED) | (<u64>shape << 48) | (<u64>between << 56), 8)
      mark(found, info, shape, i32(between == HYPHEN))
      if (((i32(shape == NUMBER) | odd | <i32>(info >> BEGINS_FORM)) & 1) != 0) form(found)
      done = to + owned
      found++
      // Behind a possessive another word may begin without anything between.
      if (owned == 0 || byteAt(done) < LEAST_LETTER) break
      from = done
      simple = false
    }
  }
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

// @ts-ignore: AssemblyScript inlines by decorator
@inline
function bits(one: v128, two: v128, three: v128, four: v128): u64 {
  return (
    <u64>i8x16.bitmask(one) | (<u64>i8x16.bitmask(two) << 16) | (<u64>i8x16.bitmask(three) << 32) | (<u64>i8x16.bitmask(four) << 48)
  )
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
function equal(bytes: v128, sixteen: usize): v128 {
  return i8x16.eq(bytes, v128.load(sixteen))
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
