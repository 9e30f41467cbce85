// People and places of a text, in the order in which rules may claim its words: what is surest first.

import { findAddresses, findStreets } from './addresses.ts'
import { findAnnounced, findTitled } from './announced-names.ts'
import { findBodies } from './bodies.ts'
import { supposeCapitals } from './caseless.ts'
import { findCities } from './cities.ts'
import { type Claims, claim, nextClaimed, noClaims } from './claims.ts'
import * as classes from './classes.ts'
import { box } from './cues.ts'
import { findDegreed } from './degrees.ts'
import { keepEponyms } from './eponyms.ts'
import { findFacilities } from './facilities.ts'
import { digit } from './letters.ts'
import { lexicon } from './lexicon.ts'
import { findLone } from './lone.ts'
import { findPairs } from './name-pairs.ts'
import type { RuleGroup } from './search.ts'
import type { Finding } from './span.ts'
import { mark } from './tokenize.ts'
import { shapes, type Tokens } from './tokens.ts'
import { codeAt } from './word.ts'

/** `prose`: in values of a structure a facility, a city by itself and a word that no list has are terms. */
export function findPeopleAndPlaces(
  words: Tokens,
  groups: ReadonlySet<RuleGroup>,
  prose: boolean,
  findings: Finding[],
): void {
  const anyLarge = words.anyLarge
  if (supposeCapitals(words)) mark(words)
  const claims = noClaims(words)
  const rules = {
    names: groups.has('names'),
    places: groups.has('places'),
    shapes: prose && groups.has('shapes'),
  }
  const has = (bits: number): boolean => (words.anyClass & bits) !== 0
  if (has(classes.bodyHead | classes.facility)) findBodies(claims)
  if (rules.places) {
    if (prose && has(classes.facility | classes.weakFacility | classes.plainFacility)) findFacilities(claims)
    const addressed = has(classes.street) || (words.anyCue & box) !== 0
    if (addressed && (words.kinds & digit) !== 0) findAddresses(claims)
    if (has(classes.street)) findStreets(claims)
  }
  if (groups.has('context') && has(classes.title)) findTitled(claims)
  if (anyLarge) keepEponyms(claims, lexicon())
  if (groups.has('context') && has(classes.naming | classes.person)) findAnnounced(claims)
  if (rules.names) {
    if (has(classes.credential)) findDegreed(claims)
    findPairs(claims)
  }
  if (rules.places) findCities(claims)
  findLone(claims, prose ? rules : { ...rules, places: false })
  report(claims, findings)
}

function report(claims: Claims, findings: Finding[]): void {
  const { words, what, from } = claims
  for (let i = nextClaimed(claims, 0); i < words.count; i = nextClaimed(claims, i + 1)) {
    const as = what[i]
    if (as !== claim.name && as !== claim.place) continue
    const first = from[i]
    let last = i
    while (last + 1 < words.count && from[last + 1] === first && what[last + 1] === as) last += 1
    findings.push({
      start: words.start[i] as number,
      end: endOf(words, last, as),
      type: as === claim.name ? 'NAME' : 'GEOGRAPHIC_LOCATION',
    })
    i = last
  }
}

/** Where the last word ends; a facility's name keeps its possessive: St. Luke's. */
function endOf({ text, end, shape, possessive }: Tokens, last: number, as: number): number {
  const to = end[last] as number
  // "John D.": an initial has its full stop.
  if (as === claim.name && shape[last] === shapes.initial && codeAt(text, to) === 0x2e) return to + 1
  if (as !== claim.place || possessive[last] !== 1) return to
  return (codeAt(text, to + 1) | 0x20) === 0x73 ? to + 2 : to + 1
}
