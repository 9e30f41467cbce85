// The archive (45 CFR 164.316(b)(2)(i)): sealed segments go into a bucket under a COMPLIANCE lock, and count as archived when
// version and lock were read back and the registry log says so. Nothing waits for it: a record is acknowledged without, and
// what could not be archived is tried again until it is.

import { type BucketSeen, canLock, type Gap, judgeBucket, lockedUntil } from '../../core/archive/bucket.ts'
import { keyOfSegment } from '../../core/archive/keys.ts'
import { type Location, textOfLocation } from '../../core/archive/location.ts'
import { type ArchiveSummary, behind, behindMs } from '../../core/archive/summary.ts'
import type { SealedSegment } from '../../core/sealed/sealed-segment.ts'
import { StoreFailed } from '../commit/commit.ts'
import type { Registry, RegistryEntry } from '../registry.ts'
import type { Sending } from '../sender.ts'
import { ArchiveFailed, type Bucket } from './bucket.ts'
import { applyHold } from './holds.ts'
import { keep, setHold } from './keep.ts'
import { keepLog, type ReadLog } from './log-pages.ts'
import type { ArchiveState } from './state.ts'

export type ArchiveOptions = {
  bucket: Bucket
  location: Location
  /** Sees what the bucket is; never rejects. */
  look: () => Promise<BucketSeen>
  /** Days for which every object is locked, 2192 at least. */
  days: number
  registry: Pick<Registry, 'signed' | 'update'>
  /** Fed with every record of the registry log. */
  state: ArchiveState
  readLog: ReadLog
  /**
   * Shows exactly what `update` resolves to to the witnesses outside the cluster; absent where nobody is asked. `witnessed`:
   * what they signed last.
   */
  witnessed?: (
    update: () => Promise<Registry['signed']>,
  ) => Promise<{ made: Registry['signed']; witnessed?: string }>
  /** Every sealed segment that is still here, those of each chain in order. */
  sealed: () => Promise<readonly SealedSegment[]>
  /** Segments of one chain may lie with several collectors: none is archived before those that come before it. */
  inOrder: boolean
  /** Of the one that sends are the registry log and legal holds. */
  sending: Sending
  /** A segment that the log calls archived need not stay here. */
  letGo: (segment: SealedSegment) => Promise<void>
  /** Milliseconds since 1970. */
  now: () => number
}

/** How often the bucket is judged, and how soon again when it could not be seen. */
const judgeMs = { well: 3_600_000, unseen: 60_000 }
/** For so long news of the registry log may wait for more, so that its stretches do not become many. */
const logMs = 900_000
/** Chains whose segments are put side by side. */
const atOnce = 4
/** What the registry log is told of at once. */
const toldAtOnce = 50

/** What lies in the bucket and the log is to be told of. */
type Put = {
  entry: Extract<RegistryEntry, { kind: 'archived' }>
  key: string
  /** Whether it was put under a legal hold. */
  held: boolean
}

export class Archive {
  readonly #options: ArchiveOptions
  readonly #place: string
  #judged: { at: number; gaps: Gap[]; usable: boolean; unseen: boolean } | undefined
  #logKept = Number.NEGATIVE_INFINITY
  #pending: readonly SealedSegment[] = []
  /** Segments that are archived and still here. */
  #spare: readonly SealedSegment[] = []
  /** What no round has looked at is not well. */
  #trouble: string | undefined = 'starting'

  constructor(options: ArchiveOptions) {
    this.#options = options
    this.#place = textOfLocation(options.location)
  }

