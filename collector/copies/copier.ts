// Copies the trail to one target, behind everything that is acknowledged: it reads what is committed, so no record waits for it,
// and memory holds one request. What a target took is remembered in the store; after a restart a few come twice, and none is
// left out.
//
// What is true if the process dies: up to the place that was saved the target has everything. Beyond it, it may have some,
// which come again; each says which record it is.

import { setTimeout as sleep } from 'node:timers/promises'
import { backoff } from '../../core/backoff.ts'
import type { CopyReport } from '../../core/copies.ts'
import type { AuditRecord } from '../../core/record.ts'
import { registryOrigin } from '../../core/wire.ts'
import { Corrupt, type Store } from '../commit/commit.ts'
import type { Registry } from '../registry.ts'
import type { Form, Item } from './form.ts'
import { type ChainPlace, CopyPlace } from './place.ts'
import type { Recent } from './recent.ts'
import type { Send } from './send.ts'

/** What copying knows of the trail. */
export type Copyable = {
  store: Pick<Store, 'read' | 'note' | 'saveNote'>
  registry: Pick<Registry, 'entries' | 'size'>
  recent: Pick<Recent, 'read'>
  /** Committed records of a chain; undefined where that is not known, and where they are not what was committed. */
  size: (origin: string) => number | undefined
  /** Milliseconds since 1970. */
  now: () => number
}

/** No request begins any more; and those that run are cut. */
type Ends = { signal: AbortSignal; cut: AbortSignal }

export type CopierOptions = {
  name: string
  as: CopyReport['as']
  form: Form
  send: Send
  since?: 'now'
  trail: Copyable
  /** Told which record is a stub at its target. */
  stubbed?: (origin: string, index: number) => void
  /** Pauses after a request that failed, milliseconds. */
  pauses?: { least: number; most: number }
}

/** A request holds so many records at most, or so many bytes and one record more. */
const batch = { records: 256, bytes: 1024 * 1024 }
/** So often the place is saved while there is much to send. */
const saveMs = 5_000
/** What waits for longer is behind, milliseconds. */
const behindMs = 300_000
/** So often a single record is sent that its target refuses, before a stub is sent in its place. */
const mostTries = 8

export class Copier {
  /** Records that the target said it will never have. */
  refused = 0
  /** Of records that the target would not have: it has a stub that names each. */
  stubs = 0
  /** Log records or events that the target took. */
  taken = 0
  readonly name: string
  readonly #options: CopierOptions
  #place: CopyPlace | undefined
  /** Chains of which this process has told the form everything before their place. */
  readonly #told = new Set<string>()
  /** Chains that the store does not have as they were committed. */
  readonly #corrupt = new Set<string>()
  #items: Item[] = []
  #bytes = 0
  /** What is true once the target took `#items`. */
  #after: (() => void)[] = []
  #saved = ''
  #savedAt = 0
  /** Everything that was committed then was taken. */
  #whole: number
  #trouble: string | undefined

  constructor(options: CopierOptions) {
    this.#options = options
    this.name = options.name
    this.#whole = options.trail.now()
  }

  /**
   * Sends whatever is committed and was not taken. Resolves when the target took it, which may be never: to false where
   * something was left, or the signal aborted, after which no request begins; one that runs goes on until `cut`. Never
   * rejects.
   */
  async round(signal: AbortSignal, cut = signal): Promise<boolean> {
    try {
      await this.#round({ signal, cut })
      return true
    } catch {
      // What was read and not taken is read again, from where everything is understood.
      this.#forget()
      this.#told.clear()
      if (!signal.aborted) this.#trouble = 'copy-unread'
      return false
    }
  }

