// Whether segments can be sealed, and how much is not sealed yet.

import type { Meter } from '@opentelemetry/api'
import { gaugesOf } from '../gauges.ts'
import type { Sealing } from './sealing.ts'

/** Read when somebody scrapes; says nothing where no key is configured. */
export function observeSealing(
  meter: Meter,
  sealing: () => Pick<Sealing, 'warning' | 'unsealed'> | undefined,
): void {
  const gauge = gaugesOf(meter)
  const hindered = gauge(
    'hipaa_mcp_sealing_hindered',
    '1 while no data key can be had or a segment cannot be sealed',
  )
  const unsealed = gauge(
    'hipaa_mcp_unsealed_records',
    'Committed records that are not in a sealed segment yet',
  )
  meter.addBatchObservableCallback(
    (result) => {
      const seen = sealing()
      if (seen === undefined) return
      result.observe(hindered, seen.warning() === undefined ? 0 : 1)
      result.observe(unsealed, seen.unsealed())
    },
    [hindered, unsealed],
  )
}
