// Builds the guarded clinic that every part stands on.

import { beforeAll, expect } from 'vitest'
import { allClaims } from '../../demo/claims.ts'
import { buildClinic, buildMonitoring, type Clinic, clear, install } from '../../demo/scene.ts'
import { type Bare, before } from '../../demo/steps/before.ts'
import { guarding } from '../../demo/steps/guard.ts'
import { world } from '../../demo/world.ts'
import { source } from '../../sample/bundle.ts'
import { dataFolder } from '../../support/data-folder.ts'
import { type Proposed, propose } from './first-policy.ts'
import type { Stage } from './stage.ts'

/** Installs the product, builds the clinic with the same patients each time, and guards it. Takes about two minutes. */
export async function buildStage(): Promise<{ clinic: Clinic; bare: Bare; proposed: Proposed }> {
  const place = await world()
  await clear(place)
  const { records } = await source({
    seed: 7,
    count: 110,
    ...(dataFolder ? { data: dataFolder } : {}),
  })
  const shown = records.at(-1)
  if (shown === undefined) throw new Error('The sample has no patient')
  // The clinic knows nothing of the product yet, and most of both is waiting for pods.
  const [clinic] = await Promise.all([buildClinic(place, records), install(place)])
  const [bare] = await Promise.all([before(clinic, shown), buildMonitoring(place)])
  const proposed = await propose(clinic)
  await guarding(clinic)
  expect(allClaims().filter(({ holds }) => !holds)).toEqual([])
  return { clinic, bare, proposed }
}

/** The clinic for the tests of a file, built before they begin, within so many milliseconds; `prepare` has it first. */
export function builtClinic(
  prepare: (stage: Stage) => Promise<unknown> = async () => undefined,
  within = 900_000,
): Stage {
  let clinic: Clinic | undefined
  const stage = (): Clinic => {
    if (clinic === undefined) throw new Error('The clinic was not built: see the error of the set-up')
    return clinic
  }
  beforeAll(async () => {
    clinic = (await buildStage()).clinic
    await prepare(stage)
  }, within)
  return stage
}
