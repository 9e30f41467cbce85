// The archive over a bucket in memory that fails as servers do.

import { expect, test } from 'vitest'
import { Archive } from '../../collector/archive/archive.ts'
import { askHold, holdsOf } from '../../collector/archive/ask-hold.ts'
import { ofTrail } from '../../collector/archive/open.ts'
import { archiveRoutes } from '../../collector/archive/routes.ts'
import type { Route } from '../../collector/receive.ts'
import type { Told } from '../../collector/sender.ts'
import { keyOfSegment } from '../../core/archive/keys.ts'
import { MemoryBucket, sound } from '../archive/a-bucket.ts'
import { type Archiving, anArchive, aSegment, place } from '../archive/an-archive.ts'
import { verifies } from '../verifies.ts'
import { Process, reasonOf, registryIn } from './a-trail.ts'

const day = 86_400_000

/** An archive with segments of two chains that wait. */
async function waiting(bucket: MemoryBucket): Promise<Archiving & { origins: string[] }> {
  const archiving = await anArchive(bucket)
  const { trail, sealed, clock } = archiving
  const origins = [(await Process.started(trail)).origin, (await Process.started(trail)).origin]
  for (const origin of origins)
    sealed.push(aSegment(origin, 0, 5, clock.now), aSegment(origin, 5, 9, clock.now))
  return { ...archiving, origins }
}

async function archivedIn({ store }: Archiving): Promise<string[]> {
  return (await registryIn(store))
    .flatMap((record) => (record.kind === 'archived' ? [`${record.origin} ${record.from} ${record.to}`] : []))
    .toSorted()
}

const expected = (origins: readonly string[]): string[] =>
  origins.flatMap((origin) => [`${origin} 0 5`, `${origin} 5 9`]).toSorted()

verifies(
  'audit:worm',
  'a segment counts as archived when its version and a lock of 2192 days were read back, and the registry log says so',
  async () => {
    const bucket = new MemoryBucket()
    const archiving = await waiting(bucket)
    const { archive, sealed, clock, store, origins } = archiving

    expect(await archive.round()).toBe(true)

    expect(await archivedIn(archiving)).toEqual(expected(origins))
    for (const record of await registryIn(store)) {
      if (record.kind !== 'archived') continue
      const [version] = bucket.objects.get(keyOfSegment(place.prefix, record)) ?? []
      expect(version).toMatchObject({ id: record.version, lock: { mode: 'COMPLIANCE' } })
      expect(Date.parse(record.until)).toBeGreaterThanOrEqual(clock.now + 2192 * day)
      expect(version?.lock?.until).toBe(Date.parse(record.until))
    }
    expect(archive.summary()).toMatchObject({ segments: 4, gaps: [], pending: { segments: 0, bytes: 0 } })
    const calls = bucket.calls.length
    expect(await archive.round()).toBe(true)
    expect(bucket.calls.length).toBe(calls)
    // What the log calls archived is let go, in the next round.
    expect(sealed.length).toBe(0)
  },
)

/** Where a request may go wrong × how: nothing was done, it was done and not said. */
const faults = (['versions', 'put', 'kept'] as const).flatMap((call) =>
  (['before', 'after'] as const).map((how) => ({ call, how })),
)

for (const { call, how } of faults)
  verifies(
    'audit:worm',
    `${call} fails ${how} it took effect: nothing is lost, nothing is put twice`,
    async () => {
      const bucket = new MemoryBucket()
      const archiving = await waiting(bucket)
      const { archive, origins } = archiving
      const failed = new Set<string>()
      bucket.fault = (made, key) => {
        if (made !== call || !key.endsWith('.sealed') || failed.has(key)) return undefined
        failed.add(key)
        return how
      }

      let rounds = 0
      while (!(await archive.round())) {
        expect(archive.trouble()).toBe('archive-away')
        rounds += 1
      }

      expect(rounds).toBeGreaterThan(0)
      expect(await archivedIn(archiving)).toEqual(expected(origins))
      for (const [key, versions] of bucket.objects)
        if (key.endsWith('.sealed')) expect(versions.length, key).toBe(1)
    },
  )

