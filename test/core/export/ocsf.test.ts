import { expect, test } from 'vitest'
import { type OcsfEvent, ocsfEvent } from '../../../core/export/ocsf.ts'
import { verifies } from '../../verifies.ts'
import { wrong } from './ocsf-judge.ts'
import { named, someTold } from './some-told.ts'

const events = () => someTold().map((told) => ocsfEvent(told, 'clinic/ehr', named, '0.1.0'))

verifies('audit:exports', 'OCSF: every event is valid against the schema of OCSF 1.8.0', () => {
  const all = events()

  expect(all.flatMap(wrong)).toEqual([])
  expect(new Set(all.map((event) => event['class_uid']))).toEqual(new Set([6003, 6002, 0]))
})

test('the schema refuses an event that lacks what its class wants, or has what it does not know', () => {
  const [event] = events().filter((each) => each['class_uid'] === 6003) as [OcsfEvent]
  const { actor: _, ...without } = event

  expect(wrong(event)).toEqual([])
  expect(wrong(without)).not.toEqual([])
  expect(wrong({ ...event, purpose: 'TREAT' })).not.toEqual([])
  expect(wrong({ ...event, activity_id: 77 })).not.toEqual([])
})

verifies('audit:exports', 'OCSF: who, what, when, why and how it ended are all there', () => {
  const event = events().find(
    (each) => (each['metadata'] as { correlation_uid?: string }).correlation_uid === 'c-3',
  )

  expect(event).toMatchObject({
    time: Date.parse('2026-09-21T15:06:00.000Z'),
    type_uid: 600_399,
    activity_name: 'tools/call',
    actor: { user: { uid: 'researcher-3', domain: 'https://id.example.test' }, app_uid: 'cohort-agent' },
    api: { operation: 'tools/call list_cohort', service: { name: 'clinic/ehr' } },
    resources: [
      { type: 'Patient', uid: 'p-100' },
      { type: 'Patient', uid: 'p-200' },
    ],
    action_id: 4,
    status_id: 1,
    unmapped: { purpose_of_use: 'HRESCH', role: 'researcher', kept: { '/code': 1 } },
  })
})

test('a refusal is a denied call; a broken breach rule, and a witness that would not sign, are severe', () => {
  const all = events()

  expect(all.find((event) => event['action_id'] === 2)).toMatchObject({
    status_id: 2,
    disposition_id: 2,
    status_detail: 'tool-unknown at authorize',
    src_endpoint: { ip: '10.0.0.9' },
  })
  expect(all.filter((event) => event['severity_id'] === 4)).toHaveLength(2)
})

test('what admission refused is a failure, and an entry into a pod stands out, though they are no calls', () => {
  const [refused, entered, granted] = ['admission-refused', 'pod-entered', 'grant-changed'].map((kind) =>
    events().find((event) => event['activity_name'] === kind),
  )

  expect(refused).toMatchObject({ status_id: 2, status_code: 'refused', severity_id: 2 })
  expect(entered).toMatchObject({ status_id: 1, severity_id: 3 })
  expect(granted).toMatchObject({ status_id: 1, severity_id: 3 })
})
