// A whole trail, offline where it can be. Nothing in it is believed but what a signature covers; the witness's key is the one
// thing that must come from elsewhere, and the report says whether it did.

import { recordKinds } from '../../core/record-shape.ts'
import { odd } from '../../core/scan/scan.ts'
import type { WitnessPolicy } from '../../core/witness-policy.ts'
import type { Spot, TrailSource } from '../trail/source.ts'
import type { ChainReport } from './chain-check.ts'
import type { Earlier } from './earlier.ts'
import { FileRuns } from './file-runs.ts'
import type { Finding } from './finding.ts'
import { type OpenChain, openChain, openExport, reportOf } from './open-export.ts'
import type { Outside } from './outside-check.ts'
import type { Expected } from './registry-check.ts'
import { type Fact, type Job, type Run, type Slot } from './run.ts'
import { RunPool } from './run-pool.ts'

export type Report = {
  ok: boolean
  server: string
  witness: {
    /** The collector's own; empty where a policy is given that does not have it: then it proves nothing. */
    vkey: string
    /** The verifier brought it, and did not take it from the export. */
    pinned: boolean
  }
  /**
   * What the verifier brought along and did not take from the export. `nothing`: it shows at most that the export agrees
   * with itself.
   */
  pinned: 'policy' | 'witness' | 'earlier' | 'nothing'
  /** How far witnesses outside the cluster vouch for it, in the registry log; with a policy only. */
  outside?: Outside
  registry: { records: number; through: number; witnessed?: number }
  chains: Omit<ChainReport, 'findings'>[]
  findings: Finding[]
}

export type Wanted = {
  source: TrailSource
  /** `namespace/name`; without it that of the manifest. */
  server?: string
  /** The witness's verifier key, from a source that the export cannot have touched. */
  witness?: string
  /** Whose word the verifier believes: the log's key and witnesses outside the cluster. No other key is believed then. */
  policy?: WitnessPolicy
  /** What the verifier kept from before: the trail must go on from it. */
  earlier?: Earlier
  /** Told of records that were read. */
  read: (records: number) => void
  /** Whether a chain was verified before as the log has it now, and can never be another: it is not read again. */
  known?: (expected: Expected) => boolean
  /** Who wants what is verified, as it passes; asked before each chain is read. */
  hearer?: (origin: string) => Promise<Hearer>
}

/** Told of the records of one chain in order. What it makes of them counts only when the report says that all is proved. */
export type Hearer = {
  /** `bytes` are written over afterwards. */
  take: (fact: Fact, bytes: Buffer, spot: Spot) => void
  end: () => void
}

/** Chains of which runs are under way at once. */
const chainsAtOnce = 2

/** Verifies a trail. Rejects with `CannotError` only when there is nothing to verify. `poolFor`: threads for so many bytes. */
export async function checkExport(
  wanted: Wanted,
  poolFor: (bytes: number) => RunPool = (bytes) => new RunPool(bytes),
): Promise<Report> {
  const opened = await openExport(wanted, 'findings')
  const reports: ChainReport[] = []
  const pool = poolFor(await wanted.source.size(opened.chains.map(({ origin }) => origin)))
  const waiting = opened.chains.entries()
  const work = async (): Promise<void> => {
    for (const [at, expected] of waiting) {
      if (wanted.known?.(expected) === true) {
        reports[at] = knownReport(expected)
        continue
      }
      const chain = await openChain(opened, expected)
      const hearer = await wanted.hearer?.(expected.origin)
      await readWhole(chain, pool, wanted.read, hearer)
      hearer?.end()
      reports[at] = await chain.finish()
    }
  }
  try {
    await Promise.all(Array.from({ length: chainsAtOnce }, work))
  } finally {
    await pool.close()
  }
  return await reportOf(opened, reports)
}

/** What was found of a chain that had ended when it was verified. */
function knownReport({ origin, ended, marks }: Expected): ChainReport {
  const end = marks.findLast(({ what }) => what === 'ended')
  const records = end?.size ?? 0
  return {
    origin,
    records,
    through: records - 1,
    state: ended ?? 'live',
    unknown: [...(end?.unknown ?? [])],
    open: 0,
    findings: [],
  }
}

/** A file of lines by runs, everything else record by record. */
async function readWhole(
  chain: OpenChain,
  pool: RunPool,
  read: (records: number) => void,
  hearer: Hearer | undefined,
): Promise<void> {
  const path = await chain.file()
  let first = 0
  let from = 0
  if (path === undefined) {
    for await (const { bytes, ended } of chain.lines()) {
      const fact = chain.take(bytes, ended)
      if (fact !== undefined) hearer?.take(fact, bytes, { index: first, from, length: bytes.length })
      first += 1
      from += bytes.length + 1
      read(1)
    }
    return
  }
  const file = await FileRuns.open(path)
  const under: { slot: Slot; job: Job; run: Promise<Run> }[] = []
  const judge = async (): Promise<void> => {
    const { slot, job, run } = under.shift() as (typeof under)[number]
    const done = await run
    chain.takeRun(slot, job, done)
    const count = job.counts.reduce((sum, each) => sum + each, 0)
    if (hearer !== undefined) from += tell(hearer, { slot, run: done, count }, { index: job.first, from })
    read(count)
    pool.giveBack(slot)
  }
  try {
    for (;;) {
      const slot = pool.take()
      const { records } = await file.fill(slot)
      if (records === 0) {
        pool.giveBack(slot)
        break
      }
      const job: Job = { first, counts: chain.parts(first, records) }
      const run = pool.run(slot, job)
      // One that fails is heard of in its turn, and not while the file is read.
      run.catch(() => undefined)
      under.push({ slot, job, run })
      first += records
      if (under.length >= pool.depth) await judge()
    }
    while (under.length > 0) await judge()
    if (file.rest !== undefined) chain.take(file.rest, false)
  } finally {
    await Promise.allSettled(under.map(async ({ run }) => await run))
    await file.close()
  }
}

/** Tells of each record of a run. Returns how many bytes of the file it was. */
function tell(
  hearer: Hearer,
  { slot, run, count }: { slot: Slot; run: Run; count: number },
  at: Pick<Spot, 'index' | 'from'>,
): number {
  const bytes = Buffer.from(slot.bytes.buffer, slot.bytes.byteOffset, slot.bytes.length)
  for (let i = 0; i < count; i += 1) {
    const [begin, next] = [slot.starts[i], slot.starts[i + 1]] as [number, number]
    const fact = slot.kinds[i] === odd ? run.odd.get(i) : factAt(slot, bytes, i)
    if (fact === undefined) continue
    const spot = { index: at.index + i, from: at.from + begin - 1, length: next - begin - 1 }
    hearer.take(fact, bytes.subarray(begin, next - 1), spot)
  }
  return (slot.starts[count] as number) - 1
}

function factAt({ kinds, times, calls }: Slot, bytes: Buffer, i: number): Fact {
  const kind = recordKinds[kinds[i] as number] as Fact['kind']
  const [from, to] = [calls[2 * i], calls[2 * i + 1]] as [number, number]
  const call = to === 0 ? {} : { call: bytes.toString('latin1', from, to) }
  return { kind, time: times[i] as number, ...call }
}
