// What of a partition counts for a chain, for whoever reads it: the log alone decides, by the order of its messages.
//
// A message without records is a claim: from there on only its writer's messages count, until the next claim. So a collector
// that hung and comes back may write what it likes. Of two messages for one index the first counts.

import { Corrupt } from '../commit.ts'
import { encodeFrame, frameAt } from '../frame.ts'
import type { Read } from './log.ts'

/** A chain as it stands before the message at `offset`: its next record, and whose messages count; undefined: anybody's. */
export type Tail = { next: number; owner: string | undefined; offset: bigint }

/** The value of a message that claims a chain for its writer. */
export const claimed: Buffer = encodeFrame(0, [])

/** Whether a message is a claim. */
export function isClaim({ value }: Pick<Read, 'value'>): boolean {
  return value.equals(claimed)
}

/** The chain after a message of its own, and the records that it adds. Throws `Corrupt` where one before it is missing. */
export function take(
  origin: string,
  { next, owner }: Tail,
  message: Omit<Read, 'key'>,
): { tail: Tail; records: Buffer[] } {
  const { offset, writer, value } = message
  const after = { next, owner, offset: offset + 1n }
  if (isClaim(message)) return { tail: { ...after, owner: writer }, records: [] }
  if (owner !== undefined && writer !== owner) return { tail: after, records: [] }
  const frame = frameAt(value, 0)
  if (typeof frame === 'string' || frame.from > next)
    throw new Corrupt(origin, `Record ${next} is missing, or broken`)
  const records = frame.records.slice(next - frame.from)
  return { tail: { ...after, next: next + records.length }, records }
}
