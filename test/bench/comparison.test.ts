import { expect, test } from 'vitest'
import { compared, order, percent, quantile } from './comparison.ts'

test('a time in which the machine was busy changes both figures, and the ratio hardly', () => {
  const { here, there, ratio, from, to } = compared([
    { here: 110, there: 100 },
    { here: 420, there: 400 },
    { here: 108, there: 100 },
    { here: 424, there: 400 },
    { here: 107, there: 100 },
  ])

  expect([here, there]).toEqual([110, 100])
  expect(ratio).toBeCloseTo(1.07)
  expect(from).toBeCloseTo(1.06)
  expect(to).toBeCloseTo(1.08)
})

test('one pair far off moves neither the ratio nor its spread', () => {
  const usual = Array.from({ length: 8 }, () => ({ here: 103, there: 100 }))

  expect(compared([...usual, { here: 300, there: 100 }])).toMatchObject({ ratio: 1.03, from: 1.03, to: 1.03 })
})

test('of an even number the median lies between the two in the middle', () => {
  expect(quantile([4, 1, 3, 200])).toBe(3.5)
  expect(quantile([7])).toBe(7)
  expect(quantile([])).toBeNaN()
})

test('a ratio is said as more or less', () => {
  expect(percent(1.0321)).toBe('+3.2 %')
  expect(percent(0.95)).toBe('−5.0 %')
})

test('each sidecar is as often first as second', () => {
  expect([0, 1, 2, 3].map((pair) => order(pair)[0])).toEqual(['here', 'there', 'here', 'there'])
})
