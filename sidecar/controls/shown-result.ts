// A result, cut to what its target's policy names, for one caller: what leaves of it, and what was done to it. Whether it
// came at once, or later in a task or on a stream that was taken up again, makes no difference.

import type { JsonObject } from '../../core/canonical.ts'
import { fitOneRecord } from '../../core/record-room.ts'
import { concernsOthers } from '../../core/redaction/reach-parts.ts'
import type { Shape } from '../../core/redaction/results.ts'
import type { ReturnRules } from '../../core/redaction/rules.ts'
import { type Judging, patientsOf, show, type Why } from '../../core/redaction/show.ts'
import { look, type Survey, survey } from '../../core/redaction/survey.ts'
import type { Deps } from '../deps.ts'
import type { Account, Answered } from '../exchange.ts'
import { pseudonymKey } from '../pseudonym-key.ts'
import { type Details, type Reason, Refusal } from '../refusals.ts'
import { surnameAmong } from '../relations.ts'
import { toolError } from '../respond.ts'
import { limitKey } from './authorize.ts'

/** In place of the server's own words, which may hold anything. */
const errorSays =
  'The tool reported an error. Its words are withheld because they may hold patient data. Check the arguments, or try again later.'

/** Whom a result is shown to, and what they asked for. */
export type Showing = Pick<
  Answered,
  | 'who'
  | 'role'
  | 'purpose'
  | 'found'
  | 'patients'
  | 'hidden'
  | 'reach'
  | 'grant'
  | 'at'
  | 'inForce'
  | 'revision'
> &
  Partial<Pick<Answered, 'claims' | 'rules'>>

/** `own`: the result is the server's own, with nothing taken from it. */
export type Shown = { readonly result: JsonObject; readonly account: Account; readonly own?: true }

/**
 * Built out of what the policy names in the result, as core/redaction/show.ts does it: nothing is shown of what it refuses, and
 * no record is trimmed to fit, for half of one would read as a whole one. `extra`: members of ours that its revision wants.
 */
export function shownResult(
  result: JsonObject,
  { shape, returns, extra = {} }: { shape: Shape; returns: ReturnRules; extra?: JsonObject },
  showing: Showing,
  deps: Deps,
): Shown {
  const { found, revision, patients: named, hidden = [], reach } = showing
  const outcome = show(result, {
    shape,
    returns,
    places: found.target.returns.patients,
    named,
    hidden,
    reach,
    admit: (patients) => counted(patients, showing, deps),
    ...judgingOf(showing),
  })
  if (outcome.is === 'refused') throw refusalOf(outcome.why)
  const { patients } = outcome
  if (outcome.is === 'withheld') {
    const dropped = { 'error-text': outcome.blocks }
    return {
      result: toolError(errorSays, revision),
      account: { outcome: 'tool-error', patients, kept: {}, dropped, redacted: {} },
    }
  }
  const related = surnameAmong(outcome.known, showing)
  const { kept, tally } = outcome.by
  const account: Account = {
    outcome: result['isError'] === true ? 'tool-error' : 'ok',
    patients,
    ...related,
    kept,
    ...tally,
  }
  if (outcome.is === 'whole') return { result: { ...result, ...extra }, account, own: true }
  const complete = revision === '2026-07-28' ? { resultType: 'complete' } : {}
  return { result: { ...complete, ...outcome.shown, ...extra }, account }
}

/** How we say why nothing of a result leaves. */
const reasons: { readonly [why in Why]: readonly [Reason, Details?] } = {
  'no-result': ['upstream-malformed', { mayHaveRun: true }],
  'too-many-patients': ['result-too-many-patients'],
  'out-of-reach': ['patient-not-permitted'],
  'lacks-part': ['result-lacks-part'],
  'too-much-text': ['result-too-large', { mayHaveRun: true }],
  'breaks-schema': ['result-breaks-schema'],
}

export function refusalOf(why: Why): Refusal {
  const [reason, details] = reasons[why]
  return new Refusal(reason, details)
}

/** What the texts of a result are judged by. */
export function judgingOf({
  inForce,
  purpose,
  at,
  found,
}: Pick<Showing, 'inForce' | 'purpose' | 'at' | 'found'>): Judging {
  const making = { key: () => pseudonymKey(inForce, purpose), year: new Date(at).getUTCFullYear() }
  return { policy: inForce.policy, making, resultBytes: found.target.limits.resultBytes }
}

/** The patients in what the server returned besides a result. Throws Refusal like a result that names them does. */
export function patientsBesides(returned: unknown, showing: Showing, deps: Deps): readonly string[] {
  const known = survey()
  look(returned, showing.found.target.returns.patients, known)
  const patients = recordable(known, showing)
  reachable([returned], known, showing)
  counted(patients, showing, deps)
  return patients
}

export function recordable(known: Survey, { patients: named }: Showing): readonly string[] {
  const patients = patientsOf(known, named)
  if (!fitOneRecord(patients)) throw refusalOf('too-many-patients')
  return patients
}

/** A caller bound to one patient, a panel, or those of an emergency gets nothing that concerns another. */
function reachable(documents: readonly unknown[], known: Survey, { reach }: Showing): void {
  if (reach !== undefined && concernsOthers(documents, known, reach)) throw refusalOf('out-of-reach')
}

/** A search returns patients whom no argument named: they count as well. */
export function counted(patients: readonly string[], { who, found, grant }: Showing, deps: Deps): void {
  if (grant !== undefined) return
  const { target } = found
  const { patientsPerHour } = target.limits
  const wait = deps.limits.patients(limitKey(who, target), patients, patientsPerHour, deps.steady())
  if (wait !== undefined) throw new Refusal('patients-over-limit', { data: { retryAfter: wait } })
}
