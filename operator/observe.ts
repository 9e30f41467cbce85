// The only reads: everything that reconciling one server looks at, gathered once, so that judge, desire and report all
// speak of the same moment.

import { agreementsNamed } from '../core/agreement.ts'
import type { ArchiveSummary } from '../core/archive/summary.ts'
import { compilePolicy, type Surroundings } from '../core/compile.ts'
import type { CopyReport } from '../core/copies.ts'
import {
  enforceLabel,
  guardedLabel,
  ownerLabel,
  serverAnnotation,
  storeLabel,
  systemNamespace,
} from '../core/identifiers.ts'
import { type Id, idOf } from '../core/log.ts'
import { type Policy, policyHash, policyText } from '../core/policy.ts'
import type { ChainSummary, Signal, WitnessReport } from '../core/wire.ts'
import type { AccessRevocation } from '../crds/accessrevocation.generated.ts'
import type { BreakGlassGrant } from '../crds/breakglassgrant.generated.ts'
import type { BusinessAssociateAgreement } from '../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'
import { keysNameOf } from './desired/keys.ts'
import { unlistedNames } from './dns-names.ts'
import { foreignPolicies, overrulingPolicies } from './evidence/foreign-policies.ts'
import type { NetworkSeen } from './evidence/network.ts'
import { type SeenVolume, volumesOf } from './evidence/volumes.ts'
import { makersOf, workloadsOf } from './makers.ts'
import { modelCredentials } from './model-credentials.ts'
import {
  isOver,
  matchesLabels,
  type NetworkPolicy,
  type Pod,
  type Secret,
  type StorageClass,
  selects,
  type Workload,
} from './objects.ts'
import { type TrailVolume, trailVolumes } from './recovery/standing.ts'
import type { Evicted } from './rollout/evict.ts'
import type { ServerLogs } from './server-logs/watch.ts'
import type { Outside, World } from './world.ts'

type Compiled = { policy: Policy; text: string; hash: string } | { issues: string[] }

export type Seen = {
  server: HipaaMcpServer
  enrolled: boolean
  compiled: Compiled
  /** Names that the server relies on -> the agreement, where it exists. */
  agreements: ReadonlyMap<string, BusinessAssociateAgreement | undefined>
  /** Servers of the same namespace, this one among them. */
  neighbours: readonly HipaaMcpServer[]
  /** Pods that are this server's by annotation, selector or label, and are not over. */
  pods: readonly Pod[]
  /** Names of tls.dnsNames that are not on the administrator's list. */
  unlisted: readonly string[]
  /** Names of other servers that claim one of these pods too. */
  rivals: readonly string[]
  /** Store -> its pods. */
  storePods: ReadonlyMap<string, readonly Pod[]>
  /** Every server of the namespace has pods, and all of them and of the stores bear what admission writes. */
  settled: boolean
  /** Workloads of the namespace whose own annotation names this server, or whose template we wrote. */
  workloads: readonly Workload[]
  /** UID of a pod of this server -> the workload that makes a new one when it is gone. */
  makers: ReadonlyMap<string, Workload>
  evicted: Evicted
  /** UIDs of pods that a budget for disruptions, or whatever else, keeps from their eviction. */
  held: ReadonlySet<string>
  networkPolicies: readonly NetworkPolicy[]
  network: NetworkSeen
  volumes: readonly SeenVolume[]
  trailClass: StorageClass | undefined
  /** Volumes with this server's records, of pods that run and of pods that are gone. */
  trailVolumes: readonly TrailVolume[]
  keys: Secret | undefined
  /** The list that relations.vip names, labelled for this server. */
  vipList: Secret | undefined
  /** Agreement -> credential for the vendor of models, of Secrets that are labelled for this server. */
  credentials: { [agreement: string]: string }
  /** Whether the issuer that tls.issuerRef names is there. */
  certificateIssuer: 'own' | 'found' | 'missing' | 'unknown'
  /** Issuers of access tokens whose key set is not there yet. */
  withoutKeySet: readonly string[]
  /** Chains of this server; undefined while the collector does not answer. */
  chains: readonly ChainSummary[] | undefined
  signals: readonly Signal[] | undefined
  /** Of the whole installation; undefined where none is configured, and while the collector does not answer. */
  archive: ArchiveSummary | undefined
  copies: readonly CopyReport[]
  /** Those outside the cluster, as the collector sees them; undefined as above. */
  witnesses: WitnessReport | undefined
  /** What the server's own logs hold; undefined while they were not looked at. */
  logs: ServerLogs | undefined
  /** Break-glass grants of this server, whatever their state. */
  grants: readonly BreakGlassGrant[]
  /** Access that was ended, everywhere. */
  revocations: readonly AccessRevocation[]
}

