// Capitals that no rule of writing asks for: in the midst of a sentence whose other words are small, words that are neither medicine nor a
// people, month or the like are most often somebody's or some place's name, whatever else they mean.

import { claimOf, isFree, KEPT, NAMED, PLACED, take } from './claims'
import {
  ACRONYM, AT, BODY_HEAD, CREDENTIAL, DIVISION, EPONYM_HEAD, EVERYDAY, FACILITY, FAMOUS_EPONYM, FIRST, HEADING, JOINER, MEDICAL, MONTH, PERSON,
  PLACE, PLAIN_FACILITY, PROPER, STATE, STOPPER, STREET, SURNAME, TITLE, TOWARDS, WEAK_EPONYM_HEAD, WEAK_FACILITY,
} from './classes'
import { TERM } from './dictionary'
import { byteAt } from './memory'
import { isKnown, isLarge, isListed, isOf, isWord } from './traits'
import { count, endOf, flagsOf, gapOf, shapeOf, startOf } from './words'
import { APART, CAPITALISED, CAPITALS, COMMA, HYPHEN, INITIAL, NUMBER, SMALL, SPACE } from './writing'

/** What bears a capital for another reason, or makes a term of the words beside it. */
const EXPLAINED: i32 = MONTH | TITLE | EPONYM_HEAD | WEAK_EPONYM_HEAD | FAMOUS_EPONYM | CREDENTIAL | ACRONYM | BODY_HEAD | STATE
/** Parts of a house, and who works there: by themselves they are no name. */
const PARTS: i32 = WEAK_FACILITY | PERSON | FACILITY | STREET | DIVISION
const NAMES: i32 = FIRST | SURNAME | PLACE
/** In names of several words alone: "Key West", "White Plains". */
const IN_PAIRS: i32 = HEADING | PROPER | STOPPER

/** More capitals on end are no sentence's. */
const mostWords = 8

/** Takes capitalised words from the first to the last, unless something explains their capitals. */
export function takeOdd(from: i32, end: i32): void {
  let first = from
  while (first > 0 && isLarge(first - 1) && (gapOf(first) == SPACE || gapOf(first) == HYPHEN)) {
    // "Is Pearl well?", and "Wanbli Two Strike"
    if (from - first > mostWords) return
    if (isOf(first - 1, STOPPER) && !(first > 1 && isClaimedName(first - 2) && gapOf(first - 1) == SPACE)) break
    first--
  }
  if (first < from && isOf(from - 1, STOPPER) && isFree(from - 1)) from--
  const behindName = first < from && isClaimedName(first)
  if (!behindName && !isWithin(first)) return
  const next = end + 1
  const beforeName = next < count && gapOf(next) == SPACE && isClaimedName(next)
  if (!beforeName && next < count && gapOf(next) == SPACE && isLarge(next)) return
  const several = end > from || behindName || beforeName
  let names = 0
  let others = 0
  let pairs = 0
  let towns = 0
  let free = 0
  for (let i = from; i <= end; i++) {
    if (shapeOf(i) == CAPITALS || shapeOf(i) == INITIAL) {
      // "UCSF Mission Bay"
      if (isOf(i, ACRONYM) || (i == from && (shapeOf(i) == INITIAL || i == end || flagsOf(i) != 0))) return
      continue
    }
    if (!isFree(i)) {
      if (claimOf(i) == KEPT) return
      names++
      continue
    }
    free++
    if (shapeOf(i) != CAPITALISED || isOf(i, EXPLAINED) || isKnown(i, TERM)) return
    const listed = isListed(i, NAMES)
    if (isOf(i, IN_PAIRS)) {
      if (!several) return
      pairs++
      continue
    }
    if (isOf(i, PARTS)) continue
    if (isListed(i, PLACE)) towns++
    if (listed) names++
    else if (isListed(i, MEDICAL)) return
    else others++
  }
  const lead = first > 0 ? leadOf(first) : -1
  const setOff = pairs > 0 && isSetOff(first, end)
  const towards = setOff || (lead >= 0 && isOf(lead, AT | TOWARDS | JOINER))
  if (free == 0 || names + (towards ? others : 0) == 0) return
  if (pairs > 0 && !setOff && !behindName && !(towards && towns > 0)) return
  if (!several && isTerm(from, lead)) return
  const as = behindName ? claimOf(first) : beforeName ? claimOf(next) : towards ? PLACED : NAMED
  let last = end
  // "the Caterpillar plant"
  if (next < count && gapOf(next) == SPACE && shapeOf(next) == SMALL && isOf(next, PLAIN_FACILITY)) return take(from, next, PLACED)
  // "Colt R FTT"
  if (as == NAMED) while (last > from && shapeOf(last) == CAPITALS) last--
  take(from, last, as)
}

function isClaimedName(i: i32): bool {
  const as = claimOf(i)
  return as == NAMED || as == PLACED
}

/** Behind a small word or a number, and not in a heading: "History of Present Illness". */
function isWithin(first: i32): bool {
  if (first == 0) return false
  const gap = gapOf(first)
  const before = first - 1
  if (gap == COMMA) return shapeOf(before) != CAPITALISED || isClaimedName(before)
  // "w/ Chip"
  if (gap == APART) return (byteAt(startOf(first) - 2) == 0x2f && endOf(before) == startOf(first) - 2) || isBracketed(first)
  if (gap != SPACE) return false
  if (shapeOf(before) == NUMBER) return true
  if (shapeOf(before) == CAPITALISED) return isOf(before, STOPPER) && !isWord(before, 'the')
  if (shapeOf(before) != SMALL) return false
  return !(isOf(before, JOINER) && before > 0 && gapOf(before) == SPACE && isLarge(before - 1) && isFree(before - 1))
}

/** ", Swedish Covenant,": between two commas. */
function isSetOff(first: i32, end: i32): bool {
  return gapOf(first) == COMMA && byteAt(endOf(end)) == 0x2c
}

/** "(Summit)", "(Council Bluffs)": nothing else within. */
export function isBracketed(first: i32): bool {
  if (byteAt(startOf(first) - 1) != 0x28) return false
  let last = first
  while (last + 1 < count && gapOf(last + 1) == SPACE && shapeOf(last + 1) == CAPITALISED) last++
  return byteAt(endOf(last)) == 0x29
}

function leadOf(first: i32): i32 {
  const before = first - 1
  if (gapOf(first) != SPACE) return -1
  return before > 0 && isWord(before, 'the') && gapOf(before) == SPACE ? before - 1 : before
}

/** "a Ford", "an abnormal Pap smear": a thing that is called so. */
function isTerm(i: i32, lead: i32): bool {
  if (lead >= 0 && (isWord(lead, 'a') || isWord(lead, 'an'))) return true
  const next = i + 1
  return next < count && gapOf(next) == SPACE && shapeOf(next) == SMALL && isListed(next, MEDICAL) && !isListed(next, EVERYDAY)
}
