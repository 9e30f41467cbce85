// A sealed segment: records of one chain from one index to another, encrypted for the archive. docs/sealed-segments.md has
// the format for those who write their own reader.
//
//   hipaa-mcp.dev/sealed-segment/1 LF
//   header, canonical JSON LF
//   leaf hashes of the records, 32 bytes each, in the clear: the Merkle tree is checked without a key
//   records, one a line, by C2SP chunked-encryption under the segment's data key; its context is the SHA-256 of all above
//   SHA-256 of all above
//
// Whoever has no key finds every accidental change by the last line, and every other by the hash in the registry log, which
// is signed. With the key each byte is authentic by itself: what stands before the records is bound into their keys.

import { createHash } from 'node:crypto'
import { canonical } from '../canonical.ts'
import { type Hash, leafHash } from '../merkle.ts'
import { count, holds, optional, type Shape, text } from '../shape.ts'
import { ByteReader, Ended } from './byte-reader.ts'
import { ChunksDamaged, decryptChunks, encryptChunks, encryptedBytes } from './chunked.ts'

const firstLine = 'hipaa-mcp.dev/sealed-segment/1'
const hashBytes = 32
const newline = Buffer.from('\n')
/** A header's longest line, bytes. */
const headerLimit = 65_536

/** Records of a segment at most: their leaf hashes are held in memory, 2 MiB. */
export const segmentRecordsLimit = 65_536

/** What stands in the clear in front of the records. */
export type SegmentHeader = {
  origin: string
  /** Names the segment among all that were ever begun. A UUID. */
  segment: string
  /** Index of the first record. */
  from: number
  /** Index after the last record. */
  to: number
  /** Of the records with a line feed behind each. */
  bytes: number
  /** RFC 3339, UTC, milliseconds. */
  sealedAt: string
  /** Identifier of the key that wrapped the data key, as the key's holder gives it. */
  keyId: string
  /** The data key as it came from the key's holder, base64. */
  wrapped: string
  /** Newest cosigned note of the chain when this was sealed; it may cover less or more than the segment. */
  checkpoint?: string
}

const headerShape: Shape<SegmentHeader> = {
  origin: text,
  segment: text,
  from: count,
  to: count,
  bytes: count,
  sealedAt: text,
  keyId: text,
  wrapped: text,
  checkpoint: optional(text),
}

export type SegmentFault =
  | 'not-a-segment'
  | 'truncated'
  | 'changed'
  | 'wrong-key'
  | 'chunk-changed'
  | 'record-not-leaf'

const says: { [fault in SegmentFault]: string } = {
  'not-a-segment': 'This is no sealed segment of this version',
  truncated: 'The segment’s end is missing',
  changed: 'The segment is not what was sealed: its hash is another',
  'wrong-key': 'The data key is another, or what stands before the records was changed',
  'chunk-changed': 'A part of the records is not what was sealed',
  'record-not-leaf': 'The records are not those whose leaf hashes stand before them',
}

/** The bytes are not the segment that was sealed. */
export class SegmentDamaged extends Error {
  readonly fault: SegmentFault
  constructor(fault: SegmentFault, options?: ErrorOptions) {
    super(says[fault], options)
    this.name = 'SegmentDamaged'
    this.fault = fault
  }
}

/**
 * What the wrapping of a data key is bound to: it opens for this segment alone. AWS KMS: the encryption context; elsewhere
 * additional authenticated data, the canonical JSON of it.
 */
export type KeyContext = { origin: string; segment: string }

/** Bytes of a whole sealed segment. */
export function sealedBytes(header: SegmentHeader): number {
  const records = header.to - header.from
  return headBytes(header).length + records * hashBytes + encryptedBytes(header.bytes) + hashBytes
}

/**
 * The bytes of a segment, as a stream. `leaves` are the leaf hashes of its records; throws when the records are others.
 * `salt`: 24 random bytes.
 */
export async function* sealSegment(
  header: SegmentHeader,
  leaves: readonly Hash[],
  records: AsyncIterable<readonly Uint8Array[]>,
  { dataKey, salt }: { dataKey: Uint8Array; salt: Uint8Array },
): AsyncGenerator<Buffer> {
  const digest = createHash('sha256')
  const head = Buffer.concat([headBytes(header), ...leaves])
  digest.update(head)
  yield head
  const context = createHash('sha256').update(head).digest()
  let at = 0
  let bytes = 0
  async function* plain(): AsyncGenerator<Buffer> {
    for await (const group of records) {
      for (const record of group) {
        if (leaves[at++]?.equals(leafHash(record)) !== true) throw new SegmentDamaged('record-not-leaf')
        bytes += record.length + 1
      }
      yield Buffer.concat(group.flatMap((record) => [record, newline]))
    }
    if (at !== leaves.length || at !== header.to - header.from || bytes !== header.bytes)
      throw new SegmentDamaged('record-not-leaf')
  }
  for await (const chunk of encryptChunks(plain(), { key: dataKey, salt, context })) {
    digest.update(chunk)
    yield chunk
  }
  yield digest.digest()
}