/** Key of a server in queues and logs. */
export function keyOf({ metadata }: { metadata: { namespace?: string; name: string } }): Id {
  return idOf(`${metadata.namespace ?? ''}/${metadata.name}`)
}

/** Everything about one server that is known without asking; undefined when there is no such server. */
export function observe(
  world: World,
  outside: Outside,
  namespace: string,
  name: string,
  certificateIssuer: Seen['certificateIssuer'] = 'unknown',
): Seen | undefined {
  const server = world.servers.get(namespace, name)
  if (server === undefined) return undefined
  const { spec } = server
  const neighbours = world.servers.in(namespace)
  const here = world.pods.in(namespace).filter((pod) => !isOver(pod))
  const workloads = workloadsOf(world, namespace)
  const pods = here.filter((pod) => belongs(pod, server, workloads))
  const storePods = storePodsOf(server, here)
  const trail = outside.trail()
  const chains = trail?.chains.filter((chain) => chain.namespace === namespace && chain.server === name)
  const trailClass = world.storageClasses.get(undefined, spec.trail?.volume?.storageClassName ?? '')
  return {
    server,
    enrolled: isEnrolled(world, namespace),
    compiled: compiledOf(server, { agreements: world.agreements.all(), clientCa: outside.clientCa }),
    agreements: agreementsOf(world, server),
    neighbours,
    pods,
    unlisted: unlistedNames(server, world.namespaces.get(undefined, namespace)),
    rivals: neighbours
      .filter((other) => other.metadata.name !== name && pods.some((pod) => belongs(pod, other, workloads)))
      .map(({ metadata }) => metadata.name)
      .toSorted(),
    storePods,
    settled: neighbours.every((other) => isSettled(other, here, workloads)),
    workloads: workloads.filter((workload) => names(workload, name)),
    makers: makersOf(pods, workloads),
    evicted: outside.evicted(),
    held: outside.held(),
    networkPolicies: world.networkPolicies.in(namespace),
    network: networkOf(world, outside, {
      namespace,
      neighbours,
      pods: [...pods, ...[...storePods.values()].flat()],
    }),
    volumes: volumesOf(world, [...pods, ...[...storePods.values()].flat()]),
    trailClass,
    trailVolumes: trailVolumes(world).filter((one) => one.namespace === namespace && one.server === name),
    keys: keysOf(world, namespace, name),
    vipList: ownSecret(world, { namespace, name }, spec.relations?.vip?.secretName),
    credentials: modelCredentials(spec, (secret) => ownSecret(world, { namespace, name }, secret)),
    certificateIssuer: spec.tls?.issuerRef === undefined ? 'own' : certificateIssuer,
    withoutKeySet: spec.identity.issuers
      .filter((issuer) => outside.keySet(issuer) === undefined)
      .map(({ url }) => url),
    chains,
    signals: trail?.signals.filter((signal) => signal.namespace === namespace && signal.server === name),
    archive: trail?.archive,
    copies: trail?.copies ?? [],
    witnesses: trail?.witnesses,
    logs: outside.logs(`${namespace}/${name}`),
    grants: world.grants.in(namespace).filter(({ spec }) => spec.server === name),
    revocations: world.revocations.all(),
  }
}

export function isEnrolled(world: Pick<World, 'namespaces'>, namespace: string): boolean {
  return world.namespaces.get(undefined, namespace)?.metadata.labels?.[enforceLabel] === 'true'
}

