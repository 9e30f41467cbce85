// Names by two parts of theirs: first names with initials or surnames, surnames first.

import { type Claims, claim, isFree, take } from './claims.ts'
import * as classes from './classes.ts'
import { english, eponym, everyday, first, frequent, medical, surname } from './lexicon.ts'
import { grown, inName, isFirstName, mayBePart } from './name-parts.ts'
import { gaps, shapes, type Tokens } from './tokens.ts'
import { is, isStrange } from './traits.ts'

/** A first name with an initial or a surname; an initial with a surname; a surname with a first name behind its comma. */
export function findPairs(claims: Claims): void {
  const { words } = claims
  for (let m = 0; m < words.marks; m += 1) {
    const i = words.marked[m] as number
    if (!isFree(claims, i)) continue
    const end = pairAt(claims, i)
    if (end >= 0) take(claims, i, end, claim.name)
  }
}

function pairAt(claims: Claims, i: number): number {
  const { words } = claims
  const next = i + 1
  if (next >= words.count || !isFree(claims, next)) return -1
  const flags = words.flags[i] as number
  if (words.shape[i] === shapes.initial) {
    // "A. Barnes", "J.R. Smith"
    let at = next
    if (!inName(words, at) || words.gap[at] === gaps.hyphen) return -1
    if (words.gap[at] === gaps.space && !isFreeOfMeaning(words, i)) return -1
    if (
      words.shape[at] === shapes.initial &&
      at + 1 < words.count &&
      inName(words, at + 1) &&
      isFree(claims, at + 1)
    )
      at += 1
    if (words.shape[at] !== shapes.capitalised || !mayBePart(words, at)) return -1
    const other = words.flags[at] as number
    if ((other & medical) !== 0 && (other & frequent) === 0) return -1
    if ((other & english) !== 0 && (other & surname) === 0) return -1
    return grown(claims, at)
  }
  if (words.shape[i] !== shapes.capitalised && words.shape[i] !== shapes.capitals) return -1
  if (is(words, i, classes.stopper | classes.acronym | classes.title)) return -1
  const firstName =
    (flags & first) !== 0 && words.shape[i] === shapes.capitalised && !is(words, i, classes.heading)
  const strange = isStrange(words, i) && words.shape[i] === shapes.capitalised
  if (words.gap[next] === gaps.space && words.shape[next] === shapes.initial && words.possessive[i] === 0) {
    // "John D.", "Smith J."; not "Vitamin D"
    const family = (flags & surname) !== 0
    const half = words.gap[i] === gaps.hyphen && is(words, i, classes.famousEponym)
    if (half) return -1
    if (firstName || strange || (family && (flags & (english | medical)) === 0)) return grown(claims, next)
    // "Brown K., seen": with its full stop, and the sentence goes on
    if (family && (flags & frequent) !== 0 && isStopped(words, next)) return next
  }
  // "Smith, John", "GARCIA, MARIA"
  if (words.gap[next] === gaps.comma && isFamilyBefore(words, i, next)) {
    if (isFirstName(words, next)) return grown(claims, next)
    const large = words.shape[i] === shapes.capitals && words.shape[next] === shapes.capitals
    const both = first | frequent
    if (large && ((words.flags[next] as number) & both) === both) return next
  }
  if (!inName(words, next) || words.possessive[i] === 1) return -1
  const sure = isFirstName(words, i)
  if (
    words.shape[next] === shapes.capitalised ||
    (words.shape[i] === shapes.capitals && words.shape[next] === shapes.capitals)
  ) {
    const other = words.flags[next] as number
    if (
      is(
        words,
        next,
        classes.stopper | classes.heading | classes.eponymHead | classes.facility | classes.month,
      )
    )
      return -1
    const family = (other & (surname | first)) !== 0
    // A surname that diseases bear too is a surname behind a first name.
    const known = (other & english) !== 0 || ((other & medical) !== 0 && (other & eponym) === 0)
    if (words.shape[i] === shapes.capitals)
      return (flags & (first | surname)) !== 0 && (flags & (english | medical)) === 0 && family && !known
        ? grown(claims, next)
        : -1
    if (sure && (family || !known)) return grown(claims, next)
    if (firstName && family && !known) return grown(claims, next)
    if (strange && family && !known) return grown(claims, next)
  }
  // "Soo-jin Park"
  const half = words.gap[next] === gaps.hyphen && words.shape[next] === shapes.small && next + 1 < words.count
  if (half && (firstName || strange) && words.gap[next + 1] === gaps.space && isFree(claims, next + 1)) {
    const known = ((words.flags[next] as number) & english) !== 0
    const small = (words.end[next] as number) - (words.start[next] as number) <= 5
    if (
      !known &&
      small &&
      (words.shape[next + 1] === shapes.initial || mayBePart(words, next + 1)) &&
      words.shape[next + 1] !== shapes.capitals
    )
      return grown(claims, next + 1)
  }
  // "Maria de la Cruz", "Ludwig van Beek"
  if ((firstName || strange) && words.gap[next] === gaps.space && is(words, next, classes.particle)) {
    let at = next + 1
    if (at < words.count && words.gap[at] === gaps.space && is(words, at, classes.particle)) at += 1
    if (at < words.count && inName(words, at) && mayBePart(words, at) && isFree(claims, at))
      return grown(claims, at)
  }
  return -1
}

/** A surname that is no other word, or a common one where what is behind its comma is rarely another word. */
function isFamilyBefore(words: Tokens, i: number, next: number): boolean {
  const flags = words.flags[i] as number
  if ((flags & surname) === 0 || words.possessive[i] === 1) return false
  if (is(words, i, classes.heading | classes.proper)) return false
  if ((flags & (everyday | medical)) === 0) return true
  return (flags & frequent) !== 0 && ((words.flags[next] as number) & everyday) === 0
}

/** An initial with a full stop that ends no sentence: a comma, a bracket or a small letter is next. */
function isStopped({ text, end }: Tokens, i: number): boolean {
  const at = end[i] as number
  return text[at] === '.' && /^[,;)]|^ [a-z(]/.test(text.slice(at + 1, at + 3))
}

/** An initial that is not "A" or "I" of English, nor a letter behind "vitamin" or "type". */
function isFreeOfMeaning(words: Tokens, i: number): boolean {
  const letter = words.text[words.start[i] as number]
  return letter !== 'A' && letter !== 'I'
}
