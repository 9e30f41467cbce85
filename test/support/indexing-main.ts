// A process of its own that makes the index of a generated trail, so that its memory can be told.
//
//   node test/support/indexing-main.ts FOLDER WITNESS INDEX

import { readFileSync } from 'node:fs'
import { folderSource } from '../../cli/trail/folder-source.ts'
import { makeIndex } from '../../cli/trail/patient-index.ts'

export type Indexed = {
  seconds: number
  /** Of processors, seconds. */
  processor: number
  /** Resident at its most, bytes. */
  memory: number
}

const [folder = '', witness = '', index = ''] = process.argv.slice(2)
const before = process.cpuUsage()
const began = performance.now()
const source = folderSource(folder)
const { ok } = await makeIndex(index, { source, witness, read: () => undefined }, witness)
if (!ok) throw new Error('The generated trail does not verify')
const { user, system } = process.cpuUsage(before)
const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
const indexed: Indexed = {
  seconds: (performance.now() - began) / 1000,
  processor: (user + system) / 1e6,
  memory: Number(peak) * 1024,
}
console.log(JSON.stringify(indexed))
