// Sealing over a store that several collectors share: each seals what it has, in a folder of its own, and no record is in two
// segments or in none, whoever has the chain.

import { expect } from 'vitest'
import type { Store } from '../../../collector/commit/commit.ts'
import { SealedFiles } from '../../../collector/sealing/files.ts'
import type { Sealing } from '../../../collector/sealing/sealing.ts'
import type { Trail } from '../../../collector/trail.ts'
import type { SealedSegment } from '../../../core/sealed/sealed-segment.ts'
import { aClose, aRefusal } from '../../core/records.ts'
import { aFolder, aTrail, Process, recordsIn, registryIn } from '../a-trail.ts'
import { aKms, type Kms, opened } from './a-kms.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

type Collector = { trail: Trail; sealing: Sealing; folder: string }

const sweep = async (...all: Collector[]): Promise<void> => {
  for (const { trail } of all) await trail.sweep()
  for (const { sealing } of all) await sealing.sweep()
}

/** `open`: another session of the same store. */
export async function sealsOver(open: () => Promise<Store>): Promise<void> {
  const kms = aKms()
  const clock = { now: 1_790_000_000_000 }
  const collector = async (folder = aFolder()): Promise<Collector> => {
    const trail = await aTrail(await open(), clock, [], {
      sealing: {
        wrapper: kms.wrapper,
        files: new SealedFiles(folder),
        bounds: { bytes: 1024 * 1024, records: 4, ageMs: 3_600_000 },
        developmentOnly: false,
        log: silent as never,
      },
    })
    return { trail, sealing: trail.sealing as Sealing, folder }
  }
  const [one, two] = [await collector(), await collector()]
  const process = await Process.started(one.trail)
  const other = await Process.started(two.trail)
  for (const { writes, count } of [
    { writes: process, count: 5 },
    { writes: other, count: 9 },
  ])
    for (let i = 0; i < count; i += 1) await writes.write(aRefusal(`c${i}`))
  await sweep(one, two)
  expect((await one.sealing.segments()).map(placeOf(process))).toEqual(['0-4'])

  // The chain goes on with another collector, in the middle of a segment; then back.
  process.trail = two.trail
  for (let i = 5; i < 12; i += 1) await process.write(aRefusal(`c${i}`))
  await sweep(one, two)
  process.trail = one.trail
  for (let i = 12; i < 15; i += 1) await process.write(aRefusal(`c${i}`))
  await sweep(one, two)

  // The second collector dies; what it sealed is found again where it lies, and its chain goes on.
  const again = await collector(two.folder)
  expect((await again.sealing.segments()).length).toBe((await two.sealing.segments()).length)
  other.trail = again.trail
  for (const each of [process, other]) {
    await each.write(aClose())
    await each.checkpoint()
  }
  clock.now += 11_000
  await sweep(one, again)
  await sweep(one, again)

  const all = [...(await one.sealing.segments()), ...(await again.sealing.segments())]
  expect(new Set(all.map(placeOf(process))).size).toBeGreaterThan(3)
  const store = await open()
  for (const { origin, records } of [process, other]) {
    const sealed = all.filter((segment) => segment.origin === origin).toSorted((a, b) => a.from - b.from)
    expect(await unsealed(sealed, kms)).toEqual(await recordsIn(store, origin))
    expect(await recordsIn(store, origin)).toEqual(records.map(String))
    // What the registry log says of each is what lies there.
    expect(
      (await registryIn(store)).filter((one) => one.kind === 'sealed' && one.origin === origin),
    ).toMatchObject(sealed.map(({ segment, from, to, sha256 }) => ({ segment, from, to, sha256 })))
  }
  expect([one.sealing.unsealed(), again.sealing.unsealed()]).toEqual([0, 0])
}

const placeOf =
  ({ origin }: Process) =>
  (segment: SealedSegment): string =>
    segment.origin === origin ? `${segment.from}-${segment.to}` : 'another'

async function unsealed(segments: readonly SealedSegment[], kms: Kms): Promise<string[]> {
  const records: string[] = []
  for (const segment of segments) {
    expect(segment.from).toBe(records.length)
    records.push(...(await opened(segment, kms)).records)
  }
  return records
}
