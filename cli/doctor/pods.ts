// Every pod of an enrolled namespace: what it is, and what to do where it is not what it should be. Pure.

import { containers, guardedLabel, storeLabel } from '../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { unreachedPorts } from '../../operator/admission/loopback.ts'
import { judgeWorkload, type Workload } from '../preflight/judge.ts'
import { type Check, ok, wrong } from './check.ts'

type State = { waiting?: { reason?: string }; terminated?: { exitCode: number; reason?: string } }
export type RunningPod = Workload & {
  status?: {
    phase?: string
    conditions?: { type: string; status: string; message?: string }[]
    initContainerStatuses?: { name: string; state?: State; lastState?: State }[]
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
      : `${what}: replace it, with kubectl rollout restart of its workload`,
  )
}

function guardedCheck(
  name: string,
  server: string,
  { status }: RunningPod,
  unreached: readonly string[],
): Check {
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
  return wrong(
    'pod',
    name,
    `guarded by ${server}, and not ready: /readyz of its sidecar (port 15021) and the log of container hipaa-mcp say why`,
  )
}

/** Of workloads whose pods are refused: the API server’s words, which are admission’s. */
export function refusedCheck(
  workload: Workload & { status?: { conditions?: { type: string; status: string; message?: string }[] } },
): Check | undefined {
  const failure = workload.status?.conditions?.find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  )
  if (failure === undefined) return undefined
  const { kind, metadata } = workload
  return wrong(
    'pod',
    `${metadata.namespace ?? ''}/${kind.toLowerCase()}/${metadata.name}`,
    `its pods are refused: ${(failure.message ?? '').replace(/^.*hipaa-mcp: /, '')}`,
  )
}
