// What the golden vectors are made of. Synthetic: no person, no patient.

import type { RegistryEntry } from '../../collector/registry.ts'
import { type AuditRecord, type Predecessor, recordSchema, type Who } from '../../core/record.ts'

/** JSON texts, not canonical, that an implementation of RFC 8785 may get wrong. */
export const canonicalTexts: readonly string[] = [
  '{ "b": 1, "a": [ true, false, null ] }',
  '{"\\u00e9":1,"e":2,"E":3,"":4,"1":5,"10":6,"2":7}',
  // By UTF-16 code units U+10000 comes before U+FB33; by UTF-8 bytes and by code points it does not.
  '{"\\ufb33":1,"\\ud800\\udc00":2,"\\u20ac":3}',
  '[1.0,-0,0.000001,1e-7,100000000000000000000,1e21,12.50,333333333.33333329,5e-324]',
  '"\\u0000\\u0008\\t\\n\\f\\r\\u001b \\" \\\\ \\/ \\u007f \\u2028 \\u20ac <&>"',
  '{"nested":{"y":{},"x":[[],{}]}}',
]

const at = (second: number): string => `2026-09-21T14:13:${String(second).padStart(2, '0')}.000Z`
const base = (second: number): { schema: typeof recordSchema; at: string } => ({
  schema: recordSchema,
  at: at(second),
})
const digest = (digit: string): string => `hmac-sha256:${digit.repeat(64)}`

const who: Who = {
  sub: 'clinician-1',
  iss: 'https://id.example.test',
  certificate: 'Y2VydGlmaWNhdGUgdGh1bWJwcmludA',
  mfa: { rule: 'acr', value: 'phr', authTime: 1_789_999_000, grade: 'claim' },
}
const patient = { token: 'A'.repeat(43), sealed: 'c2VhbGVk' }

/** The records of one short life of a process: seven, as in the example of RFC 6962 section 2.1.3. */
export const vectorRecords = (origin: string): AuditRecord[] => [
  {
    ...base(20),
    kind: 'chain-started',
    origin,
    profile: 'Development',
    acknowledge: 'Stream',
    version: '0.1.0',
  },
  {
    ...base(21),
    kind: 'orders',
    generation: 7,
    policy: 'ab'.repeat(32),
    breach: [{ distinctPatients: 100, perSeconds: 3600 }],
  },
  {
    ...base(22),
    kind: 'intent',
    call: 'call-1',
    who,
    purpose: 'TREAT',
    role: 'clinician',
    method: 'tools/call',
    revision: '2025-11-25',
    tool: 'get_diagnosis',
    arguments: digest('0'),
    patients: [patient],
    policy: 'ab'.repeat(32),
  },
  {
    ...base(23),
    kind: 'result',
    call: 'call-1',
    outcome: 'ok',
    result: digest('1'),
    bytes: 120,
    patients: [patient],
    kept: { '/code': 1, '/été': 2 },
    // In the order of UTF-16 code units, which is not that of code points.
    dropped: { '/\u{10000}': 1, '/\ufb33': 2, '*': 4 },
    redacted: { name: 3 },
    milliseconds: 12.5,
  },
  {
    ...base(24),
    kind: 'refusal',
    call: 'call-2',
    reason: 'tool-unknown',
    stage: 'authorize',
    who,
    peer: '10.0.0.9',
  },
  {
    ...base(25),
    kind: 'counted',
    what: 'handshake-failed',
    source: '10.0.0.9',
    count: 3,
    reason: 'certificate-required',
  },
  { ...base(26), kind: 'chain-closed', open: [] },
]

const grant = {
  kind: 'grant-changed',
  namespace: 'clinic',
  server: 'ehr',
  grant: { name: 'night-1', uid: '00000000-0000-4000-8000-000000000002' },
} as const
const revocation = { name: 'left-1', uid: '00000000-0000-4000-8000-000000000003' }

/** Of the registry log: what became of a grant for patients, of one for pods, and of a revocation. */
export const accessRecords: readonly AuditRecord[] = [
  {
    ...base(50),
    ...grant,
    change: 'approved',
    happened: at(49),
    by: 'maria',
    minutes: 30,
    subject: { iss: 'https://id.example.test', sub: 'clinician-1' },
    patients: [patient],
  },
  { ...base(51), ...grant, change: 'ended', happened: at(51), by: 'maria' },
  { ...base(52), ...grant, change: 'reviewed', happened: at(52), by: 'officer', finding: 'Justified' },
  { ...base(53), ...grant, change: 'deleted', happened: at(53) },
  {
    ...base(54),
    ...grant,
    grant: { name: 'repair-1', uid: '00000000-0000-4000-8000-000000000004' },
    change: 'requested',
    happened: at(54),
    by: 'engineer',
    minutes: 15,
    pods: { user: 'engineer', names: ['ehr-0'], ways: ['Exec'], afterwards: 'KeepPod' },
  },
  {
    ...base(55),
    kind: 'revocation-changed',
    change: 'made',
    happened: at(55),
    revocation,
    revoked: { kind: 'person', value: 'https://id.example.test clinician-1' },
    cause: 'Termination',
    until: '2026-12-01T00:00:00Z',
    by: 'officer',
  },
  { ...base(56), kind: 'revocation-changed', change: 'lifted', happened: at(56), revocation },
]

/** The same, before they are records. */
export const accessEntries = accessRecords.map((record) => {
  const { schema: _, at: __, ...entry } = record
  return entry as RegistryEntry
})

export const successor = (origin: string, before: Predecessor): AuditRecord => ({
  ...base(40),
  kind: 'chain-started',
  origin,
  profile: 'Development',
  acknowledge: 'Stream',
  version: '0.1.0',
  before,
})
