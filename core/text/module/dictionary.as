// Words that rules of form know, by their letters: open addressing over 16 bytes of each. Which word says what stands in
// form-words.ts, whose bits these are.

import { byteAt, KNOWN, MASKS, PAIRS, PAIR_COUNT, PLACE, text } from './memory'

/** What a word announces by itself: its type and one more. */
export const TYPE: u64 = 0x1f
export const BETWEEN: u64 = 1 << 5
export const MARK: u64 = 1 << 6
export const VAGUE: u64 = 1 << 7
/** Number of a word that announces. */
export const NUMBER_SHIFT: u64 = 8
export const SPECIFIC: u64 = 1 << 16
export const CODE_END: u64 = 1 << 17
export const SUBSTANCE: u64 = 1 << 18
export const UNIT_START: u64 = 1 << 19
export const UNIT: u64 = 1 << 20
export const QUANTITY_LETTERS: u64 = 1 << 21
export const MONTH: u64 = 1 << 22
export const WEEKDAY: u64 = 1 << 23
export const OLD_AGE: u64 = 1 << 24
export const ORDINAL: u64 = 1 << 25
export const ORDINAL_UNIT: u64 = 1 << 26
export const BEFORE_DAY: u64 = 1 << 27
export const BEFORE_MONTH: u64 = 1 << 28
export const BEFORE_WEEKDAY: u64 = 1 << 29
export const BEHIND_WEEKDAY: u64 = 1 << 30
export const TEMPERATURE: u64 = 1 << 31
export const POSSESSIVE: u64 = 1 << 32
export const OF_AGE: u64 = 1 << 33
export const AFTER_SEX: u64 = 1 << 34
export const FAX: u64 = 1 << 35
export const AFTER_FAX: u64 = 1 << 36
/** Stands between an announcement and its number, and announces nothing itself: "on", "of". */
export const FILLS: u64 = 1 << 37
export const AGE_UNIT: u64 = 1 << 38
export const TRIAL: u64 = 1 << 39
export const STATE: u64 = 1 << 40
export const IN_BUILDING: u64 = 1 << 41
export const BEFORE_STREET: u64 = 1 << 42
export const SURE_STREET: u64 = 1 << 43
/** Names one with Day behind it. */
export const FEAST: u64 = 1 << 44
/** Is measured, and stands before its number. */
export const MEASURED: u64 = 1 << 45
/** com, and us: the last part of a host's name. */
export const HOST_END: u64 = 1 << 46
export const WEAK_HOST_END: u64 = 1 << 47
export const PUBLIC_HOST: u64 = 1 << 48
/** Before a number of three digits and more that is dialled. */
export const SHORT_PHONE: u64 = 1 << 49
/** "GCS 3/15", "murmur 3/6"; "3/14 nodes" */
export const BEFORE_SHARE: u64 = 1 << 50
export const BEHIND_SHARE: u64 = 1 << 51
/** "on the 5th at noon" */
export const BEHIND_DAY: u64 = 1 << 52
/** "91 female" */
export const SEX: u64 = 1 << 53
/** Clinicians write it large, and it is nobody's name. */
export const TERM: u64 = 1 << 54
/** "Cedar Rapids" */
export const TOWN_HEAD: u64 = 1 << 55
/** "her daughter Case" */
export const KIN: u64 = 1 << 56
/** "Attending: Lawless" */
export const OFFICE: u64 = 1 << 57
/** The same bits of words that are no person: "Swedish First Hill", "Sharp Memorial" */
export const BRAND: u64 = KIN
export const SHARED_BRAND: u64 = OFFICE
/** "this morning" */
export const PART_OF_DAY: u64 = 1 << 58
/** "spring break" */
export const SEASON: u64 = 1 << 59
/** A digit as it is read out. */
export const SPOKEN_DIGIT: u64 = 1 << 60
/** Of a year in words. */
export const SPOKEN: u64 = 1 << 61
/** "end of May" */
export const PART_OF_MONTH: u64 = 1 << 62
/** "born 1930" */
export const BIRTH: u64 = 1 << 63

