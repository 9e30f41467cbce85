// Every access to a patient, by the index: each record is read out of the trail where the index says it lies.

import { existsSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Calls, patientsOf, type Told } from '../../core/export/told.ts'
import { type AuditRecord, parseRecord } from '../../core/record.ts'
import { CannotError } from '../command.ts'
import { folderOfChain, recordFiles } from '../export-layout.ts'
import { type About, aboutIn, shortToken, trailIn } from './patient-index.ts'
import { shortLeaf } from './read.ts'

type Row = {
  origin: string
  place: number
  start: number
  length: number
  hash: number
  beforePlace: number | null
  beforeStart: number | null
  beforeLength: number | null
  beforeHash: number | null
}

export class PatientIndex {
  readonly about: About
  readonly #database: DatabaseSync
  readonly #folder: string
  readonly #files = new Map<string, FileHandle>()

  private constructor(database: DatabaseSync, about: About, folder: string) {
    this.#database = database
    this.about = about
    this.#folder = folder
  }

  /** The index at `path`, if it is one of the trail in `folder`, as that is now. */
  static async open(path: string, folder: string): Promise<PatientIndex | undefined> {
    if (!existsSync(path)) return undefined
    const database = new DatabaseSync(path, { readOnly: true })
    const about = aboutIn(database)
    if (about !== undefined && about.trail === (await trailIn(folder)))
      return new PatientIndex(database, about, folder)
    database.close()
    return undefined
  }

  /** What was told of these patients, in the order of time. Rejects with `CannotError` when the trail is another by now. */
  async *told(tokens: ReadonlySet<string>): AsyncGenerator<Told> {
    const marks = [...tokens].map(() => '?').join(', ')
    const rows = this.#database
      .prepare(
        `SELECT DISTINCT origin, place, start, length, hash, beforePlace, beforeStart, beforeLength, beforeHash
         FROM access JOIN chain ON chain.id = access.chain WHERE token IN (${marks}) ORDER BY time, chain, place`,
      )
      .iterate(...[...tokens].map(shortToken))
    for (const row of rows as Iterable<unknown>) {
      const told = await this.#toldAt(row as Row)
      // Another patient's token may begin alike.
      if (patientsOf(told).some(({ token }) => tokens.has(token))) yield told
    }
  }

  async close(): Promise<void> {
    this.#database.close()
    for (const file of this.#files.values()) await file.close()
    this.#files.clear()
  }

  async #toldAt(row: Row): Promise<Told> {
    const { origin } = row
    const calls = new Calls()
    if (row.beforePlace !== null) {
      const intent = await this.#record(origin, row.beforeStart, row.beforeLength, row.beforeHash)
      calls.take({ origin, index: row.beforePlace }, intent)
    }
    const record = await this.#record(origin, row.start, row.length, row.hash)
    const told = calls.take({ origin, index: row.place }, record)?.told ?? calls.unanswered()[0]?.told
    if (told === undefined) throw this.#changed()
    return told
  }

  async #record(
    origin: string,
    start: number | null,
    length: number | null,
    hash: number | null,
  ): Promise<AuditRecord> {
    try {
      const file = await this.#file(origin)
      const bytes = Buffer.alloc(length ?? 0)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, start ?? 0)
      if (bytesRead !== bytes.length || shortLeaf(bytes) !== hash) throw new TypeError('changed')
      return parseRecord(bytes)
    } catch (cause) {
      throw Object.assign(this.#changed(), { cause })
    }
  }

  async #file(origin: string): Promise<FileHandle> {
    const known = this.#files.get(origin)
    if (known !== undefined) return known
    // Pods come and go: a patient of six years may stand in thousands of chains.
    if (this.#files.size >= 64) {
      const [oldest, file] = this.#files.entries().next().value as [string, FileHandle]
      this.#files.delete(oldest)
      await file.close()
    }
    const file = await open(join(this.#folder, folderOfChain(origin), recordFiles.all))
    this.#files.set(origin, file)
    return file
  }

  #changed(): CannotError {
    return new CannotError(
      `The trail in ${this.#folder} was changed since its index was made: hipaa-mcp verify ${this.#folder}, then once more with --rebuild`,
    )
  }
}
