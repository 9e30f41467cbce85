// Round trips of MCP 2026-07-28 (SEP-2322): a server answers with what it wants to know (`inputRequests`) and with a text
// that it wants back (`requestState`); the caller asks again and brings both. The state is the server's own, may hold
// anything, and travels sealed to this person, this target and half an hour.

import type { Json, JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import type { Declared, Permitted } from '../exchange.ts'
import { behindHandle, type HandleOwner, handleFor } from '../handles.ts'
import { Refusal } from '../refusals.ts'

/** How long a person has to answer, milliseconds. */
const stateLife = 30 * 60_000
/** Questions that one round may hold. */
const mostInputs = 32

/** The caller's answers as they go to the server, with the server's own state. Throws Refusal for a state not theirs. */
export function answersOf(exchange: Declared): JsonObject {
  const { message, revision, inForce, at } = exchange
  if (revision !== '2026-07-28') return {}
  const { inputResponses, requestState } = message.params
  const answers: { [member: string]: JsonObject[string] } = {}
  if (inputResponses !== undefined) answers['inputResponses'] = responsesOf(inputResponses)
  if (requestState !== undefined) {
    const state = behindHandle('request-state', ownerOf(exchange), requestState, at, inForce)
    if (state === undefined) throw new Refusal('state-refused')
    answers['requestState'] = state
  }
  return answers
}

/** A caller's answers to what the server asked. Throws Refusal for anything else. */
export function responsesOf(responses: unknown): Json {
  const many = isObject(responses) ? Object.values(responses) : undefined
  if (many === undefined || many.length > mostInputs || !many.every(isObject))
    throw new Refusal('input-malformed')
  return responses as Json
}

/** The server's state as the caller gets it. Throws Refusal for one that they could not bring back. */
export function sealedState(exchange: Asked, state: string): string {
  try {
    return handleFor('request-state', ownerOf(exchange), state, exchange.at + stateLife, exchange.inForce)
  } catch (cause) {
    if (cause instanceof RangeError) throw new Refusal('result-too-large', { cause })
    throw cause
  }
}

type Asked = Pick<Permitted, 'who' | 'found' | 'inForce' | 'at' | 'purpose' | 'patients'>

/** The patients and the purpose too: an answer for one patient must not go on with what was asked about another. */
function ownerOf({ who, found, purpose, patients }: Asked): HandleOwner {
  const { kind, name } = found.target
  return { iss: who.iss, sub: who.sub, target: JSON.stringify([kind, name, purpose, patients]) }
}
