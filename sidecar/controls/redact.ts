// Minimum necessary disclosures, 45 CFR 164.514(d)(3). Implements: minimum:fields, minimum:text, minimum:other-content,
// transmission:upstream-errors, breach:patients. This is no de-identification (164.514(b)).

import type { Json } from '../../core/canonical.ts'
import type { Deps } from '../deps.ts'
import type { Account, Answered, JsonObject, Redacted } from '../exchange.ts'
import { type Block, blocksOf, redactBlocks } from '../redaction/content.ts'
import { type Projection, project } from '../redaction/project.ts'
import { look, lookAtText, type Survey, survey } from '../redaction/survey.ts'
import { Refusal } from '../refusals.ts'
import { answerOf, lengthOf, toolError } from '../respond.ts'

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
export function redact(exchange: Answered, deps: Deps): Redacted {
  const { incoming, tool, revision, message, inForce } = exchange
  const { result } = incoming
  if (revision === '2026-07-28' && (result['resultType'] ?? 'complete') !== 'complete') {
    throw new Refusal('upstream-asks')
  }
  const structured = result['structuredContent']
  if (!Array.isArray(result['content']) && structured === undefined)
    throw new Refusal('upstream-malformed', { mayHaveRun: true })

  const blocks = blocksOf(result['content'], structured)
  const known = surveyOf(blocks, structured, exchange)
  const patients = patientsOf(known, exchange)
  if (patients.length > mostPatients) throw new Refusal('result-too-many-patients')
  const id = message.id as string | number
  if (result['isError'] === true) {
    const dropped = { 'error-text': blocks.length }
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
    rules: { dates: inForce.policy.redaction.dates, text: tool.tool.returns.text },
    tally: { redacted: {}, dropped: {} },
    kept: {},
    memberNames: new Map(),
  }
  const left = structured === undefined ? undefined : project(structured, tool.fields, by)
  const shown = {
    ...(revision === '2026-07-28' ? { resultType: 'complete' } : {}),
    content: redactBlocks(blocks, tool.fields, by, left),
    ...(left === undefined ? {} : { structuredContent: left }),
  }
  if (result['_meta'] !== undefined) by.tally.dropped['meta'] = 1
  if (incoming.otherMessages > 0) by.tally.dropped['server-message'] = incoming.otherMessages
  return redacted(exchange, shown, {
    outcome: 'ok',
    patients,
    kept: by.kept,
    ...by.tally,
  })

  function redacted(answered: Answered, shownResult: JsonObject, account: Account): Redacted {
    const answer = answerOf(id, shownResult)
    const { resultBytes } = tool.tool.limits
    if (lengthOf(answer) > resultBytes) throw new Refusal('result-too-large')
    return { ...answered, stage: 'redacted', answer, account }
  }
}

function surveyOf(blocks: readonly Block[], structured: Json | undefined, { tool }: Answered): Survey {
  const known = survey()
  if (structured !== undefined) look(structured, tool.patients, known)
  for (const block of blocks) {
    if ('json' in block) look(block.json, tool.patients, known)
    else if ('text' in block) lookAtText(block.text, known)
  }
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

/** A caller bound to one patient, or to those of an emergency, gets no result that concerns another. */
function reachable(known: Survey, { bound, grant }: Answered): void {
  const reach = grant?.patients ?? (bound === undefined ? undefined : [bound])
  if (reach === undefined) return
  const same = aliases(known, reach)
  for (const patient of known.patients) {
    if (!reach.includes(same.get(patient) ?? patient)) throw new Refusal('patient-not-permitted')
  }
}

/** A search returns patients whom no argument named: they count as well. */
function counted(patients: readonly string[], { who, tool, at, grant }: Answered, deps: Deps): void {
  if (grant !== undefined) return
  const key = `${who.iss} ${who.sub} ${tool.tool.name}`
  const wait = deps.limits.patients(key, patients, tool.tool.limits.patientsPerHour, at)
  if (wait !== undefined) throw new Refusal('patients-over-limit', { data: { retryAfter: wait } })
}
