// What guards a workload and was put there by us or for us, and the patch that takes it away. Pure.

import { restartedAnnotation, serverAnnotation, strategyAnnotation } from '../../core/identifiers.ts'
import { isOursOnTemplate, type Managed } from '../../operator/desired/template-annotation.ts'
import type { Workload } from '../../operator/objects.ts'
import { asWritten, strategyIn } from '../../operator/rollout/strategy.ts'

export type Undo = {
  server?: string
  /** A JSON merge patch; undefined where there is nothing to take away. */
  patch?: object
  /** In words, each thing that changes. */
  changes: string[]
  /** What stays, and what that means. */
  notes: string[]
  /** Its author wrote the server on the pod template: new pods are guarded all the same. */
  byAuthor: boolean
}

export function undoOf(workload: Workload): Undo {
  const { metadata, spec } = workload
  const own = metadata.annotations?.[serverAnnotation]
  const written = (spec.jobTemplate?.spec.template ?? spec.template).metadata?.annotations ?? {}
  const template = written[serverAnnotation]
  const copied = template !== undefined && isOursOnTemplate(metadata as Managed)
  const byAuthor = template !== undefined && !copied
  const kept = metadata.annotations?.[strategyAnnotation]
  const strategy = asWritten(workload)?.object['spec'] as object | undefined
  // New pods come anyway then, so that this one goes with it; by itself it would have them all come again.
  const again = written[restartedAnnotation] === undefined ? {} : { [restartedAnnotation]: null }
  const gone = { metadata: { annotations: { [serverAnnotation]: null, ...again } } }
  const without =
    workload.kind === 'CronJob' ? { jobTemplate: { spec: { template: gone } } } : { template: gone }
  const annotations = {
    ...(own === undefined ? {} : { [serverAnnotation]: null }),
    ...(kept === undefined ? {} : { [strategyAnnotation]: null }),
  }
  const specPatch = { ...(copied ? without : {}), ...strategy }
  const changes = [
    ...(own === undefined ? [] : [`metadata.annotations[${serverAnnotation}]: ${own} is taken away`]),
    ...(copied
      ? [
          `the pod template’s annotation ${serverAnnotation}: ${template} is taken away; new pods come without it`,
        ]
      : []),
    ...(strategy === undefined
      ? []
      : [`spec.${Object.keys(strategy).join()}: as it was before: ${inWords(strategyIn(kept ?? ''))}`]),
    ...(kept !== undefined && strategy === undefined
      ? [
          `metadata.annotations[${strategyAnnotation}] is taken away; the strategy stays as somebody changed it`,
        ]
      : []),
  ]
  const server = own ?? template
  return {
    ...(server === undefined ? {} : { server }),
    ...(changes.length === 0
      ? {}
      : {
          patch: {
            // Somebody else's change meanwhile is no part of what was shown.
            metadata: { resourceVersion: metadata.resourceVersion, annotations },
            ...(Object.keys(specPatch).length === 0 ? {} : { spec: specPatch }),
          },
        }),
    changes,
    notes: byAuthor
      ? [
          `the pod template itself says ${serverAnnotation}: ${template}, and not by us: its author takes that away`,
        ]
      : [],
    byAuthor,
  }
}

function inWords(strategy: ReturnType<typeof strategyIn>): string {
  const amounts = Object.entries(strategy?.rollingUpdate ?? {}).map(([name, amount]) => `${name} ${amount}`)
  return amounts.join(', ')
}
