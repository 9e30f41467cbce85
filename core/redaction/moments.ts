// Moments that are written as digits alone: seconds and milliseconds since 1970, and ISO 8601 in short. Such a number is one
// only where its member's name says so: elsewhere it is a code, a count or somebody's number.

import { words } from '../words.ts'
import { drop, type Tally } from './counts.ts'
import { wordsOf } from './name-words.ts'
import type { TextRules } from './text.ts'

/** Words with which names of moments end: `createdAt`, `SEEN_AT`, `visit date`. */
const lastWords = words('at date time timestamp datetime ts created updated modified issued recorded epoch')
/** What stands behind them, of how it is counted: `start_time_ms`. */
const countedIn = words('ms millis milliseconds sec secs seconds us micros ns nanos utc gmt unix')
/** Written as one word. */
const gluedMember =
  /^(?:birth|visit|start|end|admit|admission|discharge|service|death|order|due|effective|event)(?:date|time)$/

/** Whether a member of this name holds a moment: `date`, `createdAt`, `seen_at`, `dateOfService`. */
export function holdsMoment(member: string): boolean {
  const said = wordsOf(member)
  while (said.length > 1 && countedIn.has(said.at(-1) as string)) said.pop()
  const last = said.at(-1) ?? ''
  return lastWords.has(last) || gluedMember.test(last) || said[0] === 'date'
}

/** A day, with an hour or without, in ISO 8601 without signs between. */
const compact =
  /^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-4])[0-5]\d(?:[0-5]\d)?)?$/
/** Since 1970, or, with a sign, before: who is over 56 was born then. */
const sinceEpoch = /^(-?)(\d{8,19})(?:\.\d{1,9})?$/
/** The years 1900 and 2100, in seconds since 1970. */
const [from, until] = [-2_208_988_800, 4_102_444_800]
/** By how many digits there are at most: seconds, then thousands, millions and thousand millions of a second. In 1970 they have fewer. */
const perSecond = [
  [10, 1],
  [13, 1e3],
  [16, 1e6],
  [19, 1e9],
] as const

/** The year of a moment in digits (UTC); undefined for what is none. */
export function yearOfMoment(value: string | number): number | undefined {
  const text = String(value)
  if (compact.test(text)) return Number(text.slice(0, 4))
  const [, sign, digits = ''] = sinceEpoch.exec(text) ?? []
  // A number of eight digits is more often a code than a day of 1970.
  if (sign === undefined || (sign === '' && digits.length < 9)) return undefined
  const since = Number(digits) * (sign === '' ? 1 : -1)
  const seconds = perSecond
    .filter(([most]) => digits.length <= most)
    .map(([, per]) => since / per)
    .find((one) => one >= from && one <= until)
  if (seconds === undefined) return undefined
  return new Date(seconds * 1_000).getUTCFullYear()
}

/** What of a moment may leave: its year, in the type that it had, or nothing. */
export function momentLeft<Moment extends string | number>(
  value: Moment,
  year: number,
  { dates }: TextRules,
  tally: Tally,
): Moment | undefined {
  // Moved by days it would have to be written in the form that it had: it goes.
  if (dates !== 'Year') return drop('date', tally)
  tally.redacted['date'] = (tally.redacted['date'] ?? 0) + 1
  return (typeof value === 'number' ? year : String(year)) as Moment
}
