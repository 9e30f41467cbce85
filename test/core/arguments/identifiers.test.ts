// Identifiers of people in arguments, and questions as clinicians ask them.

import { expect } from 'vitest'
import { argumentCheck } from '../../../core/argument-check.ts'
import type { Json } from '../../../core/canonical.ts'
import { aTool } from '../../support/policy.ts'
import { verifies } from '../../verifies.ts'

const properties: { [name: string]: Json } = {
  patient_id: { type: 'string' },
  query: { type: 'string' },
  more: { type: 'object', properties: { notes: { type: 'array', items: { type: 'string' } } } },
  relation: { type: 'string', format: 'mrn' },
  contact: { type: 'string', format: 'email' },
  ward: { enum: ['mail@ward.example'] },
}
const check = argumentCheck(aTool({ arguments: { type: 'object', properties }, with: {} }))
const asked = (query: string) => check({ patient_id: 'p-1', query })

for (const query of [
  'HbA1c last 3 months',
  'blood pressure > 140/90 since January 2024',
  'latest creatinine, eGFR and potassium',
  'notes between 2024-01-01 and 2024-06-30 about chest pain',
  'metformin 500 mg twice daily: side effects?',
  'ICD-10 E11.9, LOINC 4548-4, SNOMED 44054006',
  'Is there a history of Parkinson disease or Crohn disease?',
  'dose per kg for a patient over 65',
  '8837261',
  'E-12345',
  '9f2c1a7e-1111-4222-8333-abcdefabcdef',
  'http://loinc.org|4548-4',
  'blood culture at the clinic in Springfield',
])
  verifies('minimum:argument-identifiers', `“${query}” is asked`, () => {
    expect(asked(query)).toBeUndefined()
  })

for (const query of [
  'labs of SSN 123-45-6789',
  'HbA1c of patient John Smith',
  'notes for Mrs. Fluegel',
  'record MRN-0012345 please',
  'call her at (555) 123-4567',
  'jane.roe@mail.example',
  'patient with phone 555-123-4567 and HbA1c',
])
  verifies('minimum:argument-identifiers', `“${query}” is refused`, () => {
    expect(asked(query)).toEqual({
      reason: 'argument-identifies',
      argument: 'query',
      rule: 'may hold no identifier of a person: the argument that names the patient says who is meant',
    })
  })

const numbers: [name: string, value: number | string, good: boolean][] = [
  ['ssn', 123_456_789, false],
  ['ssn', '123456789', false],
  ['patient_phone', 6_175_551_234, false],
  ['medicalRecordNumber', 7_788_123, false],
  ['limit', 100, true],
  ['encounter_id', 12_345_678, true],
  ['since', 20_240_101, true],
  ['platelets', 250_000, true],
]
for (const [name, value, good] of numbers)
  verifies(
    'minimum:argument-identifiers',
    `${name}: ${JSON.stringify(value)} is ${good ? 'asked' : 'refused'}`,
    () => {
      const of = aTool({
        arguments: { type: 'object', properties: { patient_id: {}, [name]: {} } },
        with: {},
      })
      const found = argumentCheck(of)({ patient_id: 'p-1', [name]: value })

      expect(found).toEqual(
        good ? undefined : expect.objectContaining({ reason: 'argument-identifies', argument: name }),
      )
    },
  )

verifies('minimum:argument-identifiers', 'at any depth', () => {
  const args = { patient_id: 'p-1', more: { notes: ['fine', 'SSN 123-45-6789'] } }

  expect(check(args)).toMatchObject({ reason: 'argument-identifies', argument: 'more.notes' })
})

verifies(
  'minimum:argument-identifiers',
  'not in the patient’s own argument, nor where the schema says what it holds',
  () => {
    expect(
      check({
        patient_id: 'MRN-0012345',
        relation: 'MRN-0012346',
        contact: 'jane.roe@mail.example',
        ward: 'mail@ward.example',
      }),
    ).toBeUndefined()
  },
)

verifies('minimum:argument-identifiers', 'kept where the policy says so', () => {
  const kept = argumentCheck(
    aTool({ arguments: { type: 'object', properties }, with: {}, identifiers: 'Keep' }),
  )

  expect(kept({ patient_id: 'p-1', query: 'SSN 123-45-6789' })).toBeUndefined()
})

verifies('minimum:argument-identifiers', 'a member that only the caller named, without its name', () => {
  const open = argumentCheck(
    aTool({ arguments: { type: 'object', properties, additionalProperties: true }, with: {} }),
  )
  const found = open({ patient_id: 'p-1', 'jane.roe@mail.example': 'x' })

  expect(found).toMatchObject({ reason: 'argument-identifies' })
  expect(JSON.stringify(found)).not.toContain('jane')
})
