// How long texts take that were written to take long.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, expect } from 'vitest'
import { verifies } from '../../verifies.ts'
import { type Costs, limits } from './costs.ts'

let costs: Costs

beforeAll(() => {
  costs = JSON.parse(
    execFileSync(process.execPath, [join(import.meta.dirname, 'costs.ts')], { encoding: 'utf8' }),
  ) as Costs
}, 120_000)

/** What costs more than its limit, and what was not measured. */
const over = (times: Record<string, number>, limit: number): object =>
  Object.fromEntries(Object.entries(times).filter(([, times]) => !(times <= limit)))

verifies(
  'minimum:text-time',
  'no text costs more than six times as much for each of its characters as an ordinary one',
  () => {
    expect(Object.keys(costs.dear).length).toBeGreaterThan(50)
    expect(over(costs.dear, limits.dear)).toEqual({})
  },
)

// By the square of its length each character would cost sixteen times as much.
verifies('minimum:text-time', 'sixteen times the text takes about sixteen times as long', () => {
  expect(Object.keys(costs.growth).length).toBe(10)
  expect(over(costs.growth, limits.growth)).toEqual({})
})
