// People in prose: names behind titles and words that announce them, first names with initials or surnames, surnames first,
// names before degrees.

import { type Claims, claim, isFree, take } from './claims.ts'
import * as classes from './classes.ts'
import {
  english,
  eponym,
  everyday,
  first,
  frequent,
  type Lexicon,
  medical,
  slotOf,
  surname,
  wordHash,
} from './lexicon.ts'
import { is, isLarge, isStrange } from './places.ts'
import { gaps, shapes, type Tokens } from './tokens.ts'

const mostWords = 4

/** Bears a capital and may be part of a person's name, by itself no proof. */
function mayBePart(words: Tokens, i: number): boolean {
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

/** "Mr. James T.", "Dr Patel", "DR. SMITH". */
export function findTitled(claims: Claims): void {
  const { words } = claims
  for (let i = 0; i + 1 < words.count; i += 1) {
    if (!is(words, i, classes.title) || !isFree(claims, i)) continue
    const gap = words.gap[i + 1]
    if (gap !== gaps.space && gap !== gaps.dotSpace && gap !== gaps.dot) continue
    const long = (words.end[i] as number) - (words.start[i] as number) > 5
    if (long && gap !== gaps.space) continue
    const end = nameAfter(claims, i + 1)
    // "dr patel": whatever stands behind a short title is a name, if no list knows it for another word.
    const small =
      end < 0 &&
      !long &&
      words.shape[i + 1] === shapes.small &&
      isFree(claims, i + 1) &&
      !is(words, i + 1, classes.stopper | classes.heading | classes.person) &&
      ((words.flags[i + 1] as number) & (english | medical)) === 0
    if (end >= 0) take(claims, i, end, claim.name)
    else if (small) take(claims, i, i + 1, claim.name)
  }
}

/** The last word of a name that begins here, whatever its words are; -1 where none does. */
function nameAfter(claims: Claims, start: number): number {
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
function inName(words: Tokens, i: number): boolean {
  const gap = words.gap[i]
  if (gap === gaps.space || gap === gaps.hyphen) return true
  return (gap === gaps.dot || gap === gaps.dotSpace) && words.shape[i - 1] === shapes.initial
}

/** "named Rose", "patient name: Maria Lopez", "her daughter Grace". */
export function findAnnounced(claims: Claims): void {
  const { words } = claims
  for (let i = 0; i + 1 < words.count; i += 1) {
    if (!is(words, i, classes.naming | classes.person)) continue
    const next = i + 1
    const gap = words.gap[next]
    const colon =
      gap === gaps.apart && /^:? {0,2}(?:is )?["'“]?$/.test(words.text.slice(words.end[i], words.start[next]))
    if (gap !== gaps.space && !colon) continue
    const from = gap === gaps.space && isIs(words, next) ? next + 1 : next
    if (from >= words.count || !isFree(claims, from)) continue
    const naming = is(words, i, classes.naming)
    if (!isLarge(words, from) || (words.shape[from] === shapes.capitals && !mayBePart(words, from))) continue
    if (is(words, from, classes.heading | classes.stopper) && words.shape[from] !== shapes.initial) continue
    const flags = words.flags[from] as number
    if (!naming && (flags & (first | surname)) === 0 && !isStrange(words, from)) continue
    if (!naming && (flags & everyday) !== 0 && (flags & first) === 0) continue
    const end = nameAfter(claims, from)
    if (end >= 0) take(claims, from, end, claim.name)
  }
}

function isIs({ text, start, end }: Tokens, i: number): boolean {
  const from = start[i] as number
  return (
    end[i] === from + 2 &&
    (text.charCodeAt(from) | 0x20) === 0x69 &&
    (text.charCodeAt(from + 1) | 0x20) === 0x73
  )
}

/** A first name with an initial or a surname; an initial with a surname; a surname with a first name behind its comma. */
export function findPairs(claims: Claims): void {
  const { words } = claims
  for (let i = 0; i < words.count; i += 1) {
    if (!isFree(claims, i)) continue
    const end = pairAt(claims, i)
    if (end >= 0) {
      take(claims, i, end, claim.name)
      i = end
    }
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

/** As far as the name goes on. */
function grown(claims: Claims, from: number): number {
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

/** "Patel, MD", "Maria Lopez RN". */
export function findDegreed(claims: Claims): void {
  const { words } = claims
  for (let i = 1; i < words.count; i += 1) {
    if (!is(words, i, classes.credential) || !isLarge(words, i) || words.shape[i] === shapes.initial) continue
    if (words.gap[i] !== gaps.comma && words.gap[i] !== gaps.space) continue
    let start = i
    while (start > 0 && i - start < 4 && isFree(claims, start - 1) && (start === i || inName(words, start))) {
      const before = start - 1
      const particle =
        start < i && words.shape[before] === shapes.small && is(words, before, classes.particle)
      if (words.shape[before] !== shapes.initial && !mayBePart(words, before) && !particle) break
      if (is(words, before, classes.heading | classes.proper | classes.famousEponym | classes.acronym)) break
      if (isScored(words, before)) break
      start = before
    }
    const flags = words.flags[start] as number
    if (start < i && words.shape[start] !== shapes.initial && ((flags & everyday) === 0 || i - start > 1))
      take(claims, start, i - 1, claim.name)
  }
}

/** Scores, drains and curves that two people gave their names to, and that the list of medicine has not. */
const compounds: ReadonlySet<string> = new Set(['child-pugh', 'kaplan-meier', 'jackson-pratt', 'swan-ganz'])

/** "Braden 18", "Morse fall 45", "Rankin II", "Lachman, McMurray": not "Rankin, 45". */
function isScored(words: Tokens, i: number): boolean {
  if (!is(words, i, classes.scored)) return false
  const beside = (j: number, by: number): boolean =>
    j >= 0 && j < words.count && words.gap[by] === gaps.comma && is(words, j, classes.famousEponym)
  if (beside(i - 1, i) || beside(i + 1, i + 1)) return true
  let next = i + 1
  if (next < words.count && words.shape[next] === shapes.small && words.gap[next] === gaps.space) next += 1
  if (next >= words.count || words.gap[next] !== gaps.space) return false
  const said = words.text.slice(words.start[next], (words.end[next] as number) + 4)
  return /^(?:\d{1,2}|i{1,3}|iv|v)(?![\w/-]| ?y)/i.test(said)
}

/** "Crohn's disease", "Wells score", "Lou Gehrig's disease", "non-Hodgkin lymphoma": looked at and left. */
export function keepEponyms(claims: Claims, { keys, flags }: Lexicon): void {
  const { words } = claims
  for (let i = 1; i < words.count; i += 1) {
    if (isScored(words, i - 1) && isFree(claims, i - 1)) take(claims, i - 1, i - 1, claim.kept)
    if (
      words.gap[i] !== gaps.hyphen ||
      !isLarge(words, i) ||
      !isLarge(words, i - 1) ||
      !isFree(claims, i - 1, i)
    )
      continue
    const hash = wordHash(words.text, words.start[i - 1] as number, words.end[i] as number)
    const listed = ((flags[slotOf(keys, hash)] as number) & medical) !== 0
    if (listed || compounds.has(words.text.slice(words.start[i - 1], words.end[i]).toLowerCase()))
      take(claims, i - 1, i, claim.kept)
  }
  if ((words.anyClass & (classes.eponymHead | classes.weakEponymHead)) === 0) return
  for (let i = 1; i < words.count; i += 1) {
    const strong = is(words, i, classes.eponymHead)
    if (!strong && !is(words, i, classes.weakEponymHead)) continue
    let last = i - 1
    if (words.gap[i] !== gaps.space && words.gap[i] !== gaps.hyphen) continue
    // "Wells risk score", "Framingham Heart Study", "Crohn's perianal disease"
    if (!isLarge(words, last) || is(words, last, classes.weakEponymHead)) {
      if (
        last === 0 ||
        words.gap[last] !== gaps.space ||
        !((words.flags[last] as number) & (english | medical))
      )
        continue
      last -= 1
    }
    if (!isLarge(words, last) || !isFree(claims, last)) continue
    let start = last
    while (start > 0 && last - start < 3 && isFree(claims, start - 1) && isLarge(words, start - 1)) {
      const gap = words.gap[start]
      if (gap !== gaps.hyphen && gap !== gaps.space) break
      if (is(words, start - 1, classes.stopper)) break
      start -= 1
    }
    // Without a possessive a whole name before it is a person's: "Maria Lopez test results".
    const whole = (isFirstName(words, start) && start < last) || words.shape[last] === shapes.initial
    if (whole && !(strong && words.possessive[last] === 1)) continue
    if (!strong && isFirstName(words, last) && ((words.flags[last] as number) & eponym) === 0) continue
    take(claims, start, last, claim.kept)
  }
}
