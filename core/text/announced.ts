// Numbers and codes that a word before them announces: "MRN: 4001234", "insurance ID is HP-678901", "plate 7XYZ123". From the
// number backwards, a few words: a pattern with all announcing words would try each of them at each word.

import { announcing, vague } from './announcers.ts'
import { byteAt } from './letters.ts'
import { isCodeOf, isMeasured } from './quantities.ts'
import { type Finding, type Run, space } from './runs.ts'
import type { IdentifierType } from './span.ts'
import { isLetter } from './word.ts'
import { lookUp, wordTable } from './word-table.ts'

const table = wordTable(announcing)

const generic = /(?<![A-Za-z0-9])[A-Za-z]{0,8}[-_]?\d[\w-]{2,30}(?: \d{3,6}(?![\w/.,]))?(?!\w)/y
const phone = /(?:\d{7,15}|\d{3}[ .-]\d{4})(?![\w-])/y
const ssn = /\d{9}(?!\w)/y
const zip = /\d{5}(?:-\d{4})?(?![\w-])/y

const mostWords = 6

export function announced(run: Run, findings: Finding[]): void {
  const { text, bytes, code } = run
  // "60-year-old", "5 mg": no value has less than three digits, unless it goes on behind a hyphen.
  if (run.digits > 0 && run.end - run.start < 3 && code === run.start && !goesOn(run)) return
  const itself = (byteAt(bytes, code) | 0x20) === 0x6d && /^mrn[-_]?\d/i.test(text.slice(code, code + 6))
  let marked = false
  let later = ''
  let at = code
  let announcer: { word: string; start: number; type: IdentifierType } | undefined = itself
    ? { word: 'mrn', start: code, type: 'MEDICAL_RECORD_NUMBER' }
    : undefined
  for (let words = itself ? mostWords : 0; words < mostWords; words += 1) {
    let end = at
    while (end > 0 && at - end < 4 && isBetween(byteAt(bytes, end - 1))) {
      end -= 1
      const mark = byteAt(bytes, end)
      if (mark === 0x23 || mark === 0x3a) marked = true
    }
    if (end === at && words > 0) break
    let start = end
    while (start > 0 && end - start < 16 && isLetter(byteAt(bytes, start - 1))) start -= 1
    if (start === end) break
    const said = lookUp(table, text, start, end)
    if (said === undefined) break
    const { word, type, mark } = said
    const pair = later === '' ? undefined : said.pairs.get(later)
    if (pair !== undefined) {
      announcer = { word: `${word} ${later}`, start, type: pair }
      break
    }
    // "patient ID", "policy number", "phone no.": the word before says more.
    if (type !== undefined && announcer === undefined) announcer = { word, start, type }
    else if (
      type !== undefined &&
      announcer !== undefined &&
      (announcing.get(announcer.word)?.mark === true ||
        later === 'plan' ||
        later === 'policy' ||
        later === 'record' ||
        later === 'card')
    ) {
      announcer = { word, start, type }
    } else if (announcer !== undefined && !mark) break
    if (mark) marked = true
    else if (type === undefined && !said.between) break
    later = word
    at = start
  }
  if (announcer === undefined) return
  const end = valueEnd(run, announcer.word, announcer.type, marked)
  if (end < 0) return
  const { type, word } = announcer
  // "case #JH-998877", "patient ID 987654" and "MRN 4001234" are one identifier together.
  const whole =
    type === 'UNIQUE_IDENTIFIER' ||
    (word === 'mrn' && code - announcer.start <= 6) ||
    ((word === 'patient' || word === 'pt') && marked)
  findings.push({ start: whole ? announcer.start : startOf(run, type), end, type })
}

function goesOn({ bytes, end }: Run): boolean {
  const next = byteAt(bytes, end)
  const digit = byteAt(bytes, end + 1)
  return (next === 0x2d || next === 0x5f || next === space) && digit >= 0x30 && digit <= 0x39
}

function startOf({ start, code, before, bytes }: Run, type: IdentifierType): number {
  if (type !== 'PHONE_NUMBER' && type !== 'FAX_NUMBER') return code
  return before === 0x2b && byteAt(bytes, start - 2) === space ? start - 1 : start
}

function valueEnd(run: Run, word: string, type: IdentifierType, marked: boolean): number {
  const { text, start, code } = run
  if (type === 'PHONE_NUMBER' || type === 'FAX_NUMBER')
    return run.digits >= 7 || run.digits === 3 ? endOf(phone, text, start) : -1
  if (type === 'GEOGRAPHIC_LOCATION') return endOf(zip, text, start)
  if (type === 'SOCIAL_SECURITY_NUMBER' && run.digits === 9) {
    const end = endOf(ssn, text, start)
    if (end >= 0) return end
  }
  const end = endOf(generic, text, code)
  if (end < 0) return -1
  const value = text.slice(code, end)
  const digits = digitsOf(value)
  if (digits < 3 || isMeasured(value, digits, run, end) || isCodeOf(run, code)) return -1
  if (isTrial(value.charCodeAt(0)) && /^(?:nct|pmid|pmc|isrctn)\d/i.test(value)) return -1
  if (!vague.has(word)) return end
  if (marked) return value.length >= 4 ? end : -1
  const letters = /[A-Za-z]/.test(value) && !/^[a-z]+$/.test(value)
  return digits >= 5 || (digits >= 4 && letters) ? end : -1
}

/** What nct, pmid, pmc and isrctn begin with. */
function isTrial(code: number): boolean {
  const letter = code | 0x20
  return letter === 0x6e || letter === 0x70 || letter === 0x69
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : -1
}

export function digitsOf(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code >= 0x30 && code <= 0x39) count += 1
  }
  return count
}

/** Space, quotes and : # . = ( / - between words of an announcement. */
function isBetween(code: number): boolean {
  return (
    code === space ||
    code === 0x3a ||
    code === 0x23 ||
    code === 0x2e ||
    code === 0x3d ||
    code === 0x28 ||
    code === 0x2f ||
    code === 0x2d ||
    code === 0x22 ||
    code === 0x27 ||
    code === 0x0a ||
    code === 0x09 ||
    code === 0x2b
  )
}
