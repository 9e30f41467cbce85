// The registry log goes into the archive in the clear, a stretch of records at a time, each with the checkpoint at its end:
// it is what proves every other object there, to whoever has no key. It names servers, pods and the people who exported or
// asked for a hold, and no patient.

import { createHash } from 'node:crypto'
import { type Body, bodyOf } from '../../core/archive/body.ts'
import { keyOfCheckpoint, keyOfRecords, keyOfWitnessed } from '../../core/archive/keys.ts'
import { parseNote } from '../../core/checkpoint.ts'
import type { RegistryEntry } from '../registry.ts'
import type { Bucket } from './bucket.ts'
import { keep, type Wanted } from './keep.ts'

/** Records of the log from one index to another, as the store has them. */
export type ReadLog = (from: number, to: number) => AsyncIterable<readonly Buffer[]>

export type LogToKeep = {
  /** Records before it are in the archive. */
  from: number
  /** The log's own newest note. */
  signed: { size: number; note: string }
  /** What witnesses outside the cluster signed of it, where anybody is asked. */
  witnessed: string | undefined
  read: ReadLog
}

/** Resolves to what the log is to say of it. */
export async function keepLog(
  bucket: Bucket,
  { prefix, place }: { prefix: string; place: string },
  { from, signed, witnessed, read }: LogToKeep,
  wanted: Wanted,
): Promise<Extract<RegistryEntry, { kind: 'registry-archived' }>> {
  const to = signed.size
  const records = await bodyOfLog(() => read(from, to))
  const { sha256, bytes } = records
  const kept = await keep(bucket, keyOfRecords(prefix, { from, to, sha256 }), records, wanted)
  const note = bodyOf(Buffer.from(signed.note))
  const at = await keep(bucket, keyOfCheckpoint(prefix, { size: to, sha256: note.sha256 }), note, wanted)
  if (witnessed !== undefined) {
    const outside = bodyOf(Buffer.from(witnessed))
    const size = parseNote(witnessed).checkpoint.size
    await keep(bucket, keyOfWitnessed(prefix, { size, sha256: outside.sha256 }), outside, wanted)
  }
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
