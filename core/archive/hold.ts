// A legal hold, as a person asks for it: `POST /v1/holds` on the collector, by an auditor. Records that it concerns stay in
// the archive whatever the end of their lock, until the hold is taken off.

import { isObject } from '../is-object.ts'

export type HoldRequest = {
  /** Name of the hold: of the matter, never of a patient. */
  hold: string
  state: 'on' | 'off'
  /** Of `on`: whose records, `namespace/name`; and from and to which time, RFC 3339, milliseconds. */
  server?: string
  since?: string
  through?: string
  /** In a person's words, for the record. No name of a patient. */
  why: string
}

/** A hold, as the collector tells it. */
export type HoldSummary = {
  hold: string
  state: 'on' | 'off'
  server: string
  since?: string
  through?: string
  /** Every archived segment that it concerns is so. */
  applied: boolean
}

/** Answer to `GET` and `POST /v1/holds`. */
export type HoldsResponse = { holds: HoldSummary[] }

const name = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const server = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/
// What is printed, in any script; no control characters.
const words = /^[^\p{C}]{1,500}$/u
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const isTime = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && time.test(value) && !Number.isNaN(Date.parse(value)))
const matches = (form: RegExp, value: unknown): boolean => typeof value === 'string' && form.test(value)

/** What is wrong with a request, for a person; undefined when it is one. */
export function faultOf(value: unknown): string | undefined {
  if (!isObject(value)) return 'it is no object'
  const { hold, state, server: of, since, through, why } = value
  if (!matches(name, hold))
    return 'the name of a hold is of letters, digits, dots, hyphens and underscores, 64 at most'
  if (state !== 'on' && state !== 'off') return 'a hold is on or off'
  if (!matches(words, why)) return 'a reason is wanted, of 500 characters at most, in one line'
  if (state === 'off')
    return of === undefined && since === undefined && through === undefined
      ? undefined
      : 'a hold is taken off by its name, as a whole'
  if (!matches(server, of)) return 'a server is wanted, NAMESPACE/NAME'
  if (!isTime(since) || !isTime(through)) return 'times are RFC 3339 in UTC with milliseconds'
  return typeof since === 'string' && typeof through === 'string' && since > through
    ? 'it ends before it begins'
    : undefined
}
