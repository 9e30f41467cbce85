import {
  appendFileSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Corrupt, type Store, StoreFailed } from '../../collector/commit/commit.ts'
import { openEmbedded } from '../../collector/commit/embedded.ts'
import { encodeFrame, frameAt, packFrame } from '../../collector/commit/frame.ts'
import { anIntent, aRefusal, aResult } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import { aFolder, anEmbeddedStore, aTrail, Process, reasonOf, recordsIn } from './a-trail.ts'

const origin = 'hipaa-mcp.dev/clinic/ehr/pod-1/0'
const place = (folder: string): string => join(folder, 'chains/clinic/ehr/pod-1/0')
const segment = (folder: string): string => join(place(folder), '0000000000000000.segment')
const bytes = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text))

/** A chain of three commits: a b | c | d e. */
async function aChain(folder: string): Promise<void> {
  const store = await anEmbeddedStore(folder)
  await store.begin({ origin, vkey: 'k' })
  await store.append(origin, 0, bytes('a', 'b'))
  await store.append(origin, 2, bytes('c'))
  await store.append(origin, 3, bytes('d', 'e'))
  await store.close()
}

test('what was committed is read whole, from any index to any other, after a new start', async () => {
  const folder = aFolder()
  await aChain(folder)
  const store = await anEmbeddedStore(folder)
  const read = async (from: number, to?: number): Promise<string> => {
    let text = ''
    for await (const records of store.read(origin, from, to)) text += records.join('')
    return text
  }

  expect(await store.chains()).toEqual([{ origin, vkey: 'k' }])
  for (let from = 0; from <= 5; from++)
    for (let to = from + 1; to <= 5; to++) expect(await read(from, to)).toBe('abcde'.slice(from, to))
  expect(await read(0)).toBe('abcde')
  await expect(read(0, 6)).rejects.toThrow(Corrupt)
  await store.append(origin, 5, bytes('f'))
  expect(await read(4)).toBe('ef')
  await expect(store.append(origin, 5, bytes('again'))).rejects.toThrow(Corrupt)
  expect(await store.begin({ origin, vkey: 'other' })).toBe(false)
})

verifies(
  'audit:acknowledged-is-kept',
  'a power loss cuts off the commit that runs, at any byte',
  async () => {
    const folder = aFolder()
    await aChain(folder)
    const whole = readFileSync(segment(folder))
    const before = whole.length - encodeFrame(3, bytes('d', 'e')).length
    for (let length = before; length < whole.length; length++) {
      writeFileSync(segment(folder), whole.subarray(0, length))
      const store = await anEmbeddedStore(folder)
      expect((await recordsIn(store, origin)).join('')).toBe('abc')
      await store.append(origin, 3, bytes('x'))
      expect((await recordsIn(store, origin)).join('')).toBe('abcx')
      await store.close()
    }
    // Some file systems leave zeros.
    writeFileSync(segment(folder), Buffer.concat([whole.subarray(0, before), Buffer.alloc(500)]))
    expect((await recordsIn(await anEmbeddedStore(folder), origin)).join('')).toBe('abc')
  },
)

verifies(
  'integrity:chain',
  'any committed byte that changes on the disk is noticed, the last commit’s too',
  async () => {
    const folder = aFolder()
    await aChain(folder)
    const whole = readFileSync(segment(folder))
    const store = await anEmbeddedStore(folder)
    for (let at = 0; at < whole.length; at++)
      for (const bit of [1, 128]) {
        const changed = Buffer.from(whole)
        changed[at] = (changed[at] as number) ^ bit
        writeFileSync(segment(folder), changed)
        await expect(recordsIn(store, origin), `byte ${at}`).rejects.toThrow(Corrupt)
      }
  },
)

