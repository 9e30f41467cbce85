// The whole product on a real node: installed, a clinic built, guarded, used, attacked, broken and mended. One suite in
// one order, because building the clinic takes a minute and later parts hurt what earlier ones use.

import { beforeAll, describe, expect } from 'vitest'
import { allClaims } from '../demo/claims.ts'
import { buildClinic, buildMonitoring, clear, type Clinic, install } from '../demo/scene.ts'
import { type Bare, before } from '../demo/steps/before.ts'
import { guarding } from '../demo/steps/guard.ts'
import { world } from '../demo/world.ts'
import { source } from '../sample/bundle.ts'
import { claimsOfTheDemo } from './parts/claims-of-the-demo.ts'
import { noPatientAnywhere } from './parts/no-patient-anywhere.ts'
import { injection } from './parts/injection.ts'
import { orders } from './parts/orders.ts'
import { resilience } from './parts/resilience.ts'

let clinic: Clinic | undefined
let bare: Bare | undefined

beforeAll(async () => {
  const place = await world()
  await clear(place)
  await install(place)
  const { records } = await source({
    seed: 7,
    count: 110,
    ...(process.env['HIPAA_MCP_DATA'] ? { data: process.env['HIPAA_MCP_DATA'] } : {}),
  })
  clinic = await buildClinic(place, records)
  await buildMonitoring(place)
  const shown = records.at(-1)
  if (shown === undefined) throw new Error('The sample has no patient')
  bare = await before(clinic, shown)
  await guarding(clinic)
  expect(allClaims().filter(({ holds }) => !holds)).toEqual([])
}, 600_000)

const stage = (): Clinic => {
  if (clinic === undefined) throw new Error('The clinic was not built: see the error of the set-up')
  return clinic
}

describe('what the demo claims', () => {
  claimsOfTheDemo(stage, () => bare as Bare)
})
describe('orders', () => orders(stage))
describe('admission', () => injection(stage))
describe('what survives', () => resilience(stage))
describe('what is nowhere', () => noPatientAnywhere(stage))
