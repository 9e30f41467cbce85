// What the registry log says of the archive: a function of its records, so that a collector that begins anew knows what lies
// where, and what it had promised.

import type { Archived, AuditRecord, LegalHold, RegistryArchived } from '../../core/record.ts'
import { partsOfOrigin } from '../../core/wire.ts'

export type Hold = Pick<LegalHold, 'hold' | 'state' | 'namespace' | 'server' | 'since' | 'through'> & {
  /** Every archived segment that it concerns was seen to be held, or let go. */
  applied: boolean
}

/** Clocks of pods may differ, and a hold rather takes in too much. */
const marginMs = 86_400_000

export class ArchiveState {
  /** Segments in the archive. */
  segments = 0
  /** Records of the registry log that are in the archive, from its first on. */
  registryTo = 0
  readonly holds: Map<string, Hold> = new Map()
  /** Records of the log, up to the newest that says more than that the log was archived. */
  #newsTo = 0
  #size = 0
  /** Origin -> records in the archive, from the chain's first on. */
  readonly #to = new Map<string, number>()
  /** Origin -> when the chain began, milliseconds since 1970. */
  readonly #began = new Map<string, number>()

  /** The next record of the registry log. */
  take(record: AuditRecord): void {
    if (record.kind === 'registered') this.#began.set(record.origin, Date.parse(record.at))
    if (record.kind === 'archived') {
      this.segments += 1
      this.#to.set(record.origin, Math.max(record.to, this.archivedTo(record.origin)))
    }
    this.#size += 1
    if (record.kind === 'registry-archived') this.registryTo = Math.max(this.registryTo, record.to)
    else this.#newsTo = this.#size
    if (record.kind === 'legal-hold') {
      const { hold, state, namespace, server, since, through } = record
      const times = {
        ...(since === undefined ? {} : { since }),
        ...(through === undefined ? {} : { through }),
      }
      this.holds.set(hold, { hold, state, namespace, server, ...times, applied: false })
    }
    const hold = record.kind === 'legal-hold-applied' ? this.holds.get(record.hold) : undefined
    if (record.kind === 'legal-hold-applied' && hold?.state === record.state) hold.applied = true
  }

  /** Whether the log holds what is not archived; that it was archived is no news, or there would be no end to it. */
  hasNews(): boolean {
    return this.#newsTo > this.registryTo
  }

  archivedTo(origin: string): number {
    return this.#to.get(origin) ?? 0
  }

  /** Whether a hold concerns what was archived at `at` (milliseconds since 1970) of this chain. */
  concerns({ namespace, server, since, through }: Hold, origin: string, at: number): boolean {
    const parts = partsOfOrigin(origin)
    return (
      parts?.namespace === namespace &&
      parts.server === server &&
      // A segment holds nothing from after it was archived, and nothing from before its chain began.
      (since === undefined || at + marginMs >= Date.parse(since)) &&
      (through === undefined || (this.#began.get(origin) ?? 0) - marginMs <= Date.parse(through))
    )
  }

  /** Whether any hold is in force on what was archived at `at` of this chain. */
  isHeld(origin: string, at: number): boolean {
    return [...this.holds.values()].some((hold) => hold.state === 'on' && this.concerns(hold, origin, at))
  }

  /** Whether any hold is in force: the registry log proves what every one of them keeps. */
  isAnyHeld(): boolean {
    return [...this.holds.values()].some(({ state }) => state === 'on')
  }
}

/** Records of the registry log that say that something lies in the archive. */
export type InArchive = Archived | RegistryArchived
