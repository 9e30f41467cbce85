// Whether a bucket keeps what is put there, judged on what was seen of it. A lock that somebody can take off, or that was
// never there, is no lock: each such setting is a gap with a name. Pure; one row a gap.

import { citations } from '../citations.ts'

/** Six years, leap days included (45 CFR 164.316(b)(2)(i)). */
export const leastDays = 2192

/** `unread`: it could not be read, which counts as not so. */
type Known<T> = T | 'unread'

/**
 * What came of something that must be refused, tried with the collector's own credential. `untried`: there was nothing to
 * try it on, because the bucket has no lock.
 */
export type Tried = 'refused' | 'allowed' | 'untried' | 'unclear'

export type BucketSeen = {
  versioning: Known<'Enabled' | 'Suspended' | 'Off'>
  /** `mode` and `days` are the bucket's default, for objects that come without a lock of their own. */
  lock: Known<{ enabled: false } | { enabled: true; mode?: 'COMPLIANCE' | 'GOVERNANCE'; days?: number }>
  /** Whether anybody at all may read or write, by policy or list. */
  public: Known<boolean>
  /** Shortening and deleting an object that is locked in mode COMPLIANCE. */
  compliance: Tried
  /** Shortening a lock of mode GOVERNANCE, with the header that bypasses it. */
  bypass: Tried
  /** Writing the bucket's lock configuration. */
  configuration: Tried
}

export type Gap = {
  /** As a condition's reason is written. */
  reason: string
  /** What is wrong, and what to do. */
  says: string
}

type Row = Gap & {
  when: (seen: BucketSeen) => boolean
  /** Where it is written that this matters. */
  source: string
}

const retention = `45 CFR ${citations.retention}`
const lockGuide = 'Amazon S3 User Guide, "Locking objects with Object Lock"'
const consider = 'Amazon S3 User Guide, "Object Lock considerations"'
const block = 'Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage"'

const enabled = ({ lock }: BucketSeen) => (lock !== 'unread' && lock.enabled ? lock : undefined)

/** In the order in which one would mend them. */
export const bucketGaps: readonly Row[] = [
  {
    reason: 'ArchiveUnread',
    when: ({ versioning, lock }) => versioning === 'unread' || lock === 'unread',
    says: 'The archive’s bucket does not tell whether it keeps versions and locks: give the collector s3:GetBucketVersioning and s3:GetBucketObjectLockConfiguration, and see that the bucket can be reached.',
    source: retention,
  },
  {
    reason: 'ArchiveNotVersioned',
    when: ({ versioning }) => versioning === 'Off' || versioning === 'Suspended',
    says: 'The archive’s bucket keeps no versions, so an object can be written over: make a bucket with versioning and Object Lock.',
    source: lockGuide,
  },
  {
    reason: 'ArchiveNotLocked',
    when: ({ lock }) => lock !== 'unread' && !lock.enabled,
    says: 'The archive’s bucket has no Object Lock, so what lies in it can be deleted: make a bucket with Object Lock.',
    source: retention,
  },
  {
    reason: 'ArchiveLockNotKept',
    when: ({ compliance }) => compliance === 'allowed',
    says: 'The archive’s server let a COMPLIANCE lock be shortened or a locked object be deleted: it only pretends to lock. Use another server.',
    source: lockGuide,
  },
  {
    reason: 'ArchiveLockUnproved',
    when: (seen) =>
      enabled(seen) !== undefined &&
      [seen.compliance, seen.bypass, seen.configuration].some(
        (tried) => tried !== 'refused' && tried !== 'allowed',
      ),
    says: 'Whether the archive’s lock holds could not be tried: give the collector s3:PutObject, s3:PutObjectRetention and s3:GetObjectRetention on its prefix, and see that the bucket can be reached.',
    source: retention,
  },
  {
    reason: 'ArchiveLockBypassed',
    when: ({ bypass }) => bypass === 'allowed',
    says: 'The collector’s own credential may bypass a lock: take s3:BypassGovernanceRetention away from it.',
    source: lockGuide,
  },
  {
    reason: 'ArchiveLockChangeable',
    when: ({ configuration }) => configuration === 'allowed',
    says: 'The collector’s own credential may change the bucket’s lock: take s3:PutBucketObjectLockConfiguration away from it.',
    source: consider,
  },
  {
    reason: 'ArchiveDefaultGovernance',
    when: (seen) => enabled(seen)?.mode === 'GOVERNANCE',
    says: 'The default lock of the archive’s bucket is GOVERNANCE, which a permission takes off: set COMPLIANCE, or no default.',
    source: lockGuide,
  },
  {
    reason: 'ArchiveDefaultTooShort',
    when: (seen) => (enabled(seen)?.days ?? leastDays) < leastDays,
    says: `The default lock of the archive’s bucket is shorter than ${leastDays} days (45 CFR ${citations.retention}): set at least that, or no default.`,
    source: retention,
  },
  {
    reason: 'ArchivePublic',
    when: ({ public: open }) => open === true,
    says: 'Anybody may reach into the archive’s bucket: block public access.',
    source: block,
  },
  {
    reason: 'ArchivePublicUnread',
    when: ({ public: open }) => open === 'unread',
    says: 'Whether anybody may reach into the archive’s bucket could not be read: give the collector s3:GetBucketPublicAccessBlock, s3:GetBucketAcl, s3:GetBucketPolicyStatus and s3:GetBucketPolicy.',
    source: block,
  },
]

/** The gaps of a bucket, in the order of the table. None: it keeps what it is given. */
export function judgeBucket(seen: BucketSeen): Gap[] {
  return bucketGaps.filter(({ when }) => when(seen)).map(({ reason, says }) => ({ reason, says }))
}

/** Whether anything may be put there: what an unlocked bucket holds is archived nowhere. */
export function canLock({ versioning, lock }: BucketSeen): boolean {
  return versioning === 'Enabled' && lock !== 'unread' && lock.enabled
}

/** End of a lock that begins now: `days` of 86,400 s, milliseconds since 1970, whole seconds as S3 keeps them. */
export function lockedUntil(now: number, days: number): number {
  return Math.ceil(now / 1000) * 1000 + days * 86_400_000
}

/** Whether a bucket's policy allows something to whoever comes, and to whoever is not named. What is no policy does. */
export function allowsEverybody(policy: string): boolean {
  let read: { Statement?: unknown }
  try {
    read = JSON.parse(policy) as typeof read
  } catch {
    return true
  }
  const statements = [read.Statement].flat() as {
    Effect?: unknown
    Principal?: unknown
    NotPrincipal?: unknown
  }[]
  return statements.some(
    ({ Effect, Principal, NotPrincipal }) =>
      Effect !== 'Deny' &&
      (NotPrincipal !== undefined || Principal === undefined || JSON.stringify(Principal).includes('"*"')),
  )
}
