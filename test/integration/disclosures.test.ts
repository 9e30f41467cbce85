// An answer out of the index does not grow with the trail, and nor does the memory in which the index is made.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { aFolder } from '../collector/a-trail.ts'
import { indexedYears } from '../support/indexed-years.ts'
import { verifies } from '../verifies.ts'

verifies(
  'audit:disclosures',
  'of four times the records a patient is found as soon, in as much memory',
  async () => {
    const home = aFolder()
    const [small, large] = [join(home, 'small'), join(home, 'large')]
    mkdirSync(small)
    mkdirSync(large)
    // The same number of calls on each patient; both are large enough to be read by threads.
    const less = await indexedYears(small, 60_000, 600)
    const more = await indexedYears(large, 240_000, 2400)
    // By turns, and the least of each: the machine may be busy with something else.
    const [of, ofFour]: [number[], number[]] = [[], []]
    for (const patient of [1, 2, 3, 4, 5, 6, 7])
      for (const [years, times] of [
        [less, of],
        [more, ofFour],
      ] as const) {
        const { rows, seconds } = await years.asked(patient)
        expect(rows).toBe(50)
        times.push(seconds)
      }

    expect(Math.min(...ofFour) / Math.min(...of)).toBeLessThan(2.5)
    expect(more.indexed.memory - less.indexed.memory).toBeLessThan(64 * 2 ** 20)
  },
)
