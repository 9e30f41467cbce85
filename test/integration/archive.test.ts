// The archive against a real S3 server with Object Lock: Ceph's gateway. The bucket's owner is the attacker.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Opened } from '../../collector/archive/bucket.ts'
import { nameOf } from '../../collector/archive/bucket.ts'
import { lookAt } from '../../collector/archive/look.ts'
import { keepArchiving } from '../../collector/archive/rounds.ts'
import { isOf } from '../../core/archive/body.ts'
import { judgeBucket } from '../../core/archive/bucket.ts'
import { keyOfSegment } from '../../core/archive/keys.ts'
import type { Location } from '../../core/archive/location.ts'
import type { Archived } from '../../core/record.ts'
import { aSealedArchive } from '../archive/a-sealed-archive.ts'
import { type Archiving, anArchive, aSegment } from '../archive/an-archive.ts'
import { aScene, documentedPolicy, type Scene, verified } from '../archive/scene.ts'
import { Process, registryIn } from '../collector/a-trail.ts'
import { verifies } from '../verifies.ts'

const day = 86_400_000
let scene: Scene

beforeAll(async () => {
  scene = await aScene()
}, 120_000)
afterAll(async () => await scene?.end())

async function gapsOf(location: Location, opened: Opened): Promise<string[]> {
  return judgeBucket(await lookAt(opened, location, Date.now())).map(({ reason }) => reason)
}

/** What S3 says to it: the name of its error, or that it was done. */
async function said(task: Promise<unknown>): Promise<string> {
  return await task.then(() => 'done', nameOf)
}

verifies(
  'audit:worm',
  'with the documented policy nothing is wrong with a bucket, the first time and the second',
  async () => {
    const location = await scene.aBucket()
    const opened = await scene.open(location)

    expect(await gapsOf(location, opened)).toEqual([])
    expect(await gapsOf(location, opened)).toEqual([])
    // What was tried the second time was tried on what lay there.
    const objects = await scene.owner.send(
      new scene.sdk.ListObjectVersionsCommand({ Bucket: location.bucket }),
    )
    expect(objects.Versions?.map(({ Key }) => Key)).toEqual([
      'clinic/canary/compliance',
      'clinic/canary/governance',
    ])
  },
)

/** Settings that make a lock hollow, each put on a bucket that was well. */
const hollow: {
  what: string
  lock?: false
  spoil: (location: Location) => Promise<unknown>
  gaps: string[]
}[] = [
  {
    what: 'no Object Lock and no versioning',
    lock: false,
    spoil: async () => undefined,
    gaps: ['ArchiveNotVersioned', 'ArchiveNotLocked'],
  },
  {
    what: 'versioning that was suspended',
    lock: false,
    spoil: async ({ bucket: Bucket }) =>
      await scene.owner.send(
        new scene.sdk.PutBucketVersioningCommand({
          Bucket,
          VersioningConfiguration: { Status: 'Suspended' },
        }),
      ),
    gaps: ['ArchiveNotVersioned', 'ArchiveNotLocked'],
  },
  {
    what: 'a default lock of mode GOVERNANCE',
    spoil: async (location) => await defaultLock(location, 'GOVERNANCE', 2192),
    gaps: ['ArchiveDefaultGovernance'],
  },
  {
    what: 'a default lock that is too short',
    spoil: async (location) => await defaultLock(location, 'COMPLIANCE', 2191),
    gaps: ['ArchiveDefaultTooShort'],
  },
  {
    what: 'a credential that bypasses locks',
    spoil: async (location) => await allow(location, 's3:BypassGovernanceRetention', `${location.bucket}/*`),
    gaps: ['ArchiveLockBypassed'],
  },
  {
    what: 'a credential that changes the lock',
    spoil: async (location) => await allow(location, 's3:PutBucketObjectLockConfiguration', location.bucket),
    gaps: ['ArchiveLockChangeable'],
  },
  {
    what: 'objects that anybody may read',
    spoil: async (location) => await allow(location, 's3:GetObject', `${location.bucket}/*`, '*'),
    gaps: ['ArchivePublic'],
  },
  {
    what: 'an access list that lets anybody read',
    spoil: async ({ bucket: Bucket }) =>
      await scene.owner.send(new scene.sdk.PutBucketAclCommand({ Bucket, ACL: 'public-read' })),
    gaps: ['ArchivePublic'],
  },
  {
    what: 'a policy that tells nothing',
    spoil: async (location) =>
      await allow(location, 's3:PutObject', `${location.bucket}/*`, undefined, { Statement: [] }),
    gaps: ['ArchiveUnread', 'ArchivePublicUnread'],
  },
]

async function defaultLock(
  { bucket: Bucket }: Location,
  Mode: 'COMPLIANCE' | 'GOVERNANCE',
  Days: number,
): Promise<void> {
  await scene.owner.send(
    new scene.sdk.PutObjectLockConfigurationCommand({
      Bucket,
      ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode, Days } } },
    }),
  )
}

