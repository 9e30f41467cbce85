// The oracle itself: what it must find, and what it must not mind. Then generated resources under generated policies.

import fc from 'fast-check'
import { expect } from 'vitest'
import type { Json, JsonObject } from '../../../core/canonical.ts'
import { surveyOf, toolResult } from '../../../core/redaction/results.ts'
import { returnRules } from '../../../core/redaction/rules.ts'
import { leaksOf } from '../../oracle/leaks.ts'
import { permitted } from '../../oracle/permitted.ts'
import { records } from '../../sample/fhir.ts'
import { aTool } from '../../support/policy.ts'
import { projected } from '../../support/redaction.ts'
import { verifies } from '../../verifies.ts'

const patient = {
  resourceType: 'Patient',
  id: 'p-100',
  name: [{ family: 'Quistelbrunn', given: ['Ottoline', 'Mae'] }],
  birthDate: '1961-03-09',
  _birthDate: { extension: [{ url: 'time', valueDateTime: '1961-03-09T04:05:00Z' }] },
  address: [{ line: ['14 Larkspur Hollow'], city: 'Ferncastle', state: 'MA' }],
  identifier: [{ value: 'MRN-00481516' }],
  telecom: [{ system: 'phone', value: '(413) 555-0142' }],
  contact: [{ name: { text: 'Alaric Quistelbrunn' } }],
  contained: [{ resourceType: 'Practitioner', id: 'd', name: [{ family: 'Vandermolen' }] }],
  maritalStatus: { text: 'Married' },
  multipleBirthInteger: 2,
}
const narrow = { fields: ['/maritalStatus', '/birthDate'], text: 'Redact' } as const
const clean = { maritalStatus: { text: 'Married' }, birthDate: '1961' }

// biome-ignore format: a table reads best as a table
const planted: readonly { row: string; shown: object; what: string }[] = [
  { row: 'a member that no field names', shown: { ...clean, multipleBirthInteger: 2 }, what: 'no permitted value' },
  { row: 'a value at another’s place', shown: { maritalStatus: { text: 'Vandermolen' } }, what: 'no permitted value' },
  { row: 'a name in a kept text', shown: { maritalStatus: { text: 'Married to Alaric' } }, what: 'HumanName' },
  { row: 'a name in capital letters', shown: { maritalStatus: { text: 'QUISTELBRUNN, OTTOLINE' } }, what: 'HumanName' },
  { row: 'a name in full-width letters', shown: { maritalStatus: { text: 'Ｏｔｔｏｌｉｎｅ' } }, what: 'HumanName' },
  { row: 'a name as a member', shown: { maritalStatus: { Quistelbrunn: 'Married' } }, what: 'HumanName' },
  { row: 'a whole date', shown: { birthDate: '1961-03-09' }, what: 'date' },
  { row: 'a date as Americans write it', shown: { maritalStatus: { text: 'Married 3/9/1961' } }, what: 'date' },
  { row: 'a date in words', shown: { maritalStatus: { text: 'Married March 9th, 1961' } }, what: 'date' },
  { row: 'a date without signs', shown: { maritalStatus: { text: '19610309' } }, what: 'date' },
  { row: 'a number in base64', shown: { maritalStatus: { text: Buffer.from('see MRN-00481516').toString('base64') } }, what: 'Identifier' },
  { row: 'a street, percent-encoded', shown: { maritalStatus: { text: '14%20Larkspur%20Hollow' } }, what: 'Address' },
  { row: 'a phone number', shown: { maritalStatus: { text: 'call (413) 555-0142' } }, what: 'ContactPoint' },
]

for (const { row, shown, what } of planted)
  verifies('minimum:oracle', `a planted leak is found: ${row}`, () => {
    expect(leaksOf(patient, shown, narrow).map((leak) => leak.what)).toContain(what)
  })

verifies('minimum:oracle', 'what is permitted is no leak: values, years, marks and choices of a type', () => {
  const observation = {
    resourceType: 'Observation',
    effectiveDateTime: '2024-05-06',
    valueString: 'Seen on 05/06/2024 by Dr. Vandermolen of room 7',
    valueQuantity: { value: 7.1, unit: 'mmol' },
  }
  const rule = {
    fields: ['/effectiveDateTime', '/valueString', '/valueQuantity/value'],
    text: 'Redact',
  } as const
  const shown = {
    effectiveDateTime: '2024',
    valueString: 'Seen on 2024 by [NAME] of room 7',
    valueQuantity: { value: 7.1 },
  }

  expect(leaksOf(observation, shown, rule)).toEqual([])
  expect(leaksOf(patient, clean, narrow)).toEqual([])
  expect(leaksOf(patient, { valueString: 'x' }, narrow)).not.toEqual([])
})

verifies('minimum:oracle', 'an element path permits its type everywhere, and nothing besides', () => {
  const bundle = { resourceType: 'Bundle', entry: [{ resource: patient }] }

  const of = (field: string) => [...permitted(bundle, [field]).keys()].filter((place) => !frame.test(place))

  expect(of('Practitioner.name')).toEqual(['/entry/resource/contained/name/family'])
  // An extension needs a name of its own.
  expect(of('Patient.birthDate')).toEqual(['/entry/resource/birthDate'])
})

