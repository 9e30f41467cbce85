// The archive over the trail: what the registry log says of it, and the bucket.

import { registryOrigin } from '../../core/wire.ts'
import type { Store } from '../commit/commit.ts'
import type { Trail } from '../trail.ts'
import { Archive } from './archive.ts'
import { type OpenOptions, openBucket } from './bucket.ts'
import { lookAt } from './look.ts'
import type { ArchiveConfig } from './settings.ts'
import type { ArchiveState } from './state.ts'

export type OpenArchive = {
  trail: Trail
  store: Pick<Store, 'read'>
  /** Fed with every record of the registry log since the trail was opened. */
  state: ArchiveState
  /** Milliseconds since 1970. */
  now: () => number
}

/** Loads the client. The bucket is asked in the first round. */
export async function openArchive(
  { location, reach, days }: ArchiveConfig,
  { trail, store, state, now }: OpenArchive,
  options?: OpenOptions,
): Promise<Archive> {
  const opened = await openBucket(location, reach, options)
  return new Archive({
    bucket: opened.bucket,
    location,
    look: async () => await lookAt(opened, location, now()),
    days,
    registry: trail.registry,
    state,
    readLog: (from, to) => store.read(registryOrigin, from, to),
    sealed: async () => (await trail.sealing?.segments()) ?? [],
    letGo: async (segment) => await trail.sealing?.remove(segment),
    now,
  })
}
