// Breach readiness (45 CFR 164.400-414): who saw how many distinct patients in how long. Time is that of the records.
// Bounded in memory: patients per person, and persons.

import type { PatientToken } from '../core/record.ts'
import type { Signal } from '../core/wire.ts'
import type { Pod } from './registry.ts'

export type Rule = { distinctPatients: number; perSeconds: number }
export type Seen = {
  namespace: string
  server: string
  person: string
  patients: readonly PatientToken[]
  /** Milliseconds since 1970. */
  time: number
  rules: readonly Rule[]
}

const distinctPatientsRule = 'distinct-patients'
const forkRule = 'chain-fork'

const limits = { persons: 50_000, patientsAtLeast: 10_000, signals: 10_000 }

/** Patient -> when this person last saw it; oldest first. */
type Window = { seen: Map<number, number>; newest: number }

export class Signals {
  readonly #windows = new Map<string, Window>()
  #signals: Signal[] = []

  /** All signals, oldest first. */
  list(): readonly Signal[] {
    return this.#signals
  }

  /**
   * A signal that the registry log tells of: raised before this process began, or by another collector, which may have
   * seen the same from another record on. What the log says counts.
   */
  restore(signal: Signal): void {
    const known = this.#known(signal, signal.perSeconds * 1000, Date.parse(signal.firstSeen))
    if (known === undefined) this.#keep({ ...signal })
    else known.firstSeen = signal.firstSeen
  }

  /**
   * Takes in what one result showed. Returns the signals that it raises; one that goes on is only updated. The window
   * ends at the newest time known of the person: a record that arrives late counts as far as it is within it.
   */
  see({ namespace, server, person, patients, time, rules }: Seen): Signal[] {
    if (rules.length === 0 || patients.length === 0) return []
    const window = this.#windowOf(`${namespace}/${server} ${person}`)
    window.newest = Math.max(window.newest, time)
    for (const { token } of patients) {
      const key = keyOf(token)
      const before = window.seen.get(key) ?? Number.NEGATIVE_INFINITY
      window.seen.delete(key)
      window.seen.set(key, Math.max(before, time))
    }
    this.#trim(window, rules)
    return rules.flatMap((rule) => {
      const count = within(window, rule.perSeconds * 1000)
      if (count <= rule.distinctPatients) return []
      return this.#raise(
        { namespace, server, rule: distinctPatientsRule, person },
        count,
        rule.perSeconds,
        time,
      )
    })
  }

  /** Somebody tried to write a second history of a chain, or the store lost what it acknowledged of it. */
  forked(pod: Pod, time: number): Signal[] {
    const { namespace, server, podUid } = pod
    return this.#raise({ namespace, server, rule: forkRule, person: `pod|${podUid}` }, 0, 3600, time)
  }

  #raise(
    who: Pick<Signal, 'namespace' | 'server' | 'rule' | 'person'>,
    distinctPatients: number,
    perSeconds: number,
    time: number,
  ): Signal[] {
    const per = perSeconds * 1000
    const known = this.#known({ ...who, perSeconds }, per, time)
    if (known !== undefined) {
      known.distinctPatients = Math.max(known.distinctPatients, distinctPatients)
      if (time > Date.parse(known.lastSeen)) known.lastSeen = new Date(time).toISOString()
      return []
    }
    const at = new Date(time).toISOString()
    const signal = { ...who, distinctPatients, perSeconds, firstSeen: at, lastSeen: at }
    this.#keep(signal)
    return [signal]
  }

  #known(
    who: Pick<Signal, 'namespace' | 'server' | 'rule' | 'person' | 'perSeconds'>,
    per: number,
    time: number,
  ): Signal | undefined {
    return this.#signals.findLast(
      (signal) =>
        signal.person === who.person &&
        signal.rule === who.rule &&
        signal.perSeconds === who.perSeconds &&
        signal.server === who.server &&
        signal.namespace === who.namespace &&
        time >= Date.parse(signal.firstSeen) - per &&
        time <= Date.parse(signal.lastSeen) + per,
    )
  }

  #keep(signal: Signal): void {
    this.#signals.push(signal)
    if (this.#signals.length > limits.signals) this.#signals = this.#signals.slice(-limits.signals)
  }

  #windowOf(key: string): Window {
    const window = this.#windows.get(key) ?? {
      seen: new Map<number, number>(),
      newest: Number.NEGATIVE_INFINITY,
    }
    // Least recently active first, so that the bound lets go of who matters least.
    this.#windows.delete(key)
    this.#windows.set(key, window)
    if (this.#windows.size > limits.persons) this.#windows.delete(this.#windows.keys().next().value as string)
    return window
  }

  #trim({ seen, newest }: Window, rules: readonly Rule[]): void {
    const longest = Math.max(...rules.map(({ perSeconds }) => perSeconds * 1000))
    const most = Math.max(
      limits.patientsAtLeast,
      ...rules.map(({ distinctPatients }) => 2 * distinctPatients),
    )
    for (const [key, time] of seen) {
      if (time > newest - longest && seen.size <= most) break
      seen.delete(key)
    }
  }
}

/** 48 bits of the token, which is a keyed hash: enough to count with, a fraction of its size. */
function keyOf(token: string): number {
  return Buffer.from(token.slice(0, 8), 'base64url').readUIntBE(0, 6)
}

function within({ seen, newest }: Window, per: number): number {
  let count = 0
  for (const time of seen.values()) if (time > newest - per) count += 1
  return count
}
