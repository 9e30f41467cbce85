// tasks/get, tasks/result, tasks/cancel and tasks/update: a task is asked for by its handle, and what comes of it is
// judged like an answer to the call that made it, by the roles that the caller has now.

import type { JsonObject } from '../../core/canonical.ts'
import { toolResult } from '../../core/redaction/results.ts'
import { Refusal } from '../refusals.ts'
import { demandTasks } from '../tasks/extension.ts'
import { taskBehind } from '../tasks/handle.ts'
import type { Ask, Found } from './ask.ts'
import { responsesOf } from './input.ts'

const find: Ask['find'] = (params, rules, caller): Found | undefined => {
  if (caller.revision === '2026-07-28') demandTasks(params)
  const { taskId: handle } = params
  if (typeof handle !== 'string') throw new Refusal('message-malformed')
  const task = taskBehind(caller, handle)
  const target = task === undefined ? undefined : rules.tools.get(task.tool)
  if (task === undefined || target === undefined) return undefined
  const { named, purpose } = task
  return { target, arguments: { taskId: handle }, words: { taskId: task.id }, earlier: { named, purpose } }
}

/** The server's id, in Mcp-Name too: there its extension wants it. */
const outgoing: Ask['outgoing'] = ({ words = {} }) => ({ params: words, name: words['taskId'] as string })

export const taskAsk: Ask = { unknown: 'task-unknown', find, outgoing, shape: toolResult, partial: true }

export const taskUpdateAsk: Ask = {
  ...taskAsk,
  find(params, rules, caller) {
    const found = find(params, rules, caller)
    const inputResponses = responsesOf(params['inputResponses'])
    if (found === undefined) return undefined
    const more: JsonObject = { inputResponses }
    return {
      ...found,
      arguments: { ...found.arguments, ...more },
      words: { ...found.words, ...more },
    }
  },
}
