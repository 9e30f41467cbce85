// A chain is judged alike, whether its records come one by one or in runs, in this thread or in others.

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { folderSource } from '../../cli/trail/folder-source.ts'
import type { TrailSource } from '../../cli/trail/source.ts'
import { ChainCheck } from '../../cli/verify/chain-check.ts'
import { checkExport, type Hearer, type Report } from '../../cli/verify/export-check.ts'
import { FileRuns } from '../../cli/verify/file-runs.ts'
import type { Expected } from '../../cli/verify/registry-check.ts'
import { newSlot, readRun } from '../../cli/verify/run.ts'
import { RunPool } from '../../cli/verify/run-pool.ts'
import { leafHash, rootOf } from '../../core/merkle.ts'
import { type AuditRecord, recordBytes, recordLimit } from '../../core/record.ts'
import { originOf } from '../../core/wire.ts'
import { aFolder } from '../collector/a-trail.ts'
import { aClose, anIntent, aRefusal, aResult, aStart, at } from '../core/records.ts'
import { generateTrail } from '../support/generated-trail.ts'
import { verifies } from '../verifies.ts'
import { anExport, pathIn } from './an-export.ts'

const origin = originOf('clinic', 'ehr', '00000000-0000-4000-8000-000000000000', 0)

/** The same trail, whose records come one by one. */
const oneByOne = (source: TrailSource): TrailSource => ({ ...source, file: async () => undefined })
const check = async (source: TrailSource, witness: string): Promise<Report> =>
  await checkExport({ source, witness, read: () => undefined })
/** By two threads, however small it is. */
const byThreads = async (source: TrailSource, witness: string): Promise<Report> =>
  await checkExport({ source, witness, read: () => undefined }, () => new RunPool(Infinity, 2))

/** What a chain of these records is said to be. */
function judged(records: readonly Buffer[], parts: readonly number[] | undefined): unknown {
  const leaves = records.map((record) => leafHash(record))
  const marks = [3, 7, 8].filter((size) => size <= records.length)
  const expected: Expected = {
    origin,
    index: 0,
    vkey: '',
    sealed: 0,
    marks: marks.map((size) => ({
      index: size,
      what: 'held',
      size,
      root: rootOf(leaves.slice(0, size)).toString('base64'),
      witnessed: 0,
    })),
  }
  const chain = new ChainCheck(expected, undefined, 1)
  if (parts === undefined) for (const record of records) chain.take(record, true)
  else {
    const slot = newSlot()
    let first = 0
    for (const count of parts) {
      const run = records.slice(first, first + count)
      if (run.length === 0) break
      let from = 1
      slot.starts[0] = from
      run.forEach((record, i) => {
        slot.bytes.set(record, from)
        from += record.length + 1
        slot.starts[i + 1] = from
      })
      const ends = [...marks.filter((size) => size > first && size < first + run.length), first + run.length]
      const job = { first, counts: ends.map((end, i) => end - (ends[i - 1] ?? first)) }
      chain.takeRun(slot, job, readRun(slot, job), () => undefined)
      first += run.length
    }
  }
  return chain.finish()
}

