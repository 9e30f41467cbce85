// A caller's answer to the server's question, on its way to the server (MCP before 2026-07-28). It is the person's own
// word to a server that holds the records anyway, so its content passes; what the question's result has no place for
// does not.

import type { Json, JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import type { Deps } from '../deps.ts'
import type { Announced, Prepared, Replied } from '../exchange.ts'
import { Refusal } from '../refusals.ts'

/** Members of each question's result. */
const results: { readonly [method: string]: readonly string[] } = {
  'sampling/createMessage': ['role', 'content', 'model', 'stopReason'],
  'elicitation/create': ['action', 'content'],
  'roots/list': ['roots'],
}
const mostRoots = 100

export function prepareAnswer(exchange: Announced): Prepared {
  const { message } = exchange
  const members = results[message.method]
  if (members === undefined) throw new Refusal('question-unknown')
  const { result } = message
  const { roots, action } = result ?? {}
  const wrong =
    (message.method === 'roots/list' &&
      result !== undefined &&
      (!Array.isArray(roots) || roots.length > mostRoots || !roots.every(isObject))) ||
    (message.method === 'elicitation/create' &&
      result !== undefined &&
      action !== 'accept' &&
      action !== 'decline' &&
      action !== 'cancel')
  if (wrong) throw new Refusal('message-malformed')
  const params =
    result === undefined
      ? {}
      : Object.fromEntries(
          members.filter((name) => name in result).map((name) => [name, result[name] as Json]),
        )
  return { ...exchange, stage: 'prepared', outgoing: { method: message.method, params, notification: true } }
}

/** What a caller says of why it declined is free text, and stays here. */
const declined = { code: -1, message: 'The caller declined' }

export async function forwardAnswer(exchange: Prepared, deps: Deps): Promise<Replied> {
  const { question, outgoing, message, inForce, revision } = exchange
  if (question === undefined) throw new Refusal('question-unknown')
  const { upstreamId, session } = question
  await deps.upstream.respond({
    path: inForce.policy.workload.path,
    revision,
    ...(session === undefined ? {} : { session }),
    id: upstreamId,
    ...(message.result === undefined ? { error: declined } : { result: outgoing.params }),
  })
  return { ...exchange, stage: 'replied', incoming: nothing }
}

/** What comes back where nothing is answered. */
export const nothing: { readonly result: JsonObject; readonly otherMessages: number } = {
  result: {},
  otherMessages: 0,
}
