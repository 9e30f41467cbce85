// What a person entered under a grant goes when the grant ends (45 CFR 164.312(a)(2)(ii)): nobody ends a session that the kubelet
// holds, but it ends with its pod. By eviction first; a budget for disruptions, or a pod that takes its time, does not keep a
// session open for long. The leader alone.

import { endedAt, type GrantStanding, grantStanding } from '../core/grant.ts'
import type { AdmissionsRequest } from '../core/wire.ts'
import type { BreakGlassGrant } from '../crds/breakglassgrant.generated.ts'
import type { Client } from './cluster/client.ts'
import type { Events, Say } from './cluster/events.ts'
import { kinds } from './cluster/kinds.ts'
import { type Finding, no, yes } from './conditions/finding.ts'
import { type EnteredPod, writeEntered } from './entered.ts'
import { codeOf, idOf, type Log } from './log.ts'
import { isOver, type Pod } from './objects.ts'
import { type Evictor, hurriedGrace, type Outcome } from './rollout/evict.ts'

type Gone = NonNullable<AdmissionsRequest['gone']>[number]

export type AfterGrant = {
  /** Rejects where it is not known to be on record that pods are gone. */
  recordGone: (pods: Gone[]) => Promise<void>
  log: Log
  client: Pick<Client, 'get' | 'patch'>
  events: Events
  evictor: Evictor
  leading: () => boolean
}

/** Milliseconds from the grant's end on for which a budget holds it at least; longer than the minute that an evicted one has to end. */
const patience = 90_000
/** Milliseconds from the end on after which a pod that is still there is a gap: one that goes alone was deleted before, and had its time to end. */
const outstayed = 180_000
/** Milliseconds until the next look, while a pod is there. */
export const lookAgain = 2_000

type Ending = Pod & { metadata: { deletionGracePeriodSeconds?: number } }

/** Takes the next step. Resolves to what was entered, with the pods crossed off that are gone, which is on record by then. */
export async function endSessions(
  grant: BreakGlassGrant,
  until: number,
  deps: AfterGrant,
  now: number,
): Promise<readonly EnteredPod[]> {
  const { client, leading } = deps
  const { namespace = '', name } = grant.metadata
  const entered = grant.status?.entered ?? []
  if (!toGo(grant).length || !leading()) return entered
  const gone = new Date(now).toISOString()
  const seen: EnteredPod[] = []
  for (const one of entered) {
    // Live: a pod that the watch has not brought yet is not gone.
    const pod = one.gone === undefined ? await client.get<Ending>(kinds.pod, namespace, one.name) : undefined
    const isThere = pod !== undefined && pod.metadata.uid === one.uid && !isOver(pod)
    seen.push(isThere || one.gone !== undefined ? one : { ...one, gone })
    if (isThere) await end(pod, grant, now >= until + patience, deps)
  }
  const left = seen.filter((one, index) => one !== entered[index])
  if (left.length === 0) return entered
  try {
    await deps.recordGone(left.map((pod) => goneOf(grant, pod, until, now)))
  } catch (error) {
    const what = { namespace: idOf(namespace), name: idOf(name), error: codeOf(error) }
    deps.log.warn('It could not be recorded that an entered pod is gone', what)
    return entered
  }
  // Somebody was faster: the next look sees what they wrote.
  return (await writeEntered(client, grant, seen)) === undefined ? entered : seen
}

function goneOf({ metadata, spec }: BreakGlassGrant, pod: EnteredPod, ended: number, gone: number): Gone {
  return {
    namespace: metadata.namespace ?? '',
    server: spec.server,
    name: pod.name,
    pod: pod.uid,
    grant: { name: metadata.name, uid: metadata.uid ?? '' },
    ended: new Date(ended).toISOString(),
    gone: new Date(gone).toISOString(),
  }
}

/** Pods that were entered and are to go, of a grant whoever ended it; none where it says that they stay. Pure. */
export function toGo({ spec, status }: BreakGlassGrant): EnteredPod[] {
  return spec.pods === undefined || keeps(spec.pods)
    ? []
    : (status?.entered ?? []).filter(({ gone }) => gone === undefined)
}

/** Whether a pod that was entered is there long after the end. Pure. */
export function outstays(grant: BreakGlassGrant, now: number): boolean {
  const ended = endedAt(grantStanding(grant, now))
  return ended !== undefined && now >= ended + outstayed && toGo(grant).length > 0
}

const keeps = ({ afterwards }: NonNullable<BreakGlassGrant['spec']['pods']>): boolean =>
  afterwards === 'KeepPod'

const says: { readonly [outcome in Outcome]?: Pick<Say, 'reason' | 'note'> } = {
  evicted: {
    reason: 'EnteredPodEvicted',
    note: 'Emergency access is over, and a pod that somebody entered under it was evicted: sessions that are open end with it. What no controller makes anew does not come back.',
  },
  deleted: {
    reason: 'EnteredPodDeleted',
    note: 'Emergency access is over, and a pod that somebody entered under it was still there a minute and a half later, or asked for longer to end: it was deleted, past every PodDisruptionBudget.',
  },
  held: {
    reason: 'EnteredPodHeld',
    note: 'Emergency access is over, and a pod that somebody entered under it could not be ended: a PodDisruptionBudget holds it, or what the operator’s log names. A budget does so until a minute and a half after the end. Delete the pod.',
  },
}

async function end(pod: Ending, grant: BreakGlassGrant, late: boolean, deps: AfterGrant): Promise<void> {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata
  // On its way: there is nothing that we could hurry, or not yet.
  if (deletionTimestamp !== undefined && (!late || deletionGracePeriodSeconds <= hurriedGrace)) return
  // Past the budgets only where they were asked and held it: an operator that was away, or had others to evict, asks them late.
  const asked = deletionTimestamp !== undefined || deps.evictor.waits(pod.metadata.uid ?? '')
  const said =
    says[
      late && asked ? await deps.evictor.delete(pod, 'GrantOver') : await deps.evictor.evict(pod, 'GrantOver')
    ]
  if (said === undefined) return
  for (const about of [pod, grant])
    deps.events.say({ about, type: 'Warning', action: 'BreakingGlass', ...said })
}

/** Whether a session may outlive the grant. Pure. */
export function sessionsEnded(
  { spec }: BreakGlassGrant,
  { state }: GrantStanding,
  entered: readonly EnteredPod[],
): Finding {
  if (entered.length === 0) return yes('NobodyEntered', 'Nobody entered a pod under it.')
  if (state === 'Active') return no('InForce', 'A session may be open: the grant is in force.')
  if (spec.pods !== undefined && keeps(spec.pods))
    return no(
      'PodKept',
      'The grant says KeepPod: a session that was open goes on. Delete the pods that were entered: status.entered.',
    )
  return entered.every(({ gone }) => gone !== undefined)
    ? yes('PodsGone', 'Every pod that was entered is gone, and every session with it.')
    : no(
        'PodsLive',
        'A pod that was entered is still there, and a session may be open; or it is gone, and that is not on record yet. It is evicted, or deleted a minute and a half after the end: Events of the grant say what holds it.',
      )
}
