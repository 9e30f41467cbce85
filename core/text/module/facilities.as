// Facilities in prose: hospitals, clinics, offices, homes, schools, by their heads.

import { isFree, PLACED, take } from './claims'
import {
  ACRONYM, AT, DIVISION, ENGLISH, FACILITY, FIRST, FREQUENT, HEADING, JOINER, MEDICAL, MONTH, MOTION, PARTICLE, PLACE, PLACE_PREFIX, PLAIN_FACILITY, PROPER,
  STATE, STATE_CODE, STOPPER, STREET, SURNAME, TITLE, TOWARDS, WEAK_FACILITY,
} from './classes'
import { byteAt } from './memory'
import { goesOn, isOf, isLarge, isListed, isOrdinal, isPlaceName, isStrange, isWord, sizeOf, stops } from './traits'
import { count, endOf, gapOf, headAt, headCount, isOwned, shapeOf, startOf } from './words'
import { CAPITALISED, CAPITALS, COMMA, NUMBER, SMALL, SPACE } from './writing'

/** No name of a facility has more words before or behind its head. */
const mostWords = 7

/** Names with a head: hospitals, clinics, offices, homes, schools. */
export function findFacilities(): void {
  for (let h = 0; h < headCount; h++) {
    const i = headAt(h)
    if (!isOf(i, FACILITY | WEAK_FACILITY | PLAIN_FACILITY) || !isFree(i)) continue
    if (isLarge(i)) headed(i)
    else if (shapeOf(i) == SMALL && isOf(i, PLAIN_FACILITY)) plain(i)
  }
}

function headed(head: i32): void {
  const start = leftOf(head)
  const end = rightOf(head)
  if (start == end) return
  let sure = standsAt(start) || (isOurLady(start) && end > head) || (isOwned(head) && isWord(head, 'children'))
  for (let i = start; i <= end && !sure; i++)
    sure = (isOf(i, FACILITY) && isLarge(i)) || (i > start && i < head && isOf(i, DIVISION)) || ((isStrange(i) || isPlaceName(i)) && shapeOf(i) != SMALL)
  if (!sure) sure = isCalled(start, head) || isCenter(start, head)
  if (sure) take(start, end, PLACED)
}

/** "to Cedar Ridge Rehab", ", Shady Oak SNF": in the midst of a sentence two words that places are called after. */
function isCalled(start: i32, head: i32): bool {
  if (start == 0 || start == head || !isWithin(start)) return false
  // "Mass General"
  if (head - start == 1) return shapeOf(start) == CAPITALISED && isOf(start, STATE | STATE_CODE) && (isWord(head, 'general') || isWord(head, 'memorial') || isWord(head, 'med'))
  for (let i = start; i < head; i++)
    if (shapeOf(i) != CAPITALISED || gapOf(i + 1) != SPACE || !isListed(i, PLACE | SURNAME) || isOf(i, HEADING | PROPER | WEAK_FACILITY)) return false
  return true
}

/** "Interfaith Medical Center", "Jersey City Medical Center": whatever the words before mean. */
function isCenter(start: i32, head: i32): bool {
  const medical = head - 1
  if (medical <= start || !isWord(head, 'center') || shapeOf(head) != CAPITALISED || gapOf(head) != SPACE) return false
  if (!isWord(medical, 'medical') && !isWord(medical, 'med')) return false
  return shapeOf(start) == CAPITALISED && !isOf(start, HEADING | WEAK_FACILITY)
}

function isWithin(i: i32): bool {
  const before = shapeOf(i - 1)
  return (gapOf(i) == SPACE && (before == SMALL || before == NUMBER)) || gapOf(i) == COMMA
}

/** "Our Lady of the Lake" */
function isOurLady(i: i32): bool {
  return i + 1 < count && isWord(i, 'our') && isWord(i + 1, 'lady')
}

/** "@ Gruver Baptist", "@Mercy": the sign is no word. */
export function isBehindAtSign(i: i32): bool {
  const before = startOf(i) - 1
  return byteAt(byteAt(before) == 0x20 ? before - 1 : before) == 0x40
}

/** "Hospital: Rose City", "Location: Oxford", and no "Location: Right Lower Quadrant" */
export function isLabelled(i: i32): bool {
  const from = startOf(i)
  if (i == 0 || isOf(i, HEADING) || byteAt(from - 1) != 0x20 || byteAt(from - 2) != 0x3a || endOf(i - 1) != from - 2) return false
  return isOf(i - 1, FACILITY | PLAIN_FACILITY) || isWord(i - 1, 'city') || isWord(i - 1, 'town')
}

/** Behind "at", "at the", "admitted to", "transferred from our". */
export function standsAt(start: i32): bool {
  if (start == 0) return false
  if (gapOf(start) != SPACE) return isBehindAtSign(start) || isLabelled(start)
  if (isOf(start - 1, AT)) return true
  if (start == 1 || shapeOf(start - 1) != SMALL || gapOf(start - 1) != SPACE) return false
  if (isOf(start - 1, TOWARDS)) return isOf(start - 2, MOTION)
  if (!isOf(start - 1, STOPPER)) return false
  if (isOf(start - 2, AT)) return true
  return start > 2 && isOf(start - 2, TOWARDS) && isOf(start - 3, MOTION)
}

