// Identifiers in text that stays.

import { expect, test } from 'vitest'
import { patternTree } from '../../../core/pointer.ts'
import { learnId, look, survey } from '../../../core/redaction/survey.ts'
import { redactText, type TextRules } from '../../../core/redaction/text.ts'
import { type Reading, readings } from '../../../core/text/prose.ts'
import { redacted } from '../../support/redaction.ts'
import { verifies } from '../../verifies.ts'

const patient = {
  resourceType: 'Patient',
  id: 'a1b2c3d4',
  name: [{ family: 'Flügel', given: ['Anna-Lena', 'May'], text: 'Dr. Anna-Lena Flügel' }],
  identifier: [{ value: 'H-77812' }, { value: '555001234' }],
  telecom: [{ value: '+49 30 901820' }],
  address: [{ line: ['12 Elm Court'], city: 'Springfield', district: 'Wexmoor' }],
  contact: [{ name: { family: 'Okonkwo' } }],
}

const cases: [text: string, shown: string | undefined][] = [
  // SSN
  ['SSN 912-34-5678 on file', 'SSN [SSN] on file'],
  ['SSN: 912345678.', 'SSN: [SSN].'],
  ['social security number 912 34 5678', 'social security number [SSN]'],
  ['912\u201134\u20115678 with other hyphens', '[SSN] with other hyphens'],
  ['9\u200b12-34-\u200b5678 with invisible characters', '[SSN] with invisible characters'],
  ['９１２-３４-５６７８ in full width', '[SSN] in full width'],
  ['٩١٢-٣٤-٥٦٧٨ and ९१२-३४-५६७८ in other digits', '[SSN] and [SSN] in other digits'],
  // MRN
  ['MRN 4001234, seen', '[MRN], seen'],
  ['MRN-4001234', '[MRN]'],
  ['medical record number: AB-123456', 'medical record number: [MRN]'],
  // Phone
  ['call (617) 555-0143 now', 'call [PHONE] now'],
  ['617-555-0143 x12', '[PHONE]'],
  ['+1 617.555.0143', '[PHONE]'],
  ['phone 6175550143', 'phone [PHONE]'],
  ['reach her at +44 20 7946 0958', 'reach her at [PHONE]'],
  // E-mail, URL, IP
  ['write anna.fluegel+x@mail.example.org.', 'write [EMAIL].'],
  ['see https://portal.example.org/p/123?x=1 there', 'see [URL] there'],
  ['see www.example.org/p', 'see [URL]'],
  ['from 10.20.30.40 and 2001:db8::17', 'from [IP] and [IP]'],
  // Dates
  ['born 1984-03-02', 'born 1984'],
  ['born 03/02/1984 or 2.3.1984', 'born 1984 or 1984'],
  ['on March 2, 1984 and 2 March 1984', 'on 1984 and 1984'],
  ['in March 1984', 'in 1984'],
  ['on 3/2/84', 'on [DATE]'],
  ['on Mar 2nd', 'on [DATE]'],
  ['at 1984-03-02T10:20:30Z', 'at 1984'],
  // The patient's own names and identifiers, from the same result
  ['Ms Flügel came with her sister', '[NAME] came with her sister'],
  ['FLUEGEL is another name, Flugel is hers', 'FLUEGEL is another name, [NAME] is hers'],
  ['Anna and Lena', '[NAME] and [NAME]'],
  ['She may come; May came', 'She may come; [NAME] came'],
  ['with Okonkwo, her mother', 'with [NAME], her mother'],
  ['chart h-77812 closed', 'chart [ID] closed'],
  ['lives at 12 elm court, Springfield', 'lives at [ID], [ID]'],
  ['commutes through wexmoor', 'commutes through [ID]'],
  ['Patient/a1b2c3d4 and Patient/other-1', 'Patient/[ID] and Patient/[ID]'],
  ['see a1b2c3d4.', 'see [ID].'],
  ['555001234', '[ID]'],
  // What is no identifier stays as it is
  [
    'Type 2 diabetes (E11.9), HbA1c 7.2 %, BP 120/80, 5 mg 2-3x daily',
    'Type 2 diabetes (E11.9), HbA1c 7.2 %, BP 120/80, 5 mg 2-3x daily',
  ],
  [
    'LOINC 4548-4, SNOMED 44054006, RxNorm 860975, version 2.16.840.1.113883.6.1',
    'LOINC 4548-4, SNOMED 44054006, RxNorm 860975, version 2.16.840.1.113883.6.1',
  ],
  ['range 100-1200 at 10:20:30, ratio 1:2:3', 'range 100-1200 at 10:20:30, ratio 1:2:3'],
  ['http://loinc.org', 'http://loinc.org'],
  [
    'http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient|9.0.0',
    'http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient|9.0.0',
  ],
  [
    '<div xmlns="http://www.w3.org/1999/xhtml">http://hl7.org.evil.example/p</div>',
    '<div xmlns="http://www.w3.org/1999/xhtml">[URL]</div>',
  ],
  ['http://snomed.info/sct?patient=17', '[URL]'],
  ['http://hl7.org/fhir/StructureDefinition/Patient', 'http://hl7.org/fhir/StructureDefinition/Patient'],
  ['1984', '1984'],
  // Whole values
  ['1984-03-02', '1984'],
  ['1984-03', '1984'],
  ['1984-03-02T10:20:30.123+02:00', '1984'],
  ['', ''],
]
for (const [text, shown] of cases)
  verifies('minimum:text', JSON.stringify(text), () => {
    expect(redacted(text, { patient })).toBe(shown)
  })

