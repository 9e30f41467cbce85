// Both: the pod's own volume and the real collector each fail, are slow, and forget; what one of them lost the other has.

import { execFileSync } from 'node:child_process'
import { cpSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { type AuditRecord, recordBytes, recordSchema } from '../../../core/record.ts'
import { beginTrail, type RunningTrail, type TrailOptions } from '../../../sidecar/trail/begin.ts'
import { CollectorClient } from '../../../sidecar/trail/collector-client.ts'
import type { ChainOver } from '../../../sidecar/trail/home.ts'
import { segmentsToKeep, usualMarks } from '../../../sidecar/trail/pressure.ts'
import { verifies } from '../../verifies.ts'
import { aLog, anInstallation, type Installation, until } from '../installation.ts'
import { aCounted, anIntent, aResult, theOrders } from './entries.ts'
import { recordsOn, segmentsIn } from './volume.ts'

let installation: Installation
beforeAll(async () => {
  installation = await anInstallation()
})
afterAll(async () => await installation.end())

const running: RunningTrail[] = []
const mounts: string[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  installation.collector.faults.set('well')
  await Promise.allSettled(running.splice(0).map(async (trail) => await trail.close()))
  for (const mount of mounts.splice(0)) execFileSync('umount', ['--lazy', mount])
})

async function begun(folder: string, more: Partial<TrailOptions> = {}): Promise<RunningTrail> {
  const trail = await beginTrail({
    acknowledge: 'Both',
    folder,
    collector: new CollectorClient(await installation.link(), 400),
    version: '1',
    onOver: (why) => expect.unreachable(why.reason),
    log: aLog(),
    segmentSize: 64 * 1024,
    ...more,
  })
  running.push(trail)
  trail.chain.start('Development')
  await trail.chain.note(theOrders())
  return trail
}

const base = { schema: recordSchema, at: new Date(0).toISOString() } as const

/** What became of a promise so far. */
function watched(promise: Promise<void>): { now: string; settled: Promise<unknown> } {
  const seen = { now: 'nothing', settled: Promise.resolve<unknown>(undefined) }
  seen.settled = promise.then(
    () => (seen.now = 'acknowledged'),
    (error: { reason: string }) => (seen.now = error.reason),
  )
  return seen
}

const callsIn = (records: AuditRecord[]) =>
  records.flatMap((one) =>
    one.kind === 'intent' || one.kind === 'result' ? [`${one.kind} ${one.call}`] : [],
  )
const collected = async (origin: string) => callsIn(await installation.records(origin))
const onVolume = (folder: string) => callsIn(recordsOn(folder))

/** Prototype of Node's file handles. */
async function handles(): Promise<FileHandle> {
  const handle = await open('/dev/null', 'r')
  await handle.close()
  return Object.getPrototypeOf(handle) as FileHandle
}

verifies('audit:both', 'while the collector is held back the volume alone acknowledges nothing', async () => {
  const folder = installation.folder()
  const { chain } = await begun(folder)
  installation.collector.faults.set('deaf')

  const intent = watched(chain.intend(anIntent('a')))
  await until('the volume has it', () => onVolume(folder).includes('intent a'))
  await sleep(300)
  expect(intent.now).toBe('nothing')

  installation.collector.faults.set('well')
  await intent.settled
  expect(intent.now).toBe('acknowledged')
  expect(await collected(chain.origin)).toEqual(['intent a'])
})

verifies('audit:both', 'while the volume is held back the collector alone acknowledges nothing', async () => {
  const folder = installation.folder()
  const { chain } = await begun(folder)
  const held = Promise.withResolvers<void>()
  const prototype = await handles()
  // oxlint-disable-next-line typescript/unbound-method -- called with the handle that it is asked of
  const { write } = prototype
  vi.spyOn(prototype, 'write').mockImplementation(async function (this: FileHandle, ...given: never[]) {
    await held.promise
    return await Reflect.apply(write, this, given)
  } as never)

  const intent = watched(chain.intend(anIntent('a')))
  await sleep(300)
  expect(intent.now).toBe('nothing')

  held.resolve()
  await intent.settled
  expect(intent.now).toBe('acknowledged')
  expect(onVolume(folder)).toEqual(['intent a'])
  expect(await collected(chain.origin)).toEqual(['intent a'])
})

verifies(
  'audit:both',
  'acknowledged means that both have it at that moment, and a call waits for no company',
  async () => {
    const folder = installation.folder()
    const { chain } = await begun(folder)
    const expected: string[] = []
    const began = performance.now()
    for (let i = 0; i < 20; i += 1) {
      await chain.intend(anIntent(`c${i}`))
      expected.push(`intent c${i}`)
      expect(onVolume(folder)).toEqual(expected)
      expect(await collected(chain.origin)).toEqual(expected)
    }
    // In Local the collector follows by 250 ms.
    expect(performance.now() - began).toBeLessThan(20 * 200)
  },
)

for (const state of ['away', 'deaf'] as const)
  verifies(
    'audit:back-pressure',
    `Both: with the collector ${state} no call begins; service returns by itself, and nothing that was taken is lost`,
    async () => {
      const folder = installation.folder()
      const { chain } = await begun(folder)
      await chain.intend(anIntent('runs'))
      installation.collector.faults.set(state)
      const early = watched(chain.intend(anIntent('early')))
      const result = watched(chain.settle(aResult('runs')))
      await until('it says why', () => chain.trouble() === 'collector-unreachable')
      await Promise.all([early.settled, result.settled])
      expect([early.now, result.now]).toEqual(['collector-unreachable', 'collector-unreachable'])
      // From now on at once.
      expect(chain.pressure()).toEqual({ step: 'refuse', reason: 'collector-unreachable' })
      const began = performance.now()
      await expect(chain.intend(anIntent('late'))).rejects.toMatchObject({ reason: 'collector-unreachable' })
      expect(performance.now() - began).toBeLessThan(100)

      installation.collector.faults.set('well')
      await until('it takes calls again', () => chain.pressure() === undefined)
      await chain.intend(anIntent('again'))
      const kept = await collected(chain.origin)
      // Whoever was told that a call is not recorded did not send it: the trail says that it did not run.
      expect(kept.toSorted()).toEqual(
        ['intent again', 'intent early', 'intent runs', 'result early', 'result runs'].toSorted(),
      )
      expect(onVolume(folder)).toEqual(kept)
    },
    60_000,
  )