verifies(
  'audit:worm',
  'a collector that dies between a put and its record says it afterwards, without another put',
  async () => {
    const bucket = new MemoryBucket()
    const archiving = await waiting(bucket)
    const { archive, store, sealed, clock, trail, origins } = archiving
    const update = trail.registry.update.bind(trail.registry)
    trail.registry.update = async () => await Promise.reject(new Error('killed'))
    expect(await archive.round()).toBe(false)
    trail.registry.update = update
    expect(await archivedIn(archiving)).toEqual([])
    const puts = [...bucket.objects].filter(([key]) => key.endsWith('.sealed'))
    expect(puts.length).toBe(4)

    clock.now += 3600_000
    const again = await anArchive(bucket, { store, clock, sealed })
    expect(await again.archive.round()).toBe(true)

    expect(await archivedIn(again)).toEqual(expected(origins))
    for (const versions of bucket.objects.values()) expect(versions.length).toBe(1)
  },
)

/** What a server, or somebody before us, may have put where our object belongs. */
const garbage: { what: string; garble: NonNullable<MemoryBucket['garbles']> }[] = [
  { what: 'no lock', garble: ({ id, bytes, held }) => ({ id, bytes, held }) },
  {
    what: 'a lock of mode GOVERNANCE',
    garble: (v) => ({ ...v, lock: { mode: 'GOVERNANCE', until: v.lock?.until ?? 0 } }),
  },
  {
    what: 'a shorter lock',
    garble: (v) => ({ ...v, lock: { mode: 'COMPLIANCE', until: (v.lock?.until ?? 0) - day } }),
  },
  { what: 'other bytes of the same length', garble: (v) => ({ ...v, bytes: Buffer.alloc(v.bytes.length) }) },
  { what: 'fewer bytes', garble: (v) => ({ ...v, bytes: v.bytes.subarray(1) }) },
]

for (const tellsHash of [true, false])
  for (const { what, garble } of garbage) {
    const server = tellsHash ? 'a server that tells hashes' : 'a server that tells none'
    verifies('audit:worm', `${what}, at ${server}, does not count as archived`, async () => {
      const bucket = new MemoryBucket()
      bucket.tellsHash = tellsHash
      bucket.garbles = garble
      const archiving = await waiting(bucket)

      expect(await archiving.archive.round()).toBe(false)

      expect(archiving.archive.trouble()).toBe('archive-not-as-put')
      expect(await archivedIn(archiving)).toEqual([])
      bucket.garbles = undefined
      expect(await archiving.archive.round()).toBe(true)
      expect(await archivedIn(archiving)).toEqual(expected(archiving.origins))
      const record = (await registryIn(archiving.store)).find(({ kind }) => kind === 'archived')
      if (record?.kind !== 'archived') throw new Error('nothing archived')
      const versions = bucket.objects.get(keyOfSegment(place.prefix, record)) ?? []
      expect(versions.find(({ id }) => id === record.version)?.bytes.length).toBe(record.bytes)
    })
  }

verifies('audit:worm', 'one segment that cannot be archived holds up its own chain alone', async () => {
  const bucket = new MemoryBucket()
  const archiving = await waiting(bucket)
  const { archive, origins } = archiving
  const [stuck, other] = origins as [string, string]
  bucket.fault = (_, key) => (key.includes(stuck) ? 'before' : undefined)

  expect(await archive.round()).toBe(false)

  expect(await archivedIn(archiving)).toEqual(expected([other]))
  expect(archive.summary()).toMatchObject({ pending: { segments: 2 }, trouble: 'archive-away' })
  archiving.clock.now += 2 * 3600_000
  await archive.round()
  expect(archive.summary().gaps.map(({ reason }) => reason)).toEqual(['ArchiveBehind'])
})

test('nothing is put into a bucket that does not lock, and what waits stays', async () => {
  const bucket = new MemoryBucket()
  let seen: typeof sound = { ...sound, lock: { enabled: false } }
  const archiving = await anArchive(bucket, { look: async () => seen })
  const { origin } = await Process.started(archiving.trail)
  archiving.sealed.push(aSegment(origin, 0, 5, archiving.clock.now))

  expect(archiving.archive.trouble()).toBe('starting')
  expect(await archiving.archive.round()).toBe(false)
  expect(archiving.archive.trouble()).toBe('archive-not-locked')
  expect(bucket.calls).toEqual([])

  seen = { ...sound, versioning: 'unread', lock: 'unread' }
  archiving.clock.now += 3_600_000
  expect(await archiving.archive.round()).toBe(false)
  expect(archiving.archive.trouble()).toBe('archive-away')
  seen = sound
  archiving.clock.now += 60_000
  expect(await archiving.archive.round()).toBe(true)
  expect(await archivedIn(archiving)).toEqual([`${origin} 0 5`])
})

