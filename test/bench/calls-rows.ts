// The one call of the bench, through whatever stands between caller and server.
//
//   node test/bench/calls-rows.ts [rounds] [seconds] [upstream|nginx|Local|Stream …]    (what Stream adds beside Local; writes no file)

import { underLoad } from './loading.ts'
import { aPlace } from './place.ts'
import { residentBytes } from './process.ts'
import { addedRatio, clockRate, type Figures } from './report.ts'
import { type Target, targets } from './targets.ts'
import { tidying } from './tidying.ts'

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
    const place = await aPlace(folder)
    const all = targets(place)
    const wanted = all.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)))
    const measured = new Map<string, Figures[]>(wanted.map(({ name }) => [name, []]))
    for (let round = 1; round <= Number(rounds); round++)
      for (const target of wanted) {
        const figures = await figuresOf(target, place.file, Number(seconds))
        measured.get(target.name)?.push(figures)
        console.log(`round ${round}/${rounds}  ${saidOf(target.name, figures)}`)
      }
    if (only.length === 0)
      console.log(`What Stream adds (p50) is ${addedRatio(measured).toFixed(2)} × what Local adds.`)
  })
