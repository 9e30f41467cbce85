// Texts beyond ASCII as they are folded: beside the same said as simply as can be.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { survey } from '../../../core/redaction/survey.ts'
import { redactText } from '../../../core/redaction/text.ts'
import { findIdentifiers } from '../../../core/text/find.ts'
import { foldPoint } from '../../../core/text/folding.ts'
import { marks } from '../../../core/text/marks.ts'
import { normalize } from '../../../core/text/normalize.ts'
import { readings } from '../../../core/text/prose.ts'
import { search } from '../../../core/text/search.ts'
import { hasCharacters, TooMuchText, tokenize } from '../../../core/text/tokenize.ts'

/** Character by character: what it folds to, each unit of it from where the character stands. */
function simply(text: string): { text: string; places: number[] } {
  const places: number[] = []
  let [out, at] = ['', 0]
  for (const character of text) {
    const folded = foldPoint(character.codePointAt(0) as number)
    for (let i = 0; i < folded.length; i += 1) places.push(at)
    out += folded
    at += character.length
  }
  return { text: out, places: [...places, at] }
}

const said = fc.constantFrom(
  'Dr. ',
  'Zoltán ',
  'Okonkwo ',
  'O’Brien',
  '’s ',
  'at Elm Clinic ',
  'May 5th, 2021 ',
  '４/２２/２０２１',
  'MRN: ',
  '４００１２３４',
  '(617) 555‑0143',
  'www.müller.de ',
  'https://bücher.example/ä ',
  'Иван Петров ',
  '王小明',
  '김철수 ',
  'ﬁ',
  'ﷺ',
  '①',
  '½',
  'e\u0301',
  '\u200b',
  '\ud801',
  '\udc00',
  '😀',
  '𝐀𝐧𝐧𝐚 ',
  '𐐀',
  '١٢٣',
  'ʼ',
  '°',
  '€',
  '“',
  '–',
  '\u00a0',
  ' ',
  '1',
)
const piece = fc.oneof(
  { weight: 3, arbitrary: said },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xff_ff }).map((code) => String.fromCharCode(code)) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 2 }) },
)
const text = fc.array(piece, { maxLength: 40 }).map((parts) => parts.join(''))

const rules = { dates: 'Drop', text: 'Redact' } as const

test.each([
  ['Ｄｒ． Zoltán', 'Dr. Zoltan'],
  ['Zolta\u0301n', 'Zoltan'],
  ['o\ufb03ce', 'office'],
  ['٤/٢٢ १२', '4/22 12'],
  ['555‑0143 − 1', '555-0143 - 1'],
  ['𝐀𝐧𝐧𝐚\u200b\u00a0B', 'Anna B'],
  ['O’Brien “37°”', 'O’Brien “37°”'],
])('%j is read as %j', (as, folded) => {
  expect(normalize(as).text).toBe(folded)
})

test('a text is folded character by character, and each place is where its character stood', () => {
  fc.assert(
    fc.property(text, (one) => {
      const simple = simply(one)
      const { text: folded, at } = normalize(one)
      expect(folded).toBe(simple.text)
      expect(simple.places.map((_, index) => at(index))).toEqual(simple.places)
    }),
    { numRuns: 500 },
  )
})

test('a text that folds to many times its length has room', () => {
  const { text: folded, at } = normalize(`é${'ﷺ'.repeat(20_000)}. Dr. Zoltán`)
  expect(folded).toBe(`e${'صلى الله عليه وسلم'.repeat(20_000)}. Dr. Zoltan`)
  expect([at(18), at(19), at(folded.length - 6), at(folded.length)]).toEqual([1, 2, 20_007, 20_013])
})

test('the same is found in a text that was folded as in one that came so', () => {
  fc.assert(
    fc.property(text, (one) => {
      const folded = normalize(one).text
      const found = search(folded, undefined, readings.text)
      hasCharacters('another', 0)
      expect(search(folded, undefined, readings.text)).toEqual(found)
    }),
    { numRuns: 500 },
  )
})

test('halves of a letter are that letter, where what stood between them is gone', () => {
  expect(tokenize(normalize('\ud801\u200b\udc00').text).count).toBe(1)
  expect(tokenize(normalize('\ud801').text).count).toBe(0)
})

test('what is left of a text is what came, but for what was found', () => {
  fc.assert(
    fc.property(text, (one) => {
      const tally = { redacted: {}, dropped: {} }
      const left = redactText(one, survey(), rules, tally, readings.text)
      let [out, position] = ['', 0]
      const counted: Record<string, number> = {}
      for (const { start, end, type } of findIdentifiers(one)) {
        const [mark, word] = marks[type]
        out += one.slice(position, start) + mark
        counted[word] = (counted[word] ?? 0) + 1
        position = end
      }
      expect(left).toBe(out + one.slice(position))
      expect(tally.redacted).toEqual(counted)
    }),
    { numRuns: 500 },
  )
})

test('a date leaves its year in digits of ASCII, whatever it was written in', () => {
  const years = { dates: 'Year', text: 'Redact' } as const
  const tally = { redacted: {}, dropped: {} }
  expect(redactText('geboren am ５/６/２０２１ – é', survey(), years, tally)).toBe('geboren am 2021 – é')
})

test('of a text that folds to more than it is, all that it folds to is searched, or nothing of it is shown', () => {
  const tally = { redacted: {}, dropped: {} }
  const most = { ...rules, mostSearched: 1_000 }
  expect(() => redactText('\ufdfa'.repeat(56), survey(), most, tally)).toThrow(TooMuchText)
  expect(redactText('\u00e9'.repeat(1_000), survey(), most, tally)).toBe('\u00e9'.repeat(1_000))
})

test('a text that folds to more than a memory has is none, and the next ones are read as ever', () => {
  expect(() => normalize('\ufdfa'.repeat(2_700_000))).toThrow(TooMuchText)

  const long = 'seen by Dr. Jos\u00e9 Okonkwo on the ward. '.repeat(1_000)
  expect(findIdentifiers(long)).toHaveLength(1_000)
  expect(findIdentifiers('seen by Dr. Okonkwo')).toHaveLength(1)
})
