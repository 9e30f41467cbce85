import { expect, test } from 'vitest'
import { aClose, anIntent, aResult } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import { anEmbeddedStore, aPod, aTrail, Process, reasonOf, registryIn } from './a-trail.ts'

const clockAt = () => ({ now: 1_790_000_000_000 })

verifies(
  'audit:local-recovered',
  'a recovered pod’s last chain ends so, its open calls unknown, and said again nothing is added',
  async () => {
    const store = await anEmbeddedStore()
    const trail = await aTrail(store)
    const first = await Process.started(trail)
    const last = await Process.started(trail, first.pod)
    await last.write(anIntent('settled'), aResult('settled'), anIntent('lost'))

    expect(await trail.recovered(first.pod)).toBe(2)
    expect(await trail.recovered(first.pod)).toBe(2)

    expect((await registryIn(store)).filter(({ kind }) => kind === 'ended')).toMatchObject([
      { origin: first.origin, how: 'succeeded', size: 1 },
      { origin: last.origin, how: 'recovered', size: 4, unknown: ['lost'] },
    ])
    expect(trail.summaries()).toMatchObject([{ state: 'succeeded' }, { state: 'recovered' }])
  },
)

verifies('audit:local-recovered', 'a chain that was silent is recovered with what came late', async () => {
  const store = await anEmbeddedStore()
  const clock = clockAt()
  const process = await Process.started(await aTrail(store, clock))
  await process.write(anIntent('c1'))
  clock.now += 91_000
  await process.trail.sweep()

  await process.write(aResult('c1'), anIntent('c2'))
  await process.trail.recovered(process.pod)

  expect(await registryIn(store)).toMatchObject([
    { kind: 'registered' },
    { kind: 'ended', how: 'silent', unknown: ['c1'] },
    { kind: 'resumed', size: 2 },
    { kind: 'ended', how: 'recovered', size: 4, unknown: ['c2'] },
  ])
})

test('what closed itself stays so, and a pod without a chain is no fault', async () => {
  const store = await anEmbeddedStore()
  const trail = await aTrail(store)
  const process = await Process.started(trail)
  await process.write(aClose())
  await process.checkpoint()
  await trail.sweep()
  await trail.recovered(process.pod)
  expect(trail.summaries()).toMatchObject([{ state: 'closed' }])
  expect(await trail.recovered(aPod())).toBe(0)
})

test('of another pod nothing is said', async () => {
  const trail = await aTrail(await anEmbeddedStore())
  const other = await Process.started(trail)
  const process = await Process.started(trail)
  await trail.recovered(process.pod)
  expect(trail.summaries().find(({ origin }) => origin === other.origin)).toMatchObject({ state: 'live' })
  expect(await reasonOf(trail.append(process.pod, other.origin, 1, []))).toBe('not-yours')
})
