// Dates that the name of a month or of a day of the week stands in.

import { ageAtWord } from './ages.ts'
import { month, oldAge, weekday } from './cues.ts'
import { monthName, time } from './date-parts.ts'
import type { FormRules } from './forms.ts'
import { byteAt } from './letters.ts'
import {
  aComma,
  aDash,
  aDot,
  aSlash,
  aSpace,
  dash,
  type Finding,
  isCapital,
  isDigit,
  isOneOf,
  letterOrDigit,
  space,
} from './runs.ts'
import type { Tokens } from './tokens.ts'
import { isLetter, small } from './word.ts'
import { lookUp, wordTable } from './word-table.ts'

const ordinalWord =
  '(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|(?:thir|four|fif|six|seven|eigh|nine)teenth|twentieth|thirtieth|twenty-(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|thirty-first)'
const year = "(?:(?:,? |, ?| of | in |/|-)(?:(\\d{4})|['’]\\d{2})\\b)?"
const day = '\\d{1,2}(?:st|nd|rd|th)?'

/** March 5th, 2021 at 10:30; May 3-5, 2023; May the 5th; Jan-12-2023 */
const monthDay = new RegExp(
  `${monthName}(?:\\.? |\\.|-)(?:the )?${day}\\b(?: ?(?:-|–|to|and|through|&) ?${day}\\b(?![/:]))?${year}${time}`,
  'iy',
)
/** 2021 behind March, '23 behind Jan */
const monthYear = new RegExp(`${monthName}(?:\\.?,? (?:of )?|-|/)(?:(\\d{4})|['’]\\d{2})\\b`, 'iy')
const monthOrdinal = new RegExp(`${monthName} ${ordinalWord}\\b${year}`, 'iy')
const monthAlone = new RegExp(`${monthName}\\b\\.?${year}${time}`, 'iy')
const ordinalBefore = new RegExp(`(?:\\bthe )?\\b${ordinalWord} (?:day )?(?:of )?$`, 'i')
/** An element of a date smaller than the year: "in March" */
const monthCue =
  /\b(?:in|since|during|until|till|by|last|next|this|early|late|mid|through|from|between|to|and|of)[ -]$/i
const weekdayCue = /\b(?:last|next|this|past|coming|on|since|until|by|every) $/i
const weekdayTail = / (?:last|next|morning|afternoon|evening|night)\b/iy

const farthest = 24

/** Dates, and ages, that a word begins or stands in. `cue`: what it is (cues.ts). */
export function datesAtWord(
  { text, bytes }: Tokens,
  start: number,
  end: number,
  cue: number,
  rules: FormRules,
  findings: Finding[],
): void {
  if ((cue & oldAge) !== 0) ageAtWord(text, start, end, findings)
  if ((cue & month) !== 0) monthAt(text, bytes, start, text.slice(start, end), rules, findings)
  else if ((cue & weekday) !== 0 && (end - start > 5 || isCapital(byteAt(bytes, start))))
    weekdayAt(text, start, end, rules, findings)
}

function isLarge(word: string): boolean {
  return word.charCodeAt(0) < 0x60
}

function monthAt(
  text: string,
  bytes: Uint8Array,
  start: number,
  word: string,
  { context }: FormRules,
  findings: Finding[],
): void {
  const day = dayBefore(text, bytes, start)
  if (day >= 0 && isNoVerb(monthAlone, text, start, word)) {
    add(monthAlone, text, start, day, findings)
    return
  }
  const goesOn = dateGoesOn(bytes, start + word.length)
  if (goesOn && isNoVerb(monthDay, text, start, word) && add(monthDay, text, start, start, findings)) return
  if (goesOn && word !== 'may' && add(monthYear, text, start, start, findings)) return
  if (goesOn && word !== 'may' && add(monthOrdinal, text, start, start, findings)) return
  const before = text.slice(Math.max(0, start - farthest), start)
  const ordinal = mayBeOrdinal(bytes, start) ? ordinalBefore.exec(before) : null
  if (ordinal !== null) return void add(monthAlone, text, start, start - ordinal[0].length, findings)
  const whole = isLarge(word) && (word.length > 4 || word === 'May' || word === 'June' || word === 'July')
  const follows =
    byteAt(bytes, start + word.length) === space && isCapital(byteAt(bytes, start + word.length + 1))
  if (context && whole && !follows && monthCue.test(before))
    findings.push({ start, end: start + word.length, type: 'DATE' })
}

