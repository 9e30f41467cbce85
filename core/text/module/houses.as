// Houses of care that are called by words of any meaning: told by a word that hospitals are called after, or by the town behind it.

import { claimOf, isFree, KEPT, NAMED, PLACED, take } from './claims'
import {
  ACRONYM, CREDENTIAL, ENGLISH, EPONYM_HEAD, EVERYDAY, HEADING, MEDICAL, MONTH, PERSON, PLACE, PLACE_PREFIX, STOPPER, SURNAME, TITLE, WEAK_EPONYM_HEAD, WEAK_FACILITY,
} from './classes'
import { BRAND, known, SHARED_BRAND } from './dictionary'
import { byteAt } from './memory'
import { areTown } from './recent'
import { isLarge, isListed, isOf, isStrange, isWord, sizeOf } from './traits'
import { count, endOf, gapOf, isOwned, shapeOf, startOf } from './words'
import { AMPERSAND, CAPITALISED, CAPITALS, HYPHEN, SPACE } from './writing'

/** Swedish, Mercy: with any word beside it. */
export const SURE: i32 = 1
/** Memorial, General: with a name or place beside it. */
export const SHARED: i32 = 2

/** No such name has more words. */
const mostWords = 6

/** What a word is to the names of hospitals; 0 of most words. */
export function brandOf(i: i32): i32 {
  const said = known(startOf(i), endOf(i)) & (BRAND | SHARED_BRAND)
  return said == 0 || isOf(i, PERSON) ? 0 : (said & BRAND) != 0 ? SURE : SHARED
}

/** "Swedish First Hill", "Sharp Memorial", "VA Little Rock": where what the words from `start` to `end` belong to ends, which it takes; -1 where they are of none. */
export function takeHouse(start: i32, end: i32): i32 {
  let free = false
  for (let i = start; i <= end && !free; i++) free = isFree(i)
  if (!free) return -1
  let from = start
  while (from > 0 && start - from < mostWords && joins(from) && isLarge(from - 1) && isClaimed(from - 1)) from--
  while (from < start && isOf(from, TITLE)) from++
  let to = start
  while (to + 1 < count && to - start < mostWords && joins(to + 1) && isLarge(to + 1) && (isClaimed(to + 1) || mayGoOn(to + 1))) to++
  if (from == to || !(isFree(start) ? mayGoOn(start) : isClaimed(start))) return -1
  return isHouse(from, to) ? taken(from, to) : -1
}

function taken(from: i32, to: i32): i32 {
  take(from, to, PLACED)
  return to
}

function isHouse(from: i32, to: i32): bool {
  let shared = false
  let named = false
  for (let i = from; i <= to; i++) {
    if (claimOf(i) == KEPT) return false
    const brand = brandOf(i)
    if (brand == SURE && !(i == from && isOf(from + 1, PERSON))) return true
    if (brand == SHARED) shared = true
    else if (isWord(i, 'one')) named = true
    else if (!isOf(i, HEADING | WEAK_FACILITY) && (!isFree(i) || (isListed(i, PLACE | SURNAME) && !isListed(i, MEDICAL)) || isStrange(i))) named = true
  }
  return (shared && named) || endsInTown(from, to) || isOfTown(from, to)
}

/** "Mercy Iowa City", "VA Little Rock" */
function endsInTown(from: i32, to: i32): bool {
  for (let i = to - 1; i > from && i > to - 3; i--)
    if (isListed(i, PLACE) && gapOf(to) == SPACE && areTown(startOf(i), endOf(to))) return true
  return false
}

/** "CHUM Montréal", "ANMC Anchorage": capitals that no list has, and a place that is no word. */
function isOfTown(from: i32, to: i32): bool {
  if (to != from + 1 || shapeOf(from) != CAPITALS || sizeOf(from) < 3 || isListed(from, MEDICAL | EVERYDAY) || isOf(from, ACRONYM) || gapOf(to) != SPACE) return false
  return isListed(to, PLACE) && !isListed(to, ENGLISH) && !isOwned(to)
}

function joins(i: i32): bool {
  const gap = gapOf(i)
  return (gap == SPACE || gap == HYPHEN || gap == AMPERSAND) && !(isOwned(i - 1) && gap != SPACE)
}

function isClaimed(i: i32): bool {
  const as = claimOf(i)
  return as == NAMED || as == PLACED
}

/** Whether a capitalised word may be part of such a name. */
function mayGoOn(i: i32): bool {
  if (!isFree(i)) return false
  if (isOf(i, MONTH | TITLE | CREDENTIAL | EPONYM_HEAD | WEAK_EPONYM_HEAD | PERSON)) return isWord(i, 'va')
  if (isOf(i, ACRONYM)) return isWord(i, 'va') || isWord(i, 'uk')
  if (isOf(i, STOPPER)) return isWord(i, 'one') || (isWord(i, 'first') && i + 1 < count && gapOf(i + 1) == SPACE && shapeOf(i + 1) == CAPITALISED)
  if (isOf(i, HEADING) && !isOf(i, PLACE_PREFIX | WEAK_FACILITY)) return isWord(i, 'city')
  return shapeOf(i) == CAPITALISED || (shapeOf(i) == CAPITALS && byteAt(endOf(i)) != 0x2d)
}
