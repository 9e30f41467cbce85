// A target that is down, slow or hung delays no acknowledgement: rates with it and without it, in turns, in one run.

import { expect } from 'vitest'
import { aRefusal } from '../../core/records.ts'
import { verifies } from '../../verifies.ts'
import { Process } from '../a-trail.ts'
import { aCopiedTrail, type Copied, target } from './a-copied-trail.ts'
import { aReceiver, type Behaviour } from './a-receiver.ts'

const turnMs = 120
const turns = 5

/** Records that four pods get acknowledged within a turn. */
async function acknowledged(pods: readonly Process[]): Promise<number> {
  const end = performance.now() + turnMs
  const each = pods.map(async (pod) => {
    let count = 0
    while (performance.now() < end) {
      await pod.write(aRefusal(`r-${pod.records.length}`), aRefusal(`s-${pod.records.length}`))
      count += 2
    }
    return count
  })
  return (await Promise.all(each)).reduce((sum, count) => sum + count, 0)
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** Rate with the copy by rate without it: of each pair of turns, one right behind the other. */
async function ratio(copied: Copied, pods: readonly Process[], start: () => Promise<void>): Promise<number> {
  const ratios: number[] = []
  for (let turn = 0; turn < turns; turn++) {
    const without = await acknowledged(pods)
    await start()
    ratios.push((await acknowledged(pods)) / without)
    await copied.stop()
  }
  return median(ratios)
}

const targets: { when: string; how: Behaviour }[] = [
  { when: 'hangs', how: 'hangs' },
  { when: 'needs half a second for each request', how: { slowMs: 500 } },
  { when: 'fails each request', how: { status: 500 } },
]

for (const { when, how } of targets)
  verifies(
    'audit:copies',
    `records are acknowledged at nine tenths of the rate, or more, beside a target that ${when}`,
    async () => {
      const copied = await aCopiedTrail()
      const receiver = await aReceiver(() => how)
      const pods = await Promise.all([1, 2, 3, 4].map(async () => await Process.started(copied.trail)))
      await acknowledged(pods)
      const start = async (): Promise<void> => {
        const before = receiver.seen.length
        copied.copy([target(receiver)], { pauses: { least: 100, most: 100 }, grace: 10 })
        await expect.poll(() => receiver.seen.length).toBeGreaterThan(before)
      }

      // A busy machine is no fault: one that copies hold up is slower each time.
      let best = 0
      for (let look = 0; look < 8 && best < 0.9; look++)
        best = Math.max(best, await ratio(copied, pods, start))

      expect(best).toBeGreaterThanOrEqual(0.9)
      expect(receiver.seen.length).toBeGreaterThan(0)
    },
    60_000,
  )
