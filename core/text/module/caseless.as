// Texts all in small letters, or all in capitals: what would bear a capital is supposed, from the lists alone.

import { asked, HOUSE } from './asked'
import {
  ACRONYM, AT, BESIDE, CREDENTIAL, DIVISION, ENGLISH, EPONYM_HEAD, EVERYDAY, FACILITY, FAMOUS_EPONYM, FIRST, FREQUENT, HEADING, JOINER,
  MEDICAL, MONTH, MOTION, NAMING, PERSON, PLACE, PLACE_PREFIX, PROPER, STATE, STATE_CODE, STOPPER, STREET, SURNAME, TITLE, TOWARDS, WEAK_EPONYM_HEAD, WEAK_FACILITY,
} from './classes'
import { KIN, OFFICE, SURE_STREET, UNIT_START } from './dictionary'
import { isBehindAtSign } from './facilities'
import { brandOf, SHARED, SURE } from './houses'
import { byteAt } from './memory'
import { areTown } from './recent'
import { isDigit } from './signs'
import { isKnown, isOf, isListed, isSpoken, isWord, sizeOf } from './traits'
import { anyClass, count, endOf, flagsOf, gapOf, isOwned, seeAll, setShape, shapeOf, startOf } from './words'
import { CAPITALISED, CAPITALS, COMMA, DOT_SPACE, HYPHEN, INITIAL, MIXED, NUMBER, SMALL, SPACE } from './writing'

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
    // X2 and W2208 are capitals too.
    if (shape == CAPITALISED && !isDigit(byteAt(endOf(i) - 1))) return false
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
  for (let i = 0; i < count; i++) {
    if (shapeOf(i) == CAPITALISED) setShape(i, MIXED)
    if (shapeOf(i) == from && isName(i)) {
      setShape(i, CAPITALISED)
      supposed = true
    }
  }
  for (let i = 0; i < count; i++) if (isListed(i, PLACE) || isOf(i, PLACE_PREFIX)) supposed = isTown(i, from) || supposed
  if (supposed || (anyClass & ANNOUNCING) != 0)
    for (let i = 0; i < count; i++)
      if (shapeOf(i) == from && isBeside(i)) {
        setShape(i, CAPITALISED)
        supposed = true
      }
  for (let i = 0; i < count; i++) if (sizeOf(i) > 2 && isHouse(i, from)) supposed = true
  if (supposed || large || (anyClass & (TITLE | FACILITY)) != 0) for (let i = 1; i < count; i++) heads(i, from)
  // What is left is written as words that are no names.
  if (large) for (let i = 0; i < count; i++) if (shapeOf(i) == CAPITALS) setShape(i, SMALL)
  return true
}

/** By itself: in a list of names and in none of words, or in no list. */
function isName(i: i32): bool {
  if (sizeOf(i) < 3 || isOf(i, ORDINARY)) return false
  // What no list has at all is more often a name than a slip of the pen: names are left out of lists, and words are not.
  if (flagsOf(i) == 0) return (sizeOf(i) > 3 && isSpoken(i)) || asked(HOUSE, startOf(i), endOf(i)) == 1
  if (!isListed(i, FIRST | SURNAME | PLACE)) return false
  if (!isListed(i, ENGLISH | MEDICAL)) return sizeOf(i) > 3 || isListed(i, FREQUENT)
  return isListed(i, FIRST) && isListed(i, FREQUENT) && !isListed(i, EVERYDAY) && !isKnown(i, UNIT_START)
}

/** "crystal lake", "logan, ut", "bend oregon": a town of several words, or one before its State, whatever its words mean. */
function isTown(i: i32, from: i32): bool {
  if (shapeOf(i) == CAPITALS && from == SMALL) return false
  let last = i
  for (let word = i + 1; word <= i + 2 && word < count && gapOf(word) == SPACE; word++)
    if (isListed(word, PLACE) && areTown(startOf(i), endOf(word))) last = word
  if (last > i ? !isSet(i, last) : !isBeforeState(i)) return false
  for (let word = i; word <= last; word++) setShape(word, CAPITALISED)
  setState(last + 1)
  return true
}

