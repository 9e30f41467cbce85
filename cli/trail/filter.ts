// Which of what a trail tells is wanted.

import { patientsOf, type Told, type ToldOutcome, toldOutcomes } from '../../core/export/told.ts'
import { type Relation, relations } from '../../core/record-call.ts'
import { type Option, textOf, UsageError, type Values } from '../command.ts'
import { periodOf } from '../time.ts'

export const filterOptions = {
  since: { value: 'TIME', help: 'From this day or RFC 3339 time on, UTC' },
  until: { value: 'TIME', help: 'Up to the end of this day, or before this time' },
  person: { value: 'SUB', help: 'Only this person: subject, or ISSUER|SUBJECT' },
  patient: { value: 'ID', help: 'Only this patient; @FILE or @- keeps the identifier off the command line' },
  tool: { value: 'NAME', help: 'Only this tool, resource or prompt' },
  outcome: { value: 'WORD', help: `Only ${toldOutcomes.join(', ')}` },
  relation: {
    value: 'WORD',
    help: `Only calls of somebody who stands so to a patient in it: ${relations.join(', ')}`,
  },
  call: { value: 'ID', help: 'Only this call' },
} as const satisfies { readonly [name: string]: Option }

export type Filter = {
  /** Milliseconds since 1970; `until` is not in it any more. */
  since: number
  until: number
  person?: string
  tokens?: ReadonlySet<string>
  name?: string
  outcome?: ToldOutcome
  relation?: Relation
  call?: string
}

/** All but `patient`, whose token wants a key. Throws `UsageError`. */
export function filterOf(values: Values): Filter {
  const outcome = textOf(values, 'outcome')
  if (outcome !== undefined && !(toldOutcomes as readonly string[]).includes(outcome))
    throw new UsageError(`--outcome wants one of ${toldOutcomes.join(', ')}`)
  const relation = textOf(values, 'relation')
  if (relation !== undefined && !(relations as readonly string[]).includes(relation))
    throw new UsageError(`--relation wants one of ${relations.join(', ')}`)
  const [since, until] = [timeOf(values, 'since', -Infinity), timeOf(values, 'until', Infinity)]
  // Nothing is within it, and "nobody saw this patient" would be the answer to a slip of the pen.
  if (since >= until) throw new UsageError('--until wants a time after --since')
  const [person, name, call] = ['person', 'tool', 'call'].map((option) => textOf(values, option))
  return {
    since,
    until,
    ...(person === undefined ? {} : { person }),
    ...(name === undefined ? {} : { name }),
    ...(call === undefined ? {} : { call }),
    ...(outcome === undefined ? {} : { outcome: outcome as ToldOutcome }),
    ...(relation === undefined ? {} : { relation: relation as Relation }),
  }
}

export function passes(told: Told, filter: Filter): boolean {
  const time = Date.parse(told.at)
  if (time < filter.since || time >= filter.until) return false
  if (filter.outcome !== undefined && told.outcome !== filter.outcome) return false
  if (filter.relation !== undefined && told.relations?.includes(filter.relation) !== true) return false
  if (filter.name !== undefined && told.name !== filter.name) return false
  if (filter.call !== undefined && told.call !== filter.call) return false
  if (filter.person !== undefined && !isPerson(told, filter.person)) return false
  return filter.tokens === undefined || patientsOf(told).some(({ token }) => filter.tokens?.has(token))
}

function isPerson({ person }: Told, wanted: string): boolean {
  return person !== undefined && (person.sub === wanted || `${person.iss}|${person.sub}` === wanted)
}

function timeOf(values: Values, option: 'since' | 'until', otherwise: number): number {
  const text = textOf(values, option)
  if (text === undefined) return otherwise
  const period = periodOf(text)
  if (period === undefined)
    throw new UsageError(`--${option} wants a day such as 2026-11-25, or 2026-11-25T08:00:00Z`)
  return option === 'until' ? period.to : period.from
}
