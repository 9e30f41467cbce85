// Ways into guarded pods, stores and canaries that somebody tried: an Event on the pod says who, whatever the client showed
// them. Pure.

import { guardedLabel } from '../../core/identifiers.ts'
import type { Say } from '../cluster/events.ts'
import type { Pod } from './pod.ts'
import type { Request, Verdict } from './review.ts'

/** Who asks, as the API server knows them; Events are short, and a name may be long. */
const whoOf = ({ userInfo }: Request): string => (userInfo?.username ?? 'somebody').slice(0, 128)

/** What there is to say of a request that was judged; undefined for most. A dry run is no attempt. */
export function attemptOf(request: Request, verdict: Verdict): Say | undefined {
  if (request.dryRun === true) return undefined
  const { operation, namespace, name = '', subResource = '' } = request
  const about = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name } }
  const say = (reason: string, note: string): Say => ({
    about,
    type: 'Warning',
    reason,
    action: 'Admission',
    note,
  })
  if (operation === 'CONNECT' && !verdict.allowed)
    return say('ConnectRefused', `${whoOf(request)} was refused: pods/${subResource} into this pod.`)
  // The ValidatingAdmissionPolicy refuses it before a validating webhook is asked, so it is seen on its way there.
  const pod = (request.oldObject ?? request.object) as Partial<Pod> | undefined
  if (subResource === 'ephemeralcontainers' && pod?.metadata?.labels?.[guardedLabel] !== undefined)
    return say(
      'EphemeralContainerRefused',
      `${whoOf(request)} was refused: an ephemeral container in this guarded pod.`,
    )
  return undefined
}
