// All identifiers of a free text.

import type { Survey } from '../redaction/survey.ts'
import { findKnown } from '../redaction/text.ts'
import { sortInPlace } from '../sort-in-place.ts'
import { type Claims, claim, noClaims } from './claims.ts'
import { detect, type Finding, type Kind } from './forms.ts'
import { lexicon } from './lexicon.ts'
import { findLone } from './lone.ts'
import { normalize } from './normalize.ts'
import { findAnnounced, findDegreed, findPairs, findTitled, keepEponyms } from './people.ts'
import { findAddresses, findBodies, findCities, findFacilities } from './places.ts'
import type { IdentifierType, Span } from './span.ts'
import { tokenize } from './tokens.ts'

const types: { readonly [kind in Kind]: IdentifierType } = {
  ssn: 'SOCIAL_SECURITY_NUMBER',
  mrn: 'MEDICAL_RECORD_NUMBER',
  phone: 'PHONE_NUMBER',
  email: 'EMAIL_ADDRESS',
  date: 'DATE',
  ip: 'IP_ADDRESS',
  url: 'URL',
  name: 'NAME',
  place: 'GEOGRAPHIC_LOCATION',
  id: 'UNIQUE_IDENTIFIER',
}

/** Rules that can be left out to see what each gains and costs (`make eval`); a policy cannot. */
export const ruleGroups = ['forms', 'context', 'known', 'names', 'places', 'shapes'] as const
export type RuleGroup = (typeof ruleGroups)[number]
const all: ReadonlySet<RuleGroup> = new Set(ruleGroups)

/**
 * Where identifiers stand in a text: sorted, apart from each other, in code units of the text as it came. `known`: what
 * the same result says of its patients, whose names and numbers are then found wherever they stand.
 */
export function findIdentifiers(text: string, known?: Survey, groups: ReadonlySet<RuleGroup> = all): Span[] {
  const normal = normalize(text)
  const findings: Finding[] = []
  if (known !== undefined && groups.has('known')) findKnown(normal.text, known, findings)
  if (groups.has('forms')) detect(normal.text, findings)
  findPeopleAndPlaces(normal.text, groups, findings)
  sortInPlace(findings, (a, b) => a.start - b.start || b.end - a.end)
  const spans: Span[] = []
  for (const { start, end, kind, year } of findings) {
    const last = spans.at(-1)
    const [from, to] = [normal.at(start), normal.at(end)]
    if (last !== undefined && from < last.end) {
      if (to > last.end) spans[spans.length - 1] = { ...last, end: to }
      continue
    }
    spans.push({ start: from, end: to, type: types[kind], ...(year === undefined ? {} : { year }) })
  }
  return spans
}

function findPeopleAndPlaces(text: string, groups: ReadonlySet<RuleGroup>, findings: Finding[]): void {
  const words = tokenize(text, lexicon())
  const claims = noClaims(words)
  const rules = { names: groups.has('names'), places: groups.has('places'), shapes: groups.has('shapes') }
  findBodies(claims)
  if (rules.places) {
    findFacilities(claims)
    findAddresses(claims)
  }
  if (groups.has('context')) findTitled(claims)
  keepEponyms(claims)
  if (groups.has('context')) findAnnounced(claims)
  if (rules.names) {
    findDegreed(claims)
    findPairs(claims)
  }
  if (rules.places) findCities(claims)
  findLone(claims, rules)
  report(claims, findings)
}

function report({ words, what, from }: Claims, findings: Finding[]): void {
  for (let i = 0; i < words.count; i += 1) {
    const as = what[i]
    if (as !== claim.name && as !== claim.place) continue
    const first = from[i]
    let last = i
    while (last + 1 < words.count && from[last + 1] === first && what[last + 1] === as) last += 1
    findings.push({
      start: words.start[i] as number,
      end: words.end[last] as number,
      kind: as === claim.name ? 'name' : 'place',
    })
    i = last
  }
}
