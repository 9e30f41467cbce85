// What parts of people's names are, and how far a name goes.

import { type Claims, isFree } from './claims.ts'
import * as classes from './classes.ts'
import { english, first, frequent, medical, surname } from './lexicon.ts'
import { gaps, shapes, type Tokens } from './tokens.ts'
import { is, isLarge } from './traits.ts'

/** Bears a capital and may be part of a person's name, by itself no proof. */
export function mayBePart(words: Tokens, i: number): boolean {
  if (words.shape[i] !== shapes.capitalised && words.shape[i] !== shapes.capitals) return false
  if (is(words, i, classes.stopper | classes.month | classes.acronym | classes.title)) return false
  const flags = words.flags[i] as number
  return (flags & (first | surname)) !== 0 || (flags & (english | medical)) === 0
}

/** A first name that is no other word, or so common a name that the other word is rarer. */
export function isFirstName(words: Tokens, i: number): boolean {
  if (words.shape[i] !== shapes.capitalised) return false
  const flags = words.flags[i] as number
  if ((flags & first) === 0 || is(words, i, classes.stopper | classes.month)) return false
  return (flags & (english | medical)) === 0 || (flags & frequent) !== 0
}

/** No name of a person has more. */
const mostWords = 4

/** The last word of a name that begins here, whatever its words are; -1 where none does. */
export function nameAfter(claims: Claims, start: number): number {
  const { words } = claims
  let end = -1
  for (let i = start; i < words.count && i < start + mostWords; i += 1) {
    if (i > start && !inName(words, i)) break
    if (!isFree(claims, i)) break
    const goes =
      words.shape[i] !== shapes.initial &&
      i + 1 < words.count &&
      isLarge(words, i + 1) &&
      inName(words, i + 1)
    if (goes && is(words, i, classes.particle)) {
      if (!isLarge(words, i) && i === start) break
      continue
    }
    if (!isLarge(words, i)) break
    if (is(words, i, classes.stopper | classes.month) && words.shape[i] !== shapes.initial) break
    if (words.shape[i] === shapes.capitals && is(words, i, classes.acronym)) break
    if (end >= 0 && is(words, i, classes.credential)) return i
    if (end >= 0 && !mayBePart(words, i) && words.shape[i] !== shapes.initial) break
    end = i
    if (words.possessive[i] === 1) break
  }
  return end
}

/** Joined to the word before it as within a name: a space, a hyphen, an initial's full stop. */
export function inName(words: Tokens, i: number): boolean {
  const gap = words.gap[i]
  if (gap === gaps.space || gap === gaps.hyphen) return true
  return (gap === gaps.dot || gap === gaps.dotSpace) && words.shape[i - 1] === shapes.initial
}

/** As far as the name goes on. */
export function grown(claims: Claims, from: number): number {
  const { words } = claims
  let end = from
  for (let i = from + 1; i < words.count && i <= from + 4 && isFree(claims, i); i += 1) {
    if (words.possessive[i - 1] === 1) break
    const gap = words.gap[i]
    if (
      gap === gaps.comma &&
      is(words, i, classes.credential) &&
      isLarge(words, i) &&
      words.shape[i] !== shapes.initial
    )
      return i
    if (!inName(words, i)) break
    if (words.shape[i] === shapes.initial) {
      end = i
      continue
    }
    // "de la Cruz" behind a double first name
    if (words.shape[i] === shapes.small && is(words, i, classes.particle)) continue
    if (!mayBePart(words, i) || is(words, i, classes.heading | classes.facility | classes.weakFacility)) break
    const flags = words.flags[i] as number
    if ((flags & medical) !== 0 && (flags & (frequent | first)) === 0) break
    end = i
  }
  return end
}
