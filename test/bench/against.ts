// make bench AGAINST=REF: the sidecar of this checkout, as its files are now, beside that of another commit, on the same
// work in one run. Figures of two runs differ by what else the machine did; those of one second and the next hardly do.
// Writes no file. Each sidecar gets the policy and the collector of its own checkout; load and server are this one's.
//
//   node test/bench/against.ts REF [--of REF] [--rounds 4] [--pairs 6] [--seconds 1.5] [--acknowledge Local|Stream]
//                              [--flags-there='--flag …']
//
// A round starts both anew and warms them up; then they take the load in turns, a pair a turn of each. --of: another
// commit than the files of this checkout, for instance HEAD while they are edited. --flags-there: flags of Node for the
// sidecar of REF; both run with those of this checkout's pods unless told otherwise, so that the difference is the code's.

import { writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { checkout } from '../../config/image/base.ts'
import { asInImage } from './as-in-image.ts'
import { commitIn } from './commit.ts'
import { compared, order, type Pair, percent } from './comparison.ts'
import { underLoad } from './loading.ts'
import { cores, start } from './process.ts'
import type { Acknowledge } from './program.ts'
import { type SidecarOptions, startSidecar } from './sidecar.ts'
import { tidying } from './tidying.ts'
import type { makeWork } from './work.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    of: { type: 'string' },
    rounds: { type: 'string', default: '4' },
    pairs: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '1.5' },
    acknowledge: { type: 'string', default: 'Local' },
    'flags-there': { type: 'string' },
  },
})
const [ref] = positionals
const [rounds, turns, seconds] = [Number(values.rounds), Number(values.pairs), Number(values.seconds)]
const acknowledge = values.acknowledge as Acknowledge
if (
  ref === undefined ||
  !(rounds >= 1 && turns >= 1 && seconds > 0) ||
  !/^(Local|Stream)$/.test(acknowledge)
) {
  console.error(
    'Usage: node test/bench/against.ts REF [--of REF] [--rounds 4] [--pairs 6] [--seconds 1.5] [--acknowledge Local|Stream] [--flags-there=FLAGS]',
  )
  process.exit(2)
}

/** A checkout's sidecar with the work that its own bench makes: policies of old commits have other members. */
async function sidecarOf(root: string, folder: string, name: keyof Pair, upstreamPort: number) {
  const bench = (await import(pathToFileURL(join(root, 'test', 'bench', 'work.ts')).href)) as {
    makeWork: typeof makeWork
  }
  const work = await bench.makeWork(upstreamPort)
  const file = join(folder, `${name}.json`)
  await writeFile(file, JSON.stringify(work))
  const image = await asInImage(join(folder, `${name}-image`), root)
  return { root, image, folder, work, file, upstreamPort, acknowledge } satisfies Omit<SidecarOptions, 'port'>
}

/** Both, started anew; the pairs of a round. */
async function round(options: { readonly [name in keyof Pair]: SidecarOptions }): Promise<Pair[]> {
  const here = await startSidecar(options.here)
  const there = await startSidecar(options.there)
  const running = { here, there }
  const turn = async (name: keyof Pair, warm: number): Promise<number> => {
    const { pid, origin } = running[name]
    const load = { file: options[name].file, origin, rate: 0, seconds, warm }
    const { used, calls } = await underLoad(load, pid)
    return (used / calls) * 1e6
  }
  const pairs: Pair[] = []
  // The compiler has done its work by then, in both.
  for (const name of order(0)) await turn(name, 3)
  for (let at = 0; at < turns; at++) {
    const pair: Pair = { here: 0, there: 0 }
    // Connections and the cache of tokens are new to each turn's load.
    for (const name of order(at)) pair[name] = await turn(name, 0.5)
    pairs.push(pair)
  }
  await here.stop()
  await there.stop()
  return pairs
}

const said = (pairs: readonly Pair[]): string => {
  const { here, there, ratio, from, to } = compared(pairs)
  return (
    `here ${here.toFixed(1)} µs CPU a call, there ${there.toFixed(1)} µs; ` +
    `ratio ${ratio.toFixed(3)} (${percent(ratio)}; middle half of ${pairs.length} pairs from ${percent(from)} to ${percent(to)})`
  )
}

await tidying(async (folder) => {
  const other = await commitIn(join(folder, 'other'), ref)
  const own =
    values.of === undefined
      ? { root: checkout, name: 'this checkout' }
      : await commitIn(join(folder, 'own'), values.of)
  console.error(`here: ${own.name}\nthere: ${other.name}`)
  console.error(`load average ${(loadavg()[0] ?? 0).toFixed(1)} before the run`)
  const upstreamPort = 20_000 + (process.pid % 10_000)
  const flags = values['flags-there']?.split(' ')
  const here = { ...(await sidecarOf(own.root, folder, 'here', upstreamPort)), port: upstreamPort + 1 }
  const there = {
    ...(await sidecarOf(other.root, folder, 'there', upstreamPort)),
    port: upstreamPort + 2,
    ...(flags === undefined ? {} : { flags }),
  }
  if (here.work.request !== there.work.request || here.work.result !== there.work.result)
    console.error('The two benches send or answer other bytes: the ratio is of sidecar and work together')
  const upstream = start(cores.others, process.execPath, [
    join(import.meta.dirname, 'upstream.ts'),
    here.file,
    String(upstreamPort),
  ])
  await upstream.line()
  const all: Pair[] = []
  for (let at = 1; at <= rounds; at++) {
    const pairs = await round({ here, there })
    console.error(`round ${at}/${rounds}  ${said(pairs)}`)
    all.push(...pairs)
  }
  console.log(`${acknowledge}: ${said(all)}`)
}).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