test('the registry log is archived with its checkpoint, and that it was is no reason to archive it again', async () => {
  const bucket = new MemoryBucket()
  const archiving = await waiting(bucket)
  const { archive, clock, store, trail } = archiving

  await archive.round()
  const size = trail.registry.size
  for (let i = 0; i < 5; i++) {
    clock.now += 3_600_000
    await archive.round()
  }
  expect(trail.registry.size).toBe(size)
  await Process.started(trail)
  await archive.round()

  const stretches = (await registryIn(store)).flatMap((r) => (r.kind === 'registry-archived' ? [r] : []))
  expect(stretches.map(({ from }) => from)).toEqual([0, stretches[0]?.to])
  const { to, checkpoint } = stretches[1] as (typeof stretches)[number]
  expect(to).toBe(trail.registry.size - 1)
  const notes = [...bucket.objects].filter(([key]) => key.endsWith('.checkpoint'))
  expect(notes.map(([, versions]) => versions[0]?.id)).toContain(checkpoint.version)
})

verifies(
  'audit:one-sends',
  'a collector that does not send archives its own segments, and leaves the log of chains to the other, until it sends',
  async () => {
    const bucket = new MemoryBucket()
    const sending: { tenure: AbortSignal | undefined; heard: () => Told } = {
      tenure: undefined,
      heard: () => ({ copies: [], witnesses: [], archive: 'archive-away' }),
    }
    const archiving = await anArchive(bucket, { sending })
    const { archive, sealed, clock, trail, store } = archiving
    const { origin } = await Process.started(trail)
    sealed.push(aSegment(origin, 0, 5, clock.now))
    const kinds = async (): Promise<string[]> => (await registryIn(store)).map(({ kind }) => kind)

    expect(await archive.round()).toBe(true)
    expect(await kinds()).toEqual(['registered', 'archived'])
    // Whoever asks this one is told as well what keeps the log from the bucket.
    expect([archive.trouble(), archive.summary().trouble]).toEqual([undefined, 'archive-away'])

    sending.tenure = new AbortController().signal
    expect(await archive.round()).toBe(true)
    expect(await kinds()).toEqual(['registered', 'archived', 'registry-archived'])
    expect(archive.summary().trouble).toBeUndefined()
  },
)

const byServer = {
  hold: 'matter-7',
  state: 'on',
  server: 'clinic/ehr',
  why: 'subpoena of the county court',
} as const

/** Keys of sealed segments that are held. */
function heldIn(bucket: MemoryBucket): string[] {
  return [...bucket.objects].flatMap(([key, [top]]) => (top?.held === true ? [key] : [])).toSorted()
}

verifies(
  'audit:legal-hold',
  'a hold is a record of who and why, and is put on what lies there and on what comes',
  async () => {
    const bucket = new MemoryBucket()
    const archiving = await waiting(bucket)
    const { archive, state, trail, clock, sealed, origins } = archiving
    await archive.round()
    expect(heldIn(bucket)).toEqual([])

    await askHold(trail.registry, state, byServer, 'officer@clinic.example')
    sealed.push(aSegment(origins[0] as string, 9, 12, clock.now))
    clock.now += 3_600_000
    expect(await archive.round()).toBe(true)

    const held = heldIn(bucket)
    expect(held.filter((key) => key.endsWith('.sealed')).length).toBe(5)
    // What proves them stays as long as they do.
    expect(held.length).toBe(bucket.objects.size)
    const records = await registryIn(archiving.store)
    expect(records.find(({ kind }) => kind === 'legal-hold')).toMatchObject({
      by: 'officer@clinic.example',
      why: byServer.why,
      server: 'ehr',
    })
    expect(records.find(({ kind }) => kind === 'legal-hold-applied')).toMatchObject({
      segments: 5,
      state: 'on',
    })
    expect(holdsOf(state)).toEqual([{ hold: 'matter-7', state: 'on', server: 'clinic/ehr', applied: true }])

    const again = bucket.calls.filter((call) => call === 'setHold').length
    sealed.push(aSegment(origins[1] as string, 9, 10, clock.now))
    await archive.round()
    expect(heldIn(bucket).filter((key) => key.endsWith('.sealed')).length).toBe(6)
    expect(bucket.calls.filter((call) => call === 'setHold').length).toBe(again)
  },
)

