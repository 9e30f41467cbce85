// The server's own bytes of a result, for results that may leave as they came: numbers keep their digits, members their
// order and names their escapes, which no parser and printer between the two would promise.

import { textMembers } from '../core/json-text.ts'

/** `members`: how many it has, each as often as it stands there. */
export type RawResult = { readonly text: string; readonly members: number }

/**
 * The member `result` of a JSON-RPC message that was parsed before: it is well-formed, and its result is an object.
 * Undefined where the member stands twice, since two readers may then take two different ones.
 */
export function rawResult(message: string): RawResult | undefined {
  const members = textMembers(message, message.indexOf('{'), 'result')
  const [result, ...others] = members.filter(({ name }) => name === 'result')
  if (result?.count === undefined || others.length > 0) return undefined
  return { text: message.slice(result.start, result.end), members: result.count }
}
