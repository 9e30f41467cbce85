// What a value has for somebody to be named in it, which one look at its characters tells: as one expression tells of it, wherever it stands.

import { expect } from 'vitest'
import { mayName } from '../../../core/text/prose.ts'
import { verifies } from '../../verifies.ts'

const sign = /\p{Lu}|^(?:dr|mrs?|ms)\b|\d [a-z]/u

/** With digits and signs. */
const oneWord = /^(?=.*[\d:])[\w:]*$/

const parts = [
  'A',
  'Z',
  '[',
  '@',
  'É',
  'é',
  'Ω',
  '5 a',
  '5 z',
  '5 `',
  '5 {',
  '5 A',
  '5 é',
  '5  a',
  '/ a',
  ': a',
  'dr ',
  'mrs. ',
  'drx',
  '5 ',
  '5',
]

verifies('minimum:text', 'a value names somebody by a capital, a title, or a number before a word', () => {
  // The second has early all else that the look asks for: it is looked at for this alone from there on.
  for (const [part, words] of parts.flatMap((part) => ['a b', '1:b '].map((words) => [part, words] as const)))
    for (let before = 0; before < 40; before += 1) {
      const value = `${words.repeat(14).slice(0, before)}${part}`
      for (const text of [value, `${value} c`, `${value}${' c'.repeat(12)}`])
        expect(mayName(text), JSON.stringify(text)).toBe(sign.test(text) && !oneWord.test(text))
    }
})