verifies('integrity:chain', 'records in runs are judged as they are one by one', () => {
  const broken = Buffer.from('{"no":"record"}')
  const some: fc.Arbitrary<AuditRecord> = fc.oneof(
    fc.constantFrom('a', 'b', 'c', 'aaa').map((call) => anIntent(call)),
    fc.constantFrom('a', 'b', 'c', 'aaa', 'baa').map((call) => aResult(call)),
    fc.constantFrom('a', 'b', 'c').map((call) => anIntent(call, { role: 'ü' })),
    fc.constant(aRefusal('r', { reason: 'ü' })),
    fc.constant(aClose()),
    fc.constant(aStart(origin)),
    fc.constant(aStart(`${origin}1`)),
    fc.integer({ min: 0, max: 5_000_000 }).map((ms) => aRefusal('t', { at: at(1_790_000_000_000 - ms) })),
  )
  const records = fc.array(fc.oneof({ weight: 9, arbitrary: some.map(recordBytes) }, fc.constant(broken)), {
    maxLength: 12,
  })
  fc.assert(
    fc.property(records, fc.boolean(), (rest, begins) => {
      const all = [...(begins ? [recordBytes(aStart(origin))] : []), ...rest]
      // One record a run: pairs are told apart within a run alone, and what is open lies between them.
      expect(
        judged(
          all,
          all.map(() => 1),
        ),
      ).toEqual(judged(all, undefined))
    }),
    { numRuns: 300 },
  )
  fc.assert(
    fc.property(records, (rest) => {
      const all = [recordBytes(aStart(origin)), ...rest]
      expect(judged(all, [all.length])).toEqual(judged(all, undefined))
    }),
    { numRuns: 300 },
  )
  // What is open from a run before is not told apart from what begins and ends in this one.
  fc.assert(
    fc.property(records, fc.integer({ min: 1, max: 12 }), (rest, first) => {
      const all = [recordBytes(aStart(origin)), ...rest]
      expect(judged(all, [first, all.length])).toEqual(judged(all, undefined))
    }),
    {
      numRuns: 300,
      examples: [
        [[anIntent('a'), anIntent('a'), aResult('a')].map(recordBytes), 2],
        [[anIntent('a'), aClose(), aResult('a')].map(recordBytes), 1],
        [[anIntent('a'), anIntent('a', { role: 'ü' }), aResult('a')].map(recordBytes), 1],
        // A call that opens between another and its result, and is spelled alike at its end. (A root is compared at 3.)
        [
          [aRefusal('r'), aRefusal('s'), anIntent('one-42'), anIntent('two-42'), aResult('one-42')].map(
            recordBytes,
          ),
          1,
        ],
      ],
    },
  )
})

verifies('integrity:chain', 'a file is judged by runs as record by record', async () => {
  const { folder, witness, closed, died } = await anExport()
  expect(await check(folderSource(folder), witness)).toEqual(
    await check(oneByOne(folderSource(folder)), witness),
  )
  appendFileSync(pathIn(folder, closed.origin, 'records.ndjson'), '\n{"cut":')
  appendFileSync(pathIn(folder, died.origin, 'records.ndjson'), 'x'.repeat(recordLimit + 9))
  const runs = await check(folderSource(folder), witness)
  expect(runs.ok).toBe(false)
  expect(runs).toEqual(await check(oneByOne(folderSource(folder)), witness))
})

verifies(
  'integrity:chain',
  'whoever hears of the records is told the same by runs as record by record',
  async () => {
    const { folder, witness, closed } = await anExport()
    appendFileSync(pathIn(folder, closed.origin, 'records.ndjson'), '{"no":"record"}\n')
    const heard = async (source: TrailSource): Promise<{ [origin: string]: unknown[] }> => {
      const all: { [origin: string]: unknown[] } = {}
      const hearer = async (of: string): Promise<Hearer> => {
        const told: unknown[] = []
        all[of] = told
        return await Promise.resolve({
          take: (fact, bytes, spot) => void told.push([fact, Buffer.from(bytes).toString(), spot]),
          end: () => void told.push('end'),
        })
      }
      await checkExport({ source, witness, read: () => undefined, hearer })
      return all
    }

    const one = await heard(oneByOne(folderSource(folder)))
    expect(one[closed.origin]?.length).toBe(9)
    expect(one).toEqual(await heard(folderSource(folder)))
  },
)

verifies(
  'integrity:chain',
  'a trail is read by several threads, and one changed byte of it is found',
  async () => {
    const folder = join(aFolder(), 'trail')
    const witness = await generateTrail(folder, { records: 12_000, chains: 2, patients: 50, years: 1 })
    const source = folderSource(folder)
    const report = await byThreads(source, witness)
    expect(report.findings).toEqual([])
    expect(report).toEqual(await check(oneByOne(source), witness))

    const path = pathIn(folder, origin, 'records.ndjson')
    const { records } = report.chains[0] as Report['chains'][number]
    const bytes = readFileSync(path)
    bytes[Math.floor(bytes.length * 0.7)] = 0x7e
    writeFileSync(path, bytes)
    const { findings } = await byThreads(source, witness)
    expect(findings.map(({ where, says }) => `${where} ${says}`)).toContainEqual(
      expect.stringMatching(`^${origin} one or more of records 0 to ${records - 1} are not what`) as string,
    )
  },
)

