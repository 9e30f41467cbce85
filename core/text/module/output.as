// What is left of a text: a mark in the place of each identifier, or the year of a date. Only of a text that is ASCII all of it.

import { combined, endAt, startAt, typeAt, yearAt } from './findings'
import { text, length } from './memory'
import { DATE, TYPES } from './types'
import { words } from './words'

/** By type: its mark's letters, how many they are, and how often it was found. */
const MARKS: usize = memory.data(TYPES * 16, 16)
const SIZES: usize = memory.data(TYPES * 4, 4)
export const COUNTS: usize = memory.data(TYPES * 4, 4)
/** Types that were found, in the order in which they came. */
export const ORDER: usize = memory.data(TYPES * 4, 4)
export let kindsFound: i32 = 0

/** The letters that stand in the text's place are the mark of a type from now on. */
export function learnMark(type: i32, size: i32): void {
  v128.store(MARKS + <usize>type * 16, v128.load(text))
  store<i32>(SIZES + <usize>type * 4, size)
}

/**
 * In the place of the words, which nobody asks for any more: a text of half as many words as characters, with the longest
 * mark for each, takes less than they do. Returns where it ends.
 */
export function writeText(years: bool): usize {
  memory.fill(COUNTS, 0, TYPES * 4)
  kindsFound = 0
  let to = words
  let from: i32 = 0
  for (let i = 0; i < combined; i++) {
    to = copy(to, from, startAt(i))
    from = endAt(i)
    const type = typeAt(i)
    const count = COUNTS + <usize>type * 4
    if (load<i32>(count) == 0) {
      store<i32>(ORDER + <usize>kindsFound * 4, type)
      kindsFound++
    }
    store<i32>(count, load<i32>(count) + 1)
    const year = yearAt(i)
    if (years && type == DATE && year >= 0) {
      store<u32>(to, load<u32>(text + <usize>year))
      to += 4
    } else {
      v128.store(to, v128.load(MARKS + <usize>type * 16))
      to += load<i32>(SIZES + <usize>type * 4)
    }
  }
  return copy(to, from, length)
}

/** In steps of 16 bytes, a few more than there are: zeros stand behind the text. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function copy(to: usize, from: i32, end: i32): usize {
  const size = <usize>(end - from)
  for (let at: usize = 0; at < size; at += 16) v128.store(to + at, v128.load(text + <usize>from + at))
  return to + size
}
