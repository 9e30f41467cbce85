import { appendFileSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RegistryCheck } from '../../../cli/verify/registry-check.ts'
import { type Store, StoreFailed } from '../../../collector/commit/commit.ts'
import type { Bounds } from '../../../collector/sealing/chain-sealing.ts'
import { SealedFiles } from '../../../collector/sealing/files.ts'
import type { Sealing } from '../../../collector/sealing/sealing.ts'
import type { Trail } from '../../../collector/trail.ts'
import type { AuditRecord } from '../../../core/record.ts'
import type { SealedSegment } from '../../../core/sealed/sealed-segment.ts'
import { anOrders, aRefusal, aStart } from '../../core/records.ts'
import { verifies } from '../../verifies.ts'
import {
  aFolder,
  anEmbeddedStore,
  aPod,
  aTrail,
  type Clock,
  Process,
  reasonOf,
  recordsIn,
  registryIn,
} from '../a-trail.ts'
import { aKms, type Kms, opened } from './a-kms.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const hour = 3_600_000

type Scene = {
  store: Store
  trail: Trail
  sealing: Sealing
  kms: Kms
  clock: Clock
  folder: string
  /** Everything that is sealed and still here, of one chain. */
  segments: (origin: string) => Promise<SealedSegment[]>
  /** Another collector over the same store and folder. */
  anew: () => Promise<Scene>
}

/** About eight records a segment unless told otherwise. */
async function scene(
  said: {
    bounds?: Partial<Bounds>
    kms?: Kms
    store?: Store
    folder?: string
    clock?: Clock
    steady?: () => number
    developmentOnly?: boolean
  } = {},
): Promise<Scene> {
  const folder = said.folder ?? aFolder()
  const store = said.store ?? (await anEmbeddedStore())
  const kms = said.kms ?? aKms()
  const clock = said.clock ?? { now: 1_790_000_000_000 }
  const trail = await aTrail(store, clock, [], {
    ...(said.steady === undefined ? {} : { steady: said.steady }),
    sealing: {
      wrapper: kms.wrapper,
      files: new SealedFiles(folder),
      bounds: { bytes: 1024 * 1024, records: 8, ageMs: hour, ...said.bounds },
      developmentOnly: said.developmentOnly ?? false,
      log: silent as never,
    },
  })
  const sealing = trail.sealing as Sealing
  return {
    store,
    trail,
    sealing,
    kms,
    clock,
    folder,
    segments: async (origin) => (await sealing.segments()).filter((segment) => segment.origin === origin),
    anew: async () => await scene({ ...said, folder, store, kms, clock }),
  }
}

async function write(process: Process, records: number): Promise<void> {
  for (let i = 0; i < records; i++) await process.write(aRefusal(`c${process.records.length}`))
}

/** The records of a chain, put together out of its segments. */
async function unsealed(segments: readonly SealedSegment[], kms: Kms): Promise<string[]> {
  const records: string[] = []
  for (const segment of segments) {
    expect(segment.from).toBe(records.length)
    records.push(...(await opened(segment, kms)).records)
    expect(segment.to).toBe(records.length)
  }
  return records
}

verifies(
  'rest:sealed-trail',
  'what is committed is cut by size into segments that follow each other and open to the same records',
  async () => {
    const { trail, sealing, store, kms, segments } = await scene()
    const process = await Process.started(trail)
    await write(process, 20)
    await process.checkpoint()
    await sealing.sweep()

    const sealed = await segments(process.origin)

    expect(sealed.map(({ from, to }) => [from, to])).toEqual([
      [0, 8],
      [8, 16],
    ])
    expect(sealed.map(({ name }) => name)).toEqual(
      sealed.map(({ from }) => `clinic/ehr/${process.pod.podUid}/0/${String(from).padStart(16, '0')}.sealed`),
    )
    expect(await unsealed(sealed, kms)).toEqual((await recordsIn(store, process.origin)).slice(0, 16))
    const { header } = await opened(sealed[0] as SealedSegment, kms)
    expect(header.checkpoint).toContain(`${process.origin}\n21\n`)
    const said = (await registryIn(store)).filter(({ kind }) => kind === 'sealed')
    expect(said).toMatchObject(
      sealed.map(({ origin, segment, from, to, bytes, sha256, keyId }) => {
        return { origin, segment, from, to, bytes, sha256, keyId }
      }),
    )
  },
)

