// Answers as bytes: the one place that words a refusal. Nothing of the message is repeated but its JSON-RPC id.

import type { JsonObject } from '../core/canonical.ts'
import type { Answer, Message, Revision } from './exchange.ts'
import { type Refusal, refusals } from './refusals.ts'

const json = { 'content-type': 'application/json', 'cache-control': 'no-store' } as const

/** What is known of a message when it is refused; nothing at all when it did not parse. */
export type Asked = { readonly message?: Message; readonly revision?: Revision; readonly call: string }

/** A refusal's answer. Its table row decides between HTTP, JSON-RPC error and tool result. */
export function word(refusal: Refusal, { message, revision, call }: Asked): Answer {
  const row = refusals[refusal.reason]
  const data = { reason: refusal.reason, call_id: call, ...refusal.details.data }
  const headers = { ...json, ...refusal.details.headers }
  if (row.via === 'tool' && message?.method === 'tools/call' && message.id !== undefined) {
    const meta = { 'dev.hipaa-mcp/reason': refusal.reason, 'dev.hipaa-mcp/call': call }
    return answerOf(message.id, toolError(row.says, revision, meta), headers)
  }
  // Only a request has an id to echo: an error that answers none leaves it out (MCP 2026-07-28, Streamable HTTP).
  const body = {
    jsonrpc: '2.0',
    ...(message?.id === undefined ? {} : { id: message.id }),
    error: { code: row.code, message: row.says, data },
  }
  return { status: statusOf(row.status, refusal, message, revision), headers, body: JSON.stringify(body) }
}

/** An unknown method is 404 from 2026-07-28 on, and 200 before. What is no request gets no 200. */
function statusOf(status: number, refusal: Refusal, message?: Message, revision?: Revision): number {
  if (refusal.reason === 'method-unknown')
    return revision === '2026-07-28' || revision === undefined ? 404 : 200
  return status === 200 && message?.id === undefined ? 400 : status
}

/** A tool result that reports a failure in our words. */
export function toolError(says: string, revision: Revision | undefined, meta?: JsonObject): JsonObject {
  return {
    ...(revision === '2026-07-28' ? { resultType: 'complete' } : {}),
    content: [{ type: 'text', text: says }],
    isError: true,
    ...(meta === undefined ? {} : { _meta: meta }),
  }
}

/** The answer that carries a result. */
export function answerOf(
  id: string | number,
  result: JsonObject,
  headers: { readonly [name: string]: string } = json,
): Answer {
  return { status: 200, headers, body: JSON.stringify({ jsonrpc: '2.0', id, result }) }
}

/** The answer that carries a result as its text came, in an envelope of ours. */
export function answerOfText(id: string | number, result: string): Answer {
  return {
    status: 200,
    headers: json,
    body: `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`,
  }
}

/** The answer to a notification: taken, and nothing to say. */
export const accepted: Answer = { status: 202, headers: { 'cache-control': 'no-store' } }

/** An answer with one more header. */
export function withHeader(answer: Answer, name: string, value: string): Answer {
  return { ...answer, headers: { ...answer.headers, [name]: value } }
}

/** Octets of an answer's body. */
export function lengthOf({ body }: Answer): number {
  return body === undefined ? 0 : Buffer.byteLength(body)
}
