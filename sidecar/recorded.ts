// Waits for the trail, but not for ever: a trail that hangs serves nobody.

import { Refusal } from './refusals.ts'

/** Longest wait for one record, milliseconds. */
export const recordDeadline = 10_000

/** Resolves with the record's acknowledgement. Rejects with `trail-unavailable` when it fails or is late. */
export async function recorded(acknowledgement: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('late')), recordDeadline)
  })
  try {
    await Promise.race([acknowledgement, late])
  } catch (cause) {
    throw new Refusal('trail-unavailable', { cause, headers: { 'retry-after': '5' } })
  } finally {
    clearTimeout(timer)
  }
}
