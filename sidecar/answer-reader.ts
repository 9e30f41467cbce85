// Reads what the MCP server says to one request: its answer, and what it says besides on a stream. Settles once.

import type { JsonObject } from '../core/canonical.ts'
import { isObject } from '../core/is-object.ts'
import { parseJson, parseText } from '../core/json.ts'
import type { Incoming } from './exchange.ts'
import { errorOf, fieldText, markOf, mediaType, type Progress, serverMessage } from './hearing.ts'
import type { Held } from './http1/client.ts'
import { Collected } from './http1/collect.ts'
import type { Fields } from './http1/response.ts'
import { lyingAnswer, lyingResult } from './lying-answer.ts'
import { type Details, type Reason, Refusal } from './refusals.ts'
import { eventParser, type SentEvent } from './sse.ts'
import type { Mark } from './streams/outlet.ts'
import type { Call } from './upstream.ts'

/** Longest session identifier that is taken of a server, characters. */
const longestSession = 1_024

/** Takes one answer in, event by event. One is held for every call that runs, so it is small. */
export class AnswerReader {
  readonly progress: Progress = { streaming: false, settled: false, messages: 0 }
  readonly #id: number | undefined
  readonly #call: Call
  readonly #limit: number
  readonly #resolve: (incoming: Incoming) => void
  readonly #reject: (why: Refusal) => void
  #held: Held | undefined
  /** It took the message and declined it, and says so in its transport's status. */
  #declined = false
  #session: string | undefined
  #size = 0
  #otherMessages = 0
  readonly #body = new Collected()
  #events: ((chunk: Buffer) => void) | undefined

  /** `limit`: of a body, or of an event, bytes. */
  constructor(
    id: number | undefined,
    call: Call,
    limit: number,
    resolve: (incoming: Incoming) => void,
    reject: (why: Refusal) => void,
  ) {
    this.#id = id
    this.#call = call
    this.#limit = limit
    this.#resolve = resolve
    this.#reject = reject
  }

  /** The request is on its way: from now on it may have run. */
  sends(connection: Held): boolean {
    if (this.progress.settled) return false
    this.#held = connection
    return true
  }