verifies(
  'audit:legal-hold',
  'one of two holds that is taken off lets go of what the other does not concern',
  async () => {
    const bucket = new MemoryBucket()
    const archiving = await waiting(bucket)
    const { archive, state, trail, clock } = archiving
    const lab = await Process.started(trail, { namespace: 'clinic', server: 'lab', podUid: 'lab-1' })
    archiving.sealed.push(aSegment(lab.origin, 0, 2, clock.now))
    const ask = async (asked: object): Promise<void> => await askHold(trail.registry, state, asked, 'officer')
    await ask(byServer)
    await ask({ ...byServer, hold: 'matter-8', server: 'clinic/lab' })
    await archive.round()
    const before = heldIn(bucket).filter((key) => key.endsWith('.sealed'))
    expect(before.length).toBe(5)

    await ask({ hold: 'matter-7', state: 'off', why: 'the matter is closed' })
    await archive.round()

    expect(heldIn(bucket).filter((key) => key.endsWith('.sealed'))).toEqual(
      before.filter((key) => key.includes('/lab/')),
    )
    expect(await reasonOf(ask({ hold: 'matter-7', state: 'off', why: 'again' }))).toBe('no-such-hold')
    expect(await reasonOf(ask({ ...byServer, hold: 'matter-8' }))).toBe('hold-exists')
    expect(await reasonOf(ask({ ...byServer, why: '' }))).toBe('bad-request')
  },
)

verifies(
  'audit:legal-hold',
  'a hold is applied to the end by the collector that comes after one that died',
  async () => {
    const bucket = new MemoryBucket()
    const archiving = await waiting(bucket)
    const { archive, state, trail, store, clock, sealed } = archiving
    await archive.round()
    await askHold(trail.registry, state, byServer, 'officer')
    let done = 0
    bucket.fault = (call) => (call === 'setHold' && ++done > 2 ? 'before' : undefined)
    expect(await archive.round()).toBe(false)
    expect(heldIn(bucket).length).toBe(2)
    bucket.fault = () => undefined

    const again = await anArchive(bucket, { store, clock, sealed })
    expect(holdsOf(again.state)[0]?.applied).toBe(false)
    expect(await again.archive.round()).toBe(true)

    expect(heldIn(bucket).filter((key) => key.endsWith('.sealed')).length).toBe(4)
    expect(holdsOf(again.state)[0]?.applied).toBe(true)
  },
)

/** Two collectors over one trail: one sends, the other puts a segment, during which `meanwhile` comes about. */
async function putsWhile(
  before: (archiving: Archiving) => Promise<void>,
  meanwhile: (archiving: Archiving, bucket: MemoryBucket) => Promise<void>,
): Promise<{ other: Archive; archiving: Archiving; bucket: MemoryBucket; done: boolean }> {
  const bucket = new MemoryBucket()
  const archiving = await anArchive(bucket)
  const { trail, store, state, clock } = archiving
  const { origin } = await Process.started(trail)
  await before(archiving)
  const sending = { tenure: undefined, heard: () => undefined }
  const segments = [aSegment(origin, 0, 5, clock.now)]
  const put = bucket.put.bind(bucket)
  bucket.put = async (...said) => {
    const version = await put(...said)
    if (said[0].endsWith('.sealed')) await meanwhile(archiving, bucket)
    return version
  }
  const other = new Archive({
    bucket,
    location: place,
    look: async () => sound,
    days: 2192,
    ...ofTrail({ trail, store, state, sending, now: () => clock.now }),
    sealed: async () => segments,
    letGo: async () => undefined,
  })
  return { other, archiving, bucket, done: await other.round() }
}

