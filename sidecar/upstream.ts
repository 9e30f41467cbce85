// The MCP server in this pod: one HTTP request per message, over loopback. What it says is parsed and nothing more; its
// words reach nobody from here.

import type { JsonObject } from '../core/canonical.ts'
import { isObject } from '../core/is-object.ts'
import { AnswerReader } from './answer-reader.ts'
import type { Incoming, Outgoing, Revision } from './exchange.ts'
import { headerValue } from './header-values.ts'
import type { Hearing, Progress } from './hearing.ts'
import { type Held, http1Client, type Request, type RequestReader } from './http1/client.ts'
import type { Fields } from './http1/response.ts'
import { streamReader } from './stream-reader.ts'
import type { Gone } from './streams/leaving.ts'

/** From sending a message to its whole answer, milliseconds. */
const answerDeadline = 30_000
/**
 * A stream may be silent ten times as long: a person may be thinking about the server's question. Silent is one that sends
 * no message: bytes alone would keep it open, and its call running, for ever.
 */
const streamFactor = 10
/** Longest stream of a call, milliseconds. */
const longestCall = 3_600_000
/** Calls of callers that can be cancelled, at one time; the oldest goes first. */
const mostRunning = 10_000
/** Largest answer or event that is taken in, bytes. It is filtered in memory. */
const answerLimit = 8 * 1024 * 1024

type Place = {
  readonly path: string
  readonly revision: Revision
  /** The server's own session identifier. */
  readonly session?: string
}

export type Call = Place & {
  readonly outgoing: Outgoing
  /** Takes what the server says besides its answer; omitted, it is counted and thrown away. */
  readonly hearing?: Hearing
  /** By which the caller may cancel it. */
  readonly key?: string
  /** Aborted when nobody waits for the answer any more. */
  readonly gone?: Gone
  /** Whether the text of the answer is wanted beside what was parsed of it. */
  readonly keepText?: true
  /** Whether the answer is to be read where it lies, and no value made of it. */
  readonly lying?: true
  /** Aborted when the caller is away, and may come again for the answer (MCP before 2026-07-28, Resumability). */
  readonly away?: Gone
  /** A stream that may be silent as long as it likes. */
  readonly endless?: boolean
}

/** An answer of a caller to a question of the server, or our refusal of the question. */
type Response = Place & {
  readonly id: string | number
  readonly result?: JsonObject
  readonly error?: { readonly code: number; readonly message: string }
}

export interface Upstream {
  /** Resolves to the server's result. Rejects with a Refusal in our words; `mayHaveRun` says whether it was sent. */
  send(call: Call): Promise<Incoming>
  /** Resolves when the server took it. */
  respond(response: Response): Promise<void>
  /**
   * Messages of a session that belong to no call (MCP before 2026-07-28, GET), or what comes after an event of an earlier
   * stream, by the server's own id of it. Resolves when the stream ends.
   */
  listen(place: Place & { hearing: Hearing; gone: AbortSignal; lastEventId?: string }): Promise<void>
  /** Ends a session (DELETE). */
  endSession(place: Place): Promise<void>
  /** The server's id of a call that runs. */
  idOf(key: string): number | undefined
  /** Ends every connection. */
  close(): void
}

/** Milliseconds and bytes; `longest`: of the stream of a call. */
export type UpstreamOptions = {
  readonly port: number
  readonly deadline?: number
  readonly longest?: number
  readonly limit?: number
}

export function upstream({
  port,
  deadline = answerDeadline,
  longest = longestCall,
  limit = answerLimit,
}: UpstreamOptions): Upstream {
  const client = http1Client(port)
  const running = new Map<string, number>()
  let lastId = 0

  const post = (request: Request, reader: Reader, until: Until = {}): void => {
    const waiting = new Waiting(reader, until, { deadline, longest })
    waiting.begin()
    client.post(request, waiting)
  }

  return {
    send: async (call) =>
      await new Promise<Incoming>((resolve, reject) => {
        // Ids of our own: a caller's may hold anything, and may come twice.
        lastId = lastId === Number.MAX_SAFE_INTEGER ? 1 : lastId + 1
        const id = call.outgoing.notification ? undefined : lastId
        const { key } = call
        if (key !== undefined && id !== undefined) running.set(key, id)
        const over = (): void => {
          if (key !== undefined && running.get(key) === id) running.delete(key)
        }
        const reader = new AnswerReader(
          id,
          call,
          limit,
          (incoming) => {
            // One that goes on can still be cancelled, and is not heard to end.
            if (incoming.later !== true) over()
            for (const oldest of running.keys()) {
              if (running.size <= mostRunning) break
              running.delete(oldest)
            }
            resolve(incoming)
          },
          (why) => {
            over()
            reject(why)
          },
        )
        const { gone, away, endless } = call
        post({ path: call.path, lines: linesOf(call), body: bodyOf(id, call.outgoing) }, reader, {
          ...(gone === undefined ? {} : { gone }),
          ...(away === undefined ? {} : { away }),
          ...(endless === undefined ? {} : { endless }),
        })
      }),

    respond: async ({ path, revision, session, id, result, error }) =>
      await new Promise<void>((resolve, reject) => {
        const outgoing: Outgoing = { method: '', params: {}, notification: true }
        const call: Call = { path, revision, outgoing, ...(session === undefined ? {} : { session }) }
        const body = JSON.stringify({ jsonrpc: '2.0', id, ...(error === undefined ? { result } : { error }) })
        const reader = new AnswerReader(undefined, call, limit, () => resolve(), reject)
        post({ path, lines: linesOf(call), body }, reader)
      }),

    listen: async ({ path, revision, session, hearing, gone, lastEventId }) =>
      await new Promise<void>((resolve, reject) => {
        const from = lastEventId === undefined ? '' : `last-event-id: ${lastEventId}\r\n`
        const lines = `accept: text/event-stream\r\n${placeLines(revision, session)}${from}`
        const listening = { hearing, ...(lastEventId === undefined ? {} : { lastEventId }) }
        const reader = streamReader(listening, limit, resolve, reject)
        post({ method: 'GET', path, lines, body: '' }, reader, { gone, endless: true })
      }),

    endSession: async ({ path, revision, session }) =>
      await new Promise<void>((resolve, reject) => {
        const outgoing: Outgoing = { method: '', params: {}, notification: true }
        const reader = new AnswerReader(
          undefined,
          { path, revision, outgoing },
          limit,
          () => resolve(),
          reject,
        )
        post({ method: 'DELETE', path, lines: placeLines(revision, session), body: '' }, reader)
      }),

    idOf: (key) => running.get(key),
    close: () => client.close(),
  }
}

