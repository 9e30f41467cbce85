// Keeps the World: one list-watch a kind, and for each change the servers that it concerns.

import { agreementsNamed } from '../core/agreement.ts'
import {
  cniPlugin,
  containers,
  guardedLabel,
  ownerLabel,
  serverAnnotation,
  systemNamespace,
} from '../core/identifiers.ts'
import { networkCondition } from '../core/network.ts'
import type { AccessRevocation } from '../crds/accessrevocation.generated.ts'
import type { BreakGlassGrant } from '../crds/breakglassgrant.generated.ts'
import type { BusinessAssociateAgreement } from '../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'
import { onRecordOf } from './access-orders.ts'
import type { Followed } from './admission/copy.ts'
import type { Client } from './cluster/client.ts'
import { type Kind, kinds } from './cluster/kinds.ts'
import { type Change, type ListWatch, listWatch } from './cluster/list-watch.ts'
import type { Named } from './cluster/store.ts'
import { isOursOnTemplate, type Managed } from './desired/template-annotation.ts'
import type { Log } from './log.ts'
import type {
  Claim,
  Container,
  GuardStatus,
  Namespace,
  NetworkPolicy,
  PersistentVolume,
  Pod,
  Secret,
  StorageClass,
  Typed,
  Workload,
} from './objects.ts'
import { keyOf } from './observe.ts'
import { trailOf } from './trail-volumes.ts'
import type { World } from './world.ts'

/** What a change may concern. Each is called as often as something changes: make it cheap. */
export type Concerned = {
  /** Status or owned objects of this server. */
  server(key: string): void
  /** Status of this agreement. */
  agreement(name: string): void
  /** Status of this break-glass grant, `namespace/name`. */
  grant(key: string): void
  /** Orders of one server, or of all servers of a namespace. */
  orders(namespace?: string, name?: string): void
  /** The set of servers, or what they trust. */
  issuers(): void
  /** Trail volumes. */
  volumes(): void
}

export type Watches = {
  world: World
  all: readonly ListWatch<Named>[]
  /** What orders' generation counts. */
  orderInputs: readonly ListWatch<Named>[]
  /** What admission lets guarded pods in by. */
  followed: Followed
}

export function watches(client: Client, concerned: Concerned, log: Log): Watches {
  const all: ListWatch<Named>[] = []
  const watch = <T extends Named>(
    kind: Kind,
    onChange: (change: Change<T>) => void,
    more: { namespace?: string; labelSelector?: string; trim?: (object: T) => T } = {},
  ): ListWatch<T> => {
    const made = listWatch<T>(client, { kind, onChange, log, trim: lean, ...more })
    all.push(made)
    return made
  }
  const everyServerIn = (namespace: string | undefined): void => {
    for (const server of namespace === undefined ? servers.all() : servers.in(namespace))
      concerned.server(keyOf(server))
  }
  const whoNames = (agreement: string): void => {
    for (const server of servers.all())
      if (agreementsNamed(server.spec).has(agreement)) {
        concerned.server(keyOf(server))
        concerned.orders(server.metadata.namespace, server.metadata.name)
      }
  }
  const ofWorkload = ({ object, before }: Change<Workload>): void => {
    for (const workload of [object, before])
      for (const name of [workload?.metadata.annotations?.[serverAnnotation], workload?.copied])
        if (name !== undefined) concerned.server(`${object.metadata.namespace}/${name}`)
  }
  const workloads = (kind: Kind): ListWatch<Workload> =>
    watch<Workload>(kind, ofWorkload, { trim: trimWorkload })

  const servers = watch<HipaaMcpServer>(kinds.server, ({ type, object, before }) => {
    concerned.server(keyOf(object))
    // A grant for a server that is not there is in force nowhere, and its status says so.
    if (type !== 'changed')
      for (const grant of grants.in(object.metadata.namespace ?? ''))
        if (grant.spec.server === object.metadata.name) concerned.grant(keyOf(grant))
    // Our own writes of status change nothing for anybody else.
    if (before !== undefined && before.metadata.generation === object.metadata.generation) return
    // Two servers may claim the same pods, and they share the bystanders' policy.
    everyServerIn(object.metadata.namespace)
    concerned.orders(object.metadata.namespace)
    concerned.issuers()
    for (const server of [object, before])
      if (server !== undefined)
        for (const agreement of agreementsNamed(server.spec)) concerned.agreement(agreement)
  })
  const agreements = watch<BusinessAssociateAgreement>(kinds.agreement, ({ object, before }) => {
    concerned.agreement(object.metadata.name)
    if (before?.metadata.generation !== object.metadata.generation || before === undefined)
      whoNames(object.metadata.name)
  })
  const grants = watch<BreakGlassGrant>(kinds.grant, ({ object, before }) => {
    concerned.grant(keyOf(object))
    concerned.server(`${object.metadata.namespace}/${object.spec.server}`)
    // Uses are counted every few seconds: what people wrote, and that it is on record, changes who may do what.
    if (
      before?.metadata.generation !== object.metadata.generation ||
      before === undefined ||
      onRecordOf(before) !== onRecordOf(object)
    )
      concerned.orders(object.metadata.namespace, object.spec.server)
  })
  const revocations = watch<AccessRevocation>(kinds.revocation, () => concerned.orders())
  const keys = watch<Secret>(
    kinds.secret,
    ({ object }) => {
      const owner = object.metadata.labels?.[ownerLabel] ?? ''
      // A namespace has no dot, a server's name may.
      const dot = owner.indexOf('.')
      const [namespace, name] = [owner.slice(0, dot), owner.slice(dot + 1)]
      concerned.server(`${namespace}/${name}`)
      concerned.orders(namespace, name)
    },
    { namespace: systemNamespace, labelSelector: ownerLabel },
  )
  const namespaces = watch<Namespace>(kinds.namespace, ({ object }) => everyServerIn(object.metadata.name))
  const world: World = {
    servers,
    agreements,
    grants,
    revocations,
    keys,
    namespaces,
    pods: watch<Pod>(
      kinds.pod,
      ({ type, object, before }) => {
        everyServerIn(object.metadata.namespace)
        // A pod's readiness is no matter of orders; whose it is, is.
        const same = JSON.stringify(before?.metadata.labels) === JSON.stringify(object.metadata.labels)
        if (type !== 'changed' || !same) concerned.orders(object.metadata.namespace)
        concerned.volumes()
      },
      { trim: trimPod },
    ),
    deployments: workloads(kinds.deployment),
    statefulSets: workloads(kinds.statefulSet),
    daemonSets: workloads(kinds.daemonSet),
    cronJobs: workloads(kinds.cronJob),
    networkPolicies: watch<NetworkPolicy>(kinds.networkPolicy, ({ object }) =>
      everyServerIn(object.metadata.namespace),
    ),
    claims: watch<Claim>(kinds.claim, ({ object }) => {
      everyServerIn(object.metadata.namespace)
      concerned.orders(object.metadata.namespace)
      concerned.volumes()
    }),
    volumes: watch<PersistentVolume>(kinds.volume, ({ object }) => {
      const namespace = object.spec.claimRef?.namespace
      const trail = trailOf(object)
      if (trail !== undefined) concerned.server(`${trail.namespace}/${trail.server}`)
      if (namespace !== undefined) {
        everyServerIn(namespace)
        concerned.orders(namespace)
      }
      concerned.volumes()
    }),
    storageClasses: watch<StorageClass>(kinds.storageClass, () => everyServerIn(undefined)),
  }
  const inputs = [servers, agreements, grants, revocations, keys]
  return { world, all, orderInputs: inputs, followed: { servers, namespaces } }
}

