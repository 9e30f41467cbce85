// `hipaa-mcp verify` beside hashing the same bytes, turn by turn, and its memory at two sizes of trail.
//
//   node test/bench/verify-rows.ts [records]

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateTrail } from '../support/generated-trail.ts'
import { quantile } from './comparison.ts'
import { markdown } from './table.ts'
import type { Went } from './verify-main.ts'

/** The larger trail is that many times the smaller one. */
const times = 4
const chains = 4
const rounds = 3

export type VerifyFigures = {
  records: number
  bytes: number
  /** Microseconds a record on the clock, medians: of the verification, and of hashing record by record and by the MiB. */
  verify: number
  hashRecords: number
  hashPieces: number
  /** Processor time of the verification, microseconds a record. */
  processor: number
  /** The same of hashing record by record. */
  hashProcessor: number
  /** Resident at its most, of a trail of that size and of one that is a quarter of it, bytes. */
  memory: number
  memoryOfQuarter: number
}

/** `records`: of the larger trail. */
export async function verifyFigures(records = 1_000_000): Promise<VerifyFigures> {
  const home = mkdtempSync(join(tmpdir(), 'hipaa-mcp-bench-'))
  try {
    const [large, small] = [join(home, 'large'), join(home, 'small')]
    const size = { chains, patients: 5000, years: 6 }
    const witness = await generateTrail(large, { ...size, records })
    const smallWitness = await generateTrail(small, { ...size, records: records / times })
    const went: { [how: string]: Went[] } = { verify: [], records: [], pieces: [] }
    for (let round = 0; round < rounds; round += 1)
      for (const how of Object.keys(went)) went[how]?.push(goneOver(how, large, witness))
    const each = (how: string, of: 'seconds' | 'processor'): number =>
      quantile((went[how] ?? []).map((one) => (one[of] / one.records) * 1e6))
    const [first] = went['verify'] as [Went]
    return {
      records: first.records,
      bytes: first.bytes,
      verify: each('verify', 'seconds'),
      hashRecords: each('records', 'seconds'),
      hashPieces: each('pieces', 'seconds'),
      processor: each('verify', 'processor'),
      hashProcessor: each('records', 'processor'),
      memory: memory(went['verify'] ?? []),
      memoryOfQuarter: memory(Array.from({ length: rounds }, () => goneOver('verify', small, smallWitness))),
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

const memory = (all: readonly Went[]): number => quantile(all.map((one) => one.memory))
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`

function goneOver(how: string, folder: string, witness: string): Went {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'verify-main.ts'), how, folder, witness],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`verify-main.ts ${how} failed: ${stderr}`)
  return JSON.parse(stdout) as Went
}

/** As Markdown. */
export function verifyTable(of: VerifyFigures): string {
  return markdown([
    ['what', 'figure', 'beside it'],
    [
      `\`verify\`, ${of.records.toLocaleString('en')} records of ${(of.bytes / of.records).toFixed(0)} bytes`,
      `${of.verify.toFixed(2)} µs a record`,
      `${of.processor.toFixed(2)} µs of processors, all threads together`,
    ],
    [
      '`crypto.hash` of each record, one thread',
      `${of.hashRecords.toFixed(2)} µs a record`,
      `${(of.hashRecords / of.verify).toFixed(2)} × is the rate of \`verify\` (aim: 0.5); ${of.hashProcessor.toFixed(2)} µs of a processor`,
    ],
    [
      '`crypto.hash` of each MiB, one thread',
      `${of.hashPieces.toFixed(2)} µs a record`,
      `${(of.hashPieces / of.verify).toFixed(2)} × is the rate of \`verify\``,
    ],
    [
      'memory of `verify`, at its most',
      megabytes(of.memory),
      `${megabytes(of.memoryOfQuarter)} for a quarter of the records: ${(of.memory / of.memoryOfQuarter).toFixed(2)} ×`,
    ],
  ])
}

if (import.meta.main) console.log(verifyTable(await verifyFigures(Number(process.argv[2] ?? 1_000_000))))
