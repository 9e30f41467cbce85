// Waiting for what comes by itself.

import { setTimeout as sleep } from 'node:timers/promises'
import { backoff } from '../core/backoff.ts'

/** Tries until it works, at first about every second, then every ten. Rejects when `signal` aborts. */
export async function retry<T>(
  task: () => Promise<T>,
  failed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await task()
    } catch (error) {
      failed(error)
    }
    await sleep(backoff(attempt, 1000, 10_000), undefined, { signal })
  }
}
