// The result on a screen of 80 columns.

import type { Row, Status } from './checks.ts'
import type { Difference, Explanation } from './compare.ts'
import { legs } from './suite.ts'

const width = 80
const bad: readonly Status[] = ['FAILURE', 'WARNING']

/** Scenarios of a run that hold no failing check, out of all: scored ones, and the others. */
function passing(rows: readonly Row[], scored: boolean): { passed: number; all: number } {
  const scenarios = Map.groupBy(
    rows.filter((row) => row.scored === scored),
    ({ scenario }) => scenario,
  )
  const passed = [...scenarios.values()].filter((each) => each.every(({ status }) => status !== 'FAILURE'))
  return { passed: passed.length, all: scenarios.size }
}

const line = (...cells: (string | number)[]): string =>
  cells
    .map((cell, at) => (at === 0 ? String(cell).padEnd(20) : String(cell).padStart(10)))
    .join('')
    .trimEnd()

/** One line a revision: what passed, and how many checks said what. */
export function summary(title: string, rows: readonly Row[]): string {
  const lines = legs.flatMap((leg) => {
    const own = rows.filter((row) => row.leg === leg)
    if (own.length === 0) return []
    const [scored, others] = [passing(own, true), passing(own, false)]
    const count = (status: Status) => own.filter((row) => row.status === status).length
    return [
      line(
        leg,
        `${scored.passed}/${scored.all}`,
        `${others.passed}/${others.all}`,
        count('SUCCESS'),
        count('WARNING'),
        count('FAILURE'),
        count('SKIPPED'),
      ),
    ]
  })
  return [line(title, 'scored', 'others', 'success', 'warning', 'failure', 'skipped'), ...lines].join('\n')
}

/** Every check that warned or failed, with the suite's words. */
export function troubles(rows: readonly Row[]): string {
  return rows
    .filter(({ status }) => bad.includes(status))
    .map(({ leg, scenario, id, status, scored, says = '' }) =>
      [`${head(leg, scored)}  ${scenario}`, ...wrapped(`${id}: ${status}`, 2), ...wrapped(says)].join('\n'),
    )
    .join('\n')
}

/** Every difference, a block for each scenario; where it is explained, by what. */
export function differencesTable(found: readonly { difference: Difference; by?: Explanation }[]): string {
  const blocks = Map.groupBy(
    found,
    ({ difference: { leg, scenario, scored } }) => `${head(leg, scored)}  ${scenario}`,
  )
  return [...blocks.entries()]
    .toSorted(([one], [other]) => order(one).localeCompare(order(other)))
    .map(([title, differing]) => [title, ...differing.flatMap(differenceLines)].join('\n'))
    .join('\n')
}

function differenceLines({ difference, by }: { difference: Difference; by?: Explanation }): string[] {
  const { id, bare, through, says = '' } = difference
  return [
    ...wrapped(`${id}: ${bare} → ${through}`, 2),
    ...wrapped(by === undefined ? says : `${by.reason} (${by.test})`),
  ]
}

/** Within a revision what is scored comes first. */
const order = (title: string): string => title.replace('  scored', '  0').replace('  other', '  1')

const head = (leg: string, scored: boolean): string => `${leg}  ${scored ? 'scored' : 'other '}`

/** Lines of the screen's width; longer words are cut. At most six: the rest stands in checks.json. */
function wrapped(text: string, indent = 6): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    const cut = word.slice(0, width - indent)
    if (line !== '' && indent + line.length + 1 + cut.length > width) {
      lines.push(line)
      line = cut
    } else line = line === '' ? cut : `${line} ${cut}`
  }
  if (line !== '') lines.push(line)
  const shown = lines.length > 6 ? [...lines.slice(0, 5), '…'] : lines
  return shown.map((each) => ' '.repeat(indent) + each)
}
