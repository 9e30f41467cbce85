// What holds of findings in any text.

import fc from 'fast-check'
import { expect } from 'vitest'
import { survey } from '../../../core/redaction/survey.ts'
import { redactText } from '../../../core/redaction/text.ts'
import { findIdentifiers } from '../../../core/text/find.ts'
import { ruleGroups } from '../../../core/text/search.ts'
import { identifierTypes } from '../../../core/text/span.ts'
import { verifies } from '../../verifies.ts'

const piece = fc.constantFrom(
  'Dr. ',
  'Okonkwo ',
  'Maria ',
  'Lopez',
  'at ',
  'Elm ',
  'Street',
  ' Clinic',
  'St. ',
  'in ',
  'Boston, ',
  'MA ',
  '02115',
  'May ',
  '5th, ',
  '2021',
  'on ',
  '4/22',
  ' MRN: ',
  '4001234',
  'HP-',
  '-',
  '.',
  ', ',
  '\n',
  '’s ',
  'O’',
  'é',
  'ﬁ',
  '😀',
  '\u200b',
  '①',
  '(617) 555-0143',
  'a@b.org',
  'www.a.b ',
  '://',
  'http',
  '94-year-old ',
  'III',
  ' ',
  'the ',
  'named ',
  'JOHN ',
  'smith ',
  'disease ',
  'a',
  'Z',
  '1',
  ':',
  '#',
  '+',
  '(',
  ')',
  '/',
)
const text = fc.oneof(
  fc.array(piece, { maxLength: 40 }).map((parts) => parts.join('')),
  fc.string({ unit: 'grapheme', maxLength: 120 }),
)

verifies('minimum:text', 'findings are in order, apart, inside the text, and of a known type', () => {
  fc.assert(
    fc.property(text, (said) => {
      let last = 0
      for (const { start, end, type } of findIdentifiers(said)) {
        expect(start).toBeGreaterThanOrEqual(last)
        expect(end).toBeGreaterThan(start)
        expect(identifierTypes).toContain(type)
        last = end
      }
      expect(last).toBeLessThanOrEqual(said.length)
    }),
    { numRuns: 1000 },
  )
})

verifies(
  'minimum:text',
  'a group of rules that is left out finds nothing by itself, and all left out nothing at all',
  () => {
    fc.assert(
      fc.property(text, fc.subarray([...ruleGroups]), (said, groups) => {
        const some = findIdentifiers(said, undefined, { groups: new Set(groups) })
        if (groups.length === 0) expect(some).toEqual([])
      }),
    )
    expect(findIdentifiers('Maria Lopez came', undefined, { groups: new Set(['forms']) })).toEqual([])
    expect(findIdentifiers('seen at Elm Clinic', undefined, { groups: new Set(['names']) })).toEqual([])
  },
)

const found = (said: string): string => JSON.stringify(findIdentifiers(said, undefined, { bornFrom: 1937 }))

// Words are looked up when a rule asks, and kept for later texts; a long text takes another memory.
verifies('minimum:text', 'what is found in a text does not depend on those before it', () => {
  const texts = [
    ...fc.sample(text, { numRuns: 300, seed: 1 }),
    'born 1930, seen since oct at Mercy, pacemaker Medtronic A3DR01 SN PVY614422H',
    'mrn krmc 108844, her son Wane, FVC (92), nana, 92, of crystal lake, ut',
    'SEEN AT REGIONS HOSPITAL, XIONG, MAI YIA, 92, SINCE OCT',
  ]
  const alone = texts.map(found)
  // More words than are kept.
  findIdentifiers(
    Array.from({ length: 20_000 }, (_, i) => `q${i.toString(36)}x`)
      .join(' ')
      .replaceAll(/\d/g, 'v'),
  )
  findIdentifiers('Dr. Ab Cd at Elm Clinic, born 1930 '.repeat(10_000))
  expect(texts.map(found)).toEqual(alone)
  expect(texts.toReversed().map(found)).toEqual(alone.toReversed())
  // Nor on the year of the rules for those.
  found('born 1930')
  expect(findIdentifiers('born 1930')).toEqual([])
})

verifies('minimum:text', 'outside of what is replaced a text stays as it is', () => {
  fc.assert(
    fc.property(text, (said) => {
      const shown = redactText(
        said,
        survey(),
        { dates: 'Drop', text: 'Redact' },
        { redacted: {}, dropped: {} },
      )
      if (shown === undefined) return
      // What is left between marks stands in the original, in this order.
      let position = 0
      for (const part of shown.split(/\[[A-Z]+\]/)) {
        const at = said.indexOf(part, position)
        expect(at).toBeGreaterThanOrEqual(position)
        position = at + part.length
      }
    }),
    { numRuns: 500 },
  )
})

verifies('minimum:text', 'what was redacted is not changed by being redacted again', () => {
  const rules = { dates: 'Drop', text: 'Redact' } as const
  const once = (said: string): string =>
    redactText(said, survey(), rules, { redacted: {}, dropped: {} }) ?? ''
  for (const said of [
    'Dr. Okonkwo saw Maria Lopez at Elm Clinic on May 5th, 2021 (MRN: 4001234), call (617) 555-0143.',
    'Her daughter Grace lives in Brooklyn, NY 11201; insurance ID HP-678901; www.example.org.',
    'A 94-year-old man, John D., was seen by A. Barnes, MD, on Monday at St. Mary’s.',
  ])
    expect(once(once(said))).toBe(once(said))
})

verifies('minimum:text', 'whole, decomposed and wide letters are found alike, at their own places', () => {
  const said = 'seen by Dr. Zoltán today'
  for (const form of [said, said.normalize('NFD'), 'seen by Dr. Ｚｏｌｔán today']) {
    const [span] = findIdentifiers(form)
    expect(form.slice(span?.start, span?.end).normalize('NFKC')).toBe('Dr. Zoltán')
  }
})
