// Ways into guarded pods, stores and canaries that somebody tried or was let in by: an Event on the pod says who, whatever the
// client showed them. Pure.

import type { Say } from '../cluster/events.ts'
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
  const what = `pods/${subResource}`
  if (request.resource.resource !== 'pods') return undefined
  if (verdict.allowed && verdict.grant !== undefined)
    return say('PodEntered', `${whoOf(request)} was let in: ${what}, under BreakGlassGrant ${verdict.grant}.`)
  if (operation === 'CONNECT' && !verdict.allowed)
    return say('ConnectRefused', `${whoOf(request)} was refused: ${what} into this pod.`)
  // The ValidatingAdmissionPolicy refuses it before a validating webhook is asked, so it is seen on its way there.
  if (subResource === 'ephemeralcontainers' && verdict.allowed && verdict.observed !== undefined)
    return say(
      'EphemeralContainerRefused',
      `${whoOf(request)} was refused: an ephemeral container in this guarded pod.`,
    )
  return undefined
}
