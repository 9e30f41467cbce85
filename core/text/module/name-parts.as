// What parts of people's names are, and how far a name goes.

import { isFree } from './claims'
import {
  ACRONYM, CREDENTIAL, ENGLISH, FACILITY, FIRST, FREQUENT, HEADING, MEDICAL, MONTH, PARTICLE, STOPPER, SURNAME, TITLE, WEAK_FACILITY,
} from './classes'
import { byteAt } from './memory'
import { isDigit } from './signs'
import { isOf, isLarge, isListed, isWord } from './traits'
import { count, endOf, gapOf, isOwned, shapeOf, startOf } from './words'
import { AMPERSAND, CAPITALISED, CAPITALS, COMMA, DOT, DOT_SPACE, HYPHEN, INITIAL, SMALL, SPACE } from './writing'

/** Bears a capital and may be part of a person's name, by itself no proof. */
export function mayBePart(i: i32): bool {
  if (shapeOf(i) != CAPITALISED && shapeOf(i) != CAPITALS) return false
  if (isOf(i, STOPPER | MONTH | ACRONYM | TITLE)) return false
  return isListed(i, FIRST | SURNAME) || !isListed(i, ENGLISH | MEDICAL)
}

/** A first name that is no other word, or so common a name that the other word is rarer. */
export function isFirstName(i: i32): bool {
  if (shapeOf(i) != CAPITALISED) return false
  if (!isListed(i, FIRST) || isOf(i, STOPPER | MONTH)) return false
  return !isListed(i, ENGLISH | MEDICAL) || isListed(i, FREQUENT)
}

/** No name of a person has more, its particles counted. */
const mostWords = 6

/** The last word of a name that begins here, whatever its words are; -1 where none does. */
export function nameAfter(start: i32): i32 {
  let end = -1
  for (let i = start; i < count && i < start + mostWords; i++) {
    if (i > start && !inName(i)) break
    if (!isFree(i)) break
    const goes = shapeOf(i) != INITIAL && i + 1 < count && inName(i + 1) && (isLarge(i + 1) || isOf(i + 1, PARTICLE))
    if (goes && isOf(i, PARTICLE)) continue
    // "Seo-yeon Doan"
    if (i > start && isSecondHalf(i) && (isSyllable(i) || !isListed(i, ENGLISH | MEDICAL) || (endOf(i) - startOf(i) < 5 && isListed(i - 1, FIRST)))) {
      end = i
      continue
    }
    if (!isLarge(i)) break
    if (end >= 0 && isGeneration(i)) return i
    if (isOf(i, STOPPER | MONTH) && shapeOf(i) != INITIAL && !isMonthName(i, start)) break
    if (shapeOf(i) == CAPITALS && isOf(i, ACRONYM)) break
    if (end >= 0 && isOf(i, CREDENTIAL)) return i
    if (end >= 0 && !mayBePart(i) && shapeOf(i) != INITIAL) break
    end = i
    if (isOwned(i)) break
  }
  return end
}

/** The yeon of "Seo-yeon". */
export function isSecondHalf(i: i32): bool {
  return shapeOf(i) == SMALL && gapOf(i) == HYPHEN && isLarge(i - 1)
}

/** "Jin-ho Bae", "Park, Ji-woo": short, whatever else it means, and a name goes on behind it or stands before. */
export function isSyllable(i: i32): bool {
  if (endOf(i) - startOf(i) > 4) return false
  return (i + 1 < count && gapOf(i + 1) == SPACE && shapeOf(i + 1) == CAPITALISED) || (i > 1 && gapOf(i - 1) == COMMA)
}

/** "Tanya Costello Jr.", "Whitfield III" */
export function isGeneration(i: i32): bool {
  if (!isLarge(i) || endOf(i) - startOf(i) > 3 || !isOf(i, CREDENTIAL)) return false
  return isWord(i, 'jr') || isWord(i, 'sr') || isWord(i, 'ii') || isWord(i, 'iii') || isWord(i, 'iv')
}

/** A short form that is none where it is written as a name: Ed, Ana, Asa. */
export function isShortened(i: i32): bool {
  return isOf(i, ACRONYM) && !(shapeOf(i) == CAPITALISED && isListed(i, FIRST))
}

/** "Dr. June Pope", "Mr. May,": of a name's first word, where no day or year stands behind it. */
function isMonthName(i: i32, start: i32): bool {
  return i == start && shapeOf(i) == CAPITALISED && isOf(i, MONTH) && isListed(i, FIRST) && !isDigit(byteAt(endOf(i) + 1))
}

/** Joined to the word before it as within a name: a space, a hyphen, an initial's full stop. */
export function inName(i: i32): bool {
  const gap = gapOf(i)
  if (gap == SPACE || gap == HYPHEN) return true
  return (gap == DOT || gap == DOT_SPACE) && i > 0 && shapeOf(i - 1) == INITIAL
}

/** "SHAPIRO, L. DESAI, P.": behind an initial's full stop the surname of another. */
function isNextOfList(i: i32): bool {
  return gapOf(i) == DOT_SPACE && i + 1 < count && gapOf(i + 1) == COMMA && shapeOf(i + 1) == INITIAL
}

/** As far as the name goes on. */
export function grown(from: i32): i32 {
  let end = from
  for (let i = from + 1; i < count && i <= from + 4 && isFree(i); i++) {
    if (isOwned(i - 1)) break
    if (gapOf(i) == COMMA && isOf(i, CREDENTIAL) && isLarge(i) && shapeOf(i) != INITIAL) return i
    if (gapOf(i) == SPACE && isGeneration(i)) return i
    // "Baylor Scott & White"
    if (gapOf(i) == AMPERSAND && shapeOf(i) == CAPITALISED && isListed(i, SURNAME)) {
      end = i
      continue
    }
    if (!inName(i) || isNextOfList(i)) break
    if (shapeOf(i) == INITIAL) {
      end = i
      continue
    }
    // "de la Cruz" behind a double first name
    if (shapeOf(i) == SMALL && isOf(i, PARTICLE)) continue
    // The other half of a double name, whatever else it means.
    if (gapOf(i) == HYPHEN && shapeOf(i) == CAPITALISED && shapeOf(i - 1) == CAPITALISED) {
      end = i
      continue
    }
    if (!mayBePart(i) || isOf(i, HEADING | FACILITY | WEAK_FACILITY)) break
    if (isListed(i, MEDICAL) && !isListed(i, FREQUENT | FIRST)) break
    end = i
  }
  return end
}
