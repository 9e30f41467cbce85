// People and places of a text, in the order in which rules may claim its words: what is surest first.

import { findAddresses, findStreets } from './addresses'
import { findAnnounced, findTitled } from './announced-names'
import { findBodies } from './bodies'
import { supposeCapitals } from './caseless'
import { findCities } from './cities'
import { claimOf, isClaimedOn, KEPT, NAMED, nextClaimed, noClaims, PLACED } from './claims'
import { BODY_HEAD, CREDENTIAL, DIVISION, FACILITY, NAMING, PERSON, PLAIN_FACILITY, STATE, STATE_CODE, STREET, TITLE, WEAK_FACILITY } from './classes'
import { findDegreed } from './degrees'
import { keepEponyms } from './eponyms'
import { findFacilities } from './facilities'
import { push } from './findings'
import { findLone } from './lone'
import { byteAt } from './memory'
import { findPairs } from './name-pairs'
import { GEOGRAPHIC_LOCATION, NAME } from './types'
import { anyClass, anyCue, anyHyphened, anyLarge, count, CUE_BOX, DIGIT, endOf, isOwned, kinds, markAnew, shapeOf, startOf } from './words'
import { INITIAL } from './writing'

/** Which rules are asked for: tokenize.ts. In values of a structure a facility, a city by itself and a word that no list has are terms. */
const NAMES: i32 = 1
const PLACES: i32 = 2
const CONTEXT: i32 = 4
const PROSE: i32 = 8
const SHAPES: i32 = 16

export function findPeopleAndPlaces(asked: i32): void {
  const supposed = supposeCapitals()
  if (supposed) markAnew()
  noClaims()
  const prose = (asked & PROSE) != 0
  const context = (asked & CONTEXT) != 0
  const names = (asked & NAMES) != 0
  const places = (asked & PLACES) != 0
  if (has(BODY_HEAD | FACILITY)) findBodies()
  if (places) {
    if (prose && has(FACILITY | WEAK_FACILITY | PLAIN_FACILITY)) findFacilities()
    if ((has(STREET) || (anyCue & CUE_BOX) != 0) && (kinds & DIGIT) != 0) findAddresses()
    if (has(STREET)) findStreets()
  }
  if (context && has(TITLE)) findTitled()
  if (anyLarge != 0) keepEponyms(supposed || anyHyphened != 0)
  if (context && has(NAMING | PERSON)) findAnnounced()
  if (names) {
    if (has(CREDENTIAL)) findDegreed()
    findPairs()
  }
  if (places && hasLarge(DIVISION | STATE | STATE_CODE)) findCities()
  findLone(names, places && prose, prose && (asked & SHAPES) != 0)
  report()
}

function has(bits: i32): bool {
  return (anyClass & bits) != 0
}

/** Of rules that begin at words written large alone, each of which is looked up. */
function hasLarge(bits: i32): bool {
  return has(bits)
}

function report(): void {
  for (let i = nextClaimed(0); i < count; ) {
    const as = claimOf(i)
    let last = i
    while (last + 1 < count && isClaimedOn(last + 1)) last++
    if (as != KEPT) push(startOf(i), as == NAMED ? nameEnd(last) : placeEnd(last), as == NAMED ? NAME : GEOGRAPHIC_LOCATION)
    i = nextClaimed(last + 1)
  }
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
