// The difference between two runs of the suite: the server alone, and the server behind something that must not show.

import type { Row, Status } from './checks.ts'
import type { Leg } from './suite.ts'

/** How often a check had a status: `SUCCESS`, `2 SUCCESS, 1 FAILURE`, or `absent`. */
type Found = string

/** One check that two runs found differently. */
export type Difference = {
  leg: Leg
  scenario: string
  id: string
  name: string
  scored: boolean
  bare: Found
  through: Found
  /** Why, in the suite's words about the second run. */
  says?: string
}

/** A difference that has to be: a control refuses what the server alone would allow. */
export type Explanation = {
  leg: Leg
  scenario: string
  /** Id of the check. */
  check: string
  bare: Found
  through: Found
  /** Which control, and why it may not yield. */
  reason: string
  /** The test that shows what the control does instead: a file of this repository. */
  test: string
}

/** What differs, by (revision, scenario, id, name) and how often each status occurs; the order of checks is of no account. */
export function differences(bare: readonly Row[], through: readonly Row[]): Difference[] {
  const [before, after] = [grouped(bare), grouped(through)]
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key): Difference[] => {
    const [one, other] = [before.get(key) ?? [], after.get(key) ?? []]
    const [foundBare, foundThrough] = [found(one), found(other)]
    const row = other[0] ?? one[0]
    if (foundBare === foundThrough || row === undefined) return []
    const { leg, scenario, id, name, scored } = row
    const says = other.find((each) => each.says !== undefined)?.says
    return [
      {
        leg,
        scenario,
        id,
        name,
        scored,
        bare: foundBare,
        through: foundThrough,
        ...(says === undefined ? {} : { says }),
      },
    ]
  })
}

/** Which differences are explained, which are not, and which explanations explain nothing any more. */
export function explain(found: readonly Difference[], explanations: readonly Explanation[]) {
  const explains = (one: Difference, by: Explanation): boolean =>
    one.leg === by.leg &&
    one.scenario === by.scenario &&
    one.id === by.check &&
    one.bare === by.bare &&
    one.through === by.through
  return {
    explained: found.flatMap((one) => {
      const by = explanations.find((each) => explains(one, each))
      return by === undefined ? [] : [{ difference: one, by }]
    }),
    unexplained: found.filter((one) => !explanations.some((by) => explains(one, by))),
    stale: explanations.filter((by) => !found.some((one) => explains(one, by))),
  }
}

function grouped(rows: readonly Row[]): Map<string, Row[]> {
  return Map.groupBy(rows, ({ leg, scenario, id, name }) => JSON.stringify([leg, scenario, id, name]))
}

function found(rows: readonly Row[]): Found {
  if (rows.length === 0) return 'absent'
  const counts = Map.groupBy(rows, ({ status }) => status)
  if (counts.size === 1 && rows.length === 1) return rows[0]?.status as Status
  return [...counts.entries()]
    .map(([status, each]) => `${each.length} ${status}`)
    .toSorted()
    .join(', ')
}
