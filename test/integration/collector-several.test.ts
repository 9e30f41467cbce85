// Several collectors on one PostgreSQL: each chain is one's at a time, and goes on with another when its collector is killed,
// hangs and comes back, is cut off, or stops. On Kafka: test/nightly.

import { handsOver } from '../collector/handover.ts'
import { onAStore } from '../collector/on-a-store.ts'
import { aPostgres } from '../collector/postgres-server.ts'
import { verifies } from '../verifies.ts'

const on = onAStore(aPostgres)

verifies(
  'audit:handed-over',
  'collectors are killed, hang and come back, are cut off and stop: no chain has a gap or a fork',
  async () => await handsOver(on.operator, on.server.url, 18),
  150_000,
)