verifies('integrity:archive', 'what the log calls archived covers records out of segments alone', () => {
  const records = [aStart(origin), anIntent('a'), aResult('a')].map(recordBytes)
  const said = (segments: boolean, outside?: number): string => {
    const expected: Expected = {
      origin,
      index: 0,
      vkey: '',
      sealed: 3,
      archived: { to: 3, index: 5 },
      marks: [],
    }
    const chain = new ChainCheck(expected, undefined, 1, outside, segments)
    for (const record of records) chain.take(record, true)
    return chain
      .finish()
      .findings.map(({ says }) => says)
      .join()
  }
  expect(said(true)).toBe('')
  expect(said(false)).toMatch(/no signature covers it/)
  // The record that says so must be one that witnesses outside signed.
  expect(said(true, 6)).toBe('')
  expect(said(true, 5)).toMatch(/no witness outside signed for it/)
})

test('a file is filled in run by run, and what is no line is handed out by itself', async () => {
  const path = join(aFolder(), 'lines')
  writeFileSync(path, `${'a\n'.repeat(5000)}${'b'.repeat(3000)}\n${'c\n'.repeat(2)}rest`)
  const file = await FileRuns.open(path)
  const slot = newSlot()
  const filled: number[] = []
  for (let { records } = await file.fill(slot); records > 0; { records } = await file.fill(slot))
    filled.push(records)
  expect(filled).toEqual([4096, 907])
  expect(file.rest?.toString()).toBe('rest')
  await file.close()
})

test('a file system that gives less than it is asked for cuts no record off', async () => {
  const path = join(aFolder(), 'lines')
  writeFileSync(path, 'abcdefg\n'.repeat(100))
  const file = await FileRuns.open(path, async (of) => {
    const handle = await open(of)
    const read = handle.read.bind(handle)
    const little = async (bytes: Buffer, at: number, length: number, from: number): Promise<object> =>
      await read(bytes, at, Math.min(length, 5), from)
    handle.read = little as FileHandle['read']
    return handle
  })
  expect(await file.fill(newSlot())).toEqual({ records: 100, bytes: 800 })
  expect(file.rest).toBeUndefined()
  await file.close()
})

test('a run of as many parts as records takes little longer than one of one part', () => {
  const slot = newSlot()
  const record = recordBytes(anIntent('c'))
  let from = 1
  let count = 0
  slot.starts[0] = from
  while (from + record.length < slot.bytes.length) {
    slot.bytes.set(record, from)
    from += record.length + 1
    slot.starts[++count] = from
  }
  const fastest = (counts: number[]): number =>
    Math.min(
      ...Array.from({ length: 7 }, () => {
        const began = performance.now()
        readRun(slot, { first: 0, counts })
        return performance.now() - began
      }),
    )
  const whole = fastest([count])
  expect(fastest(Array.from({ length: count }, () => 1)) / whole).toBeLessThan(6)
})

test('a thread that fails while a file is read ends the verification, and not the process', async () => {
  const folder = join(aFolder(), 'trail')
  const witness = await generateTrail(folder, { records: 12_000, chains: 1, patients: 50, years: 1 })
  class Failing extends RunPool {
    override get depth(): number {
      return 100
    }
    override async run(): Promise<never> {
      throw new Error('out of memory')
    }
  }
  const unheard: unknown[] = []
  const hear = (reason: unknown): void => void unheard.push(reason)
  process.on('unhandledRejection', hear)
  onTestFinished(() => void process.off('unhandledRejection', hear))

  const checked = checkExport(
    { source: folderSource(folder), witness, read: () => undefined },
    () => new Failing(0),
  )
  await expect(checked).rejects.toThrow('out of memory')
  expect(unheard).toEqual([])
})

test('a thread that fails makes the verification fail', async () => {
  const pool = new RunPool(Number.POSITIVE_INFINITY, 2)
  const slot = newSlot()
  // No buffer of records: what the thread throws must not be waited for.
  const broken = pool.run({ ...slot, starts: null as never }, { first: 0, counts: [1] })
  await expect(broken).rejects.toThrow()
  await expect(pool.run(slot, { first: 0, counts: [] })).rejects.toThrow()
  await pool.close()
})
