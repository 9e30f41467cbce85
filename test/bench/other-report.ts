// Figures of what is measured besides the one call, as a table: medians of the rounds, each with its unit.

import { quantile } from './comparison.ts'
import type { OtherFigures } from './other-rows.ts'
import { eventsOfCall, listed, openAtOnce } from './other-work.ts'
import type { RecordsFigures } from './records-rows.ts'
import { markdown } from './table.ts'

const count = (value: number): string => Math.round(value).toLocaleString('en')

/** A table of the rounds' medians. */
export function otherTable(rounds: readonly OtherFigures[]): string {
  return markdown([['what', 'figure', 'beside it'], ...rows(rounds)])
}

/** One round on a line. */
export function saidOf(figures: OtherFigures): string {
  return rows([figures])
    .map(([what, figure]) => `${what}: ${figure}`)
    .join('; ')
}

function rows(rounds: readonly OtherFigures[]): [what: string, figure: string, beside: string][] {
  const median = (of: (figures: OtherFigures) => number): number => quantile(rounds.map(of))
  const list = median((each) => each.list.microseconds)
  const nginx = median((each) => each.list.nginx)
  // Of a round each: what the machine did in it fell on both.
  const ratio = median((each) => each.list.microseconds / each.list.nginx)
  return [
    [
      `\`tools/list\`, ${listed.seen} of ${listed.all} tools seen, ${count(median((each) => each.list.bytes))} bytes`,
      `${count(list)} µs CPU a list`,
      `${ratio.toFixed(1)} × nginx (${count(nginx)} µs); ${count(median((each) => each.list.perSecond))} lists/s at most`,
    ],
    [
      `a call answered by a stream of ${count(eventsOfCall)} events`,
      `${count(median((each) => each.events.microseconds))} µs CPU an event`,
      `${count(median((each) => each.events.perSecond))} events/s at most, each recorded before it leaves`,
    ],
    [
      `${openAtOnce.streams} open streams`,
      `${count(median((each) => each.streamBytes) / 1e3)} kB of memory a stream`,
      'with a connection of its caller and one to the server',
    ],
    [
      'a token verified for the first time',
      `${count(median((each) => each.token.more))} µs CPU more a call`,
      `${count(median((each) => each.token.known))} µs a call with a known one, \`Local\``,
    ],
    ...recordsRows(rounds.map(({ records }) => records)),
  ]
}

/** Each beside nginx at its own rate and in the same round. */
export function recordsRows(
  rounds: readonly RecordsFigures[],
): [what: string, figure: string, beside: string][] {
  const median = (of: (figures: RecordsFigures) => number): number => quantile(rounds.map(of))
  const row = (what: string, how: 'onClock' | 'most', more: string): [string, string, string] => [
    `both records of a call by themselves, \`Local\`, ${what}`,
    `${count(median(({ records }) => records[how]))} µs CPU a call`,
    `${median(({ records, nginx }) => records[how] / nginx[how]).toFixed(1)} × nginx so (${count(median(({ nginx }) => nginx[how]))} µs; aim: 1.7)${more}`,
  ]
  const perSecond = (who: 'records' | 'nginx'): string => count(median((figures) => figures[who].perSecond))
  return [
    row(`at ${count(median(({ rate }) => rate))} calls/s on a clock`, 'onClock', ''),
    row('as fast as they go', 'most', `; ${perSecond('records')} and ${perSecond('nginx')} calls/s`),
  ]
}
