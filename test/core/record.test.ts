import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonical, type Json } from '../../core/canonical.ts'
import { type AuditRecord, parseRecord, recordBytes, recordLimit, recordOf } from '../../core/record.ts'
import { isRecord } from '../../core/record-shape.ts'
import { verifies } from '../verifies.ts'
import { aClose, anIntent, anOrders, aPatient, aRefusal, aResult, aStart, at, aWho } from './records.ts'

const origin = 'hipaa-mcp.dev/clinic/ehr/0f2c/0'
const root = `${'A'.repeat(43)}=`
const inArchive = {
  place: 's3://trail/clinic/',
  from: 0,
  to: 3,
  bytes: 900,
  sha256: 'a'.repeat(64),
  version: 'v1',
  until: at(9),
}
const everyKind: AuditRecord[] = [
  aStart(origin),
  anOrders({ locked: 'lockdown' }),
  anIntent('c1', { who: aWho({ clientId: 'agent', token: 'jti', training: '2026-01-01' }) }),
  aResult('c1', { patients: [aPatient(1), aPatient(2)] }),
  aRefusal('c2', { who: aWho(), purpose: 'TREAT', method: 'tools/call', tool: 'x', policy: 'p' }),
  {
    schema: 'phi-access/1',
    at: at(0),
    kind: 'counted',
    what: 'handshake-failed',
    source: '10.0.0.1',
    count: 3,
  },
  aClose({ open: ['c3'] }),
  { schema: 'phi-access/1', at: at(0), kind: 'registered', origin, vkey: 'a+b+c' },
  {
    schema: 'phi-access/1',
    at: at(0),
    kind: 'ended',
    origin,
    size: 3,
    root,
    how: 'silent',
    unknown: ['c3'],
    witnessed: 2,
    last: at(1),
  },
  { schema: 'phi-access/1', at: at(0), kind: 'resumed', origin, size: 3 },
  { schema: 'phi-access/1', at: at(0), kind: 'heads', heads: [{ origin, size: 3, root }] },
  {
    schema: 'phi-access/1',
    at: at(0),
    kind: 'witness-refused',
    witness: 'w',
    reason: 'ahead',
    size: 3,
    signed: 9,
  },
  { schema: 'phi-access/1', at: at(0), kind: 'held', origin, size: 3, root, witnessed: 3, by: 'officer' },
  {
    schema: 'phi-access/1',
    at: at(0),
    kind: 'sealed',
    origin,
    segment: '3f0c1f6e-8f0e-4b6e-9d5b-5d0f6a3c2b11',
    from: 0,
    to: 3,
    bytes: 2000,
    sha256: 'c'.repeat(64),
    keyId: 'vault:transit/trail:v1',
  },
  {
    schema: 'phi-access/1',
    at: at(0),
    kind: 'unsealed',
    origin,
    segment: '3f0c1f6e-8f0e-4b6e-9d5b-5d0f6a3c2b11',
    by: 'officer',
  },
  {
    schema: 'phi-access/1',
    at: at(0),
    kind: 'archived',
    origin,
    ...inArchive,
  },
  {
    schema: 'phi-access/1',
    at: at(0),
    kind: 'registry-archived',
    ...inArchive,
    checkpoint: { bytes: 300, sha256: 'b'.repeat(64), version: 'v2' },
  },
  {
    schema: 'phi-access/1',
    at: at(0),
    kind: 'legal-hold',
    hold: 'matter-7',
    state: 'on',
    namespace: 'clinic',
    server: 'ehr',
    since: at(0),
    through: at(1),
    why: 'subpoena',
    by: 'officer',
  },
  {
    schema: 'phi-access/1',
    at: at(0),
    kind: 'legal-hold-applied',
    hold: 'matter-7',
    state: 'on',
    segments: 2,
  },
  {
    schema: 'phi-access/1',
    at: at(0),
    kind: 'signal',
    namespace: 'clinic',
    server: 'ehr',
    rule: 'distinct-patients',
    person: 'i|s',
    distinctPatients: 101,
    perSeconds: 3600,
    firstSeen: at(0),
  },
]
const bytesOf = (value: unknown): Buffer => Buffer.from(canonical(value as Json))

test.each(everyKind.map((record) => [record.kind, record] as const))(
  'a record of kind %s reads back as written',
  (_, record) => {
    expect(parseRecord(recordBytes(record))).toEqual(record)
  },
)

