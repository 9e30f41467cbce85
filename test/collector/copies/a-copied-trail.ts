// A trail whose records are copied, as the collector does it.

import { onTestFinished } from 'vitest'
import type { Store } from '../../../collector/commit/commit.ts'
import { Copies, type CopiesOptions } from '../../../collector/copies/copies.ts'
import { Recent } from '../../../collector/copies/recent.ts'
import type { CopyTarget } from '../../../collector/copies/settings.ts'
import { loadKeys } from '../../../collector/keys.ts'
import type { Log } from '../../../collector/log.ts'
import { Trail } from '../../../collector/trail.ts'
import { recordBytes } from '../../../core/record.ts'
import { registryOrigin } from '../../../core/wire.ts'
import { anEmbeddedStore, type Clock } from '../a-trail.ts'
import type { Receiver } from './a-receiver.ts'

const nothing = (): void => undefined
const quiet: Log = { info: nothing, warn: nothing, error: nothing }

export type Copied = {
  trail: Trail
  store: Store
  clock: Clock
  /** Copies go on from where they were. */
  copy: (targets: readonly CopyTarget[], options?: Partial<CopiesOptions>) => Copies
  /** As when the process ends; its place is saved. */
  stop: () => Promise<void>
}

/** `near`: bytes of a generation of records in memory. */
export async function aCopiedTrail(near?: number): Promise<Copied> {
  const store = await anEmbeddedStore()
  const clock = { now: 1_790_000_000_000 }
  const recent = new Recent(near)
  const trail = new Trail({
    store,
    keys: await loadKeys(store),
    now: () => clock.now,
    silentMs: 90_000,
    committed: (...record) => recent.take(...record),
    report: { record: () => undefined, commit: () => undefined },
  })
  trail.registry.took = (record) => recent.take(registryOrigin, trail.registry.size, recordBytes(record))
  await trail.open()
  let stopping = new AbortController()
  let running: Promise<void>[] = []
  const stop = async (): Promise<void> => {
    stopping.abort()
    await Promise.all(running)
    stopping = new AbortController()
    running = []
  }
  onTestFinished(stop)
  return {
    trail,
    store,
    clock,
    copy: (targets, options = {}) => {
      const { registry } = trail
      const copies = new Copies(
        targets,
        { store, registry, recent, size: (origin) => trail.sizeOf(origin), now: () => clock.now },
        { log: quiet, pause: 5, pauses: { least: 5, most: 20 }, ...options },
      )
      running.push(copies.run(stopping.signal))
      return copies
    },
    stop,
  }
}

export const target = (
  { url, ca }: Pick<Receiver, 'url' | 'ca'>,
  said: Partial<CopyTarget> = {},
): CopyTarget => ({ name: 'siem', as: 'otlp', url, ca, ...said })
