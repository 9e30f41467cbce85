// Identifiers in text (45 CFR 164.514(b)(2)(i), those that have a form). Every pattern is bounded: from any start it looks
// at no more than a fixed number of characters, so the time is linear in the text, whatever it holds.

import { ageDetectors, dateDetectors } from './dates.ts'
import { announced, checked, long } from './numbers.ts'
import type { IdentifierType } from './span.ts'

/** A stretch of text that is an identifier. `year`: of a date that has one. */
export type Finding = { start: number; end: number; type: IdentifierType; year?: string }

/** What one pass over a text finds out about its characters. */
type Signs = {
  digits: number
  dashes: number
  slashes: number
  dots: number
  colons: number
  letters: number
  /** A name of a month, or its short form, begins somewhere beside digits; the same without any; a day of the week. */
  month: boolean
  monthWord: boolean
  weekday: boolean
}

export type Detector = {
  readonly type: IdentifierType
  /** What must be there for the pattern to match at all: most texts show by this that they hold none. */
  readonly needs: (signs: Signs) => boolean
  readonly pattern: RegExp
  /** Whether the last group, which ends the match, is the identifier, and what is before it only announces it. */
  readonly context?: boolean
  readonly accept?: (match: RegExpExecArray) => boolean
  readonly year?: (match: RegExpExecArray) => string | undefined
  /** Whether the words that announce it are part of it all the same. */
  readonly whole?: (match: RegExpExecArray) => boolean
  /** Where the match says more of the type. */
  readonly typed?: (match: RegExpExecArray) => IdentifierType
}

