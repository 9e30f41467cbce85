// What a run of the suite found: the checks.json of every scenario as rows.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Leg, Requirements } from './suite.ts'

export type Status = 'SUCCESS' | 'INFO' | 'SKIPPED' | 'WARNING' | 'FAILURE'
/** One check. The suite gives several checks of a scenario the same id. */
export type Row = {
  leg: Leg
  scenario: string
  id: string
  name: string
  status: Status
  scored: boolean
  /** Why it did not succeed, in the suite's words. */
  says?: string
}
type Check = { id: string; name: string; status: Status; errorMessage?: string }

const absent = (error: NodeJS.ErrnoException): string => {
  if (error.code === 'ENOENT') return '[]'
  throw error
}
const folderName = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/

/**
 * The rows of a folder. A scenario of the requirements that left no checks is one FAILURE: a suite that died early would
 * otherwise look better than one that ran.
 */
export async function readRows(leg: Leg, folder: string, { scored, others }: Requirements): Promise<Row[]> {
  const rows: Row[] = []
  for (const entry of (await readdir(folder)).toSorted()) {
    const scenario = folderName.exec(entry)?.[1]
    if (scenario === undefined) continue
    // A scenario that threw leaves an empty folder.
    const text = await readFile(join(folder, entry, 'checks.json'), 'utf8').catch(absent)
    for (const { id, name, status, errorMessage } of JSON.parse(text) as Check[])
      rows.push({
        leg,
        scenario,
        id,
        name,
        status,
        scored: scored.includes(scenario),
        ...(errorMessage === undefined ? {} : { says: errorMessage }),
      })
  }
  const ran = new Set(rows.map(({ scenario }) => scenario))
  for (const scenario of [...scored, ...others].filter((each) => !ran.has(each)))
    rows.push({
      leg,
      scenario,
      id: 'no-checks',
      name: 'NoChecks',
      status: 'FAILURE',
      scored: scored.includes(scenario),
      says: 'The scenario left no checks: see suite.log beside them',
    })
  return rows
}
