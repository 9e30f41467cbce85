// The server's own bytes of a result, for results that may leave as they came: numbers keep their digits, members their
// order and names their escapes, which no parser and printer between the two would promise.

import { membersOf } from '../core/json-text.ts'

/**
 * Text of the member `result` of a JSON-RPC message that was parsed before: it is well-formed, and has one. Undefined
 * where the member stands twice, since two readers may then take two different ones.
 */
export function rawResult(message: string): string | undefined {
  const [result, ...others] = membersOf(message, message.indexOf('{')).filter(({ name }) => name === 'result')
  return result === undefined || others.length > 0 ? undefined : message.slice(result.start, result.end)
}
