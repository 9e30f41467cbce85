// Builders of records. Each states a whole valid record; a test names only what matters to it.

import { createHash } from 'node:crypto'
import { type AuditRecord, recordSchema, type Who } from '../../core/record.ts'

type RecordOf<K extends AuditRecord['kind']> = Extract<AuditRecord, { kind: K }>
type Said<K extends AuditRecord['kind']> = Partial<Omit<RecordOf<K>, 'kind' | 'schema'>>

/** Milliseconds since 1970 as records write them. */
export const at = (milliseconds: number): string => new Date(milliseconds).toISOString()
const base = { schema: recordSchema, at: at(1_790_000_000_000) } as const

export const aWho = (said: Partial<Who> = {}): Who => ({
  sub: 'clinician-1',
  iss: 'https://id.example.test',
  certificate: 'dGh1bWJwcmludA',
  mfa: { rule: 'acr', value: 'phr', authTime: 1_789_999_000, grade: 'claim' },
  ...said,
})

export const aStart = (origin: string, said: Said<'chain-started'> = {}): RecordOf<'chain-started'> => ({
  ...base,
  kind: 'chain-started',
  origin,
  profile: 'Development',
  acknowledge: 'Stream',
  version: '0.1.0',
  ...said,
})

export const anOrders = (said: Said<'orders'> = {}): RecordOf<'orders'> => ({
  ...base,
  kind: 'orders',
  generation: 7,
  policy: 'ab'.repeat(32),
  breach: [{ distinctPatients: 100, perSeconds: 3600 }],
  ...said,
})

export const anIntent = (call: string, said: Said<'intent'> = {}): RecordOf<'intent'> => ({
  ...base,
  kind: 'intent',
  call,
  who: aWho(),
  purpose: 'TREAT',
  role: 'clinician',
  method: 'tools/call',
  revision: '2025-11-25',
  tool: 'get_diagnosis',
  arguments: `hmac-sha256:${'0'.repeat(64)}`,
  patients: [],
  policy: 'ab'.repeat(32),
  ...said,
})

export const aResult = (call: string, said: Said<'result'> = {}): RecordOf<'result'> => ({
  ...base,
  kind: 'result',
  call,
  outcome: 'ok',
  result: `hmac-sha256:${'1'.repeat(64)}`,
  bytes: 120,
  patients: [aPatient(1)],
  kept: { '/code': 1 },
  dropped: { '*': 4 },
  redacted: {},
  milliseconds: 12.5,
  ...said,
})

export const aRefusal = (call: string, said: Said<'refusal'> = {}): RecordOf<'refusal'> => ({
  ...base,
  kind: 'refusal',
  call,
  reason: 'tool-unknown',
  stage: 'authorize',
  peer: '10.0.0.9',
  ...said,
})

export const aClose = (said: Said<'chain-closed'> = {}): RecordOf<'chain-closed'> => ({
  ...base,
  kind: 'chain-closed',
  open: [],
  ...said,
})

/** A patient's token: equal numbers are the same patient. */
export const aPatient = (number: number): { token: string; sealed: string } => ({
  // Uniform, as the keyed hash of a real one is.
  token: createHash('sha256').update(`patient ${number}`).digest('base64url'),
  sealed: 'c2VhbGVk',
})