verifies(
  'audit:no-record-no-service',
  'Both: a volume without room acknowledges nothing, nor does the collector for it, and service returns when there is room',
  async () => {
    const folder = installation.folder()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'hipaa-mcp-test', folder])
    mounts.push(folder)
    const filler = join(folder, 'filler')
    writeFileSync(filler, Buffer.alloc(1000 * 1024))
    const trail = await beginTrail({
      acknowledge: 'Both',
      folder,
      collector: new CollectorClient(await installation.link(), 400),
      version: '1',
      onOver: (why) => expect.unreachable(why.reason),
      log: aLog(),
      segmentSize: 64 * 1024,
    })
    running.push(trail)
    const intent = watched(trail.chain.intend(anIntent('a')))
    await until('it says why', () => trail.chain.trouble() === 'disk-full')
    await sleep(300)
    expect(intent.now).toBe('nothing')
    expect(await installation.records(trail.chain.origin)).toEqual([])

    unlinkSync(filler)
    await intent.settled
    expect(intent.now).toBe('acknowledged')
    expect(onVolume(folder)).toEqual(['intent a'])
    expect(await collected(trail.chain.origin)).toEqual(['intent a'])
  },
)

test('Both: other records of this chain at the collector end it, whatever the volume has', async () => {
  const over: ChainOver[] = []
  const { chain } = await begun(installation.folder(), { onOver: (why) => over.push(why) })
  const stranger = new CollectorClient(await installation.link())
  await stranger.records(chain.origin, 2, [recordBytes({ ...base, ...aCounted() })])

  await expect(chain.intend(anIntent('a'))).rejects.toMatchObject({ reason: 'chain-forked' })
  await expect(chain.intend(anIntent('b'))).rejects.toMatchObject({ reason: 'chain-forked' })
  expect(new Set(over.map(({ reason }) => reason))).toEqual(new Set(['chain-forked']))
})

test('a volume keeps as much of what the collector has as it may hold of what it has not', () => {
  const mega = 1024 * 1024
  expect(segmentsToKeep(usualMarks, 8 * mega)).toBe(7)
  expect(segmentsToKeep({ ...usualMarks, full: { bytes: 24 * mega } }, 8 * mega)).toBe(0)
  expect(segmentsToKeep({ ...usualMarks, full: { bytes: 5 * mega } }, 8 * mega)).toBe(0)
})

verifies(
  'audit:both',
  'the volume keeps the newest of what the collector has, and no more than that',
  async () => {
    const folder = installation.folder()
    const size = 16 * 1024
    const marks = { ...usualMarks, full: { bytes: 6 * size } }
    const { chain, unshipped } = await begun(folder, { segmentSize: size, marks })
    let most = 0
    for (let i = 0; i < 250; i += 1) {
      await chain.intend(anIntent(`c${i}`))
      most = Math.max(most, segmentsIn(folder).length)
    }
    await until('the collector has everything', () => unshipped() === 0)

    // Three that are kept; one that is shipped, one that is written, one that is ready.
    expect(most).toBeLessThanOrEqual(6)
    const all = await collected(chain.origin)
    const kept = onVolume(folder)
    expect(all).toHaveLength(250)
    expect(kept.length).toBeGreaterThan(40)
    expect(kept.length).toBeLessThan(200)
    expect(all.slice(-kept.length)).toEqual(kept)
  },
)

verifies(
  'audit:both',
  'a collector that went back to an earlier state gets from the volume what it lost, before the next chain begins',
  async () => {
    const { collector } = installation
    const folder = installation.folder()
    const over: ChainOver[] = []
    const trail = await begun(folder, { onOver: (why) => over.push(why), segmentSize: 16 * 1024 })
    const { chain } = trail
    const expected: string[] = []
    const work = async (count: number) => {
      for (let i = 0; i < count; i += 1) {
        const call = `c${expected.length}`
        await chain.intend(anIntent(call))
        expected.push(`intent ${call}`)
      }
    }
    const earlier = join(installation.folder(), 'store')
    await work(20)
    await collector.stop()
    cpSync(collector.folder, earlier, { recursive: true })
    await collector.start()
    await work(40)
    expect(await collected(chain.origin)).toEqual(expected)
    await collector.stop()
    rmSync(collector.folder, { recursive: true })
    cpSync(earlier, collector.folder, { recursive: true })
    await collector.start()
    expect(await collected(chain.origin)).toEqual(expected.slice(0, 20))

    // What does not fit is never taken: the process ends, and the next one reads what the volume has.
    await expect(chain.intend(anIntent('untold'))).rejects.toMatchObject({ reason: 'chain-forked' })
    expect(over).not.toEqual([])
    running.splice(running.indexOf(trail), 1)
    const next = await begun(folder)

    expect(await collected(chain.origin)).toEqual([...expected, 'intent untold'])
    expect(collector.trail.summaries().find(({ origin }) => origin === chain.origin)).toMatchObject({
      state: 'succeeded',
    })
    await next.chain.intend(anIntent('more'))
    expect(await collected(next.chain.origin)).toEqual(['intent more'])
  },
  60_000,
)
