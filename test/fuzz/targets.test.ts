// The readers of what others wrote, under a thousand inputs each, or fewer where a busy machine makes no more in 20 s. The night has minutes for each (test/nightly/fuzz.test.ts).

import { expect, test } from 'vitest'
import { targets } from './targets.ts'
import { watched } from './watched.ts'

const runs = 1_000

test.each(Object.keys(targets))('%s', async (name) => {
  const { failed } = await watched({ name, seed: 1, runs, time: 20_000, blind: false })

  expect(failed).toBeUndefined()
})
