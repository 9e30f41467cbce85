// One target, fuzzed in a thread and watched from this one: an input that is never done is found like one that fails.

import { setInterval } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

/** Milliseconds for one input, after which it is never done. */
const longest = 15_000

/** `room`: how many inputs were begun and the size of the last, 4 bytes each, then that itself. */
export type Order = {
  name: string
  seed: number
  runs: number
  time: number
  blind: boolean
  room: SharedArrayBuffer
}
/** `input`: base64. */
export type Result = { runs: number; blocks: number; kept: number; failed?: { input: string; says: string } }

export async function watched(order: Omit<Order, 'room'>, patience: number = longest): Promise<Result> {
  const room = new SharedArrayBuffer(8 + 65_536)
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: { ...order, room } })
  const over = new AbortController()
  const done = new Promise<Result>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  }).finally(() => over.abort())
  return await Promise.race([done, neverDone(room, patience, over.signal)]).finally(
    () => void worker.terminate(),
  )
}

/** Resolves when the same input is read for so long; never when there is nothing to watch any more. */
async function neverDone(room: SharedArrayBuffer, patience: number, signal: AbortSignal): Promise<Result> {
  const [count, size] = [new Int32Array(room, 0, 1), new Int32Array(room, 4, 1)]
  let seen = 0
  try {
    for await (const _ of setInterval(patience, undefined, { signal })) {
      const now = Atomics.load(count, 0)
      if (now > 0 && now === seen) {
        const input = Buffer.from(room, 8, size[0]).toString('base64')
        return { runs: now, blocks: 0, kept: 0, failed: { input, says: `Not done after ${patience} ms` } }
      }
      seen = now
    }
  } catch {
    // Nothing to watch any more.
  }
  return await new Promise(() => undefined)
}
