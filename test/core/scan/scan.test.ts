import fc from 'fast-check'
import { expect, test } from 'vitest'
import { appendRun, hashRun } from '../../../core/leaf-run.ts'
import { leafHash, Tree } from '../../../core/merkle.ts'
import { type AuditRecord, parseRecord, recordBytes } from '../../../core/record.ts'
import { recordKinds } from '../../../core/record-shape.ts'
import { odd, scanned, scanRecord, scanRun } from '../../../core/scan/scan.ts'
import { verifies } from '../../verifies.ts'
import { everyKind } from '../every-kind.ts'
import { anIntent, aPatient, aRefusal, aResult, at, aWho } from '../records.ts'

/** More shapes of what may be absent, more than one, or no whole number. */
const more: AuditRecord[] = [
  anIntent('c"9\\'),
  anIntent('c9', { patients: [aPatient(1), aPatient(2), aPatient(3)], at: '2024-02-29T23:59:59.999Z' }),
  anIntent('c10', {
    who: aWho({ actor: { sub: 'x' }, key: 'k' }),
    grant: { name: 'g', uid: 'u', requestedBy: 'a', approvedBy: 'b' },
  }),
  aResult('c11', { milliseconds: 0.000125, kept: { '/a': 1, '/b': 20 }, dropped: {}, bytes: 0 }),
  aResult('c12', { milliseconds: 1234.5678901234567 }),
  aResult('c13', { milliseconds: 1e-7 }),
  aRefusal('c14', { reason: 'größer' }),
  aRefusal('c15', { reason: 'a \u007f and a \n' }),
  aRefusal('c16', { at: at(-1) }),
]

/** What was scanned as what was parsed; undefined where the parser must be asked. */
function scan(bytes: Buffer): object | undefined {
  const kind = scanRecord(bytes)
  if (kind === odd) return undefined
  const [from, to] = scanned.calls as unknown as [number, number]
  const call = to === 0 ? undefined : bytes.toString('latin1', from - 1, to - 1)
  return { kind: recordKinds[kind], time: scanned.times[0], call }
}

function parsed(bytes: Buffer): object | undefined {
  try {
    const record = parseRecord(bytes)
    return {
      kind: record.kind,
      time: Date.parse(record.at),
      call: 'call' in record ? record.call : undefined,
    }
  } catch {
    return undefined
  }
}

test('a record of every kind is read where it stands, as the parser reads it', () => {
  for (const record of everyKind) {
    const bytes = recordBytes(record)
    expect(scan(bytes), record.kind).toEqual(parsed(bytes))
  }
})

verifies(
  'integrity:chain',
  'what is read where it stands is what the parser reads, whatever was done to it',
  () => {
    const pool = [...everyKind, ...more].map(recordBytes)
    const splice = fc.record({
      at: fc.nat(),
      cut: fc.integer({ min: 0, max: 3 }),
      put: fc.oneof(
        fc.string({
          unit: fc.constantFrom('"', ',', ':', '{', '}', '[', ']', '0', '9', '.', 'e', 'a', 'é', '\\', ' '),
          maxLength: 3,
        }),
        fc.constantFrom(
          '"a":1,',
          ',"zz":0',
          '00',
          '-1',
          '1.50',
          '1.0',
          'null',
          '[]',
          '{}',
          '2026-02-29',
          '"at"',
        ),
      ),
    })
    let taken = 0
    fc.assert(
      fc.property(fc.constantFrom(...pool), fc.array(splice, { maxLength: 2 }), (whole, changes) => {
        let text = whole.toString('utf8')
        for (const { at: place, cut, put } of changes) {
          const from = place % (text.length + 1)
          text = text.slice(0, from) + put + text.slice(from + cut)
        }
        const bytes = Buffer.from(text)
        const said = scan(bytes)
        if (said === undefined) return
        taken += 1
        expect(parsed(bytes)).toEqual(said)
      }),
      { numRuns: 20_000 },
    )
    expect(taken).toBeGreaterThan(2000)
  },
)

test('every single byte of a record that is changed is seen by both alike', () => {
  for (const whole of [anIntent('c1', { patients: [aPatient(1)] }), aResult('c1')].map(recordBytes))
    for (let place = 0; place < whole.length; place += 1)
      for (const by of [1, 2, 16, 32, 128]) {
        const bytes = Buffer.from(whole)
        bytes[place] = (bytes[place] as number) ^ by
        const said = scan(bytes)
        if (said !== undefined) expect(parsed(bytes)).toEqual(said)
      }
})

test('whatever came before it, a record is read as itself', () => {
  const pool = [...everyKind, ...more].map(recordBytes)
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pool), { minLength: 1, maxLength: 12 }), (records) => {
      const { bytes, starts } = inARow(records)
      scanRun(bytes, starts, records.length)
      const kinds = [...scanned.kinds.subarray(0, records.length)]
      expect(kinds).toEqual(records.map((record) => scanRecord(record)))
    }),
  )
})

test('an intent and the result that answers it are told from those that are alone', () => {
  const calls = fc.array(
    fc.tuple(fc.boolean(), fc.constantFrom('a', 'b', 'a-longer-call', 'a-longer-calm')),
    { maxLength: 20 },
  )
  fc.assert(
    fc.property(calls, (said) => {
      const { bytes, starts } = inARow(
        said.map(([begins, call]) => recordBytes(begins ? anIntent(call) : aResult(call))),
      )
      scanRun(bytes, starts, said.length)
      const loose = [...scanned.loose.subarray(0, said.length)]
      // Left out are pairs alone: what is loose, in its order, leads to the same open calls and the same doubts.
      const all = followed(said)
      const left = followed(said.filter((_, i) => loose[i] === 1))
      expect(left).toEqual(all)
    }),
  )
})

/** Calls that are open at the end, and how many records were out of place. */
function followed(said: readonly (readonly [boolean, string])[]): { open: string[]; wrong: number } {
  const open = new Set<string>()
  let wrong = 0
  for (const [begins, call] of said) {
    if (begins ? open.has(call) : !open.has(call)) wrong += 1
    if (begins) open.add(call)
    else open.delete(call)
  }
  return { open: [...open].toSorted(), wrong }
}

test('the tree of runs is the tree of their records, wherever a run begins', () => {
  const records = Array.from({ length: 300 }, (_, i) => Buffer.from(`record ${i}`))
  const whole = new Tree()
  for (const record of records) whole.append(leafHash(record))
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 40 }), (sizes) => {
      const tree = new Tree()
      for (let i = 0; tree.size < records.length; i += 1) {
        const run = records.slice(tree.size, tree.size + (sizes[i % sizes.length] as number))
        const { bytes, starts } = inARow(run)
        appendRun(tree, hashRun(bytes, starts, tree.size, run.length))
      }
      expect(tree.root()).toEqual(whole.root())
    }),
  )
})

function inARow(records: readonly Buffer[]): { bytes: Buffer; starts: Uint32Array } {
  const newline = Buffer.from('\n')
  const bytes = Buffer.concat([newline, ...records.flatMap((record) => [record, newline])])
  const starts = [1]
  for (const record of records) starts.push((starts.at(-1) as number) + record.length + 1)
  return { bytes, starts: Uint32Array.from(starts) }
}
