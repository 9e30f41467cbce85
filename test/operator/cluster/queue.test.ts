import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { workQueue } from '../../../operator/cluster/queue.ts'
import { quiet } from './scripted-api.ts'

test('a key added many times before its turn is worked on once', async () => {
  const done: string[] = []
  const queue = workQueue({ name: 'q', work: async (key) => void done.push(key), log: quiet })
  for (const key of ['a', 'b', 'a', 'a']) queue.add(key)

  queue.start()

  await expect.poll(() => done).toEqual(['a', 'b'])
  await queue.stop()
})

test('a key is never worked on twice at once, and once more when it was added meanwhile', async () => {
  const gate = Promise.withResolvers<void>()
  let now = 0
  let most = 0
  let runs = 0
  const queue = workQueue({
    name: 'q',
    concurrency: 8,
    log: quiet,
    work: async () => {
      now += 1
      runs += 1
      most = Math.max(most, now)
      await gate.promise
      now -= 1
      return undefined
    },
  })
  queue.start()
  queue.add('a')
  queue.add('a')
  queue.add('a')

  gate.resolve()

  await expect.poll(() => runs).toBe(2)
  await sleep(20)
  expect([runs, most]).toEqual([2, 1])
  await queue.stop()
})

test('work that fails is tried again, later each time, until it succeeds', async () => {
  const at: number[] = []
  const queue = workQueue({
    name: 'q',
    firstRetry: 40,
    log: quiet,
    work: async () => {
      at.push(performance.now())
      if (at.length < 4) throw new Error('planted')
      return undefined
    },
  })
  queue.start()
  queue.add('a')

  await expect.poll(() => at.length, { timeout: 3_000 }).toBe(4)

  const gaps = at.slice(1).map((time, index) => time - (at[index] as number))
  // Half to all of 40, 80, 160 ms.
  expect(gaps[0]).toBeGreaterThanOrEqual(18)
  expect(gaps[1]).toBeGreaterThanOrEqual(38)
  expect(gaps[2]).toBeGreaterThanOrEqual(78)
  await queue.stop()
})

test('of two delays the shorter one counts', async () => {
  const done: string[] = []
  const queue = workQueue({ name: 'q', work: async (key) => void done.push(key), log: quiet })
  queue.start()
  queue.addAfter('a', 20)
  queue.addAfter('a', 60_000)

  await expect.poll(() => done, { timeout: 500 }).toEqual(['a'])
  await queue.stop()
})

test('stopping waits for what runs and begins nothing new', async () => {
  const gate = Promise.withResolvers<void>()
  const done: string[] = []
  const queue = workQueue({
    name: 'q',
    concurrency: 1,
    log: quiet,
    work: async (key) => {
      await gate.promise
      done.push(key)
      return undefined
    },
  })
  queue.start()
  queue.add('a')
  queue.add('b')

  const stopped = queue.stop()
  gate.resolve()
  await stopped
  await sleep(20)

  expect(done).toEqual(['a'])
})
