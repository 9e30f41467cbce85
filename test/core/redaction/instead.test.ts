import { createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../../core/canonical.ts'
import { fieldTree } from '../../../core/fields/compile.ts'
import { patternTree } from '../../../core/pointer.ts'
import { blocksOf } from '../../../core/redaction/content.ts'
import { withPseudonyms } from '../../../core/redaction/instead.ts'
import { project, projection } from '../../../core/redaction/project.ts'
import { pseudonym } from '../../../core/redaction/pseudonym.ts'
import { zipArea } from '../../../core/redaction/safe-harbor.ts'
import { daysOf, mostDays, shifted } from '../../../core/redaction/shift.ts'
import { look, survey } from '../../../core/redaction/survey.ts'
import type { TextRules } from '../../../core/redaction/text.ts'

const key = createSecretKey(Buffer.alloc(32, 5))
const otherKey = createSecretKey(Buffer.alloc(32, 6))

type Rules = { fields: string[]; pseudonyms?: string[]; key?: typeof key } & Partial<TextRules>

/** What is left of a document that is kept by fields and pseudonyms, and what was counted. */
function left(document: Json, { fields, pseudonyms = [], key: own = key, ...rules }: Rules) {
  const known = survey()
  look(document, patternTree([]), known)
  const came = { structured: document, blocks: blocksOf([]), texts: [] }
  const parts = withPseudonyms(came, { tree: fieldTree(pseudonyms) }, own, known)
  const by = projection(known, { dates: 'Year', text: 'Redact', ...rules })
  const shown = project(parts.structured as Json, fieldTree([...fields, ...pseudonyms]), by)
  return { shown: JSON.parse(JSON.stringify(shown)) as Json, ...by.tally }
}

test('a place that is named is shown as a pseudonym, and its value nowhere else in the result', () => {
  const { shown, redacted } = left(
    { mrn: 'MRN-4000001', note: 'Call about mrn-4000001 today.', same: ['MRN-4000001'], number: 4000001 },
    { fields: ['/note', '/same'], pseudonyms: ['/mrn'] },
  )

  const alias = pseudonym('MRN-4000001', key)
  expect(shown).toEqual({ mrn: alias, note: `Call about ${alias} today.`, same: [alias] })
  expect(redacted).toEqual({ pseudonym: 3 })
})

test('what carries a pseudonym stays what it is: the type of a bundle, the address of an extension, the name of a parameter', () => {
  const url = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-chart'
  const bundle = {
    resourceType: 'Bundle',
    type: 'searchset',
    entry: [
      {
        resource: { resourceType: 'Observation', subject: { reference: 'Patient/patient-0007/_history/3' } },
      },
      { resource: { resourceType: 'Basic', extension: [{ url, valueString: 'chart-0007' }] } },
      { resource: { resourceType: 'Parameters', parameter: [{ name: 'chart', valueString: 'chart-0007' }] } },
    ],
  }
  const { shown } = left(bundle, {
    fields: [],
    pseudonyms: [
      'Observation.subject.reference',
      'Extension.valueString',
      'Parameters.parameter.valueString',
    ],
  })

  const [alias, chart] = [pseudonym('patient-0007', key), pseudonym('chart-0007', key)]
  expect(shown).toEqual({
    resourceType: 'Bundle',
    type: 'searchset',
    entry: [
      // Whatever the version: by it records of one patient are joined.
      { resource: { resourceType: 'Observation', subject: { reference: `Patient/${alias}` } } },
      { resource: { resourceType: 'Basic', extension: [{ url, valueString: chart }] } },
      { resource: { resourceType: 'Parameters', parameter: [{ name: 'chart', valueString: chart }] } },
    ],
  })
})

test('references keep referring to who has the pseudonym, by FHIR paths and by pointers', () => {
  const bundle = {
    resourceType: 'Bundle',
    entry: [
      { resource: { resourceType: 'Patient', id: 'patient-0007', gender: 'female' } },
      {
        resource: {
          resourceType: 'Observation',
          status: 'final',
          subject: { reference: 'https://ehr.example.org/fhir/Patient/patient-0007' },
          note: [{ text: 'As Patient/patient-0007 said.' }],
        },
      },
    ],
  }
  const { shown } = left(bundle, {
    fields: ['Patient.gender', 'Observation.status', 'Observation.note'],
    pseudonyms: ['Patient.id', 'Observation.subject.reference'],
  })

  const alias = pseudonym('patient-0007', key)
  expect(JSON.stringify(shown)).not.toContain('0007')
  expect(JSON.stringify(shown).split(alias).length - 1).toBe(3)
  expect(JSON.stringify(shown)).toContain(`"Patient/${alias}"`)
  expect(JSON.stringify(shown)).toContain('"resourceType":"Bundle"')
})

test('a number is shown as a pseudonym too, and one under another key is another one', () => {
  const document = { patient: { id: 4711 }, others: [{ id: 'Patient/4711' }] }
  const rules = { fields: ['/others'], pseudonyms: ['/patient/id'] }

  const { shown } = left(document, rules)

  const alias = pseudonym('4711', key)
  expect(shown).toEqual({ patient: { id: alias }, others: [{ id: `Patient/${alias}` }] })
  expect(left(document, { ...rules, key: otherKey }).shown).not.toEqual(shown)
})

test('a pseudonym of a short identifier changes no value that only looks like it', () => {
  const values = { glucose: 7, dose: '7', code: 'p-1', note: 'Take 7 a day, 1200 in all.', plt: 1200 }
  const { shown } = left(
    { patient_id: 7, other: 'p-1', third: 1200, values },
    { fields: ['/values'], pseudonyms: ['/patient_id', '/other', '/third'] },
  )

  expect(shown).toEqual({
    patient_id: pseudonym('7', key),
    other: pseudonym('p-1', key),
    third: pseudonym('1200', key),
    values,
  })
})

test('a long number that is known as an identifier stays nowhere; a short one stays where nothing calls it one', () => {
  const document = { mrn: 1200, plt: 1200, account_number: 8_123_456, lab: 8_123_456, id: 1200 }

  expect(left(document, { fields: [''] }).shown).toEqual({ plt: 1200 })
})

test('no measurement is changed by the pseudonym or the ZIP code of a patient', () => {
  const short = fc.oneof(fc.integer({ min: 0, max: 99_999 }), fc.stringMatching(/^\d{1,5}$/))
  fc.assert(
    fc.property(short, short, (id, zip) => {
      const values = {
        glucose: id,
        weight: zip,
        doses: [id, zip],
        as: { numbers: [Number(id), Number(zip)] },
      }
      const { shown } = left(
        { patient_ref: id, zip, values },
        { fields: ['/values'], pseudonyms: ['/patient_ref'] },
      )
      expect((shown as { values: Json }).values).toEqual(values)
    }),
  )
})

test('a shift is not made of what a pseudonym is made of', () => {
  const hex = pseudonym('days\np-1', key).replaceAll('-', '').slice(0, 12)
  const drawn = Number.parseInt(hex, 16) % (2 * mostDays)

  expect(drawn < mostDays ? drawn - mostDays : drawn - mostDays + 1).not.toBe(daysOf('p-1', key))
})

test('what stands under a pseudonym never leaves, whatever it is and wherever it stands', () => {
  const identifier = fc.stringMatching(/^[A-Z]{2,6}-?\d{4,9}$/)
  fc.assert(
    fc.property(identifier, fc.array(fc.lorem()), (id, words) => {
      const text = [...words, id, ...words].join(' ')
      const { shown } = left(
        { id, text, deep: [{ id }, [id]] },
        { fields: ['/text', '/deep'], pseudonyms: ['/id'] },
      )
      expect(JSON.stringify(shown)).not.toContain(id)
    }),
  )
})

test('case, accents and spaces make no other pseudonym, and it is a UUID that is an id of FHIR', () => {
  expect(pseudonym(' mrn-é1 ', key)).toBe(pseudonym('MRN-E1', key))
  expect(pseudonym('a', key)).not.toBe(pseudonym('b', key))
  expect(pseudonym('a', key)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

const between = (x: string | Date, y: string | Date): number =>
  Math.round((Date.parse(String(x).slice(0, 10)) - Date.parse(String(y).slice(0, 10))) / 864e5)

test('days move by the patient’s own number, and what lies between two stays as long', () => {
  const day = fc.date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  fc.assert(
    fc.property(fc.string(), day, day, (patient, one, other) => {
      const days = daysOf(patient, key)
      expect(Math.abs(days)).toBeGreaterThanOrEqual(1)
      expect(Math.abs(days)).toBeLessThanOrEqual(mostDays)
      const [a, b] = [one, other].map((date) => shifted(date.toISOString().slice(0, 10), days) as string)
      expect(between(a as string, b as string)).toBe(between(one.toISOString(), other.toISOString()))
      expect(a).not.toBe(one.toISOString().slice(0, 10))
    }),
  )
  expect(daysOf('p1', key)).toBe(daysOf('p1', key))
  expect(daysOf('p1', key)).not.toBe(daysOf('p1', otherKey))
})

test.each([
  ['2024-02-28', 2, '2024-03-01'],
  ['2024-12-31T23:59:00-05:00', 1, '2025-01-01T23:59:00-05:00'],
  ['2024-02-31', 1, undefined],
  ['2024-02', 1, undefined],
  ['9999-12-31', 1, undefined],
])('%s moved by %i is %s', (date, days, says) => {
  expect(shifted(date, days)).toBe(says)
})

test('under Shift dates go where no patient’s own number is known, and those inside of text always', () => {
  const document = { on: '2024-03-05', month: '2024-03', note: 'Seen on 2024-03-05.' }
  const fields = ['/on', '/month', '/note']

  expect(left(document, { fields, dates: 'Shift', shift: 10 }).shown).toEqual({
    on: '2024-03-15',
    note: 'Seen on [DATE].',
  })
  expect(left(document, { fields, dates: 'Shift' }).shown).toEqual({ note: 'Seen on [DATE].' })
})

test('ZIP codes are shown by three digits, or none where few live, in members that are called so and in addresses', () => {
  const { shown, redacted } = left(
    {
      home: { zip: '83701' },
      work: { postal_code: '83001-0001' },
      abroad: { postalCode: 'SW1A 1AA' },
      number: { zipCode: [83_701, '83701'] },
      lab: 83_701,
      wbc: '83701',
      note: 'He lives in Boise, ID 83701 now. BNP was 83701 pg/mL.',
    },
    { fields: [''] },
  )

  expect(shown).toEqual({
    home: { zip: '837' },
    work: { postal_code: '000' },
    abroad: { postalCode: '[PLACE]' },
    number: { zipCode: ['837', '837'] },
    lab: 83_701,
    wbc: '83701',
    note: expect.stringMatching(/^He lives in .*now\. BNP was 83701 pg\/mL\.$/),
  })
  expect((shown as { note: string }).note).not.toMatch(/83701 now/)
  expect(redacted['zip']).toBeGreaterThanOrEqual(5)
  expect(zipArea('8370')).toBeUndefined()
  expect(zipArea('837011234')).toBe('837')
})

test('a ZIP code is told by the words of its member’s name, whatever stands before them', () => {
  const codes = {
    mailing_zip: '83701',
    zip5: '83701',
    'Zip Code': '83701',
    homePostalCode: 83_701,
    zip_codes: ['83701'],
  }
  const others = { gzip: '83701', zip_file: '83701', postal_district: '83701' }

  expect(left({ ...codes, ...others, zip4: '0001' }, { fields: [''] }).shown).toEqual({
    ...Object.fromEntries(Object.keys(codes).map((name) => [name, '837'])),
    ...others,
    zip_codes: ['837'],
    zip4: '[PLACE]',
  })
})

test('a year of birth that tells an age over 89 goes by whatever name, as a number too', () => {
  const births = {
    born: 1930,
    yob: '1930',
    motherDob: '1930-05-06',
    patient_dob_year: 1930,
    bornDate: '1930',
    birthTimestamp: -1_248_000_000,
    birthDateMs: '-1248000000000',
    dob_datetime: '1930-05-06T07:08:09Z',
    datetime_of_birth: '1930-05-06T07:08:09Z',
    birthDate: 1930,
    yearOfBirth: 1930,
    birth_year: '1930',
    patientBirthDate: '1930-05-06',
    patient_dob: 19_300_506,
    date_of_birth: ['1930', 1930],
  }
  expect(left(births, { fields: [''], bornFrom: 1937 }).shown).toEqual({ date_of_birth: [] })
  expect(
    left({ birthDate: 1950, dob: -1_262_304_000_000, platelets: 1930 }, { fields: [''], bornFrom: 1937 })
      .shown,
  ).toEqual({ birthDate: 1950, platelets: 1930 })
})

test('the day and month of a birth go, and what only sounds like one stays', () => {
  const others = { newborn: 3200, birthWeight: 1930, birth_order: 2, birthPlace: 'unknown', multipleBirth: 2 }

  expect(left({ birthYear: 1980, birthMonth: 2, birth_day: 3, ...others }, { fields: [''] }).shown).toEqual({
    birthYear: 1980,
    ...others,
  })
})
