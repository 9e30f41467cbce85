// Opens the store that the configuration names, and waits for one that is away.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Store, StoreFailed } from './commit/commit.ts'
import { openEmbedded } from './commit/embedded.ts'
import { openPostgres } from './commit/postgres.ts'
import type { StoreConfig } from './config.ts'

/** Opens a store once. `onPoisoned`: the process must end, what its disk holds is not known any more. */
export async function openStore(
  config: StoreConfig,
  onPoisoned: (reason: StoreFailed) => void,
): Promise<Store> {
  if (config.kind === 'embedded') return await openEmbedded({ folder: config.folder, onPoisoned })
  const { url, ca } = config
  const where = { url, ...(ca === undefined ? {} : { ca }) }
  if (config.kind === 'postgres') return await openPostgres(where)
  // Its client is loaded where it is used alone.
  const { openKafka } = await import('./commit/kafka/kafka.ts')
  return await openKafka({ ...where, onPoisoned })
}

/** Reasons that pass: a database that starts, a predecessor that has not let go yet, a volume that gets space. */
const passing: ReadonlySet<string> = new Set(['store-away', 'store-in-use', 'disk-full'])

/** Tries until it works. Rejects only for what waiting does not mend. */
export async function untilOpen<T>(
  open: () => Promise<T>,
  waiting: (reason: StoreFailed) => void,
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    try {
      return await open()
    } catch (error) {
      if (!(error instanceof StoreFailed) || !passing.has(error.reason)) throw error
      waiting(error)
    }
    await sleep(1000, undefined, { signal })
  }
}