/** What a verifier finds in a registry log. */
function found(records: readonly AuditRecord[]): string[] {
  const check = new RegistryCheck()
  for (const record of records) check.take(record)
  return check.findings.map(({ says }) => says)
}

verifies('audit:keys', 'another key that wraps data keys is a record, with the one before', async () => {
  const { trail, sealing, store, kms } = await scene()
  const process = await Process.started(trail)
  await write(process, 10)
  await sealing.sweep()
  kms.rotate()
  await write(process, 30)
  await sealing.sweep()

  const registry = await registryIn(store)
  const keys = registry.flatMap((record) => (record.kind === 'sealed' ? [record.keyId] : []))
  const [first, second] = new Set(keys)
  expect(second).toBeDefined()
  expect(registry.filter(({ kind }) => kind === 'key-changed')).toMatchObject([
    { key: 'data', id: first },
    { key: 'data', id: second, before: first },
  ])
})

verifies(
  'audit:keys',
  'one rotation is one record, whatever is still sealed under the key before',
  async () => {
    const { trail, sealing, store, kms, segments } = await scene()
    const processes: Process[] = []
    for (let i = 0; i < 4; i++) processes.push(await Process.started(trail))
    // Each has an open segment and, beyond its half, a next data key.
    for (const process of processes) await write(process, 6)
    kms.rotate()
    for (const process of processes) {
      await write(process, 20)
      await sealing.sweep()
    }

    const keyIds = (await Promise.all(processes.map(async ({ origin }) => await segments(origin)))).map(
      (some) => some.map(({ keyId }) => keyId),
    )
    expect(keyIds.every((some) => new Set(some).size === 2)).toBe(true)
    const said = (await registryIn(store)).filter(({ kind }) => kind === 'key-changed')
    expect(said).toMatchObject([{ id: keyIds[0]?.[0] }, { id: keyIds[0]?.at(-1), before: keyIds[0]?.[0] }])
    expect(said).toHaveLength(2)
  },
)

test('a verifier finds a segment that the registry log leaves out or names twice', async () => {
  const { trail, sealing, store } = await scene()
  const process = await Process.started(trail)
  await write(process, 30)
  await sealing.sweep()
  const registry = await registryIn(store)
  const first = registry.findIndex(({ kind }) => kind === 'sealed')
  const twice = [...registry.slice(0, first + 1), ...registry.slice(first)]
  const without = registry.toSpliced(first, 1)

  expect(found(registry)).toEqual([])
  expect(found(twice)).toContain('records between two sealed segments are left out, or sealed twice')
  expect(found(without)).toContain('records between two sealed segments are left out, or sealed twice')
})

verifies('rest:sealed-trail', 'a segment ends by age, and one without a record is none', async () => {
  const { trail, sealing, clock, segments } = await scene({ bounds: { records: 1000 } })
  const process = await Process.started(trail)
  await write(process, 3)
  await sealing.sweep()
  expect(await segments(process.origin)).toEqual([])

  clock.now += hour
  await sealing.sweep()
  clock.now += hour
  await sealing.sweep()

  expect((await segments(process.origin)).map(({ from, to }) => [from, to])).toEqual([[0, 4]])
})

test('a segment ends by bytes', async () => {
  const { trail, sealing, segments } = await scene({ bounds: { records: 1000, bytes: 2000 } })
  const process = await Process.started(trail)
  await write(process, 40)
  await sealing.sweep()

  const sealed = await segments(process.origin)

  expect(sealed.length).toBeGreaterThan(2)
  for (const { bytes, from, to } of sealed) expect(bytes - (to - from) * 32).toBeLessThan(4000)
})

verifies('rest:key-away', 'the key’s holder is away when a chain begins: nothing is committed', async () => {
  const { trail, sealing, store, kms } = await scene()
  kms.fails = 'kms-away'
  const process = new Process(trail, aPod())
  await process.begin()

  expect(await reasonOf(process.write(aRefusal('c1')))).toBe('no-data-key')
  expect(await recordsIn(store, process.origin)).toEqual([])
  expect(sealing.trouble()).toBe('kms-away')
})

