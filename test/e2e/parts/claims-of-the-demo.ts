// What the demo shows, each step held to its requirement.

import { expect } from 'vitest'
import { call } from '../../demo/calls.ts'
import { serverStatus } from '../../demo/scene.ts'
import { answers } from '../../demo/steps/answers.ts'
import type { Bare } from '../../demo/steps/before.ts'
import { breach } from '../../demo/steps/breach.ts'
import { egress } from '../../demo/steps/egress.ts'
import { lockdown } from '../../demo/steps/lockdown.ts'
import { dashboards } from '../../demo/steps/monitoring.ts'
import { record } from '../../demo/steps/record.ts'
import { refusalOf, refusals } from '../../demo/steps/refusals.ts'
import { status } from '../../demo/steps/status.ts'
import { type Taken, trail } from '../../demo/steps/trail.ts'
import { witness } from '../../demo/steps/witness.ts'
import { verifies } from '../../verifies.ts'
import { claimsHold, ofKind, type Stage, verifiedTrail } from './stage.ts'

export function claimsOfTheDemo(stage: Stage, bare: () => Bare): void {
  verifies('minimum:fields', 'an agent asks for a diagnosis and for notes on a real cluster', async () => {
    await claimsHold(async () => await answers(stage(), bare()))
  })

  for (const refusal of refusals) {
    verifies('audit:refusals', refusal.title, async () => {
      const outcome = await refusalOf(stage(), refusal)

      expect(outcome.ok).toBe(false)
      expect(!outcome.ok && refusal.meant(outcome), JSON.stringify(outcome)).toBe(true)
    })
  }

  verifies('agreement:egress', 'without, with and after an agreement with the vendor', async () => {
    await claimsHold(async () => await egress(stage()))
  })

  verifies('breach:signal', 'one person looks at a hundred patients', async () => {
    await claimsHold(async () => await breach(stage()))
  })

  verifies(
    'access:lockdown',
    'it is patched and taken back; the trail below must hold what it refused',
    async () => {
      await claimsHold(async () => await lockdown(stage()))
    },
  )

  let taken: Taken | undefined
  verifies(
    'integrity:chain',
    'the trail leaves the cluster, verifies offline, and one bit of it is changed',
    async () => {
      await claimsHold(async () => void (taken = await trail(stage())))
    },
  )

  verifies(
    'integrity:outside-witness',
    'a record is found by its patient and proved, and sigsum-witness refuses the log in which it names another person',
    async () => {
      const from = taken as Taken
      await claimsHold(async () => await witness(stage(), from, await record(stage(), from)))
    },
  )

  verifies(
    'operator:status',
    'kubectl get and describe say what is in force and what is missing',
    async () => {
      await claimsHold(async () => await status(stage()))
    },
  )

  verifies('rest:graded', 'the database and the trail stand on an encrypted class', async () => {
    const volumes = (await serverStatus(stage()))?.status?.volumes ?? []

    expect(volumes.length).toBeGreaterThan(0)
    expect(volumes.filter(({ grade }) => !['Recorded', 'Declared', 'Verified'].includes(grade))).toEqual([])
  })

  verifies(
    'operator:monitoring',
    'a real Prometheus answers every question of the dashboard and of the alerts',
    async () => {
      await claimsHold(async () => await dashboards(stage(), 600))
    },
  )

  verifies('breach:patients', 'every answered call of the trail names its patients, sealed', async () => {
    const before = Date.now()
    const patient_id = stage().records[0]?.patient.id ?? ''
    const outcome = await call(stage(), 'get_diagnosis', { patient_id })
    expect(outcome.ok, JSON.stringify(outcome)).toBe(true)

    const { records } = await verifiedTrail(stage(), 'patients')

    const results = ofKind(records, 'result').filter(
      ({ at, bytes }) => Date.parse(at) >= before - 1_000 && bytes > 0,
    )
    expect(results.some(({ patients }) => patients.length === 1)).toBe(true)
    expect(JSON.stringify(records)).not.toContain(patient_id)
  })
}
