// Whole synthetic records, through tools as a clinic would write them: no identifier of the patient is left anywhere.

import { expect } from 'vitest'
import type { Json } from '../../../core/canonical.ts'
import { type PatientRecord, records } from '../../sample/fhir.ts'
import { projected } from '../../support/redaction.ts'
import { verifies } from '../../verifies.ts'

/** Everything that identifies the patient of a record, read from the resource by this test itself. */
function identifiersOf({ patient }: PatientRecord): string[] {
  const { id, name, identifier, telecom, birthDate, address } = patient as unknown as {
    id: string
    name: { family: string; given: string[] }[]
    identifier: { value: string }[]
    telecom: { value: string }[]
    birthDate: string
    address: { line: string[]; city: string }[]
  }
  return [
    id,
    birthDate,
    ...name.flatMap(({ family, given }) => [family, ...given]),
    ...identifier.map(({ value }) => value),
    ...telecom.map(({ value }) => value),
    ...address.flatMap(({ line, city }) => [...line, city]),
  ]
}

const dates = /\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}\/\d{1,2}\/\d{2,4}\b/
const all = records(7, 60)

verifies('minimum:text', 'notes: text full of identifiers', () => {
  for (const record of all) {
    const { shown } = projected(record as unknown as Json, [
      '/notes/*/text',
      '/notes/*/title',
      '/notes/*/date',
    ])
    const text = JSON.stringify(shown)

    for (const identifier of identifiersOf(record))
      expect(text.toLowerCase()).not.toContain(identifier.toLowerCase())
    expect(text).not.toMatch(dates)
    expect(text).toContain('Follow-up of')
  }
})

verifies('minimum:fields', 'diagnoses: codes stay as they are', () => {
  for (const record of all) {
    const { shown } = projected(record as unknown as Json, [
      '/conditions/*/code',
      '/medications/*/medicationCodeableConcept',
      '/observations/*/code',
      '/observations/*/valueQuantity',
    ])

    expect(shown).toEqual({
      conditions: record.conditions.map(({ code }) => ({ code })),
      medications: record.medications.map(({ medicationCodeableConcept }) => ({ medicationCodeableConcept })),
      observations: record.observations.map(({ code, valueQuantity }) => ({ code, valueQuantity })),
    })
  }
})

verifies(
  'minimum:text',
  'a whole record: even a policy that names everything shows no name, number or day',
  () => {
    for (const record of all) {
      const text = JSON.stringify(projected(record as unknown as Json, ['']).shown).toLowerCase()

      for (const identifier of identifiersOf(record)) expect(text).not.toContain(identifier.toLowerCase())
      expect(text).not.toMatch(dates)
    }
  },
)
