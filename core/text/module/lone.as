// Capitalised words that no rule has claimed: what the word before them and the lists say decides. Behind "at" almost
// everything is a place; elsewhere a word that is neither English nor medicine is somebody's or some place's name.

import { asked, DERIVED, HOUSE } from './asked'
import { claimOf, isFree, NAMED, NONE, PLACED, take } from './claims'
import {
  ACRONYM, AT, BESIDE, CREDENTIAL, DIVISION, ENGLISH, EPONYM, EPONYM_HEAD, EVERYDAY, FAMOUS_EPONYM, FIRST, FREQUENT, HEADING, JOINER,
  MEDICAL, MONTH, MOTION, PLACE, PLACE_PREFIX, PROPER, STATE, STOPPER, STREET, SURNAME, TITLE, TOWARDS, WEAK_EPONYM_HEAD,
  WEAK_FACILITY,
} from './classes'
import { TOWN_HEAD } from './dictionary'
import { isBehindAtSign, isLabelled, standsAt } from './facilities'
import { byteAt } from './memory'
import { takeHouse } from './houses'
import { isFirstName } from './name-parts'
import { isBracketed, takeOdd } from './odd-capitals'
import { areTown } from './recent'
import { goesOn, isKnown, isNumberOf, isOf, isLarge, isListed, isSpoken, isStrange, isWord, sizeOf } from './traits'
import { facilityEnd, isState, isVisited, mayBeFacility, NO_FACILITY, ofEnd } from './visited'
import { count, endOf, gapOf, isOwned, knownOf, markCount, markedAt, shapeOf, startOf } from './words'
import { CAPITALISED, CAPITALS, HYPHEN, INITIAL, NUMBER, SMALL, SPACE } from './writing'

/** Which rules there are. */
let names = false
let places = false
let shapes = false

export function findLone(withNames: bool, withPlaces: bool, withShapes: bool): void {
  names = withNames
  places = withPlaces
  shapes = withShapes
  let done = -1
  for (let m = 0; m < markCount; m++) {
    const i = markedAt(m)
    if (i <= done || !isFree(i) || !isLarge(i)) continue
    let end = i
    while (end + 1 < count && end - i < 6 && isLarge(end + 1) && goesOn(end + 1) && isFree(end + 1)) {
      if (isOf(end + 1, STOPPER)) break
      end++
    }
    if (places && shapeOf(i) == INITIAL && isRoad(i)) {
      take(i, i + 1, PLACED)
      continue
    }
    // Most are followed by no "of", which is seen sooner than what else stands there.
    const behindOf = places && byteAt(endOf(i) + 1) == 0x6f ? ofEnd(i) : -1
    if (behindOf >= 0) {
      take(i, behindOf, PLACED)
      done = behindOf
      continue
    }
    if (end > i || mayMean(i) || mayBeOdd(i)) judge(i, end)
    done = places && shapes ? max(end, takeHouse(i, end)) : end
  }
}

/** "I-40": no I-131, which is given. */
function isRoad(i: i32): bool {
  const number = i + 1
  if (number >= count || gapOf(number) != HYPHEN || (byteAt(startOf(i)) | 0x20) != 0x69 || shapeOf(number) != NUMBER) return false
  return isNumberOf(number, 2, 2) || (isNumberOf(number, 3, 3) && byteAt(startOf(number)) != 0x31)
}

