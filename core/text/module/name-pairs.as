// Names by two parts of theirs: first names with initials or surnames, surnames first.

import { isFree, NAMED, take } from './claims'
import {
  ACRONYM, ENGLISH, EPONYM, EPONYM_HEAD, EVERYDAY, FACILITY, FAMOUS_EPONYM, FIRST, FREQUENT, HEADING, MEDICAL, MONTH, PARTICLE, PERSON, PLACE, PLACE_PREFIX, PROPER, STOPPER,
  SURNAME, TITLE, WEAK_EPONYM_HEAD,
} from './classes'
import { byteAt } from './memory'
import { grown, inName, isFirstName, isSecondHalf, isShortened, isSyllable, mayBePart } from './name-parts'
import { initialsEnd, isBehindOtherWord, isStopped, setOffEnd } from './set-off-names'
import { isOf, isListed, isStrange, isWatchedAs, isWord, sizeOf } from './traits'
import { count, endOf, flagsOf, gapOf, isOwned, markCount, markedAt, shapeOf, startOf } from './words'
import { APART, CAPITALISED, CAPITALS, COMMA, HYPHEN, INITIAL, NUMBER, SMALL, SPACE } from './writing'

/** A first name with an initial or a surname; an initial with a surname; a surname with a first name behind its comma. */
export function findPairs(): void {
  for (let m = 0; m < markCount; m++) {
    const i = markedAt(m)
    const shape = shapeOf(i)
    if (shape == INITIAL && isFree(i) && isBehindOtherWord(i)) {
      take(i - 1, i, NAMED)
      continue
    }
    const next = i + 1
    if (next >= count) break
    const follows = shapeOf(next)
    if (follows == NUMBER || gapOf(next) == APART || !isFree(i) || !isFree(next)) continue
    // As most capitals stand: nothing goes on by a small word but what a particle joins.
    if (follows == SMALL && gapOf(next) == SPACE && !isWatchedAs(next, PARTICLE)) continue
    let end = -1
    if (shape == INITIAL) end = initialAt(i)
    else if (shape == CAPITALISED || shape == CAPITALS) {
      end = pairAt(i)
      if (end < 0 && follows != SMALL) end = setOffEnd(i)
    }
    if (end < 0) continue
    take(i, end, NAMED)
    if (end > i && isListed(i, FIRST)) takeOther(i)
  }
}

/** "Harry and Alayna Strelka": a first name before "and", whatever else it means. */
function takeOther(i: i32): void {
  const other = i - 2
  if (other < 0 || shapeOf(other) != CAPITALISED || !isFree(other) || !isListed(other, FIRST) || isOf(other, STOPPER | HEADING | PROPER)) return
  if (gapOf(i) == SPACE && gapOf(i - 1) == SPACE && shapeOf(i - 1) == SMALL && isWord(i - 1, 'and')) take(other, other, NAMED)
}

/** "A. Barnes", "J.R. Smith", "M.K.L. Baker"; "patient J.S." where no name follows. */
function initialAt(i: i32): i32 {
  const named = namedAt(i)
  if (named >= 0) return named
  const alone = initialsEnd(i)
  const longer = alone > i + 1 ? namedAt(alone - 1) : -1
  return longer >= 0 ? longer : alone
}

/** Where a surname behind one initial or two ends; -1 where none is there. */
function namedAt(i: i32): i32 {
  let at = i + 1
  if (!inName(at) || gapOf(at) == HYPHEN) return -1
  if (gapOf(at) == SPACE && !isFreeOfMeaning(i)) return -1
  if (shapeOf(at) == INITIAL && at + 1 < count && inName(at + 1) && isFree(at + 1)) at++
  if (shapeOf(at) != CAPITALISED || !mayBePart(at)) return -1
  if (isListed(at, MEDICAL) && !isListed(at, FREQUENT)) return -1
  if (isListed(at, ENGLISH) && !isListed(at, SURNAME)) return -1
  return grown(at)
}

