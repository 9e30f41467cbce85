// Names of words that are more often other words, and of initials alone: told by what they stand between.

import { isFree } from './claims'
import {
  ACRONYM, BESIDE, CREDENTIAL, EPONYM_HEAD, FACILITY, FIRST, HEADING, MEDICAL, NAMING, PERSON, PROPER, STOPPER, STREET, SURNAME, TITLE,
  WEAK_EPONYM_HEAD, WEAK_FACILITY,
} from './classes'
import { byteAt } from './memory'
import { inName, isGeneration } from './name-parts'
import { digitAt, isSmall, saysAt } from './signs'
import { isOf, isListed, isStrange, isWord, sizeOf } from './traits'
import { count, endOf, gapOf, isOwned, shapeOf, startOf } from './words'
import { CAPITALISED, COMMA, DOT, HYPHEN, INITIAL, SPACE } from './writing'

/**
 * ", Skip W., seen", ", Beau Lee, who", "like Dusty Miles (": words that are more often other words, where a sentence goes on and
 * a capital is no beginning. An initial's full stop before a comma ends nothing else; a pair stands between commas, as what
 * tells somebody's name does. Where it ends; -1 where it is none.
 */
export function setOffEnd(i: i32): i32 {
  const next = i + 1
  if (i == 0 || shapeOf(i) != CAPITALISED) return -1
  const initial = shapeOf(next) == INITIAL && isStopped(next)
  if (gapOf(next) == COMMA) return initial ? next : familyFirstEnd(i)
  if (gapOf(next) != SPACE || isOwned(i)) return -1
  // Most words stand where nothing is set off, which is seen sooner than the name behind them.
  const gap = gapOf(i)
  if ((gap != COMMA && gap != SPACE) || (gap == SPACE && !initial && !isOf(i - 1, BESIDE))) return -1
  const last = initial ? next : pairEnd(next)
  if (last < 0) return -1
  if (isOf(i, TITLE | EPONYM_HEAD | WEAK_EPONYM_HEAD)) return -1
  if (isListed(i, FIRST) || (isStrange(i) && !initial)) return last
  if (isOf(i, HEADING | STOPPER | PROPER | ACRONYM | FACILITY | WEAK_FACILITY | STREET)) return -1
  // "Vitamin D.,"
  return (initial && (!isListed(i, MEDICAL) || (gap == COMMA && isSomebody(i - 1)))) || (gap == COMMA && isSomebody(i - 1)) ? last : -1
}

/** The last word of a surname that may stand here and is set off, its second half and its generation with it; -1 where none does. */
function pairEnd(from: i32): i32 {
  let name = from
  if (name + 1 < count && inName(name + 1) && gapOf(name + 1) != HYPHEN && (shapeOf(name) == INITIAL || isMiddle(name))) name++
  if (shapeOf(name) != CAPITALISED) return -1
  let last = name
  if (last + 1 < count && shapeOf(last + 1) == CAPITALISED && gapOf(last + 1) == HYPHEN) last++
  if (last + 1 < count && isGeneration(last + 1) && gapOf(last + 1) == SPACE) last++
  if (!isSetOff(last)) return -1
  return (isListed(name, SURNAME) || isStrange(name)) && !isOf(name, EPONYM_HEAD | TITLE) && isFree(name) ? last : -1
}

/** "Lily Heath Huynh": a name before another. */
function isMiddle(i: i32): bool {
  return shapeOf(i) == CAPITALISED && shapeOf(i + 1) == CAPITALISED && (isListed(i, FIRST | SURNAME) || isStrange(i)) && !isOf(i, HEADING | PROPER)
}

