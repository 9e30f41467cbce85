// Many who want a commit, one commit at a time.

import { expect, test } from 'vitest'
import { groupCommit } from '../../collector/commit/group.ts'

test('what arrives while one runs goes together, in order, as much as fits', async () => {
  const batches: number[][] = []
  const { add, idle } = groupCommit<number, number>(
    async (items) => {
      batches.push([...items])
      await Promise.resolve()
      return items.map((item) => item * 10)
    },
    (waiting) => Math.min(waiting.length, 2),
  )

  expect(await Promise.all([1, 2, 3, 4].map(add))).toEqual([10, 20, 30, 40])
  await idle()
  expect(batches).toEqual([[1], [2, 3], [4]])
})

test('one that fails alone takes none along; a commit that fails, all of it, and the next goes on', async () => {
  let commits = 0
  const { add } = groupCommit<string, string>(async (items) => {
    if (++commits === 2) throw new Error('away')
    await Promise.resolve()
    return items.map((item) => (item === 'bad' ? new Error('alone') : item))
  })
  const tried = async (items: string[]): Promise<unknown[]> =>
    (await Promise.allSettled(items.map(add))).map((one) =>
      one.status === 'fulfilled' ? one.value : (one.reason as Error).message,
    )

  expect(await tried(['bad'])).toEqual(['alone'])
  expect(await tried(['x'])).toEqual(['away'])
  expect(await tried(['a', 'bad', 'b'])).toEqual(['a', 'alone', 'b'])
})