  async #round(ends: Ends): Promise<void> {
    const { trail, form } = this.#options
    const began = trail.now()
    const place = await this.#opened()
    await this.#copy(registryOrigin, { at: place.log, from: place.log }, ends)
    // First: what it names is looked at in this round.
    await this.#flush(ends)
    for (const [origin, chain] of place.chains) {
      const read = await this.#copy(origin, chain, ends)
      const ended = trail.registry.entries.get(origin)?.ended
      if (ended === undefined || read < ended.size) continue
      // Nothing more comes of it: what has no answer has none.
      for (const item of form.end(origin)) this.#push(item)
      this.#told.delete(origin)
      this.#after.push(() => place.chains.delete(origin))
    }
    await this.#flush(ends)
    this.#whole = began
    // Nothing is left, whoever delivered it.
    this.#trouble = undefined
    await this.#save()
  }

  /** What it knows of the target may be old: the next round begins with what the store says. Nothing is saved. */
  letGo(): void {
    this.#place = undefined
    this.#saved = ''
    this.#told.clear()
    this.#forget()
  }

  /** What another collector said of this copy, which sends it meanwhile: what waited then did so for no longer, nor for another reason. */
  heard({ behindSeconds, trouble }: Pick<CopyReport, 'behindSeconds' | 'trouble'>): void {
    this.#whole = this.#options.trail.now() - behindSeconds * 1000
    this.#trouble = trouble
  }

  /** Remembers how far the target is. Never rejects. */
  async close(): Promise<void> {
    if (this.#place !== undefined) await this.#save()
  }

  report(): CopyReport {
    const { name, as, trail } = this.#options
    const pending = this.#pending()
    const waited = pending === 0 ? 0 : Math.max(0, trail.now() - this.#whole)
    return {
      name,
      as,
      behindSeconds: waited / 1000,
      behind: waited > behindMs,
      pending,
      ...(this.stubs === 0 ? {} : { stubs: this.stubs }),
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
    }
  }

  #pending(): number {
    const { registry, size } = this.#options.trail
    const place = this.#place
    if (place === undefined) return registry.size
    return [...place.chains].reduce(
      (sum, [origin, { at }]) =>
        sum + (this.#corrupt.has(origin) ? 0 : Math.max(0, (size(origin) ?? at) - at)),
      registry.size - place.log,
    )
  }

  /** What was remembered; a target that is new begins with the first record, or with the next. */
  async #opened(): Promise<CopyPlace> {
    if (this.#place !== undefined) return this.#place
    const { trail, since } = this.#options
    const text = await trail.store.note(this.#note)
    this.#saved = text ?? ''
    if (text !== undefined) this.#place = CopyPlace.of(text)
    else if (since === undefined) this.#place = new CopyPlace()
    else {
      const live = [...trail.registry.entries.values()].filter(({ ended }) => ended === undefined)
      const ends = live.map(({ origin }): [string, ChainPlace] => {
        const at = trail.size(origin) ?? 0
        return [origin, { at, from: at }]
      })
      this.#place = new CopyPlace(trail.registry.size, ends)
    }
    // At once: a target that is new in the next process as well would begin later.
    await this.#save()
    return this.#place
  }

  get #note(): string {
    return `copied-${this.name}`
  }

  /** Reads what is committed of a chain and not taken, and sends it as requests fill. Resolves to how far it was read. */
  async #copy(origin: string, place: ChainPlace, ends: Ends): Promise<number> {
    const { trail, form } = this.#options
    const to = this.#corrupt.has(origin) ? undefined : trail.size(origin)
    let index = this.#told.has(origin) ? place.at : Math.min(place.from, place.at)
    if (to === undefined || to <= index) return index
    try {
      for await (const records of this.#committed(origin, index, to))
        for (const bytes of records) {
          // It was judged when it was taken in, and once more costs as much as sending it.
          const record = JSON.parse(bytes.toString('utf8')) as AuditRecord
          const item = form.take(origin, index, record)
          index += 1
          if (index <= place.at) continue
          if (item !== undefined) this.#push(item)
          const [at, from] = [index, form.oldest(origin) ?? index]
          this.#after.push(() => {
            if (origin === registryOrigin) this.#place?.take(record)
            place.at = at
            place.from = from
          })
          if (this.#after.length >= batch.records || this.#bytes >= batch.bytes) await this.#flush(ends)
        }
    } catch (error) {
      if (!(error instanceof Corrupt) || origin === registryOrigin) throw error
      // Said where the chain is watched over; the others are copied on.
      this.#corrupt.add(origin)
    }
    this.#told.add(origin)
    return index
  }

  async *#committed(origin: string, from: number, to: number): AsyncGenerator<readonly Buffer[]> {
    const { recent, store } = this.#options.trail
    const near = recent.read(origin, from, to)
    if (near === undefined) yield* store.read(origin, from, to)
    else yield near
  }

  #push(item: Item): void {
    this.#items.push(item)
    this.#bytes += item.text.length
  }

  /** Resolves when the target took all that waits. */
  async #flush(ends: Ends): Promise<void> {
    if (this.#items.length > 0) await this.#send(this.#items, ends)
    for (const each of this.#after) each()
    this.#forget()
    if (performance.now() - this.#savedAt > saveMs) await this.#save()
  }

  #forget(): void {
    this.#items = []
    this.#bytes = 0
    this.#after = []
  }

  async #send(items: readonly Item[], ends: Ends): Promise<void> {
    const { form, send, pauses = { least: 1_000, most: 60_000 } } = this.#options
    let refusals = 0
    for (let attempt = 0; ; attempt++) {
      ends.signal.throwIfAborted()
      const sent = await send(form.body(items), ends.cut)
      if (sent.taken) {
        this.#trouble = undefined
        this.refused += sent.refused
        this.taken += items.length - Math.min(items.length, sent.refused)
        return
      }
      if (sent.smaller && items.length > 1) {
        const half = Math.ceil(items.length / 2)
        await this.#send(items.slice(0, half), ends)
        await this.#send(items.slice(half), ends)
        return
      }
      if (!ends.cut.aborted) this.#trouble = sent.reason
      const [only] = items
      // Only a record that is refused time after time: an outage between says nothing of it.
      refusals = sent.smaller ? refusals + 1 : 0
      if (refusals >= mostTries && only !== undefined && (await this.#stub(only, ends))) return
      await sleep(sent.waitMs ?? backoff(attempt, pauses.least, pauses.most), undefined, {
        signal: ends.signal,
      })
    }
  }

  /**
   * Sends, in the place of a record that the target refuses again and again, what says no more than which one it is. False where
   * the target refuses that as well: it is not about the record, then, and nothing is left out. Nor where the target got well
   * between the two: it is asked once more, and has both then, under one id.
   */
  async #stub(item: Item, ends: Ends): Promise<boolean> {
    const { form, send, stubbed } = this.#options
    const { text, uid } = form.stub(item)
    const sent = await send(form.body([{ ...item, text }]), ends.cut)
    if (!sent.taken || sent.refused > 0) return false
    const again = await send(form.body([item]), ends.cut)
    if (!again.taken && !again.smaller) return false
    this.#trouble = undefined
    if (again.taken && again.refused === 0) {
      this.taken += 1
      return true
    }
    this.refused += 1
    this.stubs += 1
    stubbed?.(item.origin, Number(uid.slice(uid.lastIndexOf('#') + 1)))
    return true
  }

  async #save(): Promise<void> {
    const text = this.#place?.text() ?? ''
    if (text === this.#saved) return
    try {
      await this.#options.trail.store.saveNote(this.#note, text)
      this.#saved = text
      this.#savedAt = performance.now()
      if (this.#trouble === 'copy-place-unsaved') this.#trouble = undefined
    } catch {
      // The store's own watch says so too; more comes twice then, and nothing is left out.
      this.#trouble = 'copy-place-unsaved'
    }
  }
}
