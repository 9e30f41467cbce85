// What the MCP server says besides its answers, over whatever it is reached, and who hears it.

import type { JsonObject } from '../core/canonical.ts'
import { isObject } from '../core/is-object.ts'
import type { Fields } from './http1/response.ts'
import type { Details } from './refusals.ts'
import type { SentEvent } from './sse.ts'
import type { Mark } from './streams/outlet.ts'

/** A message of a server: a notification, or a request when it has an id. */
export type ServerMessage = {
  readonly method: string
  readonly id?: string | number
  readonly params: JsonObject
}

/** Whoever hears what the server says besides its answer. */
export type Hearing = {
  /** Returns false when no more should be read until `resume` is called, which `began` handed over. */
  take(message: ServerMessage, mark?: Mark): boolean
  /** The server's stream began: how to go on reading, and under which id the server knows the request. */
  began?(resume: () => void, id?: number): void
  /** Where the stream can be taken up again, by itself. Returns as `take` does. */
  mark?(mark: Mark): boolean
  /** Whether the caller was told of such a place. */
  readonly resumable?: boolean
  /** The answer of a call whose stream is taken up again. */
  readonly late?: { readonly id: number; take(response: { readonly [member: string]: unknown }): void }
}

/** How far the reading of one response is. */
export type Progress = {
  /** It is a stream. */
  streaming: boolean
  /** Whoever asked has been told. */
  settled: boolean
  /** So many came. */
  messages: number
}

/** Undefined for an event that says nothing of where the stream can be taken up again, or when. */
export function markOf({ id, retry }: Omit<SentEvent, 'data'>): Mark | undefined {
  if (id === undefined && retry === undefined) return undefined
  return { ...(id === undefined ? {} : { id }), ...(retry === undefined ? {} : { retry }) }
}

/** A notification or request of the server; undefined for anything else. */
export function serverMessage(value: { readonly [member: string]: unknown }): ServerMessage | undefined {
  const { method, id, params = {} } = value
  if (typeof method !== 'string' || !isObject(params)) return undefined
  if (id === undefined) return { method, params: params as JsonObject }
  return typeof id === 'string' || typeof id === 'number'
    ? { method, id, params: params as JsonObject }
    : undefined
}

/**
 * What of an error may be told: the codes that MCP gives a meaning, and which capabilities are missing, by their names in
 * the specification. The server's words stay here.
 */
export function errorOf(error: { readonly [member: string]: unknown }): Pick<Details, 'upstream'> {
  const { code, data } = error
  const required = isObject(data) ? data['requiredCapabilities'] : undefined
  return {
    upstream: {
      code: typeof code === 'number' ? code : 0,
      ...(isObject(required) ? { capabilities: Object.keys(required) } : {}),
    },
  }
}

export function fieldText(value: Fields[string]): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The media type of a response without its parameters, in small letters. */
export function mediaType(headers: Fields): string | undefined {
  return fieldText(headers['content-type'])?.split(';')[0]?.trim().toLowerCase()
}
