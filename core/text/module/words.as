// Words of a text, as cutting.as writes them down: what each is, and at which of them rules begin. tokens.ts has the same.

import {
  BODY_START, CREDENTIAL, EPONYM_HEAD, FACILITY, NAMING, PERSON, PLAIN_FACILITY, SCORED, STOPPER, STREET, TITLE, WEAK_EPONYM_HEAD, WEAK_FACILITY,
} from './classes'
import { placeFor } from './recent'
import { CAPITALISED, gapBefore, HYPHEN, NUMBER, possessiveEnd, SMALL } from './writing'

/** Kinds of characters: letters.ts. */
export const DIGIT: i32 = 4
export const FOREIGN: i32 = 8
/** What is known of a word, as tokenize.ts writes it: its classes, and whether rules begin at it; then its flags and cues. */
const CLASSES: i32 = (1 << 29) - 1
export const BEGINS_MARK: i32 = 29
/** Beside its gap: that what is known of it was not asked for yet. */
export const UNSEEN: u64 = 1 << 63
/** That its gap was not asked for yet. */
export const UNMEASURED: u64 = 1 << 59
/** cues.ts */
export const CUE_MONTH: i32 = 1
export const CUE_WEEKDAY: i32 = 2
export const CUE_OLD_AGE: i32 = 4
export const ANNOUNCES: i32 = 8
/** www, com */
export const WEB: i32 = 16
export const CUE_BOX: i32 = 32
export const PLATE_WORD: i32 = 64

/** Classes that a rule of people and places begins at, whatever the words beside are. */
export const HEADS: i32 =
  TITLE | CREDENTIAL | FACILITY | WEAK_FACILITY | PLAIN_FACILITY | NAMING | PERSON | EPONYM_HEAD | WEAK_EPONYM_HEAD | STREET | BODY_START | SCORED

/** Of each word: start, end, what is known of it, and as bytes flags, cues, shape and gap. */
export let words: usize = 0
export let marked: usize = 0
export let formed: usize = 0
export let headed: usize = 0
/** Words written large behind a hyphen: in the place of the list of all that is found, which is made when no rule asks for these any more. */
export let joined: usize = 0
export let claims: usize = 0

export let count: i32 = 0
export let markCount: i32 = 0
export let headCount: i32 = 0
export let formCount: i32 = 0
export let joinCount: i32 = 0
export let anyClass: i32 = 0
export let anyCue: i32 = 0
export let anyLarge: i32 = 0
export let kinds: i32 = 0

/** Room for `most` words, from `room` on. Returns where that ends. */
export function wordsRoom(room: usize, most: usize): usize {
  words = room
  marked = words + most * 16
  formed = marked + most * 4
  headed = formed + most * 4
  claims = headed + most * 4
  // One more is asked for, eight at a time.
  joined = claims + most + 16
  return joined
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

/** The same as far as somebody asked. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function seenOf(word: i32): i32 {
  return load<i32>(words + (<usize>word << 4), 8)
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
  const gap = load<u8>(words + (<usize>word << 4), 15)
  return (gap & <u8>(UNMEASURED >> 56)) == 0 ? gap & 7 : measure(word)
}

/** What stands before a word that no rule asked for until now. */
function measure(word: i32): i32 {
  const at = words + (<usize>word << 4)
  const end = load<i32>(at - 16, 4)
  const between = gapBefore(isOwned(word - 1) ? possessiveEnd(end) : end, load<i32>(at))
  store<u8>(at, (load<u8>(at, 15) & 0x80) | between, 15)
  return between
}

/** The same of all. */
export function measureAll(): void {
  for (let i = 0; i < count; i++) gapOf(i)
}

/** All that is known of a word: its classes, and its flags and cues above them. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function knownOf(word: i32): u64 {
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

/** Those of them whose class is what a rule begins at: of names none. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function headAt(index: i32): i32 {
  return load<i32>(headed + <usize>index * 4)
}

/** And those that are written large behind a hyphen. */
export function joinedAt(index: i32): i32 {
  return load<i32>(joined + <usize>index * 4)
}

/** Whether rules of people and places begin at a word written large: at all but stoppers with a capital. */
export function isMarked(word: i32): bool {
  return shapeOf(word) != CAPITALISED || (classesOf(word) & (STOPPER | (1 << BEGINS_MARK))) != STOPPER
}

/** Which words rules of people and places begin at, where the writing of some is taken for another. */
export function markAnew(): void {
  let marks = 0
  let heads = 0
  let joins = 0
  for (let i = 0; i < count; i++) {
    const shape = shapeOf(i)
    if (shape == NUMBER || (shape == SMALL && (classesOf(i) & (1 << BEGINS_MARK)) == 0)) continue
    if (shape != SMALL && gapOf(i) == HYPHEN) {
      store<i32>(joined + <usize>joins * 4, i)
      joins++
    }
    store<i32>(marked + <usize>marks * 4, i)
    marks++
    if ((classesOf(i) & HEADS) == 0) continue
    store<i32>(headed + <usize>heads * 4, i)
    heads++
  }
  markCount = marks
  headCount = heads
  joinCount = joins
}

/** What was written down: how many words, at how many of them rules begin, and how many are large behind a hyphen. */
export function written(words: i32, marks: i32, heads: i32, forms: i32, joins: i32): void {
  count = words
  markCount = marks
  headCount = heads
  formCount = forms
  joinCount = joins
}

/** What they are all together: their classes and cues; whether one is large; kinds of characters. */
export function writtenOf(all: u64, large: i32, met: i32): void {
  anyClass = <i32>all & CLASSES
  anyCue = <i32>(all >> 40) & 0xff
  anyLarge = large
  kinds = met
}
