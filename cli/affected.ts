// `hipaa-mcp affected DIR`: each individual whom an incident concerns, by name, for the notices of 45 CFR 164.404 and 164.410.

import { counted } from '../core/counted.ts'
import { left } from '../core/export/accounting.ts'
import { csvLine } from '../core/export/csv.ts'
import { patientsOf, type Told } from '../core/export/told.ts'
import type { PatientToken } from '../core/record.ts'
import { type Command, exitCodes, textOf, UsageError } from './command.ts'
import { columns, cut } from './table.ts'
import { filterOptions } from './trail/filter.ts'
import { openSource, saidOf, sourceOptions } from './trail/follow.ts'
import { shortTime } from './trail/show.ts'
import { visible } from './visible.ts'

const { patient: _, outcome: __, ...filters } = filterOptions

type Affected = { patient: PatientToken; first: string; last: string; calls: number; certain: boolean }

export const affected: Command = {
  name: 'affected',
  summary: 'Name each individual whose information a person, a tool or a span of time concerns',
  operands: 'SOURCE',
  example: 'affected DIR --key key.json --person nurse-7 --csv',
  options: {
    ...filters,
    ...sourceOptions,
    csv: { help: 'Print it as CSV' },
    json: { help: 'Print it as JSON' },
  },
  about:
    'Needs --key: affected individuals must be named (45 CFR 164.404(c), 164.410(c)(1)). CERTAIN no: the call may have run, and nothing says that its result left. What was refused or withheld is not listed. Nothing is printed of a trail that does not verify.',
  run: async (operands, values, screen) => {
    if (textOf(values, 'key') === undefined)
      throw new UsageError('affected wants --key: without it nobody can be named')
    const source = await openSource('affected', operands, values, screen)
    const found = new Map<string, Affected>()
    for await (const { told } of source.told) take(found, told)
    const code = saidOf(await source.report(), source.from, screen)
    if (code !== exitCodes.ok) return code
    const rows = [...found.values()].map(({ patient, ...rest }) => ({
      patient: source.name(patient).patient ?? '',
      ...rest,
    }))
    if (values['json'] === true) screen.out(JSON.stringify(rows, null, 2))
    else if (values['csv'] === true) {
      screen.out(csvLine(['patient', 'first', 'last', 'calls', 'certain']))
      for (const { patient, first, last, calls, certain } of rows)
        screen.out(csvLine([patient, first, last, calls, certain ? 'yes' : 'no']))
    } else {
      const cells = rows.map(({ patient, first, last, calls, certain }) => [
        shortTime(first),
        shortTime(last),
        String(calls),
        certain ? 'yes' : 'no',
        patient,
      ])
      const heads = ['FIRST (UTC)', 'LAST (UTC)', 'CALLS', 'CERTAIN', 'PATIENT']
      for (const line of columns([heads, ...cells], screen.width, cut)) screen.out(visible(line))
      screen.out(counted(rows.length, 'individual'))
    }
    return code
  },
}

function take(found: Map<string, Affected>, told: Told): void {
  const certain = left(told)
  const maybe = told.outcome === 'unknown' || told.outcome === 'unanswered'
  if (!certain && !maybe) return
  for (const patient of patientsOf(told)) {
    const known = found.get(patient.token)
    if (known === undefined) {
      found.set(patient.token, { patient, first: told.at, last: told.at, calls: 1, certain })
      continue
    }
    known.calls += 1
    known.certain ||= certain
    if (told.at < known.first) known.first = told.at
    if (told.at > known.last) known.last = told.at
  }
}
