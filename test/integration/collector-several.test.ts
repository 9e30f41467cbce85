// Several collectors on one PostgreSQL: each chain is one's at a time, and goes on with another when its collector is killed,
// hangs and comes back, is cut off, or stops. On Kafka: test/nightly.

import { afterAll, afterEach, beforeAll } from 'vitest'
import { handsOver } from '../collector/handover.ts'
import { certify } from '../collector/peers.ts'
import { aPostgres, type Postgres } from '../collector/postgres-server.ts'
import { anOperator, endCollectors, type Operator } from '../collector/running.ts'
import { verifies } from '../verifies.ts'

let operator: Operator
let postgres: Postgres

beforeAll(async () => {
  operator = await anOperator()
  postgres = await aPostgres(await certify(operator.authority, undefined, { names: ['localhost'] }))
}, 120_000)
afterAll(() => {
  operator.server.closeAllConnections()
  operator.server.close()
  postgres.remove()
})
afterEach(endCollectors)

verifies(
  'audit:handed-over',
  'collectors are killed, hang and come back, are cut off and stop: no chain has a gap or a fork',
  async () => await handsOver(operator, postgres.url, 18),
  150_000,
)
