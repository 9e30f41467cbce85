// What the collector says of its archive: `GET /v1/archive`, for the operator and auditors.

import type { Gap } from './bucket.ts'

export type ArchiveSummary = {
  /** `s3://bucket/prefix/`. */
  place: string
  /** Days for which what is put now is locked. */
  days: number
  /** RFC 3339; absent until the bucket was looked at. */
  judged?: string
  /** What is wrong, the bucket first. */
  gaps: Gap[]
  /** Segments that are there under lock. */
  segments: number
  /** Records of the registry log, and those of them that are there: the latter prove what a reader finds. */
  log: { records: number; archived: number }
  /** Sealed segments that are not there yet; `oldest`: when the first of them was sealed, RFC 3339. */
  pending: { segments: number; bytes: number; oldest?: string }
  /** Why the newest try failed, kebab-case; `starting` before the first; absent while all is well. */
  trouble?: string
}

/** Answer to `GET /v1/archive`; `archive` is absent where none is configured. */
export type ArchiveResponse = { archive?: ArchiveSummary }

/** A sealed segment that waits for longer shows as a gap, milliseconds. */
export const behindMs = 3_600_000

export const behind: Gap = {
  reason: 'ArchiveBehind',
  says: 'Sealed segments have waited for more than an hour to be archived: look at hipaa_mcp_archive_* and at /archive of the collector’s health port. Nothing is lost while they wait.',
}
