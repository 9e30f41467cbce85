// What the archive asks of a bucket with Object Lock, and the official client's answer to it. The client is loaded when an
// archive is configured, and not before: it is 22 MB.

import { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Body } from '../../core/archive/body.ts'
import { clientSettings, type Location, type Patience, type Reach } from '../../core/archive/location.ts'

export type LockMode = 'COMPLIANCE' | 'GOVERNANCE'
/** `until`: milliseconds since 1970. */
export type Lock = { mode: LockMode; until: number }

/** What a version is, as the server says. `sha256`, hexadecimal: where the server keeps it. */
type Kept = { bytes: number; lock?: Lock; sha256?: string }

/**
 * Every promise may reject, and whether what was asked took effect is then unknown. Keys are whole, with the prefix. A
 * version is always named: what lies on top of a key may be somebody else's.
 */
export interface Bucket {
  /** Resolves to the new version's id. The server compares the bytes with their SHA-256 where it can. */
  put(key: string, body: Body, said: { lock: Lock; hold?: boolean }): Promise<string>
  /** Ids of all versions of a key, newest first; delete markers are none. */
  versions(key: string): Promise<string[]>
  /** Resolves to undefined where there is no such version. */
  kept(key: string, version: string): Promise<Kept | undefined>
  read(key: string, version: string): Promise<AsyncIterable<Uint8Array>>
  setLock(key: string, version: string, lock: Lock, bypass?: boolean): Promise<void>
  delete(key: string, version: string): Promise<void>
  setHold(key: string, version: string, on: boolean): Promise<void>
  isHeld(key: string, version: string): Promise<boolean>
}

export type Opened = {
  bucket: Bucket
  /** For what only concerns the bucket as a whole. */
  client: S3Client
  sdk: Sdk
  close: () => void
}

type Sdk = typeof import('@aws-sdk/client-s3')

export type OpenOptions = {
  patience?: Patience
  /** Absent: from the client's own chain (environment, web identity, Pod Identity, instance). */
  credentials?: { accessKeyId: string; secretAccessKey: string }
}

/** Loads the client. Nothing is asked yet. */
export async function openBucket(
  { bucket: Bucket }: Pick<Location, 'bucket'>,
  reach: Reach,
  { patience, credentials }: OpenOptions = {},
): Promise<Opened> {
  const sdk = await import('@aws-sdk/client-s3')
  const client = new sdk.S3Client({
    ...clientSettings(reach, patience),
    ...(credentials === undefined ? {} : { credentials }),
  })
  const at = (key: string, version: string): { Bucket: string; Key: string; VersionId: string } => ({
    Bucket,
    Key: key,
    VersionId: version,
  })
  const bucket: Bucket = {
    async put(key, body, { lock, hold }) {
      const { VersionId } = await client.send(
        new sdk.PutObjectCommand({
          Bucket,
          Key: key,
          Body: Readable.from(body.read(), { objectMode: false }),
          ContentLength: body.bytes,
          ContentType: 'application/octet-stream',
          ChecksumSHA256: Buffer.from(body.sha256, 'hex').toString('base64'),
          ObjectLockMode: lock.mode,
          ObjectLockRetainUntilDate: new Date(lock.until),
          ...(hold === true ? { ObjectLockLegalHoldStatus: 'ON' as const } : {}),
        }),
      )
      if (VersionId === undefined || VersionId === 'null')
        throw new ArchiveFailed('archive-not-versioned', 'The bucket gave what was put no version')
      return VersionId
    },
    async versions(key) {
      const found: string[] = []
      let from: { KeyMarker?: string; VersionIdMarker?: string } = {}
      for (;;) {
        const page = await client.send(new sdk.ListObjectVersionsCommand({ Bucket, Prefix: key, ...from }))
        for (const { Key, VersionId } of page.Versions ?? [])
          if (Key === key && VersionId !== undefined) found.push(VersionId)
        if (page.IsTruncated !== true || page.NextKeyMarker === undefined) return found
        from = {
          KeyMarker: page.NextKeyMarker,
          ...(page.NextVersionIdMarker === undefined ? {} : { VersionIdMarker: page.NextVersionIdMarker }),
        }
      }
    },
    async kept(key, version) {
      try {
        const said = await client.send(
          new sdk.HeadObjectCommand({ ...at(key, version), ChecksumMode: 'ENABLED' }),
        )
        const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until, ChecksumSHA256: checksum } = said
        return {
          bytes: said.ContentLength ?? 0,
          ...(mode === undefined || until === undefined ? {} : { lock: { mode, until: until.getTime() } }),
          ...(checksum === undefined || said.ChecksumType === 'COMPOSITE'
            ? {}
            : { sha256: Buffer.from(checksum, 'base64').toString('hex') }),
        }
      } catch (error) {
        if (nameOf(error) === 'NotFound' || nameOf(error) === 'NoSuchVersion') return undefined
        throw error
      }
    },
    async read(key, version) {
      const { Body } = await client.send(new sdk.GetObjectCommand(at(key, version)))
      return Body as unknown as AsyncIterable<Uint8Array>
    },
    async setLock(key, version, { mode, until }, bypass = false) {
      await client.send(
        new sdk.PutObjectRetentionCommand({
          ...at(key, version),
          Retention: { Mode: mode, RetainUntilDate: new Date(until) },
          ...(bypass ? { BypassGovernanceRetention: true } : {}),
        }),
      )
    },
    async delete(key, version) {
      await client.send(new sdk.DeleteObjectCommand({ ...at(key, version), BypassGovernanceRetention: true }))
    },
    async setHold(key, version, on) {
      await client.send(
        new sdk.PutObjectLegalHoldCommand({ ...at(key, version), LegalHold: { Status: on ? 'ON' : 'OFF' } }),
      )
    },
    async isHeld(key, version) {
      try {
        const { LegalHold } = await client.send(new sdk.GetObjectLegalHoldCommand(at(key, version)))
        return LegalHold?.Status === 'ON'
      } catch (error) {
        if (nameOf(error) === 'NoSuchObjectLockConfiguration') return false
        throw error
      }
    },
  }
  return { bucket, client, sdk, close: () => client.destroy() }
}

/** What S3 calls an error, such as `AccessDenied`; else the class of what went wrong on the way. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}

/** Whether S3 said no, rather than nothing: 4xx but for what passes (too many requests, a clock that is off). */
export function isRefusal(error: unknown): boolean {
  const status =
    (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode ?? 0
  return status >= 400 && status < 500 && status !== 408 && status !== 429
}

/** Why nothing is archived now, kebab-case. */
export class ArchiveFailed extends Error {
  readonly reason: string
  constructor(reason: string, says: string, options: { cause?: unknown } = {}) {
    super(says, options)
    this.name = 'ArchiveFailed'
    this.reason = reason
  }
}
