// One line of notes: JSON with an id and a text in, the same with the identifiers of the text replaced out.

import { isObject } from '../../core/is-object.ts'
import { parseJson } from '../../core/json.ts'
import { findIdentifiers } from '../../core/text/find.ts'
import type { Span } from '../../core/text/span.ts'
import { jsonFault } from './json-fault.ts'
import type { Redacted, Redactor } from './stream.ts'

const faults = { shape: 'it is no object with an "id" (text or number) and a "text"' } as const

/** Redacts a line of notes. `bornFrom`: see search.ts. A result may be as long as a line. */
export const notes = (bornFrom: number): Redactor => ({
  longest: 8 * 2 ** 20,
  line: (line) => redactNote(line, bornFrom),
})

/** A note's line redacted. `spans`: where identifiers stood in the text as it came, UTF-16 code units. */
function redactNote(line: Buffer, bornFrom: number): Redacted {
  const parsed = parseJson(line)
  if ('fault' in parsed) return { fault: jsonFault(parsed.fault, line, 'one document a line') }
  const { value } = parsed
  if (!isObject(value)) return { fault: faults.shape }
  const { id, text } = value
  if (typeof text !== 'string' || (typeof id !== 'string' && typeof id !== 'number'))
    return { fault: faults.shape }
  const found = findIdentifiers(text, undefined, { bornFrom })
  const spans = found.map(({ start, end, type }) => ({ start, end, type }))
  // Only these three: whatever else the line holds may be an identifier.
  return { out: `${JSON.stringify({ id, text: withMarks(text, found), spans })}\n` }
}

/** The text with a mark of its type in place of each identifier; a date becomes its year, where it has one. */
function withMarks(text: string, spans: readonly Span[]): string {
  let out = ''
  let position = 0
  for (const { start, end, type, year } of spans) {
    out += text.slice(position, start) + (year ?? `[${type}]`)
    position = end
  }
  return out + text.slice(position)
}
