// A server that wants to know more before it answers (MCP 2026-07-28, InputRequiredResult): its questions under policy
// like any message of its own, its state sealed. A question that the policy does not name ends the call: an answer with
// half of the questions would be none.

import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { sum } from '../../core/redaction/counts.ts'
import { type ReturnRules, returnsUnder } from '../../core/redaction/rules.ts'
import { survey } from '../../core/redaction/survey.ts'
import { identifies } from '../../core/redaction/text.ts'
import { sealedState } from '../asks/input.ts'
import { patientsBesides, type Showing } from '../controls/shown-result.ts'
import { withinSize } from '../controls/within-size.ts'
import type { Deps } from '../deps.ts'
import type { Account, Answer, Answered } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import { answerOf } from '../respond.ts'
import { type Context, inputRow } from './messages.ts'
import { viewOf } from './view.ts'

const mostInputs = 32

/** The answer, and what was done to it. */
export function redactInput(exchange: Answered, deps: Deps): { answer: Answer; account: Account } {
  const { incoming, message } = exchange
  const { requestState } = incoming.result
  const { shown, account } = shownInputs(incoming.result, exchange, deps)
  const asked = Object.keys(shown).length
  if (asked === 0 && requestState === undefined) throw new Refusal('upstream-malformed', { mayHaveRun: true })

  const answer = answerOf(message.id as string | number, {
    resultType: 'input_required',
    ...(asked === 0 ? {} : { inputRequests: shown }),
    ...(typeof requestState === 'string' ? { requestState: sealedState(exchange, requestState) } : {}),
  })
  withinSize(answer, exchange, deps)
  return { answer, account }
}

/**
 * The questions of what the server returned as they may leave, and what was done to them. Throws Refusal for one that the
 * policy does not name. Its patients are those of a result: all are recorded, within reach, and count for the limit.
 */
export function shownInputs(
  { requestState: _sealed, ...returned }: JsonObject,
  showing: Showing & Pick<Answered, 'rules'>,
  deps: Deps,
): { shown: JsonObject; account: Account } {
  const { rules, inForce, found, hidden } = showing
  const { inputRequests } = returned
  const context: Context = {
    fromServer: rules.fromServer,
    agreementActive: (name) => deps.orders.agreementActive(name),
    subscribed: () => false,
  }
  if (inputRequests !== undefined && !isObject(inputRequests))
    throw new Refusal('upstream-malformed', { mayHaveRun: true })
  const asked = Object.entries(inputRequests ?? {})
  if (asked.length > mostInputs) throw new Refusal('upstream-malformed', { mayHaveRun: true })

  const dropped: Record<string, number> = {}
  const redacted: Record<string, number> = {}
  const shown: [string, JsonObject[string]][] = asked.map(([key, request]) => {
    const { method, params = {} } = isObject(request) ? request : {}
    const row = inputRow(method)
    const rule = row?.rule(context)
    // The key is the server's own word, and comes back to it: a plain one, or the question does not pass.
    if (
      row === undefined ||
      rule === undefined ||
      !isObject(params) ||
      !isPlain(key, returnsUnder(found.target, showing))
    )
      throw new Refusal('upstream-asks')
    const view = viewOf(params, rule, inForce, hidden)
    const left = row.show(params, view, context)
    if (left === undefined) throw new Refusal('upstream-asks')
    sum(view.tally.dropped, dropped)
    sum(view.tally.redacted, redacted)
    return [key, { method: row.method, params: left }]
  })
  const patients = patientsBesides(returned, showing, deps)
  return {
    shown: Object.fromEntries(shown),
    account: {
      outcome: 'ok',
      patients,
      kept: { 'input-request': shown.length },
      dropped,
      redacted,
    },
  }
}

/** A word that names nobody. */
function isPlain(key: string, { text }: ReturnRules): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(key) && (text === 'Keep' || !identifies(key, survey()))
}
