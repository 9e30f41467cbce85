// Fuzzes one target in a thread of its own, so that its coverage is of nothing else, and that somebody watches who does not hang.

import { parentPort, workerData } from 'node:worker_threads'
import { coverage } from './coverage.ts'
import { fuzz } from './loop.ts'
import { planted } from './planted.ts'
import { targets } from './targets.ts'
import type { Order, Result } from './watched.ts'

const { name, seed, runs, time, blind, room } = workerData as Order
const target = targets[name] ?? planted[name]
if (target === undefined) throw new Error(`There is no target ${name}`)
const [count, size] = [new Int32Array(room, 0, 1), new Int32Array(room, 4, 1)]
const bytes = Buffer.from(room, 8)

const read = blind
  ? undefined
  : coverage(['/core/', '/sidecar/', '/operator/', '/dns-packet/', '/fuzz/planted'])
const { failed, ...done } = await fuzz(
  target,
  {
    seed,
    runs,
    time,
    begins: (input) => {
      size[0] = input.copy(bytes)
      Atomics.add(count, 0, 1)
    },
  },
  read,
)
const told: Result = {
  ...done,
  ...(failed === undefined
    ? {}
    : {
        failed: {
          input: failed.input.toString('base64'),
          says: String((failed.cause as Error).stack ?? failed.cause),
        },
      }),
}
parentPort?.postMessage(told, [])
