// What a verifier says of an archive, and of what somebody who may write into its bucket, or more, did to it.

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { CannotError } from '../../cli/command.ts'
import { unsealedSource } from '../../cli/trail/archive-source.ts'
import type { TrailSource } from '../../cli/trail/source.ts'
import { checkExport, type Report } from '../../cli/verify/export-check.ts'
import { type ArchiveReport, checkArchive, trustedIn } from '../../cli/verify-archive/check.ts'
import type { Witnesses } from '../../collector/witnesses/witnesses.ts'
import { bodyOf } from '../../core/archive/body.ts'
import { keyOfRecords, keyOfSegment, registryNameOf, registryPrefix } from '../../core/archive/keys.ts'
import { parseVkey, vkey } from '../../core/checkpoint.ts'
import { leafHash } from '../../core/merkle.ts'
import { type Archived, recordBytes } from '../../core/record.ts'
import { readSegment, type SegmentHeader, sealSegment } from '../../core/sealed/segment.ts'
import { witnessName } from '../../core/wire.ts'
import { parseWitnessPolicy, type WitnessPolicy } from '../../core/witness-policy.ts'
import { MemoryBucket } from '../archive/a-bucket.ts'
import { aSealedArchive, readerOf, type SealedArchive } from '../archive/a-sealed-archive.ts'
import { place } from '../archive/an-archive.ts'
import { registryIn } from '../collector/a-trail.ts'
import { AWitness, askingThem } from '../collector/a-witness.ts'
import { aRefusal } from '../core/records.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'

/** `archived`: what the log says of the chain that closed, in order. */
type Scene = SealedArchive & { bucket: MemoryBucket; archived: Archived[] }

async function aScene(): Promise<Scene> {
  const bucket = new MemoryBucket()
  const sealed = await aSealedArchive(bucket)
  const archived = (await registryIn(sealed.store)).flatMap((record) =>
    record.kind === 'archived' && record.origin === sealed.closed.origin ? [record] : [],
  )
  return { ...sealed, bucket, archived }
}

async function reportOf({ bucket, trail, clock }: Scene, server?: string, days = 0): Promise<ArchiveReport> {
  return await checkArchive({
    now: clock.now + days * 86_400_000,
    reader: readerOf(bucket),
    location: place,
    witness: parseVkey(trail.witnessVkey),
    ...(server === undefined ? {} : { server }),
    read: () => undefined,
  })
}

const says = ({ findings }: ArchiveReport): string => findings.map((finding) => finding.says).join('\n')

verifies(
  'integrity:archive',
  'every record that the log calls archived is there, under its lock and its roots',
  async () => {
    const scene = await aScene()

    const report = await reportOf(scene)

    expect(report.findings).toEqual([])
    expect(report.ok).toBe(true)
    const [closed, live] = report.chains
    expect(closed).toMatchObject({ state: 'closed', records: 11, rooted: 11, segments: 3, waiting: 0 })
    expect(live).toMatchObject({ state: 'live', records: 4, segments: 1, waiting: 3 })
    expect(Date.parse(closed?.until ?? '')).toBeGreaterThan(scene.clock.now + 2191 * 86_400_000)
    expect(report.registry.records).toBe(scene.trail.registry.size - 1)
    expect(await reportOf(scene, 'clinic/lab')).toMatchObject({ ok: false, chains: [] })
  },
)

/** What somebody who may write into the bucket puts there: none of it takes anything away. */
const noise: { what: string; put: (scene: Scene) => void }[] = [
  {
    what: 'other versions on top of every object',
    put: ({ bucket }) => {
      for (const key of bucket.objects.keys()) bucket.add(key, { bytes: Buffer.from('forged') })
    },
  },
  {
    what: 'names that are none of ours',
    put: ({ bucket }) => {
      for (const name of ['x', '1-2.records', `${'0'.repeat(16)}-x.checkpoint`])
        bucket.add(`${registryPrefix(place.prefix)}${name}`, { bytes: Buffer.from('x') })
    },
  },
  {
    what: 'the log under hashes that are not its own',
    put: ({ bucket }) => {
      const forged = [...bucket.objects].filter(([key]) => /\.(records|checkpoint)$/.test(key))
      for (const [key, [version]] of forged)
        bucket.add(key.replace(/[0-9a-f]{64}/, 'f'.repeat(64)), { bytes: version?.bytes ?? Buffer.alloc(0) })
    },
  },
  {
    what: 'another log under names and hashes of its own',
    put: ({ bucket }) => {
      const prefix = registryPrefix(place.prefix)
      const names = [...bucket.objects.keys()].filter(
        (key) => key.startsWith(prefix) && key.endsWith('.records'),
      )
      for (const key of names) {
        const read = registryNameOf(key.slice(prefix.length))
        const text = String(bucket.objects.get(key)?.[0]?.bytes).replaceAll('officer', 'nobody')
        const bytes = Buffer.from(text.replaceAll('"size":', '"size":1'))
        if (read?.kind === 'records')
          bucket.add(keyOfRecords(place.prefix, { ...read, sha256: bodyOf(bytes).sha256 }), { bytes })
      }
    },
  },
]

