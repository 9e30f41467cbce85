// Where in a trail each patient stands, so that six years of it answer within seconds. The index holds shortened tokens
// and places, no identifier of anybody: what is said of a patient is read out of the trail itself, and compared with what was
// verified when the index was made. It can be thrown away and made again at any time.

import { chmod, rename, rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import type { Hash } from '../../core/merkle.ts'
import { checkExport, type Report, type Wanted } from '../verify/export-check.ts'
import { isProved, witnessedAt } from '../verify/pins.ts'
import { Accesses } from './fill-index.ts'
import { FinalChains, finalOf } from './final-chains.ts'

/** A change of what is written is another number: an index of an older program is made anew. */
const version = 3

const schema = `
  CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE chain (id INTEGER PRIMARY KEY, origin TEXT NOT NULL);
  CREATE TABLE final (origin TEXT PRIMARY KEY, says TEXT NOT NULL);
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
 * Reads the trail, verifies it, and makes its index at `path`. Resolves to the verification; where that found something, no
 * index is left, since what it leads to could not be believed. Of an archive, which never changes, chains are taken over from the index
 * before that ended and were read to their end, unless `anew`.
 */
export async function makeIndex(
  path: string,
  wanted: Wanted,
  pins: string,
  { anew = false }: { anew?: boolean } = {},
): Promise<Report> {
  const partial = `${path}.partial`
  await rm(partial, { force: true })
  const database = new DatabaseSync(partial)
  try {
    // Tokens name nobody, and yet tell equal patients by each other.
    await chmod(partial, 0o600)
    const { server } = await wanted.source.said()
    const before =
      anew || wanted.source.segments !== true ? undefined : FinalChains.of(path, database, { server, pins })
    // Node's SQLite is defensive and takes no OFF: a journal would lie beside the file with places of patients in it.
    database.exec(`PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; ${schema} BEGIN;`)
    const accesses = new Accesses(database, wanted.source)
    const final = new Map<string, string>()
    const report = await checkExport({
      ...wanted,
      hearer: async (origin) => await accesses.of(origin),
      known: (expected) => {
        const says = finalOf(expected)
        if (says !== undefined) final.set(expected.origin, says)
        return says !== undefined && before?.take(expected.origin, says) === true
      },
    })
    if (!isProved(report)) return report
    before?.copy()
    const enter = database.prepare('INSERT INTO final VALUES (?, ?)')
    for (const [origin, says] of final) enter.run(origin, says)
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
