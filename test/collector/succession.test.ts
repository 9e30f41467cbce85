// What the collector says of the chain before, to a process that begins one.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Store } from '../../collector/commit/commit.ts'
import type { Trail } from '../../collector/trail.ts'
import { leafHash, rootOf } from '../../core/merkle.ts'
import { originOf } from '../../core/wire.ts'
import { aClose, anIntent, aRefusal } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import { aFolder, anEmbeddedStore, aPod, aTrail, Process, registryIn } from './a-trail.ts'

const endOf = ({ records }: Process): { size: number; root: string } => ({
  size: records.length,
  root: rootOf(records.map(leafHash)).toString('base64'),
})
const started = async (trail: Trail, before?: Process): Promise<Process> =>
  await Process.started(trail, before?.pod ?? aPod())

verifies(
  'integrity:registry',
  'a process that begins is told which chain it succeeds, with its size and root as the log has them',
  async () => {
    const store = await anEmbeddedStore()
    const trail = await aTrail(store)
    const first = await started(trail)
    // Of another pod of the same server: it succeeds nothing.
    const other = await started(trail)
    await first.write(anIntent('lost'))
    const second = await started(trail, first)
    await second.write(aRefusal('r1'), aClose())
    await second.checkpoint()
    const third = await started(trail, second)

    expect([first, other].map(({ chain }) => Object.hasOwn(chain, 'before'))).toEqual([false, false])
    expect(second.chain.before).toEqual({ origin: first.origin, ended: endOf(first) })
    expect(third.chain.before).toEqual({ origin: second.origin, ended: endOf(second) })
    const log = await registryIn(store)
    expect(log.filter(({ kind }) => kind === 'ended')).toMatchObject([
      { origin: first.origin, how: 'succeeded', ...endOf(first) },
      { origin: second.origin, how: 'closed', ...endOf(second) },
    ])
  },
)

test('who asks again after a lost answer is told the same', async () => {
  const trail = await aTrail(await anEmbeddedStore())
  const second = await started(trail, await started(trail))
  const { chain } = second

  expect(await second.begin()).toEqual(chain)
})

test('a collector that starts anew still knows it of a chain that ended long ago', async () => {
  const store = await anEmbeddedStore()
  const clock = { now: 1_790_000_000_000 }
  const first = await started(await aTrail(store, clock))
  await first.write(aRefusal('r1'), aClose())
  await first.checkpoint()
  clock.now += 30 * 86_400_000

  const second = await started(await aTrail(store, clock), first)

  expect(second.chain.before).toEqual({ origin: first.origin, ended: endOf(first) })
})

test('what came after it was succeeded counts for who begins then', async () => {
  const trail = await aTrail(await anEmbeddedStore())
  const first = await started(trail)
  const second = await started(trail, first)
  await first.write(aRefusal('late'))

  expect(second.chain.before?.ended?.size).toBe(1)
  expect((await second.begin()).before).toEqual({ origin: first.origin, ended: endOf(first) })
})

test('of a number that was never told of nothing is said', async () => {
  const store = await anEmbeddedStore()
  const first = await started(await aTrail(store))
  const { namespace, server, podUid } = first.pod
  // The collector died before the log had it.
  await store.begin({ origin: originOf(namespace, server, podUid, 1), vkey: 'nobody+0+0' })

  const next = await started(await aTrail(store), first)

  expect(next.chain).toMatchObject({ restart: 2, before: { origin: first.origin } })
})

test('of a chain whose records are corrupt the name is said, and no end', async () => {
  const folder = aFolder()
  const begun = await anEmbeddedStore(folder)
  const first = await started(await aTrail(begun))
  await first.write(aRefusal('r1'))
  await first.checkpoint()
  await begun.close()
  harm(folder)
  const store: Store = await anEmbeddedStore(folder)

  const second = await started(await aTrail(store), first)

  expect(second.chain.before).toEqual({ origin: first.origin })
})

/** Turns a bit in the middle of the only segment of a chain. */
function harm(folder: string): void {
  const [name] = readdirSync(join(folder, 'chains'), { recursive: true, encoding: 'utf8' }).filter((each) =>
    each.endsWith('.segment'),
  )
  const path = join(folder, 'chains', name as string)
  const bytes = readFileSync(path)
  bytes[30] = (bytes[30] as number) ^ 1
  writeFileSync(path, bytes)
}
