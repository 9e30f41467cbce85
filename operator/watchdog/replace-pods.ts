// Has workloads replace their pods, and sees how far they got. Which one is next is restart.ts's to say.

import { restartedAnnotation } from '../../core/identifiers.ts'
import type { Client } from '../cluster/client.ts'
import type { Events } from '../cluster/events.ts'
import { codeOf, idOf, type Log } from '../log.ts'
import { isReady, type Pod, type Workload } from '../objects.ts'
import { longestWait } from './judge.ts'
import { type Progress, type Rolled, restarted } from './restart.ts'

/** Writes the moment on the pod template, and says so on the workload. Never rejects: what failed is tried at the next look. */
export async function replacePods(
  workload: Workload,
  suspects: readonly Rolled[],
  deps: { client: Pick<Client, 'patch'>; events: Events; log: Log; now: number },
): Promise<void> {
  const { client, events, log, now } = deps
  const own = suspects.filter(({ maker }) => maker === workload)
  const { kind, object } = restarted(workload, now, Math.max(...own.map(({ created }) => created)))
  const { namespace = '', name } = workload.metadata
  const what = { namespace: idOf(namespace), name: idOf(name) }
  try {
    await client.patch(kind, namespace, name, object, 'merge')
  } catch (error) {
    log.warn('A workload could not be asked to replace its pods', { ...what, error: codeOf(error) })
    return
  }
  log.info('A workload replaces its pods', what)
  events.say({
    about: workload,
    type: 'Normal',
    reason: 'ReplacingPods',
    action: 'Watching',
    note: `Its pods are not what admission makes now: they are of another version, or from before the server changed. The workload replaces them in its own way (annotation ${restartedAnnotation} of its pod template).`,
  })
}

/** How far workloads got that replace their pods. `note` counts those that are to go; `of` judges by its new pods and by time. */
export function progressOf(now: () => number) {
  /** UID of a workload -> how many are left, and since when. */
  const left = new Map<string, { count: number; since: number }>()
  return {
    note: (suspects: readonly Rolled[]): void => {
      const counts = new Map<string, number>()
      for (const { maker } of suspects)
        if (maker !== undefined) {
          const uid = maker.metadata.uid ?? ''
          counts.set(uid, (counts.get(uid) ?? 0) + 1)
        }
      for (const uid of left.keys()) if (!counts.has(uid)) left.delete(uid)
      for (const [uid, count] of counts)
        if (left.get(uid)?.count !== count) left.set(uid, { count, since: now() })
    },
    of: ({ metadata }: Workload, sound: readonly Pod[]): Progress => {
      const since = left.get(metadata.uid ?? '')?.since ?? now()
      if (now() - since < longestWait) return 'moves'
      return sound.every(isReady) ? 'stalled' : 'blocked'
    },
  }
}
