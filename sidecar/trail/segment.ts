// Local and Both: records become durable in segment files on the pod's own encrypted volume. A segment is filled with zeros and
// synced before it is used, so that a full disk can stop the next segment but never the acknowledgement of a record.
//
// What is true if the process or the machine dies: while a frame is written, it is broken or whole but nobody was told;
// after its write returned, it is whole, since the file is open with O_DSYNC: a write ends as one with fdatasync behind it
// would (open(2)), and takes one turn of a thread and not two. A write that failed is the end of this process: the kernel
// may have dropped the pages and will call the next one good (PostgreSQL wiki, "Fsync Errors"). Only one that finds no
// room is tried again, whole: what then is durable is what was written then.

import { constants } from 'node:fs'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type FrameKind, frame, type SegmentHeader } from './frames.ts'
import { ChainOver } from './home.ts'

/** A file that holds frames. `end`: everything before it is durable. */
export type Segment = {
  path: string
  sequence: number
  first: number
  start: number
  end: number
  sealed: boolean
}

export type SegmentOptions = {
  folder: string
  origin: string
  /** Raw Ed25519 key, base64. */
  publicKey: string
  /** The collector's count of this pod's processes: names files, so that no two processes' meet. */
  restart: number
  /** Bytes of one segment. */
  size?: number
}

/** The volume has no room. Try again: what was acknowledged stays, and shipping makes room. */
class DiskFull extends Error {
  constructor(options?: ErrorOptions) {
    super(
      'The trail volume is full. Make it larger, or look why the collector does not take the records',
      options,
    )
    this.name = 'DiskFull'
  }
}

type Ready = { path: string; handle: FileHandle }

const usualSize = 8 * 1024 * 1024
/**
 * Zeros are written in pieces of so many bytes. The page cache keeps a write's bytes in one folio where it can (Linux 6.16 for
 * ext4), and a folio goes to the disk whole: filled by the MiB, a segment writes a MiB for each frame of a few hundred bytes.
 */
const piece = 16 * 1024
const full: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])

export class Segments {
  /** Oldest first; the last one is written to. The shipper takes away what it has shipped. */
  readonly list: Segment[] = []
  /** Bytes of one segment. */
  readonly size: number
  readonly #options: SegmentOptions
  #handle: FileHandle | undefined
  #next: Promise<Ready> | undefined
  #sequence = 0
  #records = 0
  #order: Promise<unknown> = Promise.resolve()
  #poisoned: ChainOver | undefined
  #full = false

  constructor(options: SegmentOptions) {
    this.#options = options
    this.size = options.size ?? usualSize
  }

  /**
   * Resolves when the payload would survive power loss, to the bytes that it takes. `records`: how many it holds. Rejects with DiskFull when it shall
   * be tried again, with ChainOver when the disk failed. Frames are written one after the other.
   */
  async append(kind: FrameKind, payload: Buffer, records = 0): Promise<number> {
    const turn = this.#order.then(async () => await this.#write(kind, payload, records))
    this.#order = turn.catch(() => undefined)
    return await turn
  }

  /** `disk-full` while the last write found no room. */
  trouble(): string | undefined {
    return this.#poisoned?.reason ?? (this.#full ? 'disk-full' : undefined)
  }

  async close(): Promise<void> {
    await this.#order
    await this.#handle?.close()
    this.#handle = undefined
    const next = await this.#next?.catch(() => undefined)
    this.#next = undefined
    // Never used: it holds zeros only.
    if (next === undefined) return
    await next.handle.close()
    await unlink(next.path)
  }

  async #write(kind: FrameKind, payload: Buffer, records: number): Promise<number> {
    if (this.#poisoned !== undefined) throw this.#poisoned
    const bytes = frame(kind, payload)
    try {
      const segment = await this.#segmentFor(bytes.length)
      await writeAll(this.#handle as FileHandle, bytes, segment.end)
      segment.end += bytes.length
      this.#records += records
      this.#full = false
      return bytes.length
    } catch (error) {
      if (error instanceof DiskFull) this.#full = true
      else this.#poisoned = new ChainOver('disk-failed', { cause: error })
      throw this.#poisoned ?? error
    }
  }

  async #segmentFor(length: number): Promise<Segment> {
    const active = this.list.at(-1)
    if (this.#handle !== undefined && active !== undefined && active.end + length <= this.size) return active
    const next = this.#next ?? this.#prepare()
    this.#next = undefined
    const { path, handle } = await next
    await this.#handle?.close()
    if (active !== undefined) active.sealed = true
    this.#handle = handle
    const { origin, publicKey } = this.#options
    const header: SegmentHeader = { origin, publicKey, sequence: this.#sequence, first: this.#records }
    const bytes = frame('header', Buffer.from(JSON.stringify(header)))
    if (bytes.length + length > this.size) throw new RangeError('A frame is larger than a segment')
    // By itself: two frames in one sync could be torn in the middle and look like damage. A failure here is the end, and
    // never to be tried again: the file before it is closed already.
    await writeAll(handle, bytes, 0).catch((error: unknown) => {
      throw new Error('The header of a segment was not written', { cause: error })
    })
    const { length: start } = bytes
    const segment = { path, sequence: this.#sequence, first: this.#records, start, end: start, sealed: false }
    this.#sequence += 1
    this.list.push(segment)
    // Ahead of time. A failure is heard when the segment is needed, and tried again then.
    this.#next = this.#prepare()
    this.#next.catch(() => {
      this.#next = undefined
    })
    return segment
  }

  /** A new segment full of zeros, durable under its name. Whatever is written to its handle is durable when the write returns. */
  async #prepare(): Promise<Ready> {
    const { folder, restart } = this.#options
    const path = join(
      folder,
      `${String(restart).padStart(9, '0')}-${String(this.#sequence).padStart(9, '0')}.segment`,
    )
    let handle: FileHandle | undefined
    try {
      handle = await open(path, 'wx', 0o600)
      const zeros = Buffer.alloc(Math.min(this.size, piece))
      for (let at = 0; at < this.size; at += zeros.length)
        await writeAll(handle, zeros.subarray(0, Math.min(zeros.length, this.size - at)), at)
      await handle.sync()
      await handle.close()
      await syncFolder(folder)
      // Filled without O_DSYNC, which would sync every piece.
      handle = await open(path, constants.O_WRONLY | constants.O_DSYNC)
      return { path, handle }
    } catch (error) {
      await handle?.close()
      if (handle !== undefined) await unlink(path)
      // Nothing was acknowledged on it, so even a failed sync may be tried again with another file.
      throw isFull(error) ? new DiskFull({ cause: error }) : error
    }
  }
}

/**
 * Writes all bytes, durably where the file is open for that. Node writes short without an error when a disk is full: every
 * write says how much it wrote, and is not done before.
 */
async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  try {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, at + written)
      if (bytesWritten === 0) throw Object.assign(new Error('Nothing was written'), { code: 'ENOSPC' })
      written += bytesWritten
    }
  } catch (error) {
    throw isFull(error) ? new DiskFull({ cause: error }) : error
  }
}

function isFull(error: unknown): boolean {
  return error instanceof DiskFull || full.has((error as NodeJS.ErrnoException).code ?? '')
}

/** A file's name is durable when its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
