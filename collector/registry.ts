// The registry log: a chain of the collector's own that says which chains began, how each ended, which calls stayed
// without a result, what was handed to auditors and which breach rules were broken. What is missing elsewhere is found
// by it, so it is the source of truth for what exists.
//
// Collectors that share a store share the log, and the key that signs it: whoever adds to it takes it first, as any chain,
// and reads what the others added; of two who add at once one is told so and decides anew (docs/decisions/0018).

import { setTimeout as sleep } from 'node:timers/promises'
import { parseNote, rawPublicKey, signCheckpoint, verifyNote, vkey } from '../core/checkpoint.ts'
import { type Hash, leafHash, Tree } from '../core/merkle.ts'
import { ProofBuilder } from '../core/merkle-proof.ts'
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
import { Succession } from '../core/succession.ts'
import { partsOfOrigin, registryOrigin } from '../core/wire.ts'
import { AccessKnown } from './access-changes.ts'
import { isTold, LatelyTold } from './admissions.ts'
import { Corrupt, Fenced, type Store } from './commit/commit.ts'
import { Growth } from './growth.ts'
import type { Keys } from './keys.ts'
import { KeysInUse } from './keys-in-use.ts'
import { Order } from './order.ts'
import { cosignature } from './witness.ts'

export type RegistryEntry = Extract<Entry, { kind: (typeof registryKinds)[number] }>

/** One chain, as the log has it. `ended` is absent while it lives, or lives again. */
export type Entered = {
  origin: string
  vkey: string
  pod: string
  restart: number
  /** When it was registered, milliseconds since 1970. */
  began: number
  ended?: Pick<Ended, 'how' | 'size' | 'root' | 'witnessed' | 'last' | 'at'>
  /** Of the same pod, the one that it succeeds. */
  before?: Entered
  /** Records of the chain whose root the log holds. */
  covered: number
  /** Records that are sealed, from the first on. */
  sealed: number
}

/** The log at one of its sizes. */
export type Head = { size: number; root: Hash }

/** Leaves that are remembered for proofs; beyond that the store is read. */
const leavesAtMost = 100_000
/** So often it is tried to add to the log while others do, each time after a pause up to so many milliseconds. */
const contest = { tries: 100, pauseMs: 50 }

export class Registry {
  readonly entries: Map<string, Entered> = new Map()
  readonly signals: Signalled[] = []
  /** Keys in use, and what admission told of lately: what is told again is not recorded again. */
  readonly keysInUse: KeysInUse = new KeysInUse()
  readonly told: LatelyTold = new LatelyTold()
  /** Grants and revocations, as far as the log knows them. */
  readonly access: AccessKnown = new AccessKnown()
  /** Told of every record in its order, also of those that were there before this process began. */
  took: (record: AuditRecord) => void = () => undefined
  /** The log as it was last signed and cosigned. */
  signed: { size: number; note: string } = { size: 0, note: '' }
  /** When its first record was written, milliseconds since 1970. */
  began: number | undefined

  readonly #store: Store
  readonly #keys: Keys
  readonly #now: () => number
  readonly #tree = new Tree()
  readonly #succession = new Succession<Entered>()
  readonly #order = new Order()
  #growth = new Growth()
  #inDoubt = true

  constructor(store: Store, keys: Keys, now: () => number) {
    this.#store = store
    this.#keys = keys
    this.#now = now
  }

