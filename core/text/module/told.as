// How far what is claimed goes in the text: with the small words, articles and halves of words that belong to it.

import { claimOf, isClaimedOn, isFree, KEPT, NAMED, nextClaimed, PLACED } from './claims'
import {
  ACRONYM, AT, CREDENTIAL, ENGLISH, FIRST, HEADING, JOINER, MEDICAL, MONTH, MOTION, PERSON, PLACE, PLACE_PREFIX, PLAIN_FACILITY, PROPER, STATE,
  STATE_CODE, STOPPER, STREET, SURNAME, TITLE, TOWARDS,
} from './classes'
import { IN_BUILDING, TERM, TOWN_HEAD } from './dictionary'
import { isBehindAtSign } from './facilities'
import { push } from './findings'
import { byteAt } from './memory'
import { isGeneration } from './name-parts'
import { isKnown, isLarge, isListed, isOf, isOrdinal, isWatchedAs, isWord, sizeOf } from './traits'
import { GEOGRAPHIC_LOCATION, NAME } from './types'
import { count, endOf, gapOf, isOwned, shapeOf, startOf } from './words'
import { AMPERSAND, APART, CAPITALISED, CAPITALS, COMMA, DOT_SPACE, HYPHEN, INITIAL, isApostrophe, NUMBER, SMALL, SPACE } from './writing'

/** Notes all that is claimed. */
export function tell(): void {
  for (let i = nextClaimed(0); i < count; ) {
    const as = claimOf(i)
    let last = lastOf(i)
    if (as != KEPT) {
      const place = as == PLACED || isBehindAt(i)
      const first = place ? placeStart(i) : isListed(i, PLACE) || isOf(i, PLACE_PREFIX) ? houseStart(nameStart(i)) : nameStart(i)
      if (place) last = wholePlaceEnd(first, last)
      else if (!isPlainEnd(last)) last = wholeNameEnd(first, i, last)
      push(startOf(first), as == NAMED ? nameEnd(last) : placeEnd(last), as == NAMED ? NAME : GEOGRAPHIC_LOCATION)
    }
    i = nextClaimed(last + 1)
  }
}

/** Whether what stands behind a name is seen at once to be none of it: most go on with a small word, or end what is said. */
function isPlainEnd(last: i32): bool {
  const next = last + 1
  const sign = byteAt(endOf(last))
  if (next >= count || sign == 0x22 || sign == 0x29) return false
  const gap = gapOf(next)
  // And no "and" of a couple.
  return gap == APART || gap == DOT_SPACE || (gap == SPACE && shapeOf(next) == SMALL && (byteAt(startOf(next)) | 0x20) != 0x61)
}

function wholeNameEnd(first: i32, i: i32, end: i32): i32 {
  let last = callNameEnd(i, degreeEnd(i, coupleEnd(i, hyphensEnd(end))))
  last = stateEnd(commaDegreeEnd(townEnd(last)), false)
  return last > first ? unitEnd(last) : last
}

function wholePlaceEnd(first: i32, end: i32): i32 {
  let last = hyphensEnd(end)
  while (last + 2 < count && joins(last + 1) && goesOnAs(last + 1)) last = hyphensEnd(lastOf(last + 2))
  last = stateEnd(townEnd(lotEnd(last)), true)
  return last > first ? unitEnd(last) : last
}

/** The last word that is claimed together with this one. */
function lastOf(first: i32): i32 {
  let last = first
  while (last + 1 < count && isClaimedOn(last + 1)) last++
  return last
}

/** "Ellen and Frank Dombrowski": where two first names share a surname. */
function coupleEnd(i: i32, last: i32): i32 {
  const second = last + 2
  if (last > i || second + 1 >= count || claimOf(second) != NAMED || !isListed(i, FIRST) || !isListed(second, FIRST)) return last
  if (!isFree(last + 1) || gapOf(last + 1) != SPACE || gapOf(second) != SPACE || !isWord(last + 1, 'and')) return last
  const end = lastOf(second)
  return end > second ? end : last
}

/** "Colleen Fitzgerald PA-C": behind a name of several words a degree that no comma sets off. */
function degreeEnd(first: i32, last: i32): i32 {
  // "Wm. Ashford III"
  if (first == last) {
    const next = last + 1
    if (next >= count || gapOf(next) != SPACE || !isFree(next) || isOwned(last)) return last
    // "Mel RN"
    return isGeneration(next) || (shapeOf(next) == CAPITALS && isOf(next, CREDENTIAL) && !isOf(next, STATE_CODE)) ? next : last
  }
  let end = last
  while (end + 1 < count && end - last < 4) {
    const next = end + 1
    const gap = gapOf(next)
    if (!isFree(next) || isOwned(end) || shapeOf(next) == SMALL) break
    if (!(gap == SPACE && isOf(next, CREDENTIAL)) && !(end > last && gap == HYPHEN && shapeOf(next) == INITIAL)) break
    end = next
  }
  return end
}

