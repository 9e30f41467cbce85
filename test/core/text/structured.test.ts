// Values of a structure are terms and codes: names, places and bare numbers are looked for in prose alone.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { patternTree } from '../../../core/pointer.ts'
import { look, survey } from '../../../core/redaction/survey.ts'
import { redactText } from '../../../core/redaction/text.ts'
import { isProse } from '../../../core/text/prose.ts'
import { verifies } from '../../verifies.ts'

function left(value: string): string | undefined {
  return redactText(value, survey(), { dates: 'Year', text: 'Redact' }, { redacted: {}, dropped: {} })
}

const values = [
  'Essential hypertension',
  'Crohn disease of small intestine with rectal bleeding',
  'Glasgow coma score total',
  'Hepatitis B virus surface Ag [Presence] in Serum',
  'Body mass index (BMI) [Ratio]',
  'Tylenol 500 MG Oral Tablet',
  'Acetaminophen 325 MG / Hydrocodone Bitartrate 7.5 MG Oral Tablet',
  'Encounter for check up (procedure)',
  'Office or other outpatient visit for the evaluation of a new patient',
  'Patient referral for dental care (procedure)',
  '44054006',
  '2.16.840.1.113883.6.1',
  'mg/dL',
  'kg/m2',
  'Mount Sinai',
  'final',
  'http://loinc.org',
]
for (const value of values)
  verifies('minimum:text-terms', `the value ${JSON.stringify(value)} stays`, () => {
    expect(left(value)).toBe(value)
  })

test('a sentence is prose, a term is not', () => {
  expect(isProse('She was seen by Okonkwo today')).toBe(true)
  expect(isProse('Malignant neoplasm of upper lobe of right bronchus')).toBe(false)
  expect(isProse('Okonkwo')).toBe(false)
})

type Terms = { terms: number; changed: string[] }

/** Displays of codings, texts of concepts and units of a document. */
function judge(document: unknown, into: Terms): void {
  const known = survey()
  look(document, patternTree([]), known)
  const visit = (value: unknown, key: string, parent: string): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, key, parent)
    else if (typeof value === 'object' && value !== null)
      for (const [name, member] of Object.entries(value)) visit(member, name, key)
    else if (typeof value === 'string' && (key === 'unit' || (key === 'display' && parent === 'coding'))) {
      into.terms += 1
      const shown = redactText(value, known, { dates: 'Year', text: 'Redact' }, { redacted: {}, dropped: {} })
      if (shown !== value) into.changed.push(value)
    }
  }
  visit(document, '', '')
}

const data = process.env['HIPAA_MCP_DATA']

test.runIf(data !== undefined)(
  'of the displays and units of FHIR examples not one in a thousand is changed',
  () => {
    const into: Terms = { terms: 0, changed: [] }
    for (const folder of ['synthea', 'us-core'])
      for (const file of readdirSync(join(data as string, 'fhir', folder)).filter((name) =>
        name.endsWith('.json'),
      ))
        judge(JSON.parse(readFileSync(join(data as string, 'fhir', folder, file), 'utf8')), into)

    expect(into.terms).toBeGreaterThan(1000)
    expect(into.changed.length / into.terms).toBeLessThan(0.001)
  },
)
