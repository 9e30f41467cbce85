// One string out of a kept place: whole dates become their year, identifiers found in it are replaced, or it is dropped.

import type { TextRule } from '../policy.ts'
import { sortInPlace } from '../sort-in-place.ts'
import { detect, type Finding, type Kind } from '../text/forms.ts'
import { beyondAscii, type Normal, normalize } from '../text/normalize.ts'
import { isAsciiWord, small, wordEnd, wordStart } from '../text/word.ts'
import { words } from '../words.ts'
import { mayBeName, type Survey, startOf } from './survey.ts'

export type TextRules = { readonly dates: 'Year' | 'Drop'; readonly text: TextRule }

/** Counts what was replaced, by kind, and what was dropped. */
export type Tally = { readonly redacted: Record<string, number>; readonly dropped: Record<string, number> }

const marks: { readonly [kind in Kind]: string } = {
  ssn: '[SSN]',
  mrn: '[MRN]',
  phone: '[PHONE]',
  email: '[EMAIL]',
  date: '[DATE]',
  ip: '[IP]',
  url: '[URL]',
  name: '[NAME]',
  place: '[PLACE]',
  id: '[ID]',
}

const wholeDate = /^(\d{4})-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?)?$/

/** Too long to be a word, and nothing but letters of an encoding: content that cannot be looked into. */
const encoded = /^(?:data:[^,]{0,100},)?[A-Za-z0-9+/_=-]{200,}$/

/** The string as it may leave; undefined when it may not. */
export function redactText(text: string, known: Survey, rules: TextRules, tally: Tally): string | undefined {
  // The policy gives its reason, which status and reports show.
  if (rules.text === 'Keep') return text
  if (known.clean.has(text)) return text
  const date = startsWithDigit(text) ? wholeDate.exec(text) : null
  if (date !== null) {
    if (rules.dates === 'Drop') return drop('date', tally)
    add(tally.redacted, 'date')
    return date[1]
  }
  if (text.length >= 200 && encoded.test(text)) return drop('encoded', tally)
  const normal = normalize(text)
  // Known ones first: of two findings of one stretch the first counts, and it says more.
  const findings: Finding[] = []
  findKnown(normal.text, known, findings)
  detect(normal.text, findings)
  if (findings.length === 0) {
    known.clean.add(text)
    return text
  }
  if (rules.text === 'Drop') return drop('identifier', tally)
  return replaced(text, normal, findings, rules, tally)
}

/** Whether a text holds any identifier at all. */
export function identifies(text: string, known: Survey): boolean {
  const normal = normalize(text).text
  const findings: Finding[] = []
  findKnown(normal, known, findings)
  detect(normal, findings)
  return findings.length > 0
}

function replaced(text: string, normal: Normal, findings: Finding[], rules: TextRules, tally: Tally): string {
  sortInPlace(findings, byPlace)
  let out = ''
  let position = 0
  let last: Finding | undefined
  for (const finding of findings) {
    if (last !== undefined && finding.start < last.end) {
      // Two that overlap are cut as one: what sticks out of the first is part of an identifier too.
      if (finding.end > last.end) {
        position = normal.at(finding.end)
        last = { ...last, end: finding.end }
      }
      continue
    }
    out += text.slice(position, normal.at(finding.start))
    out +=
      finding.kind === 'date' && rules.dates === 'Year' ? (finding.year ?? marks.date) : marks[finding.kind]
    add(tally.redacted, finding.kind)
    position = normal.at(finding.end)
    last = finding
  }
  return out + text.slice(position)
}

/** By where they begin, longer ones first. */
const byPlace = (a: Finding, b: Finding): number => a.start - b.start || b.end - a.end

/** Words that are names and everyday words: only written large are they taken for the name. */
const everyday = words(`
  may will grace hope faith joy rose mark art bill long short brown white black green gray grey young
  king price rice day june april august summer autumn page reed wood woods hill stone street best love
  small little bush case chance cook drew field fields fish ford fox gill gold good hand hands hart
  head high house hunt lane law major max miles mills moody moon pain park parks rich rush sharp shell
  sick swift wise wells west north winter worth ray rob sue pat nick jack
`)

export function findKnown(text: string, known: Survey, findings: Finding[]): void {
  const { names, ids } = known
  let start = names.size === 0 ? text.length : wordStart(text, 0)
  while (start < text.length) {
    const end = wordEnd(text, start)
    if (mayBeName(text, start, end, known) && isName(text.slice(start, end), known))
      findings.push({ start, end, kind: 'name' })
    start = wordStart(text, end)
  }
  if (text.includes('Patient/')) {
    for (const match of text.matchAll(/\bPatient\/([A-Za-z0-9.-]{1,64})/g)) {
      const end = match.index + match[0].length
      findings.push({ start: end - (match[1] as string).length, end, kind: 'id' })
    }
  }
  if (ids.size > 0) detectIds(text, known, findings)
}

function isName(word: string, { names }: Survey): boolean {
  const lower = word.toLowerCase()
  // A short or everyday word in small letters is a word.
  return names.has(lower) && !((lower.length < 4 || everyday.has(lower)) && word === lower)
}

/**
 * Known identifiers, where one stands as a whole word or words. Compared in place: a copy of every text in small letters
 * was a fifth of redaction's garbage.
 */
function detectIds(text: string, { idsByStart }: Survey, findings: Finding[]): void {
  const letters = beyondAscii.test(text) ? text.toLowerCase() : text
  let inWord = false
  for (let start = 0; start < letters.length; start += 1) {
    const code = small(letters.charCodeAt(start))
    if (!inWord) {
      addThose(idsByStart.get(code), letters, start, findings)
      addThose(idsByStart.get(startOf(letters, start)), letters, start, findings)
    }
    inWord = code < 0x80 ? isAsciiWord(code) : isPart(letters[start])
  }
}

function addThose(
  ids: readonly string[] | undefined,
  letters: string,
  start: number,
  findings: Finding[],
): void {
  for (const id of ids ?? nothing) {
    const end = start + id.length
    if (standsAt(letters, start, id) && !isPart(letters[end])) findings.push({ start, end, kind: 'id' })
  }
}

const nothing: readonly string[] = []

function standsAt(text: string, at: number, id: string): boolean {
  if (at + id.length > text.length) return false
  for (let i = 0; i < id.length; i += 1) if (small(text.charCodeAt(at + i)) !== id.charCodeAt(i)) return false
  return true
}

function startsWithDigit(text: string): boolean {
  const code = text.charCodeAt(0)
  return code >= 0x30 && code <= 0x39
}

function isPart(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}]/u.test(character)
}

function drop(rule: string, tally: Tally): undefined {
  add(tally.dropped, rule)
}

export function add(counts: Record<string, number>, rule: string): void {
  counts[rule] = (counts[rule] ?? 0) + 1
}
