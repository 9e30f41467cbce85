// Feeds the breach rules with what comes in, and puts what they raise into the registry log, where it survives us.

import { partsOfOrigin, type Signal } from '../core/wire.ts'
import type { Chain, Leaf } from './chain.ts'
import type { Registry, RegistryEntry } from './registry.ts'
import { Signals } from './signals.ts'

/** Sidecars' clocks: a record from further in the future counts as of now. */
const skewMs = 60_000

export class Alarms {
  readonly #signals = new Signals()
  readonly #registry: Registry
  readonly #now: () => number
  #unsaid: Signal[] = []
  /** Signals of the registry log that were taken over. */
  #taken = 0

  constructor(registry: Registry, now: () => number) {
    this.#registry = registry
    this.#now = now
  }

  /** Takes over what the registry log tells of, also of what other collectors saw. */
  restore(): void {
    for (const { schema: _schema, at: _at, kind: _kind, ...signal } of this.#registry.signals.slice(
      this.#taken,
    ))
      this.#signals.restore({ ...signal, lastSeen: signal.firstSeen })
    this.#taken = this.#registry.signals.length
  }

  list(): readonly Signal[] {
    this.restore()
    return this.#signals.list()
  }

  /** A committed record. `person` made the call that it settles. */
  took(chain: Chain, { record }: Leaf, person: { iss: string; sub: string } | undefined): void {
    const parts = partsOfOrigin(chain.origin)
    if (parts === undefined || (record.kind !== 'result' && record.kind !== 'event') || person === undefined)
      return
    const raised = this.#signals.see({
      namespace: parts.namespace,
      server: parts.server,
      person: `${person.iss}|${person.sub}`,
      patients: record.patients,
      time: Math.min(Date.parse(record.at), this.#now() + skewMs),
      rules: chain.orders?.breach ?? [],
    })
    this.#unsaid.push(...raised)
  }

  /** Its process has another history of this chain than the store. */
  forked(origin: string): void {
    const parts = partsOfOrigin(origin)
    if (parts !== undefined) this.#unsaid.push(...this.#signals.forked(parts, this.#now()))
  }

  /** Says what was not said yet. Rejects: nothing is forgotten, call it again. */
  async say(): Promise<void> {
    const saying = [...this.#unsaid]
    if (saying.length === 0) return
    await this.#registry.update(() => {
      this.restore()
      return saying.filter((signal) => !this.#said(signal)).map(entryOf)
    })
    this.#unsaid = this.#unsaid.filter((signal) => !saying.includes(signal))
  }

  #said(signal: Signal): boolean {
    const keys = ['namespace', 'server', 'rule', 'person', 'perSeconds', 'firstSeen'] as const
    return this.#registry.signals.some((said) => keys.every((key) => said[key] === signal[key]))
  }
}

function entryOf({ lastSeen: _lastSeen, ...signal }: Signal): RegistryEntry {
  return { kind: 'signal', ...signal }
}
