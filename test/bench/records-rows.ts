// What both records of a call cost by themselves: in a process that does nothing else, at the rate of the sidecar's calls, so that
// as many of them are kept together.

import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { checkout } from '../../config/image/base.ts'
import { cpuSeconds } from './process.ts'
import { startAsInPod, startCollector } from './sidecar.ts'

type Place = {
  folder: string
  /** The work as a file. */
  file: string
  /** Sources as the image holds them. */
  image: string
}

/** A pod serves for days: most of what its compiler does, it does in the first seconds. */
const [seconds, warm] = [5, 10]

/** Processor time of both records of a call, `Local`, at so many calls a second, µs. The clock that begins the calls is taken off. */
export async function recordsMicroseconds({ folder, file, image }: Place, rate: number): Promise<number> {
  const collector = await startCollector({ root: checkout, folder, file })
  const trail = await mkdtemp(join(folder, 'records-'))
  const args = [file, collector.port, trail, rate, seconds, warm].map(String)
  const { pid, line, stop } = startAsInPod(image, 'records-main.ts', args)
  const perCall = async (): Promise<number> => {
    const before = await cpuSeconds(pid)
    const { calls } = JSON.parse(await line()) as { calls: number }
    return (((await cpuSeconds(pid)) - before) / calls) * 1e6
  }
  try {
    await line()
    const records = await perCall()
    await line()
    return records - (await perCall())
  } finally {
    await stop()
    await collector.stop()
  }
}
