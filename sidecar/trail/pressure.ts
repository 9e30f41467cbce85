// How near the trail is to taking no more: it warns, then no new call begins, then nothing is taken at all. Nothing that was
// acknowledged is ever dropped.

import { statfs } from 'node:fs/promises'
import { idOf, type Log } from '../log.ts'

/** `warn`: calls go on. `refuse`: no new call begins; what runs is recorded to its end. */
export type Pressure = { step: 'warn' | 'refuse' /** Kebab-case. */; reason: string }

/** Numbers for metrics. */
export const pressureSteps = { warn: 1, refuse: 2 } as const

/** The worse of two. */
export function worse(one: Pressure | undefined, other: Pressure | undefined): Pressure | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return pressureSteps[other.step] > pressureSteps[one.step] ? other : one
}

/** What only this pod has: bytes on its volume that the collector has not got, and for how long the oldest waits. */
export type Marks = {
  warn: { bytes: number; milliseconds: number }
  refuse: { bytes: number; milliseconds: number }
  /** Results and refusals have room up to here; beyond it nothing is taken. */
  full: { bytes: number }
}

const mega = 1024 * 1024
export const usualMarks: Marks = {
  warn: { bytes: 32 * mega, milliseconds: 120_000 },
  refuse: { bytes: 64 * mega, milliseconds: 600_000 },
  full: { bytes: 80 * mega },
}

/** Part of a volume that may be full of what the collector has not got. The rest is for the segment that comes next. */
const share = 0.75

/** The usual marks, or lower ones where the volume is small: it must not be full before calls are refused. */
export async function marksFor(folder: string): Promise<Marks> {
  const { blocks, bsize } = await statfs(folder)
  const scale = Math.min(1, (blocks * bsize * share) / usualMarks.full.bytes)
  const { warn, refuse, full } = usualMarks
  return {
    warn: { ...warn, bytes: Math.floor(warn.bytes * scale) },
    refuse: { ...refuse, bytes: Math.floor(refuse.bytes * scale) },
    full: { bytes: Math.floor(full.bytes * scale) },
  }
}

/**
 * How many segments may stay that the collector has, of so many bytes each: a volume holds as much as it may hold of what the
 * collector has not got. Three more are shipped, written and made ready.
 */
export function segmentsToKeep({ full }: Marks, size: number): number {
  return Math.max(0, Math.floor(full.bytes / size) - 3)
}

/** Says every change of the step in the log. Returns how to stop. */
export function tellPressure(read: () => Pressure | undefined, log: Log, every = 1_000): () => void {
  let last: Pressure['step'] | undefined
  const look = (): void => {
    const now = read()
    if (now?.step === last) return
    last = now?.step
    if (now === undefined) return log.info('The trail has room again')
    const { reason } = now
    if (now.step === 'warn')
      log.warn('The trail falls behind: soon no new call will be taken', { reason: idOf(reason) })
    else log.error('The trail is too far behind: no new call is taken', { reason: idOf(reason) })
  }
  const timer = setInterval(look, every)
  timer.unref()
  return () => clearInterval(timer)
}