verifies(
  'rest:key-away',
  'it goes away in mid-segment: records are taken until the key in use and the one fetched ahead are used up, then none',
  async () => {
    const { trail, sealing, store, kms, clock, segments } = await scene()
    const process = await Process.started(trail)
    // Half of the segment: the next key is fetched.
    await write(process, 4)
    await expect.poll(() => kms.wrapped.length).toBe(2)
    kms.fails = 'kms-away'

    // What is left of this segment, and all of the next.
    await write(process, 3 + 8)
    expect(await reasonOf(process.write(aRefusal('over')))).toBe('no-data-key')

    expect(await recordsIn(store, process.origin)).toHaveLength(16)
    expect(sealing.trouble()).toBe('kms-away')
    // What was taken is sealed without it.
    await sealing.sweep()
    expect((await segments(process.origin)).map(({ to }) => to)).toEqual([8, 16])

    kms.fails = undefined
    clock.now += 2000
    await sealing.sweep()
    expect(sealing.trouble()).toBeUndefined()
    expect(await process.send(16)).toBe(17)
    await write(process, 8)
    await sealing.sweep()
    expect(await unsealed(await segments(process.origin), kms)).toEqual(
      (await recordsIn(store, process.origin)).slice(0, 24),
    )
  },
)

verifies(
  'rest:key-away',
  'a clock that is set back while the key’s holder is away keeps nobody from asking it',
  async () => {
    let since = 0
    const { trail, kms, clock } = await scene({ steady: () => since })
    kms.fails = 'kms-away'
    expect(await reasonOf(Process.started(trail))).toBe('no-data-key')
    kms.fails = undefined
    clock.now -= 24 * hour
    since += 2000

    expect((await Process.started(trail)).records).toHaveLength(1)
  },
)

verifies('rest:key-away', 'a key that has become too old takes no record more', async () => {
  const { trail, sealing, kms, clock } = await scene({ bounds: { records: 1000 } })
  const process = await Process.started(trail)
  kms.fails = 'kms-refuses'
  clock.now += hour - 1
  await write(process, 1)
  clock.now += 1

  expect(await reasonOf(process.write(aRefusal('late')))).toBe('no-data-key')
  expect(sealing.trouble()).toBe('kms-refuses')
})

test('while another chain has a key the collector stays ready, and warns', async () => {
  const { trail, sealing, kms } = await scene()
  const process = await Process.started(trail)
  kms.fails = 'kms-away'
  const other = new Process(trail, aPod())
  await other.begin()
  expect(await reasonOf(other.write(aRefusal('c1')))).toBe('no-data-key')

  expect(sealing.trouble()).toBeUndefined()
  expect(sealing.warning()).toBe('kms-away')
  expect(sealing.unsealed()).toBe(1)
  await write(process, 1)
})

test('an idle chain keeps a key, so that a holder that goes away does not stop its next record', async () => {
  const { trail, sealing, kms, clock } = await scene({ bounds: { records: 1000 } })
  const process = await Process.started(trail)
  for (let i = 0; i < 6; i++) {
    clock.now += hour / 2
    await sealing.sweep()
  }
  kms.fails = 'kms-away'
  clock.now += hour / 4

  await write(process, 1)
})

verifies(
  'rest:key-rotated',
  'a key that is rotated wraps the next data key, and nothing waits for it',
  async () => {
    const { trail, sealing, kms, segments } = await scene()
    const process = await Process.started(trail)
    await write(process, 2)
    kms.rotate()
    await write(process, 30)
    await sealing.sweep()

    const sealed = await segments(process.origin)

    expect(new Set(sealed.map(({ keyId }) => keyId)).size).toBe(2)
    expect(await unsealed(sealed, kms)).toHaveLength(32)
  },
)

verifies(
  'rest:key-rotated',
  'a new key that wraps and does not open again is not used: records are taken as far as the old one reaches, then none',
  async () => {
    const { trail, sealing, kms, clock, segments } = await scene()
    const process = await Process.started(trail)
    kms.rotate()
    kms.opensNot = true
    await write(process, 7)
    expect(await reasonOf(process.write(aRefusal('over')))).toBe('no-data-key')
    expect(sealing.trouble()).toBe('kms-refuses')

    kms.opensNot = false
    clock.now += 2000
    expect(await process.send(8)).toBe(9)
    await sealing.sweep()
    expect(await unsealed(await segments(process.origin), kms)).toHaveLength(8)
  },
)

