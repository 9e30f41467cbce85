// What somebody tried and was refused, or was let in by under an emergency: an Event on the object says who, whatever the client showed
// them. Pure.

import { apiVersion } from '../../core/identifiers.ts'
import type { EventQuota, Say } from '../cluster/events.ts'
import { type Request, refusalIn, type Verdict, whatOf } from './review.ts'

/**
 * Anybody may try as often as they like: what is tried in one namespace hides nothing of another. Namespaces that are not
 * enrolled have one share together, so that whoever makes namespaces makes no room by it.
 */
export function quotaOfAttempts(enrolled: (namespace: string) => boolean): EventQuota {
  return { each: 10, all: 600, bucket: (namespace) => (enrolled(namespace) ? namespace : '') }
}

/** Who asks, as the API server knows them; Events are short, and a name may be long. */
const whoOf = ({ userInfo }: Request): string => (userInfo?.username ?? 'somebody').slice(0, 128)

type About = { apiVersion: string; kind: string }
const pod: About = { apiVersion: 'v1', kind: 'Pod' }
const grant: About = { apiVersion, kind: 'BreakGlassGrant' }
/** Of what a policy of the API server refuses (observed.generated.ts), by the resource: what is not here has a record alone. */
const observed: { readonly [what: string]: { about: About; reason: string } } = {
  pods: { about: pod, reason: 'PodChangeRefused' },
  'pods/status': { about: pod, reason: 'PodChangeRefused' },
  'pods/resize': { about: pod, reason: 'PodChangeRefused' },
  'pods/binding': { about: pod, reason: 'PodChangeRefused' },
  bindings: { about: pod, reason: 'PodChangeRefused' },
  'pods/eviction': { about: pod, reason: 'PodChangeRefused' },
  'pods/ephemeralcontainers': { about: pod, reason: 'EphemeralContainerRefused' },
  networkpolicies: {
    about: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
    reason: 'NetworkPolicyRefused',
  },
  'services/proxy': { about: { apiVersion: 'v1', kind: 'Service' }, reason: 'ConnectRefused' },
  breakglassgrants: { about: grant, reason: 'BreakGlassRefused' },
  'breakglassgrants/status': { about: grant, reason: 'BreakGlassRefused' },
  'serviceaccounts/token': { about: { apiVersion: 'v1', kind: 'ServiceAccount' }, reason: 'TokenRefused' },
}

/** What there is to say of a request that was judged; undefined for most. A dry run is no attempt. */
export function attemptOf(request: Request, verdict: Verdict): Say | undefined {
  const { operation, namespace, dryRun, subResource = '' } = request
  // What was to be made is not there: the namespace is, and a name that somebody chose makes no Event of its own.
  const isNew = operation === 'CREATE' && subResource === ''
  const { name = '' } = isNew ? { name: namespace } : request
  if (dryRun === true || name === '') return undefined
  const what = whatOf(request)
  const say = (about: About, reason: string, note: string): Say => ({
    about: { ...(isNew ? { apiVersion: 'v1', kind: 'Namespace' } : about), metadata: { namespace, name } },
    type: 'Warning',
    reason,
    action: 'Admission',
    note,
  })
  if (verdict.allowed && verdict.grant !== undefined)
    return say(
      pod,
      'PodEntered',
      `${whoOf(request)} was let in: ${what}, under BreakGlassGrant ${verdict.grant}.`,
    )
  if (operation === 'CONNECT' && !verdict.allowed && request.resource.resource === 'pods')
    return say(pod, 'ConnectRefused', `${whoOf(request)} was refused: ${what} into this pod.`)
  // By a policy, which is seen on the way there; or by the webhook that judges ephemeral containers after it.
  if (refusalIn(verdict) === undefined) return undefined
  if (what === 'pods/ephemeralcontainers')
    return say(
      pod,
      'EphemeralContainerRefused',
      `${whoOf(request)} was refused: an ephemeral container in this pod.`,
    )
  const known = verdict.allowed ? observed[what] : undefined
  return known && say(known.about, known.reason, `${whoOf(request)} was refused: ${operation} ${what}.`)
}
