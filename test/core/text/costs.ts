// What texts cost that were written to take long, as a process of its own, since tests load code in a way that makes calls between
// files dearer than they are: node test/core/text/costs.ts prints it as JSON.

import { survey } from '../../../core/redaction/survey.ts'
import { type Reading, readings } from '../../../core/text/prose.ts'
import { search } from '../../../core/text/search.ts'

const ordinary =
  'The patient reports that the cough began two weeks ago and is worse at night. She was started on lisinopril 10 mg daily by ' +
  'Dr. Harriet Okonkwo at Elm Clinic on March 3rd, 2021 (MRN: 4001234). BP 128/76, pulse 72. Call (617) 555-0143 before 4/22. '

const size = 4000
const filled = (piece: string): string => piece.repeat(Math.ceil(size / piece.length)).slice(0, size)

function took(text: string, reading: Reading = readings.text): number {
  const began = performance.now()
  search(text, survey(), reading)
  return performance.now() - began
}

/**
 * How many times as much a character of one text costs as of another: the least of each in many short turns, most of which
 * nothing interrupts, one behind the other, since a machine that is busy is slower for a while. Goes on while it is dear, as long
 * as there are turns left: what is dear in itself stays so. Processor time would not do: machines count it in thousandths of a second.
 */
function timesOf(text: string, other: string, limit: number, reading: Reading = readings.text): number {
  let [least, leastOther] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  const times = (): number => least / text.length / (leastOther / other.length)
  const until = performance.now() + longest
  for (let turn = 0; turn < mostTurns && (turn < fewestTurns || times() > limit); turn += 1) {
    if (turn > 2 && performance.now() > until) break
    leastOther = Math.min(leastOther, took(other, reading))
    least = Math.min(least, took(text, reading))
  }
  return times()
}

const [fewestTurns, mostTurns] = [20, 400]
/** Milliseconds for one text, unless it is interrupted in each of its first turns. */
const longest = 4_000

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
  'oh zero ',
  'zero, ',
  'five oh three ',
  'crystal lake ',
  'a 4/5 ',
  'SMITH, JOHN, ',
  'pump model ',
]

/** Each by itself, again and again, and up to sixteen times as long. */
const growing = ['Ab ', '1-', 'at Ab Clinic of ', 'MRN 1', 'May 1 ', 'a@', 'John Smith, ', 'Ab-Ab ', '(1) ']

/** One word, as a value: its signs stand before one that no code has. */
const value = (length: number): string => `A${'1'.repeat(length)}!`
const shortValue = 500

export type Costs = { readonly dear: Record<string, number>; readonly growth: Record<string, number> }

/** A little more than this is dear: looked at until it is less, or there are no turns left. */
export const limits = { dear: 6, growth: 4 }

function costs(): Costs {
  // Compiled by then, as in a process that has answered for a while.
  for (const piece of [ordinary, ...hostile]) for (let i = 0; i < 40; i += 1) took(filled(piece))
  const dear = hostile.map((piece) => [piece, timesOf(filled(piece), filled(ordinary), limits.dear)] as const)
  const growth = growing.map((piece) => {
    const short = filled(piece)
    return [piece, timesOf(short.repeat(16), short, limits.growth)] as const
  })
  const ofValue = timesOf(value(shortValue * 16), value(shortValue), limits.growth, readings.value)
  return { dear: Object.fromEntries(dear), growth: { ...Object.fromEntries(growth), 'A1…!': ofValue } }
}

if (import.meta.main) console.log(JSON.stringify(costs()))
