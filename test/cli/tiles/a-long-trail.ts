// A trail whose longest chain has more than one full tile, exported while it lives, once early and once later.

import { join } from 'node:path'
import { folderOfChain } from '../../../cli/export-layout.ts'
import { writeTiles } from '../../../cli/tiles-write.ts'
import { folderSource } from '../../../cli/trail/folder-source.ts'
import type { Store } from '../../../collector/commit/commit.ts'
import { type Keys, loadKeys } from '../../../collector/keys.ts'
import type { Trail } from '../../../collector/trail.ts'
import type { AuditRecord } from '../../../core/record.ts'
import { aFolder, anEmbeddedStore, aTrail, type Clock, Process } from '../../collector/a-trail.ts'
import { aClose, anIntent, anOrders, aRefusal, aResult } from '../../core/records.ts'
import { exported } from '../an-export.ts'

export type LongTrail = {
  trail: Trail
  store: Store
  /** Exports: at about half of its length, and whole. */
  early: string
  folder: string
  witness: string
  /** The collector's own, which nobody but it has. */
  keys: Keys
  /** 701 records, its checkpoint covers the first 700. */
  long: Process
  /** Closed itself: 4 records. */
  short: Process
}

const calls = (from: number, to: number): AuditRecord[] =>
  Array.from({ length: to - from }, (_, i) => [
    anIntent(`call-${from + i}`),
    aResult(`call-${from + i}`),
  ]).flat()

export async function aLongTrail(): Promise<LongTrail> {
  const clock: Clock = { now: 1_790_000_000_000 }
  const store = await anEmbeddedStore()
  const trail = await aTrail(store, clock)
  const short = await Process.started(trail)
  await short.write(anOrders(), aRefusal('refused'), aClose())
  await short.checkpoint()
  const long = await Process.started(trail)
  await long.write(anOrders(), ...calls(0, 149))
  await long.checkpoint()
  await trail.sweep()
  const root = aFolder()
  const early = join(root, 'early')
  await exported(trail, store, early)
  clock.now += 60_000
  await long.write(...calls(149, 349))
  await long.checkpoint()
  await long.write(anIntent('running'))
  const folder = join(root, 'trail')
  const witness = await exported(trail, store, folder)
  return { trail, store, early, folder, witness, keys: await loadKeys(store), long, short }
}

/** `tiles`: the export as tiles; `place`: the long chain among them. */
export async function tiled(): Promise<LongTrail & { tiles: string; place: string }> {
  const made = await aLongTrail()
  const tiles = join(aFolder(), 'tiles')
  await writeTiles(folderSource(made.folder), tiles, () => undefined)
  return { ...made, tiles, place: join(tiles, folderOfChain(made.long.origin)) }
}
