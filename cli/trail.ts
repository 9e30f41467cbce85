// `hipaa-mcp trail DIR`: what an exported trail tells, call by call (45 CFR 164.312(b)).

import type { Told } from '../core/export/told.ts'
import { type Command, textOf, UsageError } from './command.ts'
import { filterOptions } from './trail/filter.ts'
import { openSource, saidOf, sourceOptions } from './trail/follow.ts'
import { jsonOf, table } from './trail/show.ts'

/** What the collector notes for verifiers: people see it when they ask for what is noted. */
const ofMachines: ReadonlySet<Told['kind']> = new Set([
  'registered',
  'resumed',
  'heads',
  'sealed',
  'archived',
  'registry-archived',
  'legal-hold-applied',
])

export const trail: Command = {
  name: 'trail',
  summary: 'Read an exported trail: who asked for what, of whom, why, and how it ended',
  operands: 'SOURCE',
  example: 'trail DIR --person nurse-7 --since 2026-09-21',
  options: {
    ...filterOptions,
    ...sourceOptions,
    last: { value: 'NUMBER', help: 'Only so many of the newest' },
    json: { help: 'Print one JSON object a line, with all that the records hold' },
  },
  about:
    'A call is one row, at the time of its result; refusals, messages of streams, policies, breach signals and who read the trail are rows of their own; what the collector notes for verifiers is shown with --outcome noted. Without --key patients are tokens, equal for equal patients. The trail is verified as it is read, and the last line says whether it is whole: exit code 1 when not, whatever was printed before.\nThe key is the Secret keys.NAMESPACE.NAME of hipaa-mcp-system, saved with mode 600; whoever may read that Secret may name patients, and nobody else.',
  run: async (operands, values, screen) => {
    const last = lastOf(textOf(values, 'last'))
    const source = await openSource('trail', operands, values, screen)
    const json = values['json'] === true
    const rows = table(screen, source.name)
    const everything = json || source.filter.outcome === 'noted'
    const print = (told: Told): void => {
      if (json) screen.out(JSON.stringify(jsonOf(told, source.name)))
      else rows.row(told)
    }
    let newest: Told[] = []
    for await (const { told } of source.told) {
      if (!everything && ofMachines.has(told.kind)) continue
      if (last === undefined) print(told)
      else {
        newest.push(told)
        if (newest.length >= 2 * last) newest = newest.slice(-last)
      }
    }
    if (last !== undefined) for (const told of newest.slice(-last)) print(told)
    rows.end()
    return saidOf(await source.report(), source.from, screen)
  },
}

function lastOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new UsageError('--last wants a number of up to six digits')
  return Number(text)
}
