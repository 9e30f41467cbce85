// The MCP server in this pod: one HTTP request per message, over loopback. What it says is parsed and nothing more; its
// words reach nobody from here.

import { isObject } from '../core/is-object.ts'
import type { Incoming, JsonObject, Outgoing, Revision } from './exchange.ts'
import { http1Client } from './http1/client.ts'
import type { Fields } from './http1/response.ts'
import { parseJson, parseText } from './json.ts'
import { type Details, type Reason, Refusal } from './refusals.ts'
import { eventParser } from './sse.ts'

/** From sending a message to its whole answer, milliseconds. */
const answerDeadline = 30_000
/** Largest answer that is taken in, bytes. It is filtered in memory. */
const answerLimit = 8 * 1024 * 1024

type Call = {
  readonly path: string
  readonly revision: Revision
  readonly outgoing: Outgoing
  /** The server's own session identifier. */
  readonly session?: string
}

export interface Upstream {
  /** Resolves to the server's result. Rejects with a Refusal in our words; `mayHaveRun` says whether it was sent. */
  send(call: Call): Promise<Incoming>
  /** Ends every connection. */
  close(): void
}

export type UpstreamOptions = { readonly port: number; readonly deadline?: number; readonly limit?: number }

export function upstream({
  port,
  deadline = answerDeadline,
  limit = answerLimit,
}: UpstreamOptions): Upstream {
  const client = http1Client(port)
  let lastId = 0

  return {
    send: async (call) =>
      await new Promise<Incoming>((resolve, reject) => {
        // Ids of our own: a caller's may hold anything, and may come twice.
        lastId = lastId === Number.MAX_SAFE_INTEGER ? 1 : lastId + 1
        const id = call.outgoing.notification ? undefined : lastId
        const exchange = answerReader(id, call, limit, resolve, reject)
        const timer = setTimeout(() => exchange.late(), deadline)
        client.post(
          { path: call.path, lines: linesOf(call), body: bodyOf(id, call.outgoing) },
          {
            ...exchange,
            ended() {
              clearTimeout(timer)
              exchange.ended()
            },
            failed(cause) {
              clearTimeout(timer)
              exchange.failed(cause)
            },
          },
        )
      }),
    close: () => client.close(),
  }
}

/** All that goes out besides the body: nothing of the caller's headers, above all not their token (MCP, token passthrough). */
function linesOf({ revision, outgoing, session }: Call): string {
  let lines = 'content-type: application/json\r\naccept: application/json, text/event-stream\r\n'
  if (outgoing.method !== 'initialize') lines += `mcp-protocol-version: ${revision}\r\n`
  if (session !== undefined) lines += `mcp-session-id: ${session}\r\n`
  if (revision === '2026-07-28') {
    lines += `mcp-method: ${outgoing.method}\r\n`
    if (outgoing.name !== undefined) lines += `mcp-name: ${headerValue(outgoing.name)}\r\n`
  }
  return lines
}

/** A value as MCP 2026-07-28 puts it in a header: as it is where that is safe, else in base64 between sentinels. */
function headerValue(value: string): string {
  const safe = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !value.startsWith('=?base64?')
  return safe ? value : `=?base64?${Buffer.from(value).toString('base64')}?=`
}

function bodyOf(id: number | undefined, { method, params }: Outgoing): string {
  return JSON.stringify({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), method, params })
}

/** Takes one answer in, event by event, and settles once. */
function answerReader(
  id: number | undefined,
  call: Call,
  limit: number,
  resolve: (incoming: Incoming) => void,
  reject: (why: Refusal) => void,
) {
  let abort: (() => void) | undefined
  let sent = false
  let settled = false
  let session: string | undefined
  let size = 0
  let otherMessages = 0
  let chunks: Buffer[] = []
  let take: (chunk: Buffer) => void = (chunk) => void chunks.push(chunk)

  const refuse = (reason: Reason, details: Details = {}): void => {
    if (settled) return
    settled = true
    chunks = []
    reject(new Refusal(reason, { mayHaveRun: sent, ...details }))
    abort?.()
  }
  const answer = (result: JsonObject): void => {
    if (settled) return
    settled = true
    resolve({ result, ...(session === undefined ? {} : { session }), otherMessages })
  }
  const message = (value: unknown): void => {
    if (!isObject(value) || value['jsonrpc'] !== '2.0') return refuse('upstream-malformed')
    // Requests and notifications of the server are not passed on; how many there were is recorded.
    if (typeof value['method'] === 'string') {
      otherMessages += 1
      return
    }
    if (value['id'] !== id) return refuse('upstream-malformed')
    if (value['error'] !== undefined) return refuse('upstream-error', { mayHaveRun: false })
    if (!isObject(value['result'])) return refuse('upstream-malformed')
    return answer(value['result'] as JsonObject)
  }

  return {
    /** The request is on its way: from now on it may have run. */
    sends(how: () => void): boolean {
      if (settled) return false
      abort = how
      sent = true
      return true
    },
    begun(status: number, headers: Fields): void {
      if (settled) return
      session = call.outgoing.method === 'initialize' ? text(headers['mcp-session-id']) : undefined
      const type = text(headers['content-type'])?.split(';')[0]?.trim().toLowerCase()
      if (headers['content-encoding'] !== undefined) return refuse('upstream-malformed')
      // It comes back in a header of ours: visible ASCII, as the revision says.
      if (session !== undefined && !/^[\x21-\x7e]+$/.test(session)) return refuse('upstream-malformed')
      if (status === 404 && call.session !== undefined)
        return refuse('session-unknown', { mayHaveRun: false })
      if (id === undefined && status >= 200 && status < 300) {
        take = () => undefined
        return answer({})
      }
      // A failure in the transport's own words says that the server took the message and declined it.
      if (status >= 400 && status < 500) return refuse('upstream-error', { mayHaveRun: false })
      if (status !== 200) return refuse('upstream-error')
      if (type === 'text/event-stream') {
        take = eventParser(({ data }) => {
          const parsed = parseText(data)
          if ('fault' in parsed) refuse('upstream-malformed')
          else message(parsed.value)
        }, limit)
      } else if (type !== 'application/json') refuse('upstream-malformed')
    },
    data(chunk: Buffer): void {
      size += chunk.length
      if (size > limit) return refuse('upstream-too-large')
      if (settled) return
      try {
        take(chunk)
      } catch (cause) {
        refuse('upstream-malformed', { cause })
      }
    },
    ended(): void {
      if (settled) return
      if (chunks.length > 0) {
        const parsed = parseJson(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))
        if ('fault' in parsed) return refuse('upstream-malformed')
        message(parsed.value)
      }
      // A stream that ends without our answer.
      refuse(size === 0 ? 'upstream-malformed' : 'upstream-broken-off')
    },
    failed(cause: Error): void {
      refuse(sent ? 'upstream-broken-off' : 'upstream-down', { cause })
    },
    /** Also when the answer is here: a stream that stays open behind it would hold its connection for ever. */
    late(): void {
      refuse('upstream-late')
      abort?.()
    },
  }
}

function text(value: Fields[string]): string | undefined {
  return typeof value === 'string' ? value : undefined
}