verifies('integrity:chain', 'no changed byte reads as the same record', () => {
  for (const record of everyKind) {
    const bytes = recordBytes(record)
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (index, by) => {
        const changed = Buffer.from(bytes)
        changed[index] = (changed[index] as number) ^ by
        let read: AuditRecord
        try {
          read = parseRecord(changed)
        } catch {
          return
        }
        // It may be another valid record; then its bytes are exactly those, and its leaf hash is another.
        expect(recordBytes(read).equals(changed)).toBe(true)
      }),
      { numRuns: 60 },
    )
  }
})

test('a broken UTF-8 byte is refused, not read as U+FFFD', () => {
  const bytes = recordBytes(anIntent('c1', { role: 'é' }))
  const at = bytes.indexOf(Buffer.from('é'))
  const broken = Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff]), bytes.subarray(at + 2)])

  expect(() => parseRecord(broken)).toThrow(TypeError)
})

verifies('audit:no-content', 'a member that records do not have is refused, at any depth', () => {
  for (const record of everyKind) {
    expect(() => parseRecord(bytesOf({ ...record, note: 'text' })), record.kind).toThrow(TypeError)
  }
  expect(() => parseRecord(bytesOf(anIntent('c', { who: { ...aWho(), name: 'x' } as never })))).toThrow(
    TypeError,
  )
  expect(() =>
    parseRecord(bytesOf(aResult('c', { patients: [{ ...aPatient(1), name: 'x' } as never] }))),
  ).toThrow(TypeError)
})

test('an entry becomes a record with all its members, in canonical order', () => {
  for (const { schema: _, at: when, ...entry } of everyKind) {
    const record = recordOf(entry, when)

    expect(parseRecord(recordBytes(record))).toEqual({ ...entry, schema: 'phi-access/1', at: when })
    expect(Object.keys(record)).toEqual(Object.keys(record).toSorted())
  }
})

verifies('audit:no-content', 'an entry with a member that no such record has makes none', () => {
  const { schema: _, at: when, ...entry } = aClose()

  expect(isRecord(recordOf(entry, when))).toBe(true)
  expect(isRecord(recordOf({ ...entry, note: 'text' } as never, when))).toBe(false)
})

test('a record that lacks a member, or holds one of another type, is refused', () => {
  for (const record of everyKind) {
    const optional = new Set([
      'locked',
      'signed',
      'tool',
      'arguments',
      'result',
      'who',
      'purpose',
      'method',
      'policy',
      'reason',
      'last',
      'since',
      'through',
    ])
    for (const member of Object.keys(record)) {
      const { [member]: _, ...rest } = record as unknown as { [member: string]: Json }
      if (!optional.has(member))
        expect(() => parseRecord(bytesOf(rest)), `${record.kind} without ${member}`).toThrow(TypeError)
      for (const wrong of [null, { a: [] }])
        expect(
          () => parseRecord(bytesOf({ ...record, [member]: wrong })),
          `${record.kind}.${member}`,
        ).toThrow(TypeError)
    }
  }
})

test.each([
  ['an unknown kind', { ...aClose(), kind: 'other' }],
  ['a kind out of Object.prototype', { ...aClose(), kind: 'constructor' }],
  ['another schema', { ...aClose(), schema: 'phi-access/2' }],
  ['a time without milliseconds', { ...aClose(), at: '2026-01-01T00:00:00Z' }],
  ['a time that does not exist', { ...aClose(), at: '2026-13-01T00:00:00.000Z' }],
  ['an unkeyed hash', aResult('c', { result: `sha256:${'0'.repeat(64)}` })],
])('a record with %s is refused', (_, record) => {
  expect(() => parseRecord(bytesOf(record))).toThrow(TypeError)
})

test('text that means the same but is not canonical is refused', () => {
  const text = recordBytes(aClose()).toString()

  expect(() => parseRecord(Buffer.from(text.replace(':', ': ')))).toThrow(TypeError)
  expect(() => parseRecord(Buffer.from(text.replace('"open":[]', '"open":[],"open":[]')))).toThrow(TypeError)
  expect(() => parseRecord(Buffer.from(`\ufeff${text}`))).toThrow()
  expect(() => parseRecord(Buffer.from(JSON.stringify(aClose())))).toThrow(TypeError)
})

test('no record is larger than a tlog-tiles entry', () => {
  const open = Array.from({ length: 2000 }, (_, i) => `call-${i}-${'x'.repeat(40)}`)

  expect(() => recordBytes(aClose({ open }))).toThrow(RangeError)
  expect(() => parseRecord(bytesOf(aClose({ open })))).toThrow(RangeError)
  expect(() => parseRecord(Buffer.alloc(recordLimit + 1, '['))).toThrow(RangeError)
  expect(() => parseRecord(Buffer.alloc(recordLimit, '['))).toThrow()
})
