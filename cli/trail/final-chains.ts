// Chains of an archive that can never be another: they ended for good, and every record of theirs is archived. What an index holds of
// them is taken over into the next one, so that years of sealed segments are opened once.

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Expected } from '../verify/registry-check.ts'
import { type About, aboutIn } from './patient-index.ts'

/** All that the log says of a chain; undefined where more may come of it. One that fell silent may speak again. */
export function finalOf({ origin, vkey, marks, ended, archived }: Expected): string | undefined {
  const end = marks.findLast(({ what }) => what === 'ended')
  if (ended === undefined || ended === 'silent' || end === undefined || archived?.to !== end.size)
    return undefined
  const said = marks.map(({ what, size, root, witnessed, unknown }) => [
    what,
    size,
    root,
    witnessed,
    [...(unknown ?? [])].toSorted(),
  ])
  return createHash('sha256')
    .update(JSON.stringify([origin, vkey, ended, said]))
    .digest('hex')
}

export class FinalChains {
  readonly #database: DatabaseSync
  readonly #says: ReadonlyMap<string, string>
  readonly #taken: string[] = []

  private constructor(database: DatabaseSync, says: ReadonlyMap<string, string>) {
    this.#database = database
    this.#says = says
  }

  /** Of the index at `path`, if it was made by the same keys; `database` is the one to come. */
  static of(
    path: string,
    database: DatabaseSync,
    { server, pins }: Pick<About, 'server' | 'pins'>,
  ): FinalChains | undefined {
    if (!existsSync(path)) return undefined
    const old = new DatabaseSync(path, { readOnly: true })
    try {
      const about = aboutIn(old)
      if (about === undefined || about.server !== server || about.pins !== pins) return undefined
      const rows = old.prepare('SELECT origin, says FROM final').all() as { origin: string; says: string }[]
      database.prepare('ATTACH DATABASE ? AS old').run(path)
      return new FinalChains(database, new Map(rows.map(({ origin, says }) => [origin, says])))
    } finally {
      old.close()
    }
  }

  /** Whether the index before has this chain as it is; then it is taken over. */
  take(origin: string, says: string): boolean {
    const isSame = this.#says.get(origin) === says
    if (isSame) this.#taken.push(origin)
    return isSame
  }

  /** Once all others are entered. */
  copy(): void {
    const { free } = this.#database.prepare('SELECT coalesce(max(id), 0) AS free FROM chain').get() as {
      free: number
    }
    // In one pass: the table has no order by chain.
    this.#database.exec('CREATE TEMP TABLE taken (origin TEXT PRIMARY KEY)')
    const enter = this.#database.prepare('INSERT INTO taken VALUES (?)')
    for (const origin of this.#taken) enter.run(origin)
    this.#database
      .prepare(
        'INSERT INTO main.chain SELECT id + ?, origin FROM old.chain WHERE origin IN (SELECT origin FROM taken)',
      )
      .run(free)
    this.#database
      .prepare(
        `INSERT INTO main.access
         SELECT token, time, chain + ?, place, start, length, leaf, beforePlace, beforeStart, beforeLength, beforeLeaf
         FROM old.access JOIN old.chain ON id = chain WHERE origin IN (SELECT origin FROM taken)`,
      )
      .run(free)
  }
}
