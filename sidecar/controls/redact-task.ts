// What callers get who ask after a task: how it stands, and what it came to, by the rules of the tool that made it.
// Implements: minimum:tasks

import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { toolResult } from '../../core/redaction/results.ts'
import { returnsUnder } from '../../core/redaction/rules.ts'
import type { Deps } from '../deps.ts'
import type { Answered, Redacted } from '../exchange.ts'
import { metaOf, shownTask } from '../tasks/state.ts'
import { answered, emptyResult } from './redact.ts'
import { type Shown, shownResult } from './shown-result.ts'

/** Throws Refusal for a result about patients whom this caller may not reach by now. */
export function redactTask(exchange: Answered, deps: Deps): Redacted {
  return answered(exchange, shown[exchange.message.method]?.(exchange, deps) ?? acknowledged(exchange), deps)
}

const shown: { readonly [method: string]: (exchange: Answered, deps: Deps) => Shown } = {
  'tasks/get': state,
  // From 2026-07-28 on it is acknowledged, whatever becomes of it.
  'tasks/cancel': (exchange, deps) =>
    exchange.revision === '2026-07-28' ? acknowledged(exchange) : state(exchange, deps),
  'tasks/result': result,
}

/** The handle is the caller's own, as it came: a new one would be a new task to them. */
function handleOf({ message }: Answered): string {
  return message.params['taskId'] as string
}

function state(exchange: Answered, deps: Deps): Shown {
  const { incoming, revision } = exchange
  const inlined = revision === '2026-07-28'
  const task = shownTask(incoming.result, handleOf(exchange), exchange, deps, inlined)
  return { ...task, result: { ...task.result, ...emptyResult(revision) } }
}

/** What the call would have been answered with (MCP 2025-11-25, Result Retrieval), and whose task it was. */
function result(exchange: Answered, deps: Deps): Shown {
  const { incoming, found } = exchange
  const returns = returnsUnder(found.target, exchange)
  const one = shownResult(incoming.result, { shape: toolResult, returns }, exchange, deps)
  const own: unknown = one.own === true ? incoming.result['_meta'] : undefined
  const extra: JsonObject = { _meta: metaOf(isObject(own) ? own : undefined, handleOf(exchange)) }
  return { ...one, result: { ...one.result, ...extra } }
}

function acknowledged({ patients, revision }: Answered): Shown {
  return {
    result: emptyResult(revision),
    account: { outcome: 'ok', patients, kept: {}, dropped: {}, redacted: {} },
  }
}
