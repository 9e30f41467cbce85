// Waits for the trail, but not for ever: a trail that hangs serves nobody.

import { RecordTooLarge } from '../core/record.ts'
import { Refusal } from './refusals.ts'

/** Longest wait for one record, milliseconds. */
export const recordDeadline = 10_000

/**
 * Resolves with the record's acknowledgement. Rejects with `trail-unavailable` when it fails or is late, and with
 * `record-too-large` where it would fail each time.
 */
export async function recorded(acknowledgement: Promise<void>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown): void => {
      clearTimeout(timer)
      reject(
        cause instanceof RecordTooLarge
          ? new Refusal('record-too-large', { cause })
          : new Refusal('trail-unavailable', { cause, headers: { 'retry-after': '5' } }),
      )
    }
    // An error is made where one is thrown: its stack costs more than the record does.
    const timer = setTimeout(() => fail(new Error('late')), recordDeadline)
    acknowledgement.then(() => {
      clearTimeout(timer)
      resolve()
    }, fail)
  })
}
