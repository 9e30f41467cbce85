// Dates and numbers of three groups, which are found by one look and whose later groups no rule looks at, those of other numbers in groups that
// nothing announces, digits between signs that leave nothing to any rule, and numbers that a word announces whole: found as where each rule is
// asked of each group, which a word beyond ASCII brings about anywhere in a text.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { survey } from '../../../core/redaction/survey.ts'
import { readings } from '../../../core/text/prose.ts'
import { ruleGroups, search } from '../../../core/text/search.ts'
import { searchForm, tokenize } from '../../../core/text/tokenize.ts'
import { numbersOfWord } from '../../../core/text/tokens.ts'
import { verifies } from '../../verifies.ts'

const groups = [
  '2024-03-05',
  '2024-13-05',
  '1850-03-05',
  '1988-10-93',
  '03/05/2024',
  '95/12/2024',
  '32/13/2024',
  '978-88-0076',
  '120-90-0076',
  '617-555-0143',
  '617.155.0143',
  '617-555 0143',
  '(617) 555-0143',
  '(120) 120-0186',
  '(617)155.0143',
  '(617) 555 4111 1111 1111 1111',
  '4111-1111-1111-1111',
  '4111 1111 1111 1111',
  '1',
  '12',
  '90',
  '104',
  '123',
  '2024',
  '12345',
  '4001234',
  '20240305',
  '192.168.1.7',
  '12-34',
  '789-456-123',
  '54321-7890',
  '555-0123-45-678',
  '12-90-1234567',
  '123-4567',
  'AB-12345',
  'MRN-4967108',
  'HMO-2345678',
  '00-1B-44-11-3A-B7',
  '::1',
  '1:2',
  '12.50000, -13.50000',
  '1-617-555-0143',
  '1(617) 555-0143',
  '(01)',
  'scan-12.png',
]
const said = [
  'MRN',
  'ID # ',
  'fax: ',
  'call ',
  'plate ',
  'NY ',
  'SSN ',
  'SSN on ',
  'record of ',
  'seen on ',
  'S/N is ',
  'age ',
  'he is ',
  'on ',
  'PMID ',
  'add:',
  '::',
  '+',
  '#',
  'A1-',
  'x',
]
const behind = [
  '',
  ' 1234',
  ' 1234 5678',
  '-12',
  '-AB',
  '.',
  '.5',
  '. 5',
  '.png',
  ' .png',
  ' 12.5N, 13.50000W',
  '@a.org',
  ' x12',
  ' ext. 9',
  ' 10:30',
  ', 10:30',
  'T10:30',
  ':',
  ': ',
  '::1',
  '/7',
  '%',
  'F with',
  ')',
  ';',
  '_',
  ' years old',
  "'s",
]
const text = fc
  .array(
    fc.tuple(
      fc.constantFrom('', ...said),
      fc.constantFrom(' ', '', '(', '-', '.', ':', '\n'),
      fc.constantFrom(...groups),
      fc.constantFrom(...behind),
      fc.constantFrom(' ', '', '\n', ', '),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => parts.flat().join(''))

/** The rule that has one look asks first what the word before a number says; the other way never asks the words of a text. */
function hasOneLook(end: string): boolean {
  const { words } = tokenize(`taken 978-88-0076 ${end}`)
  const isUnseen = () => (words[numbersOfWord - 1] as number) < 0
  expect(isUnseen()).toBe(true)
  // Of forms, and with words around them: forms.ts.
  searchForm(1 | 2)
  return !isUnseen()
}

test('a word beyond ASCII anywhere has each rule asked of each group', () => {
  expect(['qz', 'qé'].map(hasOneLook)).toEqual([true, false])
})

verifies('minimum:text', 'what one look finds is what looking at each group finds', () => {
  fc.assert(
    fc.property(text, fc.constantFrom(undefined, ...ruleGroups), (said, without) => {
      const asked = new Set(ruleGroups.filter((group) => group !== without))
      const all = (text: string) => search(text, survey(), readings.text, { groups: asked })

      const found = all(`${said}\nqz`)

      expect(found).toEqual(all(`${said}\nqé`))
    }),
    { numRuns: 3000, examples: [['fax: 978-88-0076. 5', undefined]] },
  )
})
