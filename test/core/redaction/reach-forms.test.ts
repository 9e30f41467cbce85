// Another patient in every form in which a result may name them, or not say whom it is about: none of it reaches a caller who
// may see one patient alone.

import { expect } from 'vitest'
import type { Json, JsonObject } from '../../../core/canonical.ts'
import { patternTree } from '../../../core/pointer.ts'
import { partsWithin } from '../../../core/redaction/reach-parts.ts'
import { surveyOf, toolResult } from '../../../core/redaction/results.ts'
import { verifies } from '../../verifies.ts'

/** What is left of a document for whom p-1 alone is within reach. */
function left(document: Json, patients: string[] = [], reach = ['p-1']): Json | undefined {
  const places = patternTree(patients)
  const parts = toolResult.apart({ content: [], structuredContent: document })
  if (parts === undefined) throw new Error('it is a result')
  return partsWithin(parts, surveyOf(parts, places), { reach, places })?.parts.structured ?? 'refused'
}

const about = (subject: Json, more: JsonObject = {}): JsonObject => ({
  resourceType: 'Observation',
  subject,
  ...more,
})
const bundle = (...resources: JsonObject[]): JsonObject => ({
  resourceType: 'Bundle',
  entry: resources.map((resource) => ({ resource })),
})
const mine = about({ reference: 'Patient/p-1' }, { valueString: 'mine' })

const others: { [form: string]: JsonObject } = {
  'by identifier': about({ identifier: { system: 'urn:mrn', value: 'p-9' } }),
  'by the same number of another system': about({ identifier: { system: 'urn:payer', value: 'p-1' } }),
  'by display alone': about({ display: 'Otto Other' }),
  'by a conditional reference': about({ reference: 'Patient?identifier=urn:mrn|p-9' }),
  'by an id with its type': about({ reference: 'p-9', type: 'Patient' }),
  'by an address that does not say Patient': about({ reference: 'https://h.example/p-9', type: 'Patient' }),
  'by an address': about({ reference: 'https://h.example/fhir/Patient/p-9' }),
  'by an oid': about({ reference: 'urn:oid:1.2.9' }),
  'in capital letters': about({ reference: 'PATIENT/p-9' }),
  'in small letters': about({ reference: 'patient/p-9' }),
  'with an escape': about({ reference: 'Patient%2Fp-9' }),
  'as a text': about('p-9'),
  'in a list': about([{ reference: 'urn:uuid:p-9' }]),
  'as a group': about({ reference: 'Group/g' }),
  'as a Patient without id': { resourceType: 'Patient', identifier: [{ value: 'p-9' }], gender: 'male' },
  'as whom a task is for': { resourceType: 'Task', for: { reference: 'urn:uuid:p-9' } },
  'as who comes to an appointment': {
    resourceType: 'Appointment',
    participant: [{ actor: { reference: 'urn:uuid:p-9' } }],
  },
  'as the patient of a relative': {
    resourceType: 'RelatedPerson',
    patient: { identifier: { value: 'p-9' } },
  },
  'as the same person': { resourceType: 'Person', link: [{ target: { identifier: { value: 'p-9' } } }] },
  'as whose bytes they are': { resourceType: 'Binary', securityContext: { reference: 'urn:uuid:p-9' } },
  'by nothing': { resourceType: 'Observation' },
  'within itself': about({ reference: '#p' }, { contained: [{ resourceType: 'Patient', id: 'p' }] }),
  'within itself, without id': about(
    { reference: '#p' },
    { contained: [{ resourceType: 'Patient', identifier: [{ value: 'p-9' }] }] },
  ),
}
for (const [form, resource] of Object.entries(others))
  verifies('access:reach-filter', `another ${form}`, () => {
    const marked = { ...resource, note: [{ text: 'OTHER' }] }

    expect(left(marked)).toBe('refused')
    for (const document of [bundle(mine, marked), bundle(marked), { rows: [mine, marked] }, { one: marked }])
      expect(JSON.stringify(left(document))).not.toMatch(/OTHER/)
  })

const within: { [form: string]: JsonObject } = {
  'contained Patient without id': {
    contained: [{ resourceType: 'Patient', identifier: [{ value: 'p-9' }] }],
  },
  'contained resource about another': { contained: [about({ identifier: { value: 'p-9' } })] },
  'performer by an id with its type': { performer: [{ reference: 'p-9', type: 'Patient' }] },
  'performer by an identifier with its type': {
    performer: [{ type: 'Patient', identifier: { value: 'p-9' } }],
  },
  'performer in small letters': { performer: [{ reference: 'patient/p-9' }] },
  'performer by a conditional reference': { performer: [{ reference: 'Patient?identifier=p-9' }] },
  'address in an extension': { extension: [{ url: 'u', valueUri: 'https://h.example/fhir/patient%2Fp-9' }] },
  'record number': { extension: [{ url: 'u', mrn: 'p-9' }] },
}
for (const [form, more] of Object.entries(within))
  verifies('access:reach-filter', `one’s own record with another in it, as a ${form}`, () => {
    expect(left(bundle({ ...mine, ...more }))).toBe('refused')
  })

