import { expect, test } from 'vitest'
import { Pairs } from '../../../core/export/pairs.ts'

test('a result belongs to the intent of its call, and so does what comes after it', () => {
  const pairs = new Pairs<string>()
  pairs.intent('a', 'asked a')
  pairs.intent('b', 'asked b')

  expect(pairs.before('a')).toBe('asked a')
  expect([...pairs.open()]).toEqual(['asked a', 'asked b'])
  expect(pairs.result('a')).toBe('asked a')
  expect([...pairs.open()]).toEqual(['asked b'])
  expect(pairs.before('a')).toBe('asked a')
  expect(pairs.result('a')).toBe('asked a')
  expect(pairs.result('nobody asked')).toBeUndefined()
})

test('of answered calls the last ones are remembered, of those without a result all', () => {
  const pairs = new Pairs<number>(2)
  for (let call = 0; call < 5; call += 1) pairs.intent(`${call}`, call)
  for (let call = 0; call < 3; call += 1) pairs.result(`${call}`)

  expect(['0', '1', '2', '3', '4'].map((call) => pairs.before(call))).toEqual([undefined, 1, 2, 3, 4])
  pairs.result('1')
  pairs.result('3')
  expect(['1', '2', '3', '4'].map((call) => pairs.before(call))).toEqual([undefined, 2, 3, 4])
})
