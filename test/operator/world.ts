// Builders: a world with what a test names, and nothing else.

import type { ArchiveSummary } from '../../core/archive/summary.ts'
import type { CopyReport } from '../../core/copies.ts'
import { enforceLabel, guardedLabel, serverAnnotation, storeLabel } from '../../core/identifiers.ts'
import type { ChainSummary, Signal, WitnessReport } from '../../core/wire.ts'
import type { AccessRevocation } from '../../crds/accessrevocation.generated.ts'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import type { BusinessAssociateAgreement } from '../../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { MutableStore, type Named } from '../../operator/cluster/store.ts'
import { keysSecret } from '../../operator/desired/keys.ts'
import type { ClusterPolicy } from '../../operator/evidence/foreign-policies.ts'
import type { Round } from '../../operator/evidence/network-canaries.ts'
import type {
  Claim,
  NetworkPolicy,
  PersistentVolume,
  Pod,
  Secret,
  StorageClass,
  Workload,
} from '../../operator/objects.ts'
import { observe, type Seen } from '../../operator/observe.ts'
import type { Evicted } from '../../operator/rollout/evict.ts'
import type { ServerLogs } from '../../operator/server-logs/watch.ts'
import type { Outside, World } from '../../operator/world.ts'

export const now = Date.parse('2026-11-01T12:00:00Z')

export function aServer(
  spec: Partial<HipaaMcpServer['spec']> = {},
  metadata: Partial<HipaaMcpServer['metadata']> = {},
): HipaaMcpServer {
  return {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'HipaaMcpServer',
    metadata: { name: 'ehr', namespace: 'clinic', uid: 'uid-ehr', generation: 3, ...metadata },
    spec: {
      workload: { port: 8080, path: '/mcp' },
      identity: {
        issuers: [
          {
            url: 'https://login.example.org',
            audience: 'https://ehr.example.org/mcp',
            provider: 'Keycloak',
            roles: { claim: '/roles' },
          },
        ],
        training: { claim: '/training' },
      },
      roles: [
        {
          name: 'clinician',
          when: { role: 'Clinician' },
          purposes: ['TREAT'],
          tools: ['get_diagnosis'],
          patients: 'Any',
        },
      ],
      tools: [
        {
          name: 'get_diagnosis',
          arguments: { type: 'object', properties: { patient_id: { type: 'string' } } },
          returns: { fields: ['/conditions/*/code'] },
        },
      ],
      network: { ingress: [{ namespace: 'agents', podSelector: { matchLabels: { app: 'agent' } } }] },
      ...spec,
    },
  }
}

export function anAgreement(
  name: string,
  spec: Partial<BusinessAssociateAgreement['spec']> = {},
): BusinessAssociateAgreement {
  return {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'BusinessAssociateAgreement',
    metadata: { name, uid: `uid-${name}`, generation: 1 },
    spec: {
      counterparty: 'Example Vendor Inc.',
      hosts: ['api.vendor.example'],
      effective: '2026-01-01T00:00:00Z',
      expires: '2027-01-01T00:00:00Z',
      document: { sha256: 'a'.repeat(64) },
      ...spec,
    },
  }
}

/** A grant that was approved ten minutes ago for half an hour; `approval: undefined` makes it a request. */
export function aGrant(
  spec: Omit<Partial<BreakGlassGrant['spec']>, 'approval'> & {
    approval?: BreakGlassGrant['spec']['approval'] | undefined
  } = {},
  metadata: Partial<BreakGlassGrant['metadata']> = {},
  status?: BreakGlassGrant['status'],
): BreakGlassGrant {
  const made = {
    server: 'ehr',
    subject: { issuer: 'https://login.example.org', sub: 'nurse-7' },
    patients: ['p-100'],
    reason: 'Unconscious on arrival at the ward',
    minutes: 30,
    requestedBy: 'asker',
    approval: { by: 'approver', at: '2026-11-01T11:50:00Z' },
    ...spec,
  }
  const { approval, ...rest } = made
  return {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'BreakGlassGrant',
    metadata: {
      name: 'night-1',
      namespace: 'clinic',
      uid: 'uid-night-1',
      generation: 2,
      creationTimestamp: '2026-11-01T11:45:00Z',
      ...metadata,
    },
    spec: { ...rest, ...(approval === undefined ? {} : { approval }) },
    ...(status === undefined ? {} : { status }),
  }
}

/** Status of a grant of which this is on record. */
export const onRecord = (
  reason = 'Approved',
  status: 'True' | 'False' = 'True',
): NonNullable<BreakGlassGrant['status']> => ({
  conditions: [
    { type: 'OnRecord', status, reason, message: 'on record', lastTransitionTime: '2026-11-01T11:50:01Z' },
  ],
})