for (const { what, put } of noise)
  verifies('integrity:archive', `${what} change nothing`, async () => {
    const scene = await aScene()
    put(scene)

    expect((await reportOf(scene)).findings).toEqual([])
  })

const sealedIn = ({ archived }: Scene): string => keyOfSegment(place.prefix, archived[1] as Archived)

/** What takes something away, or says something else: each is found. */
const attacks: { what: string; act: (scene: Scene) => void; finding: RegExp }[] = [
  {
    what: 'a segment that is gone',
    act: (scene) => void scene.bucket.objects.delete(sealedIn(scene)),
    finding: /records 4 to 7 are not in the archive/,
  },
  {
    what: 'a segment whose last byte is another',
    act: (scene) =>
      change(scene, sealedIn(scene), (bytes) => bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1)),
    finding: /it is no whole segment/,
  },
  {
    what: 'a segment that was replaced by another whole one',
    act: (scene) => {
      const other = scene.bucket.objects.get(keyOfSegment(place.prefix, scene.archived[0] as Archived))
      change(scene, sealedIn(scene), () => other?.[0]?.bytes ?? Buffer.alloc(0))
    },
    finding: /its bytes are not those that the registry log says/,
  },
  {
    what: 'a lock that is gone',
    act: (scene) => {
      const [version] = scene.bucket.objects.get(sealedIn(scene)) ?? []
      delete version?.lock
    },
    finding: /not under the lock that was read back/,
  },
  {
    what: 'a lock that is of mode GOVERNANCE',
    act: (scene) => {
      const [version] = scene.bucket.objects.get(sealedIn(scene)) ?? []
      if (version?.lock !== undefined) version.lock = { ...version.lock, mode: 'GOVERNANCE' }
    },
    finding: /not under the lock that was read back/,
  },
  {
    what: 'a lock that ends earlier',
    act: (scene) => {
      const [version] = scene.bucket.objects.get(sealedIn(scene)) ?? []
      if (version?.lock !== undefined) version.lock = { ...version.lock, until: version.lock.until - 1 }
    },
    finding: /not under the lock that was read back/,
  },
  {
    what: 'a stretch of the registry log that is gone',
    act: ({ bucket }) =>
      void bucket.objects.delete([...bucket.objects.keys()].find((key) => key.endsWith('.records')) ?? ''),
    finding: /its records from 0 on are missing or changed/,
  },
  {
    what: 'a record of the registry log that is another',
    act: (scene) => {
      const key = [...scene.bucket.objects.keys()].find((name) => name.endsWith('.records')) ?? ''
      change(scene, key, (bytes) => Buffer.from(bytes.toString('utf8').replace('clinic', 'clinik')))
    },
    finding: /its records from 0 on are missing or changed/,
  },
  {
    what: 'checkpoints that are all gone',
    act: ({ bucket }) => {
      for (const key of bucket.objects.keys()) if (key.endsWith('.checkpoint')) bucket.objects.delete(key)
    },
    finding: /no checkpoint of it is here that the given keys verify/,
  },
]

function change({ bucket }: Scene, key: string, to: (bytes: Buffer) => Uint8Array): void {
  const [version] = bucket.objects.get(key) ?? []
  if (version === undefined) throw new Error(`nothing at ${key}`)
  version.bytes = Buffer.from(to(version.bytes))
}

for (const { what, act, finding } of attacks)
  verifies('integrity:archive', `${what} is found`, async () => {
    const scene = await aScene()
    act(scene)

    const report = await reportOf(scene)

    expect(report.ok).toBe(false)
    expect(says(report)).toMatch(finding)
  })

verifies(
  'integrity:archive',
  'a whole archive that somebody made up with keys of their own proves nothing',
  async () => {
    const scene = await aScene()
    const { publicKey: key } = generateKeyPairSync('ed25519')

    const report = await checkArchive({
      reader: readerOf(scene.bucket),
      location: place,
      witness: { name: witnessName, kind: 'cosignature', key },
      read: () => undefined,
      now: scene.clock.now,
    })

    expect(says(report)).toMatch(/no checkpoint of it is here that the given keys verify/)
    expect(report.registry.through).toBe(-1)
  },
)

