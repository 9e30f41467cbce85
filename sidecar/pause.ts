// Waiting.

import { setTimeout as sleep } from 'node:timers/promises'

/** Rejects with AbortError when the signal fires. Keeps the process alive. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, signal === undefined ? {} : { signal })
}
