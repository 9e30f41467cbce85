// Minimum necessary, 45 CFR 164.502(b). Implements: minimum:arguments, minimum:narrow-tools

import type { Ask } from '../asks/ask.ts'
import { answersOf } from '../asks/input.ts'
import type { Declared, Minimized } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import { protocolMeta } from './prepare.ts'

/**
 * Sends the server what this request needs and nothing else: arguments that keep to the policy's schema, the policy's
 * constants, the server's own name for it. An argument that the schema does not name is refused, never dropped: a
 * caller who believes that it counts would be wrong about the answer.
 */
export const minimize =
  (ask: Ask) =>
  (exchange: Declared): Minimized => {
    const { found, message } = exchange
    const violation = ask.partial === true ? undefined : found.target.check(found.arguments)
    if (violation !== undefined) throw new Refusal('argument-refused', { data: violation })

    const { params, name } = ask.outgoing(found)
    const outgoing = {
      method: message.method,
      params: { ...params, ...answersOf(exchange), ...protocolMeta(exchange) },
      ...(name === undefined ? {} : { name }),
      notification: false,
    }
    return { ...exchange, stage: 'minimized', outgoing }
  }