test('frames that were moved, doubled or taken out of the middle are noticed', async () => {
  const folder = aFolder()
  await aChain(folder)
  const [a, b, c] = [
    encodeFrame(0, bytes('a', 'b')),
    encodeFrame(2, bytes('c')),
    encodeFrame(3, bytes('d', 'e')),
  ]
  const store = await anEmbeddedStore(folder)
  for (const frames of [
    [b, a, c],
    [a, c],
    [a, a, b, c],
    [a, b, b, c],
    [b, c],
  ]) {
    writeFileSync(segment(folder), Buffer.concat(frames))
    await expect(recordsIn(store, origin)).rejects.toThrow(Corrupt)
  }
})

test('a frame reads back as it was written, and no other bytes read as a frame', () => {
  const records = fc.array(
    fc.string({ minLength: 1 }).map((text) => Buffer.from(text.replaceAll('\n', ' '))),
    { minLength: 1 },
  )
  fc.assert(
    fc.property(fc.nat(), records, fc.uint8Array(), (from, written, junk) => {
      for (const bytes of [encodeFrame(from, written), packFrame(from, written)])
        expect(frameAt(Buffer.concat([junk, bytes]), junk.length)).toEqual({
          from,
          records: written,
          bytes,
          end: junk.length + bytes.length,
        })
      expect(typeof frameAt(Buffer.from(junk), 0)).toBe('string')
    }),
  )
})

test('segments follow each other, and one that is missing is noticed', async () => {
  const folder = aFolder()
  const store = await anEmbeddedStore(folder, { segmentBytes: 100 })
  await store.begin({ origin, vkey: 'k' })
  for (let i = 0; i < 40; i++) await store.append(origin, i, bytes(`record ${i}`))
  const names = readdirSync(place(folder))
    .filter((name) => name.endsWith('.segment'))
    .toSorted()
  expect(names.length).toBeGreaterThan(5)
  await store.close()
  const anew = await anEmbeddedStore(folder, { segmentBytes: 100 })
  expect(await recordsIn(anew, origin)).toHaveLength(40)
  await anew.append(origin, 40, bytes('record 40'))
  expect(await recordsIn(anew, origin)).toHaveLength(41)

  for (const name of [names[0], names[2]]) {
    const path = join(place(folder), name as string)
    copyFileSync(path, join(folder, 'kept'))
    rmSync(path)
    await expect(recordsIn(anew, origin)).rejects.toThrow(Corrupt)
    copyFileSync(join(folder, 'kept'), path)
  }
  // A torn end is only believed at the very end.
  const middle = join(place(folder), names[1] as string)
  truncateSync(middle, readFileSync(middle).length - 3)
  await expect(recordsIn(anew, origin)).rejects.toThrow(Corrupt)
})

/** Opens files whose operation fails once, when asked to. */
function failing(): {
  fail: (operation: 'write' | 'datasync' | 'utimes' | 'truncate', how: Error | 'short') => void
  openFile: typeof open
} {
  const planned = new Map<string, Error | 'short'>()
  return {
    fail: (operation, how) => planned.set(operation, how),
    openFile: (async (path: string, flags: string | number, mode?: number) => {
      const file = await open(path, flags, mode)
      return new Proxy(file, {
        get(target, name) {
          const member = Reflect.get(target, name) as unknown
          if (typeof member !== 'function') return member
          return async (...all: unknown[]) => {
            const how = planned.get(String(name))
            planned.delete(String(name))
            if (how instanceof Error) throw how
            if (how === 'short') {
              // As Node does on a full disk: fewer bytes, no error; the next call throws.
              planned.set('write', Object.assign(new Error('full'), { code: 'ENOSPC' }))
              return await target.write(all[0] as Buffer, 0, 7, all[3] as number)
            }
            return (await (member as (...all: unknown[]) => Promise<unknown>).apply(
              target,
              all,
            )) as FileHandle
          }
        },
      })
    }) as typeof open,
  }
}

