// One key at a time: a key that is added while it is being worked on is worked on once more, never twice at once.

import { backoff } from '../../core/backoff.ts'
import { codeOf, idOf, type Log } from '../log.ts'

export type QueueOptions = {
  name: string
  /** Rejecting means: again, later. Resolving with a number means: again in that many milliseconds. */
  work: (key: string) => Promise<number | undefined>
  concurrency?: number
  firstRetry?: number
  longestRetry?: number
  log: Log
  observe?: QueueObserver
}

export type QueueObserver = {
  added(): void
  retried(): void
  /** Seconds that a key waited, and that its work took. */
  worked(result: 'success' | 'error' | 'requeue_after', waited: number, took: number): void
}

export interface Queue {
  add(key: string): void
  /** Adds later; a key that is due sooner stays so. */
  addAfter(key: string, milliseconds: number): void
  start(): void
  /** Begins nothing new, and resolves when what runs has ended. Keys that waited are forgotten. */
  stop(): Promise<void>
  depth(): number
}

export function workQueue(options: QueueOptions): Queue {
  const { name, work, concurrency = 2, firstRetry = 200, longestRetry = 60_000, log, observe } = options
  /** Key -> when it was added, in order. */
  const waiting = new Map<string, number>()
  const busy = new Map<string, Promise<void>>()
  const failures = new Map<string, number>()
  const timers = new Map<string, { due: number; timer: NodeJS.Timeout }>()
  let running = false

  function add(key: string): void {
    if (waiting.has(key)) return
    waiting.set(key, performance.now())
    observe?.added()
    next()
  }

  function addAfter(key: string, milliseconds: number): void {
    const due = performance.now() + milliseconds
    const planned = timers.get(key)
    if (planned !== undefined && planned.due <= due) return
    clearTimeout(planned?.timer)
    // A delay beyond 24.8 days does not fit setTimeout, which would fire at once; the key is looked at earlier instead.
    const timer = setTimeout(
      () => {
        timers.delete(key)
        add(key)
      },
      Math.min(milliseconds, 2 ** 31 - 1),
    )
    timer.unref()
    timers.set(key, { due, timer })
  }

  function next(): void {
    if (!running) return
    for (const [key, since] of waiting) {
      if (busy.size >= concurrency) return
      // Stays in line: whoever works on it now saw the world before this key was added again.
      if (busy.has(key)) continue
      waiting.delete(key)
      busy.set(key, run(key, since))
    }
  }

  async function run(key: string, since: number): Promise<void> {
    const began = performance.now()
    const took = () => (performance.now() - began) / 1000
    try {
      const again = await work(key)
      failures.delete(key)
      if (again !== undefined) addAfter(key, again)
      observe?.worked(again === undefined ? 'success' : 'requeue_after', (began - since) / 1000, took())
    } catch (error) {
      const attempt = (failures.get(key) ?? 0) + 1
      failures.set(key, attempt)
      log.error('Work failed, trying again', {
        controller: idOf(name),
        key: idOf(key),
        attempt,
        error: codeOf(error),
      })
      observe?.worked('error', (began - since) / 1000, took())
      observe?.retried()
      addAfter(key, backoff(attempt - 1, firstRetry, longestRetry))
    } finally {
      busy.delete(key)
      next()
    }
  }

  return {
    add,
    addAfter,
    start: () => {
      running = true
      next()
    },
    stop: async () => {
      running = false
      await Promise.all(busy.values())
      waiting.clear()
      failures.clear()
      for (const { timer } of timers.values()) clearTimeout(timer)
      timers.clear()
    },
    depth: () => waiting.size,
  }
}
