// Every access to a patient, by the index: each record is read out of the trail where the index says it lies.

import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { Calls, patientsOf, type Told } from '../../core/export/told.ts'
import { leafHash } from '../../core/merkle.ts'
import { type AuditRecord, parseRecord } from '../../core/record.ts'
import { CannotError } from '../command.ts'
import { type About, aboutIn, shortLeaf, shortToken } from './patient-index.ts'
import type { Spot, TrailSource } from './source.ts'

type Row = {
  origin: string
  place: number
  start: number
  length: number
  leaf: Uint8Array
  beforePlace: number | null
  beforeStart: number | null
  beforeLength: number | null
  beforeLeaf: Uint8Array | null
}

export class PatientIndex {
  readonly about: About
  readonly #database: DatabaseSync
  readonly #source: TrailSource

  private constructor(database: DatabaseSync, about: About, source: TrailSource) {
    this.#database = database
    this.about = about
    this.#source = source
  }

  /** The index at `path`, if it is one of this trail as it is now. */
  static async open(path: string, source: TrailSource): Promise<PatientIndex | undefined> {
    if (!existsSync(path)) return undefined
    const database = new DatabaseSync(path, { readOnly: true })
    const about = aboutIn(database)
    if (about !== undefined && about.trail === (await source.state()))
      return new PatientIndex(database, about, source)
    database.close()
    return undefined
  }

  /** What was told of these patients, in the order of time. Rejects with `CannotError` when the trail is another by now. */
  async *told(tokens: ReadonlySet<string>): AsyncGenerator<Told> {
    const marks = [...tokens].map(() => '?').join(', ')
    const rows = this.#database
      .prepare(
        `SELECT DISTINCT origin, place, start, length, leaf, beforePlace, beforeStart, beforeLength, beforeLeaf
         FROM access JOIN chain ON chain.id = access.chain WHERE token IN (${marks}) ORDER BY time, chain, place`,
      )
      .iterate(...[...tokens].map(shortToken))
    for (const row of rows as Iterable<unknown>) {
      const told = await this.#toldAt(row as Row)
      // Another patient's token may begin alike.
      if (patientsOf(told).some(({ token }) => tokens.has(token))) yield told
    }
  }

  close(): void {
    this.#database.close()
  }

  async #toldAt(row: Row): Promise<Told> {
    const { origin } = row
    const calls = new Calls()
    if (row.beforePlace !== null) {
      const before = { index: row.beforePlace, from: row.beforeStart ?? 0, length: row.beforeLength ?? 0 }
      calls.take({ origin, index: before.index }, await this.#record(origin, before, row.beforeLeaf))
    }
    const spot = { index: row.place, from: row.start, length: row.length }
    const record = await this.#record(origin, spot, row.leaf)
    const told = calls.take({ origin, index: row.place }, record)?.told ?? calls.unanswered()[0]?.told
    if (told === undefined) throw this.#changed()
    return told
  }

  async #record(origin: string, spot: Spot, leaf: Uint8Array | null): Promise<AuditRecord> {
    const bytes = await this.#source.recordAt(origin, spot)
    if (bytes === undefined || leaf === null || !shortLeaf(leafHash(bytes)).equals(leaf))
      throw this.#changed()
    return parseRecord(bytes)
  }

  #changed(): CannotError {
    return new CannotError(
      `The trail in ${this.#source.name} was changed since its index was made: hipaa-mcp verify ${this.#source.name}, then once more with --rebuild`,
    )
  }
}