/** Whether a capital may be one that nothing explains: odd-capitals.as asks the rest. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function mayBeOdd(i: i32): bool {
  return shapes && shapeOf(i) == CAPITALISED && i > 0 && !isOf(i, NO_NAME) && !isListed(i, MEDICAL)
}

/** Whether a word by itself may be a name or a place: of most words that begin a sentence it is known at once that they are neither. */
// @ts-ignore: AssemblyScript inlines by decorator
@inline
function mayMean(i: i32): bool {
  const known = knownOf(i)
  const classes = <i32>known
  const lists = <i32>(known >> 32)
  const shape = shapeOf(i)
  if (shape == INITIAL || (classes & (STOPPER | TITLE)) != 0) return false
  const strange = (lists & (ENGLISH | MEDICAL)) == 0
  // The word before may make a place of it.
  if ((classes & (PROPER | MONTH | ACRONYM)) == 0 && gapOf(i) == SPACE) {
    if (shape == CAPITALS || (lists & (PLACE | SURNAME)) != 0 || (strange && (classes & HEADING) == 0)) return true
  }
  if (shape == CAPITALS) return (classes & ACRONYM) == 0
  if (places && (classes & NO_FACILITY) == 0 && isVisited(i)) return true
  if ((classes & NO_NAME) != 0) return false
  return strange ? sizeOf(i) > 2 || (lists & PLACE) != 0 : (lists & (FIRST | SURNAME | PLACE)) != 0
}

function judge(start: i32, end: i32): void {
  let from = start
  while (from <= end && isOf(from, STOPPER | TITLE)) from++
  if (from > end) return
  lead = UNKNOWN
  if (places && isVisited(from) && mayBeFacility(from, end)) return take(from, facilityEnd(end), PLACED)
  if (places && (isBehindAtSign(from) || isLabelled(from)) && isPlaceBehindAt(from, end)) return take(from, facilityEnd(end), PLACED)
  // Of most words it is known without a look at those before them that they are no place.
  if (places && mayHavePlace(from, end) && leadOf(from) >= 0) {
    if (standsAt(from) && isPlaceBehindAt(from, end)) return take(from, facilityEnd(end), PLACED)
    if (isOf(lead, TOWARDS | JOINER | MOTION) && isPlaceBehindIn(lead, from, end)) return take(from, end, PLACED)
  }
  if (places && shapes && end > from && mayBeTown(from, end)) return take(from, end, PLACED)
  for (let i = from; i <= end; i++) {
    const as = meaning(i, from)
    if (as != NONE) i = spread(i, from, end, as)
  }
  if (shapes) takeOdd(start, end)
}

/** The word that stands before those that are judged; NONE_BEFORE where none does, UNKNOWN where nobody asked yet. */
let lead: i32 = 0
const NONE_BEFORE: i32 = -1
const UNKNOWN: i32 = -2

function leadOf(from: i32): i32 {
  if (lead != UNKNOWN) return lead
  if (from == 0 || gapOf(from) != SPACE) return (lead = NONE_BEFORE)
  const before = from - 1
  // "at the Cleveland", "at our Miami"
  const article = before > 0 && shapeOf(before) == SMALL && isOf(before, STOPPER) && !isOf(before, AT | TOWARDS | BESIDE)
  return (lead = article ? before - 1 : before)
}

/** "seen with Wilson" */
function isBeside(from: i32): bool {
  return leadOf(from) >= 0 && isOf(lead, BESIDE)
}

/** Whether one of them may be a place's name, whatever the words before are. */
function mayHavePlace(from: i32, end: i32): bool {
  if (isSaint(from, end)) return true
  for (let i = from; i <= end; i++) {
    if (i < end && isTown(i, i + 1)) return true
    if (isOf(i, PROPER | MONTH | ACRONYM) || shapeOf(i) == INITIAL) continue
    if (shapeOf(i) == CAPITALS || isListed(i, PLACE | SURNAME) || isStrange(i)) return true
  }
  return false
}

/** With the words beside it that may belong to the same name. */
function spread(i: i32, from: i32, end: i32, as: i32): i32 {
  let start = i
  while (start > from && isFree(start - 1) && shapeOf(start - 1) == CAPITALISED && belongs(start - 1, i)) start--
  let last = i
  while (last < end && belongs(last + 1, i)) last++
  take(start, last, as)
  return last
}

function belongs(j: i32, to: i32): bool {
  if (isOf(j, STOPPER | ACRONYM | PROPER | EPONYM_HEAD)) return false
  if (shapeOf(j) == INITIAL) return j > to
  if (!isListed(j, FIRST | SURNAME | PLACE)) return isStrange(j)
  return !isOf(j, HEADING) && (!isListed(j, MEDICAL) || isListed(j, FREQUENT | EPONYM) || !isListed(j, EVERYDAY))
}