/** managedFields are often the larger half of an object, and nobody here reads them again. */
function lean<T extends Named>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as Named['metadata'] & Managed
  return { ...object, metadata }
}

/** Every pod of the cluster is kept: only with what the operator reads. */
export function trimPod(pod: Pod): Pod {
  const { spec, status } = pod
  const guarded = pod.metadata.labels?.[guardedLabel] !== undefined
  return {
    ...lean(pod),
    spec: {
      volumes: spec.volumes ?? [],
      initContainers: (spec.initContainers ?? []).map(trimContainer),
      ...((guarded || pod.metadata.namespace === cniPlugin) && spec.nodeName !== undefined
        ? { nodeName: spec.nodeName }
        : {}),
      // Whose logs are looked at.
      ...(guarded ? { containers: (spec.containers ?? []).map(({ name }) => ({ name })) } : {}),
    },
    status: {
      ...(status?.phase === undefined ? {} : { phase: status.phase }),
      ...(status?.podIP === undefined ? {} : { podIP: status.podIP }),
      ...((status?.podIPs?.length ?? 0) > 1 ? { podIPs: status?.podIPs ?? [] } : {}),
      conditions: (status?.conditions ?? []).map(({ type, status, message, lastProbeTime }) =>
        type === networkCondition && message !== undefined && lastProbeTime
          ? { type, status, message, lastProbeTime }
          : { type, status },
      ),
      ...(guarded
        ? {
            initContainerStatuses: (status?.initContainerStatuses ?? [])
              .filter(({ name }) => name === containers.guard)
              .map(trimGuardStatus),
            containerStatuses: (status?.containerStatuses ?? []).map(({ name, restartCount }) => ({
              name,
              restartCount,
            })),
          }
        : {}),
    },
  }
}

/** Whether the annotation on the template is ours shows only in managedFields, so it is read before they go. */
export function trimWorkload(workload: Workload): Workload {
  const { selector, jobTemplate, replicas, paused, strategy, updateStrategy } = workload.spec
  const written = (jobTemplate?.spec.template ?? workload.spec.template).metadata?.annotations ?? {}
  const server = written[serverAnnotation]
  const ours = isOursOnTemplate(workload.metadata as Typed['metadata'] & Managed)
  const template = { metadata: { annotations: written } }
  const { desiredNumberScheduled: scheduled, conditions = [] } = (workload as Reported).status ?? {}
  const refused = conditions.some(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
  return {
    ...lean(workload),
    spec: {
      ...(selector === undefined ? {} : { selector }),
      template,
      ...(jobTemplate === undefined ? {} : { jobTemplate: { spec: { template } } }),
      ...(replicas === undefined ? {} : { replicas }),
      ...(paused === undefined ? {} : { paused }),
      ...(strategy === undefined ? {} : { strategy }),
      ...(updateStrategy === undefined ? {} : { updateStrategy }),
    },
    status: {
      ...(scheduled === undefined ? {} : { desiredNumberScheduled: scheduled }),
      ...(refused ? { refused } : {}),
    },
    ...(ours && server !== undefined ? { copied: server } : {}),
  }
}

/** As its controller writes it. */
type Reported = {
  status?: { desiredNumberScheduled?: number; conditions?: { type: string; status: string }[] }
}

function trimGuardStatus({ name, restartCount, ready, state, lastState }: GuardStatus): GuardStatus {
  const reason = state?.waiting?.reason
  const exitCode = lastState?.terminated?.exitCode
  return {
    name,
    restartCount,
    ready,
    ...(reason === undefined ? {} : { state: { waiting: { reason } } }),
    ...(exitCode === undefined ? {} : { lastState: { terminated: { exitCode } } }),
  }
}

function trimContainer({ name, volumeMounts = [] }: Container): Container {
  return { name, volumeMounts }
}
