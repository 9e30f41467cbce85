// A result as the server would give it, out of what somebody saved: a whole result, an answer that carries one, the document
// alone, or text.

import type { Json, JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { parseText } from '../../core/json.ts'
import type { Kind } from '../../core/permission.ts'
import { CannotError } from '../command.ts'

/** What marks a whole result of each kind. */
const marks: { readonly [kind in Kind]: readonly string[] } = {
  tools: ['content', 'structuredContent'],
  resources: ['contents'],
  prompts: ['messages'],
}

/** Throws `CannotError` for JSON that no sidecar would take. `uri`: of a resource. */
export function resultOf(text: string, kind: Kind, uri: string | undefined): JsonObject {
  const parsed = parseText(text.replace(/^\ufeff/, ''))
  if (!('value' in parsed)) {
    if (/^\s*[[{]/.test(text))
      throw new CannotError(`The result is no JSON that the sidecar would take: ${faults[parsed.fault]}`)
    return wrapped[kind](text, undefined, uri)
  }
  const { value } = parsed
  const carried =
    isObject(value) && value['jsonrpc'] === '2.0' && isObject(value['result']) ? value['result'] : value
  if (isObject(carried) && marks[kind].some((name) => isWhole(carried, name))) return carried as JsonObject
  return wrapped[kind](text, carried as Json, uri)
}

/** A document may have a member called content, and is then no result. */
function isWhole(value: { readonly [member: string]: unknown }, mark: string): boolean {
  const held = value[mark]
  return mark === 'structuredContent' ? held !== undefined : Array.isArray(held) && held.every(isObject)
}

const faults = {
  broken: 'it is broken',
  'too-deep': 'it is nested too deep',
  number: 'it holds a number that would be another when written anew',
} as const

/** A document alone, as a server would put it. */
const wrapped: {
  readonly [kind in Kind]: (text: string, value: Json | undefined, uri: string | undefined) => JsonObject
} = {
  tools: (text, value) =>
    value === undefined || typeof value !== 'object'
      ? { content: [{ type: 'text', text }] }
      : { content: [], structuredContent: value },
  resources: (text, _, uri) => ({ contents: [{ uri: uri ?? '', text }] }),
  prompts: (text) => ({ messages: [{ role: 'user', content: { type: 'text', text } }] }),
}