/** Adds a statement to the documented policy, or to `policy`, and takes out what denies the same. */
async function allow(
  location: Location,
  Action: string,
  resource: string,
  AWS = 'arn:aws:iam:::user/collector',
  policy?: { Statement: { Action: string[]; Effect: string }[] },
): Promise<void> {
  const base = policy ?? (JSON.parse(await documentedPolicy(location)) as NonNullable<typeof policy>)
  const rest = base.Statement.map((one) =>
    one.Effect === 'Deny' ? { ...one, Action: one.Action.filter((action) => action !== Action) } : one,
  )
  const more = {
    Effect: 'Allow',
    Principal: { AWS: [AWS] },
    Action: [Action],
    Resource: [`arn:aws:s3:::${resource}`],
  }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [...rest, more] })
  await scene.owner.send(new scene.sdk.PutBucketPolicyCommand({ Bucket: location.bucket, Policy }))
}

for (const { what, lock, spoil, gaps } of hollow)
  verifies('audit:worm', `${what} is a gap`, async () => {
    const location = await scene.aBucket(lock === undefined ? {} : { lock })
    await spoil(location)

    expect(await gapsOf(location, await scene.open(location))).toEqual(gaps)
  })

type Real = Archiving & { location: Location; opened: Opened; origin: string }

/** An archive in a bucket of its own, with two segments that wait. */
async function archiving(patience?: { idle: number; whole: number }): Promise<Real> {
  const location = await scene.aBucket()
  const opened = await scene.open(location, patience === undefined ? {} : { patience })
  const clock = { now: Date.now() }
  const made = await anArchive(opened.bucket, {
    clock,
    location,
    look: async () => await lookAt(opened, location, clock.now),
  })
  const { origin } = await Process.started(made.trail)
  made.sealed.push(aSegment(origin, 0, 5, clock.now), aSegment(origin, 5, 9, clock.now))
  return { ...made, location, opened, origin }
}

async function archivedIn({ store }: Archiving): Promise<Archived[]> {
  return (await registryIn(store)).flatMap((record) => (record.kind === 'archived' ? [record] : []))
}

verifies(
  'audit:worm',
  'not even the bucket’s owner shortens the lock, deletes the version or suspends versioning',
  async () => {
    const real = await archiving()
    expect(await real.archive.round()).toBe(true)
    const [first] = (await archivedIn(real)) as [Archived, Archived]
    const { sdk, owner } = scene
    const { bucket: Bucket, prefix } = real.location
    const at = { Bucket, Key: keyOfSegment(prefix, first), VersionId: first.version }
    const retention = (Mode: 'COMPLIANCE' | 'GOVERNANCE', until: number, bypass: boolean): Promise<string> =>
      said(
        owner.send(
          new sdk.PutObjectRetentionCommand({
            ...at,
            Retention: { Mode, RetainUntilDate: new Date(until) },
            BypassGovernanceRetention: bypass,
          }),
        ),
      )
    const until = Date.parse(first.until)

    expect(await said(owner.send(new sdk.DeleteObjectCommand(at)))).toBe('AccessDenied')
    expect(
      await said(owner.send(new sdk.DeleteObjectCommand({ ...at, BypassGovernanceRetention: true }))),
    ).toBe('AccessDenied')
    expect(await retention('COMPLIANCE', until - day, false)).toBe('AccessDenied')
    expect(await retention('COMPLIANCE', until - day, true)).toBe('AccessDenied')
    expect(await retention('GOVERNANCE', until + day, true)).toBe('AccessDenied')
    expect(
      await said(
        owner.send(
          new sdk.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } }),
        ),
      ),
    ).not.toBe('done')
    expect(await said(owner.send(new sdk.DeleteBucketCommand({ Bucket })))).not.toBe('done')

    const kept = await real.opened.bucket.kept(at.Key, first.version)
    expect(kept?.lock).toEqual({ mode: 'COMPLIANCE', until })
    expect(until).toBeGreaterThanOrEqual(real.clock.now + 2192 * day)
  },
)

verifies(
  'audit:worm',
  'a reader gets what was archived though another version or a delete marker lies on top of it',
  async () => {
    const real = await archiving()
    await real.archive.round()
    const [first, second] = (await archivedIn(real)) as [Archived, Archived]
    const { sdk, owner } = scene
    const { bucket: Bucket, prefix } = real.location
    await owner.send(new sdk.PutObjectCommand({ Bucket, Key: keyOfSegment(prefix, first), Body: 'forged' }))
    await owner.send(new sdk.DeleteObjectCommand({ Bucket, Key: keyOfSegment(prefix, second) }))

    for (const record of [first, second]) {
      const key = keyOfSegment(prefix, record)
      expect(await isOf(await real.opened.bucket.read(key, record.version), record)).toBe(true)
    }
  },
)

