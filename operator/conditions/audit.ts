// Audit, 45 CFR 164.312(b): every pod has a live chain, and what it wrote is kept.

import { leastDays } from '../../core/archive/bucket.ts'
import { secondsIn } from '../../core/duration.ts'
import type { Seen } from '../observe.ts'
import { vipPatients } from '../vip-list.ts'
import { type Finding, no, type Rule, unknown, yes } from './finding.ts'
import { inEveryPod } from './in-every-pod.ts'

export const audit: Rule = (seen, fleet, now) => {
  const states = new Set(seen.trailVolumes.map(({ state }) => state))
  if (states.has('NotRetained'))
    return no(
      'VolumeNotRetained',
      'The trail volume of a pod would be deleted with it: its reclaim policy could not be set to Retain yet, and the pod takes no call before that. See status.trailVolumes for which, and its Events.',
    )
  if (states.has('Failed'))
    return no(
      'RecoveryFailed',
      'A pod that is gone left records that its recovery Job could not ship: see status.trailVolumes for which, the Job’s log for why, and docs/stores.md.',
    )
  if (states.has('Recovering'))
    return unknown(
      'RecoveryRuns',
      'A pod that is gone left records that a recovery Job is shipping: see status.trailVolumes.',
    )
  if (seen.server.spec.relations?.vip !== undefined && vipPatients(seen.vipList) === undefined)
    return no(
      'VipListMissing',
      'Records cannot say who looks at patients on the VIP list: the Secret that relations.vip names is not in the operator’s namespace, does not bear the label hipaa-mcp.dev/owner of this server, or its key patients does not hold 1 to 4096 identifiers, one a line.',
    )
  const everywhere = inEveryPod('Recorded', 'Every pod has a live chain at the collector.')(seen, fleet, now)
  if (everywhere.status !== 'True') return everywhere
  const kept =
    seen.server.spec.profile === 'Development'
      ? yes(
          'RecordedWithoutArchive',
          'Every pod has a live chain; profile Development demands no archive lock.',
        )
      : archived(seen)
  // No gap of ours: the records are kept. Whoever watches elsewhere is to know that they see less.
  if (kept.status === 'True' && seen.copies.some(({ stubs = 0 }) => stubs > 0))
    return yes(
      'CopyIncomplete',
      `${kept.message} A target of copies refuses some records and has stubs in their place: the collector’s log names them.`,
    )
  return kept.status === 'True' && seen.copies.some(({ behind }) => behind)
    ? yes(
        'CopyBehind',
        `${kept.message} A copy that the collector sends elsewhere is behind: /copies of its health port says why.`,
      )
    : kept
}

/** 45 CFR 164.316(b)(2)(i). What the collector says of its bucket, and whether that is long enough for this server. */
function archived({ archive, server }: Seen): Finding {
  if (archive === undefined)
    return no(
      'NoArchiveLock',
      'Every pod has a live chain, but no archive lock keeps records for the retention.',
    )
  const [gap] = archive.gaps
  if (gap !== undefined) return no(gap.reason, gap.says)
  if (archive.judged === undefined)
    return unknown('ArchiveNotJudged', 'The collector has not looked at the archive’s bucket yet.')
  const retention = secondsIn(server.spec.trail?.retention ?? `${leastDays}d`) ?? Number.POSITIVE_INFINITY
  return archive.days * 86_400 < retention
    ? no(
        'ArchiveTooShort',
        'The archive locks for less than this server’s trail.retention: set HIPAA_MCP_ARCHIVE_DAYS of the collector.',
      )
    : yes(
        'RecordedAndLocked',
        'Every pod has a live chain, and what is sealed lies under a lock that was read back.',
      )
}
