// While the pods of a workload are replaced for the first time, its own controller takes them one at a time: the first is
// the canary, and no other goes before it is ready. What the author wrote is kept on the workload and put back. Pure.

import { strategyAnnotation } from '../../core/identifiers.ts'
import { isObject } from '../../core/is-object.ts'
import { kindOf } from '../desired/template-annotation.ts'
import type { Wanted } from '../desired/wanted.ts'
import type { Strategy, Workload } from '../objects.ts'

type Field = 'strategy' | 'updateStrategy'
type Amounts = Omit<NonNullable<Strategy['rollingUpdate']>, 'partition'>

/**
 * Kinds that may take several at once. A Deployment lets the new pod come first, so that no budget for disruptions is
 * touched; a DaemonSet cannot, for a node's ports may be taken. A StatefulSet takes one at a time by itself.
 */
const kinds: { readonly [kind: string]: { field: Field; fallback: Required<Amounts>; single: Amounts } } = {
  Deployment: {
    field: 'strategy',
    fallback: { maxSurge: '25%', maxUnavailable: '25%' },
    single: { maxSurge: 1, maxUnavailable: 0 },
  },
  DaemonSet: {
    field: 'updateStrategy',
    fallback: { maxSurge: 0, maxUnavailable: 1 },
    single: { maxSurge: 0, maxUnavailable: 1 },
  },
}

/** To be written before the pod template changes; undefined where one pod at a time goes already, or all must go at once. */
export function oneAtATime(workload: Workload): Wanted | undefined {
  const rules = kinds[workload.kind]
  if (rules === undefined || workload.metadata.annotations?.[strategyAnnotation] !== undefined)
    return undefined
  const { field, fallback, single } = rules
  const strategy = workload.spec[field] ?? {}
  if ((strategy.type ?? 'RollingUpdate') !== 'RollingUpdate') return undefined
  const rollingUpdate = { ...fallback, ...strategy.rollingUpdate }
  const { maxSurge, maxUnavailable } = rollingUpdate
  const pods = workload.spec.replicas ?? workload.status?.desiredNumberScheduled ?? 1
  if (amount(maxSurge, pods, Math.ceil) + amount(maxUnavailable, pods, Math.floor) <= 1) return undefined
  const before = JSON.stringify({ type: 'RollingUpdate', rollingUpdate })
  return merge(workload, before, { [field]: { type: 'RollingUpdate', rollingUpdate: single } })
}

/**
 * To be written when every pod was replaced, or none will be. Where somebody changed the strategy meanwhile, it stays as it
 * is, and only our note goes. A note that is none of ours is taken away and not believed; so is one that the API server
 * refuses as a strategy.
 */
export function asWritten(workload: Workload): Wanted | undefined {
  const rules = kinds[workload.kind]
  const kept = workload.metadata.annotations?.[strategyAnnotation]
  if (rules === undefined || kept === undefined) return undefined
  const { field, single } = rules
  const before = strategyIn(kept)
  const now = workload.spec[field]?.rollingUpdate
  const ours = now?.maxSurge === single.maxSurge && now?.maxUnavailable === single.maxUnavailable
  const noteAlone = merge(workload, null, undefined)
  if (!ours || before === undefined) return noteAlone
  return { ...merge(workload, null, { [field]: before }), orElse: noteAlone.object }
}

/** What the annotation keeps, if it is a strategy as the API server takes it; undefined for anything else. */
export function strategyIn(text: string): Strategy | undefined {
  try {
    const read: unknown = JSON.parse(text)
    const amounts = isObject(read) ? read['rollingUpdate'] : undefined
    if (!isObject(amounts)) return undefined
    const { maxSurge, maxUnavailable } = amounts
    if (!isAmount(maxSurge) || !isAmount(maxUnavailable)) return undefined
    if (isZero(maxSurge) && isZero(maxUnavailable)) return undefined
    return { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } }
  } catch {
    return undefined
  }
}

function isAmount(value: unknown): value is number | string {
  if (typeof value === 'string') return /^\d+%$/.test(value)
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= largest
}

/** An amount is an int32 to the API server. */
const largest = 2_147_483_647

function isZero(value: number | string): boolean {
  return Number.parseInt(String(value), 10) === 0
}

/** A percentage of the pods, rounded as the workload's controller rounds it. */
function amount(value: number | string, pods: number, round: (share: number) => number): number {
  return typeof value === 'number' ? value : round((Number.parseInt(value, 10) / 100) * pods)
}

function merge(workload: Workload, kept: string | null, spec: object | undefined): Wanted {
  const { apiVersion, kind, metadata } = workload
  const { resourceVersion } = metadata
  return {
    kind: kindOf(workload),
    object: {
      apiVersion,
      kind,
      metadata: {
        name: metadata.name,
        namespace: metadata.namespace ?? '',
        // What its author wrote meanwhile stays: it is a conflict, and the next turn sees it.
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        annotations: { [strategyAnnotation]: kept as string },
      },
      ...(spec === undefined ? {} : { spec }),
    },
    current: workload,
    how: 'merge',
  }
}
