// JSON-RPC messages of a host, as far as HTTP wants to know of them.

import { isObject } from '../../core/is-object.ts'
import { mcpNames } from '../../core/mcp-names.ts'

export type Message = { readonly [member: string]: unknown }
export type Id = string | number

/** The identifier of a request; undefined for what wants no answer. */
export function requestId({ id, method }: Message): Id | undefined {
  return typeof method === 'string' && (typeof id === 'string' || typeof id === 'number') ? id : undefined
}

/** Whether a message is the answer to this request. */
export function answers(message: Message, id: Id): boolean {
  return message['id'] === id && (Object.hasOwn(message, 'result') || Object.hasOwn(message, 'error'))
}

/** The revision that a message itself names, as all do from 2026-07-28 on. */
export function revisionOf({ params }: Message): string | undefined {
  const meta = isObject(params) ? params['_meta'] : undefined
  const named = isObject(meta) ? meta['io.modelcontextprotocol/protocolVersion'] : undefined
  return typeof named === 'string' ? named : undefined
}

const plain = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/** The headers that a message of its own asks for. */
export function headersOf(message: Message): { [name: string]: string } {
  const revision = revisionOf(message)
  const { method, params } = message
  if (revision === undefined || typeof method !== 'string') return { ...plain }
  const member = mcpNames.get(method)
  const name = member !== undefined && isObject(params) ? params[member] : undefined
  return {
    ...plain,
    'mcp-protocol-version': revision,
    'mcp-method': headerValue(method),
    ...(typeof name === 'string' ? { 'mcp-name': headerValue(name) } : {}),
  }
}

/** As it is where a header can hold it, else in base64 (MCP 2026-07-28, Header Value Encoding). */
export function headerValue(text: string): string {
  const holds = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !text.startsWith('=?')
  return holds ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`
}

/** An error in our own words, as one line. */
export function errorAnswer(id: Id | undefined, code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: id ?? null, error: { code, message } })
}

/** Why a server refused, where it says so as our sidecar does: a word out of its table, never of a message. */
export function reasonIn({ error }: Message): string | undefined {
  const data = isObject(error) ? error['data'] : undefined
  const reason = isObject(data) ? data['reason'] : undefined
  return typeof reason === 'string' && /^[a-z-]{1,40}$/.test(reason) ? reason : undefined
}
