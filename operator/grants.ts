// One pass over one break-glass grant (45 CFR 164.312(a)(2)(ii)): where it stands, how often it was used, and whether its
// review is overdue. What lets a call pass is decided by core/grant.ts and told by orders, never by this status.

import { canonical } from '../core/canonical.ts'
import { endedAt, type GrantStanding, type GrantState, grantStanding } from '../core/grant.ts'
import { apiVersion } from '../core/identifiers.ts'
import type { ChainSummary } from '../core/wire.ts'
import type { BreakGlassGrant } from '../crds/breakglassgrant.generated.ts'
import { putOnRecord, type RecordsGrants } from './access-changes.ts'
import { onRecordType } from './access-orders.ts'
import { type AfterGrant, endSessions, lookAgain, sessionsEnded, toGo } from './after-grant.ts'
import { ApiError, type Client } from './cluster/client.ts'
import { kinds } from './cluster/kinds.ts'
import type { Finding } from './conditions/finding.ts'
import { keysIn } from './desired/keys.ts'
import type { EnteredPod } from './entered.ts'
import { keysOf } from './observe.ts'
import { conditionOf } from './status.ts'
import type { Outside, World } from './world.ts'

/** What stands in it besides was noted by admission, and is not ours to say again (entered.ts). */
export type GrantStatus = Omit<NonNullable<BreakGlassGrant['status']>, 'entered'>

export type GrantReconciler = AfterGrant &
  RecordsGrants & {
    world: Pick<World, 'grants' | 'servers' | 'keys'>
    outside: Pick<Outside, 'trail'>
    client: Pick<Client, 'applyStatus' | 'get' | 'patch'>
    now: () => number
  }

/** Chains that one grant's uses are kept apart for; a grant lives for an hour at most. */
const mostChains = 64

const active = {
  Requested: [
    'False',
    'WaitingForApproval',
    'Nobody approved it yet: another person writes spec.approval: {}.',
  ],
  Lapsed: ['False', 'Lapsed', 'Nobody approved it within 24 hours: make a new one if it is still needed.'],
  Active: ['True', 'Active', 'The person reaches the named patients until it ends by itself.'],
  Expired: ['False', 'Expired', 'It is over. A third person reviews what was done: spec.review.'],
  ReviewOverdue: ['False', 'Expired', 'It is over. A third person reviews what was done: spec.review.'],
  Reviewed: ['False', 'Reviewed', 'It is over, and what was done was reviewed.'],
} as const satisfies { [state in GrantState]: readonly [Finding['status'], string, string] }

/** Instead, of one that opens ways into pods. */
const entering = [
  'True',
  'Active',
  'The person enters the named pods until it ends by itself: every time is on record.',
] as const
const enteringNote =
  'Emergency access is in force: a person may enter pods of this server, and see whatever is in them. It is reviewed within 72 hours of its end.'

/** While it could let somebody in, or is asked to. */
const absent = [
  'False',
  'ServerAbsent',
  'This namespace has no HipaaMcpServer of that name, so the grant opens nothing. Make a new one with the right spec.server.',
] as const
/** While its approval is not on record: calls alone wait for that. Who enters a pod is recorded each time, with who approved. */
const notRecorded = [
  'False',
  'NotRecorded',
  'It was approved, and opens nothing before that is on record: look at the collector.',
] as const
const needsServer: ReadonlySet<GrantState> = new Set(['Requested', 'Active'])

/** Pure. What is said in Events when a grant comes into a state. */
const says = {
  Requested: undefined,
  Lapsed: undefined,
  Active: {
    reason: 'BreakGlassActive',
    note: 'Emergency access is in force: a person reaches patients beyond their role. It is reviewed within 72 hours of its end.',
  },
  Expired: {
    reason: 'BreakGlassOver',
    note: 'Emergency access is over. A third person looks at the trail and writes spec.review within 72 hours.',
  },
  ReviewOverdue: {
    reason: 'BreakGlassReviewOverdue',
    note: 'Nobody reviewed an emergency access within 72 hours of its end: hipaa-mcp break-glass review.',
  },
  Reviewed: { reason: 'BreakGlassReviewed', note: 'An emergency access was reviewed.' },
} as const

/** Instead of what is said of one that is in force, by the reason why it is not. */
const opensNothing: { readonly [reason: string]: { reason: string; note: string } } = {
  ServerAbsent: {
    reason: 'BreakGlassServerAbsent',
    note: 'Emergency access was approved for a server that is not there: it opens nothing.',
  },
  NotRecorded: {
    reason: 'BreakGlassNotRecorded',
    note: 'Emergency access was approved, and opens nothing before that is on record: look at the collector.',
  },
}