function leftOf(head: i32): i32 {
  let start = head
  while (start > 0 && head - start < mostWords && goesOn(start)) {
    const before = start - 1
    if (!isFree(before)) break
    if (isLarge(before) || isOrdinal(before)) {
      if (stops(before) && !isOurLady(before)) break
      start = before
      continue
    }
    // "University of Utah Hospital", "Brigham and Women's Hospital".
    const joins = shapeOf(before) == SMALL && isOf(before, JOINER | PARTICLE)
    if (!joins || before == 0 || !goesOn(before) || !isLarge(before - 1)) break
    if (stops(before - 1) || !isFree(before - 1)) break
    if (isOf(before - 1, ACRONYM | PROPER) && !isOf(before - 1, FACILITY)) break
    start = before - 1
  }
  return start
}

function rightOf(head: i32): i32 {
  let end = head
  while (end + 1 < count && end - head < mostWords) {
    const next = end + 1
    if (!isFree(next)) break
    if (isLarge(next) && goesOn(next)) {
      const heads = isOf(next, FACILITY | WEAK_FACILITY)
      if (isOf(next, STOPPER | MONTH)) break
      // "Hospital of Kansas City"
      if (end > head && isWord(next, 'city') && gapOf(next) == SPACE) {
        end = next
        continue
      }
      if (isOf(next, HEADING) && !heads) break
      if (!heads && (isOf(next, ACRONYM) || !(isPlaceName(next) || isStrange(next) || shapeOf(next) == CAPITALS || isTownEnd(head, end, next)))) break
      end = next
      continue
    }
    if (gapOf(next) == SPACE && goesOnBehindSmall(end)) {
      end = next + 1
      continue
    }
    if (gapOf(next) == SPACE && goesOnBehindOfThe(end)) {
      end = next + 2
      continue
    }
    if (gapOf(next) == COMMA && isLarge(next) && isPlaceBehindComma(next)) {
      end = next
      continue
    }
    break
  }
  return end
}

/** "VA Palo Alto": behind the name of a place another word that places are called by, whatever else it means. */
function isTownEnd(head: i32, end: i32, next: i32): bool {
  return end > head && isListed(end, PLACE) && isListed(next, PLACE) && gapOf(next) == SPACE
}

/** By a small word and a large one. */
function goesOnBehindSmall(end: i32): bool {
  const small = end + 1
  const large = end + 2
  if (large >= count || shapeOf(small) != SMALL || gapOf(large) != SPACE || !isFree(large) || isOf(large, MONTH)) return false
  if (isWord(small, 'to') || isWord(small, 'from')) return false
  if (isOf(small, JOINER | TOWARDS | AT) && isLarge(large) && (isPlaceName(large) || isOf(large, STATE | PLACE_PREFIX))) return true
  // "La Clínica del Pueblo"
  if (isOf(small, PARTICLE) && isOf(end, FACILITY)) return shapeOf(large) == CAPITALISED && !isOf(large, STOPPER | TITLE)
  // "Hospital for Special Surgery", "Institute of Neurology"
  return isOf(small, JOINER) && shapeOf(large) == CAPITALISED && !isOf(large, STOPPER | TITLE) && isOf(end, FACILITY | WEAK_FACILITY)
}

/** "Hospital of the Good Shepherd", "Our Lady of the Lake" */
function goesOnBehindOfThe(end: i32): bool {
  const large = end + 3
  if (large >= count || !isOf(end, FACILITY | WEAK_FACILITY) || shapeOf(large) != CAPITALISED || !isFree(large)) return false
  if (!isWord(end + 1, 'of') || !isWord(end + 2, 'the') || gapOf(end + 2) != SPACE || gapOf(large) != SPACE) return false
  return !isOf(large, STOPPER | TITLE | MONTH | HEADING)
}

/** ", Boston", ", MA"; not ", John". */
function isPlaceBehindComma(i: i32): bool {
  if (shapeOf(i) == CAPITALS) return isOf(i, STATE_CODE)
  if (isOf(i, STATE) && !isOf(i, MONTH)) return true
  if (isListed(i, FIRST) && isListed(i, FREQUENT) && !(isListed(i, PLACE) && shapeOf(i + 1) != CAPITALISED)) return false
  return isPlaceName(i) || isOf(i, PLACE_PREFIX)
}

/** "fresno clinic": written small it is one by being no other word. */
function isSmallTown(i: i32): bool {
  return shapeOf(i) == SMALL && isListed(i, PLACE) && !isListed(i, ENGLISH | MEDICAL) && sizeOf(i) > 4
}

/** "our Chicago clinic", "Dallas facility". */
function plain(head: i32): void {
  let start = head
  let named = false
  while (start > 0 && head - start < mostWords && goesOn(start)) {
    const before = start - 1
    if (!isFree(before) || stops(before)) break
    if (isOf(before, PROPER) && shapeOf(before) != CAPITALISED) break
    if (!isLarge(before) && !isOrdinal(before) && !(start < head && isOf(before, STREET)) && !isSmallTown(before)) break
    const possible = isStrange(before) || isListed(before, PLACE | SURNAME) || shapeOf(before) == CAPITALS
    if (possible && !isOf(before, ACRONYM | PROPER) && !isListed(before, MEDICAL)) named = true
    if (isPlaceName(before) || isOf(before, STREET)) named = true
    // ", Ocean City office"
    else if (shapeOf(before) == CAPITALISED && isListed(before, PLACE) && gapOf(before) == COMMA) named = true
    start = before
  }
  if (start == head) return
  if (!named && !(start > 0 && isOf(start - 1, AT))) return
  // "Dr. Patel's clinic": the name is found by itself.
  if (isOwned(head - 1) && head - start < 3 && isOf(start, TITLE)) return
  // "Denver metro area"
  const next = head + 1
  take(start, next < count && gapOf(next) == SPACE && isOf(next, PLAIN_FACILITY) ? next : head, PLACED)
}
