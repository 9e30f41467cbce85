// Texts all in small letters, or all in capitals: what would bear a capital is supposed, from the lists alone.

import * as classes from './classes.ts'
import { english, everyday, first, frequent, medical, place, surname } from './lexicon.ts'
import { gaps, shapes, type Tokens } from './tokens.ts'
import { isVowel } from './word.ts'

/** Fewer words say nothing about how a text is written. */
const leastWords = 5

/**
 * True where it did. Gives words the shape that they would have in usual writing: large where they are a name or place and no other word, and
 * where they stand beside such a one and may be its other half. Nothing in a text of usual writing changes.
 */
export function supposeCapitals(words: Tokens): boolean {
  const { count, shape } = words
  let [small, capitals] = [0, 0]
  for (let i = 0; i < count; i += 1) {
    const kind = shape[i]
    if (kind === shapes.capitalised) return false
    if (kind === shapes.small) small += 1
    else if (kind === shapes.capitals && lengthOf(words, i) > 2) capitals += 1
  }
  if (small + capitals < leastWords) return false
  // Short forms are written large in texts that are small otherwise.
  const large = capitals > small * 4
  if (!large && capitals > small) return false
  const from = large ? shapes.capitals : shapes.small
  const has = (bits: number): boolean => (words.anyClass & bits) !== 0
  let supposed = suppose(words, from, isName)
  if (supposed || has(announcing)) supposed = suppose(words, from, isBeside) || supposed
  if (supposed || large || has(classes.title | classes.facility))
    for (let i = 0; i < count; i += 1) heads(words, i, from)
  // What is left is written as words that are no names.
  if (large) for (let i = 0; i < count; i += 1) if (shape[i] === shapes.capitals) shape[i] = shapes.small
  return true
}

/** Words of which this holds bear a capital from now on. True where there are any. */
function suppose(words: Tokens, from: number, holds: (words: Tokens, i: number) => boolean): boolean {
  const { count, shape } = words
  let any = false
  for (let i = 0; i < count; i += 1) {
    if (shape[i] !== from || !holds(words, i)) continue
    shape[i] = shapes.capitalised
    any = true
  }
  return any
}

/** Behind these a word may be a name that none beside it is. */
const announcing = classes.title | classes.naming | classes.at | classes.person | classes.beside

function lengthOf({ start, end }: Tokens, i: number): number {
  return (end[i] as number) - (start[i] as number)
}

function is({ classes }: Tokens, i: number, bits: number): boolean {
  return ((classes[i] as number) & bits) !== 0
}

const ordinary =
  classes.stopper |
  classes.heading |
  classes.proper |
  classes.acronym |
  classes.title |
  classes.month |
  classes.facility |
  classes.weakFacility |
  classes.eponymHead |
  classes.famousEponym |
  classes.credential |
  classes.person |
  classes.state

/** By itself: in a list of names and in none of words, or in no list. */
function isName(words: Tokens, i: number): boolean {
  if (lengthOf(words, i) < 3 || is(words, i, ordinary)) return false
  const flags = words.flags[i] as number
  // What no list has at all is more often a name than a slip of the pen: names are left out of lists, and words are not.
  if (flags === 0) return lengthOf(words, i) > 3 && isSpoken(words, i)
  if ((flags & (first | surname | place)) === 0) return false
  if ((flags & (english | medical)) === 0) return lengthOf(words, i) > 3 || (flags & frequent) !== 0
  return (flags & first) !== 0 && (flags & frequent) !== 0 && (flags & everyday) === 0
}

/** Beside a name, or behind a word that announces one: a name of more meanings, or a word that no list has. */
function isBeside(words: Tokens, i: number): boolean {
  // The other half of a double name, whatever else it means.
  if (i > 0 && words.gap[i] === gaps.hyphen && words.shape[i - 1] === shapes.capitalised)
    return lengthOf(words, i) > 2
  // "st. mary"
  const after = i + 1 < words.count && joins(words, i + 1) && words.shape[i + 1] === shapes.capitalised
  if (after && is(words, i, classes.placePrefix)) return true
  if (is(words, i, ordinary)) return false
  const flags = words.flags[i] as number
  const named = (flags & (first | surname | place)) !== 0
  const strange = (flags & (english | medical)) === 0
  if (!named && (!strange || lengthOf(words, i) < 3)) return false
  const before = i > 0 && joins(words, i) ? i - 1 : -1
  if (before >= 0) {
    if (words.shape[before] === shapes.capitalised) return strange || (flags & medical) === 0
    if (is(words, before, classes.title | classes.naming)) return true
    if (strange && is(words, before, classes.at | classes.person | classes.beside))
      return lengthOf(words, i) > 3
  }
  const next = i + 1
  if (next >= words.count || !joins(words, next)) return false
  if (words.shape[next] === shapes.capitalised)
    return strange || ((flags & first) !== 0 && (flags & medical) === 0)
  return false
}

/** Has a vowel: mgmt and pts are short forms. */
function isSpoken({ text, start, end }: Tokens, i: number): boolean {
  for (let at = start[i] as number; at < (end[i] as number); at += 1)
    if (isVowel(text.charCodeAt(at))) return true
  return false
}

function joins({ gap }: Tokens, i: number): boolean {
  return gap[i] === gaps.space || gap[i] === gaps.hyphen || gap[i] === gaps.dotSpace
}

/** Initials and heads of facilities beside what is supposed a name; the words of a facility behind "at". */
function heads(words: Tokens, i: number, from: number): void {
  const { shape, classes: bits } = words
  if (i === 0 || !joins(words, i)) return
  const before = shape[i - 1]
  if (lengthOf(words, i) === 1 && (shape[i] === shapes.small || shape[i] === shapes.initial)) {
    const announced = ((bits[i - 1] as number) & classes.title) !== 0
    const initial = before === shapes.capitalised || announced
    if (initial && words.gap[i] === gaps.space && words.possessive[i - 1] === 0) shape[i] = shapes.initial
    else if (shape[i] === shapes.initial && from === shapes.capitals) shape[i] = shapes.small
    return
  }
  if (shape[i] !== from) return
  if (((bits[i] as number) & classes.division) !== 0 && before === shapes.capitalised) {
    shape[i] = shapes.capitalised
    return
  }
  if (((bits[i] as number) & (classes.facility | classes.weakFacility)) === 0) return
  // "zelfield family clinic", "at elm street clinic": back to a name or the preposition, four words at most.
  let start = i
  while (start > 0 && i - start < 4 && joins(words, start)) {
    if (shape[start] === shapes.capitalised || is(words, start - 1, classes.stopper | classes.heading)) break
    start -= 1
  }
  const named = start < i && shape[start] === shapes.capitalised
  const at = start > 0 && start < i && is(words, start - 1, classes.at) && is(words, i, classes.facility)
  // "university of fenridge hospital"
  const of = i + 2 < words.count && is(words, i + 1, classes.joiner) && shape[i + 2] === shapes.capitalised
  if (named || at) for (let j = start; j <= i; j += 1) if (shape[j] === from) shape[j] = shapes.capitalised
  if (of) shape[i] = shapes.capitalised
}