verifies(
  'integrity:archive',
  'a stretch of the true log that ends elsewhere keeps nobody from the rest of it',
  async () => {
    const scene = await aScene()
    const { bucket } = scene
    const prefix = registryPrefix(place.prefix)
    const names = [...bucket.objects.keys()].filter(
      (key) => key.startsWith(prefix) && key.endsWith('.records'),
    )
    expect(names.length).toBe(2)
    // As a collector leaves it that died after a put: from the first record to the end, beside the two that are on record.
    const whole = Buffer.concat(
      names.toSorted().map((key) => bucket.objects.get(key)?.[0]?.bytes ?? Buffer.alloc(0)),
    )
    const { bodyOf } = await import('../../core/archive/body.ts')
    const { keyOfRecords } = await import('../../core/archive/keys.ts')
    const to = whole.toString('utf8').split('\n').length - 1
    bucket.add(keyOfRecords(place.prefix, { from: 0, to, sha256: bodyOf(whole).sha256 }), { bytes: whole })

    expect((await reportOf(scene)).findings).toEqual([])
  },
)

/** An archive whose log two witnesses outside are shown, and the policy of somebody who got their keys from them. */
async function aSceneOutside(late = false): Promise<Scene & { policy: WitnessPolicy; outside: Witnesses }> {
  const clock = { now: 1_790_000_000_000 }
  const all = ['ours', 'theirs'].map((name) => new AWitness(name, clock))
  const quorum = 'group both all ours theirs\nquorum both\n'
  const { witnesses } = askingThem(all, { quorum, clock: () => clock.now })
  const bucket = new MemoryBucket()
  let outside: Witnesses | undefined
  const sealed = await aSealedArchive(bucket, {
    clock,
    witnesses,
    known: (of) => {
      outside = of
      for (const each of all) each.knows(of.log)
    },
  })
  if (late) {
    for (const each of all) each.fault = 'away'
    clock.now += 1_000_000
    await sealed.trail.hold('clinic', 'ehr', 'somebody')
    await sealed.archive.round()
  }
  const policy = parseWitnessPolicy(`log ${outside?.log}\n${all.map((each) => each.line).join('')}${quorum}`)
  return { ...sealed, bucket, archived: [], policy, outside: outside as Witnesses }
}

async function reportBy({ bucket, clock }: Scene, policy: WitnessPolicy): Promise<ArchiveReport> {
  return await checkArchive({
    reader: readerOf(bucket),
    location: place,
    policy,
    read: () => undefined,
    now: clock.now,
  })
}

verifies('integrity:archive', 'a chain that lives and is not archived any more is found', async () => {
  const scene = await aScene()
  const [, live] = (await reportOf(scene, undefined, 1)).chains

  expect((await reportOf(scene, undefined, 1)).findings).toEqual([])
  const { ok, findings } = await reportOf(scene, undefined, 3)
  expect(ok).toBe(false)
  expect(findings).toEqual([
    {
      where: live?.origin,
      index: 6,
      says: expect.stringMatching(/^the registry log knows of it since .* nothing of this chain/) as string,
    },
  ])
})

verifies('integrity:archive', 'every log of the policy counts, wherever it stands in it', async () => {
  const scene = await aSceneOutside()
  const other = vkey({
    name: 'other.example/log',
    kind: 'ed25519',
    key: generateKeyPairSync('ed25519').privateKey,
  })
  const [own] = scene.policy.logs
  const [decoy] = parseWitnessPolicy(`log ${other}\nquorum none\n`).logs

  const both = { ...scene.policy, logs: [decoy, own] as WitnessPolicy['logs'] }
  expect((await reportBy(scene, both)).findings).toEqual([])
  const wrong = { ...scene.policy, logs: [decoy] as WitnessPolicy['logs'] }
  expect((await reportBy(scene, wrong)).ok).toBe(false)
})

/** What a reader with the policy gets out of the archive, and whose data keys it asked for. */
async function unsealed(
  scene: Awaited<ReturnType<typeof aSceneOutside>>,
): Promise<{ source: TrailSource; asked: string[] }> {
  const asked: string[] = []
  const source = await unsealedSource('s3://trail/clinic', {
    reader: readerOf(scene.bucket),
    location: place,
    trusted: trustedIn({ policy: scene.policy }),
    server: { namespace: 'clinic', server: 'ehr' },
    ask: async ({ origin, segment, keyId, wrapped }) => {
      asked.push(`${origin} ${segment}`)
      return await scene.wrapper.unwrap(
        { keyId, wrapped: Buffer.from(wrapped, 'base64') },
        { origin, segment },
      )
    },
    read: () => undefined,
  })
  return { source, asked }
}

/** All that can be read. */
async function whole(scene: Awaited<ReturnType<typeof aSceneOutside>>): Promise<Report> {
  const { source } = await unsealed(scene)
  try {
    return await checkExport({ source, policy: scene.policy, read: () => undefined })
  } finally {
    await source.close()
  }
}

