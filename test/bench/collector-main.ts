// The collector of the bench: the product's own server, trail and store, with certificates from a file instead of the
// operator's channel.
//
//   node test/bench/collector-main.ts WORK.json FOLDER|postgres://…|kafka://…

import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { loadKeys } from '../../collector/keys.ts'
import { codeOf, jsonLog } from '../../collector/log.ts'
import { openMetrics } from '../../collector/metrics.ts'
import { routes } from '../../collector/receive.ts'
import { collectorServer } from '../../collector/server.ts'
import { openStore } from '../../collector/store.ts'
import { Trail } from '../../collector/trail.ts'
import type { Work } from './work.ts'

const [file = '', place = ''] = process.argv.slice(2)
const { ownCa, collector } = JSON.parse(readFileSync(file, 'utf8')) as Work
const log = jsonLog()
const engine = /^(postgres|kafka):/.exec(place)?.[1] as 'postgres' | 'kafka' | undefined
const store = await openStore(
  engine === undefined ? { kind: 'embedded', folder: place } : { kind: engine, url: place, ca: ownCa },
  (reason) => {
    log.error('the disk failed', { error: codeOf(reason) })
    process.exit(1)
  },
)
const trail = new Trail({
  store,
  keys: await loadKeys(store),
  now: () => Date.now(),
  silentMs: 90_000,
  report: openMetrics().report,
})
await trail.open()
const table = routes(trail, store)
const server = collectorServer({ ...collector, ca: ownCa, routes: () => table, log, now: Date.now })
server.listen(0, '127.0.0.1', () =>
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })),
)
// As the product does, so that what others commit is followed where it can be.
setInterval(() => void trail.sweep(), 2_000).unref()
process.once('SIGTERM', () => process.exit(0))