/** Where two words name a town and not what they mean: one of them is rare, or what stands beside says so. */
function isSet(from: i32, last: i32): bool {
  let everyday = true
  for (let i = from; i <= last; i++) everyday = everyday && isListed(i, EVERYDAY) && !isOf(i, PLACE_PREFIX)
  if (!everyday || stateAt(last + 1)) return true
  return from > 0 && (gapOf(from) == COMMA || isBehindAtSign(from) || (gapOf(from) == SPACE && isOf(from - 1, AT | TOWARDS)))
}

/** Before a State: behind a comma one in two letters too, without one where the word is nothing but a place. */
function isBeforeState(i: i32): bool {
  if (sizeOf(i) < 3 || isOf(i, ORDINARY) || !stateAt(i + 1)) return false
  if (isOf(i + 1, STATE)) return true
  return gapOf(i + 1) == COMMA || !isListed(i, EVERYDAY | MEDICAL)
}

/** Whether a State stands there, behind a comma or a space, that is no small word: in, or, me. */
function stateAt(i: i32): bool {
  if (i >= count || (gapOf(i) != COMMA && gapOf(i) != SPACE)) return false
  return isOf(i, STATE | STATE_CODE) && !isOf(i, STOPPER)
}

function setState(i: i32): void {
  if (stateAt(i)) setShape(i, CAPITALISED)
}

/** Beside a name, or behind a word that announces one: a name of more meanings, or a word that no list has. */
function isBeside(i: i32): bool {
  // The other half of a double name, whatever else it means.
  if (i > 0 && gapOf(i) == HYPHEN && shapeOf(i - 1) == CAPITALISED) return sizeOf(i) > 2
  const next = i + 1
  const after = next < count && joins(next)
  // "st. mary"
  if (after && shapeOf(next) == CAPITALISED && isOf(i, PLACE_PREFIX)) return true
  // "washington, tyrell"
  const both = FIRST | FREQUENT
  if (next < count && gapOf(next) == COMMA && shapeOf(next) == CAPITALISED && isListed(i, SURNAME) && !isOf(i, ORDINARY & ~STATE))
    if ((flagsOf(next) & both) == both && !isListed(next, ENGLISH | MEDICAL)) return true
  // "joven turner"
  if (isOf(i, FAMOUS_EPONYM) && i > 0 && gapOf(i) == SPACE && shapeOf(i - 1) == CAPITALISED && isListed(i - 1, FIRST) && !isListed(i - 1, ENGLISH | MEDICAL))
    return !(after && isOf(next, EPONYM_HEAD | WEAK_EPONYM_HEAD))
  if (isOf(i, ORDINARY)) return false
  // "serianni, dean,"
  if (i > 0 && gapOf(i) == COMMA && shapeOf(i - 1) == CAPITALISED && (flagsOf(i) & both) == both && isListed(i - 1, SURNAME))
    return !isListed(i - 1, ENGLISH | MEDICAL) && !isListed(i, MEDICAL) && byteAt(endOf(i)) == 0x2c
  // "lance t."
  if (after && (flagsOf(i) & both) == both && sizeOf(next) == 1 && byteAt(endOf(next)) == 0x2e) return true
  // "hi its carol from 4 north"
  if (i > 0 && isListed(i, FIRST) && !isListed(i, MEDICAL) && gapOf(i) == SPACE && isCalling(i - 1)) return true
  // "good sam"
  if (after && isWord(i, 'good') && isWord(next, 'sam')) return true
  // "attending: hopper"
  if (i > 0 && isListed(i, SURNAME) && !isListed(i, MEDICAL) && byteAt(startOf(i) - 2) == 0x3a && isOf(i - 1, PERSON) && isKnown(i - 1, OFFICE)) return true
  const strange = !isListed(i, ENGLISH | MEDICAL)
  // "at deaconess", "at queen's"
  if (i > 0 && gapOf(i) == SPACE && isOf(i - 1, AT) && sizeOf(i) > 3 && (isOwned(i) || !isListed(i, EVERYDAY | MEDICAL))) return true
  if (!isListed(i, FIRST | SURNAME | PLACE) && (!strange || sizeOf(i) < 3)) return false
  if (i > 0 && joins(i)) {
    const before = i - 1
    if (shapeOf(before) == CAPITALISED) return strange || !isListed(i, MEDICAL) || isFamily(before, i) || (isListed(i, PLACE) && before > 0 && isOf(before - 1, AT))
    if (isOf(before, TITLE | NAMING)) return true
    // "her daughter melody"
    if (isListed(i, FIRST) && isOf(before, PERSON) && isKnown(before, KIN)) return true
    // "moved to phoenix"
    if (isListed(i, PLACE) && isOf(before, TOWARDS) && before > 0 && isOf(before - 1, MOTION)) return true
    // "at mercy", "near caribou"
    if (!isListed(i, MEDICAL) && isOf(before, AT) && sizeOf(i) > 3) return true
    // "from newcastle"
    if (isListed(i, PLACE) && !isListed(i, ENGLISH) && isWord(before, 'from')) return true
    // "attending rasmussen"
    if ((flagsOf(i) & (SURNAME | FREQUENT | ENGLISH)) == (SURNAME | FREQUENT) && isOf(before, PERSON)) return true
    if (isOf(before, TOWARDS) && isListed(i, PLACE) && !isListed(i, EVERYDAY | MEDICAL) && sizeOf(i) > 3) return true
    if (strange && isOf(before, AT | PERSON | BESIDE)) return sizeOf(i) > 3 || (isOf(before, AT) && shapeOf(i) == CAPITALS)
  }
  if (!after || shapeOf(next) != CAPITALISED) return false
  // "crystal dominguez": behind a first name that is a thing too a surname that is nothing else
  const family = isListed(i, FREQUENT) && isListed(next, SURNAME) && !isListed(next, ENGLISH | MEDICAL)
  return strange || (isListed(i, FIRST) && (family || !isListed(i, MEDICAL)))
}

