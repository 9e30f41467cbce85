// Where a break-glass grant stands (45 CFR 164.312(a)(2)(ii)). The one place that decides it; the clock is the caller's.
// Who asked and who approved was written by admission out of what the API server knows of the person.

import type { BreakGlassGrant } from '../crds/breakglassgrant.generated.ts'

export type GrantState = NonNullable<NonNullable<BreakGlassGrant['status']>['state']>

export type GrantStanding = {
  state: GrantState
  /** When it ends or ended, milliseconds since 1970; undefined while nobody approved it. */
  until?: number
  /** When its review is overdue. */
  reviewBy?: number
  /** When `state` changes by the clock alone. */
  turn?: number
}

const minute = 60_000
/** A request that nobody approved by then is none any more. config/webhook/policy-grants.yaml says the same. */
const approveWithinMs = 24 * 60 * minute
/** How soon after its end a grant must be reviewed. */
const reviewWithinMs = 72 * 60 * minute
/** Longest that a grant lasts, whatever its spec says. */
const longestMs = 60 * minute
/** The operators' replicas may see the time of an approval from a clock that is ahead of theirs. */
const skewMs = 60_000

/** Purposes of use under which a grant counts (HL7 v3 PurposeOfUse): break the glass, emergency treatment. */
export const emergencyPurposes: ReadonlySet<string> = new Set(['BTG', 'ETREAT'])
/** How recent the login must be, seconds. */
export const freshLoginSeconds = 300

/** When it ended, milliseconds since 1970; undefined while it is in force, and where it never was. */
export const endedAt = ({ state, until }: GrantStanding): number | undefined =>
  state === 'Active' ? undefined : until

/** When a request that nobody approved is none any more, milliseconds since 1970. */
export const lapsesAt = ({ metadata }: BreakGlassGrant): number =>
  Date.parse(metadata.creationTimestamp ?? '') + approveWithinMs

/** `now` in milliseconds since 1970. What does not read as an approval by another person is none. */
export function grantStanding(grant: BreakGlassGrant, now: number): GrantStanding {
  const { metadata, spec } = grant
  const created = Date.parse(metadata.creationTimestamp ?? '')
  const { approval, review, requestedBy } = spec
  const at = Date.parse(approval?.at ?? '')
  const approved =
    approval !== undefined &&
    approval.by !== '' &&
    requestedBy !== undefined &&
    approval.by !== requestedBy &&
    approval.by !== spec.pods?.user &&
    // A date that does not parse is NaN: every comparison is false, and nothing is approved.
    at >= created - skewMs &&
    at <= created + approveWithinMs + skewMs &&
    at <= now + skewMs
  if (!approved) {
    const lapses = lapsesAt(grant)
    return now < lapses ? { state: 'Requested', turn: lapses } : { state: 'Lapsed' }
  }
  const ended = Date.parse(spec.end?.at ?? '')
  const natural = at + Math.min(spec.minutes * minute, longestMs)
  const until = spec.end === undefined ? natural : Math.min(natural, Number.isNaN(ended) ? at : ended)
  const reviewBy = until + reviewWithinMs
  const times = { until, reviewBy }
  if (now < until) return { state: 'Active', ...times, turn: until }
  if (review !== undefined) return { state: 'Reviewed', ...times }
  return now < reviewBy
    ? { state: 'Expired', ...times, turn: reviewBy }
    : { state: 'ReviewOverdue', ...times }
}
