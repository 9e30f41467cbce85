// The workloads of a namespace, and which of them makes a pod anew when it is gone. Pure.

import { controllerOf, type Pod, selects, type Workload } from './objects.ts'
import type { World } from './world.ts'

export type Workloads = Pick<World, 'deployments' | 'statefulSets' | 'daemonSets' | 'cronJobs'>

export function workloadsOf(world: Workloads, namespace: string): readonly Workload[] {
  const { deployments, statefulSets, daemonSets, cronJobs } = world
  return [deployments, statefulSets, daemonSets, cronJobs].flatMap((store) => store.in(namespace))
}

/** UID of a pod -> its workload, by its controller: a ReplicaSet's pods are its Deployment's. A Job is no maker: its work would be lost. */
export function makersOf(pods: readonly Pod[], workloads: readonly Workload[]): Map<string, Workload> {
  const makers = new Map<string, Workload>()
  for (const pod of pods) {
    const { metadata } = pod
    const owner = controllerOf(pod)
    if (owner === undefined) continue
    const maker = workloads.find(({ kind, metadata: own, spec }) =>
      owner.kind === 'ReplicaSet'
        ? kind === 'Deployment' &&
          owner.name.startsWith(`${own.name}-`) &&
          spec.selector !== undefined &&
          selects(spec.selector, metadata.labels)
        : own.uid === owner.uid,
    )
    if (maker !== undefined) makers.set(metadata.uid ?? '', maker)
  }
  return makers
}

/** UID of a pod -> the workload that makes a new one when it is gone. */
export function makersIn(world: Workloads, pods: readonly Pod[]): Map<string, Workload> {
  const makers = new Map<string, Workload>()
  for (const namespace of new Set(pods.map(({ metadata }) => metadata.namespace ?? '')))
    for (const [uid, maker] of makersOf(
      pods.filter(({ metadata }) => metadata.namespace === namespace),
      workloadsOf(world, namespace),
    ))
      makers.set(uid, maker)
  return makers
}
