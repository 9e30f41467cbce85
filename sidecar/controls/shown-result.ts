// A result, cut to what its target's policy names, for one caller: what leaves of it, and what was done to it. Whether it
// came at once, or later in a task or on a stream that was taken up again, makes no difference.

import type { JsonObject } from '../../core/canonical.ts'
import { aliases } from '../../core/redaction/aliases.ts'
import { narrowed } from '../../core/redaction/narrow.ts'
import { groupsAges, type Making, prepared, rulesOfTexts } from '../../core/redaction/prepare.ts'
import { type Projection, projection } from '../../core/redaction/project.ts'
import { concernsOthers, documentsOf, partsWithin, type Within } from '../../core/redaction/reach-parts.ts'
import { type Parts, type Shape, surveyOf } from '../../core/redaction/results.ts'
import type { ReturnRules } from '../../core/redaction/rules.ts'
import { look, type Survey, survey } from '../../core/redaction/survey.ts'
import { type TextRules, TooMuchText } from '../../core/redaction/text.ts'
import type { Deps } from '../deps.ts'
import type { Account, Answered } from '../exchange.ts'
import { pseudonymKey } from '../pseudonym-key.ts'
import { Refusal } from '../refusals.ts'
import { toolError } from '../respond.ts'
import { limitKey } from './authorize.ts'

/** Most patients in one result: a record has 64 KiB, and each is named in it. */
export const mostPatients = 250

/** In place of the server's own words, which may hold anything. */
const errorSays =
  'The tool reported an error. Its words are withheld because they may hold patient data. Check the arguments, or try again later.'

/** Whom a result is shown to, and what they asked for. */
export type Showing = Pick<
  Answered,
  'who' | 'role' | 'purpose' | 'found' | 'patients' | 'reach' | 'grant' | 'at' | 'inForce' | 'revision'
>

/** `own`: the result is the server's own, with nothing taken from it. */
export type Shown = { readonly result: JsonObject; readonly account: Account; readonly own?: true }

/**
 * Built out of what the policy names in the result. Records of patients whom this caller may not reach are taken out where
 * they can be told from the rest, and the result is refused where not; no record is trimmed to fit: half of one would read
 * as a whole one. `extra`: members of ours that its revision wants.
 */
export function shownResult(
  result: JsonObject,
  { shape, returns, extra = {} }: { shape: Shape; returns: ReturnRules; extra?: JsonObject },
  showing: Showing,
  deps: Deps,
): Shown {
  const { found, revision } = showing
  const all = shape.apart(result)
  if (all === undefined) throw new Refusal('upstream-malformed', { mayHaveRun: true })

  const places = found.target.returns.patients
  const known = surveyOf(all, places)
  if (result['isError'] === true && !returns.whole) {
    const patients = recordable(known, showing)
    const dropped = { 'error-text': all.blocks.length }
    return {
      result: toolError(errorSays, revision),
      account: { outcome: 'tool-error', patients, kept: {}, dropped, redacted: {} },
    }
  }
  // Words of an error that are kept are nobody's record.
  if (result['isError'] === true) reachable(documentsOf(all), known, showing)
  const { parts, known: left, dropped } = reachedOf(all, known, showing)
  const patients = recordable(left, showing)
  counted(patients, showing, deps)

  const by = projection(known, textRules(returns, patients, showing), returns.fields.resources)
  Object.assign(by.tally.dropped, dropped)
  // What was filtered is put together anew, whatever the policy keeps.
  if (returns.whole && parts === all) {
    by.kept['whole'] = 1
    return { result: { ...result, ...extra }, account: accountOf(result, patients, by), own: true }
  }
  const part = narrowed(parts, returns)
  if (part === undefined) throw new Refusal('result-lacks-part')
  const own = prepared(part, known, returns, making(showing))
  if (groupsAges(known, returns)) by.tally.redacted['age'] = known.old
  if (result['_meta'] !== undefined) by.tally.dropped['meta'] = 1
  const shown: JsonObject = {
    ...(revision === '2026-07-28' ? { resultType: 'complete' } : {}),
    ...withinSearch(() => shape.together(result, own, { by, returns })),
    ...extra,
  }
  if (returns.check?.(shown['structuredContent']) === false) throw new Refusal('result-breaks-schema')
  return { result: shown, account: accountOf(result, patients, by) }
}

/**
 * Over the bytes that a result may have: characters of its kept texts that are searched. Little of a text is identifiers, so
 * one of as many is too large when it is redacted, too, and need not be searched to see that.
 */
const searchedOverBytes = 4

/** How the texts of a result about these patients are judged. */
export function textRules(
  returns: ReturnRules,
  patients: readonly string[],
  showing: Pick<Showing, 'inForce' | 'purpose' | 'at' | 'found'>,
): TextRules {
  const mostSearched = showing.found.target.limits.resultBytes * searchedOverBytes
  return { ...rulesOfTexts(returns, showing.inForce.policy, patients, making(showing)), mostSearched }
}

/** What is made of a result. Throws Refusal where its texts are more than are searched. */
export function withinSearch<Made>(make: () => Made): Made {
  try {
    return make()
  } catch (cause) {
    throw cause instanceof TooMuchText ? new Refusal('result-too-large', { mayHaveRun: true }) : cause
  }
}

function making({ inForce, purpose, at }: Pick<Showing, 'inForce' | 'purpose' | 'at'>): Making {
  return { key: () => pseudonymKey(inForce, purpose), year: new Date(at).getUTCFullYear() }
}

function accountOf(result: JsonObject, patients: readonly string[], by: Projection): Account {
  const outcome = result['isError'] === true ? 'tool-error' : 'ok'
  return { outcome, patients, kept: by.kept, ...by.tally }
}

/** All patients in what the server returned, and those that were asked for; one who has two identifiers counts once. */
function patientsOf(known: Survey, { patients: named }: Showing): string[] {
  const same = aliases(known.same, named)
  const all = new Set(named)
  for (const patient of known.patients) all.add(same.get(patient) ?? patient)
  return [...all]
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

export function recordable(known: Survey, showing: Showing): readonly string[] {
  const patients = patientsOf(known, showing)
  if (patients.length > mostPatients) throw new Refusal('result-too-many-patients')
  return patients
}

/** A caller bound to one patient, a panel, or those of an emergency gets nothing that concerns another. */
function reachable(documents: readonly unknown[], known: Survey, { reach }: Showing): void {
  if (reach !== undefined && concernsOthers(documents, known, reach))
    throw new Refusal('patient-not-permitted')
}

/** The part of a result that is about whom the caller may reach. Throws Refusal where it cannot be told from the rest. */
function reachedOf(parts: Parts, known: Survey, { reach, found }: Showing): Within {
  if (reach === undefined) return { parts, known, dropped: {} }
  const within = partsWithin(parts, known, { reach, places: found.target.returns.patients })
  if (within === undefined) throw new Refusal('patient-not-permitted')
  return within
}

/** A search returns patients whom no argument named: they count as well. */
export function counted(patients: readonly string[], { who, found, at, grant }: Showing, deps: Deps): void {
  if (grant !== undefined) return
  const { target } = found
  const wait = deps.limits.patients(limitKey(who, target), patients, target.limits.patientsPerHour, at)
  if (wait !== undefined) throw new Refusal('patients-over-limit', { data: { retryAfter: wait } })
}