/** "this is", "its", "it's": who calls names herself behind them, at the beginning. */
function isCalling(i: i32): bool {
  if (i > 2) return false
  return isWord(i, 'its') || (isWord(i, 'it') && isOwned(i)) || (i > 0 && isWord(i, 'is') && isWord(i - 1, 'this'))
}

/** "calvin stokes": behind a first name that is nothing else a surname of many. */
function isFamily(i: i32, next: i32): bool {
  const both = SURNAME | FREQUENT
  return (flagsOf(next) & both) == both && isListed(i, FIRST) && !isListed(i, ENGLISH | MEDICAL)
}

/** Most words before and behind the one that a hospital is told by. */
const mostBeside = 3

/** "sharp memorial", "methodist dallas", "temple university hospital": what such a word stands among is called so with it. */
function isHouse(i: i32, from: i32): bool {
  if (shapeOf(i) != from && shapeOf(i) != CAPITALISED) return false
  const head = isHead(i)
  const brand = head ? SHARED : brandOf(i)
  if (brand == 0) return false
  let start = i
  let last = i
  let named = false
  while (start > 0 && i - start < mostBeside && joins(start) && isPart(start - 1, from)) named = isCalled(--start) || named
  // "at temple", and no "at" of a time
  if (!head) while (last + 1 < count && last - i < mostBeside && joins(last + 1) && isPart(last + 1, from)) named = isCalled(++last) || named
  if (brand == SURE ? start == last && !isApart(i) : !named) return false
  for (let word = start; word <= last; word++) setShape(word, CAPITALISED)
  return true
}

/** "hospital", "medical center", "med center" */
function isHead(i: i32): bool {
  if (isOf(i, FACILITY)) return isWord(i, 'hospital') || isWord(i, 'hosp') || isWord(i, 'umc') || isWord(i, 'vamc')
  return isOf(i, WEAK_FACILITY) && i > 0 && gapOf(i) == SPACE && isWord(i, 'center') && (isWord(i - 1, 'medical') || isWord(i - 1, 'med'))
}

/** Whether a word beside may be part of a hospital's name. */
function isPart(i: i32, from: i32): bool {
  if (shapeOf(i) == CAPITALISED) return !isOf(i, PERSON | TITLE)
  if (shapeOf(i) != from || isOf(i, STOPPER | TITLE | PERSON | MONTH | ACRONYM | EPONYM_HEAD | CREDENTIAL | FAMOUS_EPONYM)) return false
  if (isOf(i, PLACE_PREFIX | WEAK_FACILITY | STATE)) return true
  if (isOf(i, HEADING) || sizeOf(i) < 3) return isOf(i, STATE_CODE)
  return isListed(i, PLACE) || brandOf(i) != 0
}

/** And one that says which. */
function isCalled(i: i32): bool {
  return shapeOf(i) == CAPITALISED || isOf(i, STATE) || brandOf(i) != 0 || (isListed(i, PLACE) && !isOf(i, ORDINARY | PLACE_PREFIX))
}