/** "Thibodeaux, NP", "Lamey, PA-C": behind a name and its comma a degree tells who it is with it. */
function commaDegreeEnd(last: i32): i32 {
  const next = last + 1
  if (next >= count || gapOf(next) != COMMA || !isFree(next) || isOwned(last) || !isOf(next, CREDENTIAL) || isSmallWord(next)) return last
  const letter = next + 1
  return letter < count && gapOf(letter) == HYPHEN && sizeOf(letter) == 1 ? letter : next
}

/** "do", "or": small, and a word that sentences are made of. */
function isSmallWord(i: i32): bool {
  return shapeOf(i) == SMALL && isOf(i, STOPPER)
}

/** "TX", "tx" behind a comma: in capitals alone also what is another word. */
function isWritten(state: i32, gap: i32): bool {
  return shapeOf(state) == CAPITALS || (!isOf(state, STOPPER) && (gap == COMMA || shapeOf(state) == CAPITALISED))
}

/** "Sabin, MN", "Oregon City OR", "Mapleton, Utah": the State that a place lies in. */
function stateEnd(last: i32, place: bool): i32 {
  const next = last + 1
  if (next >= count || !isFree(next) || isOwned(last)) return last
  const gap = gapOf(next)
  if (gap != COMMA && (gap != SPACE || !isLarge(next) || !(place || isListed(last, PLACE)))) return last
  if (isOf(next, STATE_CODE)) return isWritten(next, gap) ? next : last
  if (gap != COMMA) return last
  if (isOf(next, STATE)) return next
  const second = next + 1
  return isOf(next, PLACE_PREFIX | PROPER) && second < count && gapOf(second) == SPACE && isOf(second, STATE) && isFree(second) ? second : last
}

/** "Kroger Pharmacy #441 Lexington", "Maple Court lot 22, Paducah": the number of a house or within it, and the town behind. */
function lotEnd(last: i32): i32 {
  let number = last + 1
  if (number + 1 < count && shapeOf(number + 1) == NUMBER && gapOf(number) == SPACE && isFree(number) && isKnown(number, IN_BUILDING)) number++
  if (number >= count || !isFree(number) || shapeOf(number) != NUMBER || sizeOf(number) > 6) return last
  const marked = startOf(number) - endOf(last) == 2 && byteAt(startOf(number) - 1) == 0x23
  if (!marked && (number == last + 1 || gapOf(number) != SPACE)) return last
  const town = number + 1
  const lies = town < count && (gapOf(town) == SPACE || gapOf(town) == COMMA) && claimOf(town) == PLACED
  return lies ? lastOf(town) : number
}

/** 'Guadalupe "Lupita" Arroyo', "Robert (Chip) Price": what stands behind a name in quotation marks or brackets goes on with it. */
function callNameEnd(first: i32, last: i32): i32 {
  const next = last + 1
  const closing = byteAt(endOf(last))
  if ((closing != 0x22 && closing != 0x29) || next >= count || first == 0 || claimOf(first - 1) != NAMED) return last
  if (byteAt(startOf(first) - 1) != (closing == 0x22 ? 0x22 : 0x28) || startOf(first) - endOf(first - 1) != 2) return last
  return startOf(next) - endOf(last) == 2 && shapeOf(next) == CAPITALISED && !isOf(next, STOPPER) && isFree(next) ? next : last
}

/** "at Henry Ford in Dearborn": what is called after somebody. */
function isBehindAt(i: i32): bool {
  if (i == 0 || isOf(i, TITLE)) return false
  return gapOf(i) == SPACE ? isOf(i - 1, AT) : isBehindAtSign(i)
}

/** A small word by which one place lies in the other: "St. Charles in Bend". */
function joins(i: i32): bool {
  if (shapeOf(i) != SMALL || gapOf(i) != SPACE || gapOf(i + 1) != SPACE || !isFree(i)) return false
  return isWord(i, 'in') || isWord(i, 'at') || isWord(i, 'of') || isWord(i, 'near') || isWord(i, 'on') || isWord(i, 'outside')
}

/** "Carson Tahoe ER" */
function unitEnd(last: i32): i32 {
  const next = last + 1
  if (next >= count || gapOf(next) != SPACE || shapeOf(next) != CAPITALS || !isFree(next)) return last
  return isWord(next, 'er') || isWord(next, 'icu') || isWord(next, 'nicu') ? next : last
}

