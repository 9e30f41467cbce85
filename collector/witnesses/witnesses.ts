// The witnesses outside the cluster (C2SP tlog-witness). They are shown one log, the registry log, which says of every
// chain how far it has come: whoever holds our disk and all of our keys still cannot cut or rewrite what they signed.
// They gate no acknowledgement unless the configuration says strict.

import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseNote } from '../../core/checkpoint.ts'
import type { WitnessReport } from '../../core/wire.ts'
import { quorumTime, type WitnessPolicy } from '../../core/witness-policy.ts'
import type { Store } from '../commit/commit.ts'
import { Order } from '../order.ts'
import { Refusal } from '../refusals.ts'
import type { Head, Registry, RegistryEntry } from '../registry.ts'
import { alone, type Sending } from '../sender.ts'
import type { Ask } from './ask.ts'
import { timeOf } from './protocol.ts'
import { Witness, type WitnessEvents } from './witness.ts'

/** Who is asked, how often, and what it means that they are late. */
export type WitnessSettings = {
  policy: WitnessPolicy
  /** Name by which they know the log; `{key}` stands for the SHA-256 of its public key, hexadecimal. */
  origin: string
  /** Between two rounds. */
  seconds: number
  /** A quorum that is older than this is late. */
  lateSeconds: number
  /** Nothing is acknowledged that a quorum has not signed. */
  strict: boolean
}

export type WitnessesOptions = WitnessSettings & {
  ask: Ask
  events: WitnessEvents
  clock?: () => number
}

/** What the trail lets us see and do. */
export type Watched = {
  registry: Registry
  store: Pick<Store, 'note' | 'saveNote'>
  /** Entries that bring the registry log up to the chains, and how far they then reach. */
  heads: () => { entries: RegistryEntry[]; reach: ReadonlyMap<string, number> }
  now: () => number
  /** Something of ours failed meanwhile, not a witness. */
  troubled: (error: unknown) => void
}

/** So often at least a collector that does not send looks whether it does, and what was signed. */
const followSeconds = 5

/** Name of the store's note: the newest head of the log that a quorum signed. */
export const witnessedNote = 'witnessed'

/** The origin under which this log is known outside: unique to its key, so that no other log is taken for it. */
export function originFor(template: string, { publicKey }: Pick<Registry, 'publicKey'>): string {
  return template.replaceAll('{key}', createHash('sha256').update(publicKey).digest('hex'))
}

export class Witnesses {
  /** The newest head that a quorum signed, with their signatures; `time` in seconds since 1970, by their clocks. */
  newest: { size: number; time: number; note: string } | undefined

  readonly origin: string
  readonly #options: WitnessesOptions
  readonly #trail: Watched
  readonly #witnesses: Witness[]
  readonly #rounds = new Order()
  readonly #reach = new Map<string, number>()
  #next: Promise<void> | undefined
  #sending: Sending = alone

