// A process of its own that goes once over a generated trail: verifies it, or hashes its bytes.
//
//   node test/bench/verify-main.ts verify|records|pieces FOLDER WITNESS

import { hash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { folderSource } from '../../cli/trail/folder-source.ts'
import { checkExport } from '../../cli/verify/export-check.ts'

export type Went = {
  records: number
  bytes: number
  /** On the clock, and of processors. */
  seconds: number
  processor: number
  /** Resident at its most, bytes. */
  memory: number
}

const [how = '', folder = '', witness = ''] = process.argv.slice(2)
const pieceBytes = 1 << 20

/** Every record by itself, or every piece as it is read: what hashing these bytes costs in one thread. */
function hashed(each: 'record' | 'piece'): { records: number; bytes: number } {
  const piece = Buffer.alloc(pieceBytes)
  let records = 0
  let bytes = 0
  for (const chain of readdirSync(join(folder, 'chains'))) {
    const file = openSync(join(folder, 'chains', chain, 'records.ndjson'), 'r')
    for (let at = 0; ; ) {
      const read = readSync(file, piece, 0, pieceBytes, at)
      if (read === 0) break
      if (each === 'piece') hash('sha256', piece.subarray(0, read))
      let from = 0
      for (let end = piece.indexOf(0x0a); end >= 0 && end < read; end = piece.indexOf(0x0a, from)) {
        if (each === 'record') hash('sha256', piece.subarray(from, end))
        from = end + 1
        records += 1
      }
      at += from
      bytes += from
    }
    closeSync(file)
  }
  return { records, bytes }
}

async function verified(): Promise<{ records: number; bytes: number }> {
  const source = folderSource(folder)
  const { ok, chains } = await checkExport({ source, witness, read: () => undefined })
  if (!ok) throw new Error('The generated trail does not verify')
  const origins = chains.map(({ origin }) => origin)
  return { records: chains.reduce((sum, { records }) => sum + records, 0), bytes: await source.size(origins) }
}

const before = process.cpuUsage()
const began = performance.now()
const gone = how === 'verify' ? await verified() : hashed(how === 'records' ? 'record' : 'piece')
const { user, system } = process.cpuUsage(before)
const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
const went: Went = {
  ...gone,
  seconds: (performance.now() - began) / 1000,
  processor: (user + system) / 1e6,
  memory: Number(peak) * 1024,
}
console.log(JSON.stringify(went))
