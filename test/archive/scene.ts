// A real bucket with Object Lock in radosgw: the platform team owns it, the collector has what docs/archive.md gives it, and
// an attacker has stolen the owner's key.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { S3Client } from '@aws-sdk/client-s3'
import { vi } from 'vitest'
import type { ArchiveReport } from '../../cli/verify-archive/check.ts'
import { type Opened, type OpenOptions, openBucket } from '../../collector/archive/bucket.ts'
import { clientSettings, type Location, type Reach, textOfLocation } from '../../core/archive/location.ts'
import { textOf } from '../claims.ts'
import { aFolder } from '../collector/a-trail.ts'
import { anAuthority, certify } from '../collector/peers.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { aRadosgw, type Radosgw, type S3User } from './radosgw.ts'

type Sdk = typeof import('@aws-sdk/client-s3')

export type Scene = {
  gateway: Radosgw
  reach: Reach
  sdk: Sdk
  /** Who owns every bucket, and may do all that an owner may. */
  owner: S3Client
  collector: S3User
  /** A new bucket. Without `lock` it has none; `policy`: absent, that of docs/archive.md. */
  aBucket: (said?: { lock?: boolean; policy?: string }) => Promise<Location>
  /** Opens it as the collector does. */
  open: (location: Location, options?: OpenOptions) => Promise<Opened>
  end: () => Promise<void>
}

/** The policy for the collector that the document gives, for this bucket of radosgw. */
export async function documentedPolicy({ bucket, prefix }: Location): Promise<string> {
  const text = await textOf('docs/archive.md')
  const [, policy] = /<!-- policy -->\n```json\n([\s\S]*?)```/.exec(text) as unknown as [string, string]
  return policy
    .replaceAll('arn:aws:iam::111122223333:role/hipaa-mcp-collector', 'arn:aws:iam:::user/collector')
    .replaceAll('example-trail/clinic/', `${bucket}/${prefix}`)
    .replaceAll('example-trail', bucket)
}

export async function aScene(): Promise<Scene> {
  const authority = await anAuthority()
  const certificate = await certify(authority, undefined, { names: ['localhost'], seconds: 86_400 })
  const [gateway, sdk] = [await aRadosgw(certificate, authority.pem), await import('@aws-sdk/client-s3')]
  const platform = await gateway.user('platform')
  const collector = await gateway.user('collector')
  const reach = { region: 'us-east-1', endpoint: gateway.endpoint, ca: authority.pem }
  const owner = new sdk.S3Client({ ...clientSettings(reach), credentials: platform })
  const opened: Opened[] = []
  let buckets = 0
  return {
    gateway,
    reach,
    sdk,
    owner,
    collector,
    aBucket: async ({ lock = true, policy } = {}) => {
      const location = { bucket: `trail-${buckets++}`, prefix: 'clinic/' }
      const Bucket = location.bucket
      await owner.send(new sdk.CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: lock }))
      const Policy = policy ?? (await documentedPolicy(location))
      await owner.send(new sdk.PutBucketPolicyCommand({ Bucket, Policy }))
      return location
    },
    open: async (location, options) => {
      const bucket = await openBucket(location, reach, { credentials: collector, ...options })
      opened.push(bucket)
      return bucket
    },
    end: async () => {
      for (const { close } of opened) close()
      owner.destroy()
      await gateway.remove()
    },
  }
}

/** What the command line says of an archive, as somebody who may read it. `witness`: the collector's key. */
export async function verified(
  { reach, collector }: Scene,
  location: Location,
  witness: string,
): Promise<ArchiveReport & { code: number }> {
  const bundle = join(aFolder(), 'ca.pem')
  writeFileSync(bundle, reach.ca ?? '')
  vi.stubEnv('AWS_ENDPOINT_URL_S3', reach.endpoint)
  vi.stubEnv('AWS_CA_BUNDLE', bundle)
  vi.stubEnv('AWS_ACCESS_KEY_ID', collector.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', collector.secretAccessKey)
  try {
    const source = textOfLocation(location)
    const { code, out, notes } = await hipaaMcp(['verify', source, '--witness', witness, '--json'])
    if (out === '') throw new Error(notes)
    return { ...(JSON.parse(out) as ArchiveReport), code }
  } finally {
    vi.unstubAllEnvs()
  }
}
