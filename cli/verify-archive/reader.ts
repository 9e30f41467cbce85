// Reads an archive in a bucket, with the credential of whoever runs the command. The client is loaded here and nowhere else.

import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { clientSettings, type Location, type Patience, type Reach } from '../../core/archive/location.ts'
import { CannotError } from '../command.ts'

/** A version of an object. */
export type Found = { key: string; version: string }

type Kept = { bytes: number; lock?: { mode: string /** Milliseconds since 1970. */; until: number } }

/** The bytes of a version. It holds one of a few connections until it was read to its end, or closed. */
export type ArchiveBody = AsyncIterable<Uint8Array> & { close(): void }

export interface ArchiveReader {
  /** Every version of every key below a prefix, in order of the keys. Delete markers are none: they hide, and take nothing away. */
  below(prefix: string): AsyncIterable<Found>
  /** Undefined where there is no such version. */
  kept(found: Found): Promise<Kept | undefined>
  /** Close what comes of it. */
  read(found: Found): Promise<ArchiveBody>
}

type Variables = { readonly [name: string]: string | undefined }

/** As other tools of S3 are told: AWS_REGION, AWS_ENDPOINT_URL_S3, AWS_CA_BUNDLE. */
export function reachOf(variables: Variables): Reach {
  const endpoint = variables['AWS_ENDPOINT_URL_S3'] ?? variables['AWS_ENDPOINT_URL']
  const bundle = variables['AWS_CA_BUNDLE']
  if (endpoint !== undefined && URL.parse(endpoint)?.protocol !== 'https:')
    throw new CannotError('AWS_ENDPOINT_URL_S3 must be an https:// URL')
  try {
    return {
      region: variables['AWS_REGION'] ?? variables['AWS_DEFAULT_REGION'] ?? 'us-east-1',
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(bundle === undefined ? {} : { ca: readFileSync(bundle, 'utf8') }),
    }
  } catch (cause) {
    throw new CannotError('AWS_CA_BUNDLE names no file that can be read', { cause })
  }
}

/** Rejections of the reader are `CannotError`: the bucket could not be read. */
export async function openReader(
  { bucket: Bucket }: Location,
  reach: Reach,
  patience?: Patience,
): Promise<ArchiveReader> {
  const sdk = await import('@aws-sdk/client-s3')
  const client = new sdk.S3Client({ ...clientSettings(reach, patience), maxAttempts: 5 })
  const at = ({ key, version }: Found) => ({ Bucket, Key: key, VersionId: version })
  return {
    async *below(prefix) {
      let from: { KeyMarker?: string; VersionIdMarker?: string } = {}
      for (;;) {
        const page = await said(
          client.send(new sdk.ListObjectVersionsCommand({ Bucket, Prefix: prefix, ...from })),
        )
        for (const { Key, VersionId } of page.Versions ?? [])
          if (Key !== undefined && VersionId !== undefined) yield { key: Key, version: VersionId }
        if (page.IsTruncated !== true || page.NextKeyMarker === undefined) return
        from = {
          KeyMarker: page.NextKeyMarker,
          ...(page.NextVersionIdMarker === undefined ? {} : { VersionIdMarker: page.NextVersionIdMarker }),
        }
      }
    },
    async kept(found) {
      try {
        const head = await client.send(new sdk.HeadObjectCommand(at(found)))
        const { ContentLength: bytes = 0, ObjectLockMode: mode, ObjectLockRetainUntilDate: until } = head
        return {
          bytes,
          ...(mode === undefined || until === undefined ? {} : { lock: { mode, until: until.getTime() } }),
        }
      } catch (error) {
        if (['NotFound', 'NoSuchVersion'].includes((error as Error).name)) return undefined
        throw cannot(error)
      }
    },
    async read(found) {
      const { Body } = await said(client.send(new sdk.GetObjectCommand(at(found))))
      const body = Body as unknown as Readable
      return {
        [Symbol.asyncIterator]: () => body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>,
        close: () => void body.destroy(),
      }
    },
  }
}

async function said<T>(asked: Promise<T>): Promise<T> {
  return await asked.catch((error: unknown) => {
    throw cannot(error)
  })
}

function cannot(cause: unknown): CannotError {
  const name = cause instanceof Error ? cause.name : 'unknown'
  return new CannotError(
    `The bucket cannot be read (${name}): see that AWS_REGION or AWS_ENDPOINT_URL_S3 name it, and that your credential has s3:ListBucketVersions, s3:GetObjectVersion and s3:GetObjectRetention`,
    { cause },
  )
}
