// How far copies are behind, and what they sent.

import type { Meter } from '@opentelemetry/api'
import { idOf } from '../../core/log.ts'
import { gaugesOf } from '../gauges.ts'
import type { Copies } from './copies.ts'

/** Read when somebody scrapes. */
export function observeCopies(meter: Meter, copies: Pick<Copies, 'reports' | 'counts'>): void {
  const gauge = gaugesOf(meter)
  const behind = gauge(
    'hipaa_mcp_copy_behind',
    'Whether a copy has waited for its target for more than five minutes: 0 or 1',
  )
  const lag = gauge(
    'hipaa_mcp_copy_lag_seconds',
    'What was committed so long ago its target has; 0 where nothing waits',
  )
  const pending = gauge(
    'hipaa_mcp_copy_pending_records',
    'Committed records that the target has not taken yet',
  )
  const taken = meter.createObservableCounter('hipaa_mcp_copy_taken', {
    description: 'Log records or events that the target took',
  })
  const refused = meter.createObservableCounter('hipaa_mcp_copy_refused', {
    description:
      'Log records that the target said it will never have (OTLP partial success), and those of which it has a stub alone',
  })
  meter.addBatchObservableCallback(
    (result) => {
      for (const { name, ...report } of copies.reports()) {
        const labels = { copy: idOf(name) }
        result.observe(behind, report.behind ? 1 : 0, labels)
        result.observe(lag, report.behindSeconds, labels)
        result.observe(pending, report.pending, labels)
      }
      for (const { name, ...counts } of copies.counts()) {
        result.observe(taken, counts.taken, { copy: idOf(name) })
        result.observe(refused, counts.refused, { copy: idOf(name) })
      }
    },
    [behind, lag, pending, taken, refused],
  )
}
