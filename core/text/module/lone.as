// Capitalised words that no rule has claimed: what the word before them and the lists say decides. Behind "at" almost
// everything is a place; elsewhere a word that is neither English nor medicine is somebody's or some place's name.

import { asked, DERIVED } from './asked'
import { isFree, NAMED, NONE, PLACED, take } from './claims'
import {
  ACRONYM, AT, BESIDE, CREDENTIAL, DIVISION, ENGLISH, EPONYM, EPONYM_HEAD, EVERYDAY, FAMOUS_EPONYM, FIRST, FREQUENT, HEADING, JOINER,
  MEDICAL, MONTH, MOTION, PLACE, PLACE_PREFIX, PROPER, STATE, STOPPER, STREET, SURNAME, TITLE, TOWARDS, WEAK_EPONYM_HEAD,
} from './classes'
import { standsAt } from './facilities'
import { isFirstName } from './name-parts'
import { goesOn, isOf, isLarge, isListed, isSpoken, isStrange, isWord, sizeOf } from './traits'
import { count, endOf, gapOf, isOwned, markCount, markedAt, shapeOf, startOf } from './words'
import { CAPITALISED, CAPITALS, HYPHEN, INITIAL, NUMBER, SMALL, SPACE } from './writing'

/** Which rules there are. */
let names = false
let places = false
let shapes = false

export function findLone(withNames: bool, withPlaces: bool, withShapes: bool): void {
  names = withNames
  places = withPlaces
  shapes = withShapes
  let done = -1
  for (let m = 0; m < markCount; m++) {
    const i = markedAt(m)
    if (i <= done || !isFree(i) || !isLarge(i)) continue
    let end = i
    while (end + 1 < count && end - i < 6 && isLarge(end + 1) && goesOn(end + 1) && isFree(end + 1)) {
      if (isOf(end + 1, STOPPER)) break
      end++
    }
    judge(i, end)
    done = end
  }
}

function judge(start: i32, end: i32): void {
  let from = start
  while (from <= end && isOf(from, STOPPER | TITLE)) from++
  if (from > end) return
  const before = from > 0 && gapOf(from) == SPACE ? from - 1 : -1
  // "at the Cleveland", "at our Miami"
  const article = before > 0 && shapeOf(before) == SMALL && isOf(before, STOPPER) && !isOf(before, AT | TOWARDS | BESIDE)
  const lead = article ? before - 1 : before
  if (lead >= 0 && places) {
    if (standsAt(from) && isPlaceBehindAt(from, end)) return take(from, end, PLACED)
    if (isOf(lead, TOWARDS | JOINER | MOTION) && isPlaceBehindIn(lead, from, end)) return take(from, end, PLACED)
  }
  for (let i = from; i <= end; i++) {
    const as = meaning(i, lead)
    if (as != NONE) i = spread(i, from, end, as)
  }
}

/** With the words beside it that may belong to the same name. */
function spread(i: i32, from: i32, end: i32, as: i32): i32 {
  let start = i
  while (start > from && isFree(start - 1) && shapeOf(start - 1) == CAPITALISED && belongs(start - 1, i)) start--
  let last = i
  while (last < end && belongs(last + 1, i)) last++
  take(start, last, as)
  return last
}

function belongs(j: i32, to: i32): bool {
  if (isOf(j, STOPPER | ACRONYM | PROPER | EPONYM_HEAD)) return false
  if (shapeOf(j) == INITIAL) return j > to
  if (!isListed(j, FIRST | SURNAME | PLACE)) return isStrange(j)
  return !isOf(j, HEADING) && (!isListed(j, MEDICAL) || isListed(j, FREQUENT | EPONYM) || !isListed(j, EVERYDAY))
}

/** New York and Washington are a State and a city: they are taken for the city. */
function isState(i: i32): bool {
  return isOf(i, STATE) && !isWord(i, 'york') && !isWord(i, 'washington')
}

