// When checkpoints are signed: soon after the chain grew, and again while it is idle, so that nobody can cut off the end
// of a quiet chain and call it quiet.

import { codeOf, type Log } from '../log.ts'
import { pause } from '../pause.ts'
import type { Chain } from './chain.ts'
import { ChainOver, type Home } from './home.ts'

export type CheckpointOptions = {
  chain: Pick<Chain, 'checkpoint' | 'size'>
  home: Pick<Home, 'witness'>
  onOver: (over: ChainOver) => void
  log: Log
  /** Milliseconds. `grown`: at most so long after the first new record. `idle`: heartbeat. `again`: after a failure. */
  periods?: { grown: number; idle: number; again: number }
}

export interface Checkpoints {
  /** Signs a last one and ends. Rejects when it was not taken. */
  close(): Promise<void>
}

export function keepCheckpoints(options: CheckpointOptions): Checkpoints {
  const { chain, home, log, periods = { grown: 5_000, idle: 10_000, again: 1_000 } } = options
  const over = new AbortController()
  let last = { size: 0, at: performance.now() }

  async function sign(): Promise<void> {
    const { size } = chain
    // A chain without a record has no head yet.
    if (size === 0) return
    await home.witness(chain.checkpoint())
    last = { size, at: performance.now() }
  }

  async function run(): Promise<void> {
    let wait = periods.grown
    while (!over.signal.aborted) {
      await pause(wait, over.signal)
      wait = periods.grown
      if (chain.size === last.size && performance.now() - last.at < periods.idle - periods.grown / 2) continue
      try {
        await sign()
      } catch (error) {
        if (error instanceof ChainOver) return options.onOver(error)
        log.warn('A checkpoint was not taken; signing again', { error: codeOf(error) })
        wait = periods.again
      }
    }
  }

  const running = run().catch((error: unknown) => {
    if (!over.signal.aborted) log.error('The checkpoint loop ended', { error: codeOf(error) })
  })
  return {
    async close() {
      over.abort()
      await running
      await sign()
    },
  }
}
