// How far the archive is behind, and what is wrong with its bucket.

import type { Meter } from '@opentelemetry/api'
import { gaugesOf } from '../gauges.ts'
import type { Archive } from './archive.ts'

/** Read when somebody scrapes. */
export function observeArchive(meter: Meter, archive: Pick<Archive, 'summary'>, now: () => number): void {
  const gauge = gaugesOf(meter)
  const segments = gauge(
    'hipaa_mcp_archive_segments',
    'Segments that are archived under a lock that was read back',
  )
  const pending = gauge('hipaa_mcp_archive_pending_segments', 'Sealed segments that are not archived yet')
  const bytes = gauge('hipaa_mcp_archive_pending_bytes', 'Bytes of sealed segments that are not archived yet')
  const lag = gauge(
    'hipaa_mcp_archive_lag_seconds',
    'Since the oldest of them was sealed; 0 where none waits',
  )
  const unproved = gauge(
    'hipaa_mcp_archive_log_pending_records',
    'Records of the registry log that are not archived yet: they prove what the archive holds',
  )
  const gaps = gauge('hipaa_mcp_archive_gaps', '1 for each thing that is wrong with the archive, by reason')
  meter.addBatchObservableCallback(
    (result) => {
      const summary = archive.summary()
      const { oldest } = summary.pending
      result.observe(segments, summary.segments)
      result.observe(pending, summary.pending.segments)
      result.observe(bytes, summary.pending.bytes)
      result.observe(lag, oldest === undefined ? 0 : Math.max(0, now() - Date.parse(oldest)) / 1000)
      result.observe(unproved, summary.log.records - summary.log.archived)
      for (const { reason } of summary.gaps) result.observe(gaps, 1, { reason })
    },
    [segments, pending, bytes, lag, unproved, gaps],
  )
}