type Reader = RequestReader & {
  late(): void
  left(): void
  away?(): void
  readonly progress: Readonly<Progress>
}

type Until = Pick<Call, 'gone' | 'away' | 'endless'>
type Times = { readonly deadline: number; readonly longest: number }

/**
 * A request that waits for its answer: its reader hears `late` when nothing has come for the deadline, that of an answer or
 * that of a stream, and `left` or `away` when its caller is. One is held for every call that runs, so it is small.
 */
class Waiting implements RequestReader {
  readonly #reader: Reader
  readonly #until: Until
  readonly #times: Times
  #timer: NodeJS.Timeout | undefined
  #end: NodeJS.Timeout | undefined
  #heard = 0
  #answered = false

  constructor(reader: Reader, until: Until, times: Times) {
    this.#reader = reader
    this.#until = until
    this.#times = times
  }

  begin(): void {
    this.#wait(this.#times.deadline)
    const { gone, away } = this.#until
    gone?.addEventListener('abort', this, { once: true })
    away?.addEventListener('abort', this, { once: true })
    // Gone already: nothing of it is sent.
    if (gone?.aborted === true || away?.aborted === true) this.handleEvent()
  }

  /** Of `gone` or `away`. */
  handleEvent(): void {
    if (this.#until.gone?.aborted === true) this.#reader.left()
    if (this.#until.away?.aborted === true) this.#reader.away?.()
  }

  sends(held: Held): boolean {
    return this.#reader.sends(held)
  }

  begun(status: number, fields: Fields): void {
    this.#reader.begun(status, fields)
    if (!this.#reader.progress.streaming) return
    const { endless = false } = this.#until
    this.#wait(endless ? undefined : this.#times.deadline * streamFactor)
    if (!endless) this.#end = setTimeout(late, this.#times.longest, this.#reader)
  }

  data(chunk: Buffer): void {
    const reader = this.#reader
    const { progress } = reader
    reader.data(chunk)
    if (!progress.streaming || this.#answered) return
    if (progress.settled) {
      this.#answered = true
      // It has answered: what it still sends, and how long it keeps the stream open, is not waited for.
      this.#wait(this.#times.deadline)
    } else if (progress.messages > this.#heard) {
      this.#heard = progress.messages
      if (this.#until.endless !== true) this.#wait(this.#times.deadline * streamFactor)
    }
  }

  ended(): void {
    this.#over()
    this.#reader.ended()
  }

  failed(cause: Error): void {
    this.#over()
    this.#reader.failed(cause)
  }

  #wait(milliseconds: number | undefined): void {
    clearTimeout(this.#timer)
    this.#timer = milliseconds === undefined ? undefined : setTimeout(late, milliseconds, this.#reader)
  }

  #over(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#end)
    this.#until.gone?.removeEventListener('abort', this)
    this.#until.away?.removeEventListener('abort', this)
  }
}

const late = (reader: Reader): void => reader.late()

function placeLines(revision: Revision, session: string | undefined): string {
  return `mcp-protocol-version: ${revision}\r\n${session === undefined ? '' : `mcp-session-id: ${session}\r\n`}`
}

/** All that goes out besides the body: nothing of the caller's headers, above all not their token (MCP, token passthrough). */
function linesOf({ revision, outgoing, session }: Call): string {
  let lines = 'content-type: application/json\r\naccept: application/json, text/event-stream\r\n'
  if (outgoing.method !== 'initialize') lines += `mcp-protocol-version: ${revision}\r\n`
  if (session !== undefined) lines += `mcp-session-id: ${session}\r\n`
  if (revision === '2026-07-28') {
    lines += `mcp-method: ${outgoing.method}\r\n`
    if (outgoing.name !== undefined) lines += `mcp-name: ${headerValue(outgoing.name)}\r\n`
    for (const [name, value] of outgoing.headers ?? [])
      lines += `mcp-param-${name}: ${headerValue(value)}\r\n`
  }
  return lines
}

/** A progress token is ours as well, for the same reason as ids: whatever stream it comes back on is the call's own. */
function bodyOf(id: number | undefined, { method, params }: Outgoing): string {
  const { _meta: meta } = params
  const own =
    isObject(meta) && meta['progressToken'] !== undefined
      ? { ...params, _meta: { ...meta, progressToken: id } }
      : params
  return JSON.stringify({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), method, params: own })
}