/** Whether a day, a year or the word of either may stand behind a month: a digit, ', or one of the letters these begin with. */
function dateGoesOn(bytes: Uint8Array, end: number): boolean {
  let at = end
  while (at - end < 3 && isOneOf(byteAt(bytes, at), aSpace | aDot | aComma | aDash | aSlash)) at += 1
  const code = byteAt(bytes, at)
  return at > end && (isDigit(code) || code === 0x27 || code >= 0x80 || dateLetters.includes(code | 0x20))
}

/** Of the, of, first, second, third, eighth, ninth and the like. */
const dateLetters = Array.from('tofsen', (letter) => letter.charCodeAt(0))

/** Where the day begins that ends before this place: "12 ", "12-", "the 12th ", "5th of ", "5th day of "; -1 where none does. */
function dayBefore(text: string, bytes: Uint8Array, end: number): number {
  const sign = byteAt(bytes, end - 1)
  if (sign !== space && sign !== dash) return -1
  let at = end - 1
  if (sign === space && isBefore(bytes, at, ' of')) {
    at -= 3
    if (isBefore(bytes, at, ' day')) at -= 4
  }
  if (isLetter(byteAt(bytes, at - 1)) && lookUp(ordinals, text, at - 2, at) === true) at -= 2
  const last = at
  while (last - at < 2 && isDigit(byteAt(bytes, at - 1))) at -= 1
  if (at === last || isOneOf(byteAt(bytes, at - 1), letterOrDigit | aSlash | aDot | aDash)) return -1
  const the = isBefore(bytes, at, 'the ') && !isOneOf(byteAt(bytes, at - 5), letterOrDigit)
  return the ? at - 4 : at
}

const ordinals = wordTable(['st', 'nd', 'rd', 'th'].map((end) => [end, true] as const))

/** Whether this stands before a place, in any case. */
function isBefore(bytes: Uint8Array, end: number, said: string): boolean {
  for (let i = 0; i < said.length; i += 1)
    if (small(byteAt(bytes, end - said.length + i)) !== said.charCodeAt(i)) return false
  return true
}

/** Whether "first of " or "fifth day " may end here, by its last letter. */
function mayBeOrdinal(bytes: Uint8Array, end: number): boolean {
  if (byteAt(bytes, end - 1) !== space) return false
  const letter = byteAt(bytes, end - 2) | 0x20
  return letter === 0x74 || letter === 0x64 || letter === 0x68 || letter === 0x66 || letter === 0x79
}

/** `may` in small letters is mostly a verb: not where a year or an ordinal is there. */
function isNoVerb(pattern: RegExp, text: string, start: number, word: string): boolean {
  if (word !== 'may') return true
  pattern.lastIndex = start
  const match = pattern.exec(text)
  return match !== null && /\d(?:st|nd|rd|th)|\d{4}|['’]\d{2}/.test(match[0])
}

/** Adds a date from `from` to where the pattern ends that begins at `at`. */
function add(pattern: RegExp, text: string, at: number, from: number, findings: Finding[]): boolean {
  pattern.lastIndex = at
  const match = pattern.exec(text)
  if (match === null) return false
  const finding = { start: from, end: at + match[0].length, type: 'DATE' } as const
  findings.push(
    match[1] === undefined ? finding : { start: from, end: finding.end, type: 'DATE', year: match[1] },
  )
  return true
}

/** last Thursday, on Monday, Friday morning */
function weekdayAt(
  text: string,
  start: number,
  end: number,
  { context }: FormRules,
  findings: Finding[],
): void {
  if (!context) return
  weekdayTail.lastIndex = end
  const tail = weekdayTail.exec(text)
  const cue = weekdayCue.exec(text.slice(Math.max(0, start - farthest), start))
  if (cue === null && tail === null) return
  const last = tail === null ? end : end + tail[0].length
  findings.push({ start: start - (cue?.[0].length ?? 0), end: last, type: 'DATE' })
}
