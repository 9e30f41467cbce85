// Local: what the pod's own volume holds, on real disks that are full, torn and rotten.

import { execFileSync } from 'node:child_process'
import { constants, existsSync, readFileSync, realpathSync, unlinkSync, writeFileSync } from 'node:fs'
import { type FileHandle, open, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { parseNote } from '../../../core/checkpoint.ts'
import { beginTrail, type RunningTrail } from '../../../sidecar/trail/begin.ts'
import { CollectorClient } from '../../../sidecar/trail/collector-client.ts'
import { frame, payloadOf, recordsIn, scan } from '../../../sidecar/trail/frames.ts'
import type { ChainOver } from '../../../sidecar/trail/home.ts'
import { recover, SegmentDamaged } from '../../../sidecar/trail/recovery.ts'
import { Segments } from '../../../sidecar/trail/segment.ts'
import { verifies } from '../../verifies.ts'
import { aLog, anInstallation, type Installation, until } from '../installation.ts'
import { anIntent, aResult, theOrders } from './entries.ts'
import { segmentsIn } from './volume.ts'

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

async function begun(
  folder: string,
  options: { over?: ChainOver[]; segmentSize?: number; collector?: CollectorClient } = {},
): Promise<RunningTrail> {
  const {
    over = [],
    segmentSize = 64 * 1024,
    collector = new CollectorClient(await installation.link(), 400),
  } = options
  const trail = await beginTrail({
    acknowledge: 'Local',
    folder,
    collector,
    version: '1',
    onOver: (why) => over.push(why),
    log: aLog(),
    segmentSize,
  })
  running.push(trail)
  trail.chain.start('Development')
  await trail.chain.note(theOrders())
  return trail
}

/** Ends a trail as a kill would: nothing is closed, nothing more is shipped. */
function abandon(trail: RunningTrail): void {
  running.splice(running.indexOf(trail), 1)
}

/** A volume of so many bytes that really ends. */
function aSmallVolume(size: string): string {
  const folder = installation.folder()
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'hipaa-mcp-test', folder])
  mounts.push(folder)
  return folder
}

const calls = async (origin: string) =>
  (await installation.records(origin)).flatMap((one) => (one.kind === 'intent' ? [one.call] : []))
const recovering = async (folder: string) =>
  await recover({ folder, collector: new CollectorClient(await installation.link(), 400), log: aLog() })

verifies(
  'audit:acknowledged-is-kept',
  'with the collector away records are acknowledged by the volume, and shipped later in order',
  async () => {
    const folder = installation.folder()
    const trail = await begun(folder)
    installation.collector.faults.set('away')
    for (let i = 0; i < 40; i += 1) await trail.chain.intend(anIntent(`c${i}`))
    expect(trail.unshipped()).toBeGreaterThan(0)

    installation.collector.faults.set('well')
    await until('everything is shipped', () => trail.unshipped() === 0)

    expect(await calls(trail.chain.origin)).toEqual(Array.from({ length: 40 }, (_, i) => `c${i}`))
  },
)

test('segments that the collector has are taken away, and the end of a chain leaves none behind but its last', async () => {
  const folder = installation.folder()
  const trail = await begun(folder, { segmentSize: 16 * 1024 })
  for (let i = 0; i < 200; i += 1) await trail.chain.intend(anIntent(`c${i}`))

  await until('only the current and the next are there', () => segmentsIn(folder).length <= 2)
  await trail.close()
  abandon(trail)

  expect(segmentsIn(folder)).toHaveLength(1)
  expect(await calls(trail.chain.origin)).toHaveLength(200)
  const records = await installation.records(trail.chain.origin)
  expect(records.at(-1)).toMatchObject({ kind: 'chain-closed' })
  expect(trail.home.witnessed()).toBe(records.length)
})

