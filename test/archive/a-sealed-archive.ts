// An archive of segments that are really sealed, in a bucket in memory, and a reader over it.

import type { ArchiveReader } from '../../cli/verify-archive/reader.ts'
import type { Bucket } from '../../collector/archive/bucket.ts'
import type { KeyWrapper } from '../../collector/kms/key-wrapper.ts'
import { SealedFiles } from '../../collector/sealing/files.ts'
import type { Witnesses } from '../../collector/witnesses/witnesses.ts'
import type { AuditRecord } from '../../core/record.ts'
import { aFolder, Process } from '../collector/a-trail.ts'
import { aKms } from '../collector/sealing/a-kms.ts'
import { aClose, aRefusal } from '../core/records.ts'
import type { MemoryBucket } from './a-bucket.ts'
import { type Archiving, anArchive } from './an-archive.ts'

export type SealedArchive = Archiving & {
  /** Closed itself; every record is sealed and archived. */
  closed: Process
  /** Lives; some of its records are archived. */
  live: Process
  /** Those of `calls`. */
  callers: Process[]
  /** Who wrapped the data keys. */
  wrapper: KeyWrapper
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** Four records a segment. Sealed and archived when it resolves, with the registry log. */
export async function aSealedArchive(
  bucket: Bucket,
  said: Parameters<typeof anArchive>[1] & {
    /** Called before the first record. */ known?: (of: Witnesses) => void
    /** Of processes besides: what each records after its start. */
    calls?: readonly (readonly AuditRecord[])[]
  } = {},
): Promise<SealedArchive> {
  const { wrapper } = aKms()
  const archiving = await anArchive(bucket, {
    ...said,
    sealing: {
      wrapper,
      files: new SealedFiles(aFolder()),
      bounds: { bytes: 1024 * 1024, records: 4, ageMs: 3_600_000 },
      developmentOnly: false,
      log: silent as never,
    },
  })
  const { trail, archive, clock } = archiving
  if (trail.witnesses !== undefined) said.known?.(trail.witnesses)
  const closed = await Process.started(trail)
  await write(closed, 9)
  await closed.write(aClose())
  await closed.checkpoint()
  const live = await Process.started(trail)
  await write(live, 6)
  await live.checkpoint()
  const callers: Process[] = []
  for (const records of said.calls ?? []) {
    const caller = await Process.started(trail)
    for (const record of records) await caller.write(record)
    await caller.checkpoint()
    callers.push(caller)
  }
  clock.now += 11_000
  await trail.sweep()
  await trail.sealing?.sweep()
  await archive.round()
  // What the log says of the first round is archived with the next.
  clock.now += 1_000_000
  await trail.hold('clinic', 'ehr', 'officer')
  await archive.round()
  return { ...archiving, closed, live, callers, wrapper }
}

async function write(process: Process, records: number): Promise<void> {
  for (let i = 0; i < records; i++) await process.write(aRefusal(`c${process.records.length}`))
}

/** Reads what lies in memory, as a reader of S3 does. */
export function readerOf(bucket: MemoryBucket): ArchiveReader {
  return {
    async *below(prefix) {
      for (const [key, versions] of [...bucket.objects].toSorted(([a], [b]) => (a < b ? -1 : 1)))
        if (key.startsWith(prefix)) for (const { id } of versions) yield { key, version: id }
    },
    kept: async ({ key, version }) => await bucket.kept(key, version),
    read: async ({ key, version }) => {
      const bytes = await bucket.read(key, version)
      return { [Symbol.asyncIterator]: () => bytes[Symbol.asyncIterator](), close: () => undefined }
    },
  }
}