/** ", Price, Bud, residing": a surname and a first name, whatever else they mean, behind a word for somebody; -1 where they are none. */
function familyFirstEnd(i: i32): i32 {
  const next = i + 1
  if (i == 0 || gapOf(i) != COMMA || !isListed(i, SURNAME) || !isListed(next, FIRST) || shapeOf(next) != CAPITALISED) return -1
  if (isOf(i, HEADING | PROPER | ACRONYM | STOPPER) || isOf(next, HEADING | PROPER | STOPPER)) return -1
  return isSomebody(i - 1) && isSetOff(next) ? next : -1
}

/** "male", "woman", "patient", "54-year-old": before a comma, and a name may follow it. */
function isSomebody(i: i32): bool {
  if (isOf(i, PERSON)) return true
  switch (sizeOf(i)) {
    case 3:
      return isWord(i, 'man') || isWord(i, 'boy') || isWord(i, 'old')
    case 4:
      return isWord(i, 'male') || isWord(i, 'girl')
    case 5:
      return isWord(i, 'woman') || isWord(i, 'child')
    default:
      return isWord(i, 'female')
  }
}

/** Before a comma, a bracket or "who". */
function isSetOff(i: i32): bool {
  let at = endOf(i)
  if (byteAt(at) == 0x2e && isOf(i, CREDENTIAL)) at++
  const byte = byteAt(at)
  return byte == 0x2c || (byte == 0x20 && (byteAt(at + 1) == 0x28 || saysAt(at + 1, 'who')))
}

/** "Will S.,": a word that is otherwise no part of any name, before an initial that stands before a comma. */
export function isBehindOtherWord(initial: i32): bool {
  const i = initial - 1
  if (i <= 0 || shapeOf(i) != CAPITALISED || sizeOf(i) < 3 || !isStopped(initial)) return false
  return isOf(i, STOPPER) && isFree(i) && setOffEnd(i) >= 0
}

/** "patient J.S.", "for A.B.C., 66": two initials or three, where a word or an age says that they are somebody; -1 where none does. */
export function initialsEnd(i: i32): i32 {
  let last = i + 1
  if (shapeOf(last) != INITIAL || gapOf(last) != DOT) return -1
  if (last + 1 < count && shapeOf(last + 1) == INITIAL && gapOf(last + 1) == DOT) last++
  const at = endOf(last)
  if (byteAt(at) != 0x2e || (last + 1 < count && gapOf(last + 1) == DOT)) return -1
  if (last == i + 1 && isWayOrPlace(byteAt(startOf(i)), byteAt(startOf(last)))) return -1
  if (byteAt(at + 1) == 0x2c && byteAt(at + 2) == 0x20 && digitAt(at + 3) && digitAt(at + 4)) return last
  if (i == 0 || isOwned(i - 1)) return -1
  if (gapOf(i) == COMMA) return isSomebody(i - 1) ? last : -1
  return gapOf(i) == SPACE && isOf(i - 1, PERSON | NAMING) ? last : -1
}

/** I.V., I.M., P.O., P.R., S.C., U.S., U.K., D.C., E.D., E.R., O.R., M.D., P.T., O.T.: ways to give, places and offices. */
function isWayOrPlace(one: u8, other: u8): bool {
  if (one == 0x49) return other == 0x56 || other == 0x4d
  if (one == 0x50) return other == 0x4f || other == 0x52 || other == 0x54
  if (one == 0x55) return other == 0x53 || other == 0x4b
  if (one == 0x45) return other == 0x44 || other == 0x52
  if (one == 0x4f) return other == 0x52 || other == 0x54
  return (one == 0x53 && other == 0x43) || (one == 0x44 && other == 0x43) || (one == 0x4d && other == 0x44)
}

/** An initial with a full stop that ends no sentence: a comma, a bracket or a small letter is next. */
export function isStopped(i: i32): bool {
  const at = endOf(i)
  if (byteAt(at) != 0x2e) return false
  const byte = byteAt(at + 1)
  if (byte == 0x2c || byte == 0x3b || byte == 0x29) return true
  return byte == 0x20 && (isSmall(byteAt(at + 2)) || byteAt(at + 2) == 0x28)
}
