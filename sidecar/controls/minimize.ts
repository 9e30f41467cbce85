// Minimum necessary, 45 CFR 164.502(b). Implements: minimum:arguments, minimum:narrow-tools, minimum:formats, minimum:bulk,
// minimum:argument-identifiers, minimum:renaming

import type { ArgumentCheck } from '../../core/argument-check.ts'
import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import type { Ask } from '../asks/ask.ts'
import { answersOf } from '../asks/input.ts'
import type { Declared, Minimized } from '../exchange.ts'
import { confirmedParams } from '../param-headers.ts'
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
    const { found, message, revision } = exchange
    // Before the schema: what the headers say was perhaps believed on the way.
    const headers =
      message.method === 'tools/call' && revision === '2026-07-28'
        ? confirmedParams(exchange, found.target.headers)
        : []
    const violation = checkOf(ask, found)?.(found.arguments)
    if (violation !== undefined) {
      const { reason, ...data } = violation
      throw new Refusal(reason, { data })
    }

    const { params, name } = ask.outgoing(found)
    const outgoing = {
      method: message.method,
      params: {
        ...params,
        ...(found.earlier === undefined ? { ...answersOf(exchange), ...asTask(exchange) } : {}),
        ...protocolMeta(exchange),
      },
      ...(name === undefined ? {} : { name }),
      ...(headers.length === 0 ? {} : { headers }),
      notification: false,
    }
    return { ...exchange, stage: 'minimized', outgoing }
  }

/** Undefined where the arguments are ours: a handle, which was judged when it was made. */
function checkOf({ partial }: Ask, { target, earlier }: Declared['found']): ArgumentCheck | undefined {
  if (partial !== true) return target.check
  return earlier === undefined ? target.partialCheck : undefined
}

/**
 * The caller's wish that a call be answered later (MCP 2025-11-25, Tasks). Where the policy has no tasks it is left out,
 * and the call answered as any other, as the revision says of receivers without them. Later a server decides by itself.
 */
function asTask({ message, revision, rules }: Declared): JsonObject {
  const { task } = message.params
  if (!mayBeTask(message.method, revision, rules) || !isObject(task)) return {}
  const { ttl } = task
  return { task: Number.isSafeInteger(ttl) && Number(ttl) > 0 ? { ttl: Number(ttl) } : {} }
}

function mayBeTask(method: string, revision: string, { fromServer }: Declared['rules']): boolean {
  return method === 'tools/call' && revision === '2025-11-25' && fromServer.tasks !== undefined
}