  /** `stored`: the note of that name, which the registry log was read against. */
  constructor(options: WitnessesOptions, trail: Watched, stored: string | undefined) {
    this.#options = options
    this.#trail = trail
    this.origin = originFor(options.origin, trail.registry)
    this.newest = stored === undefined ? undefined : this.#read(stored)
    const { ask, events, clock } = options
    const has = async (size: number): Promise<boolean> => {
      await trail.registry.refresh()
      return trail.registry.size >= size
    }
    this.#witnesses = options.policy.witnesses.flatMap((pinned) => {
      const { url } = pinned
      if (url === undefined) return []
      const signed = this.newest !== undefined && timeOf(this.newest.note, pinned.key) !== undefined
      return new Witness(
        { pinned: { ...pinned, url }, ask, events, has, ...(clock === undefined ? {} : { clock }) },
        signed ? this.newest?.size : undefined,
      )
    })
  }

  /**
   * Rounds until `signal` aborts: an idle log is signed anew as well, so that its silence is witnessed. Of several collectors
   * the one that sends makes them, and the others read what was signed.
   */
  async run(signal: AbortSignal, sending: Sending = alone): Promise<void> {
    this.#sending = sending
    while (!signal.aborted) {
      const sends = sending.tenure !== undefined
      await (sends ? this.round() : this.#follow()).catch((error: unknown) => this.#trail.troubled(error))
      const seconds = sends ? this.#options.seconds : Math.min(this.#options.seconds, followSeconds)
      await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Takes over what witnesses signed for another collector. */
  async #follow(): Promise<void> {
    const stored = await this.#trail.store.note(witnessedNote)
    const signed = stored === undefined ? undefined : this.#read(stored)
    if (signed !== undefined && signed.time >= (this.newest?.time ?? 0)) this.newest = signed
  }

  /** Brings the registry log up to all chains and has it signed. Those who ask meanwhile share the round after it. */
  async round(): Promise<void> {
    this.#next ??= this.#rounds.run(async () => {
      this.#next = undefined
      let reach: ReadonlyMap<string, number> = new Map()
      // A witness may have signed what another collector added.
      await this.#trail.registry.refresh()
      const { note } = await this.#trail.registry.update(() => {
        const heads = this.#trail.heads()
        reach = heads.reach
        return heads.entries
      })
      if (await this.#sign(headOf(note))) for (const [origin, size] of reach) this.#reach.set(origin, size)
    })
    await this.#next
  }

  /**
   * Has exactly that head signed which `update` makes, and nothing that came after it. Resolves to what `update` resolved
   * to and the newest signed head within it; witnesses that are away take nothing from it but their signature.
   */
  async signed<Made extends { note: string }>(
    update: () => Promise<Made>,
  ): Promise<{ made: Made; witnessed?: string }> {
    return await this.#rounds.run(async () => {
      const made = await update()
      await this.#sign(headOf(made.note)).catch((error: unknown) => this.#trail.troubled(error))
      return { made, ...(this.newest === undefined ? {} : { witnessed: this.newest.note }) }
    })
  }

  /** With `strict`: resolves when a quorum signed what covers so many records of the chain. Rejects with `not-witnessed`. */
  async gate(origin: string, size: number): Promise<void> {
    if (!this.#options.strict) return
    const isCovered = (): boolean => (this.#reach.get(origin) ?? 0) >= size
    if (!isCovered()) await this.round()
    if (!isCovered()) throw new Refusal('not-witnessed', { size })
  }

  /** A chain ended. */
  drop(origin: string): void {
    this.#reach.delete(origin)
  }

  /** The log's verifier key, as the witnesses and every policy file must have it. */
  get log(): string {
    return this.#trail.registry.vkeyAs(this.origin)
  }

  /** Seconds since a quorum signed, or since the log began: what happened since then could be taken back unnoticed. */
  window(): number {
    const { registry, now } = this.#trail
    const since = this.newest === undefined ? (registry.began ?? now()) : this.newest.time * 1000
    return Math.max(0, (now() - since) / 1000)
  }

  report(): WitnessReport {
    const { lateSeconds, strict } = this.#options
    return {
      log: this.log,
      strict,
      late: this.window() > lateSeconds,
      windowSeconds: Math.floor(this.window()),
      ...(this.newest === undefined
        ? {}
        : { quorum: { size: this.newest.size, at: new Date(this.newest.time * 1000).toISOString() } }),
      witnesses:
        (this.#sending.tenure === undefined ? this.#sending.heard()?.witnesses : undefined) ?? this.own(),
    }
  }

  /** How they answered this collector. */
  own(): WitnessReport['witnesses'] {
    return this.#witnesses.map(({ name, state, reason, signed }) => ({
      name,
      state,
      ...(reason === undefined ? {} : { reason }),
      ...(signed === undefined ? {} : { signed }),
    }))
  }

  /** Whether a quorum signed this head. */
  async #sign(head: Head): Promise<boolean> {
    const { registry, store } = this.#trail
    // Nothing is in it yet: no chain began.
    if (head.size === 0) return false
    const note = registry.anchor(head, this.origin)
    const proof = async (from: number): ReturnType<Registry['proof']> => await registry.proof(from, head.size)
    const asked = await Promise.all(
      this.#witnesses.map(async (witness) => ({
        witness,
        signature: await witness.cosign({ size: head.size, note }, proof),
      })),
    )
    registry.forget(Math.min(head.size, ...this.#witnesses.map(({ signed }) => signed ?? head.size)))
    await this.#sayRefused(head)
    const lines = asked.map(({ signature }) => signature?.line ?? '').join('')
    const signed = this.#read(`${note}${lines}`)
    if (signed === undefined) return false
    // Dying here leaves the witnesses ahead of what we know of them: they say so when they are asked next.
    await store.saveNote(witnessedNote, signed.note)
    this.newest = signed
    return true
  }

  /** A note that a quorum signed; undefined for any other. */
  #read(note: string): { size: number; time: number; note: string } | undefined {
    const { policy } = this.#options
    const { origin, size } = parseNote(note).checkpoint
    const times = policy.witnesses.flatMap(({ name, key }): [string, number][] => {
      const time = timeOf(note, key)
      return time === undefined ? [] : [[name, time]]
    })
    const time = quorumTime(policy, new Map(times))
    return origin !== this.origin || time === undefined ? undefined : { size, time, note }
  }

  /** Each refusal stands in the registry log once: what is refused is that log, but its auditors read it all the same. */
  async #sayRefused({ size }: Head): Promise<void> {
    const refused = this.#witnesses.filter(
      ({ state, reason, said }) => state === 'refuses' && said !== reason,
    )
    if (refused.length === 0) return
    await this.#trail.registry.update(() =>
      refused.map(({ name, reason = '', signed }) => ({
        kind: 'witness-refused',
        witness: name,
        reason,
        size,
        ...(signed === undefined ? {} : { signed }),
      })),
    )
    for (const witness of refused) witness.said = witness.reason
  }
}

function headOf(note: string): Head {
  return parseNote(note).checkpoint
}
