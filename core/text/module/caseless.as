// Texts all in small letters, or all in capitals: what would bear a capital is supposed, from the lists alone.

import {
  ACRONYM, AT, BESIDE, CREDENTIAL, DIVISION, ENGLISH, EPONYM_HEAD, EVERYDAY, FACILITY, FAMOUS_EPONYM, FIRST, FREQUENT, HEADING, JOINER,
  MEDICAL, MONTH, NAMING, PERSON, PLACE, PLACE_PREFIX, PROPER, STATE, STOPPER, SURNAME, TITLE, TOWARDS, WEAK_FACILITY,
} from './classes'
import { isOf, isListed, isSpoken, sizeOf } from './traits'
import { anyClass, count, flagsOf, gapOf, isOwned, seeAll, setShape, shapeOf } from './words'
import { CAPITALISED, CAPITALS, DOT_SPACE, HYPHEN, INITIAL, SMALL, SPACE } from './writing'

/** Fewer words say nothing about how a text is written. */
const leastWords = 5

/** Behind these a word may be a name that none beside it is. */
const ANNOUNCING: i32 = TITLE | NAMING | AT | PERSON | BESIDE

const ORDINARY: i32 =
  STOPPER | HEADING | PROPER | ACRONYM | TITLE | MONTH | FACILITY | WEAK_FACILITY | EPONYM_HEAD | FAMOUS_EPONYM | CREDENTIAL | PERSON | STATE

/**
 * True where it did. Gives words the shape that they would have in usual writing: large where they are a name or place and no other word, and
 * where they stand beside such a one and may be its other half. Nothing in a text of usual writing changes.
 */
export function supposeCapitals(): bool {
  let small = 0
  let capitals = 0
  let longest = 0
  for (let i = 0; i < count; i++) {
    const shape = shapeOf(i)
    if (shape == CAPITALISED) return false
    if (shape == SMALL) {
      small++
      longest = max(longest, sizeOf(i))
    } else if (shape == CAPITALS && sizeOf(i) > 2) capitals++
  }
  if (small + capitals < leastWords) return false
  // Words of two letters are no names, unless a title says so.
  if (capitals == 0 && longest < 3 && (anyClass & (TITLE | NAMING)) == 0) return false
  // Short forms are written large in texts that are small otherwise.
  const large = capitals > small * 4
  if (!large && capitals > small) return false
  const from = large ? CAPITALS : SMALL
  seeAll()
  let supposed = false
  for (let i = 0; i < count; i++)
    if (shapeOf(i) == from && isName(i)) {
      setShape(i, CAPITALISED)
      supposed = true
    }
  if (supposed || (anyClass & ANNOUNCING) != 0)
    for (let i = 0; i < count; i++)
      if (shapeOf(i) == from && isBeside(i)) {
        setShape(i, CAPITALISED)
        supposed = true
      }
  if (supposed || large || (anyClass & (TITLE | FACILITY)) != 0) for (let i = 1; i < count; i++) heads(i, from)
  // What is left is written as words that are no names.
  if (large) for (let i = 0; i < count; i++) if (shapeOf(i) == CAPITALS) setShape(i, SMALL)
  return true
}

/** By itself: in a list of names and in none of words, or in no list. */
function isName(i: i32): bool {
  if (sizeOf(i) < 3 || isOf(i, ORDINARY)) return false
  // What no list has at all is more often a name than a slip of the pen: names are left out of lists, and words are not.
  if (flagsOf(i) == 0) return sizeOf(i) > 3 && isSpoken(i)
  if (!isListed(i, FIRST | SURNAME | PLACE)) return false
  if (!isListed(i, ENGLISH | MEDICAL)) return sizeOf(i) > 3 || isListed(i, FREQUENT)
  return isListed(i, FIRST) && isListed(i, FREQUENT) && !isListed(i, EVERYDAY)
}

/** Beside a name, or behind a word that announces one: a name of more meanings, or a word that no list has. */
function isBeside(i: i32): bool {
  // The other half of a double name, whatever else it means.
  if (i > 0 && gapOf(i) == HYPHEN && shapeOf(i - 1) == CAPITALISED) return sizeOf(i) > 2
  const next = i + 1
  const after = next < count && joins(next)
  // "st. mary"
  if (after && shapeOf(next) == CAPITALISED && isOf(i, PLACE_PREFIX)) return true
  if (isOf(i, ORDINARY)) return false
  const strange = !isListed(i, ENGLISH | MEDICAL)
  if (!isListed(i, FIRST | SURNAME | PLACE) && (!strange || sizeOf(i) < 3)) return false
  if (i > 0 && joins(i)) {
    const before = i - 1
    if (shapeOf(before) == CAPITALISED) return strange || !isListed(i, MEDICAL)
    if (isOf(before, TITLE | NAMING)) return true
    // "at mercy", "near caribou"
    if (!isListed(i, MEDICAL) && isOf(before, AT) && sizeOf(i) > 3) return true
    if (isOf(before, TOWARDS) && isListed(i, PLACE) && !isListed(i, EVERYDAY | MEDICAL) && sizeOf(i) > 3) return true
    if (strange && isOf(before, AT | PERSON | BESIDE)) return sizeOf(i) > 3
  }
  if (!after || shapeOf(next) != CAPITALISED) return false
  // "crystal dominguez": behind a first name that is a thing too a surname that is nothing else
  const family = isListed(i, FREQUENT) && isListed(next, SURNAME) && !isListed(next, ENGLISH | MEDICAL)
  return strange || (isListed(i, FIRST) && (family || !isListed(i, MEDICAL)))
}

function joins(i: i32): bool {
  const gap = gapOf(i)
  return gap == SPACE || gap == HYPHEN || gap == DOT_SPACE
}

/** "at maple ridge assisted living", and no "at urgent care" */
function hasPlace(from: i32, to: i32): bool {
  for (let i = from; i < to; i++) if (isListed(i, PLACE) && !isOf(i, ORDINARY)) return true
  return false
}

/** Initials and heads of facilities beside what is supposed a name; the words of a facility behind "at". */
function heads(i: i32, from: i32): void {
  if (!joins(i)) return
  const shape = shapeOf(i)
  const before = shapeOf(i - 1)
  if (sizeOf(i) == 1 && (shape == SMALL || shape == INITIAL)) {
    const initial = before == CAPITALISED || isOf(i - 1, TITLE)
    if (initial && gapOf(i) == SPACE && !isOwned(i - 1)) setShape(i, INITIAL)
    else if (shape == INITIAL && from == CAPITALS) setShape(i, SMALL)
    return
  }
  if (shape != from) return
  if (isOf(i, DIVISION) && before == CAPITALISED) return setShape(i, CAPITALISED)
  if (!isOf(i, FACILITY | WEAK_FACILITY)) return
  // "zelfield family clinic", "at elm street clinic": back to a name or the preposition, four words at most.
  let start = i
  while (start > 0 && i - start < 4 && joins(start)) {
    if (shapeOf(start) == CAPITALISED || isOf(start - 1, STOPPER | HEADING)) break
    start--
  }
  const named = start < i && shapeOf(start) == CAPITALISED
  const at = start > 0 && start < i && isOf(start - 1, AT) && (isOf(i, FACILITY) || hasPlace(start, i))
  // "university of fenridge hospital"
  const behindOf = i + 2 < count && isOf(i + 1, JOINER) && shapeOf(i + 2) == CAPITALISED
  if (named || at) for (let j = start; j <= i; j++) if (shapeOf(j) == from) setShape(j, CAPITALISED)
  if (behindOf) setShape(i, CAPITALISED)
}
