import { expect, test } from 'vitest'
import {
  allowsEverybody,
  type BucketSeen,
  bucketGaps,
  canLock,
  judgeBucket,
  lockedUntil,
} from '../../../core/archive/bucket.ts'
import { sound } from '../../archive/a-bucket.ts'

const locked = (lock: { mode?: 'COMPLIANCE' | 'GOVERNANCE'; days?: number }): Partial<BucketSeen> => ({
  lock: { enabled: true, ...lock },
})

const cases: { what: string; seen: Partial<BucketSeen>; gaps: string[] }[] = [
  { what: 'nothing wrong', seen: {}, gaps: [] },
  {
    what: 'a default of the same mode and length',
    seen: locked({ mode: 'COMPLIANCE', days: 2192 }),
    gaps: [],
  },
  { what: 'what does not tell of versions', seen: { versioning: 'unread' }, gaps: ['ArchiveUnread'] },
  { what: 'what does not tell of locks', seen: { lock: 'unread' }, gaps: ['ArchiveUnread'] },
  { what: 'no versions', seen: { versioning: 'Off' }, gaps: ['ArchiveNotVersioned'] },
  { what: 'versions that were suspended', seen: { versioning: 'Suspended' }, gaps: ['ArchiveNotVersioned'] },
  {
    what: 'no lock, so that nothing was tried',
    seen: { lock: { enabled: false }, compliance: 'untried', bypass: 'untried', configuration: 'untried' },
    gaps: ['ArchiveNotLocked'],
  },
  {
    what: 'a server that only pretends to lock',
    seen: { compliance: 'allowed' },
    gaps: ['ArchiveLockNotKept'],
  },
  {
    what: 'a lock on which nothing could be tried',
    seen: { compliance: 'unclear' },
    gaps: ['ArchiveLockUnproved'],
  },
  { what: 'a bypass that could not be tried', seen: { bypass: 'unclear' }, gaps: ['ArchiveLockUnproved'] },
  { what: 'a lock and nothing tried', seen: { configuration: 'untried' }, gaps: ['ArchiveLockUnproved'] },
  { what: 'a credential that bypasses', seen: { bypass: 'allowed' }, gaps: ['ArchiveLockBypassed'] },
  {
    what: 'a credential that changes locks',
    seen: { configuration: 'allowed' },
    gaps: ['ArchiveLockChangeable'],
  },
  {
    what: 'a default of mode GOVERNANCE',
    seen: locked({ mode: 'GOVERNANCE', days: 4000 }),
    gaps: ['ArchiveDefaultGovernance'],
  },
  {
    what: 'a default that is too short',
    seen: locked({ mode: 'COMPLIANCE', days: 2191 }),
    gaps: ['ArchiveDefaultTooShort'],
  },
  {
    what: 'six years of 365 days',
    seen: locked({ mode: 'COMPLIANCE', days: 6 * 365 }),
    gaps: ['ArchiveDefaultTooShort'],
  },
  { what: 'a bucket for everybody', seen: { public: true }, gaps: ['ArchivePublic'] },
  { what: 'what does not tell who may read', seen: { public: 'unread' }, gaps: ['ArchivePublicUnread'] },
  {
    what: 'several things at once',
    seen: { ...locked({ mode: 'GOVERNANCE', days: 1 }), bypass: 'allowed', public: true },
    gaps: ['ArchiveLockBypassed', 'ArchiveDefaultGovernance', 'ArchiveDefaultTooShort', 'ArchivePublic'],
  },
]

for (const { what, seen, gaps } of cases)
  test(`of a bucket, ${what}: ${gaps.join(', ') || 'no gap'}`, () => {
    expect(judgeBucket({ ...sound, ...seen }).map(({ reason }) => reason)).toEqual(gaps)
  })

test('every gap has a case, a reason that a condition may bear, and says what to do', () => {
  const reasons = new Set(cases.flatMap(({ gaps }) => gaps))

  for (const { reason, says, source } of bucketGaps) {
    expect(reasons).toContain(reason)
    expect(reason).toMatch(/^Archive[A-Za-z]+$/)
    expect(says).toMatch(/: .*(give|make|take|set|block)|Use another|block public/i)
    expect(source).not.toBe('')
  }
})

test('nothing is put where versions or locks are missing or not known', () => {
  expect(canLock(sound)).toBe(true)
  for (const versioning of ['unread', 'Off', 'Suspended'] as const)
    expect(canLock({ ...sound, versioning })).toBe(false)
  expect(canLock({ ...sound, lock: 'unread' })).toBe(false)
  expect(canLock({ ...sound, lock: { enabled: false } })).toBe(false)
})

test('a lock ends no earlier than its days, in whole seconds', () => {
  expect(lockedUntil(1_790_000_000_001, 2192)).toBe(1_790_000_001_000 + 2192 * 86_400_000)
  // The longest six years have two leap days.
  expect(Date.parse('2030-01-01') - Date.parse('2024-01-01')).toBeLessThanOrEqual(2192 * 86_400_000)
})

const allow = (more: object): string =>
  JSON.stringify({ Statement: [{ Effect: 'Allow', Action: 's3:GetObject', ...more }] })

test.each([
  ['one role', allow({ Principal: { AWS: 'arn:aws:iam::111122223333:role/collector' } }), false],
  ['a denial to all', JSON.stringify({ Statement: { Effect: 'Deny', Principal: '*' } }), false],
  ['nobody', JSON.stringify({ Statement: [] }), false],
  ['*', allow({ Principal: '*' }), true],
  ['* of AWS', allow({ Principal: { AWS: ['arn:aws:iam::111122223333:root', '*'] } }), true],
  ['all but one', allow({ NotPrincipal: { AWS: 'arn:aws:iam::111122223333:root' } }), true],
  ['whom it does not say', allow({}), true],
  ['no policy', 'x', true],
])('a policy that allows %s lets everybody in or does not', (_, policy, open) => {
  expect(allowsEverybody(policy)).toBe(open)
})
