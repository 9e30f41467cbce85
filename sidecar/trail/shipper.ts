// Local and Both: follows the segments to the collector, frame by frame, with a bounded lag. Reads from the files and holds one
// batch in memory, so that a collector that is away costs disk and not memory.

import { open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { backoff } from '../../core/backoff.ts'
import { recordsLimit } from '../../core/wire.ts'
import { codeOf, type Log } from '../log.ts'
import { pause } from '../pause.ts'
import type { Contact } from './contact.ts'
import { frameAt, recordsIn } from './frames.ts'
import { ChainOver, NotRecorded } from './home.ts'
import { type Marks, type Pressure, usualMarks } from './pressure.ts'
import { type Segment, type Segments, syncFolder } from './segment.ts'

export type ShipperOptions = {
  segments: Segments
  contact: Pick<Contact, 'records' | 'checkpoint'>
  onOver: (over: ChainOver) => void
  log: Log
  marks?: Marks
  /** Milliseconds that what comes is gathered, so that it goes in one exchange. */
  gather: number
  /** How many segments stay on the volume though the collector has them: the newest. */
  keep: number
}

/** No more is sent at once than the collector takes. */
const readBytes = recordsLimit
/** A frame holds at most a batch of the chain's, which is as large: what is read holds at least one whole frame. */
const batchBytes = readBytes / 2

/** Batch of frames that go together: records, then at most one checkpoint over them. */
type Batch = { records: Buffer[]; note?: string; to: number }

export class Shipper {
  readonly #options: ShipperOptions
  readonly #over = new AbortController()
  /** From now on nothing is gathered. */
  readonly #closing = new AbortController()
  /** Where the next frame to ship begins, in the oldest segment. */
  #at = 0
  /** Records shipped. */
  #shipped = 0
  #wake = Promise.withResolvers<void>()
  #running: Promise<void>
  /** Times at which bytes were acknowledged that are not shipped: newest totals, at most one a second. */
  #marks: { total: number; at: number }[] = []
  #appended = 0
  #taken = 0
  /** Segments that the collector has, oldest first. */
  #kept: Segment[] = []
  /** Who waits for the collector to have so many records: one, since one commit is in flight. */
  #awaited: { records: number; done: PromiseWithResolvers<void> } | undefined
  /** Why nothing is shipped any more. */
  #ended: ChainOver | NotRecorded | undefined

  constructor(options: ShipperOptions) {
    this.#options = options
    this.#running = this.#run().finally(() => {
      this.#ended ??= new NotRecorded('trail-closed')
      this.#awaited?.done.reject(this.#ended)
    })
  }

  /** So many bytes were acknowledged on the volume. */
  appended(bytes: number): void {
    this.#appended += bytes
    const last = this.#marks.at(-1)
    const now = performance.now()
    // A mark stands for the bytes up to the next one, at the time of the oldest of them.
    if (last === undefined || now - last.at > 1_000) this.#marks.push({ total: this.#appended, at: now })
    else last.total = this.#appended
    this.#wake.resolve()
  }

  /** Resolves when the collector has so many records of this chain. Rejects when it never will from here. */
  async shipped(records: number): Promise<void> {
    if (this.#shipped >= records) return
    if (this.#ended !== undefined) throw this.#ended
    this.#awaited = { records, done: Promise.withResolvers() }
    await this.#awaited.done.promise
  }

  /** Bytes that are on the volume and not yet at the collector. */
  behind(): number {
    return this.#appended - this.#taken
  }

  /** Behind a mark, by bytes or by the age of the oldest of them. */
  pressure(): Pressure | undefined {
    const { warn, refuse } = this.#options.marks ?? usualMarks
    if (this.#isBehind(refuse)) return { step: 'refuse', reason: 'collector-behind' }
    return this.#isBehind(warn) ? { step: 'warn', reason: 'collector-behind' } : undefined
  }

  /** `collector-behind` while no new call begins. */
  trouble(): string | undefined {
    const pressure = this.pressure()
    return pressure?.step === 'refuse' ? pressure.reason : undefined
  }

  /** Nothing more may wait here. */
  isFull(): boolean {
    return this.behind() > (this.#options.marks ?? usualMarks).full.bytes
  }

  #isBehind({ bytes, milliseconds }: Marks['warn']): boolean {
    const oldest = this.#marks[0]
    const late = oldest !== undefined && performance.now() - oldest.at > milliseconds
    return late || this.behind() > bytes
  }

  /** Ships what is there for at most so many milliseconds, then ends. What is left stays on the volume. */
  async close(milliseconds: number): Promise<void> {
    const until = performance.now() + milliseconds
    this.#closing.abort()
    while (this.behind() > 0 && performance.now() < until && !this.#over.signal.aborted) await pause(20)
    this.#over.abort()
    this.#wake.resolve()
    await this.#running
  }

  async #run(): Promise<void> {
    let attempt = 0
    while (!this.#over.signal.aborted) {
      try {
        if (!(await this.#ship())) await this.#sleep()
        if (this.#options.gather > 0 && this.behind() < batchBytes) await this.#gather()
        attempt = 0
      } catch (error) {
        if (this.#over.signal.aborted) return
        if (error instanceof ChainOver) {
          this.#ended = error
          this.#over.abort()
          return this.#options.onOver(error)
        }
        this.#options.log.warn('Records wait on the volume; shipping them again', {
          error: codeOf(error),
          bytes: this.behind(),
          attempt,
        })
        await pause(backoff(attempt, 100, 2_000), this.#over.signal).catch(() => undefined)
        attempt += 1
      }
    }
  }

  async #sleep(): Promise<void> {
    await this.#wake.promise
    this.#wake = Promise.withResolvers<void>()
  }

  /** Lets more come, unless the end has begun. */
  async #gather(): Promise<void> {
    await pause(this.#options.gather, this.#closing.signal).catch(() => undefined)
  }

  /** Ships one batch of the oldest segment, or takes that segment away. Returns whether there was anything to do. */
  async #ship(): Promise<boolean> {
    const { list } = this.#options.segments
    const [segment] = list
    if (segment === undefined) return false
    this.#at = Math.max(this.#at, segment.start)
    if (this.#at === segment.end) {
      if (!segment.sealed) return false
      list.shift()
      this.#at = 0
      // Only now: the collector has committed all of it.
      this.#kept.push(segment)
      await this.#letGo()
      return true
    }
    const batch = await readBatch(segment, this.#at)
    const { contact } = this.#options
    if (batch.records.length > 0) await contact.records(this.#shipped, batch.records)
    if (batch.note !== undefined) await contact.checkpoint(batch.note)
    this.#shipped += batch.records.length
    if (this.#awaited !== undefined && this.#shipped >= this.#awaited.records) this.#awaited.done.resolve()
    this.#taken += batch.to - this.#at
    this.#at = batch.to
    this.#marks = this.#marks.filter(({ total }) => total > this.#taken)
    return true
  }

  /** Takes away the oldest of what the collector has, down to what is kept. */
  async #letGo(): Promise<void> {
    const more = Math.max(0, this.#kept.length - this.#options.keep)
    for (const { path } of this.#kept.slice(0, more)) {
      await unlink(path)
      this.#kept.shift()
      await syncFolder(dirname(path))
    }
  }
}

/** Reads from `start` on up to the end of what is durable, up to a checkpoint, or up to `batchBytes`. */
async function readBatch(segment: Segment, start: number): Promise<Batch> {
  const bytes = await readDurable(segment, start)
  const end = start + bytes.length
  const batch: Batch = { records: [], to: start }
  while (batch.to < end && batch.to - start < batchBytes && batch.note === undefined) {
    const next = frameAt(bytes, batch.to - start)
    if (next === undefined) {
      // The rest of it was not read.
      if (batch.to > start && bytes.length === readBytes) break
      // It was durable once: anything else at its place is damage, and the chain cannot go on.
      throw new ChainOver('segment-damaged')
    }
    if (next.kind === 'checkpoint') batch.note = next.payload.toString('utf8')
    else if (next.kind === 'records') batch.records.push(...recordsIn(next.payload))
    batch.to = start + next.end
  }
  return batch
}

/** What is durable from `start` on, up to `readBytes`. */
async function readDurable({ path, end }: Segment, start: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(Math.min(end - start, readBytes))
  const handle = await open(path, 'r')
  try {
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start)
    if (bytesRead !== bytes.length) throw new ChainOver('segment-damaged')
    return bytes
  } finally {
    await handle.close()
  }
}
