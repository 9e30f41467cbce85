// The one call of the bench, through whatever stands between caller and server.
//
//   node test/bench/calls-rows.ts [rounds] [seconds] [upstream|nginx|Local|Stream …]    (what Stream adds beside Local; writes no file)

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asInImage } from './as-in-image.ts'
import { underLoad } from './loading.ts'
import { cores, residentBytes, start } from './process.ts'
import { addedRatio, clockRate, type Figures } from './report.ts'
import { type Target, targets } from './targets.ts'
import { tidying } from './tidying.ts'
import { workAndTokens } from './work.ts'

/** One target, once: as fast as it goes for processor time, on a clock for latency, and for processor time beside that of another. */
export async function figuresOf(target: Target, file: string, seconds: number): Promise<Figures> {
  const warm = Math.min(3, seconds)
  const { pid, origin, stop } = await target.start()
  try {
    const most = await underLoad({ file, origin, rate: 0, seconds, warm }, pid)
    const memory = pid === undefined ? 0 : await residentBytes(pid)
    // It is warm by now, but for the connections.
    const steady = await underLoad({ file, origin, rate: clockRate, seconds, warm: warm / 3 }, pid)
    return {
      microseconds: (most.used / most.calls) * 1e6,
      perSecond: most.calls / most.seconds,
      onClock: (steady.used / steady.calls) * 1e6,
      p50: steady.p50,
      p99: steady.p99,
      memory,
    }
  } finally {
    await stop()
  }
}

/** On a line. */
export const saidOf = (name: string, figures: Figures): string =>
  `${name.padEnd(34)} ${figures.microseconds.toFixed(1)} µs CPU a call, ${figures.perSecond.toFixed(0)}/s at most, ` +
  `${figures.onClock.toFixed(1)} µs at ${clockRate}/s, p50 ${figures.p50.toFixed(2)} ms, p99 ${figures.p99.toFixed(2)} ms, ` +
  `${(figures.memory / 1e6).toFixed(0)} MB`

if (import.meta.main)
  await tidying(async (folder) => {
    const [rounds = '3', seconds = '7', ...only] = process.argv.slice(2)
    const file = join(folder, 'work.json')
    const upstreamPort = 20_000 + (process.pid % 10_000)
    const { work } = await workAndTokens(upstreamPort)
    await writeFile(file, JSON.stringify(work))
    const upstream = join(import.meta.dirname, 'upstream.ts')
    await start(cores.others, process.execPath, [upstream, file, String(upstreamPort)]).line()
    const all = targets({ folder, work, file, upstreamPort, image: await asInImage(folder) })
    const wanted = all.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)))
    const measured = new Map<string, Figures[]>(wanted.map(({ name }) => [name, []]))
    for (let round = 1; round <= Number(rounds); round++)
      for (const target of wanted) {
        const figures = await figuresOf(target, file, Number(seconds))
        measured.get(target.name)?.push(figures)
        console.log(`round ${round}/${rounds}  ${saidOf(target.name, figures)}`)
      }
    console.log(`What Stream adds (p50) is ${addedRatio(measured).toFixed(2)} × what Local adds.`)
  })
