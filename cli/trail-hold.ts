// `hipaa-mcp trail hold`: a legal hold on the archived records of a server, on, off, or listed. Who asked, and why, is on
// record in the trail itself.

import { faultOf, type HoldRequest, type HoldSummary, type HoldsResponse } from '../core/archive/hold.ts'
import { auditorFor, auditorOptions } from './auditor.ts'
import { askCollector } from './collector-connection.ts'
import { type Command, exitCodes, type Screen, textOf, UsageError, type Values } from './command.ts'
import { columns } from './table.ts'
import { periodOf } from './time.ts'

export const trailHold: Command = {
  name: 'trail hold',
  summary: 'Put archived records under a legal hold, take one off, or list them',
  operands: '[NAME]',
  example:
    'trail hold matter-17 --server clinic/ehr --why subpoena \\\n  --since 2026-01-01 --through 2026-06-30',
  options: {
    server: { value: 'NAMESPACE/NAME', help: 'Whose records' },
    since: { value: 'TIME', help: 'Only records from this time on, RFC 3339 or a date' },
    through: { value: 'TIME', help: 'Only records up to this time, RFC 3339, or the end of a date' },
    off: { help: 'Take the hold of this name off' },
    why: { value: 'TEXT', help: 'Why, for the record; no name of a patient' },
    ...auditorOptions,
    json: { help: 'Print the holds as JSON' },
  },
  about:
    'NAME is that of the matter, such as matter-2026-17; without it the holds are listed. Needs the rights of hipaa-mcp trail export. Held records stay in the archive whatever the end of their lock, until the hold is taken off, and what is archived later falls under it as well. With times whole segments are held, and a day on each side, since clocks differ. It is pending until every object was read back as held.',
  run: async (operands, values, screen) => {
    const request = requestOf(operands, values)
    const auditor = await auditorFor(values, screen)
    const { holds } = await auditor(async (socket) =>
      request === undefined
        ? await askCollector<HoldsResponse>(socket, 'GET /v1/holds')
        : await askCollector<HoldsResponse>(socket, 'POST /v1/holds', request),
    )
    print(holds, values['json'] === true, screen)
    return exitCodes.ok
  },
}

/** What to ask for; undefined where holds are listed. Throws `UsageError`. */
export function requestOf(operands: readonly string[], values: Values): HoldRequest | undefined {
  const [hold] = operands
  if (operands.length > 1) throw new UsageError('trail hold wants one name')
  if (hold === undefined) {
    const given = ['server', 'since', 'through', 'off', 'why'].find((name) => values[name] !== undefined)
    if (given !== undefined) throw new UsageError(`--${given} goes with the name of a hold`)
    return undefined
  }
  const server = textOf(values, 'server')
  const since = timeOf(values, 'since')
  const through = timeOf(values, 'through')
  const request: HoldRequest = {
    hold,
    state: values['off'] === true ? 'off' : 'on',
    why: textOf(values, 'why') ?? '',
    ...(server === undefined ? {} : { server }),
    ...(since === undefined ? {} : { since }),
    ...(through === undefined ? {} : { through }),
  }
  const fault = faultOf(request)
  if (fault !== undefined) throw new UsageError(`trail hold: ${fault}`)
  return request
}

/** The last moment of a day, where it is through that day. */
function timeOf(values: Values, name: 'since' | 'through'): string | undefined {
  const text = textOf(values, name)
  if (text === undefined) return undefined
  const period = periodOf(text)
  if (period === undefined) throw new UsageError(`--${name} wants a date, or a time as 2026-11-26T12:00:00Z`)
  const { from, to } = period
  return new Date(name === 'through' ? Math.max(from, to - 1) : from).toISOString()
}

function print(holds: readonly HoldSummary[], json: boolean, screen: Screen): void {
  if (json) screen.out(JSON.stringify({ holds }, null, 2))
  else if (holds.length === 0) screen.out('There is no legal hold, and there never was one.')
  const rows = holds.map(({ hold, state, server, since, through, applied }) => [
    hold,
    applied ? state : `${state}, pending`,
    `${server}${since === undefined ? '' : ` since ${since}`}${through === undefined ? '' : ` through ${through}`}`,
  ])
  if (!json) for (const line of columns(rows, screen.width)) screen.out(line)
}
