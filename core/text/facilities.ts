// Facilities in prose: hospitals, clinics, offices, homes, schools, by their heads.

import { type Claims, claim, isFree, take } from './claims.ts'
import * as classes from './classes.ts'
import { first, frequent, medical, place, surname } from './lexicon.ts'
import { gaps, shapes, type Tokens } from './tokens.ts'
import { goesOn, is, isLarge, isOrdinal, isPlaceName, isStrange, stops } from './traits.ts'

/** No name of a facility has more words before or behind its head. */
const mostWords = 7

/** Names with a head: hospitals, clinics, offices, homes, schools. */
export function findFacilities(claims: Claims): void {
  const { words } = claims
  for (let m = 0; m < words.marks; m += 1) {
    const i = words.marked[m] as number
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