verifies(
  'integrity:archive',
  'records are read out of the archive, and verified as far as they are archived',
  async () => {
    const scene = await aSceneOutside()
    const { source, asked } = await unsealed(scene)

    const report = await checkExport({ source, policy: scene.policy, read: () => undefined })
    expect(report.findings).toEqual([])
    expect(report.chains).toMatchObject([
      { origin: scene.closed.origin, state: 'closed', records: 11, through: 10 },
      { origin: scene.live.origin, state: 'live', records: 4, through: 3 },
    ])
    expect(asked).toHaveLength(4)
    const lines: string[] = []
    for await (const { bytes } of source.records(scene.closed.origin)) lines.push(String(bytes))
    expect(lines).toEqual(scene.closed.records.map(String))
    const path = (await source.file(scene.closed.origin)) as string
    expect(statSync(join(path, '..', '..', '..', '..')).mode & 0o777).toBe(0o700)

    // What is written down is judged like any other trail.
    appendFileSync(path, readFileSync(path).subarray(0, 400))
    expect((await checkExport({ source, policy: scene.policy, read: () => undefined })).ok).toBe(false)
    await source.close()
    expect(existsSync(path)).toBe(false)
  },
)

verifies(
  'integrity:archive',
  'no record is read out of a segment that is not the one of the log',
  async () => {
    const scene = await aSceneOutside()
    const key = [...scene.bucket.objects.keys()].find((name) => name.endsWith('.sealed')) as string
    const [version] = scene.bucket.objects.get(key) as { bytes: Buffer }[]
    for (const at of [30, 400, -100, -1]) {
      const bytes = version?.bytes as Buffer
      const place = at < 0 ? bytes.length + at : at
      const was = bytes[place] as number
      bytes[place] = was ^ 1
      await expect(whole(scene), `byte ${at}`).rejects.toThrow(CannotError)
      bytes[place] = was
    }
    expect((await whole(scene)).findings).toEqual([])
  },
)

verifies(
  'integrity:archive',
  'a whole segment that somebody else sealed is not taken for that of the log',
  async () => {
    const scene = await aSceneOutside()
    const [key, [version]] = [...scene.bucket.objects].find(([name]) => name.endsWith('.sealed')) as [
      string,
      { bytes: Buffer }[],
    ]
    const was = version as { bytes: Buffer }
    const { header } = await readSegment(Readable.from([was.bytes]))
    const records = Array.from({ length: header.to - header.from }, (_, i) =>
      recordBytes(aRefusal(`forged${i}`)),
    )
    const [dataKey, context] = [randomBytes(32), { origin: header.origin, segment: header.segment }]
    const { keyId, wrapped } = await scene.wrapper.wrap(Buffer.from(dataKey), context)
    const forged: SegmentHeader = {
      ...header,
      keyId,
      wrapped: wrapped.toString('base64'),
      bytes: records.reduce((sum, record) => sum + record.length + 1, 0),
    }
    async function* one(): AsyncGenerator<Buffer[]> {
      yield records
    }
    const sealed: Buffer[] = []
    const secrets = { dataKey, salt: randomBytes(24) }
    for await (const part of sealSegment(
      forged,
      records.map((record) => leafHash(record)),
      one(),
      secrets,
    ))
      sealed.push(part)
    was.bytes = Buffer.concat(sealed)

    await expect(whole(scene), key).rejects.toThrow(/are not those that the registry log says/)
  },
)

verifies('integrity:archive', 'witnesses outside vouch for exactly what of the log lies there', async () => {
  const scene = await aSceneOutside()

  const report = await reportBy(scene, scene.policy)

  expect(report.findings).toEqual([])
  expect(report.outside).toMatchObject({ size: report.registry.records, by: ['ours', 'theirs'] })
})

verifies(
  'integrity:archive',
  'what no witness outside signed is a finding, and so is what was never shown to them',
  async () => {
    const late = await aSceneOutside(true)
    const never = await aScene()

    expect(says(await reportBy(late, late.policy))).toMatch(
      /^no witness outside signed its records from \d+ on$/,
    )
    expect(says(await reportBy(never, late.policy))).toMatch(
      /no checkpoint of it is here that the given keys verify/,
    )
    for (const key of late.bucket.objects.keys())
      if (key.endsWith('.witnessed')) late.bucket.objects.delete(key)
    expect(says(await reportBy(late, late.policy))).toMatch(/what witnesses outside signed of it is missing/)
  },
)

test('an archive is verified by keys of one’s own, or not at all', async () => {
  const { code, notes } = await hipaaMcp(['verify', 's3://trail/clinic'])

  expect(code).toBe(2)
  expect(notes).toMatch(/keys of your own: give --policy FILE or --witness VKEY/)
  expect((await hipaaMcp(['verify', 's3://Trail'])).code).toBe(2)
})
