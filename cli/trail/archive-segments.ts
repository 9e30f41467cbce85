// Segments of an archive, opened when their records are wanted and not before: whose data key was asked for is on record. Only a segment
// that has the hash of the registry log is believed.

import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { keyOfSegment } from '../../core/archive/keys.ts'
import type { Location } from '../../core/archive/location.ts'
import type { Archived } from '../../core/record.ts'
import { readSegment, SegmentDamaged, type SegmentHeader } from '../../core/sealed/segment.ts'
import { CannotError } from '../command.ts'
import type { ArchiveReader } from '../verify-archive/reader.ts'

/** What a segment must be, as the registry log says. */
export type Segment = Pick<Archived, 'origin' | 'from' | 'to' | 'bytes' | 'sha256' | 'version'>

export type Opening = {
  reader: ArchiveReader
  location: Location
  /** Does whatever may take longer than a segment can stay open, before one is opened; absent where nothing does. */
  ready?: () => Promise<void>
  /** Gives the data key of a segment, which is open meanwhile. */
  ask: (header: SegmentHeader) => Promise<Buffer>
  /** Told of records that were unsealed. */
  read: (records: number) => void
}

/**
 * The records of a segment, a group at a time; believe them when it came to its end, at which `header` was told of. Throws `CannotError`
 * where it is not the one of the log, or cannot be opened.
 */
export async function* recordsOf(
  segment: Segment,
  { reader, location, ready, ask, read }: Opening,
  told: (header: SegmentHeader) => void = () => undefined,
): AsyncGenerator<Buffer[]> {
  const { origin, from, to, version } = segment
  const name = `Records ${from} to ${to - 1} of ${origin}`
  const digest = createHash('sha256')
  await ready?.()
  const stream = await reader.read({ key: keyOfSegment(location.prefix, segment), version })
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      digest.update(chunk)
      yield chunk
    }
  }
  try {
    const { header, records } = await readSegment(hashed())
    if (header.origin !== origin || header.from !== from || header.to !== to)
      throw new CannotError(`A segment of ${origin} holds other records than the registry log says`)
    const key = await ask(header)
    try {
      for await (const group of records(key)) {
        read(group.length)
        yield group
      }
    } finally {
      key.fill(0)
    }
    if (digest.digest('hex') !== segment.sha256)
      throw new CannotError(`${name} are not those that the registry log says`)
    told(header)
  } catch (cause) {
    if (!(cause instanceof SegmentDamaged)) throw cause
    throw new CannotError(`${name}: ${cause.message}`, { cause })
  } finally {
    stream.close()
  }
}

/** Segments of which single records are wanted: each is opened once, and lies beside the chains for as long as the source is open. */
export class OpenedSegments {
  readonly #folder: string
  readonly #opening: Opening
  /** Where each record of a segment ends in its file. */
  readonly #ends = new Map<Segment, Promise<number[]>>()

  constructor(folder: string, opening: Opening) {
    this.#folder = folder
    this.#opening = opening
  }

  async record(segment: Segment, index: number): Promise<Buffer | undefined> {
    const writing = this.#ends.get(segment) ?? this.#write(segment)
    this.#ends.set(segment, writing)
    const ends = await writing
    const at = index - segment.from
    const [begin, end] = [at === 0 ? 0 : (ends[at - 1] as number), ends[at] as number]
    const file = await open(this.#path(segment))
    try {
      const bytes = Buffer.alloc(end - begin)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, begin)
      return bytesRead === bytes.length ? bytes : undefined
    } finally {
      await file.close()
    }
  }

  #path = ({ sha256 }: Segment): string => join(this.#folder, sha256)

  async #write(segment: Segment): Promise<number[]> {
    await mkdir(this.#folder, { recursive: true })
    const ends: number[] = []
    let at = 0
    const opening = this.#opening
    async function* records(): AsyncGenerator<Buffer> {
      for await (const group of recordsOf(segment, opening)) {
        for (const { length } of group) ends.push((at += length))
        yield Buffer.concat(group)
      }
    }
    await pipeline(records(), createWriteStream(this.#path(segment)))
    return ends
  }
}
