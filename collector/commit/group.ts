// Group commit: one commit runs at a time, and the next one takes together whatever arrived meanwhile. Syncing many costs
// little more than syncing one.

type Waiting<Item, Done> = { item: Item } & Pick<PromiseWithResolvers<Done>, 'resolve' | 'reject'>

/**
 * Returns how to hand in one item, and how to wait until none is left. `commit` takes several, in the order in which they
 * came; it rejects for all of them, or gives for each what it came to, an `Error` for one that failed alone.
 * `fit`: how many of those that wait go with one commit, at least one.
 */
export function groupCommit<Item, Done>(
  commit: (items: readonly Item[]) => Promise<readonly (Done | Error)[]>,
  fit: (waiting: readonly Item[]) => number = (waiting) => waiting.length,
): { add: (item: Item) => Promise<Done>; idle: () => Promise<void> } {
  let waiting: Waiting<Item, Done>[] = []
  let running: Promise<void> | undefined
  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, fit(waiting.map(({ item }) => item)))
      waiting = waiting.slice(batch.length)
      try {
        const done = await commit(batch.map(({ item }) => item))
        batch.forEach(({ resolve, reject }, i) => {
          const came = done[i] as Done | Error
          if (came instanceof Error) reject(came)
          else resolve(came)
        })
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    running = undefined
  }
  return {
    async add(item) {
      const { promise, resolve, reject } = Promise.withResolvers<Done>()
      waiting.push({ item, resolve, reject })
      running ??= run()
      return await promise
    },
    idle: async () => await running,
  }
}
