// How long one call waits for its two records, one call at a time: on the pod's own volume (Local), and at a collector with
// the embedded store on the same node (Stream). Turn by turn.

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Authority } from '../../operator/authority/ca.ts'
import { beginTrail, type RunningTrail } from '../../sidecar/trail/begin.ts'
import { anIntent, aResult } from '../core/records.ts'
import { quantile } from './comparison.ts'
import { aBenchCollector, aCaller } from './store-load.ts'

export type Acknowledged = { p50: number }

const onOver = (why: Error): never => {
  throw why
}

export async function acknowledging(of: {
  authority: Authority
  work: string
  folder: string
  rounds: number
  seconds: number
}): Promise<[string, Acknowledged][]> {
  const at = join(of.folder, 'on-this-node')
  mkdirSync(at)
  const { child, port } = await aBenchCollector(of.work, at)
  const modes: ['Local' | 'Stream', RunningTrail, number[]][] = []
  try {
    for (const acknowledge of ['Local', 'Stream'] as const) {
      const folder = join(of.folder, acknowledge)
      mkdirSync(folder)
      const { client: collector } = await aCaller(of.authority, port)
      const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
      modes.push([
        acknowledge,
        await beginTrail({ acknowledge, folder, collector, version: 'bench', onOver, log }),
        [],
      ])
    }
    for (let round = 0; round <= of.rounds; round++)
      for (const [, { chain }, times] of modes) {
        const until = performance.now() + of.seconds * 1000
        while (performance.now() < until) {
          const call = randomUUID()
          const { schema: _, at: __, ...intent } = anIntent(call)
          const { schema: ___, at: ____, ...result } = aResult(call)
          const began = performance.now()
          await chain.intend(intent)
          await chain.settle(result)
          if (round > 0) times.push(performance.now() - began)
        }
      }
    for (const [, trail] of modes) await trail.close()
    return modes.map(([name, , times]) => [name, { p50: quantile(times) }])
  } finally {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
}
