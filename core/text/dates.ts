// Dates in digits, all elements but the year (45 CFR 164.514(b)(2)(i)(C)).

import { monthName, time } from './date-parts.ts'
import { byteAt } from './letters.ts'
import {
  aComma,
  aDash,
  aDot,
  aHash,
  areDigits,
  aSlash,
  aSpace,
  colon,
  type Detector,
  isDigit,
  letterOrDigit,
  not,
  nowhere,
  type Run,
  space,
} from './runs.ts'
import { isLetter } from './word.ts'

function isDay(month: string | undefined, day: string | undefined): boolean {
  const [m, d] = [Number(month), Number(day)]
  return m >= 1 && m <= 12 && d >= 1 && d <= 31
}

/** 1800 to 2199. */
function isYear(year: string | undefined): boolean {
  return year !== undefined && /^(?:1[89]|2[01])/.test(year)
}

/** Not behind a letter, nor inside of a longer number or path. */
const fresh = not(letterOrDigit | aSlash | aDot | aDash)

/** 4/22/ of 4/22/2021: the same sign behind one digit or two more. */
function isTwice({ bytes, start, digits, next }: Run): boolean {
  const at = start + digits + 1
  return (
    isDigit(byteAt(bytes, at)) &&
    (byteAt(bytes, at + 1) === next || (isDigit(byteAt(bytes, at + 1)) && byteAt(bytes, at + 2) === next))
  )
}

/** Two digits behind the second sign. */
function endsInTwo({ bytes, start, digits }: Run): boolean {
  const at = start + digits + (isDigit(byteAt(bytes, start + digits + 2)) ? 4 : 3)
  return areDigits(bytes, at, 2)
}

export const dates: readonly Detector[] = [
  {
    type: 'DATE',
    digits: [4, 4],
    next: aDash,
    before: not(aDash),
    from: (run) => (isTwice(run) ? run.start : nowhere),
    pattern:
      /(?<![\d-])(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d|-\d)/y,
    year: (match) => match[1],
    accept: (match) => isDay(match[2], match[3]) && (match[0].length >= 10 || isYear(match[1])),
  },
  {
    // 2024.03.05
    type: 'DATE',
    digits: [4, 4],
    next: aDot,
    before: not(letterOrDigit | aDot | aComma | aSlash | aDash),
    from: (run) => (isTwice(run) ? run.start : nowhere),
    pattern: /(?<![\w.,/-])(\d{4})\.(\d{1,2})\.(\d{1,2})(?![\w/-]|\.\d)/y,
    year: (match) => match[1],
    accept: (match) => isYear(match[1]) && isDay(match[2], match[3]),
  },
  {
    type: 'DATE',
    digits: [4, 4],
    next: aSlash,
    before: not(aSlash),
    from: ({ start }) => start,
    pattern: /(?<![\d/])(\d{4})\/(\d{1,2})\/(\d{1,2})(?![\d/])/y,
    year: (match) => match[1],
    accept: (match) => isDay(match[2], match[3]),
  },
  {
    type: 'DATE',
    digits: [1, 2],
    next: aSlash | aDot | aDash,
    before: fresh,
    from: (run) => (isTwice(run) && endsInTwo(run) ? run.start : nowhere),
    pattern: new RegExp(
      `(?<![\\w/.-])(\\d{1,2})([/.-])(\\d{1,2})\\2(\\d{4}|\\d{2})(?![\\w/]|[.-]\\d)${time}`,
      'iy',
    ),
    year: (match) => (match[4]?.length === 4 ? match[4] : undefined),
    accept: (match) =>
      (isDay(match[1], match[3]) || isDay(match[3], match[1])) &&
      (match[2] !== '.' || match[4]?.length === 4),
  },
  {
    // 03/2023
    type: 'DATE',
    digits: [1, 2],
    next: aSlash,
    before: fresh,
    from: ({ bytes, start, digits }) => (areDigits(bytes, start + digits + 1, 4) ? start : nowhere),
    pattern: /(?<![\w/.-])(?:0?[1-9]|1[0-2])\/((?:19|20)\d{2})(?![\w/-])/y,
    year: (match) => match[1],
  },
  {
    // 12JAN2023
    type: 'DATE',
    digits: [1, 2],
    next: letterOrDigit,
    before: fresh,
    from: ({ start, end }) => (end - start >= 7 ? start : nowhere),
    pattern: new RegExp(`(?<![\\w/.-])\\d{1,2}${monthName}(\\d{4}|\\d{2})\\b`, 'iy'),
    year: (match) => (match[1]?.length === 4 ? match[1] : undefined),
  },
]

/** ISO 8601 in short, where no code stands: 20240305, 202403051030, 20240305T103000Z, and the day of the year, 2024-064. */
export const compactDates: readonly Detector[] = [
  {
    type: 'DATE',
    digits: [8, 14],
    before: not(letterOrDigit | aDot | aComma | aSlash | aHash | aDash),
    from: ({ digits, start }) => (digits === 8 || digits === 12 || digits === 14 ? start : nowhere),
    pattern:
      /(?<![\w.,/#$-])(\d{4})(\d{2})(\d{2})(?:(?:T)?([01]\d|2[0-4])[0-5]\d(?:[0-5]\d)?(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\w/%-]|[.,]\d)/y,
    year: (match) => match[1],
    accept: (match) => /^(?:19|20)/.test(match[0]) && isDay(match[2], match[3]),
  },
  {
    type: 'DATE',
    digits: [4, 4],
    next: aDash,
    before: not(letterOrDigit | aDot | aComma | aSlash | aHash | aDash),
    from: ({ bytes, start }) => (isDigit(byteAt(bytes, start + 7)) ? start : nowhere),
    pattern: /(?<![\w.,/#-])((?:19|20)\d{2})-(\d{3})(?![\w/%-]|[.,]\d)/y,
    year: (match) => match[1],
    accept: (match) => Number(match[2]) >= 1 && Number(match[2]) <= 366,
  },
]

/** A letter, a colon perhaps, a space or two: each word that says so ends in a letter. */
function isBehindWord({ bytes, start }: Run): boolean {
  let at = start - 2
  if (byteAt(bytes, at) === space) at -= 1
  if (byteAt(bytes, at) === colon) at -= 1
  return isLetter(byteAt(bytes, at))
}

export const daysOfMonths: readonly Detector[] = [
  {
    // "on 4/22", where a word says that it is a day
    type: 'DATE',
    digits: [1, 2],
    next: aSlash,
    before: aSpace,
    from: (run) => (isBehindWord(run) && !isTwice(run) ? run.start : nowhere),
    pattern: /(?<![\w/.-])(\d{1,2})\/(\d{1,2})(?![\w/%]|\.\d)/y,
    accept: (match) =>
      isDay(match[1], match[2]) &&
      /\b(?:on|since|until|till|dated|date|dob|born|visit|appt|appointment|seen|admitted|discharged|d\/c|lmp|edd|edc|dos|doa|dod)(?: on)?:? {1,2}$/i.test(
        match.input.slice(Math.max(0, match.index - 16), match.index),
      ),
  },
]
