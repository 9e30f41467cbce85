// What a canary tries to reach: pods that must refuse it, and the one port that must be open.

import { hostPort } from '../../core/host-port.ts'
import { guardedLabel, ports, services, storeLabel, systemNamespace } from '../../core/identifiers.ts'
import type { AttemptTarget } from '../../core/network.ts'
import { ApiError, type Client } from '../cluster/client.ts'
import { kinds } from '../cluster/kinds.ts'
import { isOver, isReady } from '../objects.ts'
import type { World } from '../world.ts'

/** Pods that one canary tries to reach, those that were not tried the longest first. */
const mostTargets = 64

/** `second`: of the other family. That it is refused proves nothing, for whoever tries may have none of that family itself. */
export type Target = { to: AttemptTarget; address: string; pod?: string; second?: true }

/**
 * The port on which every pod of the cluster may call the webhook, the first address first; more where its Service has both
 * families. By its addresses: a bystander has no DNS.
 */
export async function webhookAddresses(client: Pick<Client, 'get'>): Promise<[first: string, ...string[]]> {
  type Service = { spec?: { clusterIP?: string; clusterIPs?: string[]; ports?: { port: number }[] } }
  const service = await client.get<Service>(kinds.service, systemNamespace, services.webhook)
  const { clusterIP, clusterIPs = [], ports: [port] = [] } = service?.spec ?? {}
  if (clusterIP === undefined || port === undefined) throw new ApiError(404, 'NotFound', 'No webhook Service')
  const others = clusterIPs.filter((ip) => ip !== clusterIP)
  return [hostPort(clusterIP, port.port), ...others.map((ip) => hostPort(ip, port.port))]
}

/** Ready pods of the namespace's servers and stores: one that does not answer anybody refuses nothing. */
export function podTargets(world: Pick<World, 'servers' | 'pods'>, namespace: string): Target[] {
  const storePorts = new Map<string, number>(
    world.servers
      .in(namespace)
      .flatMap(({ metadata, spec }) =>
        (spec.stores ?? []).map((store) => [`${metadata.name}.${store.name}`, store.port] as const),
      ),
  )
  const found = world.pods.in(namespace).flatMap((pod): Target[] => {
    const { labels = {}, uid } = pod.metadata
    const ip = pod.status?.podIP
    if (ip === undefined || uid === undefined || isOver(pod) || !isReady(pod)) return []
    const to: AttemptTarget = labels[guardedLabel] === undefined ? 'Store' : 'GuardedPod'
    const port = to === 'GuardedPod' ? ports.calls : storePorts.get(labels[storeLabel] ?? '')
    if (port === undefined) return []
    const others = (pod.status?.podIPs ?? []).filter((one) => one.ip !== ip)
    return [
      { to, address: hostPort(ip, port), pod: uid },
      ...others.map((one) => ({ to, address: hostPort(one.ip, port), pod: uid, second: true as const })),
    ]
  })
  // The first of each pod before any second.
  return found.toSorted((a, b) => Number(a.second ?? false) - Number(b.second ?? false)).slice(0, mostTargets)
}
