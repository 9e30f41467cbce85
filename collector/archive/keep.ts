// Puts an object under a lock, and believes nothing but what is read back. Once is enough: what a former try left there is
// found and taken, if it is what we would put, so that a crash between a put and its record leaves no second version.

import type { Body } from '../../core/archive/body.ts'
import { isOf } from '../../core/archive/body.ts'
import { ArchiveFailed, type Bucket } from './bucket.ts'

export type Wanted = {
  /** End of the lock of what is put now, milliseconds since 1970. */
  until: number
  /** What is there already counts with a lock that ends no earlier. */
  least: number
  /** Under a legal hold. */
  hold: boolean
}

/** What was read back. */
export type InBucket = { version: string; until: number }

/**
 * Resolves when a version with exactly these bytes is there under a lock of mode COMPLIANCE that ends at `until`. If the
 * process dies before, there is a version or none, and nobody was told. Rejects: try again.
 */
export async function keep(bucket: Bucket, key: string, body: Body, wanted: Wanted): Promise<InBucket> {
  for (const version of await bucket.versions(key)) {
    // Somebody else's version of that name has other bytes or no such lock: it is left where it is.
    const until = await lockedUntil(bucket, key, version, body, wanted.least)
    if (until !== undefined) return await held(bucket, key, { version, until }, wanted.hold)
  }
  const { until, hold } = wanted
  const version = await bucket.put(key, body, { lock: { mode: 'COMPLIANCE', until }, hold })
  const read = await lockedUntil(bucket, key, version, body, wanted.least)
  if (read === undefined)
    throw new ArchiveFailed(
      'archive-not-as-put',
      'What was put is not there as it was put: look at the bucket',
    )
  return await held(bucket, key, { version, until: read }, hold)
}

/** When the lock of a version ends, if the version has these bytes and a lock that lasts. */
async function lockedUntil(
  bucket: Bucket,
  key: string,
  version: string,
  body: Body,
  least: number,
): Promise<number | undefined> {
  const kept = await bucket.kept(key, version)
  if (kept?.lock?.mode !== 'COMPLIANCE' || kept.lock.until < least || kept.bytes !== body.bytes)
    return undefined
  // Older servers keep no SHA-256: then the bytes themselves are read.
  const same =
    kept.sha256 === undefined
      ? await isOf(await bucket.read(key, version), body)
      : kept.sha256 === body.sha256
  return same ? kept.lock.until : undefined
}

async function held(bucket: Bucket, key: string, found: InBucket, hold: boolean): Promise<InBucket> {
  if (hold) await setHold(bucket, key, found.version, true)
  return found
}

/** Resolves when the legal hold was read back as it shall be. */
export async function setHold(bucket: Bucket, key: string, version: string, on: boolean): Promise<void> {
  if ((await bucket.isHeld(key, version)) === on) return
  await bucket.setHold(key, version, on)
  if ((await bucket.isHeld(key, version)) !== on)
    throw new ArchiveFailed('archive-hold-not-kept', 'The legal hold of an object is not as it was set')
}
