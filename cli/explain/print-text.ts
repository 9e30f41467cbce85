// An explanation for people: the steps of the decision, then a line for each place of the result, and how many fared how.

import { valueAt } from '../../core/pointer.ts'
import { redactText } from '../../core/redaction/text.ts'
import type { Screen } from '../command.ts'
import { columns } from '../table.ts'
import type { Answer, Question } from './answer.ts'
import type { Explained, Part } from './result.ts'
import { type Row, rowsOf, treeOf } from './tree.ts'

const marks = { true: 'yes', false: 'no', undefined: '-' } as const

export function printText(
  { roles, purpose, asked, decision }: Question,
  { permitted, explained, withValues }: Answer,
  screen: Screen,
): void {
  const who = roles.map(({ name }) => name).join(', ')
  screen.out(`${who} for ${purpose}: ${asked} is ${permitted ? 'permitted' : 'refused'}`)
  for (const line of columns(
    decision.steps.map(({ rule, passed, says }) => [`  ${rule}`, marks[`${passed}`], says]),
    screen.width,
  ))
    screen.out(line)
  if (explained === undefined) return
  for (const part of explained.parts) printPart(part, explained, withValues, screen)
  const sums = sumsOf(explained)
  screen.out('')
  screen.out(
    `Places: ${sums.kept} kept, ${sums.redacted} redacted, ${sums.dropped} dropped. Patients recorded: ${explained.patients}`,
  )
}

function printPart(part: Part, explained: Explained, withValues: boolean, screen: Screen): void {
  screen.out('')
  if (part.says !== undefined) {
    for (const line of columns([[part.at, part.says]], screen.width)) screen.out(line)
    return
  }
  const rows = rowsOf(treeOf(part.fates, explained.nameOf, part.document), !withValues)
  const whole = rows.length === 1 && rows[0]?.name === ''
  if (!whole) screen.out(part.at)
  const lines = rows.map((row) => [
    whole ? part.at : fitted(`${'  '.repeat(row.depth + 1)}${row.name}`),
    row.verdict === undefined ? '' : `${row.verdict} ${row.count ?? ''}`.trim(),
    row.verdict === undefined ? '' : reasonOf(row, explained),
  ])
  for (const line of columns(lines, screen.width)) screen.out(line)
  if (withValues) for (const line of valuesOf(part, explained)) screen.out(line)
}

/** Longest name of a place, with its indent, characters. */
const longestName = 38

function fitted(name: string): string {
  return name.length <= longestName ? name : `${name.slice(0, longestName - 1)}…`
}

/** Why a place was dropped, by the word of the tally. */
const reasons: { readonly [word: string]: string } = {
  'not-allowed': 'no field names it',
  identifier: 'it holds an identifier, and cannot be redacted',
  date: 'a date, and redaction.dates is Drop',
  encoded: 'encoded: it cannot be looked into',
  text: 'returns.text is Drop',
  meta: 'room of the protocol for anything: no policy names it',
  'member-name': 'the member’s own name identifies somebody',
  'content-unknown': 'a content block of no known kind',
  'content-like-json': 'like JSON and none: fields cannot judge it',
  'content-like-xml': 'a record in XML: fields cannot judge it',
  'content-like-hl7v2': 'a record in HL7 v2: fields cannot judge it',
  'content-encoded': 'nothing but base64: that is no text',
  'content-resource': 'its URI is the server’s own text, and returns.text is not Keep',
  'resource-uri': 'its URI holds an identifier',
}

function reasonOf({ verdict, rule = '', found = {} }: Row, { rules, returns }: Explained): string {
  if (verdict === 'dropped') {
    if (rule.startsWith('content-') && reasons[rule] === undefined) return `returns.media is ${returns.media}`
    return reasons[rule] ?? rule
  }
  const by = rule === '' ? '"" (the whole document)' : rule
  if (verdict === 'kept') return by
  const kinds = Object.entries(found).map(([kind, count]) => (count === 1 ? kind : `${kind} ×${count}`))
  return `${by}; ${kinds.join(', ')} by text ${rules.text}${'date' in found ? `, dates ${rules.dates}` : ''}`
}

function sumsOf({ parts }: Explained): { kept: number; redacted: number; dropped: number } {
  const sums = { kept: 0, redacted: 0, dropped: 0 }
  for (const { verdict } of parts.flatMap(({ fates }) => fates)) sums[verdict] += 1
  return sums
}

/** Each place with its value, and what leaves in its stead. */
function valuesOf({ fates, document }: Part, { known, rules }: Explained): string[] {
  if (document === undefined) return []
  return fates.map(({ path, verdict }) => {
    const value = valueAt(document, path)
    const at = `  /${path.join('/')}`
    if (verdict !== 'redacted') return `${at}: ${JSON.stringify(value)}  ${verdict}`
    const left =
      typeof value === 'string' ? redactText(value, known, rules, { redacted: {}, dropped: {} }) : value
    return `${at}: ${JSON.stringify(value)} → ${JSON.stringify(left)}`
  })
}
