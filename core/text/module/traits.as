// What a word is by itself and beside its neighbours: what rules of people and of places ask alike.

import {
  ACRONYM, ENGLISH, EVERYDAY, FACILITY, HEADING, MEDICAL, MONTH, PLACE, PLACE_PREFIX, PROPER, STOPPER, STREET, TITLE, WEAK_FACILITY,
} from './classes'
import { known } from './dictionary'
import { byteAt } from './memory'
import { isDigit, isLetter, saysAt } from './signs'
import { classesOf, endOf, flagsOf, gapOf, seenOf, shapeOf, startOf } from './words'
import { AMPERSAND, APART, CAPITALISED, CAPITALS, DOT_SPACE, HYPHEN, INITIAL, NUMBER, SPACE } from './writing'

/** Written large, and not because a sentence or heading begins here. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isLarge(i: i32): bool {
  // CAPITALISED, INITIAL, CAPITALS
  return <u32>(shapeOf(i) - CAPITALISED) <= <u32>(CAPITALS - CAPITALISED)
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isOf(i: i32, bits: i32): bool {
  return (classesOf(i) & bits) != 0
}

/** The same of classes for which each word is looked up where it stands (tokenize.ts): nobody has to look now. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isWatchedAs(i: i32, bits: i32): bool {
  return (seenOf(i) & bits) != 0
}

/** Whether a list has it as one of these. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function isListed(i: i32, bits: i32): bool {
  return (flagsOf(i) & bits) != 0
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function sizeOf(i: i32): i32 {
  return endOf(i) - startOf(i)
}

/** No list has it as a word of English or medicine. */
export function isStrange(i: i32): bool {
  return !isListed(i, ENGLISH | MEDICAL) && !isOf(i, PROPER | HEADING | STOPPER | ACRONYM | TITLE)
}

export function isPlaceName(i: i32): bool {
  return isListed(i, PLACE) && !isListed(i, EVERYDAY) && !isOf(i, PROPER | STOPPER)
}

/** A word that goes on the one before it: by a space, a hyphen, or a short form's full stop. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
export function goesOn(i: i32): bool {
  const gap = gapOf(i)
  if (gap == SPACE || gap == HYPHEN || gap == AMPERSAND) return true
  return gap == DOT_SPACE && isShortForm(i - 1)
}

function isShortForm(i: i32): bool {
  if (i < 0) return false
  if (shapeOf(i) == INITIAL) return true
  return sizeOf(i) <= 4 && shapeOf(i) == CAPITALISED && isOf(i, PLACE_PREFIX | TITLE | STREET | FACILITY | WEAK_FACILITY)
}

export function stops(i: i32): bool {
  if (isOf(i, STOPPER | MONTH)) return true
  // A heading's or sentence's first word.
  return isOf(i, HEADING) && (gapOf(i) == APART || gapOf(i) == DOT_SPACE)
}

/** 5th, of three digits at most. */
export function isOrdinal(i: i32): bool {
  if (shapeOf(i) != NUMBER) return false
  const size = sizeOf(i)
  return size <= 5 && size >= 3 && digitsOf(i) == size - 2 && endsOrdinal(endOf(i))
}

/** With how many digits a word begins. */
function digitsOf(i: i32): i32 {
  const from = startOf(i)
  const to = endOf(i)
  let at = from
  while (at < to && isDigit(byteAt(at))) at++
  return at - from
}

function endsOrdinal(to: i32): bool {
  return saysAt(to - 2, 'th') || saysAt(to - 2, 'st') || saysAt(to - 2, 'nd') || saysAt(to - 2, 'rd')
}

/** 12, 12a, 12th (in small letters): six digits at most. */
export function isHouseNumber(i: i32): bool {
  const digits = digitsOf(i)
  if (digits == 0 || digits > 6) return false
  const to = endOf(i)
  const left = to - startOf(i) - digits
  const last = byteAt(to - 1)
  if (left == 0) return true
  if (left == 1) return isLetter(last)
  return left == 2 && last >= 0x61 && byteAt(to - 2) >= 0x61 && endsOrdinal(to)
}

/** A number of that many digits, and nothing else. */
export function isNumberOf(i: i32, least: i32, most: i32): bool {
  const digits = shapeOf(i) == NUMBER ? digitsOf(i) : 0
  return digits >= least && digits <= most && digits == sizeOf(i)
}

/** Whether the dictionary knows it as one of these. */
export function isKnown(i: i32, bits: u64): bool {
  return (known(startOf(i), endOf(i)) & bits) != 0
}

/** Whether it is this word, in any case. */
export function isWord(i: i32, word: string): bool {
  return sizeOf(i) == word.length && saysAt(startOf(i), word)
}

/** By letter: a, e, i, o, u, y. */
const VOWELS: i32 = (1 << 1) | (1 << 5) | (1 << 9) | (1 << 15) | (1 << 21) | (1 << 25)

/** Has a vowel: mgmt and pts are short forms. Those of other scripts are spoken too. */
export function isSpoken(i: i32): bool {
  for (let at = startOf(i); at < endOf(i); at++) {
    const byte = byteAt(at)
    if (byte >= 0x80 || (isLetter(byte) && ((VOWELS >>> (byte & 0x1f)) & 1) == 1)) return true
  }
  return false
}
