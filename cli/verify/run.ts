// A run of records that stand one behind another in a buffer: all that a verifier must know of them, made without an object a record.
// Pure, and at home in any thread: buffers are shared, what is made of them is small.

import { hashRun, type Peaks } from '../../core/leaf-run.ts'
import { type AuditRecord, type Predecessor, parseRecord } from '../../core/record.ts'
import { recordKinds } from '../../core/record-shape.ts'
import { odd, scanBytes, scanned, scanRecords, scanRun } from '../../core/scan/scan.ts'

/** What is judged of one record. */
export type Fact = {
  kind: AuditRecord['kind']
  /** Milliseconds since 1970. */
  time: number
  call?: string
  /** Of `chain-started`. */
  origin?: string
  before?: Predecessor
}

/** Largest run: bytes of it, and records. */
export const runBytes: number = scanBytes
export const runRecords: number = scanRecords

/** Shared memory of one run, used again and again. */
export type Slot = {
  /** Records begin at 1: the byte before each is written over. */
  bytes: Uint8Array
  /** Where each begins, and one more for where the next would. */
  starts: Uint32Array
  /** Places in `recordKinds`; `odd` where the record stands in `Run.odd`. */
  kinds: Uint8Array
  times: Float64Array
  /** From and to of each record's call in `bytes`; both 0 where it has none. */
  calls: Uint32Array
  /** 0 for intents and results that answer each other within one part of the run. */
  loose: Uint8Array
}

export function newSlot(): Slot {
  return {
    bytes: new Uint8Array(new SharedArrayBuffer(1 + runBytes)),
    starts: new Uint32Array(new SharedArrayBuffer(4 * (runRecords + 1))),
    kinds: new Uint8Array(new SharedArrayBuffer(runRecords)),
    times: new Float64Array(new SharedArrayBuffer(8 * runRecords)),
    calls: new Uint32Array(new SharedArrayBuffer(8 * runRecords)),
    loose: new Uint8Array(new SharedArrayBuffer(runRecords)),
  }
}

/** `first`: index in the chain of the first record. `counts`: the run's parts, after each of which the root is wanted. */
export type Job = { first: number; counts: number[] }

export type Run = {
  /** Of each part. */
  peaks: Peaks[]
  /** By their place in the run, those that could not be read where they stand; undefined: it is no record. */
  odd: Map<number, Fact | undefined>
}

const start = recordKinds.indexOf('chain-started')

/** Reads and hashes a run. Its newlines are gone afterwards. */
export function readRun(slot: Slot, { first, counts }: Job): Run {
  const bytes = Buffer.from(slot.bytes.buffer, slot.bytes.byteOffset, slot.bytes.length)
  const run: Run = { peaks: [], odd: new Map() }
  let done = 0
  for (const count of counts) {
    const starts = slot.starts.subarray(done)
    scanRun(bytes, starts, count)
    slot.kinds.set(scanned.kinds.subarray(0, count), done)
    slot.times.set(scanned.times.subarray(0, count), done)
    slot.calls.set(scanned.calls.subarray(0, 2 * count), 2 * done)
    slot.loose.set(scanned.loose.subarray(0, count), done)
    // What is rare is read whole.
    for (let i = 0; i < count; i += 1) {
      const kind = slot.kinds[done + i]
      if (kind !== odd && kind !== start) continue
      slot.kinds[done + i] = odd
      run.odd.set(done + i, factIn(bytes.subarray(starts[i], (starts[i + 1] as number) - 1)))
    }
    run.peaks.push(hashRun(bytes, starts, first + done, count))
    done += count
  }
  return run
}

/** What is judged of a record; undefined where it is none. */
export function factIn(bytes: Uint8Array): Fact | undefined {
  try {
    return factOf(parseRecord(bytes))
  } catch {
    return undefined
  }
}

export function factOf(record: AuditRecord): Fact {
  return {
    kind: record.kind,
    time: Date.parse(record.at),
    ...('call' in record ? { call: record.call } : {}),
    ...(record.kind === 'chain-started' ? started(record) : {}),
  }
}

function started({
  origin,
  before,
}: Extract<AuditRecord, { kind: 'chain-started' }>): Pick<Fact, 'origin' | 'before'> {
  return { origin, ...(before === undefined ? {} : { before }) }
}