export function aRevocation(spec: Partial<AccessRevocation['spec']>, name = 'revoked-1'): AccessRevocation {
  return {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'AccessRevocation',
    metadata: { name, uid: `uid-${name}` },
    spec: { cause: 'Termination', ...spec },
  }
}

export function aPod(name: string, more: Partial<Pod['metadata']> = {}, spec: Pod['spec'] = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'clinic', uid: `uid-${name}`, ...more },
    spec,
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  }
}
export const aGuardedPod = (name: string, spec: Pod['spec'] = {}): Pod =>
  aPod(name, { labels: { [guardedLabel]: 'ehr' }, annotations: { [serverAnnotation]: 'ehr' } }, spec)
/** Of a pod that keeps its own records: where they lie. */
export const trailSpec: Pod['spec'] = {
  volumes: [{ name: 'hipaa-mcp-trail', ephemeral: {} }],
  initContainers: [
    { name: 'hipaa-mcp', volumeMounts: [{ name: 'hipaa-mcp-trail', mountPath: '/var/lib/hipaa-mcp/trail' }] },
  ],
}
/** The claim of the trail of the pod ehr-1. `owner`: the pod's uid. */
export const aTrailClaim = (owner = 'uid-ehr-1'): Claim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: {
    name: 'ehr-1-hipaa-mcp-trail',
    namespace: 'clinic',
    uid: 'uid-claim',
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'ehr-1', uid: owner }],
  },
  spec: { volumeName: 'pv-1' },
})
/** The pod ehr-1, which keeps its own records, with claim and volume. */
export const aTrailOfItsOwn = (
  persistentVolumeReclaimPolicy: string,
  owner?: string,
): Required<Pick<Things, 'pods' | 'claims' | 'volumes'>> => ({
  pods: [aGuardedPod('ehr-1', trailSpec)],
  claims: [aTrailClaim(owner)],
  volumes: [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'pv-1' },
      spec: { persistentVolumeReclaimPolicy, claimRef: { uid: 'uid-claim' } },
    },
  ],
})
export const aStorePod = (name: string, spec: Pod['spec'] = {}): Pod =>
  aPod(name, { labels: { app: 'ehr-db', [storeLabel]: 'ehr.database' } }, spec)

export function aWorkload(
  annotations: Record<string, string> = { [serverAnnotation]: 'ehr' },
  more: Partial<Workload> = {},
): Workload {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'ehr-mcp', namespace: 'clinic', uid: 'uid-ehr-mcp', annotations },
    spec: { template: { metadata: { annotations: {} } } },
    ...more,
  }
}

/** An archive with which nothing is wrong. */
export function anArchive(said: Partial<ArchiveSummary> = {}): ArchiveSummary {
  return {
    place: 's3://trail/clinic/',
    days: 2192,
    judged: '2026-11-01T11:30:00.000Z',
    gaps: [],
    segments: 7,
    log: { records: 40, archived: 39 },
    pending: { segments: 0, bytes: 0 },
    ...said,
  }
}

/** A copy that its target takes as it comes. */
export function aCopy(said: Partial<CopyReport> = {}): CopyReport {
  return { name: 'siem', as: 'otlp', behindSeconds: 0, behind: false, pending: 0, ...said }
}

/** Witnesses outside the cluster with whom all is well. */
export function witnessesOutside(said: Partial<WitnessReport> = {}): WitnessReport {
  return {
    log: 'hipaa-mcp.dev/registry/0+00000000+AQ',
    strict: false,
    late: false,
    windowSeconds: 7,
    quorum: { size: 20, at: '2026-11-01T11:59:53.000Z' },
    witnesses: [{ name: 'theirs', state: 'cosigns', signed: 20 }],
    ...said,
  }
}

export function aChain(podUid: string, more: Partial<ChainSummary> = {}): ChainSummary {
  return {
    origin: `hipaa-mcp.dev/clinic/ehr/${podUid}/1`,
    namespace: 'clinic',
    server: 'ehr',
    podUid,
    restart: 1,
    size: 10,
    state: 'live',
    lastRecord: '2026-11-01T11:59:58.000Z',
    witnessed: 8,
    ...more,
  }
}

/** Of a person who saw one patient too many in an hour. */
export const aSignal = (): Signal => ({
  namespace: 'clinic',
  server: 'ehr',
  rule: '100/3600',
  person: 'https://login.example.org|p-1',
  distinctPatients: 101,
  perSeconds: 3600,
  firstSeen: '2026-11-01T11:00:00Z',
  lastSeen: '2026-11-01T11:59:00Z',
})

