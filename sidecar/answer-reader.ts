// Reads what the MCP server says to one request: its answer, and what it says besides on a stream. Settles once.

import { isObject } from '../core/is-object.ts'
import type { Incoming, JsonObject } from './exchange.ts'
import type { Held } from './http1/client.ts'
import { collected } from './http1/collect.ts'
import type { Fields } from './http1/response.ts'
import { parseJson, parseText } from './json.ts'
import { type Details, type Reason, Refusal } from './refusals.ts'
import { eventParser, type SentEvent } from './sse.ts'
import type { Mark } from './streams/outlet.ts'
import type { ServerMessage } from './streams/relay.ts'
import type { Call } from './upstream.ts'

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

/** Longest session identifier that is taken of a server, characters. */
const longestSession = 1_024

/** Takes one answer in, event by event. */
export function answerReader(
  id: number | undefined,
  call: Call,
  limit: number,
  resolve: (incoming: Incoming) => void,
  reject: (why: Refusal) => void,
) {
  const { hearing } = call
  let held: Held | undefined
  let settled = false
  let streaming = false
  /** It took the message and declined it, and says so in its transport's status. */
  let declined = false
  let session: string | undefined
  let size = 0
  let otherMessages = 0
  let messages = 0
  const body = collected()
  let take: (chunk: Buffer) => void = (chunk) => body.add(chunk)

  const refuse = (reason: Reason, details: Details = {}): void => {
    if (settled) return
    settled = true
    body.clear()
    reject(new Refusal(reason, { mayHaveRun: held !== undefined, ...details }))
    held?.abort()
  }
  const answer = (incoming: Incoming): void => {
    if (settled) return
    settled = true
    resolve(incoming)
  }
  const message = (value: unknown, said: string, mark?: Mark): void => {
    // What comes behind the answer belongs to nothing.
    if (settled) return
    messages += 1
    if (declined) {
      const error = isObject(value) && isObject(value['error']) ? value['error'] : {}
      return refuse('upstream-error', { mayHaveRun: false, ...errorOf(error) })
    }
    if (!isObject(value) || value['jsonrpc'] !== '2.0') return refuse('upstream-malformed')
    if (typeof value['method'] === 'string') {
      const told = serverMessage(value)
      if (hearing === undefined || told === undefined) otherMessages += 1
      else if (!hearing.take(told, mark)) held?.pause()
      return
    }
    if (value['id'] !== id) return refuse('upstream-malformed')
    if (isObject(value['error']))
      return refuse('upstream-error', { mayHaveRun: false, ...errorOf(value['error']) })
    if (value['error'] !== undefined || !isObject(value['result'])) return refuse('upstream-malformed')
    return answer({
      result: value['result'] as JsonObject,
      ...(call.keepText === true ? { text: said } : {}),
      ...(session === undefined ? {} : { session }),
      otherMessages,
    })
  }

  return {
    get streaming() {
      return streaming
    },
    get settled() {
      return settled
    },
    get messages() {
      return messages
    },
    /** The request is on its way: from now on it may have run. */
    sends(connection: Held): boolean {
      if (settled) return false
      held = connection
      return true
    },
    begun(status: number, headers: Fields): void {
      if (settled) return
      session = call.outgoing.method === 'initialize' ? text(headers['mcp-session-id']) : undefined
      const type = mediaType(headers)
      if (headers['content-encoding'] !== undefined) return refuse('upstream-malformed')
      // It comes back in a header of ours: visible ASCII, as the revision says.
      if (session !== undefined && (session.length > longestSession || !/^[\x21-\x7e]+$/.test(session)))
        return refuse('upstream-malformed')
      if (status === 404 && call.session !== undefined)
        return refuse('session-unknown', { mayHaveRun: false })
      if (id === undefined && status >= 200 && status < 300) {
        take = () => undefined
        return answer({ result: {}, otherMessages })
      }
      if (status === 200 && type === 'text/event-stream') {
        streaming = true
        hearing?.began?.(() => held?.resume(), id)
        take = eventParser((event) => sent(event), limit)
        return
      }
      // A failure in the transport's own words says that the server took the message and declined it; in JSON-RPC's, it
      // says which error it is.
      if (status >= 400 && status < 500 && type !== 'application/json')
        return refuse('upstream-error', { mayHaveRun: false })
      if (status !== 200 && (status < 400 || status >= 500)) return refuse('upstream-error')
      declined = status !== 200
      if (type !== 'application/json') refuse('upstream-malformed')
    },
    data(chunk: Buffer): void {
      size += chunk.length
      // Of a stream the parser bounds each event: what has left is not held.
      if (!streaming && size > limit) return refuse('upstream-too-large')
      if (settled) return
      try {
        take(chunk)
      } catch (cause) {
        refuse(cause instanceof RangeError ? 'upstream-too-large' : 'upstream-malformed', { cause })
      }
    },
    ended(): void {
      if (settled) return
      if (body.size > 0) {
        const whole = body.whole()
        const parsed = parseJson(whole)
        if ('fault' in parsed && !declined) return refuse('upstream-malformed')
        const text = call.keepText === true ? whole.toString('utf8') : ''
        message('fault' in parsed ? undefined : parsed.value, text)
      }
      if (continues()) return
      // A stream that ends without our answer.
      refuse(size === 0 ? 'upstream-malformed' : 'upstream-broken-off')
    },
    failed(cause: Error): void {
      if (continues()) return
      refuse(held === undefined ? 'upstream-down' : 'upstream-broken-off', { cause })
    },
    /** Also when the answer is here: a stream that stays open behind it would hold its connection for ever. */
    late(): void {
      refuse('upstream-late')
      held?.abort()
    },
    /** The caller is gone: nobody waits for it. */
    left(): void {
      refuse('caller-gone')
      held?.abort()
    },
    /** The caller is away, and will come again: as long as we read, the server would keep nothing for them. */
    away(): void {
      if (continues()) held?.abort()
    },
  }

  /** The server goes on when the stream is taken up again (SEP-1699), or would, where it is broken off. */
  function continues(): boolean {
    if (settled || hearing?.resumable !== true) return false
    answer({ result: {}, otherMessages, later: true })
    return true
  }

  /** An event without data says only where a stream could be taken up again. */
  function sent({ data, ...event }: SentEvent): void {
    const mark = markOf(event)
    if (data === '') {
      if (mark !== undefined && hearing?.mark?.(mark) === false) held?.pause()
      return
    }
    const parsed = parseText(data)
    if ('fault' in parsed) refuse('upstream-malformed')
    else message(parsed.value, data, mark)
  }
}

