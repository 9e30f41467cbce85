// Members that hold codes and their words are read as terms: names, places and bare numbers are looked for elsewhere.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { patternTree } from '../../../core/pointer.ts'
import { outermost, type Standing, standingWithin } from '../../../core/redaction/standing.ts'
import { look, survey } from '../../../core/redaction/survey.ts'
import { redactText } from '../../../core/redaction/text.ts'
import { isProse, readings } from '../../../core/text/prose.ts'
import { dataFolder } from '../../support/data-folder.ts'
import { verifies } from '../../verifies.ts'

const rules = { dates: 'Year', text: 'Redact' } as const

function left(value: string): string | undefined {
  return redactText(value, survey(), rules, { redacted: {}, dropped: {} }, readings.term)
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
  'http://dicom.nema.org/resources/ontology/DCM',
  'http://varnomen.hgvs.org',
  'http://www.genenames.org/geneId',
  'http://www.ncbi.nlm.nih.gov/clinvar',
  'http://www.whocc.no/atc',
  'http://id.who.int/icd/release/11/mms',
  'http://ncimeta.nci.nih.gov',
  'https://www.usps.com/',
  'http://www.ada.org/cdt',
  'http://standardterms.edqm.eu',
  'http://www.radlex.org',
  'http://snomed.info/sct?fhir_vs=ecl/73211009',
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

/** Displays of codings, texts of concepts and units of a document, each as it is read where it stands. */
function judge(document: unknown, into: Terms): void {
  const known = survey()
  look(document, patternTree([]), known)
  const visit = (value: unknown, at: Standing, within: string, beside: object): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, at, within, beside)
    else if (typeof value === 'object' && value !== null)
      for (const [name, member] of Object.entries(value))
        visit(member, standingWithin(at, name), at.member, value)
    else if (typeof value === 'string' && isCoded(at.member, within, beside)) {
      into.terms += 1
      const shown = redactText(value, known, rules, { redacted: {}, dropped: {} }, at.reading)
      if (shown !== value) into.changed.push(value)
    }
  }
  visit(document, outermost, '', {})
}

function isCoded(name: string, within: string, beside: object): boolean {
  if (name === 'unit') return true
  return within === 'coding' ? name === 'display' : name === 'text' && 'coding' in beside
}

test.runIf(dataFolder !== undefined)(
  'of the displays, texts of concepts and units of FHIR examples none is changed',
  () => {
    const into: Terms = { terms: 0, changed: [] }
    for (const folder of ['synthea', 'us-core'])
      for (const file of readdirSync(join(dataFolder as string, 'fhir', folder)).filter((name) =>
        name.endsWith('.json'),
      ))
        judge(JSON.parse(readFileSync(join(dataFolder as string, 'fhir', folder, file), 'utf8')), into)

    expect(into.terms).toBeGreaterThan(1000)
    expect(into.changed).toEqual([])
  },
)

for (const address of [
  'http://loinc.org.example.org/p/123',
  'https://portal.example.org/Patient/12',
  'http://snomed.info/sct?name=Smith',
])
  verifies('minimum:text', `the address ${address} goes, whatever it resembles`, () => {
    expect(left(address)).toBe('[URL]')
  })
