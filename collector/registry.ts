// The registry log: a chain of the collector's own that says which chains began, how each ended, which calls stayed
// without a result, what was handed to auditors and which breach rules were broken. What is missing elsewhere is found
// by it, so it is the source of truth for what exists.

import { bodyOf, parseNote, signCheckpoint, verifyNote, vkey } from '../core/checkpoint.ts'
import { leafHash, Tree } from '../core/merkle.ts'
import {
  type AuditRecord,
  type Ended,
  type Entry,
  parseRecord,
  type Registered,
  recordBytes,
  recordSchema,
  type registryKinds,
  type Signalled,
} from '../core/record.ts'
import { partsOfOrigin, registryOrigin } from '../core/wire.ts'
import { Corrupt, type Store } from './commit/commit.ts'
import type { Keys } from './keys.ts'
import { Order } from './order.ts'
import { cosignature } from './witness.ts'

export type RegistryEntry = Extract<Entry, { kind: (typeof registryKinds)[number] }>

/** One chain, as the log has it. `ended` is absent while it lives, or lives again. */
export type Entered = {
  origin: string
  vkey: string
  pod: string
  restart: number
  ended?: Pick<Ended, 'how' | 'size' | 'witnessed' | 'last' | 'at'>
}

export class Registry {
  readonly entries: Map<string, Entered> = new Map()
  readonly signals: Signalled[] = []
  /** The log as it was last signed and cosigned. */
  signed: { size: number; note: string } = { size: 0, note: '' }

  readonly #store: Store
  readonly #keys: Keys
  readonly #now: () => number
  readonly #tree = new Tree()
  readonly #order = new Order()
  #inDoubt = true

  constructor(store: Store, keys: Keys, now: () => number) {
    this.#store = store
    this.#keys = keys
    this.#now = now
  }

  get vkey(): string {
    return vkey(this.#keys.registry)
  }

  get size(): number {
    return this.#tree.size
  }

  /** Reads the log. Rejects with `Corrupt` when it is not what its own newest checkpoint says: nothing else can be believed then. */
  async open(): Promise<void> {
    const stored = (await this.#store.chains()).find(({ origin }) => origin === registryOrigin)
    if (stored === undefined) await this.#store.begin({ origin: registryOrigin, vkey: this.vkey })
    else if (stored.vkey !== this.vkey)
      throw new Corrupt(registryOrigin, 'The registry log belongs to another key')
    await this.#order.run(async () => {
      const told = stored?.checkpoint === undefined ? undefined : this.#told(stored.checkpoint)
      await this.#read(told)
      // It is signed before anything is added to it, so only an empty one may lack its checkpoint.
      if (told === undefined && this.size > 0)
        throw new Corrupt(registryOrigin, 'The checkpoint of the registry log is missing')
      await this.#sign()
    })
  }

  /**
   * Adds what `decide` returns, durably, and signs the log anew. `decide` sees the log as it is and adds nothing that
   * stands there already, so that a try whose outcome is not known can be made again. Resolves to the log as it then is.
   */
  async update(decide: () => readonly RegistryEntry[]): Promise<Registry['signed']> {
    return await this.#order.run(async () => {
      if (this.#inDoubt) {
        await this.#store.probe()
        await this.#read()
        await this.#sign()
      }
      const at = new Date(this.#now()).toISOString()
      const records = decide().map((entry) => recordBytes({ ...entry, schema: recordSchema, at }))
      if (records.length === 0) return this.signed
      this.#inDoubt = true
      await this.#store.append(registryOrigin, this.size, records)
      for (const bytes of records) this.#take(bytes)
      await this.#sign()
      return this.signed
    })
  }

  /** The chains of one pod, oldest first. */
  ofPod(pod: string): Entered[] {
    return [...this.entries.values()]
      .filter((entry) => entry.pod === pod)
      .toSorted((a, b) => a.restart - b.restart)
  }

  /** What the stored checkpoint says, when our own key made it. */
  #told(note: string): { size: number; body: string } {
    const { checkpoint } = parseNote(note)
    if (verifyNote(note, this.#keys.registry) === undefined)
      throw new Corrupt(registryOrigin, 'The checkpoint of the registry log is not signed by its key')
    return { size: checkpoint.size, body: bodyOf(checkpoint) }
  }

  async #read(told?: { size: number; body: string }): Promise<void> {
    for await (const records of this.#store.read(registryOrigin, this.size))
      for (const bytes of records) {
        this.#take(bytes)
        if (this.size === told?.size && this.#body() !== told.body)
          throw new Corrupt(registryOrigin, 'The registry log is not what was signed')
      }
    if (told !== undefined && this.size < told.size)
      throw new Corrupt(registryOrigin, `The registry log ends at ${this.size}, ${told.size} was signed`)
  }

  #body(): string {
    return bodyOf({ origin: registryOrigin, size: this.size, root: this.#tree.root() })
  }

  async #sign(): Promise<void> {
    const checkpoint = { origin: registryOrigin, size: this.size, root: this.#tree.root() }
    const note =
      signCheckpoint(checkpoint, this.#keys.registry) +
      cosignature(checkpoint, this.#keys.witness, this.#now())
    await this.#store.saveCheckpoint(registryOrigin, note)
    this.signed = { size: checkpoint.size, note }
    this.#inDoubt = false
  }

  #take(bytes: Buffer): void {
    const record = parse(bytes)
    this.#tree.append(leafHash(bytes))
    if (record.kind === 'registered') this.#enter(record)
    if (record.kind === 'signal') this.signals.push(record)
    const entry = 'origin' in record ? this.entries.get(record.origin) : undefined
    if (record.kind === 'ended' && entry !== undefined) {
      const { how, size, witnessed, last, at } = record
      entry.ended = { how, size, witnessed, at, ...(last === undefined ? {} : { last }) }
    }
    if (record.kind === 'resumed' && entry !== undefined) delete entry.ended
  }

  #enter({ origin, vkey: key }: Registered): void {
    const parts = partsOfOrigin(origin)
    if (parts === undefined)
      throw new Corrupt(registryOrigin, 'The registry log names a chain that cannot be one')
    const { namespace, server, podUid, restart } = parts
    this.entries.set(origin, { origin, vkey: key, pod: podOf({ namespace, server, podUid }), restart })
  }
}

/** What the chains of one pod have in common. */
export function podOf(pod: { namespace: string; server: string; podUid: string }): string {
  return `${pod.namespace}/${pod.server}/${pod.podUid}`
}

function parse(bytes: Buffer): AuditRecord {
  try {
    return parseRecord(bytes)
  } catch (cause) {
    throw Object.assign(new Corrupt(registryOrigin, 'A record of the registry log is none'), { cause })
  }
}
