// The workload's own annotation, copied to its pod template: this is what rolls the workload, pod by pod, in its own way.

import { serverAnnotation } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import { fieldManager, type Kind, kinds } from '../cluster/kinds.ts'
import type { Workload } from '../objects.ts'

const byKind: { [kind: string]: Kind } = {
  Deployment: kinds.deployment,
  StatefulSet: kinds.statefulSet,
  DaemonSet: kinds.daemonSet,
  CronJob: kinds.cronJob,
}

/** The workload's kind as the API server knows it. */
export function kindOf({ kind }: Workload): Kind {
  return byKind[kind] as Kind
}

export type Managed = { managedFields?: { manager?: string; fieldsV1?: unknown }[] }

/** Whether the annotation on the template is ours: that shows only in managedFields. */
export function isOursOnTemplate({ managedFields = [] }: Managed): boolean {
  return managedFields.some(
    ({ manager, fieldsV1 }) =>
      manager === fieldManager && JSON.stringify(fieldsV1 ?? {}).includes(`"f:${serverAnnotation}"`),
  )
}

/** Just the one annotation: server-side apply leaves everything else to whoever owns it. */
export function templateAnnotation(workload: Workload, server: string): KubernetesObject {
  const template = { metadata: { annotations: { [serverAnnotation]: server } } }
  const spec = workload.kind === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template }
  return { ...bare(workload), spec }
}

/** Nothing at all: what we applied before goes, and the workload rolls back to pods without a sidecar. */
export function withoutTemplateAnnotation(workload: Workload): KubernetesObject {
  return bare(workload)
}

function bare({ apiVersion, kind, metadata }: Workload): KubernetesObject {
  return { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace ?? '' } }
}

/** What a workload says on its own, and what its template says without us. */
export function saysOf({ metadata, spec, copied }: Workload): { own?: string; template?: string } {
  const own = metadata.annotations?.[serverAnnotation]
  const template = spec.template.metadata?.annotations?.[serverAnnotation]
  return {
    ...(own === undefined ? {} : { own }),
    ...(template === undefined || copied !== undefined ? {} : { template }),
  }
}
