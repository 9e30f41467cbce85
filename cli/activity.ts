// `hipaa-mcp activity DIR`: the regular review of activity (45 CFR 164.308(a)(1)(ii)(D)), and that somebody did it.

import { ActivityReview, type Review } from '../core/export/activity-review.ts'
import {
  CannotError,
  type Command,
  exitCodes,
  picked,
  type Screen,
  textOf,
  UsageError,
  type Values,
} from './command.ts'
import { columns, cut, wrap } from './table.ts'
import { filterOf, filterOptions } from './trail/filter.ts'
import { openSource, saidOf } from './trail/follow.ts'
import { short, shortTime } from './trail/show.ts'
import { hashOf, signedOff, signOff } from './trail/sign-off.ts'
import { pinOptions, witnessedAt } from './verify/pins.ts'
import { visible } from './visible.ts'

export const activity: Command = {
  name: 'activity',
  summary: 'Review what people did within a period, the unusual first, and sign that it was reviewed',
  operands: 'SOURCE',
  options: {
    ...picked(filterOptions, 'since', 'until'),
    ...pinOptions,
    'sign-off': { value: 'FILE', help: 'Write a new file that says that you reviewed it' },
    by: { value: 'NAME', help: 'With --sign-off: who you are' },
    sign: { value: 'KEYFILE', help: 'With --sign-off: your Ed25519 key, PEM, mode 600' },
    note: { value: 'TEXT', help: 'With --sign-off: what you found, and what was done' },
    check: { value: 'FILE', help: 'Compare an earlier sign-off with what the trail says of its period' },
    json: { help: 'Print the review as JSON' },
  },
  about:
    'Unusual is: a broken breach rule, emergency access, more than three times the patients of others in the role, many refusals, a tool that nobody else used, a person not seen before, results that are not known. It says where to look, not that something is wrong.\nThe sign-off is a file of yours, not a record of the trail: keep it for six years (45 CFR 164.316(b)(2)(i)). It names the SHA-256 of the review, so that --check finds a trail or a review that is another by now. Who signed is who holds the key: keep the public key that it prints.',
  run: async (operands, values, screen) => {
    const checked = textOf(values, 'check')
    const earlier = checked === undefined ? undefined : await signedOff(checked)
    const asked = signOffOf(values)
    const { since, until } = filterOf({
      since: earlier?.signOff.since ?? values['since'],
      until: earlier?.signOff.until ?? values['until'],
    })
    // The whole trail is read, whatever the period: who was seen before is part of it.
    const source = await openSource(
      'activity',
      operands,
      Object.fromEntries(Object.keys(pinOptions).map((name) => [name, values[name]])),
      screen,
    )
    const review = new ActivityReview(since, until)
    for await (const { told } of source.told) review.take(told)
    const made = review.review(source.server)
    const report = await source.report()
    if (values['json'] === true) screen.out(JSON.stringify(made, null, 2))
    else if (earlier === undefined) print(made, screen)
    const code = saidOf(report, source.from, screen)
    if (code !== exitCodes.ok) return code
    if (earlier !== undefined) return compare(earlier, made, screen)
    if (asked === undefined) return code
    const witnessed = witnessedAt(report) ?? ''
    // A period that is not over yet could not be compared later: more will be in it.
    if (made.until === undefined || made.until > witnessed)
      throw new CannotError(
        `--sign-off wants --until, not after ${witnessed}, up to which the trail is witnessed`,
      )
    const { by, note, file, key } = asked
    const range = { until: made.until, ...(made.since === undefined ? {} : { since: made.since }) }
    const at = new Date().toISOString()
    await signOff(file, key, { by, at, note, server: made.server, ...range, review: hashOf(made), witnessed })
    screen.note(`Signed off in ${file}. It is no record of the trail: keep it.`)
    screen.note(`Key of the reviewer: ${(await signedOff(file)).key}`)
    return code
  },
}

function signOffOf(values: Values): { file: string; by: string; key: string; note: string } | undefined {
  const [file, by, key, note] = ['sign-off', 'by', 'sign', 'note'].map((name) => textOf(values, name))
  if (file === undefined) {
    if (by !== undefined || key !== undefined || note !== undefined)
      throw new UsageError('--by, --sign and --note belong to --sign-off')
    return undefined
  }
  if (by === undefined || by.trim() === '' || key === undefined)
    throw new UsageError('--sign-off wants --by and --sign as well')
  return { file, by, key, note: note ?? '' }
}

function compare(
  { signOff: said, key }: Awaited<ReturnType<typeof signedOff>>,
  made: Review,
  screen: Screen,
): number {
  const same = said.review === hashOf(made) && said.server === made.server
  const by = `${visible(said.by)} at ${said.at}, key ${key}`
  const says = same
    ? `The same: what ${by} signed is what this trail says of the period.`
    : `NOT the same: what ${by} signed is not what this trail says of the period.`
  for (const line of wrap(says, screen.width)) screen.out(line)
  return same ? exitCodes.ok : exitCodes.findings
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
