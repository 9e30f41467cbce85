// Legal holds: what a person asked for is a record of the registry log first, and is then done to every segment in the
// archive that it concerns, from the first to the last, until the log says that it was done. A crash in between begins anew.

import { keyOfCheckpoint, keyOfRecords, keyOfSegment } from '../../core/archive/keys.ts'
import { parseRecord } from '../../core/record.ts'
import type { RegistryEntry } from '../registry.ts'
import type { Bucket } from './bucket.ts'
import { setHold } from './keep.ts'
import type { ReadLog } from './log-pages.ts'
import type { ArchiveState, Hold, InArchive } from './state.ts'

/** Brings every object that this hold concerns into the state that all holds together ask for. Resolves to what was done. */
export async function applyHold(
  bucket: Bucket,
  { prefix, place }: { prefix: string; place: string },
  { hold, state, log, size }: { hold: Hold; state: ArchiveState; log: ReadLog; size: number },
): Promise<RegistryEntry> {
  const asked = hold.state
  let segments = 0
  for await (const records of log(0, size))
    for (const bytes of records) {
      const record = parseRecord(bytes)
      if (record.kind !== 'archived' && record.kind !== 'registry-archived') continue
      // What lies in a bucket of before is not reached from here.
      if (record.place !== place) continue
      const at = Date.parse(record.at)
      if (record.kind === 'archived' && !state.concerns(hold, record.origin, at)) continue
      const on = record.kind === 'archived' ? state.isHeld(record.origin, at) : state.isAnyHeld()
      for (const { key, version } of objectsOf(prefix, record)) await setHold(bucket, key, version, on)
      if (record.kind === 'archived') segments += 1
    }
  return { kind: 'legal-hold-applied', hold: hold.hold, state: asked, segments }
}

function objectsOf(prefix: string, record: InArchive): { key: string; version: string }[] {
  const { version } = record
  if (record.kind === 'archived') return [{ key: keyOfSegment(prefix, record), version }]
  const { to: size, checkpoint } = record
  return [
    { key: keyOfRecords(prefix, record), version },
    { key: keyOfCheckpoint(prefix, { size, ...checkpoint }), version: checkpoint.version },
  ]
}
