// What a trail of records of every kind tells, for the exports.

import { Calls, type Naming, type Told } from '../../../core/export/told.ts'
import { openPatient } from '../../../core/patient-seal.ts'
import type { AuditRecord } from '../../../core/record.ts'
import { originOf, registryOrigin } from '../../../core/wire.ts'
import { toldRecords } from '../../cli/a-told-trail.ts'
import { testKeys } from '../../support/in-force.ts'
import { anIntent, aPatient, aResult, aStart, at, aWho } from '../records.ts'

const origins = ['11111111-2222-3333-4444-555555555555', '66666666-7777-8888-9999-000000000000'].map((pod) =>
  originOf('clinic', 'ehr', pod, 0),
) as [string, string]

const base = { schema: 'phi-access/1', at: at(1_790_000_000_000) } as const

/** Of the registry log. */
const registry: AuditRecord[] = [
  { ...base, kind: 'registered', origin: origins[0], vkey: 'v' },
  {
    ...base,
    kind: 'held',
    origin: origins[0],
    size: 3,
    root: 'r',
    witnessed: 2,
    by: 'officer@clinic.example',
  },
  {
    ...base,
    kind: 'ended',
    origin: origins[0],
    size: 3,
    root: 'r',
    witnessed: 2,
    how: 'silent',
    unknown: ['x'],
  },
  { ...base, kind: 'resumed', origin: origins[0], size: 3 },
  { ...base, kind: 'unsealed', origin: origins[0], segment: 's', by: 'officer@clinic.example' },
  { ...base, kind: 'witness-refused', witness: 'outside', reason: 'conflict', size: 3 },
  {
    ...base,
    kind: 'legal-hold',
    hold: 'matter-7',
    state: 'on',
    namespace: 'clinic',
    server: 'ehr',
    why: 'a lawsuit',
    by: 'officer@clinic.example',
  },
  {
    ...base,
    kind: 'signal',
    namespace: 'clinic',
    server: 'ehr',
    rule: 'distinct-patients',
    person: 'https://id.example.test|nurse-7',
    distinctPatients: 101,
    perSeconds: 3600,
    firstSeen: base.at,
  },
  {
    ...base,
    kind: 'admission-refused',
    review: 'review-1',
    refused: base.at,
    namespace: 'clinic',
    what: 'pods/exec',
    operation: 'CONNECT',
    name: 'ehr-0',
    by: 'mallory',
    says: 'ask for a grant',
  },
  {
    ...base,
    kind: 'pod-entered',
    review: 'review-2',
    entered: base.at,
    namespace: 'clinic',
    server: 'ehr',
    what: 'pods/exec',
    name: 'ehr-0',
    by: 'engineer-1',
    grant: { name: 'night', uid: 'u-2', requestedBy: 'engineer-1', approvedBy: 'chief-1' },
  },
  {
    ...base,
    kind: 'grant-changed',
    change: 'approved',
    happened: base.at,
    namespace: 'clinic',
    server: 'ehr',
    grant: { name: 'night-2', uid: 'u-3' },
    by: 'chief-1',
    minutes: 30,
    subject: { iss: 'https://id.example.test', sub: 'nurse-7' },
    patients: [aPatient(1)],
  },
  {
    ...base,
    kind: 'revocation-changed',
    change: 'made',
    happened: base.at,
    revocation: { name: 'r-1', uid: 'u-4' },
    revoked: { kind: 'client', value: 'agent-1' },
    cause: 'Stolen',
    by: 'officer@clinic.example',
  },
]

/** Besides those of `toldRecords`: a person behind a service, an event of a stream, a read, a list, one that may have run. */
const more: AuditRecord[] = [
  aStart(origins[1]),
  anIntent('m-1', {
    method: 'resources/read',
    resource: 'patient-record',
    purpose: 'a purpose of our own',
    who: aWho({
      token: 'jti-1',
      clientId: 'https://host.example',
      actor: { sub: 'svc-1', iss: 'https://id.example.test' },
    }),
  }),
  {
    ...base,
    kind: 'event',
    call: 'm-1',
    iss: 'https://id.example.test',
    sub: 'clinician-1',
    method: 'notifications/message',
    result: `hmac-sha256:${'2'.repeat(64)}`,
    bytes: 9,
    patients: [],
    dropped: {},
    redacted: { names: 1 },
  },
  aResult('m-1'),
  anIntent('m-2', { method: 'tools/list' }),
  aResult('m-2', { patients: [], kept: {}, dropped: {} }),
  anIntent('m-3'),
  aResult('m-3', { outcome: 'unknown', patients: [] }),
  anIntent('m-4', { patients: [aPatient(4)] }),
  aResult('m-4', { outcome: 'tool-error' }),
  anIntent('m-6', { patients: [aPatient(6)], relations: ['surname'], relationsUnknown: ['own'] }),
  aResult('m-6', { patients: [aPatient(6)], relations: ['surname'] }),
  { ...base, kind: 'enrolment', call: 'm-5', who: aWho(), until: base.at, peer: '10.0.0.9', policy: 'p' },
  {
    ...base,
    kind: 'counted',
    what: 'handshake-failed',
    source: '10.0.0.7',
    count: 3,
    reason: 'no-certificate',
  },
]

export function someTold(): Told[] {
  const { first, second } = toldRecords()
  const chains: [string, AuditRecord[]][] = [
    [origins[0], first],
    [origins[1], [...more, ...second]],
    [registryOrigin, registry],
  ]
  return chains.flatMap(([origin, records]) => {
    const calls = new Calls()
    const told = records.flatMap((record, index) => calls.take({ origin, index }, record)?.told ?? [])
    return [...told, ...calls.unanswered().map((each) => each.told)]
  })
}

/** As a holder of the key names patients; those of builders are sealed with none. */
export const named: Naming = ({ token, sealed }) =>
  sealed === 'c2VhbGVk' ? { token } : { token, patient: openPatient(sealed, testKeys.seal, 'clinic/ehr') }