test('a holder that hangs holds up no chain that has a key', async () => {
  const { trail, kms } = await scene()
  const process = await Process.started(trail)
  kms.hangs = Promise.withResolvers<void>()
  const other = new Process(trail, aPod())
  await other.begin()
  const waiting = reasonOf(other.write(aRefusal('c1')))
  await write(process, 7)

  kms.fails = 'kms-away'
  kms.hangs.resolve()
  expect(await waiting).toBe('no-data-key')
})

verifies(
  'rest:data-keys',
  'no data key stands on the disk in the clear, and none is in memory when it was used',
  async () => {
    const { trail, sealing, kms, folder } = await scene()
    const process = await Process.started(trail)
    await write(process, 7 + 16)
    await sealing.sweep()

    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
    const used = kms.wrapped.slice(0, 2)

    expect(files).toHaveLength(2)
    for (const { held, was } of kms.wrapped) {
      for (const file of files) {
        expect(file.includes(was)).toBe(false)
        expect(file.includes(was.toString('base64'))).toBe(false)
      }
      expect(was.equals(Buffer.alloc(32))).toBe(false)
      expect(held.equals(Buffer.alloc(32))).toBe(used.some((key) => key.held === held))
    }
    await sealing.close()
    await sealing.sweep()
    expect(await reasonOf(process.write(aRefusal('late')))).toBe('no-data-key')
    for (const { held } of kms.wrapped) expect(held).toEqual(Buffer.alloc(32))
  },
)

test('nothing of a record is readable in a segment', async () => {
  const { trail, sealing, folder } = await scene()
  const process = await Process.started(trail)
  await write(process, 8)
  await sealing.sweep()
  const [name] = readdirSync(folder, { recursive: true }).filter((one) => String(one).endsWith('.sealed'))

  const text = readFileSync(join(folder, String(name)), 'latin1')

  for (const member of ['"schema"', 'refusal', '"call"', 'phi-access']) expect(text).not.toContain(member)
})

verifies(
  'rest:sealed-trail',
  'a process that dies leaves nothing unsealed and nothing sealed twice: the next one seals the rest under other keys',
  async () => {
    const before = await scene()
    const process = await Process.started(before.trail)
    await write(process, 12)
    await before.sealing.sweep()
    // It dies with records in an open segment.
    const after = await before.anew()
    process.trail = after.trail
    await write(process, 12)
    await after.sealing.sweep()

    const sealed = await after.segments(process.origin)

    expect(await unsealed(sealed, after.kms)).toEqual(
      (await recordsIn(after.store, process.origin)).slice(0, 21),
    )
    expect(new Set(sealed.map(({ segment }) => segment)).size).toBe(sealed.length)
  },
)

test('a file that the registry log does not name yet is given to nobody, and written anew', async () => {
  const store = await anEmbeddedStore()
  let fails = false
  const failing: Store = {
    ...store,
    append: async (origin, from, records) => {
      if (fails && records.some((record) => record.includes('"kind":"sealed"')))
        throw new StoreFailed('store-away', 'planned by a test')
      await store.append(origin, from, records)
    },
  }
  const before = await scene({ store: failing })
  const process = await Process.started(before.trail)
  await write(process, 8)
  fails = true
  await before.sealing.sweep()
  expect(
    readdirSync(before.folder, { recursive: true }).filter((name) => String(name).endsWith('.sealed')),
  ).toHaveLength(1)
  expect(before.sealing.warning()).toBe('sealing-stuck')
  expect(await (await before.anew()).sealing.segments()).toEqual([])

  fails = false
  const after = await before.anew()
  await after.sealing.sweep()

  const sealed = await after.segments(process.origin)
  expect(await unsealed(sealed, after.kms)).toHaveLength(9)
  const said = (await registryIn(store)).filter(({ kind }) => kind === 'sealed')
  expect(said).toMatchObject(sealed.map(({ sha256 }) => ({ sha256 })))
})

