// What the same result says of its patients, found in any number and of any likeness.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { learnId, survey } from '../../../core/redaction/survey.ts'
import { findIdentifiers } from '../../../core/text/find.ts'
import { findKnown } from '../../../core/text/known.ts'
import type { Finding } from '../../../core/text/span.ts'
import { verifies } from '../../verifies.ts'

function knows(ids: Iterable<string>) {
  const known = survey()
  for (const id of ids) learnId(id, known)
  return known
}

function found(text: string, ids: Iterable<string>): Finding[] {
  const findings: Finding[] = []
  findKnown(text, knows(ids), findings)
  return findings
}

/** Positions that any of these findings covers. */
function covered(findings: readonly Finding[]): Set<number> {
  const places = new Set<number>()
  for (const { start, end } of findings) for (let i = start; i < end; i += 1) places.add(i)
  return places
}

const word = /[\p{L}\p{N}]/u

/** The same said as simply as can be: each identifier at each place. */
function simply(text: string, ids: Iterable<string>): Set<number> {
  const letters = text.toLowerCase()
  const places: Finding[] = []
  for (const id of ids)
    for (let at = letters.indexOf(id); at >= 0; at = letters.indexOf(id, at + 1)) {
      const alone = !word.test(letters[at - 1] ?? ' ') && !word.test(letters[at + id.length] ?? ' ')
      if (alone) places.push({ start: at, end: at + id.length, type: 'UNIQUE_IDENTIFIER' })
    }
  return covered(places)
}

verifies('minimum:text', 'many identifiers that begin alike are found as each by itself would be', () => {
  const piece = fc.constantFrom('mrn-', 'mrn-1', '12', '-', ' ', 'a', 'b', 'mrn-1 2', '.')
  const ids = fc.array(
    fc.array(piece, { minLength: 2, maxLength: 6 }).map((parts) => `mrn-${parts.join('')}`.trim()),
    { minLength: 12, maxLength: 40 },
  )
  const text = fc.array(piece, { maxLength: 60 }).map((parts) => parts.join('').toUpperCase())

  fc.assert(
    fc.property(ids, text, (all, said) => {
      expect(covered(found(said, all))).toEqual(simply(said, all))
    }),
    { numRuns: 300 },
  )
})

verifies('minimum:text', 'an identifier longer than any other is found too', () => {
  const id = `record ${'0123456789 '.repeat(60)}end`

  expect(found(`see ${id.toUpperCase()}, closed`, [id])).toEqual([
    { start: 4, end: 4 + id.length, type: 'UNIQUE_IDENTIFIER' },
  ])
})

/** Milliseconds for one pass. */
function took(text: string, ids: string[]): number {
  const known = knows(ids)
  const once = (): number => {
    const began = performance.now()
    findKnown(text, known, [])
    return performance.now() - began
  }
  return Math.min(once(), once(), once())
}

test('a megabyte beside thousands of identifiers with one beginning takes about as long as beside a few', () => {
  const few = Array.from({ length: 4 }, (_, i) => `mrn-${1000 + i}`)
  const thousands = Array.from({ length: 4000 }, (_, i) => `mrn-${100_000 + i}`)
  const text = 'MRN-100 mrn-10000 MRN-1 x '.repeat(40_000)

  // Each with each would be a thousand times as much.
  expect(took(text, thousands)).toBeLessThan(took(text, few) * 20 + 200)
})

test('an identifier that repeats itself is not compared anew at each of its words', () => {
  const id = `${'aaaa '.repeat(40_000)}b`
  const text = 'aaaa '.repeat(200_000)

  expect(took(text, [id])).toBeLessThan(2_000)
})

verifies('minimum:text', 'what is known and what rules find is one list, however much is known', () => {
  const identifiers = Array.from({ length: 8 }, (_, more) => `4711${'-4711'.repeat(more)}`)
  // Eight begin at each: more than there is room for beside what rules find.
  const all = '4711-'.repeat(3_000)
  const day = 'seen on 03/05/2024 by Dr. Okafor'
  const whole = { start: day.length + 1, end: day.length + all.length, type: 'UNIQUE_IDENTIFIER' }

  const text = `${day} ${all}, ${day}`
  const spans = findIdentifiers(text, knows(identifiers))
  const rest = text.length - day.length

  expect(spans).toEqual([
    { start: 8, end: 18, type: 'DATE', year: '2024' },
    { start: 22, end: day.length, type: 'NAME' },
    whole,
    { start: rest + 8, end: rest + 18, type: 'DATE', year: '2024' },
    { start: rest + 22, end: text.length, type: 'NAME' },
  ])
  // And of few of them the same.
  expect(findIdentifiers(`${day} 4711-4711`, knows(identifiers))).toEqual([
    ...spans.slice(0, 2),
    { ...whole, end: day.length + 10 },
  ])
})
