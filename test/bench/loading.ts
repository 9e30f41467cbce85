// One run of the load beside what is measured, and what the measured process used meanwhile.

import { join } from 'node:path'
import type { Load } from './load.ts'
import { cores, cpuSeconds, start } from './process.ts'

export type LoadOptions = {
  /** The work as a file. */
  file: string
  origin: string
  /** Calls a second on a clock; 0: as fast as it goes. */
  rate: number
  seconds: number
  /** Seconds of the same load before it, uncounted. */
  warm: number
}

/**
 * Runs the load, warmed up first. `used` is the processor time of the process `pid` while the load was counted, seconds;
 * 0 without one. Rejects where a call failed: a figure would mean nothing.
 */
export async function underLoad(options: LoadOptions, pid?: number): Promise<Load & { used: number }> {
  const { file, origin, rate, seconds, warm } = options
  const run = start(cores.others, process.execPath, [
    join(import.meta.dirname, 'load.ts'),
    ...[file, origin, rate, seconds, warm].map(String),
  ])
  const spent = async (): Promise<number> => (pid === undefined ? 0 : await cpuSeconds(pid))
  await run.line()
  const before = await spent()
  const load = JSON.parse(await run.line()) as Load
  const used = (await spent()) - before
  if (load.failed > 0)
    throw new Error(
      `${load.failed} of ${load.calls + load.failed} calls failed; see what the sidecar says above`,
    )
  return { ...load, used }
}