verifies(
  'audit:acknowledged-is-kept',
  'what a former process left reaches the collector before the next chain begins',
  async () => {
    const folder = installation.folder()
    const former = await begun(folder, { segmentSize: 16 * 1024 })
    installation.collector.faults.set('away')
    for (let i = 0; i < 60; i += 1) await former.chain.intend(anIntent(`c${i}`))
    // A head that only this volume has, signed by a key that is gone with the process.
    await former.home.witness(former.chain.checkpoint())
    await former.chain.intend(anIntent('last'))
    abandon(former)
    const left = segmentsIn(folder)
    expect(left.length).toBeGreaterThan(2)
    const copies = new Map(left.map((name) => [name, readFileSync(join(folder, name))]))
    // The former process is dead: its shipper must not be what brings the records there.
    const elsewhere = installation.folder()
    for (const [name, bytes] of copies) writeFileSync(join(elsewhere, name), bytes)
    for (const name of left) unlinkSync(join(folder, name))
    installation.collector.faults.set('well')

    const notes: string[] = []
    class Noting extends CollectorClient {
      override async checkpoint(note: string): Promise<string> {
        notes.push(note)
        return await super.checkpoint(note)
      }
    }
    const next = await begun(elsewhere, { collector: new Noting(await installation.link()) })

    expect(await calls(former.chain.origin)).toEqual([
      ...Array.from({ length: 60 }, (_, i) => `c${i}`),
      'last',
    ])
    expect(await calls(next.chain.origin)).toEqual([])
    expect(segmentsIn(elsewhere).filter((name) => copies.has(name))).toEqual([])
    expect(notes.map((note) => parseNote(note).checkpoint)).toMatchObject([
      { origin: former.chain.origin, size: 62 },
    ])
    const summaries = installation.collector.trail.summaries()
    expect(summaries.find(({ origin }) => origin === former.chain.origin)).toMatchObject({
      size: 63,
      state: 'succeeded',
    })
  },
)

test('recovery waits for the collector, and doing it twice is doing it once', async () => {
  const folder = installation.folder()
  const former = await begun(folder)
  installation.collector.faults.set('away')
  await former.chain.intend(anIntent('a'))
  const copy = installation.folder()
  for (const name of segmentsIn(folder)) writeFileSync(join(copy, name), readFileSync(join(folder, name)))
  let over = false
  const recovered = recovering(copy).then((count) => {
    over = true
    return count
  })
  await sleep(300)
  expect(over).toBe(false)
  expect(segmentsIn(copy).length).toBeGreaterThan(0)

  installation.collector.faults.set('well')
  await until('the former process shipped it as well', () => former.unshipped() === 0)

  expect(await recovered).toBe(3)
  expect(await calls(former.chain.origin)).toEqual(['a'])
  expect(segmentsIn(copy)).toEqual([])
})

describe('a full volume', () => {
  verifies(
    'audit:no-record-no-service',
    'a volume without room acknowledges nothing and says so, and service returns when there is room',
    async () => {
      const folder = aSmallVolume('1m')
      const filler = join(folder, 'filler')
      writeFileSync(filler, Buffer.alloc(1000 * 1024))
      const trail = await beginTrail({
        acknowledge: 'Local',
        folder,
        collector: new CollectorClient(await installation.link(), 400),
        version: '1',
        onOver: (why) => expect.unreachable(why.reason),
        log: aLog(),
        segmentSize: 64 * 1024,
      })
      running.push(trail)
      let told = 'nothing'
      const intended = trail.chain.intend(anIntent('a')).then(
        () => (told = 'acknowledged'),
        (error: { reason: string }) => (told = error.reason),
      )
      await until('it says why', () => trail.chain.trouble() === 'disk-full')
      expect(told).toBe('nothing')
      // Nothing half made is left behind.
      expect(segmentsIn(folder)).toEqual([])

      unlinkSync(filler)
      await intended
      expect(told).toBe('acknowledged')
      expect(trail.chain.trouble()).toBeUndefined()
      await until('shipped', () => trail.unshipped() === 0)
      expect(await calls(trail.chain.origin)).toEqual(['a'])
    },
  )

  verifies(
    'audit:acknowledged-is-kept',
    'a volume that fills up still acknowledges into the segments that are there',
    async () => {
      const folder = aSmallVolume('1m')
      const trail = await begun(folder)
      await until('the next segment is there', () => segmentsIn(folder).length === 2)
      // Whoever else writes there takes the rest.
      try {
        writeFileSync(join(folder, 'filler'), Buffer.alloc(1024 * 1024))
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' })
      }
      installation.collector.faults.set('away')

      for (let i = 0; i < 30; i += 1) await trail.chain.intend(anIntent(`c${i}`))

      installation.collector.faults.set('well')
      await until('shipped', () => trail.unshipped() === 0)
      expect(await calls(trail.chain.origin)).toHaveLength(30)
    },
  )
})

