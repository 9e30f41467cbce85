// What is known of words that were met of late: texts are made of the same few thousand. Who is not among them is looked up in the
// lexicon, by JavaScript.

import { asked, TOWN } from './asked'
import { PLACE as PLACE_NAME } from './classes'
import { EIGHTS, MASKS, PLACE, RECENT, text, WATCHED } from './memory'
import { SPACES } from './vectors'

/** Has what is known of the word between these two written to a place. */
@external('words', 'look')
export declare function look(start: i32, end: i32, place: usize): void

/** The word that stands in the text's place is looked up where it stands: rules begin at it, or are left out where no such word is. */
export function watch(size: i32): void {
  store<u8>(WATCHED + watchedHash(load<u64>(text) & load<u64>(MASKS + (<usize>size << 4))), 1)
}

/** Of a word's first eight small letters. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function watchedHash(letters: u64): usize {
  return <usize>((letters * 0x9e3779b97f4a7c15) >> 48)
}

/** All bits of a word of small letters that is looked up where it stands, or of one that looks alike; 0 of all others. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function watchedAt(from: i32, size: usize): u64 {
  return 0 - <u64>load<u8>(WATCHED + watchedHash(load<u64>(<usize>from, text) & load<u64>(EIGHTS + (size << 3))))
}

/** Of a word of letters and digits of ASCII; a small letter stays itself. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function smallLetters(from: i32, size: usize): v128 {
  return v128.and(v128.or(v128.load(<usize>from, text), v128.load(SPACES)), v128.load(MASKS + (size << 4)))
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function placeOf(word: v128): usize {
  const mixed =
    (i64x2.extract_lane(word, 0) * 0x9e3779b97f4a7c15) ^ (i64x2.extract_lane(word, 1) * 0xc2b2ae3d27d4eb4f)
  return RECENT + <usize>(<u64>mixed >> 51) * PLACE
}

/** Where a word of letters of ASCII stands, 15 at most. */
export function placeFor(from: i32, to: i32): usize {
  const word = smallLetters(from, <usize>(to - from))
  const place = placeOf(word)
  return v128.any_true(v128.xor(word, v128.load(place))) ? missed(from, to, place, word) : place
}

/** Whether these words, spaces between them, name one town together. Asked of the lexicon where they are long or not of ASCII alone. */
export function areTown(from: i32, to: i32): bool {
  const size = <usize>(to - from)
  if (size > 15 || i8x16.bitmask(smallLetters(from, size)) != 0) return asked(TOWN, from, to) == 1
  return (<i32>(load<u64>(placeFor(from, to), 16) >> 32) & PLACE_NAME) != 0
}

/** Which of four places beside each other is given up next, where all are taken. */
let givenUp: usize = 0

/** The place of a word that does not stand in its own: one of the three beside it, or one that is given up for it. */
export function missed(from: i32, to: i32, own: usize, word: v128): usize {
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