/** A Secret with patients whose records draw the curious, one a line. */
export const aVipList = (patients: string, owner = 'clinic.ehr'): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: 'ehr-vip',
    namespace: 'hipaa-mcp-system',
    labels: { 'hipaa-mcp.dev/owner': owner },
  },
  data: { patients: Buffer.from(patients).toString('base64') },
})

export type Things = {
  servers?: HipaaMcpServer[]
  agreements?: BusinessAssociateAgreement[]
  grants?: BreakGlassGrant[]
  revocations?: AccessRevocation[]
  enrolled?: boolean
  pods?: Pod[]
  workloads?: Workload[]
  networkPolicies?: NetworkPolicy[]
  claims?: Claim[]
  volumes?: PersistentVolume[]
  storageClasses?: StorageClass[]
  /** Keys of clinic/ehr; true makes some. */
  keys?: boolean | Secret
  /** Other Secrets in the operator's namespace. */
  secrets?: Secret[]
  chains?: ChainSummary[]
  signals?: Signal[]
  archive?: ArchiveSummary
  copies?: readonly CopyReport[]
  witnesses?: WitnessReport
  collectorAway?: boolean
  withoutKeySet?: boolean
  logs?: ServerLogs
  /** What the operator evicted before. */
  evicted?: Evicted
  /** UIDs of pods that it could not evict. */
  held?: readonly string[]
  /** What canaries saw. */
  round?: Round
  clusterPolicies?: ClusterPolicy[]
  /** Of the namespace. */
  annotations?: { [name: string]: string }
  labels?: { [name: string]: string }
}

export function aWorld(things: Things = {}): { world: World; outside: Outside } {
  const keys = things.keys ?? true
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: 'clinic',
      labels: { ...((things.enrolled ?? true) ? { [enforceLabel]: 'true' } : {}), ...things.labels },
      annotations: things.annotations ?? {},
    },
  }
  const workloads = things.workloads ?? []
  const world: World = {
    servers: storeOf(things.servers ?? [aServer()]),
    agreements: storeOf(things.agreements ?? []),
    grants: storeOf(things.grants ?? []),
    revocations: storeOf(things.revocations ?? []),
    namespaces: storeOf([namespace]),
    pods: storeOf(things.pods ?? []),
    deployments: storeOf(workloads.filter(({ kind }) => kind === 'Deployment')),
    statefulSets: storeOf(workloads.filter(({ kind }) => kind === 'StatefulSet')),
    daemonSets: storeOf(workloads.filter(({ kind }) => kind === 'DaemonSet')),
    cronJobs: storeOf(workloads.filter(({ kind }) => kind === 'CronJob')),
    networkPolicies: storeOf(things.networkPolicies ?? []),
    claims: storeOf(things.claims ?? []),
    volumes: storeOf(things.volumes ?? []),
    storageClasses: storeOf(things.storageClasses ?? []),
    keys: storeOf([
      ...(things.secrets ?? []),
      ...(keys === false ? [] : [keys === true ? (keysSecret('clinic.ehr') as unknown as Secret) : keys]),
    ]),
  }
  const outside: Outside = {
    clientCa: '-----BEGIN CERTIFICATE-----\nown client CA\n-----END CERTIFICATE-----\n',
    logs: () => things.logs,
    evicted: () => things.evicted ?? new Map(),
    held: () => new Set(things.held),
    network: () => ({
      round: things.round,
      staleMs: 3_000_000,
      clusterPolicies: things.clusterPolicies ?? [],
    }),
    keySet: () => (things.withoutKeySet ? undefined : { keys: [] }),
    trail: () =>
      things.collectorAway
        ? undefined
        : {
            chains: things.chains ?? [],
            signals: things.signals ?? [],
            ...(things.archive === undefined ? {} : { archive: things.archive }),
            ...(things.copies === undefined ? {} : { copies: things.copies }),
            ...(things.witnesses === undefined ? {} : { witnesses: things.witnesses }),
          },
  }
  return { world, outside }
}

export function seenIn(things: Things = {}): Seen {
  const { world, outside } = aWorld(things)
  const seen = observe(world, outside, 'clinic', 'ehr', 'found')
  if (seen === undefined) throw new Error('The world has no server clinic/ehr')
  return seen
}

function storeOf<T extends Named>(objects: readonly T[]): MutableStore<T> {
  const store = new MutableStore<T>()
  for (const object of objects) store.set(object)
  return store
}