/** Between signs, or behind a word of places. */
function isApart(i: i32): bool {
  const sign = byteAt(endOf(i))
  if (i == 0) return sign == 0x3a
  if (gapOf(i) == SPACE) return isOf(i - 1, AT | TOWARDS) && !isWord(i - 1, 'of')
  return gapOf(i) == COMMA && (sign == 0x2c || sign == 0x2e || sign == 0x3f || sign == 0)
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

/** Jr, Sr, III */
function isGenerational(i: i32): bool {
  return isOf(i, CREDENTIAL) && (isWord(i, 'jr') || isWord(i, 'sr') || isWord(i, 'ii') || isWord(i, 'iii'))
}

/** "university of utah" */
function isUniversity(i: i32): bool {
  return isWord(i, 'university') && isWord(i + 1, 'of') && (isOf(universityEnd(i), STATE) || isListed(i + 2, PLACE))
}

/** "university of new mexico" */
function universityEnd(i: i32): i32 {
  const last = i + 2
  return last + 1 < count && gapOf(last + 1) == SPACE && isOf(last, PLACE_PREFIX | PROPER) && isOf(last + 1, STATE) ? last + 1 : last
}

/** Initials and heads of facilities beside what is supposed a name; the words of a facility behind "at". */
function heads(i: i32, from: i32): void {
  const shape = shapeOf(i)
  // "i-25"
  if (sizeOf(i) == 1 && i + 1 < count && gapOf(i + 1) == HYPHEN && shapeOf(i + 1) == NUMBER && (byteAt(startOf(i)) | 0x20) == 0x69) return setShape(i, INITIAL)
  // "t. maestas"
  if (sizeOf(i) == 1 && i + 1 < count && gapOf(i + 1) == DOT_SPACE && shapeOf(i + 1) == CAPITALISED && isListed(i + 1, SURNAME)) return setShape(i, INITIAL)
  if (shape == from && isOf(i, FACILITY) && i + 2 < count && isUniversity(i)) {
    for (let j = i; j <= universityEnd(i); j++) if (!isOf(j, JOINER)) setShape(j, CAPITALISED)
  }
  if (!joins(i)) return
  const before = shapeOf(i - 1)
  if (sizeOf(i) == 1 && (shape == SMALL || shape == INITIAL)) {
    const initial = before == CAPITALISED || isOf(i - 1, TITLE)
    if (initial && gapOf(i) == SPACE && !isOwned(i - 1)) setShape(i, INITIAL)
    else if (shape == INITIAL && from == CAPITALS) setShape(i, SMALL)
    return
  }
  if (shape != from) return
  if (before == CAPITALISED && (isOf(i, DIVISION) || (isOf(i, STREET) && isKnown(i, SURE_STREET)) || isGenerational(i))) return setShape(i, CAPITALISED)
  // "cook county"
  if (isOf(i, DIVISION) && isWord(i, 'county') && isListed(i - 1, PLACE) && !isOf(i - 1, ORDINARY)) {
    setShape(i - 1, CAPITALISED)
    return setShape(i, CAPITALISED)
  }
  if (!isOf(i, FACILITY | WEAK_FACILITY)) return
  // "maine med"
  if (isOf(i - 1, STATE) && gapOf(i) == SPACE && (isWord(i, 'med') || isWord(i, 'general') || isWord(i, 'memorial'))) {
    setShape(i - 1, CAPITALISED)
    return setShape(i, CAPITALISED)
  }
  // "zelfield family clinic", "at elm street clinic": back to a name or the preposition, four words at most.
  let start = i
  while (start > 0 && i - start < 4 && joins(start)) {
    if (shapeOf(start) == CAPITALISED || (shapeOf(start - 1) != CAPITALISED && isOf(start - 1, STOPPER | HEADING))) break
    start--
  }
  const named = start < i && shapeOf(start) == CAPITALISED
  const at = start > 0 && start < i && isOf(start - 1, AT) && (isOf(i, FACILITY) || hasPlace(start, i))
  // "university of fenridge hospital"
  const behindOf = i + 2 < count && isOf(i + 1, JOINER) && shapeOf(i + 2) == CAPITALISED
  if (named || at) for (let j = start; j <= i; j++) if (shapeOf(j) == from) setShape(j, CAPITALISED)
  if (behindOf) setShape(i, CAPITALISED)
}
