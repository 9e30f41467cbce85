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

const [seconds, warm] = [3, 3]

/** Processor time of both records of a call, `Local`, at so many calls a second, µs. */
export async function recordsMicroseconds({ folder, file, image }: Place, rate: number): Promise<number> {
  const collector = await startCollector({ root: checkout, folder, file })
  const trail = await mkdtemp(join(folder, 'records-'))
  const args = [file, collector.port, trail, rate, seconds, warm].map(String)
  const { pid, line, stop } = startAsInPod(image, 'records-main.ts', args)
  try {
    await line()
    const before = await cpuSeconds(pid)
    const { calls } = JSON.parse(await line()) as { calls: number }
    return (((await cpuSeconds(pid)) - before) / calls) * 1e6
  } finally {
    await stop()
    await collector.stop()
  }
}
