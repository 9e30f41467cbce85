// How long to wait before trying again, so that many sidecars do not come back in step.

import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds before attempt `attempt` (0 is the first repetition): doubles from `least` to `most`, half of it random. */
export function backoff(attempt: number, least: number, most: number): number {
  const full = Math.min(most, least * 2 ** Math.min(attempt, 20))
  return full / 2 + (Math.random() * full) / 2
}

/** Waits; rejects with AbortError when the signal fires. Keeps the process alive. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, signal === undefined ? {} : { signal })
}
