// How long to wait before trying again, so that many programs do not come back in step.

/** Milliseconds before attempt `attempt` (0 is the first repetition): doubles from `least` to `most`, half of it random. */
export function backoff(attempt: number, least: number, most: number, random = Math.random): number {
  const full = Math.min(most, least * 2 ** Math.min(attempt, 30))
  return full / 2 + (full / 2) * random()
}
