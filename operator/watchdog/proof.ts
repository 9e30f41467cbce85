// What workloads that were asked to replace their pods prove for the others: what admission makes now works, or does not. Pure.

import { isReady, type Pod, type Workload } from '../objects.ts'
import { longestWait } from './judge.ts'
import { restartedAt } from './restart.ts'

/** Milliseconds for which a workload whose new pods do not come up holds all others, while no other one proved anything. */
const canaryHolds = 86_400_000

/**
 * proved: a pod that a workload made anew is as it should be, and ready. unready: UIDs of workloads that were asked lately, and have
 * no such pod, or not all of theirs ready; their old ones may be gone already. failing: those of them that took longer than they
 * should, and hold the others because nothing is proved.
 */
export function proofOf(
  workloads: readonly Workload[],
  seen: { podsOf: (maker: Workload) => readonly Pod[]; isSound: (pod: Pod) => boolean; now: number },
): { proved: boolean; unready: readonly string[]; failing: readonly Workload[] } {
  const asked = workloads
    .filter((workload) => restartedAt(workload) > 0)
    .map((workload) => {
      const own = seen.podsOf(workload)
      const anew = own.filter((pod) => createdAt(pod) >= restartedAt(workload) && seen.isSound(pod))
      return { workload, own, anew, works: anew.some(isReady), age: seen.now - restartedAt(workload) }
    })
  const proved = asked.some(({ works }) => works)
  const coming = asked.filter(({ age, works, own }) => age < longestWait && !(works && own.every(isReady)))
  const failing = asked.filter(
    ({ workload, age, own, anew }) =>
      !proved &&
      age >= longestWait &&
      age < canaryHolds &&
      // Without any: a quota or admission itself refuses them. One that waits for its next turn has others.
      (own.length === 0 ? expectsPods(workload) : anew.length > 0),
  )
  return {
    proved,
    unready: [...coming, ...failing].map(({ workload }) => workload.metadata.uid ?? ''),
    failing: failing.map(({ workload }) => workload),
  }
}

const expectsPods = ({ spec, status }: Workload): boolean =>
  (spec.replicas ?? status?.desiredNumberScheduled ?? 1) > 0

export const createdAt = ({ metadata }: Pod): number => Date.parse(metadata.creationTimestamp ?? '') || 0
