// What parts of people's names are, and how far a name goes.

import { isFree } from './claims'
import {
  ACRONYM, CREDENTIAL, ENGLISH, FACILITY, FIRST, FREQUENT, HEADING, MEDICAL, MONTH, PARTICLE, STOPPER, SURNAME, TITLE, WEAK_FACILITY,
} from './classes'
import { isOf, isLarge, isListed } from './traits'
import { count, gapOf, isOwned, shapeOf } from './words'
import { CAPITALISED, CAPITALS, COMMA, DOT, DOT_SPACE, HYPHEN, INITIAL, SMALL, SPACE } from './writing'

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

/** No name of a person has more. */
const mostWords = 4

/** The last word of a name that begins here, whatever its words are; -1 where none does. */
export function nameAfter(start: i32): i32 {
  let end = -1
  for (let i = start; i < count && i < start + mostWords; i++) {
    if (i > start && !inName(i)) break
    if (!isFree(i)) break
    const goes = shapeOf(i) != INITIAL && i + 1 < count && isLarge(i + 1) && inName(i + 1)
    if (goes && isOf(i, PARTICLE)) {
      if (!isLarge(i) && i == start) break
      continue
    }
    if (!isLarge(i)) break
    if (isOf(i, STOPPER | MONTH) && shapeOf(i) != INITIAL) break
    if (shapeOf(i) == CAPITALS && isOf(i, ACRONYM)) break
    if (end >= 0 && isOf(i, CREDENTIAL)) return i
    if (end >= 0 && !mayBePart(i) && shapeOf(i) != INITIAL) break
    end = i
    if (isOwned(i)) break
  }
  return end
}

/** Joined to the word before it as within a name: a space, a hyphen, an initial's full stop. */
export function inName(i: i32): bool {
  const gap = gapOf(i)
  if (gap == SPACE || gap == HYPHEN) return true
  return (gap == DOT || gap == DOT_SPACE) && i > 0 && shapeOf(i - 1) == INITIAL
}

/** As far as the name goes on. */
export function grown(from: i32): i32 {
  let end = from
  for (let i = from + 1; i < count && i <= from + 4 && isFree(i); i++) {
    if (isOwned(i - 1)) break
    if (gapOf(i) == COMMA && isOf(i, CREDENTIAL) && isLarge(i) && shapeOf(i) != INITIAL) return i
    if (!inName(i)) break
    if (shapeOf(i) == INITIAL) {
      end = i
      continue
    }
    // "de la Cruz" behind a double first name
    if (shapeOf(i) == SMALL && isOf(i, PARTICLE)) continue
    if (!mayBePart(i) || isOf(i, HEADING | FACILITY | WEAK_FACILITY)) break
    if (isListed(i, MEDICAL) && !isListed(i, FREQUENT | FIRST)) break
    end = i
  }
  return end
}
