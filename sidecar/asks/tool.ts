// tools/call.

import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { toolResult } from '../../core/redaction/results.ts'
import { Refusal } from '../refusals.ts'
import type { Ask } from './ask.ts'

export const toolAsk: Ask = {
  unknown: 'tool-unknown',
  find({ name, arguments: args }, { tools }) {
    const target = typeof name === 'string' ? tools.get(name) : undefined
    return target === undefined ? undefined : { target, arguments: argumentsOf(args) }
  },
  /** The broad tool's own name, its own names for the arguments, the policy's constants beside them. */
  outgoing({ target, arguments: args }) {
    return {
      params: { name: target.from, arguments: { ...target.renamed(args), ...target.with } },
      name: target.from,
    }
  },
  shape: toolResult,
}

/** Arguments of a tool or prompt. */
export function argumentsOf(args: unknown): JsonObject {
  if (args === undefined) return {}
  if (isObject(args)) return args as JsonObject
  throw new Refusal('argument-refused', { data: { argument: 'arguments', rule: 'must be object' } })
}
