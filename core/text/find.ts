// All identifiers of a free text.

import type { Survey } from '../redaction/survey.ts'
import { normalize } from './normalize.ts'
import { readings } from './prose.ts'
import { type Searching, search } from './search.ts'
import type { Span } from './span.ts'

/**
 * Where identifiers stand in a text: sorted, apart from each other, in code units of the text as it came. `known`: what
 * the same result says of its patients, whose names and numbers are then found wherever they stand.
 */
export function findIdentifiers(text: string, known?: Survey, by?: Searching): Span[] {
  const normal = normalize(text)
  const spans: Span[] = []
  for (const { start, end, type, year } of search(normal.text, known, readings.text, by)) {
    const span = { start: normal.at(start), end: normal.at(end), type }
    spans.push(year === undefined ? span : { ...span, year })
  }
  return spans
}
