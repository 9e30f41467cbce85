// Seals one stretch of a chain. The store is read twice, since the leaf hashes stand before the records: memory holds those,
// 2 MiB at most, and whatever the store reads at once.

import { randomBytes } from 'node:crypto'
import { type Hash, leafHash } from '../../core/merkle.ts'
import { saltBytes } from '../../core/sealed/chunked.ts'
import type { SealedSegment } from '../../core/sealed/sealed-segment.ts'
import { type SegmentHeader, sealSegment, segmentRecordsLimit } from '../../core/sealed/segment.ts'
import type { Store } from '../commit/commit.ts'
import type { Bounds, Stretch } from './chain-sealing.ts'
import { type DataKey, dropKey } from './data-key.ts'
import type { SealedFiles } from './files.ts'

export type SealWith = {
  store: Pick<Store, 'read'>
  files: SealedFiles
  bounds: Bounds
  makeKey: (origin: string) => Promise<DataKey>
  /** Newest cosigned note of the chain. */
  note: string | undefined
  /** Milliseconds since 1970. */
  now: () => number
}

/**
 * Resolves when a segment that begins where the stretch does is durable. It ends before the stretch where that is longer
 * than a segment may be. Its data key is dropped, whatever came of it.
 */
export async function seal(origin: string, stretch: Stretch, use: SealWith): Promise<SealedSegment> {
  const { from } = stretch
  let key = stretch.key
  try {
    const { leaves, bytes } = await survey(origin, stretch, use)
    key ??= await use.makeKey(origin)
    const to = from + leaves.length
    const header: SegmentHeader = {
      origin,
      segment: key.segment,
      from,
      to,
      bytes,
      sealedAt: new Date(use.now()).toISOString(),
      keyId: key.keyId,
      wrapped: key.wrapped.toString('base64'),
      ...(use.note === undefined ? {} : { checkpoint: use.note }),
    }
    const records = use.store.read(origin, from, to)
    const secrets = { dataKey: key.bytes, salt: randomBytes(saltBytes) }
    return await use.files.write(header, sealSegment(header, leaves, records, secrets))
  } finally {
    dropKey(key)
  }
}

/** Leaves and bytes of the records that go into one segment. What was let in under a key goes together as far as it may. */
async function survey(
  origin: string,
  { from, to, key }: Stretch,
  { store, bounds }: SealWith,
): Promise<{ leaves: Hash[]; bytes: number }> {
  const most =
    key === undefined ? bounds : { bytes: Number.POSITIVE_INFINITY, records: Number.POSITIVE_INFINITY }
  const limit = Math.min(segmentRecordsLimit, most.records)
  const leaves: Hash[] = []
  let bytes = 0
  for await (const records of store.read(origin, from, to))
    for (const record of records) {
      const more = bytes + record.length + 1
      if (leaves.length > 0 && (leaves.length >= limit || more > most.bytes)) return { leaves, bytes }
      leaves.push(leafHash(record))
      bytes = more
    }
  return { leaves, bytes }
}