  /**
   * Archives whatever waits, then the registry log, then what legal holds ask for. Resolves to whether all of it was done;
   * never rejects.
   */
  async round(): Promise<boolean> {
    let trouble: string | undefined
    const attempt = async (task: () => Promise<void>): Promise<void> => {
      try {
        await task()
      } catch (error) {
        trouble ??= reasonOf(error)
      }
    }
    await attempt(async () => {
      await this.#lookAtWhatWaits()
      await this.#judge()
    })
    if (trouble === undefined && this.#judged?.usable !== true)
      trouble = this.#judged?.unseen === true ? 'archive-away' : 'archive-not-locked'
    if (trouble === undefined) {
      await this.#keepSegments(attempt)
      if (this.#options.sending.tenure !== undefined) {
        await attempt(async () => await this.#keepHolds())
        await attempt(async () => await this.#keepLog())
      }
    }
    await attempt(async () => {
      for (const segment of this.#spare) await this.#options.letGo(segment)
    })
    this.#trouble = trouble
    return trouble === undefined
  }

  /** Why nothing is archived now, kebab-case; `starting` until the first round ended, undefined while all is well. */
  trouble(): string | undefined {
    return this.#trouble
  }

  summary(): ArchiveSummary {
    const { sending } = this.#options
    // The registry log and holds are of the one that sends, and so is what keeps them from the bucket.
    const trouble = this.#trouble ?? (sending.tenure === undefined ? sending.heard()?.archive : undefined)
    const oldest = this.#pending.map(({ sealedAt }) => sealedAt).toSorted()[0]
    const late = oldest !== undefined && this.#options.now() - Date.parse(oldest) > behindMs
    const judged = this.#judged
    return {
      place: this.#place,
      days: this.#options.days,
      gaps: [...(judged?.gaps ?? []), ...(late ? [behind] : [])],
      segments: this.#options.state.segments,
      log: { records: this.#options.registry.signed.size, archived: this.#options.state.registryTo },
      pending: {
        segments: this.#pending.length,
        bytes: this.#pending.reduce((sum, { bytes }) => sum + bytes, 0),
        ...(oldest === undefined ? {} : { oldest }),
      },
      ...(judged === undefined ? {} : { judged: new Date(judged.at).toISOString() }),
      ...(trouble === undefined ? {} : { trouble }),
    }
  }

  async #lookAtWhatWaits(): Promise<void> {
    const { sealed, state } = this.#options
    const isArchived = ({ origin, to }: SealedSegment): boolean => to <= state.archivedTo(origin)
    const here = await sealed()
    this.#pending = here.filter((segment) => !isArchived(segment))
    this.#spare = here.filter(isArchived)
  }

  async #judge(): Promise<void> {
    const { look, now } = this.#options
    const before = this.#judged
    // A clock that was set back says nothing of how long ago that was.
    const ago = before === undefined ? Infinity : Math.abs(now() - before.at)
    if (ago < (before?.unseen === true ? judgeMs.unseen : judgeMs.well)) return
    const seen = await look()
    this.#judged = {
      at: now(),
      gaps: judgeBucket(seen),
      usable: canLock(seen),
      unseen: seen.versioning === 'unread' || seen.lock === 'unread',
    }
  }

  /** Each chain's segments in order: the log says of a chain how far it is archived. */
  async #keepSegments(attempt: (task: () => Promise<void>) => Promise<void>): Promise<void> {
    const chains = [...Map.groupBy(this.#pending, ({ origin }) => origin).values()]
    const next = async (): Promise<void> => {
      for (let chain = chains.shift(); chain !== undefined; chain = chains.shift()) {
        const segments = chain.toSorted((a, b) => a.from - b.from)
        await attempt(async () => await this.#keepChain(segments))
      }
    }
    await Promise.all(Array.from({ length: atOnce }, next))
  }

  async #keepChain(segments: readonly SealedSegment[]): Promise<void> {
    let told: Put[] = []
    const tell = async (): Promise<void> => {
      const put = told
      told = []
      if (put.length > 0) await this.#tell(put)
    }
    try {
      for (const segment of segments) {
        // What comes before it another collector has: the log says of a chain up to where it is archived.
        if (
          segment.from > Math.max(this.#options.state.archivedTo(segment.origin), told.at(-1)?.entry.to ?? 0)
        )
          return
        told.push(await this.#keepSegment(segment))
        if (told.length >= toldAtOnce) await tell()
      }
    } finally {
      await tell()
    }
  }

  async #keepSegment(segment: SealedSegment): Promise<Put> {
    const { bucket, location, state, days, now } = this.#options
    const { origin, from, to, bytes, sha256, sealedAt } = segment
    const key = keyOfSegment(location.prefix, segment)
    const held = state.isHeld(origin, now())
    const { version, until } = await keep(bucket, key, segment, {
      until: lockedUntil(now(), days),
      // No record in it is younger than the segment.
      least: Date.parse(sealedAt) + days * 86_400_000,
      hold: held,
    })
    const at = { place: this.#place, version, until: new Date(until).toISOString() }
    return { entry: { kind: 'archived', origin, from, to, bytes, sha256, ...at }, key, held }
  }

  /**
   * If the process dies before this, the object is found again by its name, and said then. Whoever applies a hold looks at what the
   * log calls archived: where one was asked for or taken off since the put, the object follows before the log says so.
   */
  async #tell(put: readonly Put[]): Promise<void> {
    const { bucket, registry, state, now } = this.#options
    const isHeld = ({ entry: { origin } }: Put): boolean => state.isHeld(origin, now())
    for (let late: Put[]; ; ) {
      late = []
      await registry.update(() => {
        const news = put.filter(({ entry }) => entry.to > state.archivedTo(entry.origin))
        late = news.filter((one) => one.held !== isHeld(one))
        return late.length > 0 ? [] : news.map(({ entry }) => entry)
      })
      if (late.length === 0) break
      for (const one of late) {
        one.held = isHeld(one)
        await setHold(bucket, one.key, one.entry.version, one.held)
      }
    }
    this.#pending = this.#pending.filter(({ origin, to }) => to > state.archivedTo(origin))
  }

  async #keepLog(): Promise<void> {
    const { bucket, location, registry, readLog, state, days, now } = this.#options
    if (!state.hasNews() || Math.abs(now() - this.#logKept) < logMs) return
    const update = async (): Promise<Registry['signed']> => registry.signed
    const { made, witnessed } = (await this.#options.witnessed?.(update)) ?? { made: registry.signed }
    const entry = await keepLog(
      bucket,
      { prefix: location.prefix, place: this.#place },
      { from: state.registryTo, signed: made, witnessed, read: readLog },
      { until: lockedUntil(now(), days), least: now() + (days - 1) * 86_400_000, hold: state.isAnyHeld() },
    )
    // Another collector may have said so meanwhile.
    await registry.update(() => (entry.from === state.registryTo ? [entry] : []))
    this.#logKept = now()
  }

  async #keepHolds(): Promise<void> {
    const { bucket, location, registry, readLog, state } = this.#options
    const at = { prefix: location.prefix, place: this.#place }
    for (const hold of [...state.holds.values()].filter(({ applied }) => !applied)) {
      const size = registry.signed.size
      const entry = await applyHold(bucket, at, { hold, state, log: readLog, size })
      await registry.update(() => (state.holds.get(hold.hold) === hold && !hold.applied ? [entry] : []))
    }
  }
}

/** A reason of ours, or that the server did not do it. */
function reasonOf(error: unknown): string {
  return error instanceof ArchiveFailed || error instanceof StoreFailed ? error.reason : 'archive-away'
}