/** "at Mayo in Eau Claire": behind "in" a name is a place's too. */
function goesOnAs(small: i32): bool {
  const as = claimOf(small + 1)
  return as == PLACED || (as == NAMED && (isWord(small, 'in') || isListed(small + 1, PLACE)))
}

/** With "VA in" and "the" before it: without its article a place is told as little. */
function placeStart(i: i32): i32 {
  let first = nameStart(i)
  const office = first - 2
  if (office >= 0 && shapeOf(office) == CAPITALS && isWord(office, 'va') && joins(first - 1) && gapOf(first) == SPACE) first = office
  first = siteStart(houseStart(plusStart(cornerStart(first))))
  return first > 0 && gapOf(first) == SPACE && shapeOf(first - 1) == SMALL && isWord(first - 1, 'the') ? first - 1 : first
}

/** "UT Tyler", "UMC El Paso": capitals right before a place, which are no short form of medicine. */
function houseStart(place: i32): i32 {
  const house = place - 1
  if (house < 0 || gapOf(place) != SPACE || shapeOf(house) != CAPITALS || sizeOf(house) > 5 || !isFree(house)) return place
  return isOf(house, ACRONYM | TITLE | STOPPER | HEADING) || isKnown(house, TERM) ? place : house
}

/** "LAC+USC" */
function plusStart(place: i32): i32 {
  const other = place - 1
  if (byteAt(startOf(place) - 1) != 0x2b || other < 0 || endOf(other) != startOf(place) - 1) return place
  return shapeOf(other) == CAPITALS && isFree(other) ? other : place
}

/** "5th and Main", "16th & Mission": the street that crosses another. */
function cornerStart(place: i32): i32 {
  const and = place - 1
  if (and > 0 && gapOf(place) == AMPERSAND && isOrdinal(and) && isFree(and)) return and
  if (and < 1 || shapeOf(and - 1) != NUMBER || gapOf(place) != SPACE || gapOf(and) != SPACE || !isWord(and, 'and')) return place
  return isOrdinal(and - 1) && isFree(and - 1) ? and - 1 : place
}

/** "at Mayo in Eau Claire", "the CVS on Clement Street": capitals between "at" and what it lies in belong to the place. */
function siteStart(place: i32): i32 {
  let at = place - 1
  if (at < 2 || gapOf(place) != SPACE || gapOf(at) != SPACE || shapeOf(at) != SMALL || !isWithin(at)) return place
  const plain = plainStart(at - 1)
  if (plain >= 0) return plain
  // "the Toyota dealership in"
  if (shapeOf(at - 1) == SMALL && gapOf(at - 1) == SPACE && !isOf(at - 1, STOPPER)) at--
  const end = at
  while (at > 1 && end - at < 4 && isLarge(at - 1) && isFree(at - 1) && gapOf(at) == SPACE && !isOf(at - 1, STOPPER)) at--
  if (at == end || gapOf(at) != SPACE) return place
  const lead = isWord(at - 1, 'the') && gapOf(at - 1) == SPACE ? at - 2 : at - 1
  return lead >= 0 && (isOf(lead, AT) || isWord(lead, 'to') || isWord(lead, 'from')) ? at : place
}

function isWithin(i: i32): bool {
  return isWord(i, 'in') || isWord(i, 'on') || isWord(i, 'at') || isWord(i, 'outside')
}

/** "Coumadin clinic at", "the embassy clinic in": a house in small letters that an article or a capital tells; -1 where none ends there. */
function plainStart(head: i32): i32 {
  if (shapeOf(head) != SMALL || !isWatchedAs(head, PLAIN_FACILITY) || !isFree(head)) return -1
  let start = head
  while (start > 0 && head - start < 3 && gapOf(start) == SPACE && isFree(start - 1) && !isOf(start - 1, STOPPER | JOINER | AT | TOWARDS | MOTION)) {
    if (isLarge(start - 1)) return start - 1
    start--
  }
  if (start == 0 || gapOf(start) != SPACE) return -1
  if (!isFree(start - 1)) return start
  return isWord(start - 1, 'the') || isWord(start - 1, 'our') ? start : -1
}

