// What admission makes changes with its version and with the server. The pods of before are replaced by their own workload, in
// the way that its author wrote, as by `kubectl rollout restart`: for that its pod template gets the moment. Pure.

import { restartedAnnotation } from '../../core/identifiers.ts'
import { kindOf } from '../desired/template-annotation.ts'
import type { Wanted } from '../desired/wanted.ts'
import type { Workload } from '../objects.ts'
import { longestWait, type Suspect } from './judge.ts'

/** `created`: of the pod. `maker`: what makes a new one. Milliseconds since 1970. */
export type Rolled = Suspect & { created: number; maker?: Workload | undefined }

/** moves: pods of it still become what they should be. blocked: one that is as it should be is not ready. stalled: neither. */
export type Progress = 'moves' | 'blocked' | 'stalled'

/** Workloads at once, after the first: that one is the canary of them all. */
const atOnce = 3

/**
 * Which workload is to replace its pods next, and whom evictions concern: those whose workload would not, or does not get on
 * although nothing holds it. One that is blocked waits: its new pods do not come up, and the old ones still serve.
 */
export function turnsOf<One extends Rolled>(
  suspects: readonly One[],
  seen: {
    /** Of proof.ts. */
    proved: boolean
    unready: readonly string[]
    progress: (maker: Workload) => Progress
    /** Whether all pods of it are ready: one whose app did not work before proves nothing, and goes after the others. */
    ready: (maker: Workload) => boolean
    now: number
  },
): { restart?: Workload; evictable: One[] } {
  const evictable: One[] = []
  const waiting: Workload[] = []
  const underWay = new Set<string>(seen.unready)
  const inTurn = suspects.toSorted((a, b) => a.since - b.since || (a.name < b.name ? -1 : 1))
  for (const suspect of inTurn) {
    const { maker, fault, created } = suspect
    if (fault.what !== 'Differs' || maker === undefined || !rollsByItself(maker)) {
      evictable.push(suspect)
      continue
    }
    const asked = restartedAt(maker)
    if (created > asked && seen.now - asked >= longestWait) waiting.push(maker)
    else {
      const progress = seen.progress(maker)
      if (progress === 'stalled') evictable.push(suspect)
      // One that is blocked keeps no other waiting by itself: it may be its app that does not come up (proof.ts).
      if (progress === 'moves') underWay.add(maker.metadata.uid ?? '')
    }
  }
  const [restart] = waiting
    .filter(({ metadata }) => !underWay.has(metadata.uid ?? ''))
    .toSorted((a, b) => Number(seen.ready(b)) - Number(seen.ready(a)))
  return {
    evictable,
    ...(restart === undefined || underWay.size >= (seen.proved ? atOnce : 1) ? {} : { restart }),
  }
}

/** Whether a changed pod template has its controller replace the pods. */
export function rollsByItself({ kind, spec }: Workload): boolean {
  if (kind === 'Deployment') return spec.paused !== true
  if (kind !== 'StatefulSet' && kind !== 'DaemonSet') return false
  return spec.updateStrategy?.type !== 'OnDelete'
}

/** When its pods were to be replaced last, milliseconds since 1970; 0 where never. */
export function restartedAt({ spec }: Workload): number {
  return Date.parse(spec.template.metadata?.annotations?.[restartedAnnotation] ?? '') || 0
}

/** `newest`: when the newest of its pods that are to go was made: by the API server's clock, which may be ahead of ours. */
export function restarted(workload: Workload, now: number, newest: number): Wanted {
  const at = new Date(Math.ceil(Math.max(now, newest) / 1000) * 1000).toISOString().replace('.000Z', 'Z')
  const { apiVersion, kind, metadata } = workload
  const { name, namespace = '', uid } = metadata
  return {
    kind: kindOf(workload),
    object: {
      apiVersion,
      kind,
      // This very one: another of its name has other pods.
      metadata: { name, namespace, ...(uid === undefined ? {} : { uid }) },
      spec: { template: { metadata: { annotations: { [restartedAnnotation]: at } } } },
    },
    current: workload,
    how: 'merge',
  }
}
