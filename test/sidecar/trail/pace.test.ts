// Commits keep their distance under load, and only there.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pace } from '../../../sidecar/trail/pace.ts'

/** Records that come at an even rate, a millisecond; a commit takes so long. The waits of the commits of the last half second. */
function waits(perMillisecond: number, commit: number): number[] {
  const pace = new Pace()
  const all: number[] = []
  for (let now = 0, taken = 0; now < 1_000; ) {
    const wait = pace.wait(now)
    if (now > 500) all.push(wait)
    now += wait
    const came = Math.max(1, Math.floor(now * perMillisecond) - taken)
    taken += came
    pace.began(now, came)
    // The next begins when this one has ended and there is something to commit.
    now = Math.max(now + commit, (taken + 1) / perMillisecond)
  }
  return all
}

test('nobody waits at 400 calls a second, or after a silence', () => {
  expect(Math.max(...waits(0.8, 0.2))).toBe(0)
  const pace = new Pace()
  expect(pace.wait(0)).toBe(0)
  // A burst in one turn, alone.
  pace.began(0, 64)
  expect(pace.wait(200)).toBe(0)
  pace.began(200, 1)
  expect(pace.wait(200.5)).toBe(0)
})

const rates = [
  { calls: 750, apart: 1 },
  { calls: 1_000, apart: 2 },
  { calls: 1_500, apart: 4 },
  { calls: 5_000, apart: 5 },
]

for (const { calls, apart } of rates)
  test(`at ${calls} calls a second commits begin ${apart} ms apart`, () => {
    // Two records a call; the last half second.
    const kept = waits((calls * 2) / 1_000, 0.2)
    expect(500 / kept.length).toBeGreaterThan(apart - 0.5)
    expect(500 / kept.length).toBeLessThan(apart + 1)
  })

test('a disk that takes longer than that keeps them apart by itself', () => {
  expect(Math.max(...waits(3, 6))).toBe(0)
})

test('whatever comes, no commit waits more than five milliseconds', () => {
  const steps = fc.array(fc.tuple(fc.double({ min: 0, max: 5_000, noNaN: true }), fc.nat({ max: 1_024 })))
  fc.assert(
    fc.property(steps, (all) => {
      const pace = new Pace()
      let now = 0
      for (const [since, records] of all) {
        now += since
        const wait = pace.wait(now)
        expect(Number.isInteger(wait) && wait >= 0 && wait <= 5).toBe(true)
        pace.began(now, records)
      }
    }),
  )
})
