// What a policy in the API server refuses before any validating webhook is asked, and without telling anybody. A mutating
// webhook sees it on its way there: so who tried stands in the trail. It lets everything in; the policy says no.

import { guardedLabel } from '../../core/identifiers.ts'
import { type Entry, grantFor } from './entry.ts'
import type { Pod } from './pod.ts'
import { allowed, type Request, type Verdict, whatOf } from './review.ts'

const services =
  'hipaa-mcp: only who may write HipaaMcpServers of this namespace reaches its Services through the API server (policy hipaa-mcp-proxies)'
const tokens = 'hipaa-mcp: only the kubelet asks for tokens of audience hipaa-mcp (policy hipaa-mcp-tokens)'
const debug =
  'hipaa-mcp: no emergency lets this person put a container into the guarded pod (policy hipaa-mcp-changes)'

/** config/webhook asks for what the policies would refuse, and for ephemeral containers of all pods. */
export async function judgeObserved(
  request: Request,
  entry: Pick<Entry, 'grants' | 'now'>,
): Promise<Verdict> {
  const observed = await refusedByPolicy(request, entry)
  return observed === undefined ? allowed : { allowed: true, observed }
}

async function refusedByPolicy(
  request: Request,
  entry: Pick<Entry, 'grants' | 'now'>,
): Promise<string | undefined> {
  const what = whatOf(request)
  if (what === 'services/proxy') return services
  if (what === 'serviceaccounts/token') return tokens
  const pod = (request.oldObject ?? request.object) as Partial<Pod> | undefined
  if (pod?.metadata?.labels?.[guardedLabel] === undefined) return undefined
  // Whether it was let in is for the webhook that judges it: here somebody tried.
  const grant = await grantFor(request, pod as Pod, entry).catch(() => undefined)
  return grant === undefined ? debug : undefined
}
