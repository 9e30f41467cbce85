// Sealing: what is committed of every chain is cut into segments, encrypted and handed to the archive. One segment is
// sealed at a time, behind the acknowledgement of records; what stands before it is that each record has a data key.
//
// What is true if the process dies: before the file has its name, nothing is sealed, and the next process seals the same
// records under another key. Before the registry log says `sealed`, the file is there and nobody may archive it: the next
// process writes it anew. After that it is sealed for good.

import type { SealedSegment } from '../../core/sealed/sealed-segment.ts'
import type { DataKeyRequest } from '../../core/wire.ts'
import type { Leaf } from '../chain.ts'
import { Corrupt, type Store } from '../commit/commit.ts'
import { keysUsed } from '../keys-in-use.ts'
import { type KeyWrapper, KmsFailed, type KmsReason } from '../kms/key-wrapper.ts'
import { codeOf, type Log } from '../log.ts'
import { Order } from '../order.ts'
import { Refusal } from '../refusals.ts'
import type { Registry, RegistryEntry } from '../registry.ts'
import { type Bounds, ChainSealing, type Stretch } from './chain-sealing.ts'
import type { SealedFiles } from './files.ts'
import { KeySource } from './key-source.ts'
import { seal } from './seal.ts'

export type SealingOptions = {
  wrapper: KeyWrapper
  files: SealedFiles
  bounds: Bounds
  /** The key is none that may hold the trail of profile Production. */
  developmentOnly: boolean
  log: Log
}

/** What sealing knows of the trail. */
export type Sealable = {
  store: Pick<Store, 'read'>
  registry: Pick<Registry, 'entries' | 'update' | 'keysInUse'>
  /** Committed records of a chain in memory. */
  size: (origin: string) => number | undefined
  /** Another collector has the chain, and seals it. */
  isOthers: (origin: string) => boolean
  /** Newest cosigned note of a chain. */
  note: (origin: string) => string | undefined
  /** Milliseconds since 1970. */
  now: () => number
  /** Milliseconds of a clock that nobody can set, for durations. */
  steady: () => number
}

/** Profiles that a key in a file may hold: nothing is served before a policy is in force, and it says which it is. */
const underFile: ReadonlySet<string | undefined> = new Set(['Development', 'Unknown', undefined])

/** What trying again does not mend. */
const opensNever: ReadonlySet<KmsReason> = new Set(['kms-cannot-open', 'kms-key-missing'])

export class Sealing {
  readonly #options: SealingOptions
  readonly #trail: Sealable
  readonly #chains = new Map<string, ChainSealing>()
  readonly #order = new Order()
  readonly #keys: KeySource
  /** Sealed and not removed, by name. Filled from the folder when it is first asked for. */
  #segments: Map<string, SealedSegment> | undefined
  /** A stretch that could not be sealed for another reason than its key. */
  #stuck = false
  #closed = false

