// Where a chain's records are kept: the collector (stream.ts), the pod's own volume with the collector following
// (local.ts), or both at once (both.ts). The chain knows no more of it than this.

import type { Pressure } from './pressure.ts'

/** Where records become durable. One commit is in flight at a time. */
export interface Home {
  /**
   * Resolves only when these records, the first of them at index `from`, would survive power loss. Rejects with ChainOver
   * when this chain can never go on; with anything else when the same records shall be tried again.
   */
  commit(from: number, records: readonly Buffer[]): Promise<void>
  /** Takes a signed checkpoint over records that are committed. Rejects like `commit`. */
  witness(note: string): Promise<void>
  /** Why nothing can be committed now, kebab-case; undefined while all is well. */
  trouble(): string | undefined
  /** How near it is to taking no new call; undefined while all is well. */
  pressure(): Pressure | undefined
  /** Size of the newest checkpoint that the collector cosigned. */
  witnessed(): number
  /** Ends what is open. Nothing is committed any more. */
  close(): Promise<void>
}

/** This chain can never go on, and nobody may be served on it: the process must end, and its next one begin another. */
export class ChainOver extends Error {
  /** Kebab-case. */
  readonly reason: string
  constructor(reason: string, options?: ErrorOptions) {
    super(`The chain cannot go on (${reason}). The process ends, so that another begins its own`, options)
    this.name = 'ChainOver'
    this.reason = reason
  }
}

/** A record was not acknowledged. It may or may not be in the chain. */
export class NotRecorded extends Error {
  /** Kebab-case. */
  readonly reason: string
  constructor(reason: string) {
    super(`The record was not acknowledged (${reason})`)
    this.name = 'NotRecorded'
    this.reason = reason
  }
}
