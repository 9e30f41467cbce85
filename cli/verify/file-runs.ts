// Reads a file of records into runs: large pieces, in which only newlines are looked for.

import { type FileHandle, open } from 'node:fs/promises'
import { recordLimit } from '../../core/record.ts'
import { runBytes, runRecords, type Slot } from './run.ts'

/** What was filled in: so many records, and so many bytes of the file. */
export type Filled = { records: number; bytes: number }

/** A file of lines, read piece by piece. */
export class FileRuns {
  readonly #file: FileHandle
  #at = 0
  #rest: Buffer | undefined

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** `openFile`: a test gives one that reads less than it is asked for. */
  static async open(path: string, openFile: (path: string) => Promise<FileHandle> = open): Promise<FileRuns> {
    return new FileRuns(await openFile(path))
  }

  /** Fills `bytes` and `starts` with the next records. None: the file is at its end, or goes on with what is no line (`rest`). */
  async fill({ bytes, starts }: Slot): Promise<Filled> {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    let end = 1
    // A file system may give less than it has: what it gives is at its end when it is nothing.
    for (let more = 1; more > 0 && end <= runBytes; end += more)
      more = (await this.#file.read(view, end, runBytes + 1 - end, this.#at + end - 1)).bytesRead
    let records = 0
    let from = 1
    starts[0] = from
    while (records < runRecords) {
      const newline = view.indexOf(0x0a, from)
      // Behind what was read lies what was there before.
      if (newline < 0 || newline >= end) break
      from = newline + 1
      records += 1
      starts[records] = from
    }
    if (records === 0 && end > 1) this.#rest = Buffer.from(view.subarray(1, end))
    const used = from - 1
    this.#at += used
    return { records, bytes: used }
  }

  /** A last line without its newline, or the beginning of one that is longer than any record: nothing behind it is read. */
  get rest(): Buffer | undefined {
    return this.#rest?.subarray(0, recordLimit + 1)
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}