const own: { [what: string]: JsonObject } = {
  'a Bundle with people, places and drugs, who are nobody': bundle(
    { resourceType: 'Patient', id: 'p-1', identifier: [{ system: 'urn:ssn', value: '7' }] },
    mine,
    { resourceType: 'Practitioner', id: 'd-1' },
    { resourceType: 'Medication', id: 'm-1' },
    about({ identifier: { system: 'urn:ssn', value: '7' } }),
    about(
      { reference: 'Patient/p-1' },
      { contained: [{ resourceType: 'Medication' }, { resourceType: 'ServiceRequest' }] },
    ),
  ),
  'an appointment with a practitioner by the address of their entry': {
    resourceType: 'Bundle',
    entry: [
      { fullUrl: 'urn:uuid:dd', resource: { resourceType: 'Practitioner', id: 'd-1' } },
      {
        fullUrl: 'urn:uuid:aa',
        resource: {
          resourceType: 'Appointment',
          participant: [{ actor: { reference: 'urn:uuid:dd' } }, { actor: { reference: 'Patient/p-1' } }],
        },
      },
      {
        fullUrl: 'urn:uuid:ab',
        resource: {
          resourceType: 'Appointment',
          participant: [
            { actor: { reference: 'Practitioner?identifier=7' } },
            { actor: { reference: 'Patient/p-1' } },
          ],
        },
      },
    ],
  },
  'a form of its own that names nobody': { conditions: [{ code: 'E11' }, { code: 'I10' }], total: 2 },
  'a form of its own that names the patient': { patient_id: 'p-1', conditions: [{ code: 'E11' }] },
  'a record number beside the patient, and the same elsewhere': {
    patient: { id: 'p-1', mrn: '778812' },
    visits: [{ mrn: '778812' }],
  },
  'a subject that is what a message is about': { subject: 'Lab results', body: 'Fine' },
}
for (const [what, document] of Object.entries(own))
  verifies('access:reach-filter', `${what} arrives as it is`, () => {
    expect(left(document)).toEqual(document)
  })

verifies('access:reach-filter', 'what tells of records and not of a patient is taken out', () => {
  const provenance = { resourceType: 'Provenance', target: [{ reference: 'Observation/o-1' }] }

  expect(left(bundle(mine, provenance))).toEqual(bundle(mine))
})

const rows: { [what: string]: Json } = {
  'record numbers': { results: [{ mrn: 'p-1' }, { mrn: 'p-9' }] },
  'a record number of whom nobody knows': { mrn: '778812', code: 'F32' },
  'a record number beside another patient': { patient_id: 'p-9', mrn: 'p-1' },
  'a number of social security': [{ ssn: 123_456_789 }],
  'plural names': { patientIds: ['p-1', 'p-9'] },
  'a patient as a text': { rows: [{ patient: 'p-9' }] },
  'a patient as an object': { patients: [{ id: 'p-1' }, { id: 'p-9' }] },
  'a person by the day of birth': { people: [{ id: 'p-9', dob: '1980-01-02' }] },
}
for (const [what, document] of Object.entries(rows))
  verifies(
    'access:reach-filter',
    `${what}, of a form of which the policy says nothing: refused whole`,
    () => {
      expect(left(document)).toBe('refused')
    },
  )

verifies(
  'access:reach-filter',
  'a Patient whom a payer calls as the caller’s patient is called is another',
  () => {
    const victim = { resourceType: 'Patient', id: 'v', identifier: [{ system: 'urn:payer', value: 'p-1' }] }

    expect(left(bundle(victim, about({ reference: 'Patient/v' })))).toEqual(bundle())
    expect(left(bundle(victim), [], ['urn:payer|p-1'])).toEqual(bundle(victim))
    const record = { system: 'urn:mrn', value: 'p-1', type: { coding: [{ code: 'MR' }] } }
    const known = { ...victim, identifier: [record] }
    expect(left(bundle(known, about({ reference: 'Patient/v' })))).toEqual(
      bundle(known, about({ reference: 'Patient/v' })),
    )
  },
)

const counts: [beside: JsonObject, left: JsonObject][] = [
  [{ total: '2' }, { total: '1' }],
  [{ total: '40' }, {}],
  [{ totalPatients: 2 }, { totalPatients: 1 }],
  [{ n: 2 }, { n: 1 }],
  [{ num: 7 }, {}],
  [{ patientCount: 2 }, { patientCount: 1 }],
  [
    { onThisWard: 2, beds: 12, page: 1 },
    { beds: 12, page: 1 },
  ],
  [{ onThisWard: '2' }, {}],
  [{ meta: { total: '2', page: 2 } }, { meta: { total: '1', page: 2 } }],
  [{ note: 'two' }, { note: 'two' }],
]
for (const [beside, shown] of counts)
  verifies(
    'access:reach-filter',
    `beside a shortened list ${JSON.stringify(beside)} counts nobody else`,
    () => {
      const results = [{ mrn: 'p-1' }, { mrn: 'p-9' }]

      expect(left({ ...beside, results }, ['/results/*/mrn'])).toEqual({
        ...shown,
        results: [{ mrn: 'p-1' }],
      })
    },
  )
