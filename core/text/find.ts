// All identifiers of a free text.

import type { Survey } from '../redaction/survey.ts'
import { findKnown } from '../redaction/text.ts'
import { sortInPlace } from '../sort-in-place.ts'
import { detect, type Finding, type Kind } from './forms.ts'
import { normalize } from './normalize.ts'
import type { IdentifierType, Span } from './span.ts'

const types: { readonly [kind in Kind]: IdentifierType } = {
  ssn: 'SOCIAL_SECURITY_NUMBER',
  mrn: 'MEDICAL_RECORD_NUMBER',
  phone: 'PHONE_NUMBER',
  email: 'EMAIL_ADDRESS',
  date: 'DATE',
  ip: 'IP_ADDRESS',
  url: 'URL',
  name: 'NAME',
  id: 'UNIQUE_IDENTIFIER',
}

/**
 * Where identifiers stand in a text: sorted, apart from each other, in code units of the text as it came. `known`: what
 * the same result says of its patients, whose names and numbers are then found wherever they stand.
 */
export function findIdentifiers(text: string, known?: Survey): Span[] {
  const normal = normalize(text)
  const findings: Finding[] = []
  if (known !== undefined) findKnown(normal.text, known, findings)
  detect(normal.text, findings)
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
