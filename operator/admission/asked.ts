// What a guarded pod's author asked for that does not stand as it was written, and what stands though few ask for it. Neither leads
// around anything, so neither is refused: who sends the pod is told of the first, the API server's audit log has both, and both are
// counted. Pure. What the API server fills in, and what is not there, nobody asked for.

import { ownNames } from '../../core/identifiers.ts'
import { longestGrace, ownNameserver, shortestGrace } from './inject.ts'
import type { Container, Pod } from './pod.ts'

type Ask = {
  /** Where it is written; of containers, volumes and the like in any of them. */
  field: string
  /** Whether this pod says it. `tenants`: its containers that are not ours. */
  says(pod: Pod, tenants: readonly Container[]): boolean
  /** What stands instead, and why: one sentence, with nothing of the pod in it. Absent: it stands as it was written. */
  instead?: string
}

const table = {
  'dns-policy': {
    field: 'spec.dnsPolicy',
    // ClusterFirstWithHostNet asks for nothing else where the network is not the host's; None, for what stands.
    says: ({ spec: { dnsPolicy = 'ClusterFirst' } }) => dnsPolicy === 'Default',
    instead: 'None stands instead of what was written, for a guarded pod asks its sidecar for every name',
  },
  nameservers: {
    field: 'spec.dnsConfig.nameservers',
    says: ({ spec }) => (spec.dnsConfig?.nameservers ?? []).some((address) => address !== ownNameserver),
    instead: `${ownNameserver} stands instead of what was written, for a guarded pod asks its sidecar for every name`,
  },
  'grace-period': {
    field: 'spec.terminationGracePeriodSeconds',
    says: ({ spec: { terminationGracePeriodSeconds: seconds = filledInGrace } }) =>
      seconds !== filledInGrace && (seconds < shortestGrace || seconds > longestGrace),
    instead: `the nearest of ${shortestGrace} to ${longestGrace} stands instead of what was written, for calls and records must get to their end`,
  },
  token: {
    field: 'spec.automountServiceAccountToken',
    says: ({ spec }) => spec.automountServiceAccountToken === true,
    instead:
      'false stands instead of true, for hipaa-mcp’s containers must have none: the pod’s own keep the token that they asked for',
  },
  annotations: {
    field: 'metadata.annotations',
    says: ({ metadata }) => {
      let length = 0
      for (const value of Object.values(metadata.annotations ?? {})) length += value.length
      return length > manyAnnotations
    },
  },
  'container-restarts': {
    field: 'spec.containers.restartPolicy',
    says: ({ spec }) =>
      spec.containers.some(
        (one) => one.restartPolicy !== undefined || one['restartPolicyRules'] !== undefined,
      ),
  },
  finalizers: {
    field: 'metadata.finalizers',
    says: ({ metadata }) => (metadata.finalizers ?? []).some((name) => name !== ofJobs),
  },
  fqdn: { field: 'spec.setHostnameAsFQDN', says: ({ spec }) => spec['setHostnameAsFQDN'] === true },
  'hostname-override': { field: 'spec.hostnameOverride', says: ({ spec }) => has(spec, 'hostnameOverride') },
  'image-volume': {
    field: 'spec.volumes.image',
    says: ({ spec }) => (spec.volumes ?? []).some((volume) => has(volume, 'image')),
  },
  'native-sidecar': {
    field: 'spec.initContainers.restartPolicy',
    says: ({ spec }, tenants) =>
      (spec.initContainers ?? []).some((one) => one.restartPolicy === 'Always' && tenants.includes(one)),
  },
  node: { field: 'spec.nodeName', says: ({ spec }) => has(spec, 'nodeName') },
  owner: {
    field: 'metadata.ownerReferences',
    says: ({ metadata: { ownerReferences = [] } }) =>
      ownerReferences.length > 0 && !ownerReferences.some(({ controller }) => controller === true),
  },
  'pod-resources': { field: 'spec.resources', says: ({ spec }) => has(spec, 'resources') },
  priority: {
    field: 'spec.priorityClassName',
    says: ({ spec: { priorityClassName } }) =>
      typeof priorityClassName === 'string' && priorityClassName.startsWith('system-'),
  },
  'resource-claims': {
    field: 'spec.resourceClaims',
    says: ({ spec: { resourceClaims } }) => Array.isArray(resourceClaims) && resourceClaims.length > 0,
  },
  scheduler: {
    field: 'spec.schedulerName',
    says: ({ spec: { schedulerName = filledInScheduler } }) => schedulerName !== filledInScheduler,
  },
  'scheduling-gates': {
    field: 'spec.schedulingGates',
    says: ({ spec: { schedulingGates } }) => Array.isArray(schedulingGates) && schedulingGates.length > 0,
  },
  'stop-signal': {
    field: 'spec.containers.lifecycle.stopSignal',
    says: (_, tenants) => tenants.some(({ lifecycle = {} }) => has(lifecycle, 'stopSignal')),
  },
  'user-namespace': { field: 'spec.hostUsers', says: ({ spec }) => spec['hostUsers'] === false },
} satisfies { readonly [what: string]: Ask }

/** Word of the metrics. */
export type What = keyof typeof table
export const asks: ReadonlyMap<What, Ask> = new Map(Object.entries(table) as [What, Ask][])

/** Seconds, and the scheduler, of a pod that says nothing of them. */
const filledInGrace = 30
const filledInScheduler = 'default-scheduler'
/** Of every pod of a Job. */
const ofJobs = 'batch.kubernetes.io/job-tracking'
/** Characters: half of what the API server takes. */
const manyAnnotations = 128 * 1024

const has = (object: { readonly [member: string]: unknown }, member: string): boolean =>
  object[member] !== undefined && object[member] !== ''

/** Of a pod that is let in guarded, as it came. */
export function askedOf(pod: Pod): What[] {
  const { containers, initContainers = [] } = pod.spec
  const tenants = [...initContainers, ...containers].filter(({ name }) => !ownNames.has(name))
  const said: What[] = []
  for (const [what, ask] of asks) if (ask.says(pod, tenants)) said.push(what)
  return said
}

/** Whether something else stands instead; what is not put right stands. */
export const isPutRight = (what: What): boolean => asks.get(what)?.instead !== undefined

/** What is put right, each with its field: for who sends the pod. */
export function putRight(asked: readonly What[]): string[] {
  return asked.flatMap((what) => {
    const { field, instead } = asks.get(what) ?? {}
    return instead === undefined ? [] : [`${field}: ${instead}`]
  })
}

/** What the answer says besides: warnings that kubectl shows, and fields for the API server's audit log. */
export function toldOf(asked: readonly What[]): {
  asked?: readonly What[]
  warnings?: string[]
  auditAnnotations?: { [name: string]: string }
} {
  if (asked.length === 0) return {}
  const warnings = putRight(asked).map((sentence) => `hipaa-mcp: ${sentence}`)
  const fields = (right: boolean): string =>
    asked
      .filter((what) => isPutRight(what) === right)
      .map((what) => asks.get(what)?.field)
      .join()
  const annotations = Object.entries({ 'put-right': fields(true), 'let-stand': fields(false) })
  return {
    asked,
    ...(warnings.length === 0 ? {} : { warnings }),
    auditAnnotations: Object.fromEntries(annotations.filter(([, value]) => value !== '')),
  }
}