async function failingStore(
  folder: string,
): Promise<{ store: Store; fail: ReturnType<typeof failing>['fail']; poisoned: StoreFailed[] }> {
  const { fail, openFile } = failing()
  const poisoned: StoreFailed[] = []
  const store = await openEmbedded({ folder, openFile, onPoisoned: (reason) => poisoned.push(reason) })
  return { store, fail, poisoned }
}

verifies(
  'audit:acknowledged-is-kept',
  'the disk is full in the middle of a record: no acknowledgement, no torn record, and it goes on by itself',
  async () => {
    const { store, fail, poisoned } = await failingStore(aFolder())
    const trail = await aTrail(store)
    const process = await Process.started(trail)
    fail('write', 'short')

    expect(await reasonOf(process.write(anIntent('c1'), aResult('c1')))).toBe('disk-full')
    expect(trail.watch.trouble()).toBe('disk-full')

    await trail.sweep()
    expect(trail.watch.trouble()).toBeUndefined()
    expect(await process.send(1)).toBe(3)
    expect(await recordsIn(store, process.origin)).toEqual(process.records.map(String))
    expect(poisoned).toEqual([])
    await store.close()
  },
)

for (const [what, operation] of [
  ['a durable write', 'write'],
  ['the question behind it, whether the journal still takes a change,', 'utimes'],
] as const)
  verifies(
    'audit:acknowledged-is-kept',
    `${what} fails: it is not tried again, nothing is taken any more, and the process ends`,
    async () => {
      const folder = aFolder()
      const { store, fail, poisoned } = await failingStore(folder)
      const trail = await aTrail(store)
      const process = await Process.started(trail)
      await process.write(anIntent('c1'))
      fail(operation, Object.assign(new Error('EIO'), { code: 'EIO' }))

      expect(await reasonOf(process.write(aResult('c1')))).toBe('disk-failed')
      expect(poisoned).toMatchObject([{ reason: 'disk-failed', poisoned: true }])
      expect(await reasonOf(process.send(2))).toBe('disk-failed')
      expect(
        await reasonOf(trail.begin({ namespace: 'a', server: 'b', podUid: 'c' }, Buffer.alloc(32, 1))),
      ).toBe('disk-failed')
      await expect(store.probe()).rejects.toThrow(StoreFailed)
      await store.close()

      // The next process reads what is there; the sidecar sends again.
      process.trail = await aTrail(await anEmbeddedStore(folder))
      expect(await process.send(1)).toBe(3)
    },
  )

verifies(
  'audit:acknowledged-is-kept',
  'what a former process wrote last is written again before it is believed: its sync may have failed',
  async () => {
    const folder = aFolder()
    const first = await failingStore(folder)
    const process = await Process.started(await aTrail(first.store))
    await process.write(anIntent('c1'))
    first.fail('utimes', Object.assign(new Error('EIO'), { code: 'EIO' }))
    expect(await reasonOf(process.write(aResult('c1')))).toBe('disk-failed')
    await first.store.close()

    // The cache has it still, and the disk does not take it.
    const second = await failingStore(folder)
    const { origin: chain } = process
    const all = async (): Promise<string[]> => await recordsIn(second.store, chain)
    second.fail('datasync', Object.assign(new Error('EIO'), { code: 'EIO' }))
    await expect(all()).rejects.toMatchObject({ reason: 'disk-failed', poisoned: true })
    await second.store.close()

    expect(await recordsIn(await anEmbeddedStore(folder), chain)).toEqual(process.records.map(String))
  },
)

test('what the disk does not give is a failing disk, and not a chain that was never begun', async () => {
  const folder = aFolder()
  await aChain(folder)
  const openFile = (async (path: string, flags: string, mode?: number) => {
    if (flags === 'r+') throw Object.assign(new Error('EROFS'), { code: 'EROFS' })
    return await open(path, flags, mode)
  }) as typeof open
  const store = await openEmbedded({ folder, openFile, onPoisoned: () => undefined })
  await expect(recordsIn(store, origin)).rejects.toMatchObject({ reason: 'disk-failed' })
  const head = join(place(folder), 'head.json')
  rmSync(head)
  mkdirSync(head)
  await expect(store.find(origin)).rejects.toMatchObject({ reason: 'disk-failed' })
  await store.close()
})

