// Dates moved by a number of days that is a patient's own: what lies between two of them stays as long as it was.

import type { KeyObject } from 'node:crypto'
import { hmac } from '../hmac.ts'

/** Days at most, either way. Never none: a date that stays where it was would be told. */
export const mostDays = 364

/** By how many days a patient's dates move, from -364 to 364 and not 0: the same under the same key. */
export function daysOf(patient: string, key: KeyObject): number {
  const drawn = Number.parseInt(hmac(`days\n${patient}`, key).slice(0, 12), 16)
  const place = drawn % (2 * mostDays)
  return place < mostDays ? place - mostDays : place - mostDays + 1
}

/**
 * A whole day, with its time where it has one, so many days later. Undefined for what is no day of the calendar, and for
 * a month by itself, which cannot be moved by days.
 */
export function shifted(date: string, days: number): string | undefined {
  const [, day, time = ''] = /^(\d{4}-\d{2}-\d{2})(T.{1,40})?$/.exec(date) ?? []
  if (day === undefined) return undefined
  const at = new Date(`${day}T00:00:00Z`)
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== day) return undefined
  at.setUTCDate(at.getUTCDate() + days)
  const moved = at.toISOString()
  return /^\d{4}-/.test(moved) ? `${moved.slice(0, 10)}${time}` : undefined
}