verifies('minimum:text', 'where the policy says Drop, a text with an identifier is dropped whole', () => {
  expect(redacted('SSN 912-34-5678', {}, { text: 'Drop' })).toBeUndefined()
  expect(redacted('all is well', {}, { text: 'Drop' })).toBe('all is well')
})

verifies('minimum:text', 'where the policy drops dates, not even the year stays', () => {
  expect(redacted('1984-03-02', {}, { dates: 'Drop' })).toBeUndefined()
  expect(redacted('born 1984-03-02', {}, { dates: 'Drop' })).toBe('born [DATE]')
})

verifies('minimum:text', 'names of servers that speak no FHIR are found by their member’s name', () => {
  const about = {
    patient: { name: 'Anna Fluegel', mrn: 'Q-1234' },
    next_of_kin: { first_name: 'Berta' },
    doctor: { name: 'Stone' },
  }

  expect(redacted('Fluegel and Berta, Q-1234; a stone was seen', about)).toBe(
    '[NAME] and [NAME], [ID]; a stone was seen',
  )
})

verifies('minimum:text', 'a clinician’s name is no patient’s', () => {
  const about = { resourceType: 'Practitioner', name: [{ family: 'Stone' }] }

  expect(redacted('seen by Stone', about)).toBe('seen by Stone')
})

verifies('minimum:text', 'identifiers that overlap are cut as one', () => {
  expect(redacted('x anna.fluegel@example.org y', { patient: { name: 'Anna Fluegel' } })).toBe('x [EMAIL] y')
})

verifies(
  'minimum:text',
  'a known identifier is found in any case and script, by itself and not within a word',
  () => {
    const about = { patient: { mrn: 'QX-1-Z', phone: '(+49) ЖЖ77' } }

    expect(redacted('qx-1-z, QX-1-Z: aqx-1-z QX-1-Z9 éqx-1-z', about)).toBe(
      '[ID], [ID]: aqx-1-z QX-1-Z9 éqx-1-z',
    )
    expect(redacted('call (+49) жж77 or QX-1-Zé', about)).toBe('call [ID] or QX-1-Zé')
    // Of two that overlap neither is left.
    const two = { resourceType: 'Patient', identifier: [{ value: 'QX-1-Z' }, { value: 'z-qx' }] }
    expect(redacted('QX-1-Z-QX-1-Z', two)).toBe('[ID]')
  },
)

verifies('minimum:text', 'identifiers of any length are found, at the end of a text as well', () => {
  const known = survey()
  for (const id of ['7', 'q9', 'x-1', 'mrn-1', 'mrn-12']) learnId(id, known)
  const said = (text: string): string | undefined =>
    redactText(text, known, { dates: 'Year', text: 'Redact' }, { redacted: {}, dropped: {} })

  expect(said('7, Q9, X-1, a7 x-12 mrn-1 and mrn-12')).toBe('[ID], [ID], [ID], a7 x-12 [ID] and [ID]')
  expect(said('7')).toBe('[ID]')
  expect(said('no. q9')).toBe('no. [ID]')
})

test('a bundle of a thousand identifiers is searched in no more time than its text takes', () => {
  const known = survey()
  for (let i = 0; i < 20_000; i += 1) learnId(`${i}-${i}-mrn`, known)
  const text = '12 345 and 678 90-1 '.repeat(12_000)
  const began = process.cpuUsage()

  redactText(text, known, { dates: 'Year', text: 'Redact' }, { redacted: {}, dropped: {} })

  // Each word with each identifier would be a billion comparisons. Time of this process alone: others run beside it.
  const { user, system } = process.cpuUsage(began)
  expect((user + system) / 1_000).toBeLessThan(2_000)
})

