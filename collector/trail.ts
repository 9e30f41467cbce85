// The trail's home: all chains, the registry log over them, and what is watched on the way in. Everything durable is in
// the store; everything here can be rebuilt from it.

import { vkey } from '../core/checkpoint.ts'
import { type Id, idOf } from '../core/log.ts'
import type { AuditRecord, Predecessor } from '../core/record.ts'
import { type GroupShares, groupShares } from '../core/shares.ts'
import {
  type ActivityRequest,
  type ChainResponse,
  type ChainSummary,
  partsOfOrigin,
  registryOrigin,
  type Signal,
} from '../core/wire.ts'
import { Activity } from './activity.ts'
import { Alarms } from './alarms.ts'
import { Beginnings } from './beginnings.ts'
import type { Store } from './commit/commit.ts'
import { headsOf } from './heads.ts'
import type { Keys } from './keys.ts'
import type { Lane } from './lane.ts'
import { Lanes } from './lanes.ts'
import { Reading } from './reading.ts'
import { Refusal } from './refusals.ts'
import { type Entered, type Pod, podOf, Registry, type RegistryEntry, serverOf } from './registry.ts'
import { Sealing, type SealingOptions } from './sealing/sealing.ts'
import { StoreWatch } from './store-watch.ts'
import { summaryOf } from './summary.ts'
import { cosignature, judgeCheckpoint } from './witness.ts'
import { Witnesses, type WitnessesOptions, witnessedNote } from './witnesses/witnesses.ts'

/** What is counted. No value holds anything of a patient. */
export type Report = {
  record: (at: { namespace: Id; server: Id; kind: AuditRecord['kind'] }) => void
  /** Seconds that a commit took. */
  commit: (seconds: number) => void
}

export type TrailOptions = {
  store: Store
  keys: Keys
  /** Milliseconds since 1970. */
  now: () => number
  /** Milliseconds of a clock that nobody can set, for durations; `now` itself where that one is given alone. */
  steady?: () => number
  /** A chain that says nothing for so long has ended. */
  silentMs: number
  /** Bytes of records that may wait to be committed before more are sent back. */
  waitingBytes?: number
  report: Report
  /** Told of every record that is committed from now on, and of its index. */
  committed?: (origin: string, index: number, bytes: Buffer) => void
  /** Who signs the registry log outside the cluster; absent where nobody does. */
  witnesses?: WitnessesOptions
  /** How segments are sealed; absent where no key is configured. */
  sealing?: SealingOptions
}

/** What an auditor is about to be given; `to` is absent where only what is still readable can be given. */
export type Holding = {
  chains: { origin: string; vkey: string; to?: number /** Newest cosigned one. */; note?: string }[]
  registry: {
    size: number
    note: string /** Newest head of it that witnesses outside signed. */
    witnessed?: string
  }
}

const waitingBytes = 64 * 1024 * 1024
/** The parts of it that one pod, and all pods of one server, may have: whoever floods keeps nobody else from being recorded. */
const partsOf = { each: 1 / 8, group: 1 / 4 }
/** For so long the lanes of chains that ended are kept, and for so long they are shown. */
const keepMs = 600_000
/** For so long a process that closed its chain may take to send the last checkpoint. */
const closedMs = 10_000
const showMs = 86_400_000
/** Refusals that show that a chain's process and the store have two histories of it. */
const forks: ReadonlySet<string> = new Set([
  'fork-root',
  'truncates',
  'gap',
  'records-missing',
  'no-such-chain',
])
/** So many times longer it takes until a collector says of a chain that is not its own that it ended. */
const othersAfter = 1.5

export class Trail {
  readonly registry: Registry
  readonly watch: StoreWatch = new StoreWatch()
  readonly #options: TrailOptions
  readonly #steady: () => number
  readonly #lanes: Lanes
  readonly #alarms: Alarms
  readonly #activity = new Activity()
  readonly #beginnings: Beginnings
  #witnesses: Witnesses | undefined
  #sealing: Sealing | undefined
  readonly #waiting: GroupShares
  readonly #reading = new Reading()

