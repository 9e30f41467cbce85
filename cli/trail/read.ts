// A trail, read once: every record of every chain and what the registry log says of the server, in the order of
// time, and verified as it passes. What was read is what was verified: there is no second reading in between.

import { Heap } from '../../core/merge.ts'
import { emptyRoot, type Hash, leafHash } from '../../core/merkle.ts'
import type { AuditRecord } from '../../core/record.ts'
import { registryOrigin } from '../../core/wire.ts'
import type { ChainReport } from '../verify/chain-check.ts'
import type { Report, Wanted } from '../verify/export-check.ts'
import { type OpenChain, openChain, openExport, reportOf } from '../verify/open-export.ts'

/** A record with its place. */
export type Placed = {
  /** Origin of its chain; that of the registry log for what the collector says. */
  origin: string
  /** Index in the chain. */
  index: number
  record: AuditRecord
  /** Where its bytes begin in the chain's file of lines, and how many they are without the newline. */
  from: number
  length: number
  /** Leaf hash of its bytes. */
  leaf: Hash
}

export type Reading = {
  /** `namespace/name`. */
  server: string
  /** What the registry log says of the server, in its order. */
  registry: readonly AuditRecord[]
  /** In the order of time; those of one chain in the order of the chain, whatever their clock said. */
  records: AsyncGenerator<Placed>
  /** What was read, judged. Only after `records` ended: then `ok` counts for everything that it gave. */
  report: () => Promise<Report>
}

/** Memory does not grow with the trail, but with how many chains lived at one time. Rejects with `CannotError`. */
export async function readTrail(wanted: Wanted): Promise<Reading> {
  const opened = await openExport(wanted, 'records')
  const reports: (ChainReport | undefined)[] = opened.chains.map(() => undefined)
  const heap = new Heap<Source>()
  for (const [at, expected] of opened.chains.entries()) {
    // Held by its source alone: what was kept to judge a chain goes when the chain is read.
    const chain = await openChain(opened, expected)
    const began = await wanted.source.began(expected.origin)
    const finish = async (): Promise<void> => {
      reports[at] = await chain.finish()
    }
    heap.push(began, { records: placed(chain, expected.origin, wanted.read), finish })
  }
  const registry = ofRegistry(opened.registry)
  heap.push(-Infinity, { records: registry, finish: async () => undefined })
  return {
    server: opened.server,
    registry: opened.registry.map(({ record }) => record),
    records: merged(heap),
    report: async () => {
      const whole = reports.filter((report) => report !== undefined)
      if (whole.length < reports.length) throw new Error('The trail was not read to its end')
      return await reportOf(opened, whole)
    },
  }
}

type Source = { records: AsyncIterator<Placed, undefined>; next?: Placed; finish: () => Promise<void> }

async function* merged(heap: Heap<Source>): AsyncGenerator<Placed> {
  // Read when it is its turn, and for as long as it is: so few files are open at a time. A clock that was set back does not end its
  // turn, so that a record never leaves the order of its chain.
  for (let source = heap.pop(); source !== undefined; source = heap.pop()) {
    for (;;) {
      if (source.next !== undefined) yield source.next
      const read = await source.records.next()
      if (read.done === true) {
        await source.finish()
        break
      }
      source.next = read.value
      const time = timeOf(read.value)
      if (time > (heap.peek() ?? Infinity)) {
        heap.push(time, source)
        break
      }
    }
  }
}

async function* placed(
  chain: OpenChain,
  origin: string,
  read: (records: number) => void,
): AsyncGenerator<Placed, undefined> {
  let from = 0
  let index = 0
  for await (const { bytes, ended } of chain.lines()) {
    const record = chain.read(bytes, ended)
    read(1)
    if (record !== undefined)
      yield { origin, index, record, from, length: bytes.length, leaf: leafHash(bytes) }
    from += bytes.length + 1
    index += 1
  }
}

async function* ofRegistry(
  records: readonly { index: number; record: AuditRecord }[],
): AsyncGenerator<Placed, undefined> {
  for (const { index, record } of records)
    yield { origin: registryOrigin, index, record, from: -1, length: -1, leaf: emptyRoot }
}

const timeOf = ({ record }: Placed): number => Date.parse(record.at)
