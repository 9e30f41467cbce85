// The server's own bytes of a result, for results that may leave as they came: numbers keep their digits, members their
// order and names their escapes, which no parser and printer between the two would promise.

import { endOfString, endOfValue, skipSpace } from '../core/json-text.ts'

/**
 * Text of the member `result` of a JSON-RPC message that was parsed before: it is well-formed, and has one. Undefined
 * where the member stands twice, since two readers may then take two different ones.
 */
export function rawResult(message: string): string | undefined {
  let found: string | undefined
  let at = message.indexOf('{') + 1
  for (;;) {
    at = skipSpace(message, at)
    if (message[at] === '}') return found
    const nameEnd = endOfString(message, at)
    const name = JSON.parse(message.slice(at, nameEnd)) as string
    const start = skipSpace(message, skipSpace(message, nameEnd) + 1)
    const end = endOfValue(message, start)
    if (name === 'result') {
      if (found !== undefined) return undefined
      found = message.slice(start, end)
    }
    at = skipSpace(message, end)
    if (message[at] === ',') at += 1
  }
}
