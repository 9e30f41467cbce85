// Which of several collectors sends: copies, the registry log to the archive, and to the witnesses outside the cluster. It says so
// in the store time after time; where it falls silent another goes on from what is there. Times are those of each
// collector's own steady clock: none is compared with another's.
//
// Two may send for a moment, where one hung amid a request: what is sent says which record it is, and how far a target is
// stands in the store only once the target took it. So something may come twice then, and nothing is left out.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CopyReport } from '../core/copies.ts'
import { isObject } from '../core/is-object.ts'
import type { WitnessReport } from '../core/wire.ts'
import type { Store } from './commit/commit.ts'
import type { Log } from './log.ts'

/** What the one that sends tells the others, who are asked about it as well. */
export type Told = {
  copies: readonly CopyReport[]
  witnesses: WitnessReport['witnesses']
  /** Why its newest round of archiving left something, kebab-case. */
  archive?: string
}

export interface Sending {
  /** Aborts when another may send; undefined where another does, or nobody so far. */
  readonly tenure: AbortSignal | undefined
  /** What the other that sends said last. */
  heard(): Told | undefined
}

/** Of a store that no other collector shares. */
export const alone: Sending = { tenure: new AbortController().signal, heard: () => undefined }

export type SenderOptions = {
  store: Pick<Store, 'note' | 'saveNote'>
  /** What is told to the others while it sends. */
  tells: () => Told
  log: Pick<Log, 'info'>
  /** Milliseconds of a clock that nobody can set. */
  steady: () => number
  times?: Times
}

/** Milliseconds. */
export type Times = {
  /** So often the one that sends says so, and the others look. */
  beat: number
  /** It sends for so long after it last said so. */
  lease: number
  /** Another goes on after so much silence: longer than `lease`. */
  silence: number
  /** Before it begins it looks, so much later, whether yet another did the same. */
  settle: number
  /** For so long every target of copies may fail before another is offered the turn; twice as long each time, up to `most`. */
  patience: { least: number; most: number }
}
const usual: Times = {
  beat: 2_000,
  lease: 8_000,
  silence: 12_000,
  settle: 1_000,
  patience: { least: 60_000, most: 3_600_000 },
}

/** A store that hangs keeps no process from its end. */
const closeMs = 1_000

const noteName = 'sender'
const schema = 'hipaa-mcp-sender/1'

type Said = {
  schema: typeof schema
  id: string
  beat: number
  told?: Told
  /** Another may send in its place; it goes on until one does. */
  offers?: true
}

export class Sender implements Sending {
  readonly #options: SenderOptions
  readonly #times: Times
  readonly #id = randomUUID()
  #beat = 0
  #tenure: AbortController | undefined
  #expires: NodeJS.Timeout | undefined
  readonly #closed = new AbortController()
  #turning: Promise<void> | undefined
  /** What others said last, and since when they say nothing else. */
  #seen: { text: string | undefined; since: number; told?: Told } | undefined
  /** Since when every target fails, while it sends. */
  #failingSince: number | undefined
  /** It offers its turn to another. */
  #offers = false
  /** How often another took its turn since a target last took something. */
  #lostTurns = 0
  /** It does not begin before: whoever offered the turn may send until then. */
  #waitsUntil = Number.NEGATIVE_INFINITY

  constructor(options: SenderOptions) {
    this.#options = options
    this.#times = options.times ?? usual
  }

  get tenure(): AbortSignal | undefined {
    return this.#tenure?.signal
  }

  heard(): Told | undefined {
    return this.#seen?.told
  }

  /** Looks, and says what it does, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // A store that is away is told of where it is watched.
      await this.turn().catch(() => undefined)
      await sleep(this.#times.beat, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Ends what it does and lets another begin at once. Never rejects. */
  async close(): Promise<void> {
    this.#closed.abort()
    this.#end()
    const left = this.#leave().catch(() => undefined)
    await Promise.race([left, sleep(closeMs, undefined, { ref: false })])
  }

  /** After what is on its way to the store: that would put the name back. */
  async #leave(): Promise<void> {
    const { store } = this.#options
    await this.#turning?.catch(() => undefined)
    if (saidIn(await store.note(noteName))?.id === this.#id) await store.saveNote(noteName, '')
  }

