// Takes the next step of a rollout, and says what came of it. The only write is an eviction.

import type { Say } from '../cluster/events.ts'
import type { Seen } from '../observe.ts'
import type { Evictor, Outcome } from './evict.ts'
import type { Remaining, Rollout } from './plan.ts'

/** Milliseconds until the next look, while a rollout is under way: what it waits for may bring no change of an object. */
export const lookAgain = 5_000

const going: ReadonlySet<Rollout['state']> = new Set([
  'Canary',
  'Rolling',
  'Held',
  'CanaryNotReady',
  'ReplacementMissing',
  'ReplacementUnguarded',
])
export const isUnderWay = ({ state }: Rollout): boolean => going.has(state)

const remains: { readonly [why in Remaining]: { reason: string; note: string } } = {
  Job: {
    reason: 'JobNotReplaced',
    note: 'This pod of a Job runs without this server’s sidecar, and nobody ends it: its work would be lost. Let it finish, or delete the Job and make it anew with the annotation on its pod template.',
  },
  Bare: {
    reason: 'BarePodNotReplaced',
    note: 'This pod runs without this server’s sidecar, and nothing would make it anew: delete it and create it again, or let a Deployment make it.',
  },
  OtherController: {
    reason: 'PodNotReplaced',
    note: 'This pod runs without this server’s sidecar, and its controller is none whose ways are known here: replace it in that controller’s own way.',
  },
}

const outcomes: { readonly [outcome in Outcome]?: { type: Say['type']; reason: string; note: string } } = {
  evicted: {
    type: 'Normal',
    reason: 'ReplacedUnguarded',
    note: 'The pod ran without this server’s sidecar and was evicted; its replacement is guarded. The next one goes when that one is ready.',
  },
  held: {
    type: 'Warning',
    reason: 'DisruptionBudgetHolds',
    note: 'The pod runs without this server’s sidecar, and could not be evicted: a PodDisruptionBudget holds it, or what the operator’s log names. It is tried again. Is the budget met at all?',
  },
}

/** Pure: pods that stay as they are until somebody does something about them. */
export function remainders({ remaining }: Rollout): Say[] {
  return remaining.map(({ pod, why }) => ({
    about: pod,
    type: 'Warning',
    action: 'Replacing',
    ...remains[why],
  }))
}

/** Evicts what is next. Resolves to what there is to say. */
export async function step({ server }: Seen, rollout: Rollout, evictor: Evictor): Promise<Say[]> {
  if (rollout.next === undefined) return []
  const said = outcomes[await evictor.evict(rollout.next, 'Unguarded')]
  if (said === undefined) return []
  return [rollout.next, server].map((about) => ({ about, action: 'Replacing', ...said }))
}
