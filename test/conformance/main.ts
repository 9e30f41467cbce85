// make conformance: the official server suites, and what something between them and the server changes.
//
//   node test/conformance/main.ts bare [--url URL]
//   node test/conformance/main.ts through --url https://HOST:PORT/mcp --cert F --key F --ca F --token F [--servername N]
//   node test/conformance/main.ts cluster
//   node test/conformance/main.ts local
//   node test/conformance/main.ts compare
//   node test/conformance/main.ts document
//
// bare     the server alone: our fixtures, or what answers at --url
// through  the same server behind a sidecar somewhere, reached through the shim
// cluster  our fixtures behind a sidecar in a pod, called by an agent's pod, and without a sidecar in that pod; the cluster
//          is chosen as the demo's is. What was put there goes again, unless KEEP=1
// local    our fixtures behind a sidecar of this machine, without a cluster
// compare  what differs between the last bare run and the last one through; fails for what is not explained
// document writes docs/conformance.md from the last runs of bare and cluster
//
// Checks stay in out/conformance.

import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { progress, toStderr } from '../../config/image/progress.ts'
import { checkNamespaces, clear, install, uninstall } from '../demo/scene.ts'
import { endWorld, type World, world } from '../demo/world.ts'
import type { Row } from './checks.ts'
import { buildIdentity, buildPods } from './cluster.ts'
import { differences, explain } from './compare.ts'
import { conformanceDocument } from './document.ts'
import { explanations } from './explained.ts'
import { serveFixtures } from './fixtures/serve.ts'
import { localSidecar } from './local-sidecar.ts'
import { differencesTable, summary, troubles } from './report.ts'
import { runsIn, type Side } from './runs.ts'
import { startShim } from './shim/shim.ts'
import { suiteVersion } from './suite.ts'

const root = join(import.meta.dirname, '..', '..')
const out = join(root, 'out', 'conformance')
const clusterFile = join(out, 'cluster.txt')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string' },
    cert: { type: 'string' },
    key: { type: 'string' },
    ca: { type: 'string' },
    token: { type: 'string' },
    servername: { type: 'string' },
  },
})

const { run, rowsOf } = runsIn(out, (line) => console.error(line))

/** A file that a flag names. */
async function file(flag: 'cert' | 'key' | 'ca' | 'token'): Promise<string> {
  const name = values[flag]
  if (name === undefined) throw new Error(`--${flag} is missing: name the file`)
  return await readFile(name, 'utf8')
}

async function bare(): Promise<boolean> {
  const fixtures = values.url === undefined ? await serveFixtures({ host: '127.0.0.1', port: 0 }) : undefined
  try {
    const rows = await run('bare', fixtures?.url ?? (values.url as string))
    return judged('bare', rows)
  } finally {
    await fixtures?.close()
  }
}

/** Without a sidecar a warning is a failure too: what is open there could not be told from what a sidecar breaks. */
function judged(side: Side, rows: readonly Row[]): boolean {
  console.log(`\n${summary(side, rows)}\n${troubles(rows)}`)
  return rows.every(({ status }) => status !== 'FAILURE' && status !== 'WARNING')
}

async function through(): Promise<boolean> {
  if (values.url === undefined) throw new Error('--url is missing: name the MCP endpoint of the sidecar')
  const target = new URL(values.url)
  const [cert, key, ca] = [await file('cert'), await file('key'), await file('ca')]
  const { servername } = values
  const shim = await startShim({
    target,
    tls: { cert, key, ca, ...(servername === undefined ? {} : { servername }) },
    // Read anew each time: a token may run out, and be renewed, during a run.
    identify: async () => ({ authorization: `Bearer ${(await file('token')).trim()}` }),
  })
  try {
    const rows = await run('through', `${shim.origin}${target.pathname}`)
    console.log(`\n${summary('through', rows)}`)
  } finally {
    await shim.close()
  }
  return true
}

