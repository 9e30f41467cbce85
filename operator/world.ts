// What the operator knows of the cluster: a copy of each kind that it reads, kept by a list-watch, and what it hears
// from elsewhere. Reconcile, orders and evidence read only this.

import type { JSONWebKeySet } from 'jose'
import type { ArchiveSummary } from '../core/archive/summary.ts'
import type { CopyReport } from '../core/copies.ts'
import type { ChainSummary, Signal, WitnessReport } from '../core/wire.ts'
import type { AccessRevocation } from '../crds/accessrevocation.generated.ts'
import type { BreakGlassGrant } from '../crds/breakglassgrant.generated.ts'
import type { BusinessAssociateAgreement } from '../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'
import type { Store } from './cluster/store.ts'
import type { ClusterPolicy } from './evidence/foreign-policies.ts'
import type { Round } from './evidence/network-canaries.ts'
import type { KeySource } from './jwks.ts'
import type {
  Claim,
  Namespace,
  NetworkPolicy,
  PersistentVolume,
  Pod,
  Secret,
  StorageClass,
  Workload,
} from './objects.ts'
import type { Evicted } from './rollout/evict.ts'
import type { ServerLogs } from './server-logs/watch.ts'

/** Copies of the cluster's objects. */
export type World = {
  servers: Store<HipaaMcpServer>
  agreements: Store<BusinessAssociateAgreement>
  grants: Store<BreakGlassGrant>
  revocations: Store<AccessRevocation>
  namespaces: Store<Namespace>
  pods: Store<Pod>
  deployments: Store<Workload>
  statefulSets: Store<Workload>
  daemonSets: Store<Workload>
  cronJobs: Store<Workload>
  networkPolicies: Store<NetworkPolicy>
  claims: Store<Claim>
  volumes: Store<PersistentVolume>
  storageClasses: Store<StorageClass>
  /** Per-server keys, in the system namespace. */
  keys: Store<Secret>
}

/** What is known besides the API server. Nothing here waits. */
export type Outside = {
  /** Certificate of the operator's own client CA, PEM. */
  clientCa: string
  /** The newest good key set out of this source; undefined while none was fetched. */
  keySet(source: KeySource): JSONWebKeySet | undefined
  /** What was found in the logs of a server, `namespace/name`; undefined while they were not looked at. */
  logs(server: string): ServerLogs | undefined
  /** What canaries saw of a namespace's network last, and policies of the whole cluster. */
  network(namespace: string): NetworkLook
  /** Pods that this process evicted within the last hour. */
  evicted(): Evicted
  /** UIDs of pods that it could not evict when it tried last. */
  held(): ReadonlySet<string>
  /** What the collector said last; undefined while it does not answer. */
  trail(): Trail | undefined
}

type NetworkLook = {
  round: Round | undefined
  /** Milliseconds. */
  staleMs: number
  clusterPolicies: readonly ClusterPolicy[]
}

export type Trail = {
  chains: readonly ChainSummary[]
  signals: readonly Signal[]
  /** Absent where none is configured. */
  archive?: ArchiveSummary
  /** Copies of records that the collector sends elsewhere. */
  copies?: readonly CopyReport[]
  /** Absent where none are configured. */
  witnesses?: WitnessReport
}
