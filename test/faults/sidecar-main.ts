// The sidecar under fault: the product's own request path and trail as a process, with policy, keys and certificates from
// a file instead of the operator's channel, so that it is back soon after it was killed. It ends as sidecar/main.ts does.
//
//   node test/faults/sidecar-main.ts SETTINGS.json

import { createSecretKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Acknowledge } from '../../core/acknowledge.ts'
import { policyHash, policyText } from '../../core/policy.ts'
import { Link } from '../../sidecar/channel/link.ts'
import type { Orders } from '../../sidecar/in-force.ts'
import { codeOf, idOf, jsonLog } from '../../sidecar/log.ts'
import { callsServer } from '../../sidecar/server.ts'
import { beginTrail, type RunningTrail } from '../../sidecar/trail/begin.ts'
import { CollectorClient } from '../../sidecar/trail/collector-client.ts'
import { ChainOver } from '../../sidecar/trail/home.ts'
import { SegmentDamaged } from '../../sidecar/trail/recovery.ts'
import type { Work } from '../bench/work.ts'
import { loopback } from '../sidecar/loopback.ts'

export type SidecarSettings = {
  work: Work
  /** 32 bytes each, base64. */
  keys: { hashes: string; patients: string; seal: string }
  port: number
  upstreamPort: number
  collectorPort: number
  mode: Acknowledge
  folder: string
  segmentSize?: number
}

const settings = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as SidecarSettings
const { work, mode } = settings
const log = jsonLog()
const policy = { ...work.policy, trail: { acknowledge: mode } }
const key = (text: string) => createSecretKey(Buffer.from(text, 'base64'))
const inForce = {
  policy,
  hash: policyHash(policyText(policy)),
  generation: 1,
  keys: {
    hashes: key(settings.keys.hashes),
    patients: key(settings.keys.patients),
    seal: key(settings.keys.seal),
  },
  jwks: work.jwks,
}
const orders: Orders = {
  standing: () => ({ inForce }),
  agreementActive: () => false,
  revoked: () => undefined,
  grant: () => undefined,
  onChange: () => () => undefined,
}

function over(reason: string): void {
  log.error('The sidecar cannot go on; the next process begins anew', { reason: idOf(reason) })
  setTimeout(() => process.exit(1), 250)
}

const link = new Link({
  base: new URL(`https://localhost:${settings.collectorPort}`),
  ca: work.ownCa,
  lookup: loopback,
  credentials: work.sidecar,
})
let trail: RunningTrail | undefined
let calls: ReturnType<typeof callsServer> | undefined

async function start(): Promise<void> {
  trail = await beginTrail({
    acknowledge: mode,
    folder: settings.folder,
    collector: new CollectorClient(link),
    version: 'faults',
    onOver: ({ reason }) => over(reason),
    log,
    ...(settings.segmentSize === undefined ? {} : { segmentSize: settings.segmentSize }),
  })
  trail.chain.start('Development')
  await trail.chain.note({ kind: 'orders', generation: 1, policy: inForce.hash, breach: [] })
  calls = callsServer({
    tls: { ...work.server, ca: policy.tls.clientCa, minVersion: policy.tls.minVersion },
    orders,
    trail: trail.chain,
    upstream: { port: settings.upstreamPort },
    watch: { fault: ({ stage, name }) => log.error('a fault', { stage: idOf(stage), error: idOf(name) }) },
  })
  calls.server.listen(settings.port, '127.0.0.1', () => log.info('Calls are served'))
}

/** What is not with the collector when it ends is on the volume, for the next process. */
const leftBehind = 3

async function end(): Promise<number> {
  await calls?.drain()
  await trail?.close()
  return (trail?.unshipped() ?? 0) > 0 ? leftBehind : 0
}

process.once('SIGTERM', () => {
  end().then(
    (code) => process.exit(code),
    (error: unknown) => {
      log.error('The end of the chain could not be recorded', { error: codeOf(error) })
      process.exit(1)
    },
  )
})

start().catch((error: unknown) => {
  // As in sidecar/run.ts: with these a person must look, and the process stays.
  if (error instanceof SegmentDamaged || error instanceof ChainOver)
    log.error('The trail cannot go on', { error: codeOf(error) })
  else over(codeOf(error))
})
