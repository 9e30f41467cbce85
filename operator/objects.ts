// The few members of Kubernetes objects that the operator reads. Everything else passes by untouched, or is trimmed.

import type { ObjectMeta, OwnerReference } from '../core/kubernetes.ts'

export type Typed = { apiVersion: string; kind: string; metadata: ObjectMeta }

type PodVolume = {
  name: string
  persistentVolumeClaim?: { claimName: string }
  ephemeral?: object
  emptyDir?: { medium?: string }
  hostPath?: object
  csi?: { driver: string }
}
/** How it ended last time, and why it waits, where it does. */
export type GuardStatus = {
  name: string
  restartCount: number
  ready: boolean
  state?: { waiting?: { reason?: string } }
  lastState?: { terminated?: { exitCode: number } }
}
export type Container = { name: string; volumeMounts?: { name: string; mountPath: string }[] }
export type Pod = Typed & {
  spec: {
    volumes?: PodVolume[]
    containers?: Container[]
    initContainers?: Container[]
    /** Kept of guarded pods, and of the network plugin's. */
    nodeName?: string
  }
  status?: {
    phase?: string
    podIP?: string
    /** Of each family, the first among them; kept where there are two. */
    podIPs?: { ip: string }[]
    /** The time and words of our own condition alone are kept. */
    conditions?: { type: string; status: string; message?: string; lastProbeTime?: string }[]
    /** Of the guard alone. */
    initContainerStatuses?: GuardStatus[]
    containerStatuses?: { name: string; restartCount: number }[]
  }
}

export type Namespace = Typed

/** How a workload replaces its pods, as its author wrote it. Amounts are numbers or percentages. */
export type Strategy = {
  type?: string
  rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string; partition?: number }
}

type Template = { metadata?: { annotations?: Record<string, string> } }

/** A Deployment, StatefulSet, DaemonSet or CronJob. `copied`: the server that we wrote on its pod template, if we did. */
export type Workload = Typed & {
  spec: {
    selector?: LabelSelector
    template: Template
    /** Of a CronJob, where `template` stands in it. */
    jobTemplate?: { spec: { template: Template } }
    replicas?: number
    paused?: boolean
    /** Of a Deployment; of the others `updateStrategy`. */
    strategy?: Strategy
    updateStrategy?: Strategy
  }
  /** `refused`: the API server lets in no new pod of a Deployment. */
  status?: { desiredNumberScheduled?: number; refused?: true }
  copied?: string
}

export type LabelSelector = {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}
export type NetworkPolicy = Typed & { spec: { podSelector: LabelSelector; [member: string]: unknown } }

export type Claim = Typed & {
  spec: { storageClassName?: string; volumeName?: string; [member: string]: unknown }
  status?: { phase?: string }
}
export type PersistentVolume = Typed & {
  spec: {
    persistentVolumeReclaimPolicy?: string
    storageClassName?: string
    claimRef?: { namespace?: string; name?: string; uid?: string }
    accessModes?: string[]
    capacity?: { storage?: string }
    volumeMode?: string
    csi?: { driver: string; volumeAttributes?: Record<string, string>; nodeStageSecretRef?: object }
  }
  status?: { phase?: string }
}
export type Job = Typed & {
  spec: { [member: string]: unknown }
  status?: { conditions?: { type: string; status: string }[] }
}
export type StorageClass = Typed & { provisioner: string; parameters?: Record<string, string> }
export type Secret = Typed & { data?: Record<string, string>; immutable?: boolean }

/** Pods that will never run again do not count. */
export function isOver(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

export function isReady(pod: Pod): boolean {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' && pod.metadata.deletionTimestamp === undefined
}

export function controllerOf({ metadata }: Pick<Typed, 'metadata'>): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)
}

export function matchesLabels(labels: Record<string, string> | undefined, wanted: Record<string, string>) {
  return Object.entries(wanted).every(([name, value]) => labels?.[name] === value)
}

/** Whether a label selector selects these labels. An empty selector selects everything. */
export function selects(selector: LabelSelector, labels: Record<string, string> = {}): boolean {
  return (
    matchesLabels(labels, selector.matchLabels ?? {}) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key]
      if (operator === 'In') return value !== undefined && values.includes(value)
      if (operator === 'NotIn') return value === undefined || !values.includes(value)
      if (operator === 'Exists') return value !== undefined
      return operator === 'DoesNotExist' && value === undefined
    })
  )
}
