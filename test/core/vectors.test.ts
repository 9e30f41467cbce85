import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { canonical, type Json } from '../../core/canonical.ts'
import { bodyOf, parseNote, parseVkey, verifyNote } from '../../core/checkpoint.ts'
import { type Hash, leafHash, rootOf } from '../../core/merkle.ts'
import { verifyConsistency, verifyInclusion } from '../../core/merkle-proof.ts'
import { parseRecord, recordBytes } from '../../core/record.ts'
import { parseProof, provenIn } from '../../core/tlog-proof.ts'
import { vectorFiles } from '../vectors/make.ts'
import { verifies } from '../verifies.ts'

type Path = { path: string[] }
type Log = {
  records: { record: unknown; canonical: string; leafHash: string }[]
  roots: string[]
  inclusion: (Path & { index: number; size: number })[]
  consistency: (Path & { from: number; to: number })[]
  checkpoints: { size: number; body: string; time: number; note: string }[]
}

const folder = join(import.meta.dirname, '../vectors')
const text = (name: string): string => readFileSync(join(folder, name), 'utf8')
const log = JSON.parse(text('log.json')) as Log
const keys = JSON.parse(text('keys.json')) as { log: { vkey: string }; witness: { vkey: string } }
const hashesOf = ({ path }: Path): Hash[] => path.map((hex) => Buffer.from(hex, 'hex'))
const head = (size: number): { size: number; root: Hash } => ({
  size,
  root: Buffer.from(log.roots[size] as string, 'hex'),
})

verifies('integrity:format', 'the golden vectors are what this version makes, byte for byte', () => {
  for (const [name, want] of Object.entries(vectorFiles())) expect(text(name), name).toBe(want)
})

verifies('integrity:format', 'the golden vectors are read as what they say', () => {
  for (const { json, canonical: want } of JSON.parse(text('canonical.json')) as { [name: string]: string }[])
    expect(canonical(JSON.parse(json as string) as Json)).toBe(want)
  const leaves = log.records.map(({ record, canonical: want, leafHash: hex }) => {
    const bytes = Buffer.from(want)
    expect(parseRecord(bytes)).toEqual(record)
    expect(String(recordBytes(parseRecord(bytes)))).toBe(want)
    expect(leafHash(bytes).toString('hex')).toBe(hex)
    return leafHash(bytes)
  })
  expect(log.roots).toEqual(
    [...leaves.keys(), leaves.length].map((size) => rootOf(leaves.slice(0, size)).toString('hex')),
  )
  for (const vector of log.inclusion) {
    const { index, size } = vector
    expect(verifyInclusion(leaves[index] as Hash, index, size, hashesOf(vector), head(size).root)).toBe(true)
  }
  for (const vector of log.consistency)
    expect(verifyConsistency(head(vector.from), head(vector.to), hashesOf(vector))).toBe(true)
})

verifies(
  'integrity:format',
  'the record that names a chain before it is read, and names what it says',
  () => {
    const {
      record,
      canonical: want,
      leafHash: hex,
    } = JSON.parse(text('succeeding.json')) as Log['records'][number]

    expect(parseRecord(Buffer.from(want))).toEqual(record)
    expect(leafHash(Buffer.from(want)).toString('hex')).toBe(hex)
    expect(record).toMatchObject({
      before: {
        origin: 'hipaa-mcp.dev/clinic/ehr/00000000-0000-4000-8000-000000000001/0',
        ended: {
          size: log.records.length,
          root: Buffer.from(log.roots.at(-1) as string, 'hex').toString('base64'),
        },
      },
    })
  },
)

verifies('audit:access', 'records of grants and revocations stand in the vectors, and are read again', () => {
  const vectors = JSON.parse(text('access.json')) as Log['records']

  for (const { record, canonical: want, leafHash: hex } of vectors) {
    expect(parseRecord(Buffer.from(want))).toEqual(record)
    expect(leafHash(Buffer.from(want)).toString('hex')).toBe(hex)
  }
  expect(vectors).toHaveLength(7)
})

test('their checkpoints and proofs verify with the keys that stand beside them', () => {
  for (const { size, body, time, note } of log.checkpoints) {
    const { checkpoint } = parseNote(note)
    expect(bodyOf(checkpoint)).toBe(body)
    expect(checkpoint).toMatchObject(head(size))
    expect(verifyNote(note, parseVkey(keys.log.vkey))).toEqual({})
    expect(verifyNote(note, parseVkey(keys.witness.vkey))).toEqual({ time })
  }
  for (const index of [2, 6]) {
    const proof = parseProof(text(`log/record-${index}.tlog-proof`))
    expect(String(proof.extra)).toBe(log.records[index]?.canonical)
    expect(provenIn(proof)?.checkpoint).toMatchObject(head(7))
  }
  expect(text('log/vkey').trim()).toBe(keys.log.vkey)
})
