// What the module remembers from document to document, for those outside: names of members, terms, and where what is known of
// them is written.

import {
  BORN, DOCUMENT, FOLLOWER, KEPT, NAMES, NAME_SAID, NAME_TERM, PARTS, SIGNS, TERMS, TERM_READING, TERM_SAID,
} from './map'
import { add, count, find, forget, lengthOf, placeOf } from './spellings'

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
  if (which == 5) return BORN
  return which == 6 ? KEPT : PARTS
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