async function cluster(): Promise<boolean> {
  const place = await world()
  if ((await place.kubectl.get('namespace', 'clinic')) !== undefined)
    throw new Error(
      'The demo’s clinic stands on this cluster, and would go: make demo-down first, or choose another by HIPAA_MCP_CLUSTER=name',
    )
  try {
    await checkNamespaces(place)
    await clear(place)
    await install(place)
    const { serverVersion } = JSON.parse(await place.kubectl.run(['version', '-o', 'json'])) as {
      serverVersion: { gitVersion: string }
    }
    await mkdir(out, { recursive: true })
    await writeFile(clusterFile, `Kubernetes ${serverVersion.gitVersion}`)
    const pods = await progress(
      'fixtures, identity provider and agent',
      toStderr,
      async () => await buildPods({ ...place, ...(await buildIdentity(place)) }),
    )
    try {
      const well = judged('unguarded', await run('unguarded', pods.unguarded))
      console.log(`\n${summary('through', await run('through', pods.guarded))}`)
      return well
    } finally {
      await pods.close()
    }
  } finally {
    if (process.env['KEEP'] !== '1') await leave(place)
  }
}

/** A node that was started for this ends; on another what was put there goes. */
async function leave(place: World): Promise<void> {
  if (place.started) await endWorld()
  else {
    await clear(place)
    await uninstall(place)
  }
}

async function local(): Promise<boolean> {
  const faults: string[] = []
  const sidecar = await localSidecar(({ stage, name }) => faults.push(`${stage}: ${name}`))
  try {
    const rows = await run('through', sidecar.url)
    console.log(`\n${summary('through', rows)}`)
    if (faults.length > 0)
      console.log(`\nUnexpected errors of the sidecar: ${[...new Set(faults)].join(', ')}`)
  } finally {
    await sidecar.stop()
  }
  return true
}

/** The last runs, and what they differ in. */
async function compared() {
  const [before, after] = [await rowsOf('bare'), await rowsOf('through')]
  return { before, after, ...explain(differences(before, after), explanations) }
}

async function document(): Promise<boolean> {
  const { before, after, explained, unexplained } = await compared()
  const text = conformanceDocument({
    on: {
      suite: await suiteVersion(),
      cluster: await readFile(clusterFile, 'utf8'),
      machine: `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Linux ${release()}, Node ${process.version}`,
    },
    bare: before,
    unguarded: await rowsOf('unguarded'),
    through: after,
    explained,
    unexplained,
  })
  await writeFile(join(root, 'docs', 'conformance.md'), text)
  console.log('\nWritten: docs/conformance.md')
  return true
}

async function compare(): Promise<boolean> {
  for (const { test } of explanations)
    if (!existsSync(join(root, test)))
      throw new Error(`explained.ts names the test ${test}, which is not there: name the one that covers it`)
  const { before, after, explained, unexplained, stale } = await compared()
  console.log(`\n${summary('bare', before)}\n\n${summary('through', after)}`)
  if (explained.length > 0) console.log(`\nExplained: ${explained.length}\n${differencesTable(explained)}`)
  if (unexplained.length > 0)
    console.log(
      `\nNot explained: ${unexplained.length}\n${differencesTable(unexplained.map((difference) => ({ difference })))}`,
    )
  for (const { scenario, check } of stale)
    console.log(`\nExplained, but not seen any more: ${scenario} ${check}. Remove it from explained.ts`)
  console.log(
    `\n${explained.length + unexplained.length} differences, ${unexplained.length} of them not explained`,
  )
  return unexplained.length === 0 && stale.length === 0
}

const steps: { [name: string]: () => Promise<boolean> } = { bare, through, cluster, local, compare, document }
const wanted = positionals.map((name) => steps[name])
if (wanted.length === 0 || wanted.includes(undefined)) {
  console.error(`usage: node test/conformance/main.ts ${Object.keys(steps).join('|')}... [flags]`)
  process.exit(2)
}
let well = true
for (const step of wanted) well = (await step?.()) === true && well
process.exit(well ? 0 : 1)