function networkOf(
  world: World,
  outside: Outside,
  seen: { namespace: string; neighbours: readonly HipaaMcpServer[]; pods: readonly Pod[] },
): NetworkSeen {
  const { namespace, neighbours, pods } = seen
  const { round, staleMs, clusterPolicies } = outside.network(namespace)
  return {
    round,
    staleMs,
    foreign: foreignPolicies(world.networkPolicies.in(namespace), neighbours, pods),
    overruling: overrulingPolicies(clusterPolicies, world.namespaces.get(undefined, namespace), pods),
  }
}

/** Whether a workload's own annotation names this server, or its template does because we wrote it. */
function names({ metadata, copied }: Workload, server: string): boolean {
  return metadata.annotations?.[serverAnnotation] === server || copied === server
}

/**
 * Whether a pod is this server's: by what admission wrote, by its annotation, by the server's own selector, or because
 * its workload names the server and has not replaced it yet.
 */
function belongs({ metadata }: Pod, server: HipaaMcpServer, workloads: readonly Workload[]): boolean {
  const { name } = server.metadata
  const selector = server.spec.workload.selector?.matchLabels
  return (
    metadata.labels?.[guardedLabel] === name ||
    metadata.annotations?.[serverAnnotation] === name ||
    (selector !== undefined && matchesLabels(metadata.labels, selector)) ||
    workloads.some(
      (workload) =>
        names(workload, name) &&
        workload.spec.selector !== undefined &&
        selects(workload.spec.selector, metadata.labels),
    )
  )
}

/** Pods of each declared store, by their labels. */
function storePodsOf({ spec }: HipaaMcpServer, pods: readonly Pod[]): Map<string, Pod[]> {
  return new Map(
    (spec.stores ?? []).map((store) => [
      store.name,
      pods.filter(({ metadata }) => matchesLabels(metadata.labels, store.pods.matchLabels)),
    ]),
  )
}

function isSettled(server: HipaaMcpServer, pods: readonly Pod[], workloads: readonly Workload[]): boolean {
  const own = pods.filter((pod) => belongs(pod, server, workloads))
  return own.length > 0 && unlabelledPods({ pods: own, storePods: storePodsOf(server, pods) }).length === 0
}

/** Pods of a server or store that admission has not labelled: they ran before the namespace was enrolled. */
export function unlabelledPods({ pods, storePods }: Pick<Seen, 'pods' | 'storePods'>): Pod[] {
  return [
    ...pods.filter(({ metadata }) => metadata.labels?.[guardedLabel] === undefined),
    ...[...storePods.values()].flat().filter(({ metadata }) => metadata.labels?.[storeLabel] === undefined),
  ]
}

/** Name of the Secret with a server's keys, and of everything else in our namespace that is one server's. */
export function ownerOf(namespace: string, name: string): string {
  return `${namespace}.${name}`
}

export function keysOf(world: Pick<World, 'keys'>, namespace: string, name: string): Secret | undefined {
  return ownSecret(world, { namespace, name }, keysNameOf(ownerOf(namespace, name)))
}

/** A Secret in our namespace that is this server's: one that bears another's label does not exist for it. */
function ownSecret(
  world: Pick<World, 'keys'>,
  { namespace, name }: { namespace: string; name: string },
  secretName: string | undefined,
): Secret | undefined {
  return world.keys
    .in(systemNamespace)
    .find(
      ({ metadata }) =>
        metadata.name === secretName && metadata.labels?.[ownerLabel] === ownerOf(namespace, name),
    )
}

function compiledOf(server: HipaaMcpServer, surroundings: Surroundings): Compiled {
  const compiled = compilePolicy(server, surroundings)
  if ('issues' in compiled) return compiled
  const text = policyText(compiled.policy)
  return { policy: compiled.policy, text, hash: policyHash(text) }
}

/** Names of agreements that the server relies on -> the agreement, where it exists. */
export function agreementsOf(
  world: Pick<World, 'agreements'>,
  server: HipaaMcpServer,
): ReadonlyMap<string, BusinessAssociateAgreement | undefined> {
  const names = [...agreementsNamed(server.spec)]
  return new Map(names.toSorted().map((name) => [name, world.agreements.get(undefined, name)]))
}
