// What a policy in the API server refuses before any validating webhook is asked, and without telling anybody. A mutating
// webhook sees it on its way there: so who tried stands in the trail. It lets everything in; the policy says no.

import { isDeepStrictEqual } from 'node:util'
import { canaryLabel, guardedLabel, storeLabel, uids } from '../../core/identifiers.ts'
import type { Container, Pod, PodSpec } from './pod.ts'
import { allowed, type Request, type Verdict, whatOf } from './review.ts'

const services =
  'hipaa-mcp: only who may write HipaaMcpServers of this namespace reaches its Services through the API server (policy hipaa-mcp-proxies)'
const tokens = 'hipaa-mcp: only the kubelet asks for tokens of audience hipaa-mcp (policy hipaa-mcp-tokens)'
const policy = '(policy hipaa-mcp-changes)'
const canary = `hipaa-mcp: nobody puts a container into a canary ${policy}`
const store = `hipaa-mcp: only who may write HipaaMcpServers of this namespace puts a container into a store ${policy}`
const debug = `hipaa-mcp: no emergency lets this person put a container into the guarded pod ${policy}`
const container = `hipaa-mcp: the ephemeral container is not as it must be ${policy}`

const ownIds: ReadonlySet<unknown> = new Set(Object.values(uids))

/**
 * config/webhook asks for what the policies would refuse, and for ephemeral containers of all pods. `barred`: the API server
 * knows that the person lacks the verb without which nobody puts one into this pod, grant or none.
 */
export function judgeObserved(request: Request, barred: boolean): Verdict {
  const observed = refusedByPolicy(request, barred)
  return observed === undefined ? allowed : { allowed: true, observed }
}

function refusedByPolicy(request: Request, barred: boolean): string | undefined {
  const what = whatOf(request)
  if (what === 'services/proxy') return services
  if (what === 'serviceaccounts/token') return tokens
  const { spec } = request.object as Pod
  const before = (request.oldObject ?? request.object) as Pod
  const { [canaryLabel]: tried, [guardedLabel]: guarded, [storeLabel]: stored } = before.metadata.labels ?? {}
  const added = spec.ephemeralContainers ?? []
  if (tried !== undefined && added.length > 0) return canary
  if (guarded === undefined && stored === undefined) return undefined
  if (barred && guarded === undefined) return store
  if (barred && !isDeepStrictEqual(spec, before.spec)) return debug
  // What the policy lets by is for the webhook that judges it, which tells what it refuses.
  return added.every((one) => isAllowed(one) && (guarded === undefined || isApart(one, spec)))
    ? undefined
    : container
}

/** What config/webhook/policy-changes.yaml asks of the ephemeral containers of every pod. */
function isAllowed({ securityContext: { privileged, capabilities } = {} }: Container): boolean {
  const { add = [], drop = [] } = capabilities ?? {}
  return privileged !== true && add.length === 0 && drop.some((name) => name === 'ALL' || name === 'NET_RAW')
}

/** And of those of a guarded pod. */
function isApart(
  { securityContext = {}, targetContainerName, volumeMounts = [] }: Container,
  { securityContext: pod = {} }: PodSpec,
): boolean {
  const { runAsUser = pod.runAsUser ?? uids.sidecar, runAsGroup, allowPrivilegeEscalation } = securityContext
  return (
    !ownIds.has(runAsUser) &&
    !ownIds.has(runAsGroup) &&
    allowPrivilegeEscalation === false &&
    !(typeof targetContainerName === 'string' && targetContainerName.startsWith('hipaa-mcp')) &&
    volumeMounts.every(({ name }) => !name.startsWith('hipaa-mcp-'))
  )
}
