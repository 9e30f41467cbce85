// Identifiers that a text shows by their form, or by a word before them (45 CFR 164.514(b)(2)(i)). The text is gone through
// once; from a run of letters and digits each rule looks at a bounded number of characters, so the time is linear whatever
// the text holds.

import { ages } from './ages.ts'
import { announced } from './announced.ts'
import { announces, cues, web } from './cues.ts'
import { compactDates, dates, daysOfMonths } from './dates.ts'
import { byteAt, digit, foreign } from './letters.ts'
import { longNumbers } from './long-numbers.ts'
import { datesAtWord } from './named-dates.ts'
import { numbers } from './numbers.ts'
import {
  closing,
  colon,
  dash,
  detectorsOf,
  dot,
  type Finding,
  isDigit,
  looksOf,
  opening,
  plus,
  type Run,
  slash,
  space,
  tryAll,
} from './runs.ts'
import { shapes, type Tokens } from './tokens.ts'
import { emails, urls } from './web.ts'
import { isAsciiWord, isLetter } from './word.ts'
import { lookUp, wordTable } from './word-table.ts'

/** Which of the rules apply; `long` ones only where the text is prose, dates that are `compacted` to digits where it is no term. */
export type FormRules = {
  readonly forms: boolean
  readonly context: boolean
  readonly long: boolean
  readonly compacted: boolean
}

/** Bits of rules, as they are asked for. */
const [byForm, byCompactForm, byWordsBefore, byLength] = [1, 2, 4, 8]

/** In this order: of two findings of one stretch the first counts. */
const detectors = detectorsOf([
  [byForm, dates],
  [byCompactForm, compactDates],
  [byWordsBefore, daysOfMonths],
  [byForm, ages],
  [byForm, numbers],
  [byLength, longNumbers],
])

function askedFor({ forms, context, compacted, long }: FormRules): number {
  const byForms = byForm | (compacted ? byCompactForm : 0) | (context ? byWordsBefore : 0)
  return (forms ? byForms : 0) | (long ? byLength : 0)
}

/** What characters of a value ask for. */
const aDigit = 1
const another = 2
const aW = 4
const twoWs = 8
const asks = new Uint8Array(0x80)
for (let code = 0x30; code <= 0x39; code += 1) asks[code] = aDigit
for (const code of [0x40, colon]) asks[code] = another
for (const code of [0x57, 0x77]) asks[code] = aW

/** False of a value in which no rule of form can find anything: without a digit, an @, a colon and www. */
export function mayHaveForm(text: string): boolean {
  let all = 0
  let last = 0
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    const kind = code < 0x80 ? (asks[code] as number) : 0
    all |= kind | ((kind & last & aW) << 1)
    last = kind
  }
  return (all & (aDigit | another)) !== 0 || ((all & twoWs) !== 0 && /www/i.test(text))
}

/** Adds identifiers that have a form of their own, in normalized text. */
export function detect(words: Tokens, rules: FormRules, findings: Finding[]): void {
  const { text } = words
  if (rules.forms) {
    if (text.includes('@')) emails(text, findings)
    const www = (words.anyCue & web) !== 0 || (words.kinds & foreign) !== 0
    urls(text, www, findings)
  }
  if ((words.kinds & digit) === 0 && !rules.forms) return
  for (let f = 0; f < words.forms; f += 1) {
    const i = words.formed[f] as number
    const start = words.start[i] as number
    const end = words.end[i] as number
    const plain = (words.kinds & foreign) === 0
    if (!plain) runsWithin(words, start, end, rules, findings)
    else if (words.shape[i] === shapes.number) numberAt(words, start, end, rules, findings, i)
    else if (rules.forms) datesAtWord(words, start, end, words.cues[i] as number, rules, findings)
  }
}

const cueTable = wordTable(cues())

/** Runs of letters and digits of ASCII that a word beyond it is made of. */
function runsWithin(words: Tokens, start: number, end: number, rules: FormRules, findings: Finding[]): void {
  const { bytes } = words
  for (let at = start; at < end; at += 1) {
    const from = at
    let numbered = false
    while (at < end && isAsciiWord(bytes[at] as number)) {
      numbered ||= isDigit(bytes[at] as number)
      at += 1
    }
    if (numbered) numberAt(words, from, at, rules, findings)
    else if (rules.forms)
      datesAtWord(words, from, at, lookUp(cueTable, words.text, from, at) ?? 0, rules, findings)
  }
}

/** `word`: which of the words the number is, where it is one and the text is all ASCII. */
function numberAt(
  words: Tokens,
  start: number,
  end: number,
  rules: FormRules,
  findings: Finding[],
  word?: number,
): void {
  const { text, bytes } = words
  let digits = 0
  while (start + digits < end && isDigit(bytes[start + digits] as number)) digits += 1
  const before = start > 0 ? (bytes[start - 1] as number) : 0
  const next = bytes[start + digits] as number
  const code = before === dash || before === 0x5f ? codeStart(bytes, start) : start
  const run = { text, bytes, start, end, digits, next, before, looks: looksOf(digits, before, next), code }
  if (saysNothing(run)) return
  // What a word says of a number is surer than its form: 123-45-6789 may be a record's number.
  if (rules.context && (word === undefined || mayBeAnnounced(words, word, run))) announced(run, findings)
  tryAll(detectors, askedFor(rules), run, findings)
}

/** Where the run begins that a hyphen joins to the one that starts here, if it is a short one. */
function codeStart(bytes: Uint8Array, start: number): number {
  let from = start - 1
  while (from > 0 && start - from <= 9 && isAsciiWord(bytes[from - 1] as number)) from -= 1
  return from < start - 1 && start - from <= 9 ? from : start
}

/** Whether the word before a number may say what it is: for most numbers it does not. */
function mayBeAnnounced(words: Tokens, number: number, { start, code }: Run): boolean {
  if (((words.bytes[code] as number) | 0x20) === 0x6d) return true
  const before = code < start ? number - 2 : number - 1
  if (before < 0 || code - (words.end[before] as number) > 6) return false
  if (words.possessive[before] === 1) return true
  // "12mg 300"
  if (words.shape[before] === shapes.number)
    return isLetter(byteAt(words.bytes, (words.end[before] as number) - 1))
  return ((words.cues[before] as number) & announces) !== 0
}

/** One digit or two with nothing behind them that a date, an address or an age goes on with: most numbers of most texts. */
function saysNothing({ bytes, start, end, digits, next, before }: Run): boolean {
  if (digits !== end - start || digits > 2 || before === plus) return false
  // An age over 89, or the 1 of a telephone number.
  const first = byteAt(bytes, start)
  if (digits === 2 && first === 0x39) return false
  if (next === space) return digits === 2 || first !== 0x31 || !goesOnAsPhone(byteAt(bytes, end + 1))
  if (next === dash || next === slash || next === dot) {
    const digit = byteAt(bytes, end + 1)
    return !(digit >= 0x30 && digit <= 0x39)
  }
  return next !== colon && next !== closing
}

/** Behind "1 ": a digit, or the bracket of an area. */
function goesOnAsPhone(code: number): boolean {
  return isDigit(code) || code === opening
}
