// Load from an agent's pod, while something is done to the product.

import { call, sweep } from '../../demo/calls.ts'
import { until } from '../../demo/kubectl.ts'
import type { Stage } from './stage.ts'

/** Load from one agent while `hurt` runs: how many calls were answered, and how many were not by what was said. */
export async function underLoad(
  stage: Stage,
  calls: number,
  hurt: () => Promise<void>,
): Promise<{ answered: number; refused: Record<string, number> }> {
  const { records } = stage()
  const ids = Array.from({ length: calls }, (_, i) => records[i % 20]?.patient.id ?? '')
  const load = sweep(stage(), 'get_diagnosis', ids)
  // Past the sign-in, in the middle of the calls.
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  await hurt()
  return await load
}

/** Until a call is answered again: service returns by itself, within so many seconds. */
export async function answeredAgain(stage: Stage, seconds = 120): Promise<void> {
  const patient_id = stage().records[0]?.patient.id ?? ''
  await until('calls are answered again', seconds, async () =>
    (await call(stage(), 'get_diagnosis', { patient_id })).ok ? true : undefined,
  )
}
