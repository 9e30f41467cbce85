// Every pod of an enrolled namespace: what it is, and what to do where it is not what it should be. Pure.

import { containers, guardedLabel, storeLabel } from '../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { unreachedPorts } from '../../operator/admission/loopback.ts'
import { annotatedInVain, judgeWorkload, type Workload } from '../preflight/judge.ts'
import { type Check, ok, wrong } from './check.ts'
import { type ContainerStatus, crashOf } from './crashes.ts'

export type RunningPod = Workload & {
  metadata: { ownerReferences?: { kind: string; controller?: boolean }[] }
  status?: {
    phase?: string
    conditions?: { type: string; status: string; message?: string }[]
    initContainerStatuses?: ContainerStatus[]
    containerStatuses?: ContainerStatus[]
  }
}

/** What the failure of one of our init containers means. */
const ownFailures: { readonly [container: string]: string } = {
  [containers.guard]:
    'the packet filter could not be set or was not proved: the log of hipaa-mcp-guard says why, or names the first proof that failed',
  [containers.trail]: 'its trail volume could not be made ready: look at the claim and its StorageClass',
  [containers.wrapper]:
    'the program that runs a stdio server could not be put there: the log of hipaa-mcp-wrapper says why',
}

export function podCheck(pod: RunningPod, servers: readonly HipaaMcpServer[]): Check | undefined {
  const { metadata, status } = pod
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined
  const name = `${metadata.namespace ?? ''}/${metadata.name}`
  const guard = metadata.labels?.[guardedLabel]
  const store = metadata.labels?.[storeLabel]
  if (guard !== undefined) {
    const server = servers.find(
      (one) => one.metadata.name === guard && one.metadata.namespace === metadata.namespace,
    )
    const unreached = server === undefined ? [] : unreachedPorts(pod.spec, server)
    return guardedCheck(name, guard, pod, unreached)
  }
  const { role, violations, server } = judgeWorkload({ ...pod, kind: 'pod' }, servers, false)
  if (store !== undefined) return ok('pod', name, `store ${store}`)
  if (role === 'bystander' && violations.length === 0) return ok('pod', name, 'bystander: reaches nobody')
  const what =
    role === 'guarded'
      ? `runs without a sidecar of ${server ?? 'its server'}`
      : 'runs from before the enrolment'
  return wrong(
    'pod',
    name,
    violations.length > 0
      ? `${what}, and a new one would be refused: ${violations.join('; ')}`
      : `${what}: ${replacing(pod, role)}`,
  )
}

const restart = 'replace it, with kubectl rollout restart of its workload'
/** By the kind of a pod's controller, where the operator replaces what runs without a sidecar, or says that nobody does. */
const byOperator =
  'the operator replaces it, one pod at a time: the condition Guarded of its server says where that stands'
const replacements: { readonly [kind: string]: string } = {
  ReplicaSet: byOperator,
  StatefulSet: byOperator,
  DaemonSet: byOperator,
  Job: 'let it finish, or delete the Job and make it anew with the annotation on its pod template',
}

function replacing({ metadata }: RunningPod, role: string): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (owner === undefined) return 'delete it and create it again: nothing else makes it anew'
  if (role !== 'guarded') return restart
  return replacements[owner.kind] ?? 'replace it in its controller’s own way'
}

function guardedCheck(name: string, server: string, pod: RunningPod, unreached: readonly string[]): Check {
  const { status } = pod
  for (const { name: container, state, lastState } of status?.initContainerStatuses ?? []) {
    const failed = [state, lastState].some((one) => (one?.terminated?.exitCode ?? 0) !== 0)
    const says = ownFailures[container]
    if (failed && says !== undefined && state?.terminated?.exitCode !== 0)
      return wrong('pod', name, `guarded by ${server}, and does not start: ${says}`)
  }
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  if (ready?.status === 'True')
    return ok('pod', name, [`guarded by ${server}, and ready`, ...unreached].join('; '))
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled')
  if (scheduled?.status === 'False')
    return wrong(
      'pod',
      name,
      `guarded by ${server}, and has no node: ${scheduled.message ?? 'look at its Events'}`,
    )
  const crash = crashOf(pod)
  if (crash !== undefined) return wrong('pod', name, `guarded by ${server}, and ${crash}`)
  return wrong(
    'pod',
    name,
    `guarded by ${server}, and not ready: the log of its container hipaa-mcp says why, and its Events`,
  )
}

type Status = {
  replicas?: number
  desiredNumberScheduled?: number
  currentNumberScheduled?: number
  active?: number
  conditions?: { type: string; status: string; message?: string }[]
}
export type RunningWorkload = Workload & {
  spec: { replicas?: number; suspend?: boolean }
  status?: Status
}
/** Of the reason FailedCreate. */
export type FailedCreate = {
  involvedObject: { kind: string; name: string }
  message?: string
  lastTimestamp?: string | null
  eventTime?: string | null
}

/** Whether it has fewer pods than it should, by kind; a Deployment's own condition says that, and why. */
const lacks: { readonly [kind: string]: (workload: RunningWorkload) => boolean } = {
  statefulset: ({ spec, status }) => (status?.replicas ?? 0) < (spec.replicas ?? 1),
  daemonset: ({ status }) => (status?.currentNumberScheduled ?? 0) < (status?.desiredNumberScheduled ?? 0),
  job: ({ spec, status }) =>
    spec.suspend !== true &&
    (status?.active ?? 0) === 0 &&
    status?.conditions?.some(({ type, status: is }) => is === 'True' && type !== 'Suspended') !== true,
}

/** Of workloads whose pods do not come: the API server’s words, which are admission’s where they are. `failed`: of its namespace. */
export function refusedCheck(
  workload: RunningWorkload,
  failed: readonly FailedCreate[] | undefined,
): Check | undefined {
  const { kind, metadata, status } = workload
  const name = `${metadata.namespace ?? ''}/${kind}/${metadata.name}`
  const failure = status?.conditions?.find(
    ({ type, status: is }) => type === 'ReplicaFailure' && is === 'True',
  )
  const short = lacks[kind]?.(workload) === true
  if (failure === undefined && !short) return undefined
  const words = failure?.message ?? newest(workload, failed)
  // Its controller may be about to make them.
  if (words === undefined && failed !== undefined) return undefined
  return wrong(
    'pod',
    name,
    words === undefined
      ? 'has fewer pods than it should: its Events say why, which you may not list'
      : `its pods are refused: ${words.replace(/^.*hipaa-mcp: /s, '').replace(/^Error creating: /, '')}`,
  )
}

function newest(
  { kind, metadata }: RunningWorkload,
  failed: readonly FailedCreate[] = [],
): string | undefined {
  const whenOf = ({ lastTimestamp, eventTime }: FailedCreate) => lastTimestamp ?? eventTime ?? ''
  return failed
    .filter(({ involvedObject: about }) => about.kind.toLowerCase() === kind && about.name === metadata.name)
    .toSorted((a, b) => (whenOf(a) < whenOf(b) ? 1 : -1))[0]?.message
}

/** A Job whose annotation stands where it guards nothing: its pod is a bystander. */
export function inVainCheck(workload: Workload): Check | undefined {
  const [says] = annotatedInVain(workload)
  const { kind, metadata } = workload
  return says === undefined
    ? undefined
    : wrong('pod', `${metadata.namespace ?? ''}/${kind}/${metadata.name}`, says)
}
