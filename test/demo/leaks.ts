// Whether an answer holds what identifies a patient: the record is known here, so a search is proof enough.

import { identifiersOf } from '../sample/bundle.ts'
import type { PatientRecord } from '../sample/fhir.ts'

/** Kinds of identifiers of this patient that stand in the text, or in a part of it by itself. */
export function leaksIn(text: string, record: PatientRecord): string[] {
  const found = Object.entries(identifiersOf(record)).filter(
    ([, value]) => value !== '' && text.includes(value),
  )
  // Other spellings of the same: the day of birth and of a visit as Americans write them.
  const dates = [...new Set(text.match(/\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}\/\d{1,2}\/\d{4}\b/g) ?? [])]
  return [...found.map(([kind]) => kind), ...(dates.length > 0 ? ['a whole date'] : [])]
}
