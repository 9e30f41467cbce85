// What a process holds while it serves, and whether that grows: by ratios, so that it holds on any machine.

import { readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { residentBytes } from '../bench/process.ts'

/** Resident memory, bytes, and open descriptors. */
export type Footprint = { memory: number; descriptors: number }

/**
 * The least of some looks, `pauseMs` apart: garbage and connections that are about to close come and go, what leaks stays. Rejects
 * when the process ended.
 */
export async function footprintOf(pid: number, looks = 5, pauseMs = 1_000): Promise<Footprint> {
  const least = { memory: Infinity, descriptors: Infinity }
  for (let look = 0; look < looks; look += 1) {
    if (look > 0) await sleep(pauseMs)
    const descriptors = (await readdir(`/proc/${pid}/fd`)).length
    least.memory = Math.min(least.memory, await residentBytes(pid))
    least.descriptors = Math.min(least.descriptors, descriptors)
  }
  return least
}

/** In words, what is more than `ceiling` times what it was; empty where nothing is. */
export function outgrown(middle: Footprint, end: Footprint, ceiling: number): string[] {
  return (['memory', 'descriptors'] as const)
    .filter((what) => !(end[what] <= middle[what] * ceiling))
    .map((what) => `${what}: ${middle[what]} in the middle, ${end[what]} at the end`)
}
