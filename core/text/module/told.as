// How far what is claimed goes in the text: with the small words, articles and halves of words that belong to it.

import { claimOf, isClaimedOn, isFree, KEPT, NAMED, nextClaimed, PLACED } from './claims'
import { AT, ENGLISH, MEDICAL, STOPPER, TITLE } from './classes'
import { push } from './findings'
import { byteAt } from './memory'
import { isLarge, isListed, isOf, isWord, sizeOf } from './traits'
import { GEOGRAPHIC_LOCATION, NAME } from './types'
import { count, endOf, gapOf, isOwned, shapeOf, startOf } from './words'
import { CAPITALISED, CAPITALS, HYPHEN, INITIAL, isApostrophe, SMALL, SPACE } from './writing'

/** Notes all that is claimed. */
export function tell(): void {
  for (let i = nextClaimed(0); i < count; ) {
    const as = claimOf(i)
    let last = lastOf(i)
    if (as != KEPT) {
      const place = as == PLACED || isBehindAt(i)
      const first = place ? placeStart(i) : nameStart(i)
      last = hyphensEnd(last)
      if (place) while (last + 2 < count && joins(last + 1) && claimOf(last + 2) == PLACED) last = hyphensEnd(lastOf(last + 2))
      push(startOf(first), as == NAMED ? nameEnd(last) : placeEnd(last), as == NAMED ? NAME : GEOGRAPHIC_LOCATION)
    }
    i = nextClaimed(last + 1)
  }
}

/** The last word that is claimed together with this one. */
function lastOf(first: i32): i32 {
  let last = first
  while (last + 1 < count && isClaimedOn(last + 1)) last++
  return last
}

/** "at Henry Ford in Dearborn": what is called after somebody. */
function isBehindAt(i: i32): bool {
  return i > 0 && gapOf(i) == SPACE && isOf(i - 1, AT) && !isOf(i, TITLE)
}

/** A small word by which one place lies in the other: "St. Charles in Bend". */
function joins(i: i32): bool {
  if (shapeOf(i) != SMALL || gapOf(i) != SPACE || gapOf(i + 1) != SPACE || !isFree(i)) return false
  return isWord(i, 'in') || isWord(i, 'at') || isWord(i, 'of') || isWord(i, 'near')
}

/** With "VA in" and "the" before it: without its article a place is told as little. */
function placeStart(i: i32): i32 {
  let first = nameStart(i)
  const office = first - 2
  if (office >= 0 && shapeOf(office) == CAPITALS && isWord(office, 'va') && joins(first - 1) && gapOf(first) == SPACE) first = office
  return first > 0 && gapOf(first) == SPACE && shapeOf(first - 1) == SMALL && isWord(first - 1, 'the') ? first - 1 : first
}

/** "Two Harbors", "Can Tho", "Will Power": in the midst of a sentence a capital is part of the name; "o'neill" */
function nameStart(i: i32): i32 {
  const before = i - 1
  if (before < 0 || !isFree(before)) return i
  if (isApostrophe(byteAt(startOf(i) - 1)) && endOf(before) == startOf(i) - 1 && sizeOf(before) < 3) return before
  if (before == 0 || shapeOf(before) != CAPITALISED || !isOf(before, STOPPER) || gapOf(i) != SPACE) return i
  return gapOf(before) == SPACE && shapeOf(before - 1) == SMALL ? before : i
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
