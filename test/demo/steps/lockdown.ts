// One field refuses everything, within seconds.

import { call, inWords } from '../calls.ts'
import { claim } from '../claims.ts'
import { until } from '../kubectl.ts'
import type { Clinic } from '../scene.ts'
import { command } from '../screen.ts'

const patch = (lockdown: object | null): string[] => [
  'patch',
  'hipaamcpserver',
  'ehr',
  '-n',
  'clinic',
  '--type=merge',
  '-p',
  JSON.stringify({ spec: { lockdown } }),
]

/** Locks; gives how long it took until a call was refused, milliseconds. `unlock` opens again and waits for it. */
export async function lock(
  clinic: Clinic,
  reason: string,
): Promise<{ outcome: Awaited<ReturnType<typeof call>>; milliseconds: number }> {
  const patient_id = clinic.records.at(-1)?.patient.id ?? ''
  const from = performance.now()
  await clinic.kubectl.run(patch({ reason }))
  const outcome = await until('the lockdown refuses a call', 30, async () => {
    const seen = await call(clinic, 'get_diagnosis', { patient_id })
    return seen.ok ? undefined : seen
  })
  return { outcome, milliseconds: performance.now() - from }
}

export async function unlock(clinic: Clinic): Promise<void> {
  const patient_id = clinic.records.at(-1)?.patient.id ?? ''
  await clinic.kubectl.run(patch(null))
  await until('calls are served again', 60, async () => {
    const seen = await call(clinic, 'get_diagnosis', { patient_id })
    return seen.ok ? seen : undefined
  })
}

export async function lockdown(clinic: Clinic): Promise<void> {
  command(`kubectl patch hms ehr -n clinic --type=merge -p '{"spec":{"lockdown":{"reason":"drill"}}}'`)
  const { outcome, milliseconds } = await lock(clinic, 'drill')
  claim(
    'a lockdown refuses every call',
    !outcome.ok && outcome.status === 503 && outcome.code === 164308 && milliseconds < 8_000,
    `${inWords(outcome)} (${(milliseconds / 1_000).toFixed(1)} s after the patch, sign-in included)`,
  )
  await unlock(clinic)
  claim('taken out of the object, calls are served again', true)
}