verifies(
  'audit:acknowledged-is-kept',
  'segments are open so that a write is durable when it returns',
  async () => {
    const opened: { path: string; flags: string | number }[] = []
    const openFile = (async (path: string, flags: string | number, mode?: number) => {
      opened.push({ path, flags })
      return await open(path, flags, mode)
    }) as typeof open
    const store = await openEmbedded({
      folder: aFolder(),
      openFile,
      segmentBytes: 100,
      onPoisoned: () => undefined,
    })
    await store.begin({ origin, vkey: 'k' })
    for (let i = 0; i < 20; i++) await store.append(origin, i, bytes(`record ${i}`))
    await store.close()

    const segments = opened.filter(({ path }) => path.endsWith('.segment'))
    expect(segments.length).toBeGreaterThan(2)
    expect(segments.map(({ flags }) => Number(flags) & constants.O_DSYNC)).not.toContain(0)
  },
)

const full = (): Error => Object.assign(new Error('full'), { code: 'ENOSPC' })

verifies(
  'audit:acknowledged-is-kept',
  'a volume says behind a whole record that it is full: the record is taken back, and it goes on',
  async () => {
    const folder = aFolder()
    const { store, fail, poisoned } = await failingStore(folder)
    await store.begin({ origin, vkey: 'k' })
    await store.append(origin, 0, bytes('a'))
    const before = statSync(segment(folder)).size
    fail('utimes', full())

    await expect(store.append(origin, 1, bytes('b'))).rejects.toMatchObject({ reason: 'disk-full' })
    expect(statSync(segment(folder)).size).toBe(before)
    await store.append(origin, 1, bytes('c'))
    expect((await recordsIn(store, origin)).join('')).toBe('ac')
    expect(poisoned).toEqual([])
    await store.close()
  },
)

for (const refused of ['write', 'utimes'] as const)
  for (const back of ['truncate', 'datasync'] as const)
    verifies(
      'audit:acknowledged-is-kept',
      `a full volume refuses a ${refused}, and the ${back} that takes it back fails: nothing is taken any more`,
      async () => {
        const { store, fail, poisoned } = await failingStore(aFolder())
        await store.begin({ origin, vkey: 'k' })
        await store.append(origin, 0, bytes('a'))
        fail(refused, full())
        fail(back, new Error('EIO'))

        await expect(store.append(origin, 1, bytes('b'))).rejects.toMatchObject({ reason: 'disk-failed' })
        expect(poisoned).toHaveLength(1)
        await expect(store.append(origin, 1, bytes('b'))).rejects.toThrow(StoreFailed)
        await store.close()
      },
    )

test('one collector a store: a second is kept out, a dead one is not in the way', async () => {
  const folder = aFolder()
  const first = await anEmbeddedStore(folder)
  await expect(anEmbeddedStore(folder)).rejects.toMatchObject({ reason: 'store-in-use' })
  await first.close()
  // What a killed process leaves.
  writeFileSync(join(folder, 'lock.sock'), '')
  rmSync(join(folder, 'lock.sock'))
  await (await anEmbeddedStore(folder)).close()
})

test('a note is the newest one that was saved, after a new start as well', async () => {
  const folder = aFolder()
  const store = await anEmbeddedStore(folder)
  expect(await store.note('witnessed')).toBeUndefined()
  await store.saveNote('witnessed', 'first')
  await store.saveNote('witnessed', 'second')
  await store.close()

  expect(await (await anEmbeddedStore(folder)).note('witnessed')).toBe('second')
})

