// How far a copy is, as it is kept in the store: so many records of the registry log, and so many of each chain that it
// named and that is not wholly copied. A chain that is neither was copied to its end.

import { isObject } from '../../core/is-object.ts'
import type { AuditRecord } from '../../core/record.ts'

/** `at`: records that were taken. `from`: where reading begins after a restart, so that calls that are open are understood. */
export type ChainPlace = { at: number; from: number }

const schema = 'hipaa-mcp-copied/1'

export class CopyPlace {
  /** Records of the registry log that were taken. */
  log: number
  readonly chains: Map<string, ChainPlace>

  constructor(log = 0, chains: Iterable<[string, ChainPlace]> = []) {
    this.log = log
    this.chains = new Map(chains)
  }

  /** What `text` wrote. Throws for anything else: a copy that begins anew in silence would be taken for another's. */
  static of(text: string): CopyPlace {
    const value: unknown = JSON.parse(text)
    if (!isObject(value) || value['schema'] !== schema) throw new TypeError('Not the place of a copy')
    const { log, chains } = value as { log: number; chains: { [origin: string]: [number, number] } }
    return new CopyPlace(
      log,
      Object.entries(chains).map(([origin, [at, from]]) => [origin, { at, from }]),
    )
  }

  text(): string {
    const chains = Object.fromEntries([...this.chains].map(([origin, { at, from }]) => [origin, [at, from]]))
    return JSON.stringify({ schema, log: this.log, chains })
  }

  /** The next record of the registry log: chains come by it, and come back. */
  take(record: AuditRecord): void {
    if (record.kind === 'registered') this.chains.set(record.origin, { at: 0, from: 0 })
    if (record.kind === 'resumed' && !this.chains.has(record.origin))
      // Calls that were open when it fell silent may be settled now.
      this.chains.set(record.origin, { at: record.size, from: 0 })
    this.log += 1
  }
}
