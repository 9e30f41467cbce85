// What is worth an Event. Pure: Events say nothing that status does not say too, they only say when.

import { serverAnnotation } from '../core/identifiers.ts'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'
import type { Say } from './cluster/events.ts'
import type { ConditionType } from './conditions.ts'
import { saysOf } from './desired/template-annotation.ts'
import type { Workload } from './objects.ts'
import type { Seen } from './observe.ts'
import type { Status } from './status.ts'

/**
 * Conditions whose turns are said on the server. `quiet`: reasons that Ready or an Event of a pod says already; `goesOn`: those that
 * are no warning, for nobody need do anything.
 */
const told: {
  readonly [type in ConditionType]?: { quiet?: ReadonlySet<string>; goesOn?: ReadonlySet<string> }
} = {
  Ready: { goesOn: new Set(['CanaryStarts', 'KeysPending']) },
  Guarded: {
    quiet: new Set(['NamespaceNotEnrolled', 'NotRolledYet', 'DisruptionBudgetHolds', 'NoPods', 'GuardFails']),
    goesOn: new Set(['CanaryStarts', 'RollingOut']),
  },
  Baa: { quiet: new Set(['NoAgreementNeeded']) },
}

/** After a pass: turns of conditions, breach signals, copies that are behind, and workloads that cannot be guarded as they ask. */
export function announcements(seen: Seen, status: Status): Say[] {
  const { server } = seen
  const about = { ...server }
  const says: Say[] = turns(server, status)
  if ((seen.signals ?? []).length > 0)
    says.push({
      about,
      type: 'Warning',
      reason: 'BreachSignal',
      action: 'WatchingTrail',
      note: 'One person saw more patients than a breach rule allows. Read the signals with hipaa-mcp, decide, and write the decision down (45 CFR 164.402, 164.404).',
    })
  if (seen.copies.some(({ behind }) => behind))
    says.push({
      about,
      type: 'Warning',
      reason: 'CopyBehind',
      action: 'WatchingTrail',
      note: 'A copy of the trail that the collector sends elsewhere is behind: whoever watches there does not see what is done here. Nothing is lost, and no call waits for it. /copies of the collector’s health port says why.',
    })
  if ((seen.logs?.found.length ?? 0) > 0)
    says.push({
      about,
      type: 'Warning',
      reason: 'ServerLogsHoldIdentifiers',
      action: 'WatchingLogs',
      note: 'The server’s own log holds identifiers of patients, for whoever may read pods/log and wherever logs are shipped to. Let it log codes only, and have what was shipped deleted (45 CFR 164.312(e)(1)).',
    })
  const network = status.conditions?.find(({ type }) => type === 'NetworkEnforced')
  if (network?.status === 'False' && network.reason !== 'PolicyMissing')
    says.push({
      about,
      type: 'Warning',
      reason: network.reason,
      action: 'ProvingNetwork',
      note: network.message,
    })
  for (const workload of seen.workloads) says.push(...ofWorkload(seen, workload))
  return says
}

function turns(server: HipaaMcpServer, status: Status): Say[] {
  const says = Object.entries(told).flatMap(([type, { quiet, goesOn }]): Say[] => {
    const [before, now] = [server.status, status].map((one) =>
      one?.conditions?.find((condition) => condition.type === type),
    )
    if (now === undefined || quiet?.has(now.reason) === true) return []
    if (now.status === before?.status && now.reason === before.reason) return []
    return [
      {
        about: { ...server },
        type: now.status === 'True' || goesOn?.has(now.reason) === true ? 'Normal' : 'Warning',
        reason: now.reason,
        action: 'Reconciling',
        note: now.message,
      },
    ]
  })
  // Before the first pod is guarded Ready and Guarded say the same.
  return says.filter(({ reason }, at) => says.findIndex((one) => one.reason === reason) === at)
}

function ofWorkload({ server, enrolled }: Seen, workload: Workload): Say[] {
  const { own, template } = saysOf(workload)
  const say = (reason: string, note: string): Say => ({
    about: workload,
    type: 'Warning',
    reason,
    action: 'Guarding',
    note,
  })
  if (own !== server.metadata.name) return []
  if (!enrolled)
    return [
      say(
        'NamespaceNotEnrolled',
        'Annotated, but nothing happens: label the namespace hipaa-mcp.dev/enforce=true first.',
      ),
    ]
  if (template !== undefined && template !== own)
    return [
      say(
        'AnnotationsDisagree',
        `The pod template names another server than the workload: let both say the same under ${serverAnnotation}.`,
      ),
    ]
  return []
}

/** Workloads that name a server which does not exist: they are not rolled, and their new pods are refused. */
export function withoutServer(workloads: readonly Workload[]): Say[] {
  return workloads.map((about) => ({
    about,
    type: 'Warning',
    reason: 'ServerNotFound',
    action: 'Guarding',
    note: 'The annotation names a HipaaMcpServer that this namespace does not have: create it, or correct the name.',
  }))
}
