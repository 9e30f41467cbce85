// Ways into guarded pods, stores and canaries that somebody tried or was let in by: an Event on the pod says who, whatever the
// client showed them. Pure.

import { canaryLabel, guardedLabel, storeLabel } from '../../core/identifiers.ts'
import type { Say } from '../cluster/events.ts'
import type { Pod } from './pod.ts'
import { type Request, refusalIn, type Verdict } from './review.ts'

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
  // By a ValidatingAdmissionPolicy before a validating webhook is asked, so that it is seen on its way there; or by the webhook.
  if (subResource === 'ephemeralcontainers' && refusalIn(verdict) !== undefined && isHeld(request))
    return say(
      'EphemeralContainerRefused',
      `${whoOf(request)} was refused: an ephemeral container in this pod.`,
    )
  return undefined
}

/** Bystanders are nobody's way to patients. */
function isHeld({ object, oldObject }: Request): boolean {
  const labels = ((oldObject ?? object) as Partial<Pod> | undefined)?.metadata?.labels ?? {}
  return [guardedLabel, storeLabel, canaryLabel].some((label) => labels[label] !== undefined)
}