  constructor(options: TrailOptions) {
    const { store, keys, now, report, committed } = options
    this.#options = options
    this.#steady = options.steady ?? now
    const { waitingBytes: all = waitingBytes } = options
    this.#waiting = groupShares({ each: all * partsOf.each, group: all * partsOf.group, all })
    this.registry = new Registry(store, keys, now)
    this.#alarms = new Alarms(this.registry, now)
    this.#lanes = new Lanes(
      store,
      this.registry,
      {
        took: (chain, leaf, person, fresh) => {
          this.#alarms.took(chain, leaf, person)
          if (fresh) committed?.(chain.origin, chain.size - 1, leaf.bytes)
          const parts = partsOfOrigin(chain.origin)
          if (parts !== undefined) this.#activity.take(`${parts.namespace}/${parts.server}`, leaf.record)
          if (fresh && parts !== undefined)
            report.record({
              namespace: idOf(parts.namespace),
              server: idOf(parts.server),
              kind: leaf.record.kind,
            })
        },
        forked: ({ origin }) => this.#alarms.forked(origin),
        tried: (seconds, failure) => {
          if (failure === undefined) report.commit(seconds)
          else this.watch.note(failure)
        },
      },
      this.#steady,
    )
    const { registry, watch } = this
    this.#beginnings = new Beginnings({ registry, lanes: this.#lanes, watch, now, steady: this.#steady })
  }

  /** Reads the store. Rejects when the registry log is corrupt; a corrupt chain is closed to its own pod only. */
  async open(): Promise<void> {
    const { store, now, witnesses } = this.#options
    const witnessed = witnesses === undefined ? undefined : await store.note(witnessedNote)
    await this.registry.open(witnessed)
    if (witnesses !== undefined) {
      const { registry } = this
      const troubled = (error: unknown): void => this.watch.note(error)
      const watched = { registry, store, heads: () => headsOf(this.#lanes, registry), now, troubled }
      this.#witnesses = new Witnesses(witnesses, watched, witnessed)
    }
    await this.#lanes.open()
    const { sealing } = this.#options
    if (sealing !== undefined) {
      const size = (origin: string): number | undefined => {
        const lane = this.#lanes.at(origin)
        return lane?.corrupt === undefined ? lane?.chain.size : undefined
      }
      const note = (origin: string): string | undefined => this.#lanes.notes.get(origin)
      const isOthers = (origin: string): boolean => this.#lanes.at(origin)?.ours === false
      this.#sealing = new Sealing(sealing, {
        store,
        registry: this.registry,
        size,
        isOthers,
        note,
        now,
        steady: this.#steady,
      })
    }
    this.#alarms.restore()
    const entries = [...this.registry.entries.values()]
    for (const entry of entries) if (entry.ended === undefined) await this.#lanes.of(entry)
    // What chains that ended showed within a rule's time still counts for it.
    const rules = [...this.#lanes.all()].flatMap(([, { chain }]) => chain.orders?.breach ?? [])
    const since = this.#options.now() - Math.max(0, ...rules.map(({ perSeconds }) => perSeconds * 1000))
    for (const entry of entries)
      if (entry.ended?.last !== undefined && Date.parse(entry.ended.last) > since) await this.#lanes.of(entry)
  }

  /** Begins the chain of a process. The same key again is the same chain again. */
  async begin(pod: Pod, publicKey: Buffer): Promise<ChainResponse> {
    const { origin, restart, before } = await this.#beginnings.begin(pod, publicKey)
    return {
      origin,
      restart,
      witness: this.witnessVkey,
      ...(before === undefined ? {} : { before: predecessor(before) }),
    }
  }

  /** Commits canonical records of this pod's chain. Resolves to its size when they would survive power loss. */
  async append(pod: Pod, origin: string, from: number, lines: readonly Buffer[]): Promise<number> {
    return await this.#tellingForks(origin, async () => await this.#commit(pod, origin, from, lines))
  }

  /** Cosigns a checkpoint of this pod's chain. The cosignature is durable when it resolves. */
  async checkpoint(pod: Pod, note: string): Promise<string> {
    const origin = note.slice(0, Math.max(0, note.indexOf('\n')))
    return await this.#tellingForks(origin, async () => await this.#cosign(pod, origin, note))
  }

  /**
   * All that the volume of a pod that is gone held is committed: its chains have ended for good, and the registry log says
   * which calls are unknown. Resolves to how many chains the pod had. Said again, it says nothing new.
   */
  async recovered(pod: Pod): Promise<number> {
    return await this.watch.use(
      async () =>
        await this.#beginnings.turns.run(async () => {
          await this.registry.refresh()
          const chains = this.registry.ofPod(podOf(pod))
          for (const entry of chains) {
            await this.#lanes.end(entry, this.#isSucceeded(entry) ? 'succeeded' : 'recovered')
            // Of a corrupt chain nothing is said, so that its volume is not let go.
            if (this.#lanes.at(entry.origin)?.corrupt !== undefined) throw new Refusal('chain-corrupt')
          }
          return chains.length
        }),
    )
  }

  /** Chains that live, and those that ended within a day. */
  summaries(): ChainSummary[] {
    const since = this.#options.now() - showMs
    return [...this.registry.entries.values()]
      .filter((entry) => entry.ended === undefined || Date.parse(entry.ended.at) > since)
      .flatMap((entry) => summaryOf(entry, this.#lanes.at(entry.origin)) ?? [])
  }

  /** Committed records of a chain; undefined where that is not known, and where they are not what was committed. */
  sizeOf(origin: string): number | undefined {
    if (origin === registryOrigin) return this.registry.size
    const lane = this.#lanes.at(origin)
    if (lane?.corrupt !== undefined) return undefined
    return lane?.chain.size ?? this.registry.entries.get(origin)?.ended?.size
  }

  signals(): readonly Signal[] {
    return this.#alarms.list()
  }

  /** When a person last was at work over a certificate in this pod's server, milliseconds since 1970. */
  lastActivity(pod: Pod, who: ActivityRequest): number | undefined {
    return this.#activity.last(serverOf(pod), who)
  }

  /** Writes into the registry log what an auditor is about to be given of one server. */
  async hold(namespace: string, server: string, by: string): Promise<Holding> {
    const chains: Holding['chains'] = []
    await this.watch.use(async () => await this.#lanes.follow())
    const update = async (): Promise<Registry['signed']> =>
      await this.watch.use(
        async () =>
          await this.registry.update(() => {
            // It may be decided anew.
            chains.length = 0
            const mine = [...this.registry.entries.values()].filter(({ pod }) =>
              pod.startsWith(`${serverOf({ namespace, server })}/`),
            )
            const held = mine.flatMap((entry): RegistryEntry[] => {
              const { origin, vkey: key, ended } = entry
              const lane = this.#lanes.at(origin)
              const note = this.#lanes.notes.get(origin)
              const known = { origin, vkey: key, ...(note === undefined ? {} : { note }) }
              if (lane?.corrupt !== undefined || (lane === undefined && ended === undefined)) {
                chains.push(known)
                return []
              }
              const size = ended?.size ?? lane?.chain.size ?? 0
              chains.push({ ...known, to: size })
              if (ended !== undefined || lane === undefined) return []
              const root = lane.chain.tree.root().toString('base64')
              return [{ kind: 'held', origin, size, root, witnessed: lane.chain.witnessed.size, by }]
            })
            return held.length > 0 ? held : heldOfEnded(mine, by)
          }),
      )
    if (this.#witnesses === undefined) return { chains, registry: await update() }
    // What is handed out is shown to the witnesses first, so that an auditor need not take our word for its end.
    const { made, ...witnessed } = await this.#witnesses.signed(update)
    return { chains, registry: { ...made, ...witnessed } }
  }

  /** Witnesses outside the cluster; undefined before the store was read, and where none are configured. */
  get witnesses(): Witnesses | undefined {
    return this.#witnesses
  }

  /** Undefined before the store was read, and where no key is configured. */
  get sealing(): Sealing | undefined {
    return this.#sealing
  }

  get witnessVkey(): string {
    return vkey(this.#options.keys.witness)
  }

  /**
   * To be called every few seconds: ends chains that closed or fell silent, says signals, looks whether a store that was
   * away is back. Never rejects: what failed is tried again next time, and `watch.trouble()` tells of it.
   */
  async sweep(): Promise<void> {
    const { store, silentMs } = this.#options
    try {
      await this.watch.lookAgain(store)
      await this.#lanes.follow()
      await this.#alarms.say()
      for (const [origin, lane] of this.#lanes.all()) {
        const entry = this.registry.entries.get(origin)
        if (entry === undefined || lane.corrupt !== undefined) continue
        // Whoever has the chain says first that it ended; where they are gone as well, anybody does.
        const quiet = (this.#steady() - lane.heard) / (lane.ours ? 1 : othersAfter)
        if (entry.ended !== undefined) {
          if (quiet > keepMs) {
            await this.#lanes.drop(origin)
            this.#witnesses?.drop(origin)
          }
        } else if (lane.chain.closed && quiet > closedMs) await this.#lanes.end(entry, 'closed')
        else if (quiet > silentMs)
          await this.#lanes.end(entry, this.#isSucceeded(entry) ? 'succeeded' : 'silent')
      }
    } catch (error) {
      this.watch.note(error)
    }
  }

  /** A closed chain has ended when its last checkpoint is cosigned, which its process sends after the record. */
  #endWhenWhole({ chain }: Lane): void {
    const entry = this.registry.entries.get(chain.origin)
    if (
      !chain.closed ||
      chain.witnessed.size < chain.size ||
      entry === undefined ||
      entry.ended !== undefined
    )
      return
    this.#lanes.end(entry, 'closed').catch((error: unknown) => this.watch.note(error))
  }

  async #laneOf(pod: Pod, origin: string): Promise<Lane> {
    const parts = partsOfOrigin(origin)
    if (parts === undefined) throw new Refusal('no-such-chain')
    if (podOf(parts) !== podOf(pod)) throw new Refusal('not-yours')
    // Another collector may have begun it.
    if (!this.registry.entries.has(origin)) await this.watch.use(async () => await this.registry.refresh())
    const entry = this.registry.entries.get(origin)
    if (entry === undefined) throw new Refusal('no-such-chain')
    const lane = await this.watch.use(async () => await this.#lanes.of(entry))
    lane.heard = this.#steady()
    return lane
  }

  async #commit(pod: Pod, origin: string, from: number, lines: readonly Buffer[]): Promise<number> {
    const lane = await this.#laneOf(pod, origin)
    const bytes = lines.reduce((sum, line) => sum + line.length, 0)
    const [whose, of] = [podOf(pod), serverOf(pod)]
    // Before anything is read, which costs the most: what has no room, and what leaves a gap.
    if (!this.#waiting.take(whose, of, bytes)) throw new Refusal('busy')
    try {
      const size = await lane.coming(from, lines.length, async () => {
        const leaves = await this.#reading.read(whose, of, lines)
        this.#sealing?.judge(leaves)
        await this.#sealing?.admit(origin, bytes + lines.length, lines.length)
        return await this.watch.use(async () => await lane.append(from, leaves))
      })
      await this.#witnesses?.gate(origin, size)
      return size
    } finally {
      this.#waiting.give(whose, of, bytes)
      // The records are committed whatever comes of this; the sweep says what could not be said now.
      this.#alarms.say().catch((error: unknown) => this.watch.note(error))
    }
  }

  async #cosign(pod: Pod, origin: string, note: string): Promise<string> {
    const lane = await this.#laneOf(pod, origin)
    const { store, keys, now } = this.#options
    return await this.watch.use(
      async () =>
        await lane.run(async () => {
          const checkpoint = await this.#judgeSure(lane, note)
          // A chain that we took for silent lives.
          if (this.registry.entries.get(origin)?.ended?.how === 'silent') await this.#lanes.reopen(lane.chain)
          const line = cosignature(checkpoint, keys.witness, now())
          const cosigned = `${note}${line}`
          // Durable before it leaves: a cosignature that we forgot could be followed by one for a shorter chain.
          await store.saveCheckpoint(origin, cosigned)
          lane.chain.witness(checkpoint.size, cosigned)
          this.#lanes.notes.set(origin, cosigned)
          this.#endWhenWhole(lane)
          return line
        }),
    )
  }

  /** A chain that is shorter than its own process says may have gone on with another collector. */
  async #judgeSure(lane: Lane, note: string): Promise<ReturnType<typeof judgeCheckpoint>> {
    try {
      return judgeCheckpoint(lane.chain, note)
    } catch (error) {
      if (!(error instanceof Refusal) || error.reason !== 'records-missing') throw error
      await lane.renew()
      return judgeCheckpoint(lane.chain, note)
    }
  }

  /**
   * Its own process signed it, or goes on behind what was acknowledged: the chain has two histories, or the store was cut, as by
   * an old copy that was put in its place.
   */
  async #tellingForks<T>(origin: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof Refusal && forks.has(error.reason)) this.#alarms.forked(origin)
      throw error
    }
  }

  #isSucceeded(entry: Entered): boolean {
    return this.registry.ofPod(entry.pod).some(({ restart }) => restart > entry.restart)
  }
}

/** What the log says of it by now: it ended when its successor began, unless it is corrupt. */
function predecessor({ origin, ended }: Entered): Predecessor {
  return { origin, ...(ended === undefined ? {} : { ended: { size: ended.size, root: ended.root } }) }
}

/** Of a server whose chains have all ended: who reads what is left is on record with the last of them. */
function heldOfEnded(entries: readonly Entered[], by: string): RegistryEntry[] {
  const last = entries.findLast(({ ended }) => ended !== undefined)
  if (last?.ended === undefined) return []
  const { size, root, witnessed } = last.ended
  return [{ kind: 'held', origin: last.origin, size, root, witnessed, by }]
}
