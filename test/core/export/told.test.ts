import { expect, test } from 'vitest'
import { auditEvents } from '../../../core/export/audit-event.ts'
import { csvHead, csvOf } from '../../../core/export/csv.ts'
import { ocsfEvent } from '../../../core/export/ocsf.ts'
import { Calls, patientsOf } from '../../../core/export/told.ts'
import { type AuditRecord, recordSchema } from '../../../core/record.ts'
import { verifies } from '../../verifies.ts'
import { anIntent, aPatient, aRefusal, aResult } from '../records.ts'
import { named, someTold } from './some-told.ts'

const place = { origin: 'o', index: 0 }

test('a call is told once, with who asked and what was found', () => {
  const calls = new Calls()
  const intent = anIntent('c', { patients: [aPatient(1)] })

  expect(calls.take(place, intent)).toBeUndefined()
  const said = calls.take({ origin: 'o', index: 1 }, aResult('c', { patients: [aPatient(2), aPatient(1)] }))

  expect(said?.told).toMatchObject({
    index: 1,
    outcome: 'ok',
    person: { sub: 'clinician-1' },
    purpose: 'TREAT',
    name: 'get_diagnosis',
    asked: [aPatient(1)],
  })
  expect(said?.before).toEqual(place)
  expect(patientsOf(said?.told ?? { asked: [], found: [] })).toEqual([aPatient(1), aPatient(2)])
  expect(calls.unanswered()).toEqual([])
})

test('a call that was refused after its intent is told as refused, and its result as what left', () => {
  const calls = new Calls()
  calls.take(place, anIntent('c', { patients: [aPatient(1)] }))

  const refused = calls.take(place, aRefusal('c', { reason: 'result-too-large' }))?.told
  const result = calls.take(place, aResult('c', { outcome: 'unknown', patients: [] }))?.told

  expect(refused).toMatchObject({ outcome: 'refused', name: 'get_diagnosis', asked: [aPatient(1)] })
  expect(result).toMatchObject({ outcome: 'unknown', found: [] })
})

test('an intent without a result is told at the end, and every other record at once', () => {
  const told = someTold()

  expect(told.filter(({ outcome }) => outcome === 'unanswered').map(({ call }) => call)).toEqual(['c-6'])
  const kinds = new Set<AuditRecord['kind']>(told.map(({ kind }) => kind))
  for (const kind of ['chain-started', 'orders', 'counted', 'held', 'signal', 'enrolment', 'event'] as const)
    expect(kinds).toContain(kind)
  expect(told.every(({ kind, detail, outcome }) => outcome !== 'noted' || (detail ?? kind) !== '')).toBe(true)
})

const detail = (record: AuditRecord) => new Calls().take(place, record)?.told.detail

test('who is about to enter a pod is not said to have been in it: the record stands before others decide', () => {
  const at = '2026-11-01T12:00:00.000Z'
  const entered: AuditRecord = {
    schema: recordSchema,
    kind: 'pod-entered',
    at,
    review: 'r-1',
    entered: at,
    namespace: 'clinic',
    server: 'ehr',
    what: 'pods/exec',
    name: 'ehr-1',
    by: 'maria',
    grant: { name: 'night-1', uid: 'u-1', requestedBy: 'asker', approvedBy: 'approver' },
  }

  expect(detail(entered)).toBe(
    'maria was about to be let into clinic/ehr-1 by pods/exec, under grant night-1, which approver approved',
  )
  expect(detail({ ...entered, containers: ['app'], ports: [8080, 5432], words: 2 })).toBe(
    'maria was about to be let into clinic/ehr-1 (app) by pods/exec to 8080, 5432, under grant night-1, which approver approved',
  )
  expect(detail({ ...entered, grant: { ...entered.grant, afterwards: 'KeepPod' } })).toContain(
    'approver approved; the pod stays when that ends',
  )
})

verifies(
  'audit:access',
  'what became of a grant and of a revocation is told in words, patients as a number',
  () => {
    const at = '2026-11-01T12:00:00.000Z'
    const base = { schema: recordSchema, at, happened: at } as const
    const of = { namespace: 'clinic', server: 'ehr', grant: { name: 'night-1', uid: 'u-1' } }
    const change = { ...base, ...of, kind: 'grant-changed' } as const

    expect(
      detail({
        ...change,
        change: 'approved',
        by: 'chief',
        minutes: 30,
        subject: { iss: 'https://id.example.test', sub: 'nurse-7' },
        patients: [aPatient(1), aPatient(2)],
      }),
    ).toBe(
      'grant night-1 of clinic/ehr approved by chief: nurse-7 of https://id.example.test to 2 patients for 30 minutes',
    )
    const pods = { user: 'maria', names: ['ehr-1', 'ehr-2'], ways: ['Exec'], afterwards: 'KeepPod' } as const
    expect(
      detail({
        ...change,
        change: 'requested',
        by: 'maria',
        minutes: 1,
        pods: { ...pods, names: [...pods.names], ways: [...pods.ways] },
      }),
    ).toBe(
      'grant night-1 of clinic/ehr requested by maria: maria into ehr-1, ehr-2 by Exec, which stay for 1 minute',
    )
    expect(detail({ ...change, change: 'reviewed', by: 'officer', finding: 'NotJustified' })).toBe(
      'grant night-1 of clinic/ehr reviewed by officer: NotJustified',
    )
    expect(detail({ ...change, change: 'deleted' })).toBe('grant night-1 of clinic/ehr deleted')
    const revoked = { ...base, kind: 'revocation-changed', revocation: { name: 'r-1', uid: 'u-2' } } as const
    expect(
      detail({
        ...revoked,
        change: 'made',
        by: 'officer',
        revoked: { kind: 'person', value: 'https://id.example.test nurse-7' },
        cause: 'Termination',
        until: '2026-12-01T00:00:00Z',
      }),
    ).toBe(
      'revocation r-1 made by officer: person https://id.example.test nurse-7, Termination, until 2026-12-01T00:00:00Z',
    )
    expect(detail({ ...revoked, change: 'lifted' })).toBe('revocation r-1 lifted')
  },
)

verifies('audit:relations', 'told once for both records of a call, and in every export', () => {
  const calls = new Calls()
  calls.take(place, anIntent('c', { relations: ['own', 'vip'], relationsUnknown: ['surname'] }))
  const told = calls.take(place, aResult('c', { relations: ['vip'] }))?.told
  if (told === undefined) throw new Error('Nothing is told')

  expect(told).toMatchObject({ relations: ['own', 'vip'], relationsUnknown: ['surname'] })
  expect(ocsfEvent(told, 'clinic/ehr', named, '1')['unmapped']).toMatchObject({
    relations: ['own', 'vip'],
    relations_unknown: ['surname'],
  })
  const details = JSON.stringify(auditEvents(told, 'clinic/ehr', named))
  expect(details).toContain('{"type":"relations","valueString":"own, vip"}')
  expect(details).toContain('{"type":"relationsUnknown","valueString":"surname"}')
  expect(csvHead).toContain(',relations,relations unknown,')
  expect(csvOf(told, named)).toContain(',own vip,surname,')
})
