// Facilities without a head, of words that mean anything: told by the verb and preposition before them.

import { isFree } from './claims'
import {
  ACRONYM, CREDENTIAL, EPONYM_HEAD, FAMOUS_EPONYM, HEADING, MEDICAL, MONTH, PLACE, PLACE_PREFIX, STATE, STOPPER, SURNAME, TITLE,
  WEAK_EPONYM_HEAD, WEAK_FACILITY,
} from './classes'
import { isBehindAtSign, isLabelled, standsAt } from './facilities'
import { byteAt } from './memory'
import { isOf, isLarge, isListed, isStrange, isWord } from './traits'
import { count, endOf, gapOf, isOwned, shapeOf, startOf } from './words'
import { AMPERSAND, CAPITALISED, CAPITALS, HYPHEN, INITIAL, NUMBER, SMALL, SPACE } from './writing'

/** What is capitalised behind "seen at", "admitted to", "visited" is a facility, whatever else its words mean, but for these. */
export const NO_FACILITY: i32 = HEADING | STOPPER | TITLE | MONTH | EPONYM_HEAD | WEAK_EPONYM_HEAD | ACRONYM | CREDENTIAL | FAMOUS_EPONYM

/**
 * Where a facility may be named in running text: "seen at", "surgery at", "admitted to", "who visited". A heading has capitals before
 * its preposition too.
 */
export function isVisited(i: i32): bool {
  if (i == 0) return false
  const lead = i - 1
  const sign = byteAt(startOf(i) - 2)
  if (sign == 0x40 || byteAt(startOf(i) - 1) == 0x40) return isBehindAtSign(i)
  if (sign == 0x3a) return isLabelled(i)
  if (i < 2) return false
  const last = byteAt(endOf(lead) - 1)
  // Most words stand behind others.
  if (last != 0x74 && last != 0x6f && last != 0x64 && last != 0x73) return false
  if (shapeOf(lead) != SMALL || gapOf(i) != SPACE) return false
  if (isWord(lead, 'visited') || isWord(lead, 'attended') || isWord(lead, 'attends')) return true
  if (gapOf(lead) != SPACE) return isWord(lead, 'at')
  if (shapeOf(lead - 1) != SMALL) return shapeOf(lead - 1) == NUMBER && isWord(lead, 'at')
  return isWord(lead, 'at') || (isWord(lead, 'to') && isWord(lead - 1, 'admitted'))
}

/** One capitalised word at least, and none that is no part of a facility's name; no number behind. */
export function mayBeFacility(from: i32, end: i32): bool {
  const next = end + 1
  if (next < count && (gapOf(next) == HYPHEN || (gapOf(next) == SPACE && shapeOf(next) == NUMBER))) return false
  for (let i = from; i <= end; i++) {
    // "Covenant ER"
    if (i == end && i > from && shapeOf(i) == CAPITALS && isOf(i, ACRONYM) && !isListed(from, MEDICAL)) break
    // "Eastern Maine"
    if (shapeOf(i) != CAPITALISED || (isState(i) && i == from) || isOwned(i)) return false
    if (i == from && from < end && isState(end)) continue
    // "Sacred Heart"
    if (from < end && (isOf(i, PLACE_PREFIX) || (i > from && isWord(i, 'heart')))) continue
    if (isOf(i, i == from ? NO_FACILITY : MONTH | EPONYM_HEAD | WEAK_EPONYM_HEAD | TITLE)) return false
  }
  // "visited Urgent Care", "admitted to Cardiology": parts of a house
  if (isOf(from, WEAK_FACILITY)) return false
  return from < end || !isListed(from, MEDICAL) || !isWord(from - 1, 'to')
}

/** And with what a small word joins to it: "Scott and White", "Lady of Lourdes", "Scott & White". */
export function facilityEnd(end: i32): i32 {
  const small = end + 1
  const large = end + 2
  if (large >= count || gapOf(small) != SPACE || gapOf(large) != SPACE || shapeOf(small) != SMALL) {
    const joined = small < count && gapOf(small) == AMPERSAND && isFree(small) && shapeOf(small) == CAPITALISED
    return joined ? small : end
  }
  if (!isWord(small, 'of') && !isWord(small, 'and')) return end
  if (!isFree(large) || shapeOf(large) != CAPITALISED || isOf(large, NO_FACILITY) || !(isListed(large, PLACE | SURNAME) || isStrange(large))) return end
  return large
}

/** "City of Hope", "U of M", "University of Utah" behind "at"; -1 where none begins here. */
export function ofEnd(i: i32): i32 {
  const small = i + 1
  const large = i + 2
  if (large >= count || shapeOf(small) != SMALL || !isWord(small, 'of') || gapOf(small) != SPACE || gapOf(large) != SPACE) return -1
  if (!isFree(large) || !isLarge(large) || isOf(large, MONTH | TITLE | EPONYM_HEAD)) return -1
  // "U of Iowa" anywhere
  if (shapeOf(i) == INITIAL && isWord(i, 'u') && (isOf(large, STATE) || isListed(large, PLACE))) return large
  return standsAt(i) || (isWord(i, 'city') && shapeOf(i) == CAPITALISED && shapeOf(large) == CAPITALISED) ? large : -1
}

/** New York and Washington are a State and a city: they are taken for the city. */
export function isState(i: i32): bool {
  return isOf(i, STATE) && !isWord(i, 'york') && !isWord(i, 'washington')
}
