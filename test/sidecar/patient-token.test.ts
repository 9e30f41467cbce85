// Which patients a result concerns, and how they stand in records.

import { createSecretKey } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openPatient } from '../../core/patient-seal.ts'
import { type AuditRecord, recordBytes } from '../../core/record.ts'
import { patientIn } from '../../core/redaction/patients.ts'
import { patientTokens } from '../../sidecar/patient-token.ts'
import { anInForce, testKeys } from '../support/in-force.ts'
import { withResult, withValue } from '../support/mcp-server.ts'
import { aCall } from '../support/message.ts'
import { aPolicy, aTool, someLimits } from '../support/policy.ts'
import { surveyed } from '../support/redaction.ts'
import { aScene, type Scene } from '../support/scene.ts'
import { verifies } from '../verifies.ts'

let scene: Scene
beforeAll(async () => {
  const limits = someLimits({ callsPerMinute: 1000, patientsPerHour: 5000, resultBytes: 262_144 })
  const returns = {
    fields: ['/total'],
    patients: ['/seen/*', '/other/*/who'],
    text: 'Redact' as const,
    media: 'Drop' as const,
  }
  scene = await aScene({ policy: { tools: [aTool({ limits, returns })] } })
})
afterAll(async () => await scene.end())
afterEach(() => {
  scene.trail.entries.length = 0
  expect(scene.faults.splice(0)).toEqual([])
})

/** An identifier as long as they get. */
const long = (at: number) => `${String(at).padStart(4, '0')}${'x'.repeat(50)}`

const opened = (sealed: string) => openPatient(sealed, testKeys.seal, 'clinic/ehr')

verifies('breach:patients', 'every patient in a result, whether its fields are shown or not', async () => {
  scene.upstream.answering = withValue({
    total: 3,
    entry: [
      { resource: { resourceType: 'Patient', id: 'p-1' } },
      {
        resource: {
          resourceType: 'Condition',
          subject: { reference: 'https://fhir.example.org/r4/Patient/p-2/_history/3' },
        },
      },
      { resource: { resourceType: 'Observation', subject: { reference: 'urn:uuid:p-3' } } },
    ],
    seen: ['p-4', 5],
    other: [{ who: { reference: 'Patient/p-6' } }],
    note: 'compare Patient/p-7',
    legacy: { patient_id: 'p-8' },
    practitioner: { reference: 'Practitioner/d-1' },
    participant: [{ individual: { reference: 'urn:uuid:d-2', display: 'Dr. Stone' } }],
  })

  const reply = await scene.ask(aCall({ patient_id: 'p-0' }))

  expect(reply.json['result']).toMatchObject({ structuredContent: { total: 3 } })
  const found = scene.trail.of('result')[0]?.patients.map(({ sealed }) => opened(sealed))
  expect(found?.toSorted()).toEqual(['5', 'p-0', 'p-1', 'p-2', 'p-3', 'p-4', 'p-6', 'p-7', 'p-8'])
  expect(scene.trail.of('intent')[0]?.patients.map(({ sealed }) => opened(sealed))).toEqual(['p-0'])
})

verifies('breach:patients', 'those in a tool error and in text that is no JSON', async () => {
  scene.upstream.answering = withResult({
    content: [{ type: 'text', text: 'See Patient/p-2' }],
    isError: true,
  })

  await scene.ask(aCall({ patient_id: 'p-1' }))

  expect(scene.trail.of('result')[0]?.patients.map(({ sealed }) => opened(sealed))).toEqual(['p-1', 'p-2'])
})

verifies('breach:patients', 'as many as one record can name fit into one; more are refused', async () => {
  const seen = Array.from({ length: 249 }, (_, at) => long(at))
  scene.upstream.answering = withValue({ total: 249, seen })
  await scene.ask(aCall({ patient_id: 'p-1' }))
  const [result] = scene.trail.of('result')
  const record = { ...result, schema: 'phi-access/1', at: new Date().toISOString() } as AuditRecord
  expect(recordBytes(record).length).toBeLessThan(65_536)

  scene.upstream.answering = withValue({ total: 250, seen: [...seen, long(250)] })
  const refused = await scene.ask(aCall({ patient_id: 'p-1' }))

  expect(refused.json['result']).toMatchObject({
    isError: true,
    _meta: { 'dev.hipaa-mcp/reason': 'result-too-many-patients' },
  })
})

verifies('breach:patients', 'a token is equal for equal patients of one server, and for nobody else', () => {
  const one = anInForce()
  const other = anInForce({ policy: aPolicy({ server: { namespace: 'clinic', name: 'lab' } }) })
  const rekeyed = anInForce({ keys: { ...testKeys, patients: createSecretKey(Buffer.alloc(32, 9)) } })
  const token = (patient: string, of = one) => patientTokens([patient], of)[0]?.token

  expect(token('p-1')).toBe(token('p-1'))
  expect(token('p-1')).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(new Set([token('p-1'), token('p-2'), token('p-1', other), token('p-1', rekeyed)]).size).toBe(4)
})

verifies(
  'breach:patients',
  'a sealed identifier opens with its key, for its server, unchanged, and not otherwise',
  () => {
    const [first, second] = [patientTokens(['p-1'], anInForce()), patientTokens(['p-1'], anInForce())].map(
      (all) => all[0]?.sealed as string,
    )
    const changed = Buffer.from(first as string, 'base64url')
    changed[14] = (changed[14] as number) ^ 1

    expect(first).not.toBe(second)
    expect(opened(first as string)).toBe('p-1')
    expect(() => openPatient(first as string, testKeys.patients, 'clinic/ehr')).toThrow()
    expect(() => openPatient(first as string, testKeys.seal, 'clinic/lab')).toThrow()
    expect(() => opened(changed.toString('base64url'))).toThrow()
  },
)

test('a patient is named in one form, however they are referred to', () => {
  const forms = [
    'p-1',
    ' p-1 ',
    'Patient/p-1',
    'https://x.example/fhir/Patient/p-1',
    'Patient/p-1/_history/2',
    'urn:uuid:p-1',
  ]
  expect(forms.map((form) => patientIn(form))).toEqual(forms.map(() => 'p-1'))
  expect([17, '17'].map((form) => patientIn(form))).toEqual(['17', '17'])
  for (const none of [
    '',
    ' ',
    'Practitioner/p-1',
    {},
    ['p-1'],
    null,
    undefined,
    1.5,
    true,
    'x'.repeat(257),
  ]) {
    expect(patientIn(none)).toBeUndefined()
  }
})

test('short names and identifiers are not searched for in text', () => {
  const known = surveyed({
    resourceType: 'Patient',
    id: 'p1',
    name: [{ given: ['J', 'Li'], family: 'de la Cruz' }],
  })

  expect([[...known.names], [...known.ids], [...known.patients]]).toEqual([['cruz', 'li'], [], ['p1']])
})