function isPlaceBehindAt(from: i32, end: i32): bool {
  const next = end + 1
  const number = next < count && gapOf(next) == SPACE && shapeOf(next) == NUMBER
  for (let i = from; i <= end; i++) {
    if (isOf(i, PROPER | MONTH | ACRONYM) || isState(i)) continue
    if (shapeOf(i) == INITIAL) continue
    if (shapeOf(i) == CAPITALS) {
      if (!number) return true
      continue
    }
    if (isListed(i, PLACE | SURNAME) || isStrange(i)) return true
  }
  return false
}

function isPlaceBehindIn(lead: i32, from: i32, end: i32): bool {
  if (isSaint(from, end)) return true
  const moved = lead > 0 && isOf(lead - 1, MOTION) && (isWord(lead, 'from') || isWord(lead, 'to'))
  for (let i = from; i <= end; i++) {
    if (i < end && isTown(i, i + 1)) return true
    if (isOf(i, PROPER | MONTH | ACRONYM | EPONYM_HEAD) || isState(i)) continue
    if (shapeOf(i) == CAPITALS) {
      // "transferred from MGH"
      if (moved) return true
      continue
    }
    if (shapeOf(i) != CAPITALISED) continue
    if (isOf(i, HEADING) && !isOf(i, PLACE_PREFIX)) continue
    if (isOf(i, FAMOUS_EPONYM) && !(i == from && i == end && isTownOf(i))) continue
    const place = isListed(i, PLACE)
    if (!place && isFirstName(i)) continue
    if (place && i == from && i == end && isHome(lead)) return true
    if (place && !isListed(i, EVERYDAY) && (!isListed(i, ENGLISH) || !isListed(i, MEDICAL))) return true
    if (isOf(lead, TOWARDS) && isStrange(i) && !isListed(i, FIRST | SURNAME)) return true
  }
  return false
}

/** "in Framingham on Tuesday": no "in Framingham participants". */
function isTownOf(i: i32): bool {
  const next = i + 1
  return isListed(i, PLACE) && !isOwned(i) && (next >= count || gapOf(next) != SPACE || (shapeOf(next) == SMALL && isOf(next, STOPPER)))
}

/** "Akua G. from Hope", "who lives in Paradise": what is called as a place behind these is one, whatever else it means. */
function isHome(lead: i32): bool {
  const before = lead - 1
  if (before < 0) return false
  if (isWord(lead, 'from')) return claimOf(before) == NAMED
  if (!isWord(lead, 'in')) return false
  return isWord(before, 'lives') || isWord(before, 'living') || isWord(before, 'resides') || isWord(before, 'residing') || isWord(before, 'born')
}

/** "from St. Jude", "near Ft. Bragg" */
function isSaint(from: i32, end: i32): bool {
  return from < end && sizeOf(from) == 2 && isOf(from, PLACE_PREFIX) && byteAt(endOf(from)) == 0x2e
}

/** "from Little Rock", "in Coral Gables", "in Jersey City": of two words that places are called after, the one is why the other is. */
function isTown(i: i32, next: i32): bool {
  if (shapeOf(i) != CAPITALISED || shapeOf(next) != CAPITALISED || gapOf(next) != SPACE) return false
  if (!isListed(i, PLACE) || !isListed(next, PLACE) || isOf(i, PROPER | HEADING | WEAK_FACILITY) || isOf(next, PROPER | STATE)) return false
  return isWord(next, 'city') || (!isOf(next, HEADING) && !isOf(i, STATE | PLACE_PREFIX))
}

