// A record's text, written in one pass: byte for byte what the longer way gives, and refused where that refuses.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AuditRecord, type Entry, recordBytes, recordLimit, recordOf } from '../../core/record.ts'
import { isRecord } from '../../core/record-shape.ts'
import { entryBytes } from '../../core/record-text.ts'
import { everyKind } from './every-kind.ts'
import { aClose, anIntent, aPatient, aResult, aWho } from './records.ts'

const when = Date.UTC(2026, 10, 27, 12, 0, 0, 7)

function entryOf(record: AuditRecord): Entry {
  const entry: Partial<AuditRecord> = { ...record }
  delete entry.schema
  delete entry.at
  return entry as Entry
}
/** The longer way; `refused` where there is no record of it. */
function longer(entry: Entry, at: number): string {
  try {
    const record = recordOf(entry, new Date(at).toISOString())
    return isRecord(record) ? recordBytes(record).toString('utf8') : 'refused'
  } catch {
    return 'refused'
  }
}
function written(entry: Entry, at: number): string {
  try {
    return entryBytes(entry, at).toString('utf8')
  } catch {
    return 'refused'
  }
}

const whole = [
  ...everyKind,
  anIntent('"\\c', { who: aWho({ actor: { sub: 'a', before: [{ sub: 'b' }] } }), role: 'é\u2028' }),
  anIntent('c', { patients: [aPatient(1), aPatient(2)], argumentNames: [], relations: ['own'] }),
  aResult('c', { kept: { b: 1, a: 2, '10': 3, '9': 4, 'a"': 5, ü: 6 }, dropped: {}, milliseconds: 0.5 }),
].map(entryOf)

test('every kind of record is written as the longer way writes it, at any time', () => {
  for (const entry of whole) {
    expect(written(entry, when), entry.kind).toBe(longer(entry, when))
    expect(written(entry, when), entry.kind).not.toBe('refused')
  }
  fc.assert(
    fc.property(fc.constantFrom(...whole), fc.integer({ min: -62e12, max: 253e12 }), (entry, at) => {
      expect(written(entry, at)).toBe(longer(entry, at))
    }),
  )
})

/** A value somewhere in an entry is another, or is not there, or there is one more. */
function changed(value: unknown, path: readonly number[], by: unknown, name: string): unknown {
  const [at, ...rest] = path
  if (typeof value !== 'object' || value === null || at === undefined) return by
  const keys = Object.keys(value)
  const key = keys[at % (keys.length + 1)]
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value }
  if (key === undefined) Reflect.set(copy, Array.isArray(value) ? keys.length : name, by)
  else if (by === '-' && !Array.isArray(copy)) Reflect.deleteProperty(copy, key)
  else Reflect.set(copy, key, changed(Reflect.get(value, key), rest, by, name))
  return copy
}

test('whatever is changed in an entry, both ways write the same or refuse both', () => {
  const values = fc.oneof(
    fc.constantFrom<unknown>(undefined, null, true, -0, -1, 0.5, 1e21, Number.NaN, Infinity, '-', '', {}, []),
    fc.constantFrom<unknown>('ok', 'claim', 'own', 'e\u0301"\\\n', '\ud800', 'a'.repeat(43)),
    fc.string(),
    fc.nat(),
    fc.dictionary(fc.string(), fc.nat()),
    fc.array(fc.string()),
  )
  const counted = { refused: 0, same: 0 }
  fc.assert(
    fc.property(
      fc.constantFrom(...whole),
      fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 4 }),
      values,
      fc.constantFrom('note', 'schemata', 'token', 'relations'),
      (entry, path, by, name) => {
        const other = changed(entry, path, by, name) as Entry
        const text = written(other, when)
        counted[text === 'refused' ? 'refused' : 'same'] += 1
        expect(text).toBe(longer(other, when))
      },
    ),
    { numRuns: 5_000 },
  )
  // Neither way refuses everything.
  expect(Math.min(counted.refused, counted.same)).toBeGreaterThan(100)
})

test('a member that is inherited is none of the record', () => {
  const flood = { kind: 'counted', what: 'refusals-over-quota', source: '10.0.0.1', count: 1 }
  const { source, ...rest } = flood
  const more: object = Object.assign(Object.create({ reason: 'inherited' }), flood)
  const less: object = Object.assign(Object.create({ source }), rest)

  expect(written(more as Entry, when)).toBe('refused')
  expect(written(less as Entry, when)).toBe('refused')
})

test('what no record may be is refused with the error that says so', () => {
  expect(() => entryBytes({ ...whole[0], note: 'text' } as never, when)).toThrow(TypeError)
  expect(() => entryBytes({ ...whole[0], schema: 'phi-access/1' } as never, when)).toThrow(TypeError)
  expect(() => entryBytes({ ...whole[0], at: new Date(when).toISOString() } as never, when)).toThrow(
    TypeError,
  )
  expect(() => entryBytes({ kind: 'nothing' } as never, when)).toThrow(TypeError)
  expect(() => entryBytes(whole[0] as Entry, Date.UTC(10_000, 0))).toThrow(TypeError)
  expect(() => entryBytes(whole[0] as Entry, Number.NaN)).toThrow(RangeError)
  const open = Array.from({ length: 700 }, (_, i) => `${i}`.padStart(100, 'c'))
  expect(open.join().length).toBeGreaterThan(recordLimit)
  expect(() => entryBytes(entryOf(aClose({ open })), when)).toThrow(RangeError)
})
