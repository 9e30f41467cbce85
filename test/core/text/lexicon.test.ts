// The packed word lists.

import { expect, test } from 'vitest'
import {
  english,
  first,
  lexicon,
  medical,
  place,
  slotOf,
  surname,
  wordHash,
} from '../../../core/text/lexicon.ts'
import { automaton } from '../../../core/text/many.ts'

function flags(word: string): number {
  const { keys, flags } = lexicon()
  return flags[slotOf(keys, wordHash(word, 0, word.length))] as number
}

test('each list has its words, in any case', () => {
  expect(flags('Emily') & first).not.toBe(0)
  expect(flags('NGUYEN') & surname).not.toBe(0)
  expect(flags('Chicago') & place).not.toBe(0)
  expect(flags('guideline') & english).not.toBe(0)
  expect(flags('Lisinopril') & medical).not.toBe(0)
})

test('of words that no list has hardly one is taken for one of a list', () => {
  let taken = 0
  for (let i = 0; i < 20_000; i += 1) if (flags(`qzx${i.toString(36)}vw`) !== 0) taken += 1

  expect(taken).toBeLessThan(20)
})

test('the lists take less than eight megabytes of memory', () => {
  const { keys, flags, classes } = lexicon()

  expect(keys.byteLength + flags.byteLength + classes.byteLength).toBeLessThan(8_000_000)
})

test('an automaton of nothing finds nothing', () => {
  expect(automaton([]).next.size).toBe(0)
})
