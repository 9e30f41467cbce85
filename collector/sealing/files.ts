// Sealed segments at rest until they are archived: files below one folder, named as they are in the archive. Each is whole
// and durable under its name, or not there.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { nameOfSealed, type SealedSegment } from '../../core/sealed/sealed-segment.ts'
import { readSegment, type SegmentHeader } from '../../core/sealed/segment.ts'
import { syncFolder, writeAll } from '../commit/files.ts'

const suffix = '.sealed'
/** Bytes that are written at once. */
const pieceBytes = 512 * 1024

export class SealedFiles {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = resolve(folder)
  }

  /** Writes a segment, in place of one that begins with the same record. Durable when it resolves. */
  async write(header: SegmentHeader, stream: AsyncIterable<Buffer>): Promise<SealedSegment> {
    const path = this.#pathOf(nameOfSealed(header.origin, header.from))
    const folder = dirname(path)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const partial = `${path}.partial`
    const file = await open(partial, 'w', 0o600)
    const digest = createHash('sha256')
    let bytes = 0
    try {
      for await (const piece of larger(stream)) {
        await writeAll(file, piece, bytes)
        digest.update(piece)
        bytes += piece.length
      }
      await file.sync()
    } catch (error) {
      await file.close()
      await unlink(partial)
      throw error
    }
    await file.close()
    // Dying before this leaves a .partial, which the next try writes anew.
    await rename(partial, path)
    // Each new name on the way down must survive as well.
    for (let up = folder; up.startsWith(this.#folder); up = dirname(up)) await syncFolder(up)
    return this.#segment(header, bytes, digest.digest('hex'))
  }

  /** What lies here. Reads every file once, for its hash. A file that is no segment is left out. */
  async *list(): AsyncGenerator<SealedSegment> {
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true }).catch(() => [])
    const paths = entries
      .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
      .map((entry) => join(entry.parentPath, entry.name))
    for (const path of paths.toSorted()) {
      const segment = await this.#read(path)
      if (segment !== undefined) yield segment
    }
  }

  /** Lets go of a segment that is kept elsewhere. */
  async remove({ name }: Pick<SealedSegment, 'name'>): Promise<void> {
    await unlink(this.#pathOf(name))
  }

  async #read(path: string): Promise<SealedSegment | undefined> {
    const digest = createHash('sha256')
    let bytes = 0
    async function* counted(): AsyncGenerator<Buffer> {
      for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
        digest.update(chunk)
        bytes += chunk.length
        yield chunk
      }
    }
    try {
      const { header, check } = await readSegment(counted())
      await check()
      if (this.#pathOf(nameOfSealed(header.origin, header.from)) !== path) return undefined
      return this.#segment(header, bytes, digest.digest('hex'))
    } catch {
      return undefined
    }
  }

  #segment(header: SegmentHeader, bytes: number, sha256: string): SealedSegment {
    const { origin, segment, from, to, keyId, sealedAt } = header
    const name = nameOfSealed(origin, from)
    const read = (): AsyncIterable<Buffer> => createReadStream(this.#pathOf(name))
    return { origin, segment, from, to, name, bytes, sha256, keyId, sealedAt, read }
  }

  #pathOf(name: string): string {
    return join(this.#folder, name)
  }
}

/** The same bytes in fewer pieces: a write costs more than what it writes. */
async function* larger(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    held.push(chunk)
    bytes += chunk.length
    if (bytes < pieceBytes) continue
    yield Buffer.concat(held)
    held = []
    bytes = 0
  }
  yield Buffer.concat(held)
}
