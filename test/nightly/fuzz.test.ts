// The readers of what others wrote, under as many inputs as some minutes hold. FUZZ_SECONDS (20) for each, FUZZ_SEED (the day); what
// fails is said as base64.

import { expect, test } from 'vitest'
import { targets } from '../fuzz/targets.ts'
import { watched } from '../fuzz/watched.ts'

const seconds = Number(process.env['FUZZ_SECONDS'] ?? 20)
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Date.now() / 86_400_000))

test.each(Object.keys(targets))(
  `%s, seed ${seed}`,
  async (name) => {
    const { failed, ...done } = await watched({
      name,
      seed,
      runs: 2 ** 31,
      time: seconds * 1_000,
      blind: false,
    })
    console.log(`    ${name}: ${JSON.stringify(done)}`)

    expect(failed).toBeUndefined()
  },
  (seconds + 60) * 1_000,
)