const sealedHeldIn = (bucket: MemoryBucket): string[] =>
  heldIn(bucket).filter((key) => key.endsWith('.sealed'))

verifies(
  'audit:legal-hold',
  'a hold that is applied by one collector while another puts a segment is on that segment before the log calls it archived',
  async () => {
    const { archiving, bucket, done } = await putsWhile(
      async () => undefined,
      async ({ archive, trail, state }) => {
        await askHold(trail.registry, state, byServer, 'officer')
        expect(await archive.round()).toBe(true)
        expect(holdsOf(state)[0]?.applied).toBe(true)
      },
    )
    expect(done).toBe(true)
    expect(sealedHeldIn(bucket).length).toBe(1)
    expect((await archivedIn(archiving)).length).toBe(1)
  },
)

verifies(
  'audit:legal-hold',
  'a segment that a hold could not be put on meanwhile is not archived until it is held',
  async () => {
    let away = true
    const { other, archiving, bucket, done } = await putsWhile(
      async () => undefined,
      async ({ archive, trail, state }, faulty) => {
        await askHold(trail.registry, state, byServer, 'officer')
        expect(await archive.round()).toBe(true)
        faulty.fault = (call) => (call === 'setHold' && away ? 'before' : undefined)
      },
    )
    expect(done).toBe(false)
    expect(await archivedIn(archiving)).toEqual([])
    away = false
    expect(await other.round()).toBe(true)
    expect(sealedHeldIn(bucket).length).toBe(1)
    expect((await archivedIn(archiving)).length).toBe(1)
  },
)

verifies(
  'audit:legal-hold',
  'a hold that is taken off while another collector puts a segment stays on none',
  async () => {
    const { bucket, done } = await putsWhile(
      async ({ archive, trail, state }) => {
        await askHold(trail.registry, state, byServer, 'officer')
        expect(await archive.round()).toBe(true)
      },
      async ({ archive, trail, state }) => {
        const off = { hold: 'matter-7', state: 'off', why: 'the matter is closed' }
        await askHold(trail.registry, state, off, 'officer')
        expect(await archive.round()).toBe(true)
      },
    )
    expect(done).toBe(true)
    expect(sealedHeldIn(bucket)).toEqual([])
  },
)

test('a hold for a time concerns what was archived since, of chains that had begun, with a day on each side', async () => {
  const bucket = new MemoryBucket()
  const { state, trail, clock } = await waiting(bucket)
  const [origin] = [...trail.registry.entries.keys()] as [string]
  const at = (days: number): string => new Date(clock.now + days * day).toISOString()
  const concerns = (times: { since?: string; through?: string }): boolean =>
    state.concerns(
      { hold: 'h', state: 'on', namespace: 'clinic', server: 'ehr', applied: false, ...times },
      origin,
      clock.now + 30 * day,
    )

  expect(concerns({})).toBe(true)
  expect([concerns({ since: at(31) }), concerns({ since: at(32) })]).toEqual([true, false])
  expect([concerns({ through: at(-1) }), concerns({ through: at(-2) })]).toEqual([true, false])
})

test('a hold is asked for by auditors alone, and only where there is an archive', async () => {
  const { trail, state, archive } = await waiting(new MemoryBucket())
  const routes = archiveRoutes(trail.registry, { archive, state })
  const route = routes['POST /v1/holds'] as Route
  const asked = {
    identity: { role: 'auditor', person: 'officer@clinic.example' } as const,
    url: new URL('https://collector/v1/holds'),
    body: async () => Buffer.from(JSON.stringify(byServer)),
  }

  expect(route.roles).toEqual(['auditor'])
  const holds = [{ hold: 'matter-7', state: 'on', server: 'clinic/ehr', applied: false }]
  expect(JSON.parse((await route.run(asked)).body as string)).toEqual({ holds })
  const none = archiveRoutes(trail.registry, undefined)
  expect(await reasonOf((none['POST /v1/holds'] as Route).run(asked))).toBe('no-archive')
  expect(await (none['GET /v1/archive'] as Route).run(asked)).toMatchObject({ body: '{}' })
  expect(JSON.parse((await (routes['GET /v1/archive'] as Route).run(asked)).body as string)).toMatchObject({
    archive: { place: 's3://trail/clinic/', days: 2192 },
  })
})
