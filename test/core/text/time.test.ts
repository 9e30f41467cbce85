// How long texts take that were written to take long.

import { expect } from 'vitest'
import { survey } from '../../../core/redaction/survey.ts'
import { readings } from '../../../core/text/prose.ts'
import { search } from '../../../core/text/search.ts'
import { verifies } from '../../verifies.ts'

const ordinary =
  'The patient reports that the cough began two weeks ago and is worse at night. She was started on lisinopril 10 mg daily by ' +
  'Dr. Harriet Okonkwo at Elm Clinic on March 3rd, 2021 (MRN: 4001234). BP 128/76, pulse 72. Call (617) 555-0143 before 4/22. '

const size = 24_000
const filled = (piece: string): string => piece.repeat(Math.ceil(size / piece.length)).slice(0, size)

/** Nanoseconds of this thread a character, the best of a few: what else runs on the machine does not count. */
function cost(text: string): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 6; i += 1) {
    const began = process.threadCpuUsage()
    search(text, survey(), readings.text)
    const { user, system } = process.threadCpuUsage(began)
    best = Math.min(best, user + system)
  }
  return (best * 1000) / text.length
}

/** The same on average, over so many times that a clock of some milliseconds tells it. */
function usual(text: string): number {
  const began = process.threadCpuUsage()
  for (let times = 1; ; times += 1) {
    search(text, survey(), readings.text)
    const { user, system } = process.threadCpuUsage(began)
    if (user + system >= 50_000) return ((user + system) * 1000) / times / text.length
  }
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
  'no text costs more than twelve times as much for each of its characters as an ordinary one',
  () => {
    // Compiled by then, as in a process that has answered for a while.
    for (let i = 0; i < 10; i += 1) cost(filled(ordinary))
    const ordinarily = cost(filled(ordinary))

    const dear = hostile
      .map((piece) => ({ piece, times: cost(filled(piece)) / ordinarily }))
      .filter(({ times }) => times > 12)

    expect(dear).toEqual([])
  },
  120_000,
)

verifies(
  'minimum:text-time',
  'four times the text takes about four times as long',
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
      const [short, long] = [filled(piece).slice(0, size / 4), filled(piece)]
      // In turns, so that what slows the machine slows both.
      const ratios = Array.from({ length: 5 }, () => usual(long) / usual(short)).toSorted((a, b) => a - b)
      const median = ratios[2] ?? 0

      // By the square of its length each character would cost four times as much.
      expect({ piece, ok: median < 2.5, median }).toEqual({ piece, ok: true, median })
    }
  },
  120_000,
)
