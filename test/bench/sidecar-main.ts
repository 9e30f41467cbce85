// The sidecar of the bench: the product's own request path and trail, with policy, keys and certificates from a file
// instead of the operator's channel.
//
//   node test/bench/sidecar-main.ts WORK.json PORT UPSTREAM COLLECTOR-PORT Stream|Local FOLDER

import { createSecretKey, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { policyHash, policyText } from '../../core/policy.ts'
import { Link } from '../../sidecar/channel/link.ts'
import type { Orders } from '../../sidecar/in-force.ts'
import { callsServer } from '../../sidecar/server.ts'
import { beginTrail } from '../../sidecar/trail/begin.ts'
import { CollectorClient } from '../../sidecar/trail/collector-client.ts'
import type { Work } from './work.ts'

const [file = '', port = '', upstreamPort = '', collectorPort = '', mode = 'Stream', folder = ''] =
  process.argv.slice(2)
const work = JSON.parse(readFileSync(file, 'utf8')) as Work
const policy = { ...work.policy, trail: { acknowledge: mode as 'Stream' | 'Local' } }
const text = policyText(policy)
const secret = () => createSecretKey(randomBytes(32))
const inForce = {
  policy,
  hash: policyHash(text),
  generation: 1,
  keys: { hashes: secret(), patients: secret(), seal: secret() },
  jwks: work.jwks,
}
const orders: Orders = {
  standing: () => ({ inForce }),
  agreementActive: () => false,
  revoked: () => undefined,
  grant: () => undefined,
  onChange: () => () => undefined,
}

/** A figure of a bench that went wrong would be worse than none. */
const die = (why: unknown): never => {
  console.error(why)
  process.exit(1)
}

const link = new Link({
  base: new URL(`https://localhost:${collectorPort}`),
  ca: work.ownCa,
  lookup: (_, options, answer) =>
    options.all === true ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : answer(null, '127.0.0.1', 4),
  credentials: work.sidecar,
})
const { chain } = await beginTrail({
  acknowledge: policy.trail.acknowledge,
  folder,
  collector: new CollectorClient(link),
  version: 'bench',
  onOver: die,
  log: { info: () => undefined, warn: console.error, error: console.error },
})
chain.start('Development')
await chain.note({ kind: 'orders', generation: 1, policy: inForce.hash, breach: [] })

const calls = callsServer({
  tls: { ...work.server, ca: policy.tls.clientCa, minVersion: policy.tls.minVersion },
  orders,
  trail: chain,
  upstream: { port: Number(upstreamPort) },
  watch: { fault: die },
})
calls.server.listen(Number(port), '127.0.0.1', () => console.log('listening'))
process.once('SIGTERM', () => process.exit(0))
