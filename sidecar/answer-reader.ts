// Reads what the MCP server says to one request: its answer, and what it says besides on a stream. Settles once.

import { isObject } from '../core/is-object.ts'
import type { Incoming, JsonObject } from './exchange.ts'
import { errorOf, fieldText, markOf, mediaType, type Progress, serverMessage } from './hearing.ts'
import type { Held } from './http1/client.ts'
import { collected } from './http1/collect.ts'
import type { Fields } from './http1/response.ts'
import { parseJson, parseText } from './json.ts'
import { type Details, type Reason, Refusal } from './refusals.ts'
import { eventParser, type SentEvent } from './sse.ts'
import type { Mark } from './streams/outlet.ts'
import type { Call } from './upstream.ts'

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
  const progress: Progress = { streaming: false, settled: false, messages: 0 }
  /** It took the message and declined it, and says so in its transport's status. */
  let declined = false
  let session: string | undefined
  let size = 0
  let otherMessages = 0
  const body = collected()
  let take: (chunk: Buffer) => void = (chunk) => body.add(chunk)

  const refuse = (reason: Reason, details: Details = {}): void => {
    if (progress.settled) return
    progress.settled = true
    body.clear()
    reject(new Refusal(reason, { mayHaveRun: held !== undefined, ...details }))
    held?.abort()
  }
  const answer = (incoming: Incoming): void => {
    if (progress.settled) return
    progress.settled = true
    resolve(incoming)
  }
  const message = (value: unknown, said: string, mark?: Mark): void => {
    // What comes behind the answer belongs to nothing.
    if (progress.settled) return
    progress.messages += 1
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
    progress,
    /** The request is on its way: from now on it may have run. */
    sends(connection: Held): boolean {
      if (progress.settled) return false
      held = connection
      return true
    },
    begun(status: number, headers: Fields): void {
      if (progress.settled) return
      session = call.outgoing.method === 'initialize' ? fieldText(headers['mcp-session-id']) : undefined
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
        progress.streaming = true
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
      if (!progress.streaming && size > limit) return refuse('upstream-too-large')
      if (progress.settled) return
      try {
        take(chunk)
      } catch (cause) {
        refuse(cause instanceof RangeError ? 'upstream-too-large' : 'upstream-malformed', { cause })
      }
    },
    ended(): void {
      if (progress.settled) return
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
    if (progress.settled || hearing?.resumable !== true) return false
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
