// The sidecar's egress as its own process: `egress-main.ts CONFIG`. Says its ports, a line of JSON. What it would record is made and
// kept by nobody: that of the trail is measured with the calls.

import { readFileSync } from 'node:fs'
import type { Egress } from '../../core/policy.ts'
import { startEgress } from '../../sidecar/egress/start.ts'
import { egressOrders } from '../support/egress-orders.ts'

export type Config = { egress: Egress[]; upstreamPort: number }

const { egress, upstreamPort } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Config
const { ports } = await startEgress({
  orders: egressOrders(egress),
  trail: { note: async () => await Promise.resolve() },
  dns: '192.0.2.53',
  search: ['clinic.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
  namespace: 'clinic',
  ports: { egress: 0, dns: 0 },
  world: {
    // An address that may be dialled; the connection goes to the upstream of this run.
    resolve: async () => await Promise.resolve(['203.0.113.10']),
    place: () => ({ host: '127.0.0.1', port: upstreamPort, allowHalfOpen: true, noDelay: true }),
  },
})
console.log(JSON.stringify(ports))
process.once('SIGTERM', () => process.exit(0))
