// People and places of a text, in the order in which rules may claim its words: what is surest first.

import { findAddresses, findStreets } from './addresses'
import { findAnnounced, findTitled } from './announced-names'
import { findBodies } from './bodies'
import { supposeCapitals } from './caseless'
import { findCities } from './cities'
import { noClaims } from './claims'
import { BODY_HEAD, CREDENTIAL, DIVISION, FACILITY, NAMING, PERSON, PLAIN_FACILITY, STATE, STATE_CODE, STREET, TITLE, WEAK_FACILITY } from './classes'
import { findDegreed } from './degrees'
import { keepEponyms } from './eponyms'
import { findFacilities } from './facilities'
import { findLone } from './lone'
import { findPairs } from './name-pairs'
import { tell } from './told'
import { anyClass, anyCue, anyLarge, CUE_BOX, DIGIT, kinds, markAnew } from './words'

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
  if (anyLarge != 0) keepEponyms(supposed)
  if (context && has(NAMING | PERSON)) findAnnounced()
  if (names) {
    if (has(CREDENTIAL)) findDegreed()
    findPairs()
  }
  if (places && hasLarge(DIVISION | STATE | STATE_CODE)) findCities()
  findLone(names, places && prose, prose && (asked & SHAPES) != 0)
  tell()
}

function has(bits: i32): bool {
  return (anyClass & bits) != 0
}

/** Of rules that begin at words written large alone, each of which is looked up. */
function hasLarge(bits: i32): bool {
  return has(bits)
}
