// Moments that are written as digits alone: seconds and milliseconds since 1970, and ISO 8601 in short. Such a number is one
// only where its member's name says so: elsewhere it is a code, a count or somebody's number.

import { drop, type Tally } from './counts.ts'
import type { TextRules } from './text.ts'

/** Whether a member of this name holds a moment: `date`, `createdAt`, `seen_at`, `dateOfService`. */
export function holdsMoment(member: string): boolean {
  return /^(?:date|time|timestamp|datetime|ts|created|updated|modified|issued|recorded)$|[a-z](?:At|Date|Time|Timestamp)$|_(?:at|date|time|timestamp|ts)$|^date[A-Z_]/.test(
    member,
  )
}

/** The year of a moment in digits (UTC); undefined for what is none. */
export function yearOfMoment(value: string | number): number | undefined {
  const text = String(value)
  if (!/^\d{8,14}$/.test(text)) return undefined
  if (
    /^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-4])[0-5]\d(?:[0-5]\d)?)?$/.test(
      text,
    )
  )
    return Number(text.slice(0, 4))
  const seconds = text.length === 10 ? Number(text) : text.length === 13 ? Number(text) / 1_000 : undefined
  // Until the year 2100.
  return seconds === undefined || seconds > 4_102_444_800
    ? undefined
    : new Date(seconds * 1_000).getUTCFullYear()
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
