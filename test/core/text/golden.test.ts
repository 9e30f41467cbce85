// What is found in our own notes, all of it: a change of how it is found changes nothing of what is, unless somebody means it.

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { survey } from '../../../core/redaction/survey.ts'
import { findIdentifiers } from '../../../core/text/find.ts'
import { normalize } from '../../../core/text/normalize.ts'
import { readings } from '../../../core/text/prose.ts'
import { search } from '../../../core/text/search.ts'
import { labelledNotes, unseenHand } from '../../sample/clinical-notes.ts'

const texts = [
  ...labelledNotes(7, 60).map(({ text }) => text),
  ...labelledNotes(8, 60, unseenHand).map(({ text }) => text),
]
const all = [
  ...texts,
  ...texts.map((text) => text.toUpperCase()),
  ...texts.map((text) => text.normalize('NFD')),
]

const digest = (found: unknown): string =>
  createHash('sha256').update(JSON.stringify(found)).digest('hex').slice(0, 16)

test('each identifier of our own notes, as text and as values, is found where it was found before', () => {
  const found = all.map((text) => findIdentifiers(text))
  const lines = texts.flatMap((text) => text.split('\n').map((line) => normalize(line).text))
  const ofReading = (reading: 0 | 1) => lines.map((line) => search(line, survey(), reading))

  // Another hash is another finding: say in the same commit which, and why it is right.
  expect({
    findings: found.flat().length,
    text: digest(found),
    value: digest(ofReading(readings.value)),
    term: digest(ofReading(readings.term)),
  }).toMatchInlineSnapshot(`
    {
      "findings": 1801,
      "term": "10be178eace283f3",
      "text": "4ed84f784b45b8c1",
      "value": "434ef2b69ca8f07d",
    }
  `)
})
