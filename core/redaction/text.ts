// One string out of a kept place: whole dates become their year, identifiers found in it are replaced, or it is dropped.

import type { TextRule } from '../policy.ts'
import { marks } from '../text/marks.ts'
import { fold, type Normal, normalize } from '../text/normalize.ts'
import { type Reading, readings } from '../text/prose.ts'
import { type Found, findingsOf, searchAll } from '../text/search.ts'
import type { IdentifierType } from '../text/span.ts'
import { TooMuchText, withMarks } from '../text/tokenize.ts'
import { add, drop, sum, type Tally } from './counts.ts'
import type { Instead } from './instead.ts'
import { shifted } from './shift.ts'
import type { Survey } from './survey.ts'

/** `shift`: by how many days dates move, under Shift; absent where no patient's own is known: then they go. */
export type TextRules = {
  readonly dates: 'Year' | 'Shift' | 'Drop'
  readonly shift?: number
  /** Who was born before this year is older than 89: not even the year may be told. Absent where no clock is. */
  readonly bornFrom?: number
  readonly text: TextRule
  /** Most characters of one result that are searched; absent where nobody waits for them. */
  readonly mostSearched?: number
}

const wholeDate = /^(\d{4})-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?)?$/

/** Too long to be a word, and nothing but letters of an encoding: content that cannot be looked into. */
const encoded = /^(?:data:[^,]{0,100},)?[A-Za-z0-9+/_=-]{200,}$/

/** The string as it may leave; undefined when it may not. Throws TooMuchText. `reading`: what it is by where it stands. */
export function redactText(
  text: string,
  known: Survey,
  rules: TextRules,
  tally: Tally,
  reading: Reading = readings.value,
): string | undefined {
  // The policy gives its reason, which status and reports show.
  if (rules.text === 'Keep') return text
  if ((known.clean?.get(text) ?? -1) >= reading) return text
  const before = known.changed?.get(text)
  if (before !== undefined && before.reading === reading && before.rules === rules) {
    sum(before.redacted, tally.redacted)
    return before.left
  }
  const instead = known.instead.size === 0 ? undefined : known.instead.get(text)
  if (instead !== undefined) return counted(instead, tally)
  if (known.births.size > 0 && known.births.has(text) && tellsOldAge(text, rules)) return drop('age', tally)
  const date = startsWithDigit(text) ? wholeDate.exec(text) : null
  if (date !== null) {
    const left = dateLeft(text, date[1], rules)
    if (left === undefined) return drop('date', tally)
    add(tally.redacted, 'date')
    return left
  }
  if (text.length >= 200 && encoded.test(text)) return drop('encoded', tally)
  countSearched(text.length, known, rules)
  const normal = normalize(text)
  // One character may fold to eighteen.
  if (normal.text.length > text.length) countSearched(normal.text.length - text.length, known, rules)
  const found = searchAll(normal.text, known, reading, rules)
  if (found.count === 0) {
    ;(known.clean ??= new Map()).set(text, reading)
    return text
  }
  if (rules.text === 'Drop') return drop('identifier', tally)
  const redacted: Record<string, number> = {}
  const left = replaced(text, normal, found, { known, rules, redacted })
  sum(redacted, tally.redacted)
  ;(known.changed ??= new Map()).set(text, { reading, rules, left, redacted })
  return left
}

function countSearched(characters: number, known: Survey, { mostSearched = Infinity }: TextRules): void {
  known.searched += characters
  if (known.searched > mostSearched) throw new TooMuchText()
}

/** Whether a text holds any identifier at all. */
export function identifies(text: string, known: Survey, reading: Reading = readings.term): boolean {
  return searchAll(normalize(text).text, known, reading).count > 0
}

/** 45 CFR 164.514(b)(2)(i)(C): years, too, that tell an age over 89. */
export function tellsOldAge(birth: string, { bornFrom = 0 }: TextRules): boolean {
  // By itself, or before a month and a day without anything between.
  const year = /(?<!\d)(?:1[89]|20)\d{2}(?=(?:\d{4})?(?!\d))/.exec(birth)
  return year !== null && Number(year[0]) < bornFrom
}

/** A value that is shown as another one, counted. */
export function counted([shown, as]: Instead, tally: Tally): string {
  add(tally.redacted, as)
  return shown
}

function dateLeft(date: string, year: string | undefined, { dates, shift }: TextRules): string | undefined {
  if (dates === 'Year') return year
  return dates === 'Drop' || shift === undefined ? undefined : shifted(date, shift)
}

type Replacing = {
  readonly known: Survey
  readonly rules: TextRules
  readonly redacted: Record<string, number>
}

function replaced(
  text: string,
  normal: Normal,
  found: Found,
  { known: { aliases }, rules, redacted }: Replacing,
): string {
  // In the module, where nothing else than marks has to be said.
  const marked =
    aliases.size === 0 && found.listed === undefined
      ? withMarks(text, rules.dates === 'Year', redacted, normal.at)
      : undefined
  if (marked !== undefined) return marked
  let out = ''
  let position = 0
  for (const { start, end, type, year } of findingsOf(found)) {
    out += text.slice(position, normal.at(start))
    const own =
      aliases.size === 0 ? undefined : aliasOf(text.slice(normal.at(start), normal.at(end)), type, aliases)
    const [mark, word] = own ?? marks[type]
    out += own === undefined && type === 'DATE' && rules.dates === 'Year' ? (year ?? mark) : mark
    add(redacted, word)
    position = normal.at(end)
  }
  return out + text.slice(position)
}

/** The area of a ZIP code stands for a place alone. */
function aliasOf(found: string, type: IdentifierType, aliases: Survey['aliases']): Instead | undefined {
  const alias = aliases.get(found) ?? aliases.get(fold(found))
  return alias?.[1] === 'zip' && type !== 'GEOGRAPHIC_LOCATION' ? undefined : alias
}

function startsWithDigit(text: string): boolean {
  const code = text.charCodeAt(0)
  return code >= 0x30 && code <= 0x39
}
