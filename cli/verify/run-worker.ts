// A thread that reads runs of records for the verification of a large trail (run-pool.ts).

import { parentPort } from 'node:worker_threads'
import { type Job, type Run, readRun, type Slot } from './run.ts'

export type Asked = { id: number; slot: Slot; job: Job }
export type Answered = { id: number; run: Run }

parentPort?.on('message', ({ id, slot, job }: Asked) => {
  const answer: Answered = { id, run: readRun(slot, job) }
  parentPort?.postMessage(answer, [])
})
