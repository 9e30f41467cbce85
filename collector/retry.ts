// Waiting for what comes by itself.

import { setTimeout as sleep } from 'node:timers/promises'

/** Tries until it works, at first every second, then every ten. Rejects when `signal` aborts. */
export async function retry<T>(
  task: () => Promise<T>,
  failed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await task()
    } catch (error) {
      failed(error)
    }
    await sleep(Math.min(10_000, 1000 * tries), undefined, { signal })
  }
}
