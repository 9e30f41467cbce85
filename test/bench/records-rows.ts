// What both records of a call cost by themselves, in a process that does nothing else, beside a call through nginx: each at the
// rate of the sidecar's calls, begun on a clock, and each as fast as it goes. A process that is woken for
// each call or two finds the processor's caches cold, whoever it is: one that is never idle is beside another that is not.
//
//   node test/bench/records-rows.ts [rounds] [calls a second]

import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { checkout } from '../../config/image/base.ts'
import { underLoad } from './loading.ts'
import { nginxArguments } from './nginx.ts'
import { recordsRows } from './other-report.ts'
import { aPlace, type Place } from './place.ts'
import { cores, cpuSeconds, start } from './process.ts'
import { listening, startAsInPod, startCollector } from './sidecar.ts'
import { markdown } from './table.ts'
import { tidying } from './tidying.ts'

/** Processor time of a call, µs. */
type Costs = {
  /** At so many calls a second, begun on a clock. */
  onClock: number
  /** As fast as it goes. */
  most: number
  /** Calls a second as fast as it goes. */
  perSecond: number
}
/** Of both records of a call, `Local`, and of a call through nginx. `rate`: calls a second on the clock. */
export type RecordsFigures = { rate: number; records: Costs; nginx: Costs }

/** A pod serves for days: most of what its compiler does, it does in the first seconds. */
const [seconds, warm] = [5, 10]

export async function recordsFigures(place: Place, rate: number): Promise<RecordsFigures> {
  return { rate, nginx: await nginxCosts(place, rate), records: await recordsCosts(place, rate) }
}

async function nginxCosts({ folder, work, file, upstreamPort }: Place, rate: number): Promise<Costs> {
  const port = upstreamPort + 1
  const { pid, stop } = start(cores.measured, 'nginx', await nginxArguments(folder, work, port, upstreamPort))
  try {
    await listening(port, work)
    const load = { file, origin: `https://127.0.0.1:${port}`, seconds, warm: 2 }
    const most = await underLoad({ ...load, rate: 0 }, pid)
    const onClock = await underLoad({ ...load, rate }, pid)
    return { onClock: each(onClock), most: each(most), perSecond: most.calls / most.seconds }
  } finally {
    await stop()
  }
}

/** The clock that begins the calls is taken off: nginx's is in another process. */
async function recordsCosts({ folder, file, image }: Place, rate: number): Promise<Costs> {
  const collector = await startCollector({ root: checkout, folder, file })
  const trail = await mkdtemp(join(folder, 'records-'))
  const args = [file, collector.port, trail, rate, seconds, warm].map(String)
  const { pid, line, stop } = startAsInPod(image, 'records-main.ts', args)
  const next = async (): Promise<{ used: number; calls: number }> => {
    await line()
    const before = await cpuSeconds(pid)
    const { calls } = JSON.parse(await line()) as { calls: number }
    return { used: (await cpuSeconds(pid)) - before, calls }
  }
  try {
    const onClock = await next()
    const clock = await next()
    const most = await next()
    return { onClock: each(onClock) - each(clock), most: each(most), perSecond: most.calls / seconds }
  } finally {
    await stop()
    await collector.stop()
  }
}

const each = ({ used, calls }: { used: number; calls: number }): number => (used / calls) * 1e6

if (import.meta.main)
  await tidying(async (folder) => {
    const [rounds = 3, rate = 1_500] = process.argv.slice(2).map(Number)
    const place = await aPlace(folder)
    const all: RecordsFigures[] = []
    for (let round = 1; round <= rounds; round++) {
      const figures = await recordsFigures(place, rate)
      console.error(`round ${round}/${rounds}  ${JSON.stringify(figures)}`)
      all.push(figures)
    }
    console.log(markdown([['what', 'figure', 'beside it'], ...recordsRows(all)]))
  })