  /** Rejects with what the store rejects with: nothing is known then of who sends. */
  async turn(): Promise<void> {
    if (this.#closed.signal.aborted) return
    const turning = this.#turn()
    this.#turning = turning
    try {
      await turning
    } finally {
      if (this.#turning === turning) this.#turning = undefined
    }
  }

  async #turn(): Promise<void> {
    const { store, steady } = this.#options
    const began = steady()
    let text: string | undefined
    try {
      text = await store.note(noteName)
    } catch (error) {
      this.#seen = undefined
      throw error
    }
    if (this.#closed.signal.aborted) return
    const said = saidIn(text)
    if (said?.id === this.#id && this.#tenure !== undefined) return await this.#say(began)
    if (this.#offers && said !== undefined && said.id !== this.#id) this.#lostTurns += 1
    this.#end()
    if (said === undefined || said.id === this.#id)
      return await (began < this.#waitsUntil ? undefined : this.#begin())
    const seen = this.#seen
    if (seen === undefined || seen.text !== text) this.#seen = { text, since: began, ...told(said) }
    else if (began - seen.since > this.#times.silence) return await this.#begin()
    if (said.offers === true) await this.#take(said)
  }

  /** Whoever offered the turn sees it at their next look, or their lease is over by the time that this one begins. */
  async #take({ told: what }: Said): Promise<void> {
    const { store, steady } = this.#options
    await store.saveNote(noteName, this.#text(what))
    this.#waitsUntil = steady() + this.#times.lease
  }

  async #begin(): Promise<void> {
    const { store, steady, log } = this.#options
    const began = steady()
    await store.saveNote(noteName, this.#text())
    await sleep(this.#times.settle, undefined, { signal: this.#closed.signal }).catch(() => undefined)
    if (saidIn(await store.note(noteName))?.id !== this.#id) return
    if (!this.#extend(began)) return
    this.#seen = undefined
    log.info('this collector sends copies, and the log to witnesses and archive')
  }

  /** Every target has failed for so long: it may be this collector that none can be reached from. */
  #isInVain(now: number): boolean {
    const { copies } = this.#options.tells()
    if (
      copies.length === 0 ||
      copies.some(({ trouble, pending }) => trouble === undefined || pending === 0)
    ) {
      this.#failingSince = undefined
      this.#lostTurns = 0
      return false
    }
    this.#failingSince ??= now
    const { least, most } = this.#times.patience
    return now - this.#failingSince >= Math.min(most, least * 2 ** this.#lostTurns)
  }

  async #say(began: number): Promise<void> {
    const offered = this.#offers
    this.#offers = this.#isInVain(began)
    if (this.#offers && !offered)
      this.#options.log.info('every target of copies fails: another collector may send in place of this one')
    await this.#options.store.saveNote(noteName, this.#text())
    this.#extend(began)
  }

  /** What was said at `began` holds for the time of a lease. False where that is over, or this collector was closed. */
  #extend(began: number): boolean {
    const left = began + this.#times.lease - this.#options.steady()
    clearTimeout(this.#expires)
    if (left <= 0 || this.#closed.signal.aborted) {
      this.#end()
      return false
    }
    this.#tenure ??= new AbortController()
    this.#expires = setTimeout(() => this.#end(), left).unref()
    return true
  }

  #end(): void {
    clearTimeout(this.#expires)
    this.#tenure?.abort()
    this.#tenure = undefined
    this.#failingSince = undefined
    this.#offers = false
  }

  #text(what = this.#options.tells()): string {
    this.#beat += 1
    const said: Said = { schema, id: this.#id, beat: this.#beat, told: what }
    return JSON.stringify(this.#offers ? { ...said, offers: true } : said)
  }
}

const told = ({ told: what }: Said): { told?: Told } => (what === undefined ? {} : { told: what })

/** Undefined where nobody says that they send. */
function saidIn(text: string | undefined): Said | undefined {
  if (text === undefined || text === '') return undefined
  try {
    const said: unknown = JSON.parse(text)
    return isObject(said) && said['schema'] === schema ? (said as Said) : undefined
  } catch {
    return undefined
  }
}
