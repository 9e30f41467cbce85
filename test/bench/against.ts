// make bench AGAINST=REF: the sidecar of this checkout, as its files are now, beside that of another commit, on the same
// work in one run. Figures of two runs differ by what else the machine did; alternating rounds of one run do not.
// Writes no file. Each sidecar gets the policy and the collector of its own checkout; load and server are this one's.
//
//   node test/bench/against.ts REF [--of REF] [--rounds 4] [--seconds 6] [--acknowledge Local|Stream]
//                              [--flags-there '--flag …']
//
// --of: another commit than the files of this checkout, for instance HEAD while they are edited. --flags-there: flags of Node for the sidecar of REF; both run with those of this checkout's pods unless told otherwise,
// so that the difference is that of the code.

import { writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { checkout } from '../../config/image/base.ts'
import { asInImage } from './as-in-image.ts'
import { commitIn } from './commit.ts'
import { compared, hereFirst, type Pair, percent } from './comparison.ts'
import { underLoad } from './loading.ts'
import { cores, start } from './process.ts'
import { type Acknowledge, type SidecarOptions, startSidecar } from './sidecar.ts'
import { tidying } from './tidying.ts'
import type { makeWork } from './work.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '6' },
    acknowledge: { type: 'string', default: 'Local' },
    'flags-there': { type: 'string' },
    of: { type: 'string' },
  },
})
const [ref] = positionals
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)]
const acknowledge = values.acknowledge as Acknowledge
if (ref === undefined || !(rounds >= 1) || !(seconds > 0) || !['Local', 'Stream'].includes(acknowledge)) {
  console.error(
    'Usage: node test/bench/against.ts REF [--of REF] [--rounds 4] [--seconds 6] [--acknowledge Local|Stream] [--flags-there FLAGS]',
  )
  process.exit(2)
}

type Side = Omit<SidecarOptions, 'port' | 'upstreamPort' | 'acknowledge'> & { port: number }

/** A checkout's sidecar with the work that its own bench makes: policies of old commits have other members. */
async function side(name: string, root: string, folder: string, upstreamPort: number): Promise<Side> {
  const own = (await import(pathToFileURL(join(root, 'test', 'bench', 'work.ts')).href)) as {
    makeWork: typeof makeWork
  }
  const work = await own.makeWork(upstreamPort)
  const file = join(folder, `${name}.json`)
  await writeFile(file, JSON.stringify(work))
  return { root, image: await asInImage(join(folder, `${name}-image`), root), folder, work, file, port: 0 }
}

/** Processor time of one sidecar, started anew and warmed up, µs a call. */
async function microseconds(options: SidecarOptions): Promise<{ each: number; perSecond: number }> {
  const { pid, origin, stop } = await startSidecar(options)
  try {
    const {
      used,
      calls,
      seconds: took,
    } = await underLoad({ file: options.file, origin, rate: 0, seconds }, pid)
    return { each: (used / calls) * 1e6, perSecond: calls / took }
  } finally {
    await stop()
  }
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
  const here = { ...(await side('here', own.root, folder, upstreamPort)), port: upstreamPort + 1 }
  const flags = values['flags-there']?.split(' ')
  const there = {
    ...(await side('there', other.root, folder, upstreamPort)),
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
  const pairs: Pair[] = []
  for (let round = 1; round <= rounds; round++) {
    const pair: Pair = { here: 0, there: 0 }
    for (const name of hereFirst(round) ? (['here', 'there'] as const) : (['there', 'here'] as const)) {
      const { each, perSecond } = await microseconds({
        ...{ here, there }[name],
        upstreamPort,
        acknowledge,
      })
      pair[name] = each
      console.error(
        `round ${round}/${rounds}  ${name.padEnd(5)}  ${each.toFixed(1)} µs CPU a call, ${perSecond.toFixed(0)}/s at most`,
      )
    }
    pairs.push(pair)
  }
  const { ratio, least, most, ...medians } = compared(pairs)
  console.log(
    `${acknowledge}: here ${medians.here.toFixed(1)} µs CPU a call, there ${medians.there.toFixed(1)} µs; ` +
      `ratio ${ratio.toFixed(3)} (${percent(ratio)}), rounds from ${percent(least)} to ${percent(most)}`,
  )
})
