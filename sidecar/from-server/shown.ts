// What a caller gets of each message that a server may send besides answers. Members that are not named here do not
// leave: MCP's `_meta` and whatever a server adds are room for anything.

import type { Json, JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import type { FromServer } from '../../core/policy.ts'
import { isLogLevel } from '../log-levels.ts'
import type { View } from './view.ts'

export type Shown = JsonObject | undefined

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** Members that are there. */
function members(all: { readonly [member: string]: Json | undefined }): JsonObject {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** notifications/message: level, logger where it is a plain word, and data by the rule. */
export function logMessage(params: JsonObject, view: View): Shown {
  if (!isLogLevel(params['level'])) return undefined
  const data = view.json(params['data'])
  return members({ level: params['level'], logger: view.word(params['logger']), data: data ?? '' })
}

/** notifications/progress, under the token that the caller gave. */
export function progress(params: JsonObject, view: View, callers: string | number): Shown {
  const done = number(params['progress'])
  if (done === undefined) return undefined
  return members({
    progressToken: callers,
    progress: done,
    total: number(params['total']),
    message: view.text(params['message']),
  })
}

/**
 * sampling/createMessage. It goes on to a model: nothing in it that cannot be looked into, no context of other servers,
 * no tools, no metadata. With Keep it stays as it is, but for `_meta`.
 */
export function sampling(params: JsonObject, view: View): Shown {
  const { messages } = params
  if (!Array.isArray(messages) || messages.length === 0 || number(params['maxTokens']) === undefined)
    return undefined
  if (view.rule === 'Keep') return withoutMeta(params)
  const shown = messages.flatMap((message: unknown): Json[] => {
    if (!isObject(message)) return []
    const { role, content } = message
    if (role !== 'user' && role !== 'assistant') return []
    const blocks = (Array.isArray(content) ? content : [content]).flatMap((block: unknown): Json[] => {
      if (!isObject(block) || block['type'] !== 'text') return []
      const text = view.text(block['text'])
      return text === undefined ? [] : [{ type: 'text', text }]
    })
    const [first] = blocks
    return first === undefined ? [] : [{ role, content: Array.isArray(content) ? blocks : first }]
  })
  // With nothing left to say there is nothing to ask.
  if (shown.length === 0) return undefined
  return members({
    messages: shown,
    systemPrompt: view.text(params['systemPrompt']),
    maxTokens: params['maxTokens'],
    temperature: number(params['temperature']),
    modelPreferences: preferences(params['modelPreferences'], view),
  })
}

function preferences(value: unknown, view: View): Json | undefined {
  if (!isObject(value)) return undefined
  const hints = Array.isArray(value['hints'])
    ? value['hints'].flatMap((hint: unknown): Json[] => {
        const name = isObject(hint) ? view.word(hint['name']) : undefined
        return name === undefined ? [] : [{ name }]
      })
    : undefined
  return members({
    hints,
    costPriority: number(value['costPriority']),
    speedPriority: number(value['speedPriority']),
    intelligencePriority: number(value['intelligencePriority']),
  })
}

/** elicitation/create: a question to the person. An address only of a host that the policy names, without a query. */
export function elicitation(
  params: JsonObject,
  view: View,
  rules: NonNullable<FromServer['elicitation']>,
): Shown {
  const mode = params['mode'] ?? 'form'
  if (!rules.modes.some((one) => one === mode)) return undefined
  const message = view.text(params['message']) ?? 'The server asks for more.'
  if (mode === 'url') {
    const url = addressOf(params['url'], rules.hosts, view)
    const id = view.opaque(params['elicitationId'])
    return url === undefined || id === undefined
      ? undefined
      : { mode: 'url', message, url, elicitationId: id }
  }
  const schema = view.json(params['requestedSchema'])
  return isObject(schema)
    ? members({ mode: params['mode'], message, requestedSchema: answerable(schema) })
    : undefined
}

/** Without demands for properties that are not shown: nobody could answer the question. */
function answerable(schema: JsonObject): JsonObject {
  const { properties, required } = schema
  if (!isObject(properties) || !Array.isArray(required)) return schema
  return { ...schema, required: required.filter((name) => Object.hasOwn(properties, String(name))) }
}

function addressOf(value: unknown, hosts: readonly string[], view: View): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined
  const { protocol, hostname, port, pathname, search, hash, username, password } = new URL(value)
  // A query or a fragment is where identifiers get into logs of every hop (45 CFR 164.312(e)(1)).
  const plain = search === '' && hash === '' && username === '' && password === '' && port === ''
  if (protocol !== 'https:' || !plain || !hosts.includes(hostname)) return undefined
  return view.names(pathname) ? undefined : value
}

/** A message that says nothing but that it is there. */
export function bare(): JsonObject {
  return {}
}

function withoutMeta(params: JsonObject): JsonObject {
  const { _meta: _, ...rest } = params
  return rest
}