/** What carries that which is left, and says nothing by itself. */
const frame = /\/resourceType$|extension\/url$/

verifies('minimum:text', 'what extensions and relatives tell of a patient is found in their texts', () => {
  const told = {
    resourceType: 'Patient',
    contact: [{ address: { line: ['27 Wimberley Rise'], city: 'Ottermouth' } }],
    extension: [
      { url: 'urn:born', valueAddress: { city: 'Ferncastle' } },
      { url: 'urn:called', valueHumanName: { text: 'Quistelbrunn' } },
      { url: 'urn:reached', valueContactPoint: { value: 'room-4711-b' } },
      { url: 'urn:known', valueIdentifier: { value: 'ZX-00-77' } },
    ],
    note: 'Quistelbrunn of Ferncastle, now 27 Wimberley Rise in Ottermouth, room-4711-b, ZX-00-77.',
  }

  const { shown } = projected(told, ['/note'])

  expect(leaksOf(told, shown, { fields: ['/note'], text: 'Redact' })).toEqual([])
  expect(JSON.stringify(shown)).not.toMatch(/Quistel|Ferncastle|Wimberley|Ottermouth|4711|ZX-00/)
})

/** Resources of the generator, and members that it does not know beside its own. */
const resources = fc
  .tuple(fc.integer({ min: 1, max: 100_000 }), fc.nat(6), fc.boolean())
  .map(([seed, which, inBundle]) => {
    const [record] = records(seed, 1)
    if (record === undefined) throw new Error('The generator gave no record')
    const { conditions, medications, observations, encounters, notes } = record
    const all = [record.patient, ...conditions, ...medications, ...observations, ...encounters]
    const one = {
      ...(all[which % all.length] as (typeof all)[number]),
      // What the rest of the record says of the patient, where free text stands in FHIR.
      note: notes.map(({ text }) => ({ text })),
      text: { status: 'generated', div: `<div>${notes[0]?.text}</div>` },
      contained: [record.patient],
      extension: [{ url: 'urn:x', valueHumanName: (record.patient['name'] as object[])[0] }],
    }
    return inBundle ? { resourceType: 'Bundle', entry: [{ resource: one }] } : one
  })

const members = fc.constantFrom(
  ...'code text note subject name contained extension entry resource valueQuantity birthDate identifier status period telecom display div family'.split(
    ' ',
  ),
  '*',
)
const fields = fc.array(
  fc.array(members, { maxLength: 5 }).map((segments) => segments.map((segment) => `/${segment}`).join('')),
  { minLength: 1, maxLength: 6 },
)
/** Element paths beside pointers: by resource, by type, by the one member of a choice. */
const elements = fc.subarray(
  'Patient.name Patient.birthDate Patient.identifier.value HumanName.given Coding.code Condition.code Observation.value[x] Observation.valueQuantity Reference.display Narrative.div Extension.value Annotation.text Period CodeableConcept'.split(
    ' ',
  ),
  { minLength: 1, maxLength: 5 },
)
const mixed = fc
  .tuple(elements, fc.subarray(['/code', '/entry/*/resource/note', '/contained/*/name']))
  .map((both) => both.flat())
const texts = fc.constantFrom('Redact', 'Drop', 'Keep')

verifies('minimum:oracle', 'generated resources under generated fields', () => {
  fc.assert(
    fc.property(resources, fc.oneof(fields, mixed), texts, (resource, names, text) => {
      const { shown } = projected(resource as Json, names, { text })

      expect(leaksOf(resource, shown, { fields: names, text })).toEqual([])
    }),
    { numRuns: 300 },
  )
})

/** A tool's result as it leaves, by itself. */
function answered(result: object, names: string[]) {
  const parts = toolResult.apart(result as JsonObject)
  if (parts === undefined) throw new Error('That is no result of a tool')
  const returns = returnRules({ ...aTool().returns, fields: names })
  const shower = {
    returns,
    by: {
      known: surveyOf(parts, returns.patients),
      rules: { dates: 'Year', text: 'Redact' },
      tally: { redacted: {}, dropped: {} },
      kept: {},
      memberNames: new Map<string, boolean>(),
    },
  } as const
  return toolResult.together({}, parts, shower) as { content: { type: string; text?: string }[] }
}

verifies('minimum:oracle', 'generated messages: a resource as text, among other blocks', () => {
  const others = fc.array(
    fc.constantFrom(
      { type: 'image', data: 'aGk=', mimeType: 'image/png' },
      { type: 'resource_link', uri: 'ehr://patients/p-100', name: 'Quistelbrunn' },
      { type: 'unknown', text: 'Quistelbrunn' },
    ),
    { maxLength: 3 },
  )
  fc.assert(
    fc.property(resources, fields, others, fc.nat(3), (resource, names, beside, indent) => {
      const block = { type: 'text', text: JSON.stringify(resource, null, indent) }
      const { content } = answered({ content: [...beside, block, ...beside] }, names)

      expect(content.map(({ type }) => type)).toEqual(['text'])
      const left = JSON.parse(String(content[0]?.text)) as unknown
      expect(leaksOf(resource, left, { fields: names, text: 'Redact' })).toEqual([])
    }),
    { numRuns: 150 },
  )
})