/** Code systems, profiles and name spaces: they identify terms, and are nobody's page. */
const terminology =
  /^https?:\/\/(?:[a-z]+\.)?(?:hl7\.org|snomed\.info|loinc\.org|unitsofmeasure\.org|nlm\.nih\.gov|ama-assn\.org|nubc\.org|nucc\.org|cms\.gov|cdc\.gov|ihtsdo\.org|w3\.org)(?:\/[\w/.|#-]{0,200})?$/

const months = /\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)/i
/** With the numbers that may be before it: 12JAN2023. */
const monthBehindDigits = /\d(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)/i
const weekdays = /\b(?:mon|tue|wed|thu|fri|sat|sun)/i

/** Those that need nobody's word: their form, or a checksum, tells. */
const forms: readonly Detector[] = [
  {
    type: 'SOCIAL_SECURITY_NUMBER',
    needs: ({ digits }) => digits >= 9,
    pattern: /(?<![\w.-])\d{3}[- .]\d{2}[- .]\d{4}(?![\w-])/g,
  },
  {
    type: 'MEDICAL_RECORD_NUMBER',
    needs: ({ digits, letters }) => digits >= 3 && letters >= 3,
    pattern: /(?<![A-Za-z0-9])MRN[-_ #:]{0,3}\d[\w-]{2,19}/gi,
  },
  {
    type: 'PHONE_NUMBER',
    needs: ({ digits }) => digits >= 10,
    pattern:
      /(?<![\w.+-])(?:\+?1[ .-]?)?(?:\(\d{3}\)[ .-]?|\d{3}[ .-])\d{3}[ .-]\d{4}(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-])/gi,
    typed: ({ input, index }) =>
      /\bfax\b[^A-Za-z0-9]{0,6}(?:(?:no|number|is|#)\b[^A-Za-z0-9]{0,3}){0,2}$/i.test(
        input.slice(Math.max(0, index - 24), index),
      )
        ? 'FAX_NUMBER'
        : 'PHONE_NUMBER',
  },
  {
    type: 'PHONE_NUMBER',
    needs: ({ digits }) => digits >= 8,
    pattern: /(?<![\w+])\+\d{1,3}(?:[ .-]{0,2}\(?\d{1,4}\)?){2,5}(?![\w-])/g,
    accept: ([text]) => /^\d{8,15}$/.test(text.replaceAll(/\D/g, '')),
  },
  {
    type: 'URL',
    needs: ({ colons, slashes }) => colons >= 1 && slashes >= 2,
    pattern: /(?<![A-Za-z])(?:https?|ftp|file):\/\/[^\s"'<>]{1,2048}/gi,
    accept: ([text]) => !terminology.test(text),
  },
  {
    type: 'URL',
    needs: ({ dots, letters }) => dots >= 1 && letters >= 4,
    pattern: /(?<![\w./])www\.[^\s"'<>]{1,2048}/gi,
  },
  {
    type: 'IP_ADDRESS',
    needs: ({ digits, dots }) => digits >= 4 && dots >= 3,
    pattern: /(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\.?\w)/g,
    accept: ([text]) => text.split('.').every((part) => Number(part) <= 255),
  },
  {
    type: 'IP_ADDRESS',
    needs: ({ colons }) => colons >= 2,
    pattern: /(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/gi,
    accept: ([text]) => /[0-9a-f]/i.test(text) && (text.includes('::') || text.split(':').length === 8),
  },
  ...checked,
  ...dateDetectors,
  ...ageDetectors,
]

/** Those that a word before them announces. */
const announcedOnes: readonly Detector[] = [
  {
    type: 'SOCIAL_SECURITY_NUMBER',
    needs: ({ digits, letters }) => digits >= 9 && letters >= 3,
    pattern: /\b(?:ssn|social security(?: number| no\.?)?)\b[^\dA-Za-z]{0,12}(\d{9})(?!\d)/gi,
    context: true,
  },
  {
    type: 'PHONE_NUMBER',
    needs: ({ digits, letters }) => digits >= 7 && letters >= 3,
    pattern:
      /\b(?:phone|tel|telephone|cell|mobile|fax|pager|call|called|call at|called at|contact|number)\b[^\dA-Za-z+]{0,8}(?:is |no\.? |at ){0,2}(\+?\d{7,15}|\d{3}[ .-]\d{4})(?![\w-])/gi,
    context: true,
    typed: ([text]) => (/^fax/i.test(text) ? 'FAX_NUMBER' : 'PHONE_NUMBER'),
  },
  announced,
]

/** One for all texts, since nothing waits between filling it and reading it: seventy of them a call were a tenth of its garbage. */
const signs: Signs = {
  digits: 0,
  dashes: 0,
  slashes: 0,
  dots: 0,
  colons: 0,
  letters: 0,
  month: false,
  monthWord: false,
  weekday: false,
}

function readSigns(text: string): void {
  let [digits, dashes, slashes, dots, colons, letters] = [0, 0, 0, 0, 0, 0]
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code >= 0x30 && code <= 0x39) digits += 1
    else if (code >= 0x41) letters += 1
    else if (code === 0x2d) dashes += 1
    else if (code === 0x2f) slashes += 1
    else if (code === 0x2e) dots += 1
    else if (code === 0x3a) colons += 1
  }
  signs.digits = digits
  signs.dashes = dashes
  signs.slashes = slashes
  signs.dots = dots
  signs.colons = colons
  signs.letters = letters
  signs.monthWord = letters > 2 && months.test(text)
  signs.month = digits > 0 && (signs.monthWord || (letters > 2 && monthBehindDigits.test(text)))
  signs.weekday = letters > 2 && weekdays.test(text)
}

/** Which of the rules apply; `long` ones only where the text is prose. */
export type FormRules = { readonly forms: boolean; readonly context: boolean; readonly long: boolean }

/** Without one of these no pattern can match. */
const anySign = /[\d@:]|www/i

/** Adds identifiers that have a form of their own, in normalized text. */
export function detect(text: string, rules: FormRules, findings: Finding[]): void {
  if (!rules.long && !anySign.test(text)) return
  if (rules.forms && text.includes('@')) emails(text, findings)
  readSigns(text)
  // What a word says of a number is surer than its form: 123-45-6789 may be a record's number.
  if (rules.context) run(announcedOnes, text, findings)
  if (rules.forms) run(forms, text, findings)
  if (rules.long) run(long, text, findings)
}

function run(detectors: readonly Detector[], text: string, findings: Finding[]): void {
  for (const { type, needs, pattern, context, whole, accept, year, typed } of detectors) {
    if (!needs(signs)) continue
    pattern.lastIndex = 0
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      if (accept !== undefined && !accept(match)) continue
      const end = pattern.lastIndex
      const announced = context === true && whole?.(match) !== true
      const start = announced ? end - (match.at(-1) as string).length : match.index
      const known = year?.(match)
      const is = typed?.(match) ?? type
      findings.push(known === undefined ? { start, end, type: is } : { start, end, type: is, year: known })
    }
  }
}

const local = /[A-Za-z0-9._%+'-]/
const host = /[A-Za-z0-9.-]/

/** From each @ outwards: a pattern would look at every start. */
function emails(text: string, findings: Finding[]): void {
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    let start = at
    while (start > 0 && at - start < 64 && local.test(text[start - 1] as string)) start -= 1
    let end = at + 1
    while (end < text.length && end - at < 255 && host.test(text[end] as string)) end += 1
    while (end > at && !/[A-Za-z0-9]/.test(text[end - 1] as string)) end -= 1
    if (start < at && text.slice(at + 1, end).includes('.'))
      findings.push({ start, end, type: 'EMAIL_ADDRESS' })
  }
}
