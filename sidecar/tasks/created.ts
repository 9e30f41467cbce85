// A call that is answered by a task (CreateTaskResult): the caller gets a handle, and nothing else of the call yet.

import { isObject } from '../../core/is-object.ts'
import { returnsUnder } from '../../core/redaction/rules.ts'
import type { Shown } from '../controls/shown-result.ts'
import type { Deps } from '../deps.ts'
import type { Answered } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import { namesTasks } from './extension.ts'
import { taskHandle } from './handle.ts'
import { lifeOf, metaOf, shownTask } from './state.ts'

/** Undefined when the answer is none of these. Throws Refusal for a task that nobody asked for. */
export function createdTask(exchange: Answered, deps: Deps): Shown | undefined {
  const { incoming, outgoing, revision, session } = exchange
  const { result } = incoming
  const flat = revision === '2026-07-28'
  if (flat ? result['resultType'] !== 'task' : outgoing.params['task'] === undefined) return undefined
  const state = flat ? result : result['task']
  // Whoever asks for a task and gets an answer has their answer (the server may have none for this tool).
  if (!flat && state === undefined) return undefined
  if (!isObject(state) || !wanted(exchange)) throw new Refusal('upstream-malformed', { mayHaveRun: true })
  const { taskId: id } = state
  const handle = taskHandle(exchange, id, lifeOf(state, revision))
  const { result: shown, account } = shownTask(state, handle, exchange, deps, false)
  // What the server says of it later, it says under its own id.
  if (session !== undefined) deps.sessions.keepTask(session, id as string, handle)
  if (flat) return { result: { ...shown, resultType: 'task' }, account }
  const whole = returnsUnder(exchange.found.target, exchange).whole && isObject(result['_meta'])
  return {
    result: { task: shown, ...(whole ? { _meta: metaOf(result['_meta'], handle) } : {}) },
    account,
  }
}

/** Whether the server was told that its caller takes tasks; it must not make one otherwise. */
function wanted({ outgoing, revision }: Answered): boolean {
  if (outgoing.method !== 'tools/call') return false
  const meta = outgoing.params['_meta']
  if (revision === '2026-07-28')
    return namesTasks(isObject(meta) ? meta['io.modelcontextprotocol/clientCapabilities'] : undefined)
  return outgoing.params['task'] !== undefined
}