function isPlaceBehindAt(from: i32, end: i32): bool {
  const next = end + 1
  const number = next < count && gapOf(next) == SPACE && shapeOf(next) == NUMBER
  for (let i = from; i <= end; i++) {
    if (isOf(i, PROPER | MONTH | ACRONYM) || isState(i)) continue
    if (shapeOf(i) == INITIAL) continue
    if (shapeOf(i) == CAPITALS) {
      if (!number) return true
      continue
    }
    if (isListed(i, PLACE | SURNAME) || isStrange(i)) return true
  }
  return false
}

function isPlaceBehindIn(lead: i32, from: i32, end: i32): bool {
  const moved = lead > 0 && isOf(lead - 1, MOTION) && (isWord(lead, 'from') || isWord(lead, 'to'))
  for (let i = from; i <= end; i++) {
    if (isOf(i, PROPER | MONTH | ACRONYM | EPONYM_HEAD) || isState(i)) continue
    if (shapeOf(i) == CAPITALS) {
      // "transferred from MGH"
      if (moved) return true
      continue
    }
    if (shapeOf(i) != CAPITALISED) continue
    if (isOf(i, HEADING) && !isOf(i, PLACE_PREFIX)) continue
    if (isOf(i, FAMOUS_EPONYM)) continue
    const place = isListed(i, PLACE)
    if (!place && isFirstName(i)) continue
    if (place && !isListed(i, EVERYDAY) && (!isListed(i, ENGLISH) || !isListed(i, MEDICAL))) return true
    if (isOf(lead, TOWARDS) && isStrange(i) && !isListed(i, FIRST | SURNAME)) return true
  }
  return false
}

/** What one capitalised word by itself is. */
function meaning(i: i32, lead: i32): i32 {
  if (shapeOf(i) != CAPITALISED) {
    // "SMITH" among small letters.
    if (shapeOf(i) != CAPITALS || sizeOf(i) < 5 || isListed(i, ENGLISH | MEDICAL)) return NONE
    if (isOf(i, ACRONYM)) return NONE
    return names && isListed(i, FREQUENT) ? NAMED : NONE
  }
  if (isOf(i, STOPPER | HEADING | PROPER | TITLE | ACRONYM | EPONYM_HEAD | WEAK_EPONYM_HEAD | CREDENTIAL | STREET | DIVISION)) return NONE
  const beside = lead >= 0 && isOf(lead, BESIDE)
  if (!beside && isOf(i, FAMOUS_EPONYM)) return NONE
  if (isState(i)) return NONE
  if (!isListed(i, ENGLISH | MEDICAL)) {
    if (isListed(i, FIRST | SURNAME)) return names && sizeOf(i) > 2 ? NAMED : NONE
    if (isListed(i, PLACE)) return places ? PLACED : NONE
    if (!shapes || isHyphened(i) || sizeOf(i) < 3 || !isSpoken(i) || isDerived(i)) return NONE
    return NAMED
  }
  if (!names && !places) return NONE
  if (!beside && isOwned(i) && isListed(i, EPONYM)) return NONE
  if (isFirstName(i) && !isListed(i, EVERYDAY)) return names ? NAMED : NONE
  if (!isListed(i, ENGLISH)) {
    // An eponym that many people bear: "seen with Wilson".
    if (isListed(i, FREQUENT) && isListed(i, SURNAME)) return names ? NAMED : NONE
    if (isListed(i, PLACE) && !isListed(i, EPONYM) && !isOwned(i)) return places ? PLACED : NONE
  }
  if (beside && isListed(i, SURNAME) && !isListed(i, EVERYDAY | MEDICAL)) return names ? NAMED : NONE
  return NONE
}

/** The shortest word behind a prefix, and with the shortest one. */
const shortestDerived = 7

/** A word of English or medicine behind a prefix: Normocephalic, Nontender, Afebrile. */
function isDerived(i: i32): bool {
  return sizeOf(i) >= shortestDerived && asked(DERIVED, startOf(i), endOf(i)) == 1
}

/** Part of a compound with a small or medical word: "T-cell", "Xa-level". */
function isHyphened(i: i32): bool {
  const next = i + 1
  return next < count && gapOf(next) == HYPHEN && shapeOf(next) == SMALL
}
