// What is left of a text: a mark in the place of each identifier, or the year of a date. One that is not ASCII is written as it came, in
// code units.

import { combined, endAt, startAt, typeAt, yearAt } from './findings'
import { units } from './folding'
import { text } from './memory'
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
 * In the place of the words, which nobody asks for any more: a text of half as many words as characters, with the longest mark for each,
 * takes less than they do; in code units it goes on into the list, where only what was read of it is written over. `wide`: the text as it
 * came, of `size` code units, where the places in the list are those of it. Returns where it ends.
 */
export function writeText(years: bool, wide: bool, size: i32): usize {
  memory.fill(COUNTS, 0, TYPES * 4)
  kindsFound = 0
  let to = words
  let from: i32 = 0
  for (let i = 0; i < combined; i++) {
    to = copy(to, from, startAt(i), wide)
    from = endAt(i)
    const type = typeAt(i)
    const count = COUNTS + <usize>type * 4
    if (load<i32>(count) == 0) {
      store<i32>(ORDER + <usize>kindsFound * 4, type)
      kindsFound++
    }
    store<i32>(count, load<i32>(count) + 1)
    const year = yearAt(i)
    to =
      years && type == DATE && year >= 0
        ? write(to, v128.load32_zero(text + <usize>year), 4, wide)
        : write(to, v128.load(MARKS + <usize>type * 16), load<i32>(SIZES + <usize>type * 4), wide)
  }
  return copy(to, from, size, wide)
}

/** Letters of ASCII. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function write(to: usize, letters: v128, size: i32, wide: bool): usize {
  if (!wide) {
    v128.store(to, letters)
    return to + <usize>size
  }
  v128.store(to, i16x8.extend_low_i8x16_u(letters))
  v128.store(to, i16x8.extend_high_i8x16_u(letters), 16)
  return to + (<usize>size << 1)
}

/** In steps of 16 bytes, a few more than there are, and what is short at once: zeros stand behind the text. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function copy(to: usize, from: i32, end: i32, wide: bool): usize {
  const source = wide ? units + (<usize>from << 1) : text + <usize>from
  const size = <usize>(end - from) << <usize>wide
  let at: usize = 0
  if (!wide) {
    v128.store(to, v128.load(source))
    v128.store(to, v128.load(source, 16), 16)
    v128.store(to, v128.load(source, 32), 32)
    at = 48
  }
  for (; at < size; at += 16) v128.store(to + at, v128.load(source + at))
  return to + size
}