test('a store from before sealing was configured is sealed from its first record on, in segments of the usual size', async () => {
  const store = await anEmbeddedStore()
  const clock = { now: 1_790_000_000_000 }
  const process = await Process.started(await aTrail(store, clock))
  await write(process, 19)
  const after = await scene({ store, clock })
  process.trail = after.trail
  await write(process, 1)
  await after.sealing.sweep()

  const sealed = await after.segments(process.origin)

  expect(sealed.map(({ from, to }) => [from, to])).toEqual([
    [0, 8],
    [8, 16],
    [16, 20],
  ])
  expect(await unsealed(sealed, after.kms)).toEqual(process.records.slice(0, 20).map(String))
})

test('a chain that ended is sealed to its end at once, and goes on without a gap when it speaks again', async () => {
  const { trail, sealing, clock, kms, store, segments } = await scene({ bounds: { records: 1000 } })
  const process = await Process.started(trail)
  await write(process, 3)
  clock.now += 90_001
  await trail.sweep()
  await sealing.sweep()
  expect((await segments(process.origin)).map(({ to }) => to)).toEqual([4])

  await write(process, 2)
  clock.now += 90_001
  await trail.sweep()
  await sealing.sweep()

  expect(await unsealed(await segments(process.origin), kms)).toEqual(await recordsIn(store, process.origin))
})

test('what cannot be written is tried again under another key, and records are taken meanwhile', async () => {
  const { trail, sealing, folder, kms, segments } = await scene()
  const process = await Process.started(trail)
  writeFileSync(join(folder, 'clinic'), 'in the way')
  await write(process, 8)
  await sealing.sweep()
  expect(sealing.warning()).toBe('sealing-stuck')
  expect((kms.wrapped[0] as { held: Buffer }).held).toEqual(Buffer.alloc(32))
  await write(process, 1)
  unlinkSync(join(folder, 'clinic'))
  await sealing.sweep()

  expect(sealing.warning()).toBeUndefined()
  expect(await unsealed(await segments(process.origin), kms)).toHaveLength(8)
})

test('a segment that was changed or left half on the disk is given to nobody', async () => {
  const before = await scene()
  const process = await Process.started(before.trail)
  await write(process, 17)
  await before.sealing.sweep()
  const [first, second] = await before.segments(process.origin)
  appendFileSync(join(before.folder, first?.name ?? ''), 'x')
  writeFileSync(join(before.folder, `${second?.name}.partial`), 'half')

  const after = await before.anew()

  expect((await after.sealing.segments()).map(({ from }) => from)).toEqual([8])
})

test('a segment that is kept elsewhere goes, and stays sealed', async () => {
  const { trail, sealing, segments } = await scene()
  const process = await Process.started(trail)
  await write(process, 17)
  await sealing.sweep()
  const [first] = await segments(process.origin)
  await sealing.remove(first as SealedSegment)
  await sealing.sweep()

  expect((await segments(process.origin)).map(({ from }) => from)).toEqual([8])
})

verifies(
  'rest:development-key',
  'a chain of profile Production is not taken under a key in a file',
  async () => {
    const { trail, store } = await scene({ developmentOnly: true })
    const process = new Process(trail, aPod())
    await process.begin()
    const start: AuditRecord = {
      ...JSON.parse(String((await Process.started((await scene()).trail)).records[0])),
      origin: process.origin,
    } as AuditRecord

    expect(await reasonOf(process.write({ ...start, profile: 'Production' } as AuditRecord))).toBe(
      'development-key',
    )
    expect(await recordsIn(store, process.origin)).toEqual([])
    process.records.length = 0
    expect(await process.write({ ...start, profile: 'Development' } as AuditRecord)).toBe(1)
  },
)

verifies(
  'rest:development-key',
  'a chain that began without a policy is judged by the policy that comes into force',
  async () => {
    const { trail, store } = await scene({ developmentOnly: true })
    const process = new Process(trail, aPod())
    await process.begin()
    const lock = anOrders({ policy: '', locked: 'no-orders' })
    expect(await process.write(aStart(process.origin, { profile: 'Unknown' }), lock)).toBe(2)

    expect(await reasonOf(process.write(anOrders({ profile: 'Production' })))).toBe('development-key')

    expect((await recordsIn(store, process.origin)).length).toBe(2)
    process.records.length = 2
    expect(await process.write(aRefusal('r-1'), anOrders({ profile: 'Development' }))).toBe(4)
    expect(await reasonOf(process.write(aRefusal('r-2'), anOrders({ profile: 'Staging' })))).toBe(
      'development-key',
    )
  },
)
