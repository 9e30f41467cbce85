// Guarded: no pod of the server, and none of its stores, is outside of the guard.

import { unlabelledPods } from '../observe.ts'
import { guardFails } from '../watchdog/guard-fails.ts'
import { no, noPods, type Rule, yes } from './finding.ts'
import { unguarded } from './in-every-pod.ts'

export const guarded: Rule = (seen, fleet, now) => {
  const { expected, guarded } = fleet
  if (!seen.enrolled)
    return no(
      'NamespaceNotEnrolled',
      'Label the namespace hipaa-mcp.dev/enforce=true, then pods are guarded.',
    )
  if (expected === 0) return noPods
  if (guarded.length < expected) return unguarded(seen, fleet, now)
  if (guarded.some(guardFails))
    return no(
      'GuardFails',
      'The guard of a pod fails again and again, so nothing of it starts: its Events say why, and whether it is replaced.',
    )
  return unlabelledPods(seen).length > 0
    ? no('StorePodsNotStamped', 'Pods of a store started before the namespace was enrolled: replace them.')
    : yes('EveryPodGuarded', 'Every pod of this server carries the whole sidecar.')
}