/** Reads a stream that belongs to no request of its own. Resolves when it ends. */
export function streamReader(
  { hearing, lastEventId }: { readonly hearing: Hearing; readonly lastEventId?: string },
  limit: number,
  resolve: () => void,
  reject: (why: Refusal) => void,
) {
  let held: Held | undefined
  let settled = false
  let open = false
  const refuse = (reason: Reason, cause?: unknown): void => {
    if (settled) return
    settled = true
    reject(new Refusal(reason, { mayHaveRun: false, ...(cause === undefined ? {} : { cause }) }))
    held?.abort()
  }
  const done = (): void => {
    if (settled) return
    settled = true
    resolve()
    held?.abort()
  }
  let messages = 0
  const parse = eventParser(({ data, ...event }) => {
    const mark = markOf(event)
    if (data === '') {
      if (mark !== undefined && hearing.mark?.(mark) === false) held?.pause()
      return
    }
    messages += 1
    const parsed = parseText(data)
    const value = 'value' in parsed ? parsed.value : undefined
    if (!isObject(value) || value['jsonrpc'] !== '2.0') return refuse('upstream-malformed')
    const said = serverMessage(value)
    if (said !== undefined) {
      if (!hearing.take(said, mark)) held?.pause()
      return
    }
    // Answers belong to the streams of their requests: here only that of the call which this stream goes on with.
    const { late } = hearing
    if (late === undefined || value['id'] !== late.id || value['method'] !== undefined) return
    late.take(value)
    done()
  }, limit)

  return {
    get streaming() {
      return open
    },
    get settled() {
      return settled
    },
    get messages() {
      return messages
    },
    sends(connection: Held): boolean {
      if (settled) return false
      held = connection
      return true
    },
    begun(status: number, headers: Fields): void {
      const type = mediaType(headers)
      if (status === 404) return refuse('session-unknown')
      if (status === 405) return refuse('method-not-allowed')
      // It keeps no such event, or not any more.
      if (lastEventId !== undefined && status >= 400 && status < 500) return refuse('event-unknown')
      if (status !== 200 || type !== 'text/event-stream' || headers['content-encoding'] !== undefined)
        return refuse('upstream-malformed')
      open = true
      hearing.began?.(() => held?.resume())
    },
    data(chunk: Buffer): void {
      if (settled || !open) return
      try {
        parse(chunk)
      } catch (cause) {
        refuse('upstream-malformed', cause)
      }
    },
    ended: done,
    failed(cause: Error): void {
      if (open) done()
      else refuse('upstream-down', cause)
    },
    late() {
      // Without a head there was no stream.
      if (open) done()
      else refuse('upstream-late')
    },
    left: done,
  }
}

/** Undefined for an event that says nothing of where the stream can be taken up again, or when. */
function markOf({ id, retry }: Omit<SentEvent, 'data'>): Mark | undefined {
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

function text(value: Fields[string]): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The media type of a response without its parameters, in small letters. */
function mediaType(headers: Fields): string | undefined {
  return text(headers['content-type'])?.split(';')[0]?.trim().toLowerCase()
}
