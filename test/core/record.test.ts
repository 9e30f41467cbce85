import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonical, type Json } from '../../core/canonical.ts'
import { type AuditRecord, parseRecord, recordBytes, recordLimit, recordOf } from '../../core/record.ts'
import { isRecord } from '../../core/record-shape.ts'
import { verifies } from '../verifies.ts'
import { everyKind } from './every-kind.ts'
import { aClose, anIntent, aPatient, aResult, aWho } from './records.ts'

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
    expect(() => parseRecord(bytesOf({ ...record, remark: 'text' })), record.kind).toThrow(TypeError)
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
