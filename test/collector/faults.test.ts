// Every edge of the store × every way in which it fails. Whatever happens: nothing is acknowledged that is not kept, a
// place has one record for ever, the same request again works, and memory is what the store holds.

import { expect, test, vi } from 'vitest'
import type { Trail } from '../../collector/trail.ts'
import { recordBytes } from '../../core/record.ts'
import { anIntent, aRefusal, aResult, aStart } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import { anEmbeddedStore, aTrail, Process, reasonOf, recordsIn, registryIn } from './a-trail.ts'
import { type Edge, type Fault, type FaultyStore, faulty } from './faults.ts'

const failures: Fault[] = ['fails, not persisted', 'fails, but persisted']
const hangs: Fault[] = ['hangs, not persisted', 'hangs, but persisted']

async function scene(): Promise<{ store: FaultyStore; trail: Trail; process: Process }> {
  const store = faulty(await anEmbeddedStore())
  const trail = await aTrail(store)
  return { store, trail, process: await Process.started(trail) }
}

const plain = (of: Trail): unknown =>
  of.summaries().map(({ origin, size, state }) => ({ origin, size, state }))

/** A collector that starts anew sees exactly what this one has in memory. */
async function memoryIsWhatIsStored(trail: Trail, store: FaultyStore): Promise<void> {
  // What the first one still writes by itself comes first: two never share a store.
  await trail.sweep()
  const anew = await aTrail(store)
  expect(plain(trail)).toEqual(plain(anew))
}

for (const fault of [...failures, ...hangs]) {
  verifies(
    'audit:acknowledged-is-kept',
    `a commit ${fault}; the sidecar sends the records again`,
    async () => {
      const { store, trail, process } = await scene()
      store.plan('append', fault)
      const first = reasonOf(process.write(anIntent('c1'), aResult('c1')))
      if (fault.startsWith('hangs')) {
        // No answer while it hangs; the server's deadline answers in its place.
        expect(
          await Promise.race([first, new Promise((resolve) => setTimeout(() => resolve('waits'), 50))]),
        ).toBe('waits')
        store.letGo()
      }
      expect(await first).toBe('store-away')
      expect(trail.watch.trouble()).toBe('store-away')

      expect(await process.send(1)).toBe(3)
      expect(trail.watch.trouble()).toBeUndefined()
      expect(await process.write(aRefusal('c2'))).toBe(4)
      expect(await recordsIn(store, process.origin)).toEqual(process.records.map(String))
      expect(store.happened()).toBe(1)
      await memoryIsWhatIsStored(trail, store)
    },
  )

  verifies('integrity:witness', `a commit ${fault}; other records come for the same place`, async () => {
    const { store, trail, process } = await scene()
    store.plan('append', fault)
    const first = reasonOf(process.write(anIntent('c1')))
    await vi.waitFor(() => expect(store.happened()).toBe(1))
    store.letGo()
    await first
    const other = await reasonOf(
      trail.append(process.pod, process.origin, 1, [recordBytes(anIntent('other'))]),
    )

    // What the store has decides; there is never a second record at one place.
    expect(other).toEqual(fault.endsWith('but persisted') ? 'fork' : { came: 2 })
    expect(await recordsIn(store, process.origin)).toHaveLength(2)
    await memoryIsWhatIsStored(trail, store)
  })
}

const beginnings: [Edge, number, string][] = [
  ['begin', 0, 'the folder of the chain'],
  ['append', 0, 'its registration'],
  ['saveCheckpoint', 0, 'the checkpoint of the registry log'],
]
for (const [edge, skip, what] of beginnings)
  for (const fault of failures)
    test(`${what} ${fault}: the process begins again and gets one chain, which the log registers once`, async () => {
      const { store, trail } = await scene()
      const process = new Process(trail)
      store.plan(edge, fault, skip)
      expect(await reasonOf(process.begin())).toBe('store-away')

      const { origin } = await process.begin()
      await process.write(aStart(origin))

      expect(store.happened()).toBe(1)
      const registered = (await registryIn(store)).filter(
        (r) => r.kind === 'registered' && r.origin.includes(process.pod.podUid),
      )
      expect(registered).toMatchObject([{ origin }])
      expect(await process.begin()).toMatchObject({ origin })
      await memoryIsWhatIsStored(trail, store)
    })

for (const fault of failures) {
  verifies(
    'audit:unknown',
    `the log’s word of a succeeded chain ${fault}: it is said in the end, once`,
    async () => {
      const { store, trail, process } = await scene()
      await process.write(anIntent('lost'))
      const second = new Process(trail, process.pod)
      store.plan('append', fault, 1)
      expect(await reasonOf(second.begin())).toBe('store-away')

      await second.begin()

      expect((await registryIn(store)).filter(({ kind }) => kind === 'ended')).toMatchObject([
        { origin: process.origin, how: 'succeeded', unknown: ['lost'] },
      ])
      await memoryIsWhatIsStored(trail, store)
    },
  )

  verifies('integrity:witness', `a cosignature ${fault} to be kept: it is not given`, async () => {
    const { store, trail, process } = await scene()
    await process.write(anIntent('c1'))
    store.plan('saveCheckpoint', fault)

    expect(await reasonOf(process.checkpoint())).toBe('store-away')
    expect(await process.checkpoint()).toContain('witness')
    await memoryIsWhatIsStored(trail, store)
  })

  test(`a signal ${fault} to be written: the next sweep writes it, once`, async () => {
    const { store, trail, process } = await scene()
    store.plan('append', fault)
    await reasonOf(trail.append(process.pod, process.origin, 0, [recordBytes(anIntent('fork'))]))
    await trail.sweep()
    await trail.sweep()

    expect(store.happened()).toBe(1)
    expect((await registryIn(store)).filter(({ kind }) => kind === 'signal')).toHaveLength(1)
  })
}

test('a chain whose commit is in doubt is looked at before it is said to have ended', async () => {
  const { store, trail, process } = await scene()
  store.plan('append', 'fails, but persisted')
  await reasonOf(process.write(anIntent('lost')))

  await new Process(trail, process.pod).begin()

  expect((await registryIn(store)).filter(({ kind }) => kind === 'ended')).toMatchObject([
    { size: 2, unknown: ['lost'] },
  ])
})

test('one chain that hangs does not hold up another', async () => {
  const { store, trail, process } = await scene()
  const other = await Process.started(trail)
  store.plan('append', 'hangs, not persisted')
  const stuck = reasonOf(process.write(anIntent('c1')))

  await vi.waitFor(() => expect(store.happened()).toBe(1))
  expect(await other.write(anIntent('c2'))).toBe(2)
  store.letGo()
  expect(await stuck).toBe('store-away')
})

test('records that would wait beyond all measure are sent back, and those of others are taken', async () => {
  const store = faulty(await anEmbeddedStore())
  const trail = await aTrail(store, undefined, [], { waitingBytes: 16_000 })
  const process = await Process.started(trail)
  const other = await Process.started(trail)
  store.plan('append', 'hangs, not persisted')
  const stuck = reasonOf(process.write(anIntent('c1'), anIntent('c2')))
  const more = [recordBytes(anIntent('c3')), recordBytes(anIntent('c4'))]

  await vi.waitFor(() => expect(store.happened()).toBe(1))
  expect(await reasonOf(trail.append(process.pod, process.origin, 3, more))).toBe('busy')
  expect(await other.write(anIntent('c5'))).toBe(2)
  store.letGo()
  expect(await stuck).toBe('store-away')
  expect(await process.send(1)).toBe(3)
  expect(await trail.append(process.pod, process.origin, 3, more)).toBe(5)
})