/** Whether O_DSYNC is set, of every file in the folder that this process has open (proc(5), fdinfo). */
async function durable(folder: string): Promise<boolean[]> {
  const flags: boolean[] = []
  for (const fd of await readdir('/proc/self/fd')) {
    const target = await readlink(`/proc/self/fd/${fd}`).catch(() => '')
    if (!target.startsWith(`${folder}/`)) continue
    const info = await readFile(`/proc/self/fdinfo/${fd}`, 'utf8')
    flags.push((Number.parseInt(/flags:\s+([0-7]+)/.exec(info)?.[1] ?? '0', 8) & constants.O_DSYNC) !== 0)
  }
  return flags
}

/** Bytes that this process has sent to a disk (proc(5), io). */
const toDisk = (): number =>
  Number(/^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? Number.NaN)

/** Prototype of Node's file handles. */
async function handles(): Promise<FileHandle> {
  const handle = await open('/dev/null', 'r')
  await handle.close()
  return Object.getPrototypeOf(handle) as FileHandle
}

describe('a disk that fails', () => {
  verifies(
    'audit:acknowledged-is-kept',
    'after one failed write nothing is acknowledged any more, though the next would succeed',
    async () => {
      const over: ChainOver[] = []
      const folder = installation.folder()
      const trail = await begun(folder, { over })
      await trail.chain.intend(anIntent('before'))
      // The next segment is filled by then: no other write is under way.
      await expect.poll(async () => await durable(realpathSync(folder))).toEqual([true, true])
      const failing = vi
        .spyOn(await handles(), 'write')
        .mockRejectedValueOnce(Object.assign(new Error('EIO'), { code: 'EIO' }))

      await expect(trail.chain.intend(anIntent('a'))).rejects.toMatchObject({ reason: 'disk-failed' })
      await expect(trail.chain.intend(anIntent('b'))).rejects.toMatchObject({ reason: 'disk-failed' })

      expect(failing).toHaveBeenCalledTimes(1)
      expect(over.map(({ reason }) => reason)).toEqual(['disk-failed'])
      abandon(trail)
    },
  )

  verifies(
    'audit:acknowledged-is-kept',
    'a write to a segment returns when its bytes are durable',
    async () => {
      const folder = realpathSync(installation.folder())
      const segments = new Segments({ folder, origin: 'o', publicKey: '', restart: 1, size: 64 * 1024 })
      await segments.append('records', Buffer.from('{"first":1}'), 1)

      // The one that is written to, and the next one when it is filled.
      await expect.poll(async () => await durable(folder)).toEqual([true, true])
      await segments.close()
    },
  )

  test('a commit sends little more to the disk than its frame, however large the segment', async () => {
    const folder = installation.folder()
    const size = 4 * 1024 * 1024
    const segments = new Segments({ folder, origin: 'o', publicKey: '', restart: 1, size })
    await segments.append('records', Buffer.from('{"first":1}'), 1)
    await expect.poll(async () => await durable(realpathSync(folder))).toEqual([true, true])
    const commits = 20
    const before = toDisk()

    for (let i = 0; i < commits; i += 1) await segments.append('records', Buffer.from(`{"n":${i}}`), 1)

    // Pages that stand in one folio go together; a MiB each it was once. A file system in memory has no disk.
    expect((toDisk() - before) / commits).toBeLessThan(64 * 1024)
    await segments.close()
  })

  test('a short write is written on, not taken for a whole one', async () => {
    const folder = installation.folder()
    const segments = new Segments({ folder, origin: 'o', publicKey: '', restart: 1, size: 64 * 1024 })
    await segments.append('records', Buffer.from('{"first":1}'), 1)
    const prototype = await handles()
    const write = Reflect.get(prototype, 'write') as (...args: unknown[]) => Promise<unknown>
    vi.spyOn(prototype, 'write').mockImplementationOnce(async function short(
      this: FileHandle,
      bytes: Buffer,
      from: number,
      length: number,
      at: number,
    ) {
      return await write.call(this, bytes, from, Math.floor(length / 2), at)
    } as never)

    await segments.append('records', Buffer.from('{"second":2}'), 1)

    await segments.close()
    const { frames } = scan(await readFile(join(folder, segmentsIn(folder)[0] as string)))
    expect(frames.flatMap(({ kind, payload }) => (kind === 'records' ? [String(payload)] : []))).toEqual([
      '{"first":1}',
      '{"second":2}',
    ])
  })
})

