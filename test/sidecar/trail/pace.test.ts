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

test('at 1,500 calls a second commits keep two milliseconds between them, and a slow disk keeps them by itself', () => {
  const kept = waits(3, 0.2)
  expect(kept.length).toBeLessThan(300)
  expect(Math.min(...kept)).toBeGreaterThanOrEqual(1)
  expect(Math.max(...waits(3, 3))).toBe(0)
})

test('whatever comes, no commit waits more than two milliseconds', () => {
  const steps = fc.array(fc.tuple(fc.double({ min: 0, max: 5_000, noNaN: true }), fc.nat({ max: 1_024 })))
  fc.assert(
    fc.property(steps, (all) => {
      const pace = new Pace()
      let now = 0
      for (const [since, records] of all) {
        now += since
        const wait = pace.wait(now)
        expect(Number.isInteger(wait) && wait >= 0 && wait <= 2).toBe(true)
        pace.began(now, records)
      }
    }),
  )
})
