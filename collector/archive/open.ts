// The archive over the trail: what the registry log says of it, and the bucket.

import type { BucketSeen } from '../../core/archive/bucket.ts'
import { registryOrigin } from '../../core/wire.ts'
import type { Store } from '../commit/commit.ts'
import { alone, type Sending } from '../sender.ts'
import type { Trail } from '../trail.ts'
import { Archive, type ArchiveOptions } from './archive.ts'
import { type OpenOptions, openBucket } from './bucket.ts'
import { lookAt } from './look.ts'
import type { ArchiveConfig } from './settings.ts'
import type { ArchiveState } from './state.ts'

export type OpenArchive = {
  trail: Trail
  store: Pick<Store, 'read' | 'shared'>
  /** Fed with every record of the registry log since the trail was opened. */
  state: ArchiveState
  /** Which of several collectors sends; absent where no other shares the store. */
  sending?: Sending | undefined
  /** Milliseconds since 1970. */
  now: () => number
}

/** Loads the client. The bucket is asked in the first round. */
export async function openArchive(
  { location, reach, days }: ArchiveConfig,
  over: OpenArchive,
  options?: OpenOptions,
): Promise<Archive> {
  const opened = await openBucket(location, reach, options)
  const look = async (): Promise<BucketSeen> => await lookAt(opened, location, over.now())
  return new Archive({ bucket: opened.bucket, location, look, days, ...ofTrail(over) })
}

/** What the archive has of the trail. */
export function ofTrail({
  trail,
  store,
  state,
  sending = alone,
  now,
}: OpenArchive): Omit<ArchiveOptions, 'bucket' | 'location' | 'look' | 'days'> {
  const { registry, sealing, witnesses } = trail
  return {
    registry,
    state,
    readLog: (from, to) => store.read(registryOrigin, from, to),
    sealed: async () => (await sealing?.segments()) ?? [],
    inOrder: store.shared,
    sending,
    letGo: async (segment) => await sealing?.remove(segment),
    ...(witnesses === undefined ? {} : { witnessed: async (update) => await witnesses.signed(update) }),
    now,
  }
}
