// A server that wants to know more before it answers (MCP 2026-07-28, InputRequiredResult): its questions under policy
// like any message of its own, its state sealed. A question that the policy does not name ends the call: an answer with
// half of the questions would be none.

import { isObject } from '../../core/is-object.ts'
import { sealedState } from '../asks/input.ts'
import type { Deps } from '../deps.ts'
import type { Account, Answer, Answered, JsonObject } from '../exchange.ts'
import { survey } from '../redaction/survey.ts'
import { identifies } from '../redaction/text.ts'
import { Refusal } from '../refusals.ts'
import { answerOf, lengthOf } from '../respond.ts'
import type { Target } from '../targets.ts'
import { type Context, inputRow } from './messages.ts'
import { viewOf } from './view.ts'

const mostInputs = 32

/** The answer, and what was done to it. */
export function redactInput(
  exchange: Answered,
  deps: Pick<Deps, 'orders'>,
): { answer: Answer; account: Account } {
  const { incoming, found, message } = exchange
  const { inputRequests, requestState } = incoming.result
  const { shown, account } = shownInputs(inputRequests, exchange, deps)
  const asked = Object.keys(shown).length
  if (asked === 0 && requestState === undefined) throw new Refusal('upstream-malformed', { mayHaveRun: true })

  const answer = answerOf(message.id as string | number, {
    resultType: 'input_required',
    ...(asked === 0 ? {} : { inputRequests: shown }),
    ...(typeof requestState === 'string' ? { requestState: sealedState(exchange, requestState) } : {}),
  })
  if (lengthOf(answer) > found.target.limits.resultBytes) throw new Refusal('result-too-large')
  return { answer, account }
}

/** Whom the server asks, and about what. */
type Inquiring = Pick<Answered, 'rules' | 'inForce' | 'found' | 'patients' | 'reach'>

/** The questions as they may leave, and what was done to them. Throws Refusal for one that the policy does not name. */
export function shownInputs(
  inputRequests: unknown,
  { rules, inForce, found, patients: named, reach }: Inquiring,
  deps: Pick<Deps, 'orders'>,
): { shown: JsonObject; account: Account } {
  const context: Context = {
    fromServer: rules.fromServer,
    agreementActive: (name) => deps.orders.agreementActive(name),
    subscribed: () => false,
  }
  if (inputRequests !== undefined && !isObject(inputRequests))
    throw new Refusal('upstream-malformed', { mayHaveRun: true })
  const asked = Object.entries(inputRequests ?? {})
  if (asked.length > mostInputs) throw new Refusal('upstream-malformed', { mayHaveRun: true })

  const patients = new Set(named)
  const dropped: Record<string, number> = {}
  const redacted: Record<string, number> = {}
  const shown: [string, JsonObject[string]][] = asked.map(([key, request]) => {
    const { method, params = {} } = isObject(request) ? request : {}
    const row = inputRow(method)
    const rule = row?.rule(context)
    // The key is the server's own word, and comes back to it: a plain one, or the question does not pass.
    if (row === undefined || rule === undefined || !isObject(params) || !isPlain(key, found.target))
      throw new Refusal('upstream-asks')
    const view = viewOf(params, rule, inForce)
    const left = row.show(params as JsonObject, view, context)
    if (left === undefined) throw new Refusal('upstream-asks')
    for (const patient of view.patients) patients.add(patient)
    sum(dropped, view.tally.dropped)
    sum(redacted, view.tally.redacted)
    return [key, { method: row.method, params: left }]
  })
  if (reach !== undefined && [...patients].some((patient) => !reach.includes(patient)))
    throw new Refusal('patient-not-permitted')
  return {
    shown: Object.fromEntries(shown),
    account: {
      outcome: 'ok',
      patients: [...patients],
      kept: { 'input-request': shown.length },
      dropped,
      redacted,
    },
  }
}

/** A word that names nobody. */
function isPlain(key: string, { returns }: Target): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(key) && (returns.text === 'Keep' || !identifies(key, survey()))
}

function sum(into: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) into[name] = (into[name] ?? 0) + count
}
