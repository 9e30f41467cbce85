// `hipaa-mcp activity SOURCE`: the regular review of activity (45 CFR 164.308(a)(1)(ii)(D)), and that somebody did it.

import { ActivityReview, type Review } from '../core/export/activity-review.ts'
import { auditorFor } from './auditor.ts'
import {
  CannotError,
  type Command,
  exitCodes,
  picked,
  type Screen,
  serverOf,
  textOf,
  UsageError,
  type Values,
} from './command.ts'
import { columns, cut, wrap } from './table.ts'
import { filterOf, filterOptions } from './trail/filter.ts'
import { openSource, saidOf } from './trail/follow.ts'
import { reachOptions } from './trail/open-trail.ts'
import { hashOf, putOnRecord, type Reviewed, ReviewsOnRecord } from './trail/reviews.ts'
import { short, shortTime } from './trail/show.ts'
import { pinOptions, witnessedAt } from './verify/pins.ts'
import { visible } from './visible.ts'

export const activity: Command = {
  name: 'activity',
  summary: 'Review what people did within a period, the unusual first, and put on record that you did',
  operands: 'SOURCE',
  example: 'activity DIR --since 2026-09-01 --until 2026-09-30 --policy policy',
  options: {
    ...picked(filterOptions, 'since', 'until'),
    ...pinOptions,
    ...reachOptions,
    'sign-off': { help: 'Put on record, at the collector, that you reviewed this' },
    note: { value: 'TEXT', help: 'With --sign-off: what you found, and what was done; no name of a patient' },
    every: { value: 'DAYS', help: 'How often activity is reviewed, 31 unless set: later is overdue' },
    check: { help: 'Compare each review on record with what the trail says, and fail when one is overdue' },
    json: { help: 'Print the review as JSON' },
  },
  about:
    'Unusual is: a look at the own record, at one on the VIP list or at one with the same family name, as far as the policy has that recorded; a broken breach rule, emergency access, more than three times the patients of others in the role, many refusals, a tool that nobody else used, a person not seen before, results that are not known. It says where to look, not that something is wrong.\nThe sign-off is a record of the trail, kept and signed like every other: who reviewed, as the API server knows them, which period, and the SHA-256 of exactly what was reviewed, so that --check finds a trail that says something else by now. It needs the rights of hipaa-mcp trail export.',
  run: async (operands, values, screen) => {
    const signs = values['sign-off'] === true
    const checks = values['check'] === true
    const everyDays = daysOf(values)
    if (textOf(values, 'note') !== undefined && !signs) throw new UsageError('--note belongs to --sign-off')
    if (signs && checks)
      throw new UsageError('--check looks at reviews that are on record: without --sign-off')
    const { since, until } = filterOf({ since: values['since'], until: values['until'] })
    // The whole trail is read, whatever the period: who was seen before is part of it.
    const source = await openSource(
      'activity',
      operands,
      { ...values, since: undefined, until: undefined },
      screen,
    )
    const review = new ActivityReview(since, until)
    const onRecord = new ReviewsOnRecord(source.registry)
    for await (const { told } of source.told) {
      review.take(told)
      onRecord.take(told, checks)
    }
    const made = review.review(source.server)
    const report = await source.report()
    const witnessed = witnessedAt(report) ?? ''
    const reviewed = onRecord.state(Date.parse(witnessed), everyDays)
    if (values['json'] === true) screen.out(JSON.stringify({ ...made, reviewed }, null, 2))
    else if (!checks) print(made, screen)
    const code = saidOf(report, source.from, screen)
    if (code !== exitCodes.ok) return code
    if (!signs) {
      const same = !checks || compare(onRecord.compared(source.server), screen)
      for (const line of wrap(stateOf(reviewed), screen.width)) screen.note(line)
      return same && (!checks || !reviewed.overdue) ? exitCodes.ok : exitCodes.findings
    }
    // A period that is not over yet could not be compared later: more will be in it.
    if (made.until === undefined || made.until > witnessed)
      throw new CannotError(
        `--sign-off wants --until, not after ${witnessed}, up to which the trail is witnessed`,
      )
    const { namespace, server } = serverOf(source.server)
    const index = await putOnRecord(await auditorFor(values, screen), {
      namespace,
      server,
      until: made.until,
      ...(made.since === undefined ? {} : { since: made.since }),
      review: hashOf(made),
      witnessed,
      note: textOf(values, 'note') ?? '',
    })
    screen.note(`On record: record ${index} of the registry log.`)
    return code
  },
}

function daysOf(values: Values): number {
  const text = textOf(values, 'every') ?? '31'
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw new UsageError('--every wants a number of days')
  return Number(text)
}

function compare(compared: ReturnType<ReviewsOnRecord['compared']>, screen: Screen): boolean {
  for (const { said, same } of compared) {
    const period = `${said.since ?? 'the beginning'} to ${said.until}`
    const says = same
      ? `The same: what ${said.by} reviewed at ${said.at} is what this trail says of ${period}.`
      : `NOT the same: what ${said.by} reviewed at ${said.at} is not what this trail says of ${period}.`
    for (const line of wrap(visible(says), screen.width)) screen.out(line)
  }
  return compared.every(({ same }) => same)
}

function stateOf({ through, overdue, everyDays }: Reviewed): string {
  const so = through === undefined ? 'Nothing was reviewed yet' : `Reviewed without a gap through ${through}`
  return overdue
    ? `OVERDUE: ${so}, and that is more than ${everyDays} days before the trail’s end. Review what follows, with --sign-off.`
    : `${so}; not overdue.`
}

function print({ server, since, until, persons, tools, refusals, events }: Review, screen: Screen): void {
  const table = (heads: string[], rows: readonly string[][]): void => {
    if (rows.length === 0) return
    screen.out('')
    for (const line of columns([heads, ...rows], screen.width, cut)) screen.out(visible(line))
  }
  screen.out(`${server}, ${since ?? 'from the beginning'} to ${until ?? 'the end'}`)
  table(
    ['PERSON', 'CALLS', 'REFUSED', 'PATIENTS', 'UNUSUAL'],
    persons.map(({ sub, calls, refusals: refused, patients, unusual }) => [
      short(sub, 20),
      ...[calls, refused, patients].map(String),
      unusual.join('; ') || '-',
    ]),
  )
  table(
    ['TOOL', 'CALLS', 'PERSONS', 'PATIENTS'],
    tools.map(({ name, calls, persons: who, patients }) => [
      short(name, 30),
      ...[calls, who, patients].map(String),
    ]),
  )
  table(
    ['REFUSED BECAUSE', 'TIMES', 'PERSONS'],
    refusals.map(({ reason, times, persons: who }) => [short(reason, 30), String(times), String(who)]),
  )
  table(
    ['TIME (UTC)', 'WHAT', 'SAYS'],
    events.map(({ at, kind, says }) => [shortTime(at), kind, says]),
  )
}
