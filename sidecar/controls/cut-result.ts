// Minimum necessary disclosures, 45 CFR 164.514(d)(3), of results as most are: cut where they lie, as shown-result.ts builds
// them anew. Implements: minimum:fields, minimum:text

import { type CutParts, cutParts, cutTogether, surveyOfCut } from '../../core/redaction/edit-result.ts'
import { groupsAges } from '../../core/redaction/prepare.ts'
import { projection } from '../../core/redaction/project.ts'
import { toolResult } from '../../core/redaction/results.ts'
import { type ReturnRules, returnsUnder } from '../../core/redaction/rules.ts'
import { searchRules, withinSearch } from '../../core/redaction/show.ts'
import type { Survey } from '../../core/redaction/survey.ts'
import type { Ask } from '../asks/ask.ts'
import type { Deps } from '../deps.ts'
import type { Account, Answer, Answered } from '../exchange.ts'
import { surnameAmong } from '../relations.ts'
import { answerOfText } from '../respond.ts'
import { counted, judgingOf, recordable, refusalOf } from './shown-result.ts'

/** What is done with a result of which rules say this: it is cut as they say, or it wants a value. A new rule is decided here. */
const wanted: { readonly [rule in keyof Required<ReturnRules>]: 'cut' | 'value' } = {
  fields: 'cut',
  patients: 'cut',
  text: 'cut',
  // A result with a block of media is none of those that are cut.
  media: 'cut',
  whole: 'value',
  at: 'value',
  check: 'value',
  pseudonyms: 'value',
}
const wantValue = (Object.keys(wanted) as (keyof ReturnRules)[]).filter((rule) => wanted[rule] === 'value')

/**
 * Whether results under these rules are cut. Not those of which records of some patients may have to be taken out, that
 * are checked against a schema, of which a part is the result, or in which pseudonyms stand: all these want a value.
 */
export function isCut(returns: ReturnRules, { reach }: Pick<Answered, 'reach'>): boolean {
  return (
    reach === undefined && wantValue.every((rule) => returns[rule] === undefined || returns[rule] === false)
  )
}

/** The answer and its account; undefined where the result is not one that is cut, and nothing was counted. */
export function cutResult(
  ask: Ask,
  exchange: Answered,
  deps: Deps,
): { readonly answer: Answer; readonly account: Account } | undefined {
  const { incoming, found } = exchange
  if (incoming.lying === undefined || ask.shape !== toolResult || ask.returns !== undefined) return undefined
  const returns = returnsUnder(found.target, exchange)
  if (!isCut(returns, exchange)) return undefined
  const parts = cutParts(incoming.lying)
  if (parts === undefined) return undefined
  const known = surveyOfCut(parts, found.target.returns.patients)
  // Ages over 89 are made one group in the value, before it is cut.
  if (groupsAges(known, returns)) return undefined
  return shownParts(parts, known, returns, exchange, deps)
}

function shownParts(
  parts: CutParts,
  known: Survey,
  returns: ReturnRules,
  exchange: Answered,
  deps: Deps,
): { readonly answer: Answer; readonly account: Account } {
  const { revision, message } = exchange
  const patients = recordable(known, exchange)
  counted(patients, exchange, deps)

  const by = projection(known, searchRules(returns, patients, judgingOf(exchange)), returns.fields.resources)
  if (parts.hasMeta) by.tally.dropped['meta'] = 1
  const left = withinSearch(() => cutTogether(parts, { by, returns }))
  if (left === undefined) throw refusalOf('too-much-text')
  const kind = revision === '2026-07-28' ? '"resultType":"complete",' : ''
  const related = surnameAmong(known, exchange)
  const account: Account = { outcome: 'ok', patients, ...related, kept: by.kept, ...by.tally }
  return { answer: answerOfText(message.id as string | number, `{${kind}${left}}`), account }
}
