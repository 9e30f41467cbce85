// One chain a process: every record in order, as leaves of one Merkle tree (RFC 6962), acknowledged by its home before
// anybody is told. One commit is in flight; whatever arrives meanwhile goes together with the next. The signing key
// lives in this object alone and ends with the process.

import type { KeyObject } from 'node:crypto'
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises'
import type { Acknowledge } from '../../core/acknowledge.ts'
import { backoff } from '../../core/backoff.ts'
import { signCheckpoint } from '../../core/checkpoint.ts'
import { leafHash, Tree } from '../../core/merkle.ts'
import type { Entry, Predecessor } from '../../core/record.ts'
import { entryBytes } from '../../core/record-text.ts'
import { mostOpenCalls } from '../../core/wire.ts'
import { pause } from '../pause.ts'
import { ChainOver, type Home, NotRecorded } from './home.ts'
import { Pace } from './pace.ts'
import { type Pressure, worse } from './pressure.ts'
import type { EntryOf, Trail } from './trail.ts'

export type ChainOptions = {
  origin: string
  /** Private Ed25519 key. */
  key: KeyObject
  home: Home
  acknowledge: Acknowledge
  version: string
  /** What it succeeds, as the collector says; absent where it says nothing. */
  before?: Predecessor
  /** The chain can never go on: end the process. */
  onOver: (over: ChainOver) => void
  /** Called for each acknowledged record. */
  watch?: (seen: { kind: Entry['kind']; milliseconds: number }) => void
  /** Milliseconds since 1970. */
  clock?: () => number
  limits?: Partial<Limits>
}

/** Bounds of what waits for acknowledgement. */
export type Limits = {
  /** Longest wait of a caller, milliseconds. */
  deadline: number
  /** Bytes waiting above which no call begins. */
  soft: number
  /** Bytes waiting above which nothing is taken at all: results of calls that run have room beyond `soft`. */
  hard: number
  /** Calls without a result above which no call begins: fewer than `mostOpenCalls`, at which the chain is over. */
  open: number
  batchRecords: number
  batchBytes: number
}

const usual: Limits = {
  deadline: 5_000,
  soft: 4 * 1024 * 1024,
  hard: 8 * 1024 * 1024,
  open: mostOpenCalls * 0.8,
  batchRecords: 1_024,
  batchBytes: 1024 * 1024,
}

/** Calls that `chain-closed` names at most: the collector finds every open call by itself. */
const openLimit = 500

/** What begins a call, or gives out a certificate for calls: under pressure it is refused at once. */
const begins: ReadonlySet<Entry['kind']> = new Set(['intent', 'enrolment'])

/** Part of `open` at which calls whose result had no room end the chain: they stay open as long as it goes on. */
const lostAt = 1 / 2

/** Parts of `soft` and of `deadline` at which it is said that the trail falls behind. */
const warnAt = { bytes: 1 / 2, deadline: 1 / 5 }

/**
 * What is taken back when nobody waits for it any more and it was never handed to the home: the call does not run, or
 * its author says it again. Results and refusals stay: they happened.
 */
const takenBack: ReadonlySet<Entry['kind']> = new Set(['intent', 'orders', 'counted'])

type Waiting = {
  kind: Entry['kind']
  call: string | undefined
  bytes: Buffer
  since: number
  /** Undefined when nobody waits any more. */
  done: PromiseWithResolvers<void> | undefined
}