/** The small letters of a word of 16 bytes at most, which letters and digits alone are. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function lettersOf(start: i32, size: i32): v128 {
  return v128.and(v128.or(v128.load(text + start), i8x16.splat(0x20)), v128.load(MASKS + (<usize>size << 4)))
}

function placeOf(word: v128): usize {
  const mixed =
    (i64x2.extract_lane(word, 0) * 0x9e3779b97f4a7c15) ^ (i64x2.extract_lane(word, 1) * 0xc2b2ae3d27d4eb4f)
  let place = KNOWN + <usize>(<u64>mixed >> 52) * PLACE
  // Less than a third of the places is taken.
  while (v128.any_true(v128.load(place)) && v128.any_true(v128.xor(v128.load(place), word)))
    place = place + PLACE == PAIRS ? KNOWN : place + PLACE
  return place
}

/** By the last letter: bits of all words that end so. */
const ENDINGS: usize = memory.data(32 * 8, 8)

/** Whether the word that ends here may be one of these, by its last letter: most are none. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function mayEndAs(end: i32, bits: u64): bool {
  return (load<u64>(ENDINGS + (<usize>(byteAt(end - 1) & 31) << 3)) & bits) != 0
}

/** Words by what they say: that count or measure, that are measured, that announce. */
const KINDS: usize = 3
export const UNITS: usize = 0
export const MEASURES: usize = 1
export const ANNOUNCERS: usize = 2
/** By kind and first character: which sizes such words have, a bit each. Of most words it is known by these that they are none. */
const SIZES: usize = memory.data(<i32>KINDS * 128 * 4, 4)

// @ts-ignore: AssemblyScript inlines by decorator
@inline
function sizesFrom(kind: usize, first: u8): usize {
  return SIZES + (((kind << 7) | <usize>((first | 0x20) & 0x7f)) << 2)
}

/** Which sizes those of a kind have that begin with this character. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function sizesOf(kind: usize, first: u8): i32 {
  return load<i32>(sizesFrom(kind, first))
}

/** Whether one of a kind may stand here, by its first character and its size. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function mayBe(kind: usize, start: i32, end: i32): bool {
  return ((sizesOf(kind, byteAt(start)) >> (end - start)) & 1) != 0 && end - start <= 16
}

function learnSize(kind: usize, size: i32): void {
  const sizes = sizesFrom(kind, byteAt(0))
  store<i32>(sizes, load<i32>(sizes) | (1 << size))
}

/** Bits of the word that stands here; 0 of one that is not known. */
export function known(start: i32, end: i32): u64 {
  const size = end - start
  if (<u32>(size - 1) > 15) return 0
  return load<u64>(placeOf(lettersOf(start, size)), 16)
}

/** The word that stands in the text's place is known from now on. */
export function learn(size: i32, bits: u64): void {
  const word = lettersOf(0, size)
  const place = placeOf(word)
  v128.store(place, word)
  store<u64>(place, load<u64>(place, 16) | bits, 16)
  const ending = ENDINGS + (<usize>(byteAt(size - 1) & 31) << 3)
  store<u64>(ending, load<u64>(ending) | bits)
  if ((bits & (UNIT | UNIT_START)) != 0) learnSize(UNITS, size)
  if ((bits & MEASURED) != 0) learnSize(MEASURES, size)
  if (((bits >> NUMBER_SHIFT) & 0xff) != 0) learnSize(ANNOUNCERS, size)
}

/** Number and number of the later word, and the type and one more that both announce. */
export function learnPair(word: i32, later: i32, type: i32): void {
  let at = hashOf(word, later)
  while (load<i32>(PAIRS + at * 4) != 0) at = (at + 1) & (PAIR_COUNT - 1)
  store<i32>(PAIRS + at * 4, (word << 16) | (later << 8) | type)
}

/** Type and one more; 0 where they announce nothing together. */
export function pairOf(word: i32, later: i32): i32 {
  let at = hashOf(word, later)
  let pair = load<i32>(PAIRS + at * 4)
  while (pair != 0 && pair >> 8 != ((word << 8) | later)) {
    at = (at + 1) & (PAIR_COUNT - 1)
    pair = load<i32>(PAIRS + at * 4)
  }
  return pair & 0xff
}

function hashOf(word: i32, later: i32): usize {
  return <usize>(word * 31 + later) & (PAIR_COUNT - 1)
}
