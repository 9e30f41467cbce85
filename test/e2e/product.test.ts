// The whole product on a real node: installed, a clinic built, guarded, used, attacked, broken and mended. One suite in
// one order, because building the clinic takes a minute and later parts hurt what earlier ones use.

import { beforeAll, describe } from 'vitest'
import type { Clinic } from '../demo/scene.ts'
import type { Bare } from '../demo/steps/before.ts'
import { access } from './parts/access.ts'
import { attacks } from './parts/attacks.ts'
import { buildStage } from './parts/build.ts'
import { theCanary } from './parts/canary.ts'
import { claimsOfTheDemo } from './parts/claims-of-the-demo.ts'
import { conformance } from './parts/conformance.ts'
import { firstPolicy, type Proposed } from './parts/first-policy.ts'
import { injection } from './parts/injection.ts'
import { afterLocal, local } from './parts/local.ts'
import { loopback } from './parts/loopback.ts'
import { noPatientAnywhere } from './parts/no-patient-anywhere.ts'
import { oracle } from './parts/oracle.ts'
import { oracleByRole } from './parts/oracle-by-role.ts'
import { orders } from './parts/orders.ts'
import { outsideOfTheCluster } from './parts/outside-of-the-cluster.ts'
import { afterRolled, resilience } from './parts/resilience.ts'
import { restricted } from './parts/restricted.ts'
import { serverLogs } from './parts/server-logs.ts'
import { afterStdioRolled, stdio } from './parts/stdio.ts'

let clinic: Clinic | undefined
let bare: Bare | undefined
let proposed: Proposed | undefined

beforeAll(async () => {
  const built = await buildStage()
  clinic = built.clinic
  bare = built.bare
  proposed = built.proposed
}, 600_000)

const stage = (): Clinic => {
  if (clinic === undefined) throw new Error('The clinic was not built: see the error of the set-up')
  return clinic
}

describe('what the demo claims', () => {
  claimsOfTheDemo(stage, () => bare as Bare)
})
describe('a first policy', () => firstPolicy(stage, () => proposed as Proposed))
describe('an oracle', () => oracle(stage))
describe('an oracle of each role and purpose', () => oracleByRole(stage))
describe('orders', () => orders(stage))
describe('access', () => access(stage))
describe('the official suites', () => conformance(stage))
describe('admission', () => injection(stage))
describe('an editor of the namespace', () => attacks(stage))
describe('a stdio server', () => stdio(stage))
describe('helpers on localhost', () => loopback(stage))
describe('people outside of the cluster', () => outsideOfTheCluster(stage))
describe('a stdio server that was rolled', () => afterStdioRolled(stage))
describe('what survives', () => resilience(stage))
describe('what servers log', () => serverLogs(stage))
describe('a server that was rolled', () => afterRolled(stage))
describe('a trail of the pod’s own', () => local(stage))
describe('a network plugin', () => restricted(stage))
describe('a volume of a trail', () => afterLocal(stage))
describe('what is nowhere', () => noPatientAnywhere(stage))
describe('a canary', () => theCanary(stage))
