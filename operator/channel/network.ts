// `POST /v1/network`: what a sidecar saw of the network. It is kept as a condition of its pod: every replica sees it there,
// whoever leads, and nobody but the operator and the kubelet writes a pod's status.

import { guardedLabel } from '../../core/identifiers.ts'
import { isObject } from '../../core/is-object.ts'
import { type NetworkReport, networkCondition, type OutwardTarget } from '../../core/network.ts'
import type { Client } from '../cluster/client.ts'
import { kinds } from '../cluster/kinds.ts'
import type { Pod } from '../objects.ts'
import { ChannelRefusal } from './refused.ts'

type Sidecar = { namespace: string; server: string; podUid: string }

const targets: ReadonlySet<unknown> = new Set<OutwardTarget>(['Webhook', 'Outside', 'Metadata'])

/** Between two reports of a pod, milliseconds: as often as the operator asks for them at most. */
const leastMs = 4_000

/** An empty report asks what to try, and is kept nowhere. */
export async function keepReport(
  client: Pick<Client, 'list' | 'applyStatus'>,
  { namespace, server, podUid }: Sidecar,
  body: string,
  now: number,
): Promise<void> {
  const report = reportIn(body)
  if (report === undefined) return
  const { items } = await client.list<Pod>(kinds.pod, {
    namespace,
    labelSelector: `${guardedLabel}=${server}`,
  })
  const pod = items.find(({ metadata }) => metadata.uid === podUid)
  const name = pod?.metadata.name
  if (name === undefined) throw new ChannelRefusal(403, 'The pod of this certificate is gone')
  const before = pod?.status?.conditions?.find(({ type }) => type === networkCondition)
  // Each is a write of the API server's, and told to all who watch pods.
  if (now - Date.parse(before?.lastProbeTime ?? '') < leastMs)
    throw new ChannelRefusal(503, 'The pod told what it saw a moment ago: tell it again later')
  await client.applyStatus(kinds.pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    // With its UID: a pod that took the name meanwhile is another one.
    metadata: { name, namespace, uid: podUid },
    status: { conditions: [conditionOf(report, now)] },
  } as Parameters<typeof client.applyStatus>[1])
}

function conditionOf({ compared, tried, open }: NetworkReport, now: number): object {
  const at = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
  const [status, reason] =
    open.length > 0
      ? ['False', 'Connected']
      : compared
        ? ['True', 'Refused']
        : ['Unknown', 'NothingToCompare']
  return {
    type: networkCondition,
    status,
    reason,
    message: JSON.stringify({ tried, open }),
    lastProbeTime: at,
    lastTransitionTime: at,
  }
}

/** Undefined for an empty report. Throws ChannelRefusal for anything that is neither. */
function reportIn(body: string): NetworkReport | undefined {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    // Refused below.
  }
  if (isObject(value)) {
    const { compared, tried, open } = value
    if (Object.keys(value).length === 0) return undefined
    const lists = [tried, open].every(
      (list) => Array.isArray(list) && list.length <= 3 && list.every((one) => targets.has(one)),
    )
    if (typeof compared === 'boolean' && lists) return value as unknown as NetworkReport
  }
  throw new ChannelRefusal(400, 'The body must be a report of what the network refused')
}
