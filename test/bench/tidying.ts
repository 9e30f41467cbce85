// A folder of one's own for a run, of which nothing stays: neither files nor programs that it started.

import { mkdtemp, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopAll } from './process.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs `body` with a new folder below the system's for temporary files. When it settles, and also when this process is
 * told to end, every program that it started has ended and the folder is gone; SIGKILL alone leaves them. Once a process.
 */
export async function tidying(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hipaa-mcp-bench-'))
  let tidied: Promise<void> | undefined
  const tidy = async (): Promise<void> => {
    tidied ??= (async () => {
      // Programs first: one that still runs writes into the folder while it is removed.
      await stopAll()
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    })()
    await tidied
  }
  const onSignal = (signal: (typeof signals)[number]): void =>
    void tidy().finally(() => process.exit(128 + constants.signals[signal]))
  for (const signal of signals) process.once(signal, onSignal)
  try {
    await body(folder)
  } finally {
    await tidy()
    for (const signal of signals) process.removeListener(signal, onSignal)
  }
}
