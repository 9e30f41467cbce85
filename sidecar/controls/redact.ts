// Minimum necessary disclosures, 45 CFR 164.514(d)(3). Implements: minimum:fields, minimum:text, minimum:other-content,
// transmission:upstream-errors, breach:patients. This is no de-identification (164.514(b)).

import type { Ask } from '../asks/ask.ts'
import type { Deps } from '../deps.ts'
import type { Account, Answered, JsonObject, Redacted } from '../exchange.ts'
import { redactInput } from '../from-server/input-required.ts'
import type { Projection } from '../redaction/project.ts'
import type { Parts } from '../redaction/results.ts'
import { look, lookAtText, type Survey, survey } from '../redaction/survey.ts'
import { Refusal } from '../refusals.ts'
import { answerOf, lengthOf, toolError } from '../respond.ts'
import type { Target } from '../targets.ts'
import { cachedByNobody } from './answer-from-policy.ts'
import { limitKey } from './authorize.ts'

/** Most patients in one result: a record has 64 KiB, and each is named in it. */
const mostPatients = 250

/** In place of the server's own words, which may hold anything. */
const errorSays =
  'The tool reported an error. Its words are withheld because they may hold patient data. Check the arguments, or try again later.'

/**
 * Builds the answer out of what the policy names in the result. Everything is dropped that is not named, cannot be
 * looked into, or is the protocol's own room for more (_meta, annotations). Refuses a result about patients whom this
 * caller may not reach, and never trims one to fit: half a record would read as a whole one.
 */
export const redact =
  (ask: Ask) =>
  (exchange: Answered, deps: Deps): Redacted => {
    const { incoming, found, revision, message, inForce, rules } = exchange
    const { result } = incoming
    const { target } = found
    const type = revision === '2026-07-28' ? (result['resultType'] ?? 'complete') : 'complete'
    if (type === 'input_required') return { ...exchange, stage: 'redacted', ...redactInput(exchange, deps) }
    if (type !== 'complete') throw new Refusal('upstream-asks')
    const parts = ask.shape.apart(result)
    if (parts === undefined) throw new Refusal('upstream-malformed', { mayHaveRun: true })

    const known = surveyOf(parts, target)
    const patients = patientsOf(known, exchange)
    if (patients.length > mostPatients) throw new Refusal('result-too-many-patients')
    const id = message.id as string | number
    const returns = ask.returns?.(target, rules) ?? target.returns
    if (result['isError'] === true && !returns.whole) {
      const dropped = { 'error-text': parts.blocks.length }
      return redacted(exchange, toolError(errorSays, revision), {
        outcome: 'tool-error',
        patients,
        kept: {},
        dropped,
        redacted: {},
      })
    }
    reachable(known, exchange)
    counted(patients, exchange, deps)

    const by: Projection = {
      known,
      rules: { dates: inForce.policy.redaction.dates, text: returns.text },
      tally: { redacted: {}, dropped: {} },
      kept: {},
      memberNames: new Map(),
    }
    if (incoming.otherMessages > 0) by.tally.dropped['server-message'] = incoming.otherMessages
    const cache = cacheable.has(message.method) ? cachedByNobody(revision) : {}
    if (returns.whole) {
      by.kept['whole'] = 1
      return redacted(exchange, { ...result, ...cache }, accountOf(result, patients, by))
    }
    if (result['_meta'] !== undefined) by.tally.dropped['meta'] = 1
    const shown = {
      ...(revision === '2026-07-28' ? { resultType: 'complete' } : {}),
      ...ask.shape.together(result, parts, { by, returns }),
      ...cache,
    }
    return redacted(exchange, shown, accountOf(result, patients, by))

    function redacted(answered: Answered, shownResult: JsonObject, account: Account): Redacted {
      const answer = answerOf(id, shownResult)
      if (lengthOf(answer) > target.limits.resultBytes) throw new Refusal('result-too-large')
      return { ...answered, stage: 'redacted', answer, account }
    }
  }

/** Results that MCP 2026-07-28 lets caches keep unless they say otherwise. Lists are answered from the policy. */
const cacheable: ReadonlySet<string> = new Set(['resources/read'])

function accountOf(result: JsonObject, patients: readonly string[], by: Projection): Account {
  const outcome = result['isError'] === true ? 'tool-error' : 'ok'
  return { outcome, patients, kept: by.kept, ...by.tally }
}

function surveyOf({ blocks, structured, texts }: Parts, { returns }: Target): Survey {
  const known = survey()
  if (structured !== undefined) look(structured, returns.patients, known)
  for (const block of blocks) {
    const inner = 'resource' in block ? block.inner : block
    if ('json' in inner) look(inner.json, returns.patients, known)
    else if ('text' in inner) lookAtText(inner.text, known)
  }
  for (const text of texts) lookAtText(text, known)
  return known
}

/** Identifiers that mean a patient whom the arguments named, by a Patient resource that has both. */
function aliases(known: Survey, named: readonly string[]): Map<string, string> {
  const same = new Map<string, string>()
  for (const group of known.same) {
    const original = named.find((patient) => group.includes(patient))
    if (original !== undefined) for (const one of group) same.set(one, original)
  }
  return same
}

/** All patients in what the server returned, and those that were asked for; one who has two identifiers counts once. */
function patientsOf(known: Survey, { patients: named }: Answered): string[] {
  const same = aliases(known, named)
  return [...new Set([...named, ...[...known.patients].map((patient) => same.get(patient) ?? patient)])]
}

/** A caller bound to one patient, a panel, or those of an emergency gets no result that concerns another. */
function reachable(known: Survey, { reach }: Answered): void {
  if (reach === undefined) return
  const same = aliases(known, reach)
  for (const patient of known.patients) {
    if (!reach.includes(same.get(patient) ?? patient)) throw new Refusal('patient-not-permitted')
  }
}

/** A search returns patients whom no argument named: they count as well. */
function counted(patients: readonly string[], { who, found, at, grant }: Answered, deps: Deps): void {
  if (grant !== undefined) return
  const { target } = found
  const wait = deps.limits.patients(limitKey(who, target), patients, target.limits.patientsPerHour, at)
  if (wait !== undefined) throw new Refusal('patients-over-limit', { data: { retryAfter: wait } })
}