/** "Two Harbors", "Can Tho", "Will Power": in the midst of a sentence a capital is part of the name; "o'neill" */
function nameStart(i: i32): i32 {
  const before = i - 1
  if (before < 0 || !isFree(before)) return i
  // '"Duke" Halvorsen'
  if (shapeOf(before) == CAPITALISED && byteAt(endOf(before)) == 0x22 && startOf(i) - endOf(before) == 2 && byteAt(startOf(before) - 1) == 0x22 && isCallName(before))
    return before
  const small = shapeOf(before) == SMALL
  if ((small || shapeOf(before) == CAPITALISED) && isBaby(before)) return before - 1
  if (!small) {
    const first = capitalStart(before)
    if (first >= 0) return first
  }
  // "Jan-Pieter": half of a double name, whatever else it means
  if (gapOf(i) == HYPHEN && shapeOf(before) == CAPITALISED && shapeOf(i) == CAPITALISED) return before
  if (isApostrophe(byteAt(startOf(i) - 1)) && endOf(before) == startOf(i) - 1 && sizeOf(before) < 3) return before
  if (before == 0 || shapeOf(before) != CAPITALISED || !isOf(before, STOPPER) || gapOf(i) != SPACE) return i
  return gapOf(before) == SPACE && shapeOf(before - 1) == SMALL ? before : i
}

/** Where a name or place begins whose capital before the claimed word nobody claimed; -1 where it is none of it. */
function capitalStart(before: i32): i32 {
  const i = before + 1
  if (gapOf(i) == COMMA) return isLarge(before) && isBeforeDouble(before) ? before : -1
  if (shapeOf(before) != CAPITALISED || (gapOf(i) != SPACE && gapOf(i) != DOT_SPACE)) return -1
  // "New Bedford", "St. Louis"
  if (isOf(before, PLACE_PREFIX)) return before
  if (gapOf(i) != SPACE || before == 0) return -1
  // "Jun Watanabe"
  if (isOf(before, MONTH) && isListed(before, FIRST) && claimOf(i) == NAMED) return before
  // "Shu-Fen Lai"
  if (gapOf(before) == HYPHEN && isFree(before - 1) && shapeOf(before - 1) == CAPITALISED) return before - 1
  // "Grandma Peg"
  if (isOf(before, PERSON)) return isKin(before) ? before : -1
  return gapOf(before) == SPACE && isOf(before - 1, PERSON) && isCallName(before) ? before : -1
}

/** "pt Big Mike Tolliver": a word between somebody and the name, and no term. */
function isCallName(i: i32): bool {
  return !isListed(i, MEDICAL) && !isOf(i, HEADING | PROPER | ACRONYM | TITLE | STOPPER | PERSON)
}

/** "baby girl Esparza" */
function isBaby(child: i32): bool {
  if (child == 0 || gapOf(child) != SPACE || gapOf(child + 1) != SPACE || !isWatchedAs(child, PERSON)) return false
  return (isWord(child, 'girl') || isWord(child, 'boy')) && isWord(child - 1, 'baby')
}

/** "Wu, Mei-Ling": a surname that is no other word, before half a first name. */
function isBeforeDouble(surname: i32): bool {
  const half = surname + 2
  return half < count && gapOf(half) == HYPHEN && shapeOf(half) == CAPITALISED && isListed(surname, SURNAME) && !isListed(surname, ENGLISH | MEDICAL | PLACE)
}

function isKin(i: i32): bool {
  return isWord(i, 'grandma') || isWord(i, 'grandpa') || isWord(i, 'aunt') || isWord(i, 'uncle') || isWord(i, 'baby')
}

/** "Daly City", "County Road 14": the last word of a town's name, the number of a road. */
function townEnd(last: i32): i32 {
  const next = last + 1
  if (next >= count || gapOf(next) != SPACE || !isFree(next)) return last
  if (shapeOf(next) == NUMBER) return isOf(last, STREET) && shapeOf(last) == CAPITALISED ? next : last
  return shapeOf(last) == CAPITALISED && shapeOf(next) == CAPITALISED && isKnown(next, TOWN_HEAD) ? next : last
}

/** "Barnes-Jewish", "Stoke-on-Trent", "Young-hee" */
function hyphensEnd(from: i32): i32 {
  let last = from
  while (last + 1 < count && gapOf(last + 1) == HYPHEN && !isOwned(last)) {
    const next = last + 1
    const small = shapeOf(next) == SMALL && sizeOf(next) < 5
    if (small && next + 1 < count && gapOf(next + 1) == HYPHEN && isLarge(next + 1)) last += 2
    else if (shapeOf(next) == CAPITALISED || (small && !isListed(next, ENGLISH | MEDICAL))) last = next
    else break
  }
  return last
}

/** "John D.": an initial has its full stop. */
function nameEnd(last: i32): i32 {
  const to = endOf(last)
  return shapeOf(last) == INITIAL && byteAt(to) == 0x2e ? to + 1 : to
}

/** A facility's name keeps its possessive: St. Luke's. */
function placeEnd(last: i32): i32 {
  const to = endOf(last)
  if (!isOwned(last)) return to
  return (byteAt(to + 1) | 0x20) == 0x73 ? to + 2 : to + 1
}
