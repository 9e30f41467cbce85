// Several collectors on one Kafka, as test/integration/collector-several.test.ts on one PostgreSQL.

import { handsOver } from '../collector/handover.ts'
import { aBroker } from '../collector/kafka/broker.ts'
import { onAStore } from '../collector/on-a-store.ts'
import { verifies } from '../verifies.ts'

const on = onAStore(aBroker)

verifies(
  'audit:handed-over',
  'collectors on Kafka are killed, hang and come back, are cut off and stop: no chain has a gap or a fork',
  async () => await handsOver(on.operator, on.server.url('several'), 48),
  300_000,
)
