// Several collectors on one Kafka, as test/integration/collector-several.test.ts on one PostgreSQL.

import { afterAll, afterEach, beforeAll } from 'vitest'
import { handsOver } from '../collector/handover.ts'
import { aBroker, type Broker } from '../collector/kafka/broker.ts'
import { certify } from '../collector/peers.ts'
import { anOperator, endCollectors, type Operator } from '../collector/running.ts'
import { verifies } from '../verifies.ts'

let operator: Operator
let broker: Broker

beforeAll(async () => {
  operator = await anOperator()
  const { authority } = operator
  broker = await aBroker(await certify(authority, undefined, { names: ['localhost'] }), authority.pem)
}, 120_000)
afterAll(async () => {
  operator.server.closeAllConnections()
  operator.server.close()
  await broker.remove()
})
afterEach(endCollectors)

verifies(
  'audit:handed-over',
  'collectors on Kafka are killed, hang and come back, are cut off and stop: no chain has a gap or a fork',
  async () => await handsOver(operator, broker.url('several'), 48),
  300_000,
)
