// Minimum necessary, 45 CFR 164.502(b). Implements: minimum:arguments, minimum:narrow-tools

import type { Declared, JsonObject, Minimized } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import { protocolMeta } from './prepare.ts'

/**
 * Sends the server what this tool needs and nothing else: arguments that keep to the policy's schema, the policy's
 * constants, the broad tool's own name. An argument that the schema does not name is refused, never dropped: a caller
 * who believes that it counts would be wrong about the answer.
 */
export function minimize(exchange: Declared): Minimized {
  const { tool, revision } = exchange
  const violation = tool.check(exchange.arguments)
  if (violation !== undefined) throw new Refusal('argument-refused', { data: violation })

  const params: JsonObject = {
    name: tool.tool.from,
    arguments: { ...exchange.arguments, ...tool.tool.with },
    ...protocolMeta(revision),
  }
  const outgoing = { method: 'tools/call', params, name: tool.tool.from, notification: false }
  return { ...exchange, stage: 'minimized', outgoing }
}
