// Where in a trail each patient stands, so that six years of it answer within seconds. The index holds shortened tokens
// and places, no identifier of anybody: what is said of a patient is read out of the trail itself, and compared with what was
// verified when the index was made. It can be thrown away and made again at any time.

import { chmod, rename, rm } from 'node:fs/promises'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Calls, patientsOf } from '../../core/export/told.ts'
import type { Hash } from '../../core/merkle.ts'
import { CannotError } from '../command.ts'
import type { Report, Wanted } from '../verify/export-check.ts'
import { isProved, witnessedAt } from '../verify/pins.ts'
import { type Placed, readTrail } from './read.ts'
import type { TrailSource } from './source.ts'

/** A change of what is written is another number: an index of an older program is made anew. */
const version = 2

const schema = `
  CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE chain (id INTEGER PRIMARY KEY, origin TEXT NOT NULL);
  CREATE TABLE access (
    token INTEGER NOT NULL, time INTEGER NOT NULL, chain INTEGER NOT NULL,
    place INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL, leaf BLOB NOT NULL,
    beforePlace INTEGER, beforeStart INTEGER, beforeLength INTEGER, beforeLeaf BLOB
  );`

/** Six bytes, as many as a number holds exactly: what else begins so is told apart by reading. */
export const shortToken = (token: string): number => Buffer.from(token, 'base64url').readUIntBE(0, 6)

/** Half of a leaf hash: nobody makes another record that has it. */
export const shortLeaf = (leaf: Hash): Buffer => leaf.subarray(0, 16)

export type About = {
  server: string
  /** What of the trail cannot change without the trail being another: manifest and checkpoint of the registry log. */
  trail: string
  /** What the verifier brought along when it was made (`nameOfPins`). */
  pins: string
  /** RFC 3339. */
  witnessed: string
}

/**
 * Reads the whole trail, verifies it, and makes its index at `path`. Resolves to the verification; where that found something, no
 * index is left, since what it leads to could not be believed.
 */
export async function makeIndex(path: string, wanted: Wanted, pins: string): Promise<Report> {
  const partial = `${path}.partial`
  await rm(partial, { force: true })
  const database = new DatabaseSync(partial)
  try {
    // Tokens name nobody, and yet tell equal patients by each other.
    await chmod(partial, 0o600)
    database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; ${schema} BEGIN;`)
    const reading = await readTrail(wanted)
    await fill(database, reading.records, wanted.source)
    const report = await reading.report()
    if (!isProved(report)) return report
    const about: About = {
      server: report.server,
      trail: await wanted.source.state(),
      pins,
      witnessed: witnessedAt(report) ?? '',
    }
    const note = database.prepare('INSERT INTO about VALUES (?, ?)')
    for (const [name, value] of Object.entries({ version: String(version), ...about })) note.run(name, value)
    database.exec('CREATE INDEX of ON access (token); COMMIT;')
    database.close()
    await rename(partial, path)
    return report
  } finally {
    if (database.isOpen) database.close()
    await rm(partial, { force: true })
  }
}

async function fill(
  database: DatabaseSync,
  records: AsyncIterable<Placed>,
  source: TrailSource,
): Promise<void> {
  const insert = database.prepare(`INSERT INTO access VALUES (${'?, '.repeat(10)}?)`)
  const calls = new Calls<Placed>()
  const chains = new Chains(database, source)
  for await (const place of records) {
    const said = calls.take(place, place.record)
    if (said === undefined) continue
    // A call that was refused after its intent has a result as well, which says what left.
    if (place.record.kind !== 'result' && place.record.kind !== 'event') continue
    const patients = patientsOf(said.told)
    if (patients.length > 0) add(insert, await chains.of(place.origin), place, said.before, patients)
  }
  for (const { told, before } of calls.unanswered()) {
    const patients = patientsOf(told)
    if (patients.length > 0) add(insert, await chains.of(before.origin), before, undefined, patients)
  }
}

/** Numbers of chains, each written down when it is first met. */
class Chains {
  readonly #ids = new Map<string, number>()
  readonly #insert: StatementSync
  readonly #source: TrailSource

  constructor(database: DatabaseSync, source: TrailSource) {
    this.#insert = database.prepare('INSERT INTO chain VALUES (?, ?)')
    this.#source = source
  }

  async of(origin: string): Promise<number> {
    const known = this.#ids.get(origin)
    if (known !== undefined) return known
    const id = this.#ids.size + 1
    this.#ids.set(origin, id)
    if (!(await this.#source.hasPlaces(origin)))
      throw new CannotError(
        `An index wants the lines of each chain, as trail export writes them: in ${this.#source.name} ${origin} has none`,
      )
    this.#insert.run(id, origin)
    return id
  }
}

function add(
  insert: StatementSync,
  chain: number,
  place: Placed,
  before: Placed | undefined,
  patients: readonly { token: string }[],
): void {
  const earlier =
    before === undefined
      ? [null, null, null, null]
      : [before.index, before.from, before.length, shortLeaf(before.leaf)]
  const time = Date.parse(place.record.at)
  for (const { token } of patients)
    insert.run(
      shortToken(token),
      time,
      chain,
      place.index,
      place.from,
      place.length,
      shortLeaf(place.leaf),
      ...earlier,
    )
}

/** What an index says of itself; undefined where there is none of this version. */
export function aboutIn(database: DatabaseSync): About | undefined {
  try {
    const rows = database.prepare('SELECT name, value FROM about').all() as { name: string; value: string }[]
    const {
      version: made,
      server,
      trail,
      pins,
      witnessed,
    } = Object.fromEntries(rows.map(({ name, value }) => [name, value]))
    if (made !== String(version) || !server || !trail || !pins || !witnessed) return undefined
    return { server, trail, pins, witnessed }
  } catch {
    return undefined
  }
}