test('keys are made once, and only their owner may read them', async () => {
  const folder = aFolder()
  const store = await anEmbeddedStore(folder)

  expect(await store.key('witness', () => 'made')).toBe('made')
  expect(await store.key('witness', () => 'other')).toBe('made')
  expect(statSync(join(folder, 'keys/witness.pem')).mode & 0o777).toBe(0o600)
})

test('a volume’s lost+found, and a folder without a head, are no chains', async () => {
  const folder = aFolder()
  mkdirSync(join(folder, 'lost+found'))
  mkdirSync(join(folder, 'chains/clinic/ehr/pod-9/0'), { recursive: true })
  const store = await anEmbeddedStore(folder)

  expect(await store.chains()).toEqual([])
})

verifies(
  'integrity:chain',
  'a chain that was changed in the store is closed to its pod, shown, and no other is touched',
  async () => {
    const folder = aFolder()
    const store = await anEmbeddedStore(folder)
    const trail = await aTrail(store)
    const bad = await Process.started(trail)
    const good = await Process.started(trail)
    await bad.write(anIntent('c1'))
    await bad.checkpoint()
    await store.close()
    const path = join(folder, 'chains/clinic/ehr', bad.pod.podUid, '0/0000000000000000.segment')
    const changed = readFileSync(path)
    changed[60] = (changed[60] as number) ^ 1
    writeFileSync(path, changed)

    const anew = await aTrail(await anEmbeddedStore(folder))
    bad.trail = anew
    good.trail = anew
    expect(await reasonOf(bad.write(aRefusal('c2')))).toBe('chain-corrupt')
    expect(await reasonOf(bad.checkpoint())).toBe('chain-corrupt')
    expect(await good.write(aRefusal('c2'))).toBe(2)
    expect(anew.summaries().map(({ state }) => state)).toEqual(['corrupt', 'live'])
    // Its pod goes on with another chain.
    expect((await Process.started(anew, bad.pod)).chain.restart).toBe(1)
  },
)

test.each([
  ['records that were cosigned are gone', (path: string) => truncateSync(path, 0)],
  ['its folder is gone', (path: string) => rmSync(join(path, '..'), { recursive: true })],
])('a chain of which %s is corrupt', async (_, harm) => {
  const folder = aFolder()
  const store = await anEmbeddedStore(folder)
  const trail = await aTrail(store)
  const process = await Process.started(trail)
  await process.checkpoint()
  await store.close()
  harm(join(folder, 'chains/clinic/ehr', process.pod.podUid, '0/0000000000000000.segment'))

  const anew = await aTrail(await anEmbeddedStore(folder))
  expect(anew.summaries()).toMatchObject([{ state: 'corrupt' }])
})

test.each([
  ['a byte changed', (path: string) => appendFileSync(path, 'x')],
  ['its end cut off', (path: string) => truncateSync(path, 0)],
  ['its checkpoint taken away', (path: string) => rmSync(join(path, '../checkpoint'))],
])('with the registry log’s %s the collector does not start', async (_, harm) => {
  const folder = aFolder()
  const store = await anEmbeddedStore(folder)
  const trail = await aTrail(store)
  await Process.started(trail)
  await store.close()
  harm(join(folder, 'registry/0000000000000000.segment'))
  expect(existsSync(join(folder, 'registry/head.json'))).toBe(true)

  await expect(aTrail(await anEmbeddedStore(folder))).rejects.toThrow(Corrupt)
})

test('a frame whose last record lacks its newline is broken, whatever its checksums say', () => {
  const whole = encodeFrame(0, bytes('a'))
  const cut = Buffer.from(whole.subarray(0, whole.length - 1))
  cut.writeUInt32LE(1, 4)
  cut.writeUInt32LE(crc32(cut.subarray(24)), 16)
  cut.writeUInt32LE(crc32(cut.subarray(0, 20)), 20)
  // At once: who looked for the newline without an end would never answer.
  expect(frameAt(cut, 0)).toBe('broken')
})
