// What a server says of a task unasked: as if its caller had asked at that moment (notifications/tasks/status of MCP
// 2025-11-25, notifications/tasks of the extension).

import type { JsonObject } from '../../core/canonical.ts'
import { taskAsk } from '../asks/task.ts'
import { permission } from '../controls/authorize.ts'
import type { Deps } from '../deps.ts'
import type { Account, Caller, Message } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import { shownTask } from './state.ts'

export type Notice = { readonly params: JsonObject; readonly account: Account }

/** Undefined for a task that this caller may not ask after, and for what is no state of one. */
export function taskNotice(
  caller: Caller,
  handle: string,
  state: JsonObject,
  deps: Deps,
): Notice | undefined {
  const { _meta: meta } = caller.message.params
  const params: JsonObject = { taskId: handle, ...(meta === undefined ? {} : { _meta: meta }) }
  const message: Message = { kind: 'request', method: 'tasks/get', params }
  const asking = { ...caller, at: deps.clock(), message }
  try {
    const showing = { ...asking, ...permission(taskAsk, asking, deps) }
    const shown = shownTask(state, handle, showing, deps, caller.revision === '2026-07-28')
    return { params: shown.result, account: shown.account }
  } catch (why) {
    if (why instanceof Refusal) return undefined
    throw why
  }
}
