// What a control says of itself: a status, a reason and a constant sentence. What varies (pod names, counts, times) stands
// elsewhere in status, else a server would reconcile for ever.

import type { Condition } from '../../core/kubernetes.ts'
import type { Seen } from '../observe.ts'
import type { Fleet } from './fleet.ts'

export type Finding = Pick<Condition, 'status' | 'reason' | 'message'>
/** A control, judged. `now`: milliseconds since 1970. */
export type Rule = (seen: Seen, fleet: Fleet, now: number) => Finding

export const yes = (reason: string, message: string): Finding => ({ status: 'True', reason, message })
export const no = (reason: string, message: string): Finding => ({ status: 'False', reason, message })
export const unknown = (reason: string, message: string): Finding => ({ status: 'Unknown', reason, message })

export const collectorAway = unknown(
  'CollectorUnreachable',
  'The collector does not answer, so nothing is known of the trail: look at its pod and its /readyz.',
)
export const noPods = unknown('NoPods', 'No pod of this server runs yet, so nothing could be seen.')
