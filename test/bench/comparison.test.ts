import { expect, test } from 'vitest'
import { compared, hereFirst, median, percent } from './comparison.ts'

test('a round in which the machine was busy changes both figures, and the ratio hardly', () => {
  const { here, there, ratio, least, most } = compared([
    { here: 110, there: 100 },
    { here: 420, there: 400 },
    { here: 108, there: 100 },
  ])

  expect([here, there]).toEqual([110, 100])
  expect(ratio).toBeCloseTo(1.08)
  expect(least).toBeCloseTo(1.05)
  expect(most).toBeCloseTo(1.1)
})

test('of an even number of rounds the median lies between the two in the middle', () => {
  expect(median([4, 1, 3, 200])).toBe(3.5)
  expect(median([7])).toBe(7)
  expect(median([])).toBeNaN()
})

test('a ratio is said as more or less', () => {
  expect(percent(1.0321)).toBe('+3.2 %')
  expect(percent(0.95)).toBe('−5.0 %')
})

test('each sidecar is as often first as second', () => {
  expect([1, 2, 3, 4].map(hereFirst)).toEqual([true, false, true, false])
})
