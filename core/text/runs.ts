// Runs of letters and digits of ASCII, one after the other: what every number, code and date begins with. All rules of form
// start here, so that a text is gone through once, and not once for each of them.

import type { IdentifierType, Span } from './span.ts'

/** Filled anew for each run: nothing keeps one. */
export type Run = {
  readonly text: string
  readonly start: number
  readonly end: number
  /** How many digits it begins with. */
  readonly digits: number
  /** Code of the character behind these digits, and of the one before the run; NaN at the text's ends. */
  readonly next: number
  readonly before: number
  /** Where the code begins that this run is part of: the letters before its hyphen, or the run itself. */
  readonly code: number
}

export const dash = 0x2d
export const slash = 0x2f
export const dot = 0x2e
export const space = 0x20
export const colon = 0x3a
export const closing = 0x29
export const opening = 0x28
export const plus = 0x2b
export const hash = 0x23

/** A span of the text that is looked through, which may grow by another that overlaps it. */
export type Finding = { -readonly [member in keyof Span]: Span[member] }

/** Tried where `from` says that it may begin. The pattern is sticky. */
export type Detector = {
  readonly type: IdentifierType
  /** How many digits the run begins with, at least and at most. */
  readonly digits: readonly [least: number, most: number]
  /** Where it would begin, for this run; -1 where it cannot. */
  readonly from: (run: Run) => number
  readonly pattern: RegExp
  readonly accept?: (match: RegExpExecArray) => boolean
  readonly year?: (match: RegExpExecArray) => string | undefined
  /** Where what is around it says more of the type. */
  readonly typed?: (match: RegExpExecArray) => IdentifierType
}

/** Rules by how many digits a run begins with (the last: that many and more): most rules ask for a few lengths only. */
export type ByDigits = readonly (readonly Detector[])[]

const mostDigits = 20

export function byDigits(all: readonly Detector[]): ByDigits {
  return Array.from({ length: mostDigits + 1 }, (_, digits) =>
    all.filter(({ digits: [least, most] }) => digits >= least && digits <= most),
  )
}

export function tryAll(all: ByDigits, run: Run, findings: Finding[]): void {
  const { text, digits } = run
  const those = all[digits < mostDigits ? digits : mostDigits] as readonly Detector[]
  for (let i = 0; i < those.length; i += 1) {
    const detector = those[i] as Detector
    const start = detector.from(run)
    if (start < 0) continue
    const { pattern } = detector
    pattern.lastIndex = start
    // Most fail: no match is made for asking.
    if (!pattern.test(text)) continue
    pattern.lastIndex = start
    const match = pattern.exec(text) as RegExpExecArray
    if (detector.accept !== undefined && !detector.accept(match)) continue
    const known = detector.year?.(match)
    const finding = { start, end: start + match[0].length, type: detector.typed?.(match) ?? detector.type }
    findings.push(known === undefined ? finding : { ...finding, year: known })
  }
}
