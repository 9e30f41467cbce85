// Numbers and codes in prose that nothing announces: by their length alone.

import { digitsOf } from './announced.ts'
import { byteAt } from './letters.ts'
import { isCodeOf, isSubstance, isUnitAt } from './quantities.ts'
import {
  aDash,
  aDot,
  aHash,
  anAmpersand,
  aSlash,
  type Detector,
  dash,
  hash,
  isCapital,
  isDigit,
  isOneOf,
  letterOrDigit,
  not,
  nowhere,
  type Run,
} from './runs.ts'

const at = ({ bytes, start }: Run, by: number): number => byteAt(bytes, start + by)

/** With the # before it; nowhere inside of a longer word, number or path. */
function withHash({ bytes }: Run, start: number): number {
  const from = start > 0 && byteAt(bytes, start - 1) === hash ? start - 1 : start
  return isOneOf(byteAt(bytes, from - 1), letterOrDigit | aDot | aSlash | aDash) ? nowhere : from
}

/** From where the code begins, at a capital. */
function codeFrom(run: Run): number {
  return run.end - run.start >= 2 && isCapital(byteAt(run.bytes, run.code))
    ? withHash(run, run.code)
    : nowhere
}

const lettered = {
  pattern: /(?<![\w./-])#?([A-Z]{1,8})([-_]?)\d{2,20}(?:-?[A-Z0-9]{1,10}){0,3}(?![\w-]|\.\d)/y,
  accept: (match: RegExpExecArray, run: Run) =>
    !isSubstance(match[1] as string) &&
    !isCodeOf(run, match.index) &&
    digitsOf(match[0]) >= (match[2] === '' ? 5 : 4),
}

/** In prose alone: among coded values a long number is a code. */
export const longNumbers: readonly Detector[] = [
  {
    // HMO-234567, SJH123456, P12345678
    type: 'UNIQUE_IDENTIFIER',
    digits: [0, 0],
    from: codeFrom,
    ...lettered,
  },
  {
    type: 'UNIQUE_IDENTIFIER',
    digits: [1, Infinity],
    // The letters before its hyphen or underscore.
    before: aDash | letterOrDigit,
    from: (run) => (run.code < run.start ? codeFrom(run) : nowhere),
    ...lettered,
  },
  {
    // 12345-JS, 98765ABC
    type: 'UNIQUE_IDENTIFIER',
    digits: [4, 20],
    next: letterOrDigit | aDash,
    from: (run) =>
      isCapital(run.next) || (run.next === dash && isCapital(at(run, run.digits + 1)))
        ? withHash(run, run.start)
        : nowhere,
    pattern: /(?<![\w./-])#?\d{4,20}-?([A-Z]{1,6})\d{0,6}(?![\w-])/y,
    accept: (match, run) =>
      !/^(?:MG|MCG|ML|IU|U|KG|G|L|K|M|S|C|F|CFU|USD)$/.test(match[1] as string) &&
      !isCodeOf(run, match.index),
  },
  {
    // 789-456-123, 54321-7890
    type: 'UNIQUE_IDENTIFIER',
    digits: [2, 8],
    next: aDash,
    from: (run) => (isDigit(at(run, run.digits + 2)) ? withHash(run, run.start) : nowhere),
    pattern: /(?<![\w./-])#?\d{2,8}(?:-\d{2,8}){1,3}(?![\w/%-]|\.\d)/y,
    fits: isGrouped,
  },
  {
    type: 'UNIQUE_IDENTIFIER',
    digits: [6, Infinity],
    next: not(letterOrDigit | aSlash | aDash),
    from: (run) => withHash(run, run.start),
    pattern: /(?<![\w.,/$€£-])#?\d{6,20}(?![\w/%-]|[.,]\d)/y,
    fits: (run, start, end) => !isCodeOf(run, start) && !isUnitAt(run, end) && !run.text.endsWith('000', end),
  },
  {
    type: 'UNIQUE_IDENTIFIER',
    digits: [4, Infinity],
    before: aHash,
    from: ({ bytes, start }) =>
      isOneOf(byteAt(bytes, start - 2), letterOrDigit | anAmpersand) ? nowhere : start - 1,
    pattern: /(?<![\w&])#\d{4,20}(?![\w-])/y,
  },
]

/** Groups of digits between hyphens, seven digits and more: no code of a term, and no range. */
function isGrouped(run: Run, start: number, end: number): boolean {
  const { bytes } = run
  const first = byteAt(bytes, start) === hash ? start + 1 : start
  let hyphens = 0
  let second = end
  for (let i = first; i < end; i += 1) {
    if (bytes[i] !== dash) continue
    if (hyphens === 0) second = i + 1
    hyphens += 1
  }
  const digits = end - first - hyphens
  if (digits < 7 || isCodeOf(run, start)) return false
  if (hyphens > 1) return true
  const alike = second - 1 - first === end - second || digits < 8
  // A range: 1000-1500, 150000-450000
  if (alike && numberIn(bytes, first, second - 1) < numberIn(bytes, second, end)) return false
  return !isUnitAt(run, end)
}

function numberIn(bytes: Uint8Array, start: number, end: number): number {
  let value = 0
  for (let i = start; i < end; i += 1) value = value * 10 + (bytes[i] as number) - 0x30
  return value
}
