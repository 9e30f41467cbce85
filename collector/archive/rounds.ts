// The archive's rhythm: a round every few seconds, and after one that failed a pause that grows, up to five minutes. It gives
// up nothing and ends with the process.

import { setTimeout as sleep } from 'node:timers/promises'
import { backoff } from '../../core/backoff.ts'
import type { Archive } from './archive.ts'

const pauseMs = 5_000
const longestMs = 300_000

/** Resolves when `signal` aborts. `failed` is told the reason of every round in which something was left. */
export async function keepArchiving(
  archive: Pick<Archive, 'round' | 'trouble'>,
  failed: (reason: string) => void,
  signal: AbortSignal,
  pause = pauseMs,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; ) {
    const done = await archive.round()
    if (!done) failed(archive.trouble() ?? 'archive-away')
    const wait = done ? pause : backoff(attempt, Math.min(1000, pause), longestMs)
    attempt = done ? 0 : attempt + 1
    await sleep(wait, undefined, { signal }).catch(() => undefined)
  }
}
