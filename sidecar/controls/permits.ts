// What may be told of without being asked for just now: judged like a message that asks for it.

import type { JsonObject } from '../../core/canonical.ts'
import type { Ask } from '../asks/ask.ts'
import type { Deps } from '../deps.ts'
import type { Caller, Message } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import { permission } from './authorize.ts'

/** Whether this caller may have what `params` ask for: role, purpose, patient. No limit is used up. */
export function permits(ask: Ask, params: JsonObject, caller: Caller, deps: Deps): boolean {
  const message: Message = { ...caller.message, params }
  try {
    permission(ask, { ...caller, message }, deps)
    return true
  } catch (why) {
    if (why instanceof Refusal) return false
    throw why
  }
}
