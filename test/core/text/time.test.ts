// How long texts take that were written to take long.

import { expect } from 'vitest'
import { survey } from '../../../core/redaction/survey.ts'
import { readings } from '../../../core/text/prose.ts'
import { search } from '../../../core/text/search.ts'
import { verifies } from '../../verifies.ts'

const ordinary =
  'The patient reports that the cough began two weeks ago and is worse at night. She was started on lisinopril 10 mg daily by ' +
  'Dr. Harriet Okonkwo at Elm Clinic on March 3rd, 2021 (MRN: 4001234). BP 128/76, pulse 72. Call (617) 555-0143 before 4/22. '

const size = 4000
const filled = (piece: string): string => piece.repeat(Math.ceil(size / piece.length)).slice(0, size)

/** Nanoseconds a character, the best of many short looks: what else runs on the machine interrupts some of them. */
function cost(text: string): number {
  const looks = 5 + (20 * size) / text.length
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < looks; i += 1) {
    const began = performance.now()
    search(text, survey(), readings.text)
    best = Math.min(best, performance.now() - began)
  }
  return (best * 1_000_000) / text.length
}

/**
 * How many times as much a character of one text costs as of another. What is dear for a while is looked at again: the machine
 * may have been at something else, and what is dear in itself stays so.
 */
function timesOf(text: string, other: string, limit: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < 8 && least > limit; tries += 1)
    least = Math.min(least, cost(text) / cost(other))
  return least
}

/** Each tells the rules that there is something at every place. */
const hostile = [
  'A ',
  'Ab ',
  'ABC ',
  'A. ',
  'St. ',
  'Dr. ',
  'Clinic ',
  'clinic ',
  'at A ',
  'of ',
  'and Ab ',
  'Smith, ',
  'John ',
  'disease ',
  'Ab-',
  'O’',
  'named ',
  'County ',
  '1',
  '12 ',
  '1-',
  '123-',
  '1.',
  '1/',
  '4/22 ',
  '(1',
  '+1',
  '#1',
  '12:',
  'a1:',
  'a1-',
  'ABC-123-',
  '1234 ',
  'MRN ',
  'MRN 1 ',
  'id # ',
  'no. ',
  'May ',
  'May 1 ',
  '1st of ',
  'on Monday ',
  'a@',
  '@',
  'www.',
  '://',
  'http://',
  '.',
  ',',
  ' ',
  '\n',
  '\u200b',
  'é',
  'É',
  '😀',
  'a’',
  "'s",
  '1 Elm ',
  '1 Elm St, ',
  '90 ',
  'aged 9',
  'x',
  'é1',
]

verifies(
  'minimum:text-time',
  'no text costs more than six times as much for each of its characters as an ordinary one',
  () => {
    // Compiled by then, as in a process that has answered for a while.
    for (const piece of [ordinary, ...hostile]) cost(filled(piece))

    const dear = hostile
      .map((piece) => ({ piece, times: timesOf(filled(piece), filled(ordinary), 6) }))
      .filter(({ times }) => times > 6)

    expect(dear).toEqual([])
  },
  120_000,
)

verifies(
  'minimum:text-time',
  'sixteen times the text takes about sixteen times as long',
  () => {
    for (const piece of [
      'Ab ',
      '1-',
      'at Ab Clinic of ',
      'MRN 1',
      'May 1 ',
      'a@',
      'John Smith, ',
      'Ab-Ab ',
      '(1) ',
    ]) {
      const short = filled(piece)
      const times = timesOf(short.repeat(16), short, 5)

      // By the square of its length each character would cost sixteen times as much.
      expect({ piece, ok: times < 5, times }).toEqual({ piece, ok: true, times })
    }
  },
  120_000,
)