verifies(
  'audit:worm',
  'a collector that dies between a put and its record takes its own version, not the one on top',
  async () => {
    const real = await archiving()
    const update = real.trail.registry.update.bind(real.trail.registry)
    real.trail.registry.update = async () => await Promise.reject(new Error('killed'))
    expect(await real.archive.round()).toBe(false)
    real.trail.registry.update = update
    const { sdk, owner } = scene
    const { bucket: Bucket, prefix } = real.location
    const [segment] = real.sealed as [(typeof real.sealed)[number]]
    const Key = keyOfSegment(prefix, segment)
    const [ours] = await real.opened.bucket.versions(Key)
    await owner.send(new sdk.PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(segment.bytes) }))

    const again = await anArchive(real.opened.bucket, { ...real })
    expect(await again.archive.round()).toBe(true)

    const [first] = (await archivedIn(again)) as [Archived]
    expect(first.version).toBe(ours)
    expect((await real.opened.bucket.versions(Key)).length).toBe(2)
  },
)

verifies(
  'integrity:archive',
  'the command line verifies what lies in the bucket, whatever its owner puts on top of it',
  async () => {
    const location = await scene.aBucket()
    const opened = await scene.open(location)
    const clock = { now: Date.now() }
    const look = async (): ReturnType<typeof lookAt> => await lookAt(opened, location, clock.now)
    const { trail, closed } = await aSealedArchive(opened.bucket, { location, look, clock })
    const { sdk, owner } = scene
    const { bucket: Bucket } = location

    const before = await verified(scene, location, trail.witnessVkey)
    const { Versions } = await owner.send(new sdk.ListObjectVersionsCommand({ Bucket }))
    for (const { Key } of Versions ?? []) {
      await owner.send(new sdk.PutObjectCommand({ Bucket, Key, Body: 'forged' }))
      await owner.send(new sdk.DeleteObjectCommand({ Bucket, Key }))
    }
    const after = await verified(scene, location, trail.witnessVkey)

    expect(before).toMatchObject({
      code: 0,
      findings: [],
      chains: [{ origin: closed.origin, records: 11 }, {}],
    })
    expect(after).toEqual(before)
    expect((await verified(scene, { ...location, prefix: 'lab/' }, trail.witnessVkey)).code).toBe(1)
  },
)

verifies('audit:legal-hold', 'a held version outlives its lock until the hold is taken off', async () => {
  const location = await scene.aBucket()
  const { bucket } = await scene.open(location)
  const until = Math.ceil(Date.now() / 1000) * 1000 + 2_000
  const body = aSegment('hipaa-mcp.dev/clinic/ehr/x/0', 0, 1, 0)
  const Key = `${location.prefix}short`
  const VersionId = await bucket.put(Key, body, { lock: { mode: 'COMPLIANCE', until }, hold: true })
  const destroy = (): Promise<string> =>
    said(scene.owner.send(new scene.sdk.DeleteObjectCommand({ Bucket: location.bucket, Key, VersionId })))

  await sleep(until + 200 - Date.now())
  expect(await destroy()).toBe('AccessDenied')
  await bucket.setHold(Key, VersionId, false)
  expect(await destroy()).toBe('done')
})

test('an endpoint whose certificate is of another CA is not spoken to', async () => {
  const location = await scene.aBucket()
  const { reach } = scene
  const { openBucket } = await import('../../collector/archive/bucket.ts')
  const { ca: _ca, ...untrusting } = reach
  const opened = await openBucket(location, untrusting, { credentials: scene.collector })

  expect(await said(opened.bucket.versions('clinic/x'))).not.toBe('done')
  opened.close()
})

// Last: after its gateway was killed, Ceph waits half a minute for it before it changes a bucket again.
verifies(
  'audit:worm',
  'what waits is archived when a server that was away, or hung, is back',
  async () => {
    const real = await archiving({ idle: 700, whole: 2_000 })
    const { archive, sealed, clock, origin } = real
    const ended = new AbortController()
    const reasons: string[] = []
    await scene.gateway.kill()
    const run = keepArchiving(archive, (reason) => void reasons.push(reason), ended.signal, 50)
    await expect.poll(() => reasons.length, { timeout: 20_000 }).toBeGreaterThan(1)
    expect(archive.summary()).toMatchObject({ pending: { segments: 2 }, trouble: 'archive-away' })
    await scene.gateway.start()
    // The bucket could not be seen: it is looked at again a minute later.
    clock.now += 60_000
    await expect.poll(async () => (await archivedIn(real)).length, { timeout: 20_000 }).toBe(2)

    scene.gateway.pause()
    sealed.push(aSegment(origin, 9, 12, clock.now))
    const before = reasons.length
    await expect.poll(() => reasons.length, { timeout: 20_000 }).toBeGreaterThan(before)
    scene.gateway.resume()
    await expect.poll(async () => (await archivedIn(real)).length, { timeout: 30_000 }).toBe(3)
    ended.abort()
    await run

    expect(new Set(reasons)).toEqual(new Set(['archive-away']))
    expect(archive.summary()).toMatchObject({ pending: { segments: 0 }, segments: 3 })
  },
  120_000,
)