/** The worst that a server could send to each detector. */
const hostile = [
  '1',
  '-',
  'a@',
  '@',
  '1.',
  '1-',
  '1 ',
  ':',
  'http://',
  'Patient/',
  '(1',
  '+1',
  'May 1',
  '\u200b',
  'MRN',
  'é',
  '1/',
  'a.',
  'phone ',
  '12-',
]
for (const piece of hostile)
  test(`a quarter of a megabyte of ${JSON.stringify(piece)} takes linear time`, () => {
    const text = piece.repeat(Math.ceil(60_000 / piece.length))
    const began = performance.now()
    redacted(text, { patient })
    const once = performance.now() - began
    redacted(text.repeat(4), { patient })

    // Quadratic time would be sixteen times as much; the machine is shared, so the bound is loose.
    expect(performance.now() - began - once).toBeLessThan(Math.max(once * 10, 2000))
  })

/** Milliseconds for a text with two findings in each piece. */
function took(pieces: number): number {
  const text = 'H-77812 Lena '.repeat(pieces)
  const began = performance.now()
  redacted(text, { patient })
  return performance.now() - began
}

test('many findings of several kinds are put in order in less than the square of their number', () => {
  took(5_000)

  // Sixteen times as many: quadratic time would be over a hundred times as much.
  expect(took(80_000)).toBeLessThan(Math.max(took(5_000) * 50, 1_500))
})

test('a text that was found clean is searched again when more is known', () => {
  const known = survey()
  const tally = { redacted: {}, dropped: {} }
  const said = (): string | undefined =>
    redactText('Asked okonkwo today', known, { dates: 'Year', text: 'Redact' }, tally)

  expect(said()).toBe('Asked okonkwo today')
  look({ resourceType: 'Patient', name: [{ family: 'Okonkwo' }] }, patternTree([]), known)

  expect(said()).toBe('Asked [NAME] today')
})

test('a text of which something was replaced counts again each time it comes', () => {
  const known = survey()
  look(patient, patternTree([]), known)
  const rules = { dates: 'Year', text: 'Redact' } as const
  const tally = { redacted: {}, dropped: {} }
  const shown = [1, 2, 3].map(() => redactText('seen by Okonkwo and Flügel', known, rules, tally))

  expect(shown).toEqual(Array(3).fill('seen by [NAME] and [NAME]'))
  expect(tally).toEqual({ redacted: { name: 6 }, dropped: {} })
})

test('it is searched again when more is known, and under other rules', () => {
  const known = survey()
  const tally = { redacted: {}, dropped: {} }
  const year: TextRules = { dates: 'Year', text: 'Redact' }
  const drop: TextRules = { dates: 'Drop', text: 'Redact' }
  const shown = (rules: TextRules) =>
    redactText('SSN 912-34-5678, okonkwo, on 05/03/2024', known, rules, tally)

  expect(shown(year)).toBe('SSN [SSN], okonkwo, on 2024')
  expect(shown(drop)).toBe('SSN [SSN], okonkwo, on [DATE]')
  look(patient, patternTree([]), known)
  expect(shown(drop)).toBe('SSN [SSN], [NAME], on [DATE]')
})

test('it is searched again where it is read as a term, and where as what people write', () => {
  const text = 'SSN 912-34-5678, Harlan Okafor'
  const redactedAs = (...order: Reading[]) => {
    const known = survey()
    const rules = { dates: 'Year', text: 'Redact' } as const
    return order.map((reading) => redactText(text, known, rules, { redacted: {}, dropped: {} }, reading))
  }
  const all = Object.values(readings)

  expect(redactedAs(...all)).toEqual(all.flatMap((reading) => redactedAs(reading)))
})

test('words of ASCII are told apart by whatever is no letter and no digit', () => {
  const known = survey()
  look({ resourceType: 'Patient', name: [{ family: 'Okonkwo9' }] }, patternTree([]), known)
  const said = (text: string): string | undefined =>
    redactText(text, known, { dates: 'Year', text: 'Redact' }, { redacted: {}, dropped: {} })

  for (let code = 0x20; code < 0x7f; code += 1) {
    const character = String.fromCharCode(code)
    const part = /[A-Za-z0-9]/.test(character)
    expect(said(`to ${character}OKONKWO9${character}`)).toBe(
      part ? `to ${character}OKONKWO9${character}` : `to ${character}[NAME]${character}`,
    )
  }
})

/** What leaves of a text, by rules of which `bornFrom` is the first year of birth that tells no age over 89. */
const left = (text: string, bornFrom: number) =>
  redactText(
    text,
    survey(),
    { dates: 'Year', text: 'Redact', bornFrom },
    { redacted: {}, dropped: {} },
    readings.text,
  )

test('a year of birth in a text is told where it tells no age over 89, by the year of the rules', () => {
  expect(left('DOB: 04/17/1930, born 1936-03-02', 1937)).toBe('DOB: [DATE], born [DATE]')
  expect(left('DOB: 04/17/1930, born 1936-03-02', 1930)).toBe('DOB: 1930, born 1936')
  expect(left('she was born in 1930, married 1951', 1937)).toBe('she was born in [DATE], married 1951')
  expect(left('she was born in 1940 and seen 04/17/1930', 1937)).toBe('she was born in 1940 and seen 1930')
})
