// What every store that collectors share has to keep: a chain is one's at a time, and whoever had it before commits nothing
// more to it, whenever its commit was on its way.

import { expect } from 'vitest'
import { Fenced, type News, type Store } from '../../collector/commit/commit.ts'
import { recordsIn } from './a-trail.ts'

const record = (by: string, n: number): Buffer => Buffer.from(JSON.stringify({ by, n }))

const followed = async (store: Store, sizes: [string, number][]): Promise<News[]> => {
  const news: News[] = []
  for await (const one of store.follow(new Map(sizes))) news.push(one)
  return news
}

/** Who had a chain writes to it again: nothing of it counts, and it is told so. */
export async function fencesOut(first: Store, second: Store, origin: string): Promise<void> {
  expect([await first.begin({ origin, vkey: 'k' }), await second.begin({ origin, vkey: 'k' })]).toEqual([
    true,
    false,
  ])
  expect(await recordsIn(second, origin)).toEqual([])
  await first.append(origin, 0, [record('first', 0)])
  await first.saveCheckpoint(origin, 'of the first')
  await expect(second.append(origin, 1, [record('second', 1)])).rejects.toThrow(Fenced)
  expect(await followed(second, [[origin, 0]])).toMatchObject([
    { origin, kind: expect.stringMatching(/records|more/) as string },
    { origin, kind: 'checkpoint', note: 'of the first' },
  ])

  await second.claim(origin)
  expect(await recordsIn(second, origin)).toHaveLength(1)
  await expect(first.append(origin, 1, [record('first', 1)])).rejects.toThrow(Fenced)
  await second.append(origin, 1, [record('second', 1)])
  await expect(first.saveCheckpoint(origin, 'too late')).rejects.toThrow(Fenced)
  expect((await second.find(origin))?.checkpoint).toBe('of the first')

  // Taken back, it goes on behind what the second one wrote.
  await first.claim(origin)
  expect((await followed(second, []))[0]).toEqual({ origin, kind: 'lost' })
  await first.append(origin, 2, [record('first', 2)])
  await expect(second.append(origin, 2, [record('second', 2)])).rejects.toThrow(Fenced)
  for (const store of [first, second])
    expect((await recordsIn(store, origin)).map((text) => JSON.parse(text) as object)).toEqual([
      { by: 'first', n: 0 },
      { by: 'second', n: 1 },
      { by: 'first', n: 2 },
    ])
}

/** While one commits, the other takes the chain: what it reads then is all that ever comes of the first one's commit. */
export async function takesOverInFlight(
  stores: readonly [Store, Store],
  origin: string,
  rounds: number,
): Promise<void> {
  await stores[0].begin({ origin, vkey: 'k' })
  let size = 0
  let fenced = 0
  for (let round = 0; round < rounds; round++) {
    const [one, other] = [stores[round % 2] as Store, stores[(round + 1) % 2] as Store]
    const write = one.append(origin, size, [record('one', size), record('one', size + 1)]).then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof Fenced)) throw error
        fenced += 1
        return false
      },
    )
    await other.claim(origin)
    const read = await recordsIn(other, origin)
    expect(await write, `round ${round}`).toBe(read.length === size + 2)
    expect(await recordsIn(other, origin), `round ${round}`).toEqual(read)
    size = read.length
  }
  // Both came about: otherwise nothing was shown.
  expect(fenced).toBeGreaterThan(0)
  expect(fenced).toBeLessThan(rounds)
}
