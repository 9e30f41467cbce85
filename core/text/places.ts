// Places in prose: facilities, addresses, cities. Safe Harbor (45 CFR 164.514(b)(2)(i)(B)) takes all that is smaller than a State;
// a State or country by itself stays.

import { type Claims, claim, isFree, take } from './claims.ts'
import * as classes from './classes.ts'
import { english, everyday, first, frequent, medical, place, surname } from './lexicon.ts'
import { isDigit } from './runs.ts'
import { gaps, shapes, type Tokens } from './tokens.ts'
import { codeAt, isLetter } from './word.ts'
import { lookUp, type WordTable, wordTable } from './word-table.ts'

/** No name of a facility has more words before or behind its head. */
const mostWords = 7

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

function isPlaceName(words: Tokens, i: number): boolean {
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

function stops(words: Tokens, i: number): boolean {
  if (is(words, i, classes.stopper) || is(words, i, classes.month)) return true
  // A heading's or sentence's first word.
  const gap = words.gap[i]
  return is(words, i, classes.heading) && (gap === gaps.apart || gap === gaps.dotSpace)
}

export function findBodies(claims: Claims): void {
  const { words } = claims
  for (let i = 0; i < words.count; i += 1) {
    if (!is(words, i, classes.bodyStart) || words.shape[i] !== shapes.capitalised) continue
    let end = -1
    for (let j = i + 1; j < words.count && j <= i + mostWords && words.gap[j] === gaps.space; j += 1) {
      if (!isLarge(words, j) && !is(words, j, classes.joiner)) break
      if (is(words, j, classes.bodyHead) && isLarge(words, j)) end = j
      else if (end < 0 && is(words, j, classes.facility) && /^(?:college|academy)$/i.test(wordAt(words, j)))
        end = j
      else if (end >= 0 && isLarge(words, j)) end = j
    }
    if (end > 0) {
      take(claims, i, end, claim.kept)
      i = end
    }
  }
}

function wordAt({ text, start, end }: Tokens, i: number): string {
  return text.slice(start[i], end[i])
}

/** Names with a head: hospitals, clinics, offices, homes, schools. */
export function findFacilities(claims: Claims): void {
  const { words } = claims
  for (let i = 0; i < words.count; i += 1) {
    if (!is(words, i, classes.facility | classes.weakFacility | classes.plainFacility) || !isFree(claims, i))
      continue
    if (isLarge(words, i)) headed(claims, i)
    else if (words.shape[i] === shapes.small && is(words, i, classes.plainFacility)) plain(claims, i)
  }
}

function headed(claims: Claims, head: number): void {
  const { words } = claims
  const start = leftOf(claims, head)
  const end = rightOf(claims, head)
  if (start === end) return
  let strong = false
  let strange = false
  for (let i = start; i <= end; i += 1) {
    if (is(words, i, classes.facility) && isLarge(words, i) && (i > start || i < end)) strong = true
    if ((isStrange(words, i) || isPlaceName(words, i)) && words.shape[i] !== shapes.small) strange = true
  }
  if (strong || strange || standsAt(words, start)) take(claims, start, end, claim.place)
}

/** Behind "at", "at the", "admitted to", "transferred from our". */
export function standsAt(words: Tokens, start: number): boolean {
  if (start === 0 || words.gap[start] !== gaps.space) return false
  if (is(words, start - 1, classes.at)) return true
  const article = start > 1 && words.shape[start - 1] === shapes.small && words.gap[start - 1] === gaps.space
  if (!article) return false
  if (is(words, start - 1, classes.towards)) return is(words, start - 2, classes.motion)
  if (!is(words, start - 1, classes.stopper)) return false
  if (is(words, start - 2, classes.at)) return true
  return start > 2 && is(words, start - 2, classes.towards) && is(words, start - 3, classes.motion)
}

function leftOf(claims: Claims, head: number): number {
  const { words } = claims
  let start = head
  while (start > 0 && head - start < mostWords && goesOn(words, start)) {
    const before = start - 1
    if (!isFree(claims, before)) break
    if (isLarge(words, before) || isOrdinal(words, before)) {
      if (stops(words, before)) break
      start = before
      continue
    }
    // "University of Utah Hospital", "Brigham and Women's Hospital".
    const joins = words.shape[before] === shapes.small && is(words, before, classes.joiner | classes.particle)
    if (!joins || before === 0 || !goesOn(words, before) || !isLarge(words, before - 1)) break
    if (stops(words, before - 1) || !isFree(claims, before - 1)) break
    if (is(words, before - 1, classes.acronym | classes.proper) && !is(words, before - 1, classes.facility))
      break
    start = before - 1
  }
  return start
}

function rightOf(claims: Claims, head: number): number {
  const { words } = claims
  let end = head
  while (end + 1 < words.count && end - head < mostWords) {
    const next = end + 1
    if (!isFree(claims, next)) break
    if (goesOn(words, next) && isLarge(words, next)) {
      const heads = is(words, next, classes.facility | classes.weakFacility)
      if (is(words, next, classes.stopper | classes.month)) break
      if (is(words, next, classes.heading) && !heads) break
      const belongs =
        is(words, next, classes.facility | classes.weakFacility) ||
        isPlaceName(words, next) ||
        isStrange(words, next) ||
        words.shape[next] === shapes.capitals
      if (!heads && (!belongs || is(words, next, classes.acronym))) break
      end = next
      continue
    }
    if (
      words.gap[next] === gaps.space &&
      words.shape[next] === shapes.small &&
      is(words, next, classes.joiner | classes.towards | classes.at) &&
      next + 1 < words.count &&
      words.gap[next + 1] === gaps.space &&
      isLarge(words, next + 1) &&
      isFree(claims, next + 1) &&
      (isPlaceName(words, next + 1) || is(words, next + 1, classes.state | classes.placePrefix)) &&
      !is(words, next + 1, classes.month)
    ) {
      end = next + 1
      continue
    }
    // "Hospital for Special Surgery", "Institute of Neurology"
    if (
      next + 1 < words.count &&
      words.gap[next] === gaps.space &&
      words.gap[next + 1] === gaps.space &&
      words.shape[next] === shapes.small &&
      is(words, next, classes.joiner) &&
      words.shape[next + 1] === shapes.capitalised &&
      !is(words, next + 1, classes.stopper | classes.title | classes.month) &&
      isFree(claims, next + 1) &&
      is(words, end, classes.facility | classes.weakFacility)
    ) {
      end = next + 1
      continue
    }
    if (words.gap[next] === gaps.comma && isLarge(words, next) && isPlaceBehindComma(words, next)) {
      end = next
      continue
    }
    break
  }
  return end
}

/** ", Boston", ", MA"; not ", John". */
function isPlaceBehindComma(words: Tokens, i: number): boolean {
  if (words.shape[i] === shapes.capitals) return is(words, i, classes.stateCode)
  if (is(words, i, classes.state) && !is(words, i, classes.month)) return true
  const flags = words.flags[i] as number
  if ((flags & first) !== 0 && (flags & frequent) !== 0) return false
  return isPlaceName(words, i) || is(words, i, classes.placePrefix)
}

/** 5th, of three digits at most. */
function isOrdinal(words: Tokens, i: number): boolean {
  if (words.shape[i] !== shapes.number) return false
  const [from, to] = [words.start[i] as number, words.end[i] as number]
  return to - from <= 5 && to - from >= 3 && digitsFrom(words, i) === to - from - 2 && endsOrdinal(words, to)
}

/** With how many digits a word begins. */
function digitsFrom({ text, start, end }: Tokens, i: number): number {
  let at = start[i] as number
  while (at < (end[i] as number) && isDigit(codeAt(text, at))) at += 1
  return at - (start[i] as number)
}

function endsOrdinal({ text }: Tokens, to: number): boolean {
  return lookUp(ordinalEnds, text, to - 2, to) === true
}

const ordinalEnds = wordTable(['st', 'nd', 'rd', 'th'].map((end) => [end, true] as const))

/** 12, 12a, 12th (in small letters): six digits at most. */
function isHouseNumber(words: Tokens, i: number): boolean {
  const digits = digitsFrom(words, i)
  if (digits === 0 || digits > 6) return false
  const to = words.end[i] as number
  const left = to - (words.start[i] as number) - digits
  const last = codeAt(words.text, to - 1)
  if (left === 0) return true
  if (left === 1) return isLetter(last)
  const small = last >= 0x61 && codeAt(words.text, to - 2) >= 0x61
  return left === 2 && small && endsOrdinal(words, to)
}

/** A number of that many digits, and nothing else. */
function isNumberOf(words: Tokens, i: number, least: number, most: number): boolean {
  const digits = words.shape[i] === shapes.number ? digitsFrom(words, i) : 0
  return digits >= least && digits <= most && digits === (words.end[i] as number) - (words.start[i] as number)
}

function isWord({ text, start, end }: Tokens, i: number, table: WordTable<true>): boolean {
  return lookUp(table, text, start[i] as number, end[i] as number) === true
}

const those = (words: string): WordTable<true> =>
  wordTable(words.split(' ').map((word) => [word, true] as const))
const box = those('box')
const unit = those('apt apartment suite ste unit floor')
const beforeStreets = those('on at near off along down from of')

/** "our Chicago clinic", "Dallas facility". */
function plain(claims: Claims, head: number): void {
  const { words } = claims
  let start = head
  let named = false
  while (start > 0 && head - start < mostWords && goesOn(words, start)) {
    const before = start - 1
    if (!isFree(claims, before) || stops(words, before)) break
    if (is(words, before, classes.proper) && words.shape[before] !== shapes.capitalised) break
    if (
      !isLarge(words, before) &&
      !isOrdinal(words, before) &&
      !(start < head && is(words, before, classes.street))
    )
      break
    const flags = words.flags[before] as number
    const possible =
      isStrange(words, before) || (flags & (place | surname)) !== 0 || words.shape[before] === shapes.capitals
    if (possible && !is(words, before, classes.acronym | classes.proper) && (flags & medical) === 0)
      named = true
    if (isPlaceName(words, before) || is(words, before, classes.street)) named = true
    start = before
  }
  if (start === head) return
  if (!named && !(start > 0 && is(words, start - 1, classes.at))) return
  // "Dr. Patel's clinic": the name is found by itself.
  if (words.possessive[head - 1] === 1 && head - start < 3 && is(words, start, classes.title)) return
  let end = head
  // "Denver metro area"
  if (end + 1 < words.count && words.gap[end + 1] === gaps.space && is(words, end + 1, classes.plainFacility))
    end += 1
  take(claims, start, end, claim.place)
}

/** "12 Elm Street, Springfield, IL 62704", "5th Avenue", "P.O. Box 12". */
export function findAddresses(claims: Claims): void {
  const { words } = claims
  for (let i = 0; i < words.count; i += 1) {
    if (words.shape[i] !== shapes.number || !isFree(claims, i)) continue
    if ((words.end[i] as number) - (words.start[i] as number) > 8) continue
    if (!isHouseNumber(words, i)) continue
    const boxed = i > 0 && words.gap[i] === gaps.space && isWord(words, i - 1, box)
    const street = streetAfter(words, i)
    if (street < 0 && !boxed) continue
    let start = boxed ? i - 1 : i
    if (boxed)
      for (let n = 0; n < 2 && start > 0 && words.shape[start - 1] === shapes.initial; n += 1) start -= 1
    take(claims, start, onwards(words, Math.max(street, i)), claim.place)
  }
}

/** "on Main Street", "near Elm St.": without a number where a preposition stands before it. */
export function findStreets(claims: Claims): void {
  const { words } = claims
  for (let i = 2; i < words.count; i += 1) {
    if (!is(words, i, classes.street) || !isLarge(words, i) || !isFree(claims, i)) continue
    const long = (words.end[i] as number) - (words.start[i] as number)
    if (long < 3 && words.text[words.end[i] as number] !== '.') continue
    let start = i
    while (start > 0 && i - start < 3 && words.gap[start] === gaps.space && isFree(claims, start - 1)) {
      if (!isLarge(words, start - 1) || is(words, start - 1, classes.stopper | classes.title)) break
      start -= 1
    }
    if (start === i || start === 0 || words.gap[start] !== gaps.space) continue
    if (isWord(words, start - 1, beforeStreets)) take(claims, start, onwards(words, i), claim.place)
  }
}

function streetAfter(words: Tokens, number: number): number {
  const ordinal = isOrdinal(words, number)
  for (let j = number + 1; j < words.count && j <= number + 5; j += 1) {
    if (!goesOn(words, j)) return -1
    const long = (words.end[j] as number) - (words.start[j] as number)
    if (is(words, j, classes.street) && (j > number + 1 || (ordinal && long > 2))) {
      if (isLarge(words, j) || (words.shape[j] === shapes.small && long > 3)) {
        // "5th avenue clinic"
        const next = j + 1
        const clinic =
          next < words.count && words.gap[next] === gaps.space && is(words, next, classes.plainFacility)
        return clinic ? next : j
      }
    }
    if (!isLarge(words, j) && !isOrdinal(words, j)) return -1
  }
  return -1
}

/** City, State and ZIP behind a street or a city: the last word of them. */
function onwards(words: Tokens, from: number): number {
  let end = from
  for (let left = 6; left > 0 && end + 1 < words.count; left -= 1) {
    const next = end + 1
    const gap = words.gap[next]
    if (
      gap !== gaps.comma &&
      gap !== gaps.space &&
      gap !== gaps.dotSpace &&
      gap !== gaps.hyphen &&
      gap !== gaps.apart
    )
      break
    if (gap === gaps.apart && !/^[.,; ]{1,4}$/.test(words.text.slice(words.end[end], words.start[next])))
      break
    const zip = isNumberOf(words, next, 4, 5)
    const apartment = isWord(words, next, unit)
    if (zip || apartment) {
      end = next
      if (zip && gap === gaps.hyphen) break
      if (apartment && end + 1 < words.count && words.gap[end + 1] !== gaps.dotSpace) end += 1
      continue
    }
    // "zelwick, oh 94356"
    const coded = is(words, next, classes.stateCode) && gap === gaps.comma && isZipAt(words, next + 1)
    if (coded) {
      end = next
      continue
    }
    if (!isLarge(words, next) || is(words, next, classes.stopper)) break
    const flags = words.flags[next] as number
    if (gap === gaps.comma && isStrange(words, next)) {
      end = next
      continue
    }
    if (is(words, next, classes.state) || is(words, next, classes.stateCode) || (flags & place) !== 0)
      end = next
    else break
  }
  return end
}

function isZipAt(words: Tokens, i: number): boolean {
  return i < words.count && isNumberOf(words, i, 5, 5)
}

/** "Brooklyn, NY", "Houston, Texas 77002", "Cook County". */
export function findCities(claims: Claims): void {
  const { words } = claims
  for (let i = 0; i < words.count; i += 1) {
    if (!isLarge(words, i) || !isFree(claims, i)) continue
    const flags = words.flags[i] as number
    const next = i + 1
    if (
      is(words, i, classes.division) &&
      i > 0 &&
      words.gap[i] === gaps.space &&
      isLarge(words, i - 1) &&
      !stops(words, i - 1)
    ) {
      take(claims, cityStart(claims, i - 1), i, claim.place)
      continue
    }
    if (next >= words.count || words.gap[next] !== gaps.comma || words.shape[i] !== shapes.capitalised)
      continue
    const code = words.shape[next] === shapes.capitals && is(words, next, classes.stateCode)
    const whole = words.shape[next] === shapes.capitalised && is(words, next, classes.state)
    if (!code && !(whole && (flags & place) !== 0)) continue
    // "Smith, MD"
    if (is(words, next, classes.credential) && ((flags & place) === 0 || followsName(words, i))) continue
    if ((flags & place) === 0 && !isStrange(words, i)) continue
    const start = cityStart(claims, i)
    take(claims, start, onwards(words, next), claim.place)
  }
}

function followsName(words: Tokens, i: number): boolean {
  if (i === 0 || !goesOn(words, i)) return false
  const flags = words.flags[i - 1] as number
  return (
    is(words, i - 1, classes.title) ||
    words.shape[i - 1] === shapes.initial ||
    ((flags & first) !== 0 && words.shape[i - 1] === shapes.capitalised)
  )
}

function cityStart(claims: Claims, last: number): number {
  const { words } = claims
  let start = last
  while (start > 0 && last - start < 3 && goesOn(words, start) && isFree(claims, start - 1)) {
    const before = start - 1
    if (!isLarge(words, before) || stops(words, before)) break
    const flags = words.flags[before] as number
    if ((flags & place) === 0 && !is(words, before, classes.placePrefix) && !isStrange(words, before)) break
    start = before
  }
  return start
}