export class Chain implements Trail {
  readonly origin: string
  readonly #options: ChainOptions
  readonly #limits: Limits
  readonly #clock: () => number
  readonly #tree = new Tree()
  readonly #pace = new Pace()
  /** Intents whose result was not handed in yet. */
  readonly #open = new Set<string>()
  /** Of these, those whose result was refused: none comes any more, and the collector closes them as unknown at the chain's end. */
  readonly #lost = new Set<string>()
  readonly #stopped = new AbortController()
  #waiting: Waiting[] = []
  /** Handed to the home: their place in the chain is taken, whatever becomes of whoever waits. */
  #sent: Waiting[] = []
  #bytes = 0
  #committing = false
  #started = false
  #closing = false
  #over: ChainOver | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: ChainOptions) {
    this.origin = options.origin
    this.#options = options
    this.#limits = { ...usual, ...options.limits }
    this.#clock = options.clock ?? Date.now
  }

  /** Writes the chain's first record. Anything else does so before itself, with profile `Unknown`. */
  start(profile: string): void {
    if (this.#started) return
    this.#started = true
    const { origin, acknowledge, version, before } = this.#options
    const first = this.#add({
      kind: 'chain-started',
      origin,
      profile,
      acknowledge,
      version,
      ...(before === undefined ? {} : { before }),
    })
    // Whoever waits for a later record waits for this one as well.
    first.catch(() => undefined)
  }

  intend(entry: EntryOf<'intent'>): Promise<void> {
    return this.#take(entry)
  }
  settle(entry: EntryOf<'result'>): Promise<void> {
    return this.#take(entry)
  }
  event(entry: EntryOf<'event'>): Promise<void> {
    return this.#take(entry)
  }
  refuse(entry: EntryOf<'refusal'>): Promise<void> {
    return this.#take(entry)
  }
  note(entry: EntryOf<'orders' | 'counted' | 'enrolment'>): Promise<void> {
    return this.#take(entry)
  }

  trouble(): string | undefined {
    if (this.#over !== undefined) return this.#over.reason
    return this.#options.home.trouble() ?? (this.#isLate() ? 'trail-late' : undefined)
  }

  /** The first step under which the trail is, of its own bounds and of its home's; undefined while all is well. */
  pressure(): Pressure | undefined {
    if (this.#over !== undefined) return { step: 'refuse', reason: this.#over.reason }
    return worse(this.#options.home.pressure(), this.#ownPressure())
  }

  #ownPressure(): Pressure | undefined {
    const { soft, deadline } = this.#limits
    if (this.#bytes > soft) return { step: 'refuse', reason: 'trail-full' }
    if (this.#isCrowded()) return { step: 'refuse', reason: 'too-many-open' }
    if (this.#isLate()) return { step: 'refuse', reason: this.#options.home.trouble() ?? 'trail-late' }
    if (this.#bytes > soft * warnAt.bytes) return { step: 'warn', reason: 'trail-full' }
    return this.#isOlder(deadline * warnAt.deadline) ? { step: 'warn', reason: 'trail-late' } : undefined
  }

  /** Acknowledged records. */
  get size(): number {
    return this.#tree.size
  }
  /** Bytes of records that wait for acknowledgement. */
  get waitingBytes(): number {
    return this.#bytes
  }

  /** A signed note over all acknowledged records. */
  checkpoint(): string {
    const { origin, key } = this.#options
    const head = { origin, size: this.#tree.size, root: this.#tree.root() }
    return signCheckpoint(head, { name: origin, kind: 'ed25519', key })
  }

  /**
   * Writes `chain-closed` with the calls that are still open, and takes nothing after it. Rejects when that is not
   * acknowledged within the deadline; the collector then finds the end by itself.
   */
  async close(): Promise<void> {
    if (this.#closing) return
    const closed = this.#started
      ? this.#take({ kind: 'chain-closed', open: [...this.#open].slice(0, openLimit) })
      : undefined
    this.#closing = true
    try {
      await closed
    } finally {
      this.#stopped.abort()
      clearTimeout(this.#timer)
    }
  }

  #take(entry: Entry): Promise<void> {
    this.start('Unknown')
    const refused = this.#refused(entry)
    if (refused === undefined) return this.#add(entry)
    this.#lose(entry)
    return Promise.reject(new NotRecorded(refused))
  }

  /** Why this is not taken; undefined where it is. */
  #refused({ kind }: Entry): string | undefined {
    if (this.#closing) return 'trail-closed'
    if (this.#over !== undefined) return this.#over.reason
    // Refused early and not queued: a call that would wait for nothing is told so at once.
    const room =
      kind === 'result' || kind === 'event' || kind === 'chain-closed' ? this.#limits.hard : this.#limits.soft
    if (this.#bytes > room) return 'trail-full'
    if (kind === 'intent' && this.#isCrowded()) return 'too-many-open'
    const pressure = this.#options.home.pressure()
    if (pressure?.step === 'refuse' && begins.has(kind)) return pressure.reason
    return this.#isLate() && takenBack.has(kind) ? (this.trouble() ?? 'trail-late') : undefined
  }

  #add(entry: Entry): Promise<void> {
    const done = Promise.withResolvers<void>()
    try {
      this.#queue(entry, done)
    } catch (error) {
      this.#lose(entry)
      done.reject(error)
    }
    return done.promise
  }

  #queue(entry: Entry, done: PromiseWithResolvers<void>): void {
    // Throws: a malformed record would be refused by the collector for ever, and everything behind it with it.
    const bytes = entryBytes(entry, this.#clock())
    const call = 'call' in entry ? entry.call : undefined
    this.#waiting.push({ kind: entry.kind, call, bytes, since: performance.now(), done })
    this.#bytes += bytes.length
    if (entry.kind === 'intent') this.#open.add(entry.call)
    if (entry.kind === 'result') {
      this.#open.delete(entry.call)
      this.#lost.delete(entry.call)
    }
    this.#arm()
    if (this.#committing) return
    this.#committing = true
    this.#commitAll().catch((error: unknown) => this.#end(new ChainOver('chain-broken', { cause: error })))
  }

  async #commitAll(): Promise<void> {
    try {
      // What this turn of the event loop brings goes together, and under load what the next milliseconds bring.
      if (this.#pace.wait(performance.now()) === 0) await immediate()
      let kept: Waiting[] = []
      for (;;) {
        const wait = this.#pace.wait(performance.now())
        if (wait > 0 || this.#waiting.length === 0) {
          this.#acknowledge(kept)
          kept = []
        }
        if (wait > 0) await sleep(wait)
        if (this.#waiting.length === 0 || this.#over !== undefined || this.#stopped.signal.aborted) return
        this.#sent = this.#batch()
        this.#pace.began(performance.now(), this.#sent.length)
        const commit = this.#commit(this.#sent.map(({ bytes }) => bytes))
        // It is on its way before the calls go on that the one before has kept: their work would hold it up.
        if (kept.length > 0) await ticked()
        this.#acknowledge(kept)
        await commit
        if (this.#over !== undefined || this.#stopped.signal.aborted) return
        kept = this.#sent
        this.#sent = []
        for (const { bytes } of kept) this.#tree.append(leafHash(bytes))
      }
    } finally {
      this.#committing = false
    }
  }

  #batch(): Waiting[] {
    const { batchRecords, batchBytes } = this.#limits
    let bytes = 0
    let count = 0
    for (const waiting of this.#waiting) {
      bytes += waiting.bytes.length
      if (count === batchRecords || (count > 0 && bytes > batchBytes)) break
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  /** The same records at the same place until the home has them: anything else would fork the chain. */
  async #commit(records: readonly Buffer[]): Promise<void> {
    for (let attempt = 0; !this.#stopped.signal.aborted; attempt += 1) {
      try {
        await this.#options.home.commit(this.#tree.size, records)
        return
      } catch (error) {
        if (error instanceof ChainOver) return this.#end(error)
      }
      await pause(backoff(attempt, 50, 1_000), this.#stopped.signal).catch(() => undefined)
    }
  }

  /** Tells whoever waits for these, which the home has. */
  #acknowledge(kept: readonly Waiting[]): void {
    const now = performance.now()
    for (const { kind, call, bytes, since, done } of kept) {
      this.#bytes -= bytes.length
      done?.resolve()
      this.#options.watch?.({ kind, milliseconds: now - since })
      if (kind === 'intent' && done === undefined && call !== undefined) this.#closeAbandoned(call)
    }
    this.#arm()
    this.#endIfLost()
  }

  #lose(entry: Entry): void {
    if (entry.kind !== 'result' || !this.#open.has(entry.call)) return
    this.#lost.add(entry.call)
    this.#endIfLost()
  }

  #hasLost(): boolean {
    return this.#lost.size >= this.#limits.open * lostAt
  }

  /** No call begins: too many are open, or the chain is about to end because of those that stay so. */
  #isCrowded(): boolean {
    return this.#open.size >= this.#limits.open || this.#hasLost()
  }

  /** Not before the home has each result that waits: it would be lost as well. No call begins meanwhile, so there is an end. */
  #endIfLost(): void {
    if (this.#closing || !this.#hasLost()) return
    if ([...this.#sent, ...this.#waiting].some(({ kind }) => kind === 'result')) return
    this.#end(new ChainOver('too-many-open'))
  }

  /** Its caller was told that the intent is not recorded, so it was never sent: it did not run, and the trail says so. */
  #closeAbandoned(call: string): void {
    if (!this.#open.has(call) || this.#closing) return
    const settled = this.#add({
      kind: 'result',
      call,
      outcome: 'error',
      bytes: 0,
      patients: [],
      kept: {},
      dropped: {},
      redacted: {},
      milliseconds: 0,
    })
    // Nobody waits for it; while it is not there the intent counts as unknown, which is on the safe side.
    settled.catch(() => undefined)
  }

  #isLate(): boolean {
    return this.#isOlder(this.#limits.deadline)
  }

  #isOlder(milliseconds: number): boolean {
    const oldest = this.#sent[0] ?? this.#waiting[0]
    return oldest !== undefined && performance.now() - oldest.since >= milliseconds
  }

  #arm(): void {
    if (this.#timer !== undefined) return
    const oldest = [...this.#sent, ...this.#waiting].find(({ done }) => done !== undefined)
    if (oldest === undefined) return
    const wait = oldest.since + this.#limits.deadline - performance.now()
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#expire()
        this.#arm()
      },
      Math.max(1, wait),
    )
  }

  /** Tells everybody who has waited too long. */
  #expire(): void {
    const before = performance.now() - this.#limits.deadline
    const late = (waiting: Waiting) => waiting.done !== undefined && waiting.since <= before
    const reason = this.trouble() ?? 'trail-late'
    const told = [...this.#sent, ...this.#waiting].filter(late)
    const back = this.#waiting.filter((waiting) => late(waiting) && takenBack.has(waiting.kind))
    for (const { kind, call, bytes } of back) {
      this.#bytes -= bytes.length
      if (kind === 'intent' && call !== undefined) this.#open.delete(call)
    }
    this.#waiting = this.#waiting.filter((waiting) => !back.includes(waiting))
    for (const waiting of told) {
      waiting.done?.reject(new NotRecorded(reason))
      waiting.done = undefined
    }
  }

  #end(over: ChainOver): void {
    if (this.#over !== undefined) return
    this.#over = over
    clearTimeout(this.#timer)
    for (const { done } of [...this.#sent, ...this.#waiting]) done?.reject(new NotRecorded(over.reason))
    this.#waiting = []
    this.#options.onOver(over)
  }
}

/** When what this turn of the event loop has begun was handed to the system. */
async function ticked(): Promise<void> {
  await new Promise<void>((resolve) => process.nextTick(resolve))
}
