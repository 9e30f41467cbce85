// What a collector and its store carry: one row a store, and what a commit costs beside a bare batched one. Prints Markdown;
// docs/scale.md holds what one run printed. Needs Debian's PostgreSQL and Kafka (bash test/setup.sh).
//
//   node test/bench/stores.ts [--seconds 3] [--rounds 3] [--connections 500]

import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openEmbedded } from '../../collector/commit/embedded.ts'
import { openKafka } from '../../collector/commit/kafka/kafka.ts'
import { openPostgres } from '../../collector/commit/postgres.ts'
import { identity } from '../../core/identifiers.ts'
import { aBroker, kafkaVersion } from '../collector/kafka/broker.ts'
import { anAuthority, certify } from '../collector/peers.ts'
import { aPostgres } from '../collector/postgres-server.ts'
import { bareInserts, bareProduces, type Commits, commitsOf, ratesOf } from './store-commits.ts'
import { type Carried, carried, type Where } from './store-load.ts'
import { type Acknowledged, acknowledging } from './store-trail.ts'
import { markdown } from './table.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '500' },
  },
})
const [seconds, rounds, connections] = [values.seconds, values.rounds, values.connections].map(Number) as [
  number,
  number,
  number,
]
const callers = 64
const load = loadavg()[0]?.toFixed(1)

const folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-stores-'))
const authority = await anAuthority()
const server = await certify(authority, undefined, { names: ['localhost'] })
const postgres = await aPostgres(server)
const broker = await aBroker(server, authority.pem)
const work = join(folder, 'work.json')
const collector = await certify(authority, identity.collector, { names: ['localhost'], seconds: 86_400 })
writeFileSync(work, JSON.stringify({ ownCa: authority.pem, collector }))
/** Of the files below a folder whose names end so, and whose folders' names begin so. */
function bytesIn(below: string, ending: string, beginning = ''): number {
  return readdirSync(below, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && one.name.endsWith(ending))
    .filter(({ parentPath }) => (parentPath.split('/').at(-1) ?? '').startsWith(beginning))
    .reduce((sum, { name, parentPath }) => sum + statSync(join(parentPath, name)).size, 0)
}
const fail = (reason: Error): never => {
  throw reason
}

try {
  const commits: [string, Commits, Commits?][] = [
    [
      'PostgreSQL',
      await commitsOf(await openPostgres({ url: postgres.url, ca: authority.pem }), callers),
      await bareInserts({ url: postgres.url, ca: authority.pem }, callers),
    ],
    [
      'Kafka',
      await commitsOf(
        await openKafka({ url: broker.url('product'), ca: authority.pem, onPoisoned: fail }),
        callers,
      ),
      await bareProduces({ url: broker.url('bare'), ca: authority.pem }, callers),
    ],
    [
      'embedded',
      await commitsOf(await openEmbedded({ folder: join(folder, 'files'), onPoisoned: fail }), callers),
    ],
  ]
  const rows = [['store', `commits/s of ${callers} callers`, 'bare batched commits/s', 'ratio', 'wanted']]
  for (const [name, ours, bare] of commits) {
    const all = bare === undefined ? [ours] : [ours, bare]
    const [rate = 0, other] = await ratesOf(all, seconds, rounds)
    rows.push([
      name,
      rate.toFixed(0),
      other?.toFixed(0) ?? '',
      other === undefined ? '' : (rate / other).toFixed(2),
      other === undefined ? '' : '≥ 0.7',
    ])
    for (const each of all) await each.close()
  }
  console.log(
    `\n${cpus().length} cores (${cpus()[0]?.model}), Linux ${release()}, Node ${process.version}, PostgreSQL ${postgres.sql('SHOW server_version')}, Kafka ${kafkaVersion()}, load average ${load} before the run.\n`,
  )
  console.log(`${markdown(rows)}\n`)

  const places: [string, Where][] = [
    [
      'embedded',
      {
        place: join(folder, 'embedded'),
        bytes: () => bytesIn(join(folder, 'embedded/chains'), '.segment'),
        shared: false,
      },
    ],
    [
      'PostgreSQL',
      {
        place: postgres.url,
        shared: true,
        bytes: () => Number(postgres.sql("SELECT pg_total_relation_size('hipaa_mcp_records')")),
      },
    ],
    [
      'Kafka',
      { place: broker.url('load'), bytes: () => bytesIn(broker.data, '.log', 'load-records'), shared: true },
    ],
  ]
  mkdirSync(join(folder, 'embedded'))
  const found: [string, Carried][] = []
  for (const [name, where] of places)
    found.push([name, await carried({ authority, work, where, callers, seconds, connections })])
  console.log(
    `${markdown([
      [
        'one collector with',
        'records/s, one a request',
        'its CPU, µs a record',
        'bytes a record in the store',
        'CPU of another that follows, µs a record',
        'checkpoints/s',
        'CPU, µs a checkpoint',
        'chains begun/s',
        `memory of ${connections} connections with a chain, KiB each`,
      ],
      ...found.map(([name, of]) => [
        name,
        of.records.toFixed(0),
        of.cpu.toFixed(0),
        of.bytes.toFixed(0),
        of.followed?.toFixed(0) ?? '',
        of.checkpoints.toFixed(0),
        of.checkpoint.toFixed(0),
        of.begun.toFixed(0),
        of.memory.toFixed(0),
      ]),
    ])}\n`,
  )

  const modes: [string, Acknowledged][] = await acknowledging({ authority, work, folder, rounds, seconds })
  const local = modes.find(([name]) => name === 'Local')?.[1].p50 ?? Number.NaN
  console.log(
    markdown([
      ['acknowledged by', 'intent and result of one call alone, p50 ms', 'ratio to `Local`'],
      ...modes.map(([name, { p50 }]) => [`\`${name}\``, p50.toFixed(2), (p50 / local).toFixed(2)]),
    ]),
  )
} finally {
  postgres.remove()
  await broker.remove()
  rmSync(folder, { recursive: true, force: true })
}
