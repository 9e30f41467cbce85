// What is settled before a result is cut: how its texts are judged, ages grouped, pseudonyms learnt.

import type { KeyObject } from 'node:crypto'
import type { Policy } from '../policy.ts'
import { agesGrouped } from './ages.ts'
import { withPseudonyms } from './instead.ts'
import type { Parts } from './results.ts'
import type { ReturnRules } from './rules.ts'
import { oldest } from './safe-harbor.ts'
import { daysOf } from './shift.ts'
import type { Survey } from './survey.ts'
import type { TextRules } from './text.ts'

/** `key`: of the server and purpose, asked for only where something is made with it. `year`: the calendar's now. */
export type Making = { readonly key: () => KeyObject; readonly year: number }

/** Dates of a result about one patient move by days that are theirs; whose a date is among several cannot be told. */
export function rulesOfTexts(
  { text }: ReturnRules,
  { redaction: { dates } }: Pick<Policy, 'redaction'>,
  [patient, ...others]: readonly string[],
  { key, year }: Making,
): TextRules {
  const bornFrom = year - oldest + 1
  if (dates !== 'Shift' || patient === undefined || others.length > 0) return { dates, text, bornFrom }
  return { dates, text, bornFrom, shift: daysOf(patient, key()) }
}

/**
 * The parts as they are cut: others than those that came where ages were grouped in them, or pseudonyms stand. `hidden`:
 * identifiers that are shown as pseudonyms wherever they stand.
 */
export function prepared(
  part: Parts,
  known: Survey,
  returns: ReturnRules,
  { key }: Making,
  hidden: readonly string[],
): Parts {
  const own = groupsAges(known, returns) ? agesGrouped(part) : part
  return returns.pseudonyms === undefined
    ? own
    : withPseudonyms(own, { tree: returns.pseudonyms, hidden }, key(), known)
}

/** Whether ages over 89 are made one group in the value, before it is cut. */
export function groupsAges({ old }: Survey, { text }: Pick<ReturnRules, 'text'>): boolean {
  return old > 0 && text !== 'Keep'
}