/** Pure. */
function grantStatus(
  grant: BreakGlassGrant,
  standing: GrantStanding,
  seen: {
    serverIsThere: boolean
    onRecord: Finding
    chains: readonly ChainSummary[] | undefined
    entered: readonly EnteredPod[]
  },
  now: number,
): GrantStatus {
  const { metadata, status: before } = grant
  const { state, until, reviewBy } = standing
  const { serverIsThere, onRecord, chains, entered } = seen
  const counted = usesOf(grant, chains)
  const last = lastUse(grant, chains)
  const overdue: Finding =
    state === 'ReviewOverdue'
      ? {
          status: 'True',
          reason: 'ReviewOverdue',
          message: 'The review is overdue: a third person writes spec.review.',
        }
      : { status: 'False', reason: 'NotOverdue', message: 'No review is overdue.' }
  const inForce =
    grant.spec.pods !== undefined ? entering : onRecord.status === 'True' ? active.Active : notRecorded
  const standingNow = state === 'Active' ? inForce : active[state]
  const [status, reason, message] = serverIsThere || !needsServer.has(state) ? standingNow : absent
  const conditions: [string, Finding][] = [
    ['Active', { status, reason, message }],
    ['ReviewOverdue', overdue],
    [onRecordType, onRecord],
    ...(grant.spec.pods === undefined
      ? []
      : [['SessionsEnded', sessionsEnded(grant, standing, entered)] as [string, Finding]]),
  ]
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    state,
    ...(until === undefined ? {} : { until: seconds(until) }),
    ...(reviewBy === undefined ? {} : { reviewBy: seconds(reviewBy) }),
    // Who enters a pod makes no call: 0 would tell the reviewer that nothing was done.
    ...(grant.spec.pods === undefined ? { uses: counted.reduce((sum, { uses }) => sum + uses, 0) } : {}),
    ...(last === undefined ? {} : { lastUse: last }),
    counted,
    conditions: conditions.map(([type, finding]) =>
      conditionOf(type, finding, metadata.generation, before?.conditions, now),
    ),
  }
}

/** Uses by chain. What was counted once stays: the collector lets go of chains that ended. */
function usesOf(
  { metadata, status }: BreakGlassGrant,
  chains: readonly ChainSummary[] = [],
): { chain: string; uses: number }[] {
  const uses = new Map((status?.counted ?? []).map((one) => [one.chain, one.uses]))
  for (const { origin, grants } of chains) {
    const seen = grants?.[metadata.uid ?? '']?.uses ?? 0
    if (seen > (uses.get(origin) ?? 0)) uses.set(origin, seen)
  }
  return [...uses]
    .map(([chain, count]) => ({ chain, uses: count }))
    .toSorted(({ chain: a }, { chain: b }) => (a < b ? -1 : 1))
    .slice(0, mostChains)
}

function lastUse(
  { metadata, status }: BreakGlassGrant,
  chains: readonly ChainSummary[] = [],
): string | undefined {
  const times = [status?.lastUse, ...chains.map(({ grants }) => grants?.[metadata.uid ?? '']?.last)].filter(
    (time) => time !== undefined,
  )
  return times.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1)
}

/** Resolves to the milliseconds until its state changes by the clock alone, or until the next look while pods are to go. */
export async function reconcileGrant(key: string, deps: GrantReconciler): Promise<number | undefined> {
  const { world, outside, client, leading, now } = deps
  const [namespace = '', name = ''] = key.split('/')
  const grant = world.grants.get(namespace, name)
  if (grant === undefined) return undefined
  const at = now()
  const standing = grantStanding(grant, at)
  const serverIsThere = world.servers.get(namespace, grant.spec.server) !== undefined
  const ended = endedAt(standing)
  const entered =
    ended === undefined ? (grant.status?.entered ?? []) : await endSessions(grant, ended, deps, at)
  const keys = keysIn(keysOf(world, namespace, grant.spec.server))
  const onRecord = await putOnRecord(grant, keys, at, deps)
  const seen = { serverIsThere, onRecord, chains: outside.trail()?.chains, entered }
  const status = grantStatus(grant, standing, seen, at)
  const { entered: _, ...before } = grant.status ?? {}
  if (canonical(status) !== canonical(before)) {
    if (!leading()) return undefined
    try {
      await client.applyStatus(kinds.grant, {
        apiVersion,
        kind: 'BreakGlassGrant',
        metadata: { name, namespace },
        status,
      })
    } catch (error) {
      // Deleted meanwhile: there is nobody left to tell.
      if (!(error instanceof ApiError) || error.status !== 404) throw error
      return undefined
    }
    announce(grant, status, deps)
  }
  const turn = standing.turn === undefined ? undefined : Math.max(1, standing.turn - at)
  const isOwed = onRecord.status !== 'True' || (ended !== undefined && toGo(grant).length > 0)
  return isOwed ? Math.min(lookAgain, turn ?? lookAgain) : turn
}

/** On the grant and on its server: who watches either sees it. */
function announce(grant: BreakGlassGrant, status: GrantStatus, { world, events }: GrantReconciler): void {
  const { namespace = '' } = grant.metadata
  const server = world.servers.get(namespace, grant.spec.server)
  const abouts = server === undefined ? [grant] : [grant, server]
  const say = (type: 'Normal' | 'Warning', reason: string, note: string): void => {
    for (const about of abouts) events.say({ about, type, reason, action: 'BreakingGlass', note })
  }
  const word = wordOf(status)
  const said = opensNothing[word] ?? says[status.state as GrantState]
  if (word !== wordOf(grant.status) && said !== undefined)
    say(
      status.state === 'Reviewed' ? 'Normal' : 'Warning',
      said.reason,
      said === says.Active && grant.spec.pods !== undefined ? enteringNote : said.note,
    )
  if ((status.uses ?? 0) > (grant.status?.uses ?? 0))
    say(
      'Warning',
      'BreakGlassUsed',
      'A patient was reached by emergency access. The trail says who, whom and when: hipaa-mcp trail export.',
    )
}

/** Its state, or why it opens nothing in it: one that comes to open something is said once more. */
function wordOf(status: Pick<GrantStatus, 'state' | 'conditions'> = {}): string {
  const reason = status.conditions?.find(({ type }) => type === 'Active')?.reason ?? ''
  return status.state === 'Active' && reason in opensNothing ? reason : (status.state ?? '')
}

function seconds(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')
}
