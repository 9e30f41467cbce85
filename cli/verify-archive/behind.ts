// Chains that live and are not archived any more: the registry log knows of records for longer than any segment waits.

import type { AuditRecord } from '../../core/record.ts'

/** A segment is sealed after a day at most, whatever the collector's configuration says, and archived as soon as the bucket answers. */
const latestMs = 2 * 86_400_000

/** Told of the registry log's records in their order, by whom every size of a chain is known. */
export class Behind {
  // Of each chain what is not archived yet: sizes, and since when they are known. Only as many as wait.
  readonly #known = new Map<string, { size: number; since: number }[]>()

  take(record: AuditRecord): void {
    const since = Date.parse(record.at)
    if (record.kind === 'sealed') this.#add(record.origin, record.to, since)
    if (record.kind === 'held' || record.kind === 'ended') this.#add(record.origin, record.size, since)
    if (record.kind === 'heads') for (const { origin, size } of record.heads) this.#add(origin, size, since)
    if (record.kind !== 'archived') return
    const waiting = this.#known.get(record.origin)?.filter(({ size }) => size > record.to) ?? []
    this.#known.set(record.origin, waiting)
  }

  /** What is wrong with this chain, `now` milliseconds since 1970. */
  of(origin: string, now: number): { index: number; says: string } | undefined {
    const first = this.#known.get(origin)?.[0]
    if (first === undefined || now - first.since <= latestMs) return undefined
    return {
      index: first.size - 1,
      says: `the registry log knows of it since ${new Date(first.since).toISOString()}, and it is not in the archive: nothing of this chain was archived any more`,
    }
  }

  #add(origin: string, size: number, since: number): void {
    const waiting = this.#known.get(origin) ?? []
    if (size > (waiting.at(-1)?.size ?? 0)) waiting.push({ size, since })
    this.#known.set(origin, waiting)
  }
}
