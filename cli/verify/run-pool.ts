// Threads that read runs of records, for trails that are worth the start of them; without any, runs are read where they are asked for.

import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type Job, newSlot, type Run, readRun, type Slot } from './run.ts'
import type { Answered, Asked } from './run-worker.ts'

/** More would wait for the one that reads the files and judges. */
const threadsAtMost = 4
/** A trail of fewer bytes is verified before threads have begun. */
const worthBytes = 24 * 1024 * 1024

export class RunPool {
  readonly #workers: Worker[] = []
  readonly #waiting = new Map<number, PromiseWithResolvers<Run>>()
  readonly #free: Slot[] = []
  #next = 0
  #failed: Error | undefined

  /** `bytes`: how much there is to read. */
  constructor(bytes: number, threads = availableParallelism()) {
    if (bytes < worthBytes || threads < 2) return
    for (let i = 0; i < Math.min(threads, threadsAtMost); i += 1) {
      const worker = new Worker(new URL('./run-worker.ts', import.meta.url))
      worker.on('message', ({ id, run }: Answered) => {
        this.#waiting.get(id)?.resolve(run)
        this.#waiting.delete(id)
      })
      worker.on('error', (error: Error) => this.#fail(error))
      this.#workers.push(worker)
    }
  }

  /** How many runs of one chain are worth being under way at once. */
  get depth(): number {
    return this.#workers.length + 2
  }

  /** Memory of a run, to be given back. */
  take(): Slot {
    return this.#free.pop() ?? newSlot()
  }

  giveBack(slot: Slot): void {
    this.#free.push(slot)
  }

  async run(slot: Slot, job: Job): Promise<Run> {
    if (this.#failed !== undefined) throw this.#failed
    if (this.#workers.length === 0) return readRun(slot, job)
    const id = this.#next++
    const waiting = Promise.withResolvers<Run>()
    this.#waiting.set(id, waiting)
    const asked: Asked = { id, slot, job }
    ;(this.#workers[id % this.#workers.length] as Worker).postMessage(asked, [])
    return await waiting.promise
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(async (worker) => await worker.terminate()))
  }

  #fail(error: Error): void {
    this.#failed = error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
