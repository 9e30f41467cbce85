// The patterns that anybody would write first: what detection must beat to be worth having.

import type { Span } from './score.ts'

const patterns: readonly (readonly [type: string, pattern: RegExp])[] = [
  ['SOCIAL_SECURITY_NUMBER', /\b\d{3}-\d{2}-\d{4}\b/g],
  ['EMAIL_ADDRESS', /\b[\w.+-]{1,64}@[\w.-]{1,255}\.[a-z]{2,24}\b/gi],
  ['URL', /\bhttps?:\/\/\S+/g],
  ['IP_ADDRESS', /\b(?:\d{1,3}\.){3}\d{1,3}\b/g],
  ['PHONE_NUMBER', /(?:\(\d{3}\) ?|\b\d{3}[-. ])\d{3}[-. ]\d{4}\b/g],
  ['DATE', /\b\d{1,2}[/-]\d{1,2}[/-]\d{2,4}\b|\b\d{4}-\d{2}-\d{2}\b/g],
  [
    'DATE',
    /\b(?:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\.? \d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?\b/g,
  ],
  ['MEDICAL_RECORD_NUMBER', /\bMRN:? ?#?\w{4,}/g],
  ['NAME', /\b(?:Mr|Mrs|Ms|Dr)\.? [A-Z]\w+(?: [A-Z]\w+)?/g],
  ['GEOGRAPHIC_LOCATION', /\b(?:[A-Z]\w+ ){1,3}(?:Hospital|Clinic|Medical Center)\b/g],
]

export function baseline(text: string): Span[] {
  return patterns.flatMap(([type, pattern]) =>
    [...text.matchAll(pattern)].map(({ 0: found, index }) => ({
      start: index,
      end: index + found.length,
      type,
    })),
  )
}