export type SegmentReading = {
  header: SegmentHeader
  /** In order of the records. Believe them when `check` or `records` has come to its end. */
  leaves: readonly Hash[]
  /** Reads on to the end and says whether the bytes are those that were written; needs no key, and proves no authorship. */
  check: () => Promise<void>
  /**
   * The records, in order, each compared with its leaf. Throws `SegmentDamaged`; before it ends it is not known whether
   * records are missing at the end.
   */
  records: (dataKey: Uint8Array) => AsyncGenerator<Buffer[]>
}

/** Begins to read a segment; of `check` and `records` one is used, once. Throws `SegmentDamaged`. */
export async function readSegment(source: AsyncIterable<Uint8Array>): Promise<SegmentReading> {
  const reader = new ByteReader(source)
  const digest = createHash('sha256')
  return await damaged(async () => {
    const { header, head } = await readHead(reader)
    const table = await reader.take((header.to - header.from) * hashBytes)
    digest.update(head).update(table)
    const context = createHash('sha256').update(head).update(table).digest()
    const leaves = Array.from({ length: header.to - header.from }, (_, i) =>
      table.subarray(i * hashBytes, (i + 1) * hashBytes),
    )
    async function* encrypted(): AsyncGenerator<Buffer> {
      for await (const bytes of reader.pieces(encryptedBytes(header.bytes))) {
        digest.update(bytes)
        yield bytes
      }
    }
    const end = async (): Promise<void> => {
      const told = await reader.take(hashBytes)
      if (!told.equals(digest.digest()) || !(await reader.atEnd())) throw new SegmentDamaged('changed')
    }
    return {
      header,
      leaves,
      check: async () =>
        await damaged(async () => {
          for await (const _ of encrypted());
          await end()
        }),
      async *records(dataKey) {
        const plain = decryptChunks(encrypted(), { key: dataKey, context })
        const checked = inOrder(plain, leaves)
        for (;;) {
          const next = await damaged(async () => await checked.next())
          if (next.done === true) break
          yield next.value
        }
        await damaged(end)
      },
    }
  })
}

/** Lines of the plain text, each the record that its leaf says. */
async function* inOrder(plain: AsyncIterable<Buffer>, leaves: readonly Hash[]): AsyncGenerator<Buffer[]> {
  let held: Buffer = Buffer.alloc(0)
  let at = 0
  for await (const bytes of plain) {
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes])
    const records: Buffer[] = []
    let from = 0
    for (let end = held.indexOf(0x0a); end >= 0; end = held.indexOf(0x0a, from)) {
      const record = held.subarray(from, end)
      if (leaves[at++]?.equals(leafHash(record)) !== true) throw new SegmentDamaged('record-not-leaf')
      records.push(record)
      from = end + 1
    }
    held = held.subarray(from)
    if (records.length > 0) yield records
  }
  if (at !== leaves.length || held.length > 0) throw new SegmentDamaged('record-not-leaf')
}

function headBytes(header: SegmentHeader): Buffer {
  return Buffer.from(`${firstLine}\n${canonical(header)}\n`)
}

async function readHead(reader: ByteReader): Promise<{ header: SegmentHeader; head: Buffer }> {
  const first = await reader.line(firstLine.length)
  if (first?.toString('latin1') !== firstLine) throw new SegmentDamaged('not-a-segment')
  const line = await reader.line(headerLimit)
  const header = line === undefined ? undefined : headerOf(line)
  if (line === undefined || header === undefined) throw new SegmentDamaged('not-a-segment')
  return { header, head: Buffer.concat([first, newline, line, newline]) }
}

function headerOf(line: Buffer): SegmentHeader | undefined {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line))
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || !holds({ ...value }, headerShape)) return undefined
  const header = value as SegmentHeader
  const records = header.to - header.from
  const sound = records > 0 && records <= segmentRecordsLimit && Buffer.from(canonical(header)).equals(line)
  return sound ? header : undefined
}

/** Whatever the layers below say, as one kind of error. */
async function damaged<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    if (error instanceof Ended) throw new SegmentDamaged('truncated', { cause: error })
    if (error instanceof ChunksDamaged) throw new SegmentDamaged(error.fault, { cause: error })
    throw error
  }
}
