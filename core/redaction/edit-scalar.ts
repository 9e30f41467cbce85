// What is left of one text or number of a document that is cut where it lies.

import { beyondAscii, endOf, escapes, kindOf, numberKind, signsOf, startOf, type Tape } from '../json-scan.ts'
import type { Step } from './edit-step.ts'
import { keepScalar, type Projection } from './project.ts'
import { numberAt, textAt } from './tape-values.ts'
import { isTerm, learnTerm } from './terms.ts'

/** Of a place that a rule keeps. `hasTerms`: whether the reader has the document, and may know its texts as terms. */
export type Keeping = {
  readonly tape: Tape
  readonly by: Projection
  readonly hasTerms: boolean
}

/** Whether the text at an entry stays since it is a term. */
export function isKeptTerm(entry: number, { at }: Step, { tape }: Keeping): boolean {
  return isTerm(startOf(tape, entry) + 1, endOf(tape, entry) - 1, at.reading)
}

/** Whether the text at an entry may be a term: it is one only where its name does not say what it is. */
export function mayBeTerm(entry: number, { at, isZip }: Step, { tape, by, hasTerms }: Keeping): boolean {
  return (
    hasTerms &&
    by.rules.text !== 'Keep' &&
    (signsOf(tape, entry) & (escapes | beyondAscii)) === 0 &&
    !at.moment &&
    !(isZip && by.known.zips > 0)
  )
}

/** JSON of what is left of it, counted; empty where it stays as it is, undefined where nothing of it does. */
export function scalarLeft(entry: number, rule: string, step: Step, keeping: Keeping): string | undefined {
  const { tape, by } = keeping
  if (kindOf(tape, entry) === numberKind) {
    const value = numberAt(tape, entry)
    const left = keepScalar(value, rule, step.at, by)
    // One that is shown as something else is a text from then on, or another number.
    return left === value ? '' : left === undefined ? undefined : JSON.stringify(left)
  }
  const text = textAt(tape, entry)
  const left = keepScalar(text, rule, step.at, by)
  if (left !== text) return left === undefined ? undefined : JSON.stringify(left)
  if (mayBeTerm(entry, step, keeping))
    learnTerm(startOf(tape, entry) + 1, endOf(tape, entry) - 1, step.at.reading, text)
  return ''
}