/** "Key West", "West Valley City", "Cedar Rapids": words that towns are called after, the last of which is why all are. */
function mayBeTown(from: i32, end: i32): bool {
  if (end - from > 2 || from == 0) return false
  for (let i = end; i >= from; i--) if (!isListed(i, PLACE) && !isOf(i, PLACE_PREFIX)) return false
  for (let i = end; i >= from; i--) if (shapeOf(i) != CAPITALISED || (i > from && gapOf(i) != SPACE)) return false
  const before = shapeOf(from - 1)
  const within = gapOf(from) == SPACE ? before == SMALL || before == NUMBER : (before != CAPITALISED && isLone(end)) || isBracketed(from)
  return within && (isKnown(end, TOWN_HEAD) || areTown(startOf(from), endOf(end)))
}

/** Before a comma, a full stop or the end. */
function isLone(i: i32): bool {
  const byte = byteAt(endOf(i))
  return byte == 0 || byte == 0x2c || byte == 0x2e || byte == 0x0a || byte == 0x29
}

/** Words that are nobody's name, capitalised or not. */
const NO_NAME: i32 = STOPPER | HEADING | PROPER | TITLE | ACRONYM | EPONYM_HEAD | WEAK_EPONYM_HEAD | CREDENTIAL | STREET | DIVISION

/** What one capitalised word by itself is. `from`: the first of those that are judged. */
function meaning(i: i32, from: i32): i32 {
  const known = knownOf(i)
  const classes = <i32>known
  const lists = <i32>(known >> 32)
  if (shapeOf(i) != CAPITALISED) {
    if (shapeOf(i) == CAPITALS && places && isHouse(i, lists)) return PLACED
    // "SMITH" among small letters.
    if (shapeOf(i) != CAPITALS || sizeOf(i) < 5 || (lists & (ENGLISH | MEDICAL)) != 0 || (classes & ACRONYM) != 0) return NONE
    return names && (lists & FREQUENT) != 0 ? NAMED : NONE
  }
  if ((classes & NO_NAME) != 0) return NONE
  if ((classes & FAMOUS_EPONYM) != 0 && !isBeside(from)) return NONE
  if (isState(i)) return NONE
  if ((lists & (ENGLISH | MEDICAL)) == 0) {
    if ((lists & (FIRST | SURNAME)) != 0) return names && sizeOf(i) > 2 ? NAMED : NONE
    if ((lists & PLACE) != 0) return places ? PLACED : NONE
    if (!shapes || sizeOf(i) < 3 || isHyphened(i) || !isSpoken(i) || isDerived(i)) return NONE
    return NAMED
  }
  if (!names && !places) return NONE
  if (isOwned(i) && (lists & EPONYM) != 0 && !isBeside(from)) return NONE
  if (isFirstName(i) && (lists & EVERYDAY) == 0) return names ? NAMED : NONE
  if ((lists & ENGLISH) == 0) {
    // An eponym that many people bear: "seen with Wilson".
    if ((lists & FREQUENT) != 0 && (lists & SURNAME) != 0) return names ? NAMED : NONE
    if ((lists & PLACE) != 0 && (lists & EPONYM) == 0 && !isOwned(i)) return places ? PLACED : NONE
  }
  return names && (lists & SURNAME) != 0 && (lists & (EVERYDAY | MEDICAL)) == 0 && isBeside(from) ? NAMED : NONE
}

/** "OHSU," and no "UCSF criteria" */
function isHouse(i: i32, lists: i32): bool {
  if (sizeOf(i) > 8 || sizeOf(i) < 3 || (lists & ENGLISH) != 0 || asked(HOUSE, startOf(i), endOf(i)) != 1) return false
  const next = i + 1
  return next >= count || gapOf(next) != SPACE || !isOf(next, EPONYM_HEAD | WEAK_EPONYM_HEAD)
}

/** The shortest word behind a prefix, and with the shortest one. */
const shortestDerived = 7

/** A word of English or medicine behind a prefix: Normocephalic, Nontender, Afebrile. */
function isDerived(i: i32): bool {
  return sizeOf(i) >= shortestDerived && asked(DERIVED, startOf(i), endOf(i)) == 1
}

/** Part of a compound with a small or medical word: "T-cell", "Xa-level". */
function isHyphened(i: i32): bool {
  const next = i + 1
  return next < count && gapOf(next) == HYPHEN && shapeOf(next) == SMALL
}
