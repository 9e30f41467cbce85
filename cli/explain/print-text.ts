// An explanation for people: the steps of the decision, then a line for each place of the result, and how many fared how.

import type { Json } from '../../core/canonical.ts'
import { valueAt } from '../../core/pointer.ts'
import { keepScalar, projection } from '../../core/redaction/project.ts'
import { outermost, type Standing, standingWithin } from '../../core/redaction/standing.ts'
import type { Screen } from '../command.ts'
import { columns, cut } from '../table.ts'
import { visible } from '../visible.ts'
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
  const verdict = permitted ? 'permitted' : 'refused'
  print(cut(visible(`${who} for ${purpose}: ${asked} is ${verdict}`), screen.width), screen)
  printColumns(
    decision.steps.map(({ rule, passed, says }) => [`  ${rule}`, marks[`${passed}`], says]),
    screen,
  )
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
    printColumns([[fitted(part.at), part.says]], screen)
    return
  }
  const rows = rowsOf(treeOf(part.fates, explained.nameOf, part.document), !withValues)
  const whole = rows.length === 1 && rows[0]?.name === ''
  if (!whole) print(cut(visible(part.at), screen.width), screen)
  const lines = rows.map((row) => [
    whole ? fitted(part.at) : fitted(`${'  '.repeat(row.depth + 1)}${row.name}`),
    row.verdict === undefined ? '' : `${row.verdict} ${row.count ?? ''}`.trim(),
    row.verdict === undefined ? '' : reasonOf(row, explained),
  ])
  printColumns(lines, screen)
  if (withValues) print(valuesOf(part, explained).map(visible), screen)
}

function printColumns(rows: readonly (readonly string[])[], screen: Screen): void {
  const shown = rows.map((row) => row.map(visible))
  print(columns(shown, screen.width, cut), screen)
}

function print(lines: readonly string[], screen: Screen): void {
  for (const line of lines) screen.out(line)
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
function valuesOf({ fates, document }: Part, { known, rules, returns }: Explained): string[] {
  if (document === undefined) return []
  return fates.map(({ path, verdict, rule }) => {
    const value = valueAt(document, path)
    const at = `  /${path.join('/')}`
    if (verdict !== 'redacted') return `${at}: ${JSON.stringify(value)}  ${verdict}`
    const by = projection(known, rules, returns.fields.resources)
    const left =
      typeof value === 'string' || typeof value === 'number'
        ? keepScalar(value, rule, standingAt(document, path), by)
        : value
    return `${at}: ${JSON.stringify(value)} → ${JSON.stringify(left)}`
  })
}

/** Where a place stands: what it is called says how it is read, and its position in a list does not. */
function standingAt(document: Json, path: readonly string[]): Standing {
  let standing = outermost
  let around: unknown = document
  for (const step of path) {
    if (!Array.isArray(around)) standing = standingWithin(standing, step)
    around = valueAt(around, [step])
  }
  return standing
}
