// Keeps our ClusterNetworkPolicies where the cluster has the kind (45 CFR 164.312(a)(1), (e)(1)), and reads those of others.
// The kind may come and go while the operator runs, so it is asked for, not watched. Writing is the leader's alone.

import { type Applier, apply, NotLeading } from './apply.ts'
import { ApiError, type Client } from './cluster/client.ts'
import type { Kind } from './cluster/kinds.ts'
import { clusterPolicy, isOurName } from './desired/cluster-policies.ts'
import { enrolmentIsSettled, serverPolicy, storePolicies } from './desired/network-policies.ts'
import { managedBy, managedByUs, type Wanted } from './desired/wanted.ts'
import type { ClusterPolicy } from './evidence/foreign-policies.ts'
import { codeOf, type Log } from './log.ts'
import type { Typed } from './objects.ts'
import { agreementsOf, isEnrolled } from './observe.ts'
import { type Repeating, repeating } from './repeating.ts'
import type { World } from './world.ts'

const kindOf = (version: string): Kind => ({
  apiVersion: `policy.networking.k8s.io/${version}`,
  kind: 'ClusterNetworkPolicy',
  plural: 'clusternetworkpolicies',
  namespaced: false,
})
/** The newest first; their specs are the same (network-policy-api v0.3 and v0.2). */
const versions = [kindOf('v1beta1'), kindOf('v1alpha2')]

export type Found = { kind: Kind; items: readonly (Typed & ClusterPolicy)[] }

/** All of the cluster; undefined where it does not have the kind, as most do not. */
export async function clusterPolicies(client: Pick<Client, 'list'>): Promise<Found | undefined> {
  for (const kind of versions)
    try {
      return { kind, items: (await client.list<Typed & ClusterPolicy>(kind)).items }
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error
    }
  return undefined
}

export type ClusterPoliciesOptions = {
  world: Pick<World, 'servers' | 'namespaces' | 'agreements' | 'networkPolicies'>
  client: Pick<Client, 'list' | 'apply' | 'create' | 'delete' | 'patch'>
  leading: () => boolean
  log: Log
  now?: () => number
  /** Milliseconds between two looks. */
  every?: number
}

export type ClusterPolicies = Repeating & {
  /** All of the cluster, ours and others', as they were at the last look; none where it does not have the kind. */
  seen(): readonly ClusterPolicy[]
}

export function keepClusterPolicies(options: ClusterPoliciesOptions): ClusterPolicies {
  const { client, leading, log, every = 10_000 } = options
  let said = ''
  let seen: readonly ClusterPolicy[] = []
  const keeping = repeating(async () => {
    try {
      const found = await clusterPolicies(client)
      seen = found?.items ?? []
      if (found !== undefined) await applyEach(client, wantedPolicies(options, found), leading)
      said = ''
    } catch (error) {
      if (error instanceof NotLeading) return
      const code = codeOf(error)
      // Once, and not every ten seconds: NetworkPolicies stand all the same.
      if (code !== said) log.warn('ClusterNetworkPolicies could not be kept', { error: code })
      said = code
    }
  }, every)
  return { ...keeping, seen: () => seen }
}

/**
 * Each by itself: one that the API server refuses keeps no other from being written. Rejects with the first refusal in the end, and
 * at once where the API server does not answer.
 */
async function applyEach(client: Applier, wanted: readonly Wanted[], leading: () => boolean): Promise<void> {
  let first: ApiError | undefined
  for (const one of wanted)
    try {
      await apply(client, [one], leading)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 0) throw error
      first ??= error
    }
  if (first !== undefined) throw first
}

/** What there should be no more, of a server, a store or an enrolment that is gone, and then what there should be. Pure. */
export function wantedPolicies(
  { world, now = Date.now }: Pick<ClusterPoliciesOptions, 'world' | 'now'>,
  { kind, items }: Found,
): Wanted[] {
  const wanted = world.servers.all().flatMap((server): Wanted[] => {
    const namespace = world.namespaces.get(undefined, server.metadata.namespace ?? '')
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return []
    const { name } = namespace.metadata
    if (!isEnrolled(world, name)) return []
    // Pods are not looked at here: it is so once the reconciler saw it and wrote the bystanders' policy.
    const enrolmentSettled = enrolmentIsSettled({
      enrolled: true,
      networkPolicies: world.networkPolicies.in(name),
    })
    const own = serverPolicy({
      server,
      agreements: agreementsOf(world, server),
      enrolmentSettled,
      now: now(),
    })
    return [own, ...storePolicies(server)].map((policy) => {
      const object = clusterPolicy(kind.apiVersion, policy, namespace)
      const current = items.find(({ metadata }) => metadata.name === object.metadata.name)
      return { kind, object, current, how: 'apply', ours: true }
    })
  })
  const kept = new Set(wanted.map(({ object }) => object.metadata.name))
  const stale = items
    .filter(
      ({ metadata }) =>
        metadata.labels?.[managedBy] === managedByUs[managedBy] &&
        isOurName(metadata.name) &&
        !kept.has(metadata.name),
    )
    .map(({ metadata }): Wanted => {
      const object = { apiVersion: kind.apiVersion, kind: kind.kind, metadata }
      return { kind, object, current: object, how: 'delete' }
    })
  return [...stale, ...wanted]
}
