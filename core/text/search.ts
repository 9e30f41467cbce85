// All rules over one normalized text.

import type { Survey } from '../redaction/survey.ts'
import { sortInPlace } from '../sort-in-place.ts'
import { detect } from './forms.ts'
import { findKnown } from './known.ts'
import { findPeopleAndPlaces } from './people-and-places.ts'
import { isReadAsText, mayName, type Reading, readings } from './prose.ts'
import type { Finding } from './span.ts'
import { addFound, foundTogether, has, hasCharacters, setBornFrom, together, tokenize } from './tokenize.ts'

/** Rules that can be left out to see what each gains and costs (`make eval`); a policy cannot. */
export const ruleGroups = ['forms', 'context', 'known', 'names', 'places', 'shapes'] as const
export type RuleGroup = (typeof ruleGroups)[number]
const all: ReadonlySet<RuleGroup> = new Set(ruleGroups)

/**
 * How a text is searched. `groups`: all of them unless the gain of one is being measured. `bornFrom`: who was born before this year is older
 * than 89, so that not even the year of such a birth may be told (45 CFR 164.514(b)(2)(i)(C)); absent where no year is told.
 */
export type Searching = { readonly groups?: ReadonlySet<RuleGroup>; readonly bornFrom?: number }
const plainly: Searching = {}

/**
 * What was found, sorted and apart from each other: in the module, until the next text is read; `listed` here, where rules of JavaScript alone
 * looked, or found more than the module has room for.
 */
export type Found = { readonly count: number; readonly listed: Finding[] | undefined }

const nothing: Found = { count: 0, listed: undefined }

/** What identifies somebody in a text: see searchAll. */
export function search(
  text: string,
  known: Survey | undefined,
  reading: Reading,
  by: Searching = plainly,
): Finding[] {
  return findingsOf(searchAll(text, known, reading, by))
}

export function findingsOf({ count, listed }: Found): Finding[] {
  return listed ?? foundTogether(count)
}

/** `reading`: what a text is by where it stands; one that is prose is read as text, wherever that is. */
export function searchAll(
  text: string,
  known: Survey | undefined,
  reading: Reading,
  { groups = all, bornFrom = 0 }: Searching = plainly,
): Found {
  // Known ones first: of two findings of one stretch the first counts, and it says more.
  const findings: Finding[] = []
  if (known !== undefined && groups.has('known')) findKnown(text, known, findings)
  const prose = isReadAsText(text, reading)
  const naming = prose || (reading === readings.value && mayName(text))
  const long = prose && groups.has('shapes')
  const formed = long || hasCharacters(text, has.form)
  if (formed || naming) {
    setBornFrom(bornFrom)
    const words = tokenize(text)
    if (formed) {
      const [forms, context] = [groups.has('forms'), groups.has('context')]
      detect(words, { forms, context, long, compacted: reading !== readings.term || prose }, findings)
    }
    if (naming) findPeopleAndPlaces(groups, prose)
    sort(findings)
    const count = together(findings)
    if (count !== undefined) return { count, listed: undefined }
    addFound(findings)
  }
  if (findings.length === 0) return nothing
  const listed = findings.length < 2 ? findings : apart(findings)
  return { count: listed.length, listed }
}

/** Two that overlap are one: what sticks out of the first is part of an identifier too. */
function apart(findings: Finding[]): Finding[] {
  sort(findings)
  let kept = 0
  for (const finding of findings) {
    const last = kept === 0 ? undefined : (findings[kept - 1] as Finding)
    if (last !== undefined && finding.start < last.end) {
      if (finding.end > last.end) last.end = finding.end
      continue
    }
    findings[kept] = finding
    kept += 1
  }
  findings.length = kept
  return findings
}

function sort(findings: Finding[]): void {
  if (!isSorted(findings)) sortInPlace(findings, byPlace)
}

/** Mostly they are found in order: sorting asks the same of each several times. */
function isSorted(findings: readonly Finding[]): boolean {
  for (let i = 1; i < findings.length; i += 1)
    if (byPlace(findings[i - 1] as Finding, findings[i] as Finding) > 0) return false
  return true
}

/** By where they begin, longer ones first. */
const byPlace = (a: Finding, b: Finding): number => a.start - b.start || b.end - a.end
