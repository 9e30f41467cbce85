// Runs of both suites, each kept in a folder of its own: a later one is compared with an earlier one.

import { join } from 'node:path'
import { type Row, readRows } from './checks.ts'
import { legs, requirementsOf, runSuite } from './suite.ts'

/** bare: the server alone; unguarded: alone, in a pod; through: behind a sidecar. */
export type Side = 'bare' | 'unguarded' | 'through'

/** `log` hears of each suite that begins. */
export function runsIn(folder: string, log: (line: string) => void) {
  const rowsOf = async (side: Side): Promise<Row[]> => {
    const rows = legs.map(async (leg) => {
      const own = join(folder, side, leg)
      return await readRows(leg, own, await requirementsOf(leg)).catch((cause: unknown) => {
        throw new Error(`Nothing to read in ${own}: run this with ${side} first`, { cause })
      })
    })
    return (await Promise.all(rows)).flat()
  }
  return {
    /** What the last run of a side found. Rejects when there was none. */
    rowsOf,
    /** Both suites, one after the other. */
    run: async (side: Side, url: string): Promise<Row[]> => {
      for (const leg of legs) {
        log(`${side}: the suite of ${leg} …`)
        await runSuite(leg, url, join(folder, side, leg))
      }
      return await rowsOf(side)
    },
  }
}