describe('bytes on the volume', () => {
  const all = [
    frame('header', Buffer.from('{}')),
    frame('records', Buffer.from('one')),
    frame('records', Buffer.from('two')),
  ]
  const file = Buffer.concat([...all, Buffer.alloc(4096)])
  const second = (all[0] as Buffer).length
  const third = second + (all[1] as Buffer).length

  test('records go into a payload and come back', () => {
    const records = ['{"a":1}', '{"b":2}'].map((text) => Buffer.from(text))
    expect(recordsIn(payloadOf(records)).map(String)).toEqual(['{"a":1}', '{"b":2}'])
  })

  test('whole frames are read, and zeros end them', () => {
    expect(scan(file)).toMatchObject({ damaged: false, end: third + (all[2] as Buffer).length })
    expect(scan(file).frames.map(({ payload }) => String(payload))).toEqual(['{}', 'one', 'two'])
  })

  test('every truncation and every torn last frame is a tail, never another record', () => {
    for (let cut = third; cut < third + (all[2] as Buffer).length; cut += 1) {
      const torn = Buffer.from(file)
      torn.fill(0, cut, third + (all[2] as Buffer).length)
      const { frames, damaged } = scan(torn)
      const payloads = frames.map(({ payload }) => String(payload))
      expect(damaged).toBe(false)
      expect([
        ['{}', 'one'],
        ['{}', 'one', 'two'],
      ]).toContainEqual(payloads)
    }
  })

  test('every flipped bit in a frame that others follow is damage', () => {
    const meaningful = [...Array(16 + 3).keys()].map((i) => second + i)
    for (const at of meaningful) {
      const rotten = Buffer.from(file)
      rotten[at] = (rotten[at] as number) ^ 0x10
      expect(scan(rotten).damaged, `byte ${at - second}`).toBe(true)
    }
  })

  test.each([
    ['rot', (bytes: Buffer) => (bytes[600] = (bytes[600] as number) ^ 1)],
    ['a header that is gone', (bytes: Buffer) => bytes.fill(0, 0, 16)],
  ])('%s in what was acknowledged stops recovery, and every file is kept', async (_what, harm) => {
    const folder = installation.folder()
    const trail = await begun(folder)
    installation.collector.faults.set('away')
    for (let i = 0; i < 5; i += 1) await trail.chain.intend(anIntent(`c${i}`))
    await trail.chain.settle(aResult('c0'))
    const copy = installation.folder()
    const [name] = segmentsIn(folder) as [string]
    const bytes = readFileSync(join(folder, name))
    harm(bytes)
    await writeFile(join(copy, name), bytes)
    installation.collector.faults.set('well')

    await expect(recovering(copy)).rejects.toThrow(SegmentDamaged)

    expect(existsSync(join(copy, name))).toBe(true)
  })

  test('a segment that is missing in the middle stops recovery', async () => {
    const folder = installation.folder()
    const trail = await begun(folder, { segmentSize: 16 * 1024 })
    installation.collector.faults.set('away')
    for (let i = 0; i < 60; i += 1) await trail.chain.intend(anIntent(`c${i}`))
    const copy = installation.folder()
    const names = segmentsIn(folder)
    expect(names.length).toBeGreaterThan(3)
    for (const name of names.toSpliced(1, 1))
      writeFileSync(join(copy, name), readFileSync(join(folder, name)))
    installation.collector.faults.set('well')

    await expect(recovering(copy)).rejects.toThrow(SegmentDamaged)
  })
})

test('beyond the high-water mark nothing new is recorded, until the collector catches up', async () => {
  const { Shipper } = await import('../../../sidecar/trail/shipper.ts')
  const segments = new Segments({
    folder: installation.folder(),
    origin: 'o',
    publicKey: '',
    restart: 1,
    size: 64 * 1024,
  })
  let away = true
  const shipper = new Shipper({
    segments,
    contact: {
      records: async () => {
        await Promise.resolve()
        if (away) throw new Error('away')
      },
      checkpoint: async () => await Promise.resolve(),
    },
    onOver: (why) => expect.unreachable(why.reason),
    log: aLog(),
    marks: {
      warn: { bytes: 50, milliseconds: 600_000 },
      refuse: { bytes: 100, milliseconds: 600_000 },
      full: { bytes: 1_000 },
    },
    gather: 0,
    keep: 0,
  })
  shipper.appended(await segments.append('records', Buffer.from(`{"a":"${'x'.repeat(200)}"}`), 1))
  expect(shipper.trouble()).toBe('collector-behind')

  away = false
  await until('caught up', () => shipper.trouble() === undefined)
  await shipper.close(100)
  await segments.close()
})
