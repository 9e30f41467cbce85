import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { repeating } from '../../operator/repeating.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('work begins at once, and comes again until it is stopped', async () => {
  const work = vi.fn<() => Promise<void>>(async () => undefined)
  const one = repeating(work, 1_000)

  one.start()
  one.start()
  expect(work).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(2_500)
  expect(work).toHaveBeenCalledTimes(3)
  one.stop()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(work).toHaveBeenCalledTimes(3)
  one.start()
  expect(work).toHaveBeenCalledTimes(4)
})

test('work that takes longer than a turn is never there twice, not even when it is started anew', async () => {
  let running = 0
  let most = 0
  const one = repeating(async () => {
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    running -= 1
  }, 1_000)

  one.start()
  await vi.advanceTimersByTimeAsync(1_500)
  one.stop()
  one.start()
  await vi.advanceTimersByTimeAsync(10_000)
  one.stop()

  expect(most).toBe(1)
})
