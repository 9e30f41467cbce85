// A store whose next uses fail as stores do: without effect, after it took effect, or never answering.

import { type Store, StoreFailed } from '../../collector/commit/commit.ts'

export type Fault =
  | 'fails, not persisted'
  | 'fails, but persisted'
  | 'hangs, not persisted'
  | 'hangs, but persisted'
export type Edge = 'append' | 'begin' | 'saveCheckpoint'

export type FaultyStore = Store & {
  /** The next use of that edge goes wrong; `skip` uses before it go well. */
  plan: (edge: Edge, fault: Fault, skip?: number) => void
  /** What hangs is let go, and fails. */
  letGo: () => void
  /** How often the planned fault happened. */
  happened: () => number
}

export function faulty(real: Store): FaultyStore {
  let planned: { edge: Edge; fault: Fault; skip: number } | undefined
  let happened = 0
  let hanging = Promise.withResolvers<void>()
  const edge = async <Came>(name: Edge, run: () => Promise<Came>): Promise<Came> => {
    if (planned?.edge !== name || planned.skip-- > 0) return await run()
    const { fault } = planned
    planned = undefined
    happened += 1
    if (fault.endsWith('but persisted')) await run()
    if (fault.startsWith('hangs')) await hanging.promise
    throw new StoreFailed('store-away', 'planned by a test')
  }
  return {
    ...real,
    begin: async (head) => await edge('begin', async () => await real.begin(head)),
    append: async (...all) => await edge('append', async () => await real.append(...all)),
    saveCheckpoint: async (...all) =>
      await edge('saveCheckpoint', async () => await real.saveCheckpoint(...all)),
    plan: (name, fault, skip = 0) => {
      planned = { edge: name, fault, skip }
    },
    letGo: () => {
      hanging.resolve()
      hanging = Promise.withResolvers<void>()
    },
    happened: () => happened,
  }
}
