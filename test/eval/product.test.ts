// What the evaluation takes for removed on the way of results.

import { expect, test } from 'vitest'
import { byLine, inBlock, removed } from './product.ts'

test('what is missing in a text that left is where its marks stand', () => {
  expect(removed('seen by Ann on 1/2/2020', 'seen by [NAME] on [DATE]')).toEqual([
    { start: 8, end: 11, type: 'NAME' },
    { start: 15, end: 23, type: 'DATE' },
  ])
  expect(removed('Ann', undefined)).toEqual([{ start: 0, end: 3, type: 'DROPPED' }])
  expect(removed('as it came', 'as it came')).toEqual([])
})

test('a block and its lines are judged at their places in the text', () => {
  const text = 'stable\nPatient: Mary Smith'
  const span = { start: 16, end: 26, type: 'NAME' }

  expect(inBlock(text)).toEqual([span])
  expect(byLine(text)).toEqual([span])
})
