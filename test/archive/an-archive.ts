// An archive over a real trail, and segments as the sealer hands them over.

import { Archive } from '../../collector/archive/archive.ts'
import type { Bucket } from '../../collector/archive/bucket.ts'
import { ofTrail } from '../../collector/archive/open.ts'
import { ArchiveState } from '../../collector/archive/state.ts'
import type { Store } from '../../collector/commit/commit.ts'
import { loadKeys } from '../../collector/keys.ts'
import type { SealingOptions } from '../../collector/sealing/sealing.ts'
import type { Sending } from '../../collector/sender.ts'
import { Trail } from '../../collector/trail.ts'
import type { WitnessesOptions } from '../../collector/witnesses/witnesses.ts'
import { bodyOf } from '../../core/archive/body.ts'
import type { BucketSeen } from '../../core/archive/bucket.ts'
import type { Location } from '../../core/archive/location.ts'
import { nameOfSealed, type SealedSegment } from '../../core/sealed/sealed-segment.ts'
import { anEmbeddedStore, type Clock } from '../collector/a-trail.ts'
import { sound } from './a-bucket.ts'

export const place: Location = { bucket: 'trail', prefix: 'clinic/' }

/** A segment whose bytes are only told from others. */
export function aSegment(origin: string, from: number, to: number, sealedAt: number): SealedSegment {
  const { bytes, sha256, read } = bodyOf(Buffer.from(`sealed ${origin} ${from} ${to}\n`.repeat(40)))
  return {
    origin,
    segment: `${origin}-${from}`,
    from,
    to,
    name: nameOfSealed(origin, from),
    bytes,
    sha256,
    keyId: 'test',
    sealedAt: new Date(sealedAt).toISOString(),
    read: read as SealedSegment['read'],
  }
}

export type Archiving = {
  store: Store
  trail: Trail
  state: ArchiveState
  archive: Archive
  /** What the sealer has. */
  sealed: SealedSegment[]
  clock: Clock
}

/** Open until the test ends. `seen`: what the bucket looks like. */
export async function anArchive(
  bucket: Bucket,
  said: {
    store?: Store
    clock?: Clock
    sealed?: SealedSegment[]
    look?: () => Promise<BucketSeen>
    location?: Location
    /** Segments are then those that the trail seals, and not `sealed`. */
    sealing?: SealingOptions
    witnesses?: WitnessesOptions
    sending?: Sending
  } = {},
): Promise<Archiving> {
  const { store = await anEmbeddedStore(), clock = { now: 1_790_000_000_000 }, sealed = [] } = said
  const trail = new Trail({
    store,
    keys: await loadKeys(store),
    now: () => clock.now,
    silentMs: 90_000,
    ...(said.witnesses === undefined ? {} : { witnesses: said.witnesses }),
    ...(said.sealing === undefined ? {} : { sealing: said.sealing }),
    report: { record: () => undefined, commit: () => undefined },
  })
  const state = new ArchiveState()
  trail.registry.took = (record) => state.take(record)
  await trail.open()
  const made = {
    sealed: async () => [...sealed],
    letGo: async (segment: SealedSegment) => void sealed.splice(sealed.indexOf(segment), 1),
  }
  const archive = new Archive({
    bucket,
    location: said.location ?? place,
    look: said.look ?? (async () => sound),
    days: 2192,
    ...ofTrail({
      trail,
      store,
      state,
      now: () => clock.now,
      ...(said.sending === undefined ? {} : { sending: said.sending }),
    }),
    ...(trail.sealing === undefined ? made : {}),
  })
  return { store, trail, state, archive, sealed, clock }
}
