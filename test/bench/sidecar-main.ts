// The sidecar of the bench: the product's own request path and trail, with policy, keys and certificates from a file
// instead of the operator's channel.
//
//   node test/bench/sidecar-main.ts WORK.json PORT UPSTREAM COLLECTOR-PORT Stream|Local FOLDER

import { readFileSync } from 'node:fs'
import type { Orders } from '../../sidecar/in-force.ts'
import { callsServer } from '../../sidecar/server.ts'
import { type Acknowledge, chainOf, die, inForceOf } from './program.ts'
import type { Work } from './work.ts'

const [file = '', port = '', upstreamPort = '', collectorPort = '', mode = 'Stream', folder = ''] =
  process.argv.slice(2)
const work = JSON.parse(readFileSync(file, 'utf8')) as Work
const inForce = inForceOf(work, mode as Acknowledge)
const orders: Orders = {
  standing: () => ({ inForce }),
  agreementActive: () => false,
  revoked: () => undefined,
  grant: () => undefined,
  onChange: () => () => undefined,
}
const trail = await chainOf(work, inForce, collectorPort, folder)

const calls = callsServer({
  tls: { ...work.server, ca: work.callersCa, minVersion: inForce.policy.tls.minVersion },
  orders,
  trail,
  upstream: { port: Number(upstreamPort) },
  watch: { fault: die },
})
calls.server.listen(Number(port), '127.0.0.1', () => console.log('listening'))
process.once('SIGTERM', () => process.exit(0))
