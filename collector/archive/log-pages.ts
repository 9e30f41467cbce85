// The registry log goes into the archive in the clear, a stretch of records at a time, each with the checkpoint at its end:
// it is what proves every other object there, to whoever has no key. It names servers, pods and the people who exported or
// asked for a hold, and no patient.

import { createHash } from 'node:crypto'
import { type Body, bodyOf } from '../../core/archive/body.ts'
import { keyOfCheckpoint, keyOfRecords } from '../../core/archive/keys.ts'
import type { RegistryEntry } from '../registry.ts'
import type { Bucket } from './bucket.ts'
import { keep, type Wanted } from './keep.ts'

/** Records of the log from one index to another, as the store has them. */
export type ReadLog = (from: number, to: number) => AsyncIterable<readonly Buffer[]>

/** Resolves to what the log is to say of it. `signed`: the log's own newest note. */
export async function keepLog(
  bucket: Bucket,
  { prefix, place }: { prefix: string; place: string },
  { from, signed, read }: { from: number; signed: { size: number; note: string }; read: ReadLog },
  wanted: Wanted,
): Promise<RegistryEntry> {
  const to = signed.size
  const records = await bodyOfLog(() => read(from, to))
  const { sha256, bytes } = records
  const kept = await keep(bucket, keyOfRecords(prefix, { from, to, sha256 }), records, wanted)
  const note = bodyOf(Buffer.from(signed.note))
  const at = await keep(bucket, keyOfCheckpoint(prefix, { size: to, sha256: note.sha256 }), note, wanted)
  return {
    kind: 'registry-archived',
    place,
    from,
    to,
    bytes,
    sha256,
    version: kept.version,
    until: new Date(Math.min(kept.until, at.until)).toISOString(),
    checkpoint: { bytes: note.bytes, sha256: note.sha256, version: at.version },
  }
}

/** Records, one a line. Read once for length and hash, and again for each put: they never change. */
async function bodyOfLog(read: () => AsyncIterable<readonly Buffer[]>): Promise<Body> {
  async function* lines(): AsyncGenerator<Buffer> {
    for await (const records of read()) yield Buffer.concat(records.flatMap((record) => [record, newline]))
  }
  const digest = createHash('sha256')
  let bytes = 0
  for await (const chunk of lines()) {
    digest.update(chunk)
    bytes += chunk.length
  }
  return { bytes, sha256: digest.digest('hex'), read: lines }
}

const newline = Buffer.from('\n')
