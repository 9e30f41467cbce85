// Where a stream can be taken up again (SSE `id` and Last-Event-ID, MCP before 2026-07-28, Resumability; SEP-1699 for
// streams that their server ends in between). The server keeps the events, nothing is kept here: the id that a caller
// gets is a handle, sealed to person and session, which holds the server's own id. Of a call's stream it also holds what a
// late answer is judged by: what was asked for, for whom and why, and in which record.

import type { Json } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { parseText } from '../../core/json.ts'
import type { Ask } from '../asks/ask.ts'
import { promptAsk } from '../asks/prompt.ts'
import { resourceAsk } from '../asks/resource.ts'
import { toolAsk } from '../asks/tool.ts'
import { namedBy } from '../controls/authorize.ts'
import { progressTokenOf } from '../controls/prepare.ts'
import type { Caller, Permitted } from '../exchange.ts'
import { behindHandle, type HandleOwner, handleFor } from '../handles.ts'
import type { Rules } from '../rules.ts'
import type { Target } from '../targets.ts'

/** How long a caller may stay away, milliseconds. */
const life = 3_600_000
/** A handle comes back in a header, beside a token: all headers together have 16 KiB. */
const largest = 3_072

/** What may answer late. Other requests are short, or (tasks/result) are asked anew. */
const asks: { readonly [method: string]: Ask } = {
  'tools/call': toolAsk,
  'resources/read': resourceAsk,
  'prompts/get': promptAsk,
}

/** A call, as a place in its stream knows it. */
export type PlacedCall = {
  /** Of its records. */
  readonly call: string
  /** The id under which the server knows the request, and the one under which the caller does. */
  readonly request: number
  readonly id: string | number
  readonly method: string
  readonly target: string
  readonly purpose: string
  readonly named: Json | undefined
  readonly token?: string | number
  /** It was asked for as a task. */
  readonly task?: boolean
}

/** `id`: the server's. `call`: absent where the stream is the session's own. */
export type Place = { readonly id: string; readonly call?: PlacedCall }

/** A call that may answer late; undefined for any other. `request`: the id under which the server knows it. */
export function placedCall(
  exchange: Caller & Partial<Pick<Permitted, 'found' | 'purpose'>>,
  request: number | undefined,
): PlacedCall | undefined {
  const { call, message, found, purpose } = exchange
  if (request === undefined || found === undefined || purpose === undefined || message.id === undefined)
    return undefined
  if (asks[message.method] === undefined) return undefined
  const token = progressTokenOf(message.params['_meta'])
  return {
    call,
    request,
    id: message.id,
    method: message.method,
    target: found.target.name,
    purpose,
    named: namedBy(found),
    ...(token === undefined ? {} : { token }),
    ...(isObject(message.params['task']) ? { task: true } : {}),
  }
}

/** The event id for the caller; undefined where there can be none. */
export function placeHandle(caller: Owner, place: Place, now: number): string | undefined {
  const owner = ownerOf(caller)
  // What goes back to the server in a header: visible ASCII, and not a book.
  if (owner === undefined || !/^[\x20-\x7e]{1,512}$/.test(place.id)) return undefined
  const handle = handleFor('event', owner, JSON.stringify(place), now + life, caller.inForce)
  return handle.length > largest ? undefined : handle
}

/** The place behind an event id; undefined for one that is forged, another's, of another session, or over. */
export function placeBehind(caller: Owner, handle: unknown, now: number): Place | undefined {
  const owner = ownerOf(caller)
  const text = owner === undefined ? undefined : behindHandle('event', owner, handle, now, caller.inForce)
  const parsed = text === undefined ? undefined : parseText(text)
  return parsed !== undefined && 'value' in parsed && isObject(parsed.value)
    ? (parsed.value as unknown as Place)
    : undefined
}

type Owner = Pick<Caller, 'who' | 'session' | 'revision' | 'inForce'>

function ownerOf({ who, session, revision }: Owner): HandleOwner | undefined {
  if (session === undefined || revision === '2026-07-28') return undefined
  return { iss: who.iss, sub: who.sub, target: `session ${session}` }
}

/** What the call asked for, as if it were asked for again: by the roles that the caller has now. */
export function askAgain({ method, target: name, named, purpose }: PlacedCall): Ask {
  const ask = asks[method] as Ask
  return {
    ...ask,
    unknown: 'event-unknown',
    find(_, rules) {
      const target = targetOf(method, name, rules)
      return target === undefined ? undefined : { target, arguments: {}, earlier: { named, purpose } }
    },
  }
}

function targetOf(method: string, name: string, { tools, prompts, resources }: Rules): Target | undefined {
  if (method === 'tools/call') return tools.get(name)
  if (method === 'prompts/get') return prompts.get(name)
  return resources.find((resource) => resource.name === name)
}