function pairAt(i: i32): i32 {
  const next = i + 1
  if (isOf(i, STOPPER | TITLE) || isShortened(i)) return -1
  // "San Francisco"
  if (isOf(i, PLACE_PREFIX) && isListed(next, PLACE) && gapOf(next) == SPACE) return -1
  const shape = shapeOf(i)
  const gap = gapOf(next)
  if (gap == SPACE && shapeOf(next) == SMALL) return shape == CAPITALISED && !isOwned(i) ? particledEnd(i) : -1
  const firstName = shape == CAPITALISED && isListed(i, FIRST) && !isOf(i, HEADING)
  const strange = shape == CAPITALISED && isStrange(i)
  if (gap == SPACE && shapeOf(next) == INITIAL && !isOwned(i)) {
    // "John D.", "Smith J."; not "Vitamin D"
    const family = isListed(i, SURNAME)
    if (gapOf(i) == HYPHEN && isOf(i, FAMOUS_EPONYM)) return -1
    if (firstName || strange || (family && !isListed(i, ENGLISH | MEDICAL))) return grown(next)
    // "Brown K., seen": with its full stop, and the sentence goes on
    if (family && isListed(i, FREQUENT) && isStopped(next)) return next
  }
  // "Smith, John", "GARCIA, MARIA"
  if (gap == COMMA && isFamilyBefore(i, next)) {
    // "Park, Ji-woo"
    const half = next + 1
    if (half < count && isSecondHalf(half) && isSyllable(half) && shapeOf(next) == CAPITALISED && isFree(half)) return half
    if (isFirstName(next)) return grown(next)
    // "Hodges, T", and no code: "Hodges, T-4411"
    if (shapeOf(next) == INITIAL && byteAt(endOf(next)) != 0x2d && !isListed(i, ENGLISH | MEDICAL)) return grown(next)
    // "CHEN, Wei": capitals before the comma alone
    if (shape == CAPITALS && shapeOf(next) == CAPITALISED && (isListed(next, FIRST) || isStrange(next)) && !isListed(next, EVERYDAY)) return grown(next)
    const both = FIRST | FREQUENT
    if (shape == CAPITALS && shapeOf(next) == CAPITALS && ((flagsOf(next) & both) == both || areNames(i, next))) return grown(next)
  }
  // "SMITH-JONES, ALOYSIUS"
  if (gap == HYPHEN && shape == CAPITALS && shapeOf(next) == CAPITALS && next + 1 < count && gapOf(next + 1) == COMMA) {
    const end = isListed(i, SURNAME) ? pairAt(next) : -1
    if (end >= 0) return end
  }
  if (!inName(next) || isOwned(i)) return -1
  if (shapeOf(next) == CAPITALISED || (shape == CAPITALS && shapeOf(next) == CAPITALS)) {
    if (isOf(next, STOPPER | HEADING | EPONYM_HEAD | FACILITY | MONTH)) return -1
    const family = isListed(next, SURNAME | FIRST)
    // A surname that diseases bear too is a surname behind a first name.
    const known = isListed(next, ENGLISH) || (isListed(next, MEDICAL) && !isListed(next, EPONYM))
    if (shape == CAPITALS) return isListed(i, FIRST | SURNAME) && !isListed(i, ENGLISH | MEDICAL) && family && !known ? grown(next) : -1
    if ((family || !known) && isFirstName(i)) return grown(next)
    if ((firstName || strange) && family && !known) return grown(next)
    // "Aster Gebremedhin"
    if (gap == SPACE && shape == CAPITALISED && isRare(i) && (isStrange(next) || (family && !known)) && sizeOf(next) > 3) return grown(next)
  }
  // "for Norm Pelletier", ", Skip Rutledge,": in the midst of a sentence a capital before a surname that is nothing else
  if (gap == SPACE && shape == CAPITALISED && shapeOf(next) == CAPITALISED && isNickname(i, next)) return grown(next)
  if (!firstName && !strange) return -1
  // "Soo-jin Park"
  const last = next + 1
  const half = gap == HYPHEN && shapeOf(next) == SMALL && last < count
  if (
    half && gapOf(last) == SPACE && isFree(last) && (isSyllable(next) || !isListed(next, ENGLISH)) && sizeOf(next) <= 5 &&
    (shapeOf(last) == INITIAL || mayBePart(last)) && shapeOf(last) != CAPITALS
  )
    return grown(last)
  return gap == SPACE ? particledEnd(i) : -1
}

/** "Maria de la Cruz", "Ludwig van Beek" */
function particledEnd(i: i32): i32 {
  if (!isWatchedAs(i + 1, PARTICLE) || !((isListed(i, FIRST) && !isOf(i, HEADING)) || isStrange(i))) return -1
  let at = i + 2
  if (at < count && gapOf(at) == SPACE && isOf(at, PARTICLE)) at++
  return at < count && inName(at) && mayBePart(at) && isFree(at) ? grown(at) : -1
}

/** "IBRAHIM, SALMA": of capitals neither is a short form or another word. */
function areNames(i: i32, next: i32): bool {
  if ((isListed(i, ENGLISH | MEDICAL) && !isListed(i, FREQUENT)) || sizeOf(i) < 4 || sizeOf(next) < 3) return false
  return isListed(next, FIRST) ? !isListed(next, ENGLISH | MEDICAL) && !isShortened(next) : isStrange(next)
}

/** Behind a small word or a comma, before a surname that is no word of English, medicine or place. */
function isNickname(i: i32, next: i32): bool {
  if (i == 0 || isOwned(i) || !isListed(next, SURNAME) || isListed(next, ENGLISH | MEDICAL | PLACE) || sizeOf(i) > 6) return false
  if (isOf(i, HEADING | PROPER | EPONYM_HEAD | WEAK_EPONYM_HEAD | FACILITY | PERSON | ACRONYM | STOPPER)) return false
  const lead = gapOf(i)
  return (lead == SPACE && shapeOf(i - 1) == SMALL) || (lead == COMMA && shapeOf(i - 1) != CAPITALISED)
}

/** A word of English that few texts have: behind a surname more often a first name. */
function isRare(i: i32): bool {
  return !isListed(i, EVERYDAY | MEDICAL) && !isOf(i, HEADING | PROPER | EPONYM_HEAD | FACILITY | PERSON | WEAK_EPONYM_HEAD)
}

/** A surname that is no other word, or a common one where what is behind its comma is rarely another word. */
function isFamilyBefore(i: i32, next: i32): bool {
  if (isOwned(i) || isOf(i, HEADING | PROPER)) return false
  const known = isListed(next, FIRST) && !isListed(next, ENGLISH | MEDICAL)
  if (!isListed(i, SURNAME)) return known && isStrange(i) && sizeOf(i) > 3
  // "Froehlich, Charissa"
  if (known && isListed(i, EPONYM)) return true
  if (!isListed(i, EVERYDAY | MEDICAL)) return true
  return isListed(i, FREQUENT) && !isListed(next, EVERYDAY)
}

/** An initial that is not "A" or "I" of English, nor a letter behind "vitamin" or "type". */
function isFreeOfMeaning(i: i32): bool {
  const letter = byteAt(startOf(i))
  return letter != 0x41 && letter != 0x49
}
