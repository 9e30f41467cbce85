// Runs of letters and digits of ASCII, one after the other: what every number, code and date begins with. All rules of form
// start here, so that a text is gone through once, and not once for each of them.

import { byteAt } from './letters.ts'
import type { IdentifierType, Span } from './span.ts'

/** Filled anew for each run: nothing keeps one. */
export type Run = {
  readonly text: string
  /** letters.ts */
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  /** How many digits it begins with. */
  readonly digits: number
  /** Code of the character behind these digits, and of the one before the run; 0 at the text's ends. */
  readonly next: number
  readonly before: number
  /** Number of all this: see `looksOf`. */
  readonly looks: number
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

/** What a character before a number or code may be that makes it a part of something else: bits, to ask for several at once. */
export const letterOrDigit = 1
export const aDot = 2
export const aDash = 4
export const aSlash = 8
export const aPlus = 16
export const aColon = 32
export const anAmpersand = 64
export const aComma = 128
export const aSpace = 256
export const anOpening = 512
export const aClosing = 1024
export const aHash = 2048
/** Any other, and the text's ends. */
export const anyOther = 4096
const signCount = 13
const all = (1 << signCount) - 1
/** All but these. */
export const not = (those: number): number => all & ~those

const signs = new Uint16Array(0x80).fill(anyOther)
for (let code = 0; code < 0x80; code += 1)
  if (/\w/.test(String.fromCharCode(code))) signs[code] = letterOrDigit
for (const [code, sign] of [
  [dot, aDot],
  [dash, aDash],
  [slash, aSlash],
  [plus, aPlus],
  [colon, aColon],
  [0x26, anAmpersand],
  [0x2c, aComma],
  [space, aSpace],
  [opening, anOpening],
  [closing, aClosing],
  [hash, aHash],
] as const)
  signs[code] = sign

function signOf(code: number): number {
  return code < 0x80 ? (signs[code] as number) : anyOther
}

/** Whether a character is one of these. */
export function isOneOf(code: number, those: number): boolean {
  return (signOf(code) & those) !== 0
}

/** Where a rule's form begins, if it cannot. */
export const nowhere = -1

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** Whether so many digits stand here. */
export function areDigits(bytes: Uint8Array, at: number, count: number): boolean {
  for (let i = at; i < at + count; i += 1) if (!isDigit(byteAt(bytes, i))) return false
  return true
}

export function isCapital(code: number): boolean {
  return code >= 0x41 && code <= 0x5a
}

/** A span of the text that is looked through, which may grow by another that overlaps it. */
export type Finding = { -readonly [member in keyof Span]: Span[member] }

/** Tried where it may begin. The pattern is sticky. */
export type Detector = {
  readonly type: IdentifierType
  /** How many digits the run begins with, at least and at most. */
  readonly digits: readonly [least: number, most: number]
  /** What may stand before the run and behind its first digits, bits of the above; by default anything. */
  readonly before?: number
  readonly next?: number
  /**
   * Where it would begin, for this run; -1 where it cannot. A few characters rule out nearly all runs: an expression that
   * is asked costs as much as fifty of them.
   */
  readonly from: (run: Run) => number
  readonly pattern: RegExp
  /** Whether it is one, by where it stands; by what stood where in it. */
  readonly fits?: (run: Run, start: number, end: number) => boolean
  readonly accept?: (match: RegExpExecArray, run: Run) => boolean
  readonly year?: (match: RegExpExecArray) => string | undefined
  /** Where what is around it says more of the type. */
  readonly typed?: (match: RegExpExecArray, run: Run) => IdentifierType
}

/** A rule with the bit by which it is asked for. All have all members, in one order: what is looked into is of one shape then. */
type Grouped = Detector & { readonly group: number }

function grouped(group: number, { type, digits, before, next, from, pattern, ...more }: Detector): Grouped {
  const { fits, accept, typed, year } = more
  return { group, type, digits, before, next, from, pattern, fits, accept, typed, year } as Grouped
}

/** Rules, and by how a run looks those that may fit it, as far as such a run was seen. */
export type Detectors = {
  readonly all: readonly Grouped[]
  readonly fitting: (readonly Grouped[] | undefined)[]
}

/** So many digits and more are alike. */
const mostDigits = 20

/** In the order in which they are tried. */
export function detectorsOf(
  groups: readonly (readonly [group: number, detectors: readonly Detector[]])[],
): Detectors {
  const all = groups.flatMap(([group, detectors]) => detectors.map((one) => grouped(group, one)))
  return { all, fitting: Array.from({ length: (mostDigits + 1) * signCount * signCount }, () => undefined) }
}

/** Number of how a run looks: its digits, and the signs around them. */
export function looksOf(digits: number, before: number, next: number): number {
  const counted = digits < mostDigits ? digits : mostDigits
  return (counted * signCount + 31 - Math.clz32(signOf(before))) * signCount + 31 - Math.clz32(signOf(next))
}

function fittingOf({ all, fitting }: Detectors, { digits, before, next, looks }: Run): readonly Grouped[] {
  const counted = digits < mostDigits ? digits : mostDigits
  const those = all.filter(
    (one) =>
      counted >= one.digits[0] &&
      counted <= one.digits[1] &&
      (one.before === undefined || isOneOf(before, one.before)) &&
      (one.next === undefined || isOneOf(next, one.next)),
  )
  fitting[looks] = those
  return those
}

/** Those of the groups that are asked for. */
export function tryAll(detectors: Detectors, asked: number, run: Run, findings: Finding[]): void {
  const those = detectors.fitting[run.looks] ?? fittingOf(detectors, run)
  for (let i = 0; i < those.length; i += 1) {
    const detector = those[i] as Grouped
    if ((detector.group & asked) === 0) continue
    const start = detector.from(run)
    if (start < 0) continue
    const { pattern } = detector
    pattern.lastIndex = start
    if (!pattern.test(run.text)) continue
    const end = pattern.lastIndex
    if (!isCovered(findings, start, end)) found(detector, run, start, end, findings)
  }
}

function found(
  { pattern, fits, accept, typed, year, type }: Detector,
  run: Run,
  start: number,
  end: number,
  findings: Finding[],
): void {
  if (fits !== undefined && !fits(run, start, end)) return
  if (accept === undefined && typed === undefined && year === undefined)
    return void findings.push({ start, end, type })
  // What stood where is asked for few of them, and costs more than the whole match.
  pattern.lastIndex = start
  const match = pattern.exec(run.text) as RegExpExecArray
  if (accept !== undefined && !accept(match, run)) return
  const as = typed?.(match, run) ?? type
  const told = year?.(match)
  findings.push(told === undefined ? { start, end, type: as } : { start, end, type: as, year: told })
}

/** How many findings are looked back at. */
const lately = 4

/** Whether one of those found last holds all of this: another within it tells nothing. */
function isCovered(findings: readonly Finding[], start: number, end: number): boolean {
  for (let i = findings.length - 1; i >= 0 && i >= findings.length - lately; i -= 1) {
    const one = findings[i] as Finding
    if (one.start <= start && end <= one.end) return true
  }
  return false
}
