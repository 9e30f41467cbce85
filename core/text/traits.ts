// What a word is by itself and beside its neighbours: what rules of people and of places ask alike.

import * as classes from './classes.ts'
import { byteAt } from './letters.ts'
import { english, everyday, medical, place } from './lexicon.ts'
import { gaps, shapes, type Tokens } from './tokens.ts'
import { isDigit, isLetter } from './word.ts'
import { lookUp, type WordTable, wordTable } from './word-table.ts'

/** Written large, and not because a sentence or heading begins here. */
export function isLarge({ shape }: Tokens, i: number): boolean {
  const kind = shape[i]
  return kind === shapes.capitalised || kind === shapes.capitals || kind === shapes.initial
}

export function is({ classes }: Tokens, i: number, bits: number): boolean {
  return ((classes[i] as number) & bits) !== 0
}

/** No list has it as a word of English or medicine. */
export function isStrange(words: Tokens, i: number): boolean {
  const flags = words.flags[i] as number
  return (
    (flags & (english | medical)) === 0 &&
    !is(words, i, classes.proper | classes.heading | classes.stopper | classes.acronym | classes.title)
  )
}

export function isPlaceName(words: Tokens, i: number): boolean {
  const flags = words.flags[i] as number
  return (flags & place) !== 0 && (flags & everyday) === 0 && !is(words, i, classes.proper | classes.stopper)
}

/** A word that goes on the one before it: by a space, a hyphen, or a short form's full stop. */
export function goesOn(words: Tokens, i: number): boolean {
  const gap = words.gap[i]
  if (gap === gaps.space || gap === gaps.hyphen || gap === gaps.ampersand) return true
  return gap === gaps.dotSpace && isShortForm(words, i - 1)
}

function isShortForm(words: Tokens, i: number): boolean {
  const length = (words.end[i] as number) - (words.start[i] as number)
  if (words.shape[i] === shapes.initial) return true
  return (
    length <= 4 &&
    words.shape[i] === shapes.capitalised &&
    is(
      words,
      i,
      classes.placePrefix | classes.title | classes.street | classes.facility | classes.weakFacility,
    )
  )
}

export function stops(words: Tokens, i: number): boolean {
  if (is(words, i, classes.stopper) || is(words, i, classes.month)) return true
  // A heading's or sentence's first word.
  const gap = words.gap[i]
  return is(words, i, classes.heading) && (gap === gaps.apart || gap === gaps.dotSpace)
}

/** 5th, of three digits at most. */
export function isOrdinal(words: Tokens, i: number): boolean {
  if (words.shape[i] !== shapes.number) return false
  const [from, to] = [words.start[i] as number, words.end[i] as number]
  return to - from <= 5 && to - from >= 3 && digitsFrom(words, i) === to - from - 2 && endsOrdinal(words, to)
}

/** With how many digits a word begins. */
function digitsFrom({ bytes, start, end }: Tokens, i: number): number {
  let at = start[i] as number
  while (at < (end[i] as number) && isDigit(bytes[at] as number)) at += 1
  return at - (start[i] as number)
}

function endsOrdinal({ text }: Tokens, to: number): boolean {
  return lookUp(ordinalEnds, text, to - 2, to) === true
}

const ordinalEnds = wordTable(['st', 'nd', 'rd', 'th'].map((end) => [end, true] as const))

/** 12, 12a, 12th (in small letters): six digits at most. */
export function isHouseNumber(words: Tokens, i: number): boolean {
  const digits = digitsFrom(words, i)
  if (digits === 0 || digits > 6) return false
  const to = words.end[i] as number
  const left = to - (words.start[i] as number) - digits
  const last = byteAt(words.bytes, to - 1)
  if (left === 0) return true
  if (left === 1) return isLetter(last)
  const small = last >= 0x61 && byteAt(words.bytes, to - 2) >= 0x61
  return left === 2 && small && endsOrdinal(words, to)
}

/** A number of that many digits, and nothing else. */
export function isNumberOf(words: Tokens, i: number, least: number, most: number): boolean {
  const digits = words.shape[i] === shapes.number ? digitsFrom(words, i) : 0
  return digits >= least && digits <= most && digits === (words.end[i] as number) - (words.start[i] as number)
}

export function isWord({ text, start, end }: Tokens, i: number, table: WordTable<true>): boolean {
  return lookUp(table, text, start[i] as number, end[i] as number) === true
}

export const those = (words: string): WordTable<true> =>
  wordTable(words.split(' ').map((word) => [word, true] as const))