  begun(status: number, headers: Fields): void {
    if (this.progress.settled) return
    const { outgoing, session: ours, hearing } = this.#call
    const session = outgoing.method === 'initialize' ? fieldText(headers['mcp-session-id']) : undefined
    this.#session = session
    const type = mediaType(headers)
    if (headers['content-encoding'] !== undefined) return this.#refuse('upstream-malformed')
    // It comes back in a header of ours: visible ASCII, as the revision says.
    if (session !== undefined && (session.length > longestSession || !/^[\x21-\x7e]+$/.test(session)))
      return this.#refuse('upstream-malformed')
    if (status === 404 && ours !== undefined) return this.#refuse('session-unknown', { mayHaveRun: false })
    if (this.#id === undefined && status >= 200 && status < 300)
      return this.#answer({ result: {}, otherMessages: this.#otherMessages })
    if (status === 200 && type === 'text/event-stream') {
      hearing?.began?.(() => this.#held?.resume(), this.#id)
      this.progress.streaming = true
      this.#events = eventParser((event) => this.#sent(event), this.#limit)
      return
    }
    // A failure in the transport's own words says that the server took the message and declined it; in JSON-RPC's, it
    // says which error it is.
    if (status >= 400 && status < 500 && type !== 'application/json')
      return this.#refuse('upstream-error', { mayHaveRun: false })
    if (status !== 200 && (status < 400 || status >= 500)) return this.#refuse('upstream-error')
    this.#declined = status !== 200
    if (type !== 'application/json') this.#refuse('upstream-malformed')
  }

  data(chunk: Buffer): void {
    this.#size += chunk.length
    // Of a stream the parser bounds each event: what has left is not held.
    if (this.#events === undefined && this.#size > this.#limit) return this.#refuse('upstream-too-large')
    if (this.progress.settled) return
    if (this.#events === undefined) return this.#body.add(chunk)
    try {
      this.#events(chunk)
    } catch (cause) {
      this.#refuse(cause instanceof RangeError ? 'upstream-too-large' : 'upstream-malformed', { cause })
    }
  }

  ended(): void {
    if (this.progress.settled) return
    if (this.#body.size > 0) {
      const whole = this.#body.whole()
      if (this.#lies(whole)) return
      const parsed = parseJson(whole)
      if ('fault' in parsed && !this.#declined) return this.#refuse('upstream-malformed')
      const said = this.#call.keepText === true ? whole.toString('utf8') : ''
      this.#message('fault' in parsed ? undefined : parsed.value, said)
    }
    if (this.#continues()) return
    // A stream that ends without our answer.
    this.#refuse(this.#size === 0 ? 'upstream-malformed' : 'upstream-broken-off')
  }

  failed(cause: Error): void {
    if (this.#continues()) return
    this.#refuse(this.#held === undefined ? 'upstream-down' : 'upstream-broken-off', { cause })
  }

  /** Also when the answer is here: a stream that stays open behind it would hold its connection for ever. */
  late(): void {
    this.#refuse('upstream-late')
    this.#held?.abort()
  }

  /** The caller is gone: nobody waits for it. */
  left(): void {
    this.#refuse('caller-gone')
    this.#held?.abort()
  }

  /** The caller is away, and will come again: as long as we read, the server would keep nothing for them. */
  away(): void {
    if (this.#continues()) this.#held?.abort()
  }

  #refuse(reason: Reason, details: Details = {}): void {
    if (this.progress.settled) return
    this.progress.settled = true
    this.#body.clear()
    this.#reject(new Refusal(reason, { mayHaveRun: this.#held !== undefined, ...details }))
    this.#held?.abort()
  }

  #answer(incoming: Incoming): void {
    if (this.progress.settled) return
    this.progress.settled = true
    this.#body.clear()
    this.#resolve(incoming)
  }

  /** Answers with what is read where it lies, if it is wanted so and is the answer. */
  #lies(bytes: Buffer): boolean {
    const lying = this.#call.lying === true && !this.#declined ? lyingResult(bytes, this.#id) : undefined
    if (lying === undefined || this.progress.settled) return false
    this.progress.messages += 1
    const besides = { otherMessages: this.#otherMessages }
    this.#answer(
      lyingAnswer(lying, this.#session === undefined ? besides : { ...besides, session: this.#session }),
    )
    return true
  }

  #message(value: unknown, said: string, mark?: Mark): void {
    // What comes behind the answer belongs to nothing.
    if (this.progress.settled) return
    this.progress.messages += 1
    if (this.#declined) {
      const error = isObject(value) && isObject(value['error']) ? value['error'] : {}
      return this.#refuse('upstream-error', { mayHaveRun: false, ...errorOf(error) })
    }
    if (!isObject(value) || value['jsonrpc'] !== '2.0') return this.#refuse('upstream-malformed')
    if (typeof value['method'] === 'string') {
      const { hearing } = this.#call
      const told = serverMessage(value)
      if (hearing === undefined || told === undefined) this.#otherMessages += 1
      else if (!hearing.take(told, mark)) this.#held?.pause()
      return
    }
    if (value['id'] !== this.#id) return this.#refuse('upstream-malformed')
    if (isObject(value['error']))
      return this.#refuse('upstream-error', { mayHaveRun: false, ...errorOf(value['error']) })
    if (value['error'] !== undefined || !isObject(value['result'])) return this.#refuse('upstream-malformed')
    return this.#answer({
      result: value['result'] as JsonObject,
      ...(this.#call.keepText === true ? { text: said } : {}),
      ...(this.#session === undefined ? {} : { session: this.#session }),
      otherMessages: this.#otherMessages,
    })
  }

  /** The server goes on when the stream is taken up again (SEP-1699), or would, where it is broken off. */
  #continues(): boolean {
    if (this.progress.settled || this.#call.hearing?.resumable !== true) return false
    this.#answer({ result: {}, otherMessages: this.#otherMessages, later: true })
    return true
  }

  /** An event without data says only where a stream could be taken up again. */
  #sent({ data, ...event }: SentEvent): void {
    const mark = markOf(event)
    if (data === '') {
      if (mark !== undefined && this.#call.hearing?.mark?.(mark) === false) this.#held?.pause()
      return
    }
    // A message of the server's own has no result.
    if (this.#call.lying === true && data.includes('"result"') && this.#lies(Buffer.from(data, 'utf8')))
      return
    const parsed = parseText(data)
    if ('fault' in parsed) this.#refuse('upstream-malformed')
    else this.#message(parsed.value, data, mark)
  }
}