  constructor(options: SealingOptions, trail: Sealable) {
    this.#options = options
    this.#trail = trail
    // Where a data key is made: segments that are sealed later may still be under the key before.
    this.#keys = new KeySource(options.wrapper, options.log, trail.steady, async (id) => {
      await keysUsed(trail.registry, [{ key: 'data', id }])
    })
  }

  /**
   * Throws `development-key` where the key lies in a file and these records say that the chain is of another profile than
   * Development: its first one, or, where it began before it had a policy, the one with which that came into force.
   */
  judge(leaves: readonly Leaf[]): void {
    if (!this.#options.developmentOnly) return
    for (const { record } of leaves)
      if ((record.kind === 'chain-started' || record.kind === 'orders') && !underFile.has(record.profile))
        throw new Refusal('development-key')
  }

  /** Resolves when records of this chain may be committed. Rejects with `no-data-key` while they may not. */
  async admit(origin: string, bytes: number, records: number): Promise<void> {
    try {
      if (this.#closed) throw new Error('Sealing has ended')
      await this.#of(origin).admit(bytes, records)
    } catch (cause) {
      throw new Refusal('no-data-key', { cause })
    }
  }

  /**
   * To be called every few seconds: ends segments that are old or whose chain ended, fetches keys, seals what waits. Never
   * rejects: what failed is tried again next time.
   */
  async sweep(): Promise<void> {
    for (const { origin, ended } of this.#trail.registry.entries.values()) {
      if (this.#closed) return
      if (this.#trail.isOthers(origin)) {
        this.#forget(origin)
        continue
      }
      const size = this.#trail.size(origin) ?? ended?.size ?? 0
      if (ended === undefined && this.#trail.size(origin) !== undefined)
        await this.#of(origin)
          .tick()
          .catch(() => undefined)
      else if (this.#chains.has(origin)) this.#chains.get(origin)?.end()
      else if (size > this.#sealedTo(origin)) this.#of(origin).end()
      await this.#sealAll(origin)
      if (ended !== undefined && size <= this.#sealedTo(origin)) this.#chains.delete(origin)
    }
    if (this.#chains.size === 0) await this.#keys.look()
  }

  /** The data key of a segment, for a person who reads it. Resolves when it is on record that they do. */
  async open({ origin, segment, keyId, wrapped }: DataKeyRequest, by: string): Promise<Buffer> {
    const { registry } = this.#trail
    if (!registry.entries.has(origin)) throw new Refusal('no-such-chain')
    // Before the key is asked for: an answer that is lost on its way was still on its way.
    await registry.update((): RegistryEntry[] => [{ kind: 'unsealed', origin, segment, by }])
    try {
      const key = { keyId, wrapped: Buffer.from(wrapped, 'base64') }
      return await this.#options.wrapper.unwrap(key, { origin, segment })
    } catch (cause) {
      const gone = cause instanceof KmsFailed && opensNever.has(cause.reason)
      throw new Refusal(gone ? 'segment-not-opened' : 'no-data-key', { cause })
    }
  }

  /** Why nothing can be taken now, kebab-case. While any chain still has a key, it goes on. */
  trouble(): string | undefined {
    const goesOn = [...this.#chains.values()].some((chain) => chain.hasKey())
    return goesOn ? undefined : this.#keys.failing()
  }

  /** What hampers sealing, though records may still be taken. */
  warning(): string | undefined {
    return this.#keys.failing() ?? (this.#stuck ? 'sealing-stuck' : undefined)
  }

  /** Committed records that are in no sealed segment yet. */
  unsealed(): number {
    const { registry, size } = this.#trail
    return [...registry.entries.values()].reduce(
      (sum, { origin, ended, sealed }) => sum + Math.max(0, (size(origin) ?? ended?.size ?? 0) - sealed),
      0,
    )
  }

  /** Segments that are sealed and still here, those of a chain in order. */
  async segments(): Promise<readonly SealedSegment[]> {
    return await this.#order.run(async () => [...(await this.#known()).values()])
  }

  /** A segment is kept elsewhere. */
  async remove(segment: SealedSegment): Promise<void> {
    await this.#order.run(async () => {
      await this.#options.files.remove(segment)
      ;(await this.#known()).delete(segment.name)
    })
  }

  /** Forgets every data key and lets go of the key's holder. What is not sealed the next process seals. */
  async close(): Promise<void> {
    this.#closed = true
    for (const chain of this.#chains.values()) chain.drop()
    this.#chains.clear()
    await this.#order.run(async () => await this.#options.wrapper.close())
  }

  #of(origin: string): ChainSealing {
    const held = this.#chains.get(origin)
    if (held !== undefined) return held
    const { bounds } = this.#options
    const { steady, size, registry } = this.#trail
    const made = new ChainSealing({
      bounds,
      makeKey: async () => await this.#keys.make(origin),
      size: () => size(origin) ?? registry.entries.get(origin)?.ended?.size ?? 0,
      sealed: this.#sealedTo(origin),
      steady,
    })
    this.#chains.set(origin, made)
    return made
  }

  /** It is begun anew, from what is sealed by then, when records come for it. */
  #forget(origin: string): void {
    this.#chains.get(origin)?.drop()
    this.#chains.delete(origin)
  }

  #sealedTo(origin: string): number {
    return this.#trail.registry.entries.get(origin)?.sealed ?? 0
  }

  /** One stretch after the other; the first that fails ends it until next time. */
  async #sealAll(origin: string): Promise<void> {
    const chain = this.#chains.get(origin)
    if (chain === undefined) return
    for (let stretch = chain.take(); stretch !== undefined; stretch = chain.take()) {
      const rest = await this.#sealOne(origin, stretch)
      if (rest === undefined) continue
      chain.giveBack(rest.stretch)
      if (rest.failed) return
    }
  }

  /** What is left of the stretch. */
  async #sealOne(
    origin: string,
    stretch: Stretch,
  ): Promise<{ stretch: Stretch; failed: boolean } | undefined> {
    try {
      const segment = await this.#order.run(async () => await this.#sealed(origin, stretch))
      this.#stuck = false
      if (segment === undefined) {
        this.#forget(origin)
        return undefined
      }
      return segment.to < stretch.to
        ? { stretch: { from: segment.to, to: stretch.to }, failed: false }
        : undefined
    } catch (error) {
      if (!(error instanceof KmsFailed)) {
        this.#stuck = true
        // Of a chain that was changed in the store nothing true can be sealed.
        if (!(error instanceof Corrupt))
          this.#options.log.warn('a segment could not be sealed yet', { error: codeOf(error) })
      }
      return { stretch, failed: true }
    }
  }

  /** Undefined where another collector has sealed some of it by then: no record is in two segments. */
  async #sealed(origin: string, stretch: Stretch): Promise<SealedSegment | undefined> {
    const { store, registry, note, now } = this.#trail
    const { files, bounds } = this.#options
    const segment = await seal(origin, stretch, {
      store,
      files,
      bounds,
      makeKey: async (of) => await this.#keys.make(of),
      note: note(origin),
      now,
    })
    const { from, to, sha256, bytes, keyId } = segment
    let isOverlapping = false
    await registry.update((): RegistryEntry[] => {
      const sealed = this.#sealedTo(origin)
      isOverlapping = sealed !== from && sealed !== to
      return isOverlapping || sealed === to
        ? []
        : [{ kind: 'sealed', origin, segment: segment.segment, from, to, bytes, sha256, keyId }]
    })
    if (isOverlapping) {
      await files.remove(segment)
      return undefined
    }
    this.#segments?.set(segment.name, segment)
    return segment
  }

  /** A file that the log does not name was left by a process that died: it is written anew. */
  async #known(): Promise<Map<string, SealedSegment>> {
    if (this.#segments === undefined) {
      this.#segments = new Map()
      for await (const segment of this.#options.files.list())
        if (segment.to <= this.#sealedTo(segment.origin)) this.#segments.set(segment.name, segment)
    }
    return this.#segments
  }
}