  get vkey(): string {
    return vkey(this.#keys.registry)
  }

  /** Milliseconds since 1970, as the log's records are dated. */
  get now(): number {
    return this.#now()
  }

  /** Of the key that signs the log, 32 bytes. */
  get publicKey(): Buffer {
    return rawPublicKey(this.#keys.registry.key)
  }

  /** Its verifier key under another name: the one by which witnesses know the log. */
  vkeyAs(name: string): string {
    return vkey({ ...this.#keys.registry, name })
  }

  get size(): number {
    return this.#tree.size
  }

  /**
   * Reads the log. Rejects with `Corrupt` when it is not what its own newest checkpoint says, or what `witnessed` says,
   * which is a note that we signed under any name: nothing else can be believed then.
   */
  async open(witnessed?: string): Promise<void> {
    const begun = async (): ReturnType<Store['find']> => await this.#store.find(registryOrigin)
    let stored = await begun()
    if (stored === undefined && !(await this.#store.begin({ origin: registryOrigin, vkey: this.vkey })))
      stored = await begun()
    if (stored !== undefined && stored.vkey !== this.vkey)
      throw new Corrupt(registryOrigin, 'The registry log belongs to another key')
    await this.#order.run(async () => {
      const told = stored?.checkpoint === undefined ? undefined : this.#told(stored.checkpoint)
      const outside = witnessed === undefined ? undefined : this.#told(witnessed)
      await this.#read([told, outside].filter((head) => head !== undefined))
      this.#growth = new Growth(this.#tree)
      // It is signed before anything is added to it, so only an empty one may lack its checkpoint; another collector may have
      // begun it since we asked.
      if (told === undefined && this.size > 0 && (await begun())?.checkpoint === undefined)
        throw new Corrupt(registryOrigin, 'The checkpoint of the registry log is missing')
      if (this.#store.shared) await this.#contest(async () => await this.#settle())
      else await this.#sign()
    })
  }

  /** Reads what other collectors added, and settles what is in doubt. */
  async refresh(): Promise<void> {
    if (!this.#inDoubt && !this.#store.shared) return
    await this.#order.run(async () => {
      if (this.#inDoubt) await this.#contest(async () => await this.#settle())
      else await this.#catchUp()
    })
  }

  /**
   * Adds what `decide` returns, durably, and signs the log anew. `decide` sees the log as it is and adds nothing that
   * stands there already, so that a try whose outcome is not known can be made again. Resolves to the log as it then is.
   */
  async update(decide: () => readonly RegistryEntry[]): Promise<Registry['signed']> {
    return await this.#order.run(async () => {
      let added = false
      await this.#contest(async () => {
        if (this.#inDoubt) await this.#settle()
        const at = new Date(this.#now()).toISOString()
        const records = added
          ? []
          : decide().map((entry) => recordBytes({ ...entry, schema: recordSchema, at }))
        if (records.length === 0) return
        this.#inDoubt = true
        await this.#store.append(registryOrigin, this.size, records)
        added = true
        for (const bytes of records) this.#take(bytes)
        await this.#sign()
      })
      return this.signed
    })
  }

  /** That the first `to` records begin with the first `from`. What is not remembered any more is read from the store. */
  async proof(from: number, to: number): Promise<Hash[]> {
    const remembered = this.#growth.proof(from, to)
    if (remembered !== undefined) return remembered
    const builder = ProofBuilder.consistency(from, to)
    if (from > 0)
      for await (const records of this.#store.read(registryOrigin, 0, to))
        for (const bytes of records) builder.append(leafHash(bytes))
    return builder.finish()
  }

  /** No proof is asked for from before this size, as a rule. */
  forget(size: number): void {
    this.#growth.forget(size)
  }

  /** The log's head under the name by which witnesses know it, signed by its key. */
  anchor({ size, root }: Head, origin: string): string {
    return signCheckpoint({ origin, size, root }, { ...this.#keys.registry, name: origin })
  }

  /** The chains of one pod, oldest first. */
  ofPod(pod: string): Entered[] {
    return [...this.entries.values()]
      .filter((entry) => entry.pod === pod)
      .toSorted((a, b) => a.restart - b.restart)
  }

  /** What the stored checkpoint says, when our own key made it. */
  #told(note: string): Head {
    const { checkpoint } = parseNote(note)
    if (verifyNote(note, { ...this.#keys.registry, name: checkpoint.origin }) === undefined)
      throw new Corrupt(registryOrigin, 'The checkpoint of the registry log is not signed by its key')
    return checkpoint
  }

  /** Again while other collectors take the log from under us; nothing of what a task began took effect then. */
  async #contest(task: () => Promise<void>): Promise<void> {
    for (let tries = 1; ; tries++)
      try {
        return await task()
      } catch (error) {
        if (!(error instanceof Fenced) || tries === contest.tries) throw error
        this.#inDoubt = true
        await sleep(Math.random() * contest.pauseMs)
      }
  }

  /** The log is ours, and known and signed as a whole. */
  async #settle(): Promise<void> {
    await this.#store.probe()
    await this.#store.claim(registryOrigin)
    await this.#catchUp()
    await this.#sign()
  }

  async #catchUp(): Promise<void> {
    // First: the records that it covers are among those that are read.
    const note = this.#store.shared ? (await this.#store.find(registryOrigin))?.checkpoint : undefined
    const told = note === undefined ? undefined : this.#told(note)
    await this.#read(told === undefined ? [] : [told])
    if (note !== undefined && told !== undefined && told.size > this.signed.size)
      this.signed = { size: told.size, note }
  }

  async #read(told: readonly Head[] = []): Promise<void> {
    for await (const records of this.#store.read(registryOrigin, this.size))
      for (const bytes of records) {
        this.#take(bytes)
        if (told.some(({ size, root }) => this.size === size && !this.#tree.root().equals(root)))
          throw new Corrupt(registryOrigin, 'The registry log is not what was signed')
      }
    const longest = Math.max(0, ...told.map(({ size }) => size))
    if (this.size < longest)
      throw new Corrupt(registryOrigin, `The registry log ends at ${this.size}, ${longest} was signed`)
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
    this.took(record)
    const leaf = leafHash(bytes)
    this.#tree.append(leaf)
    this.#growth.append(leaf)
    if (this.#growth.length > leavesAtMost) this.#growth.forget(this.size)
    this.began ??= Date.parse(record.at)
    if (record.kind === 'heads') for (const head of record.heads) this.#cover(head)
    if (record.kind === 'held' || record.kind === 'ended') this.#cover(record)
    if (record.kind === 'registered') this.#enter(record)
    if (record.kind === 'signal') this.signals.push(record)
    if (record.kind === 'key-changed') this.keysInUse.take(record)
    if (isTold(record)) this.told.take(record)
    if (record.kind === 'grant-changed' || record.kind === 'revocation-changed') this.access.take(record)
    const entry = 'origin' in record ? this.entries.get(record.origin) : undefined
    if (record.kind === 'ended' && entry !== undefined) {
      const { how, size, root, witnessed, last, at } = record
      entry.ended = { how, size, root, witnessed, at, ...(last === undefined ? {} : { last }) }
    }
    if (record.kind === 'sealed' && entry !== undefined) entry.sealed = Math.max(entry.sealed, record.to)
    if (record.kind === 'resumed' && entry !== undefined) delete entry.ended
  }

  #enter({ origin, vkey: key, at }: Registered & { at: string }): void {
    const parts = partsOfOrigin(origin)
    if (parts === undefined)
      throw new Corrupt(registryOrigin, 'The registry log names a chain that cannot be one')
    const { namespace, server, podUid, restart } = parts
    const pod = podOf({ namespace, server, podUid })
    const began = Date.parse(at)
    const entry: Entered = { origin, vkey: key, pod, restart, began, covered: 0, sealed: 0 }
    this.#succession.enter(entry)
    this.entries.set(origin, entry)
  }

  #cover({ origin, size }: { origin: string; size: number }): void {
    const entry = this.entries.get(origin)
    if (entry !== undefined) entry.covered = Math.max(entry.covered, size)
  }
}

/** What the pods of one server have in common. */
export function serverOf({ namespace, server }: Pick<Pod, 'namespace' | 'server'>): string {
  return `${namespace}/${server}`
}

export type Pod = { namespace: string; server: string; podUid: string }

/** What the chains of one pod have in common. */
export function podOf(pod: Pod): string {
  return `${serverOf(pod)}/${pod.podUid}`
}

function parse(bytes: Buffer): AuditRecord {
  try {
    return parseRecord(bytes)
  } catch (cause) {
    throw Object.assign(new Corrupt(registryOrigin, 'A record of the registry log is none'), { cause })
  }
}
