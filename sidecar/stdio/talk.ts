// JSON-RPC with one server process that serves many callers at once, over one connection. What belongs to whom is the
// whole matter: an answer is whose id it bears, a message besides answers is whose token it bears, and what bears none
// of ours reaches nobody. The server's own requests name no call, so each is declined (45 CFR 164.312(a)(1)).

import { randomInt } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { parseJson } from '../../core/json.ts'
import { errorOf, type Hearing, serverMessage } from '../hearing.ts'
import { type Details, type Reason, Refusal } from '../refusals.ts'
import type { Gone } from '../streams/leaving.ts'
import { type Line, lineReader } from './lines.ts'

type Asking = {
  readonly method: string
  readonly params: JsonObject
  /** Takes what the server says about this request besides its answer; omitted, it is counted and thrown away. */
  readonly hearing?: Hearing
  /** Aborted when nobody waits for the answer any more: the server is told to stop. */
  readonly gone?: Gone
  /** A subscription, which may be silent as long as it likes. */
  readonly endless?: boolean
  /** Instead of the usual time to answer, milliseconds. */
  readonly deadline?: number
  /** Whether the text of the answer is wanted beside what was parsed of it. */
  readonly keepText?: true
  /** Told the id under which the request runs, at once. */
  readonly sent?: (id: number) => void
}
type Said = { readonly result: JsonObject; readonly otherMessages: number; readonly text?: string }

/** How often something happened that reaches no caller. */
type Strays = {
  /** Lines that are no JSON-RPC message. */
  noise: number
  /** Answers that nobody waits for: late, twice, invented. */
  answers: number
  /** Notifications that name no request of ours. */
  notifications: number
  /** Requests of the server, declined. */
  declined: number
}

export interface Talk {
  /** Resolves to the result of one request. Rejects with a Refusal that says whether it may have run. */
  ask(asking: Asking): Promise<Said>
  /** Nothing comes back. */
  notify(method: string, params: JsonObject): void
  readonly strays: Readonly<Strays>
  /** Resolves when the connection is over. */
  readonly ended: Promise<void>
  /** Ends it; what runs breaks off. */
  end(): void
}

export type TalkOptions = {
  /** From sending a request to its answer, milliseconds. */
  readonly deadline: number
  /** Largest message that is taken in, bytes. */
  readonly limit: number
  /** Takes notifications that are about the server itself. */
  readonly changed: (method: string, params: JsonObject) => void
}

/** A call that tells of its progress may be silent ten times as long. */
const progressFactor = 10
/** Longest call all the same, milliseconds. */
const longest = 3_600_000
/** Bytes that may wait to be read by a server; beyond, it is as good as down. */
const mostUnread = 16 * 1024 * 1024
/** Requests that were given up and never answered: a server that has so many is stuck and is begun anew. */
const mostLeft = 1_000
/**
 * Ids are drawn, not counted: a server that answers with another id than the one it was given then hits nobody's call.
 * 31 bits, because some servers keep an id in 32.
 */
const idBelow = 2 ** 31

/** About the server itself, without a word of any call (MCP 2025-11-25: list changes, and resources by their address). */
const aboutServer: ReadonlySet<string> = new Set([
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
])
const declinedError = { code: -32601, message: 'Not permitted: this gateway serves several callers at once' }

type Running = {
  readonly asking: Asking
  otherMessages: number
  /** Its caller cannot follow: what comes meanwhile is left out, for the others' answers come on the same connection. */
  full: boolean
  timer: NodeJS.Timeout | undefined
  /** On the clock of performance.now(). */
  readonly until: number
  settle(outcome: JsonObject | Refusal, line?: Buffer): void
}

export function talk(connection: Duplex, { deadline, limit, changed }: TalkOptions): Talk {
  const running = new Map<number, Running>()
  const left = new Set<number>()
  const strays: Strays = { noise: 0, answers: 0, notifications: 0, declined: 0 }
  const ended = Promise.withResolvers<void>()
  let over = false

  const write = (message: object): boolean =>
    connection.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)

  function freshId(): number {
    let id = randomInt(1, idBelow)
    while (running.has(id) || left.has(id)) id = randomInt(1, idBelow)
    return id
  }

  /** Nobody waits for it any more. The server may still answer, and that answer is nobody's. */
  function leave(id: number): void {
    left.add(id)
    if (!over) write({ method: 'notifications/cancelled', params: { requestId: id } })
    if (left.size > mostLeft) connection.destroy()
  }

  function fail(id: number, reason: Reason, details: Details = {}): void {
    running.get(id)?.settle(new Refusal(reason, { mayHaveRun: true, ...details }))
  }

  connection.on(
    'data',
    lineReader(limit, (line) => {
      const parsed = 'bytes' in line ? parseJson(line.bytes) : undefined
      if (parsed === undefined) return spoilt(line, 'upstream-too-large')
      if ('fault' in parsed) return spoilt(line, 'upstream-malformed')
      const { value } = parsed
      if (!isObject(value) || value['jsonrpc'] !== '2.0') strays.noise += 1
      else if (value['method'] === undefined) answered(value, line)
      else if (value['id'] === undefined) notified(value)
      else asked(value)
    }),
  )

  /** A line that cannot be taken in fails the one request whose id stands at an end of it, and no other. */
  function spoilt(line: Line, reason: Reason): void {
    const ends =
      'bytes' in line ? [line.bytes.subarray(0, 256), line.bytes.subarray(-256)] : [line.head, line.tail]
    const ids = ends.flatMap((end) =>
      [...end.toString('latin1').matchAll(/"id"\s*:\s*(\d{1,10})/g)].map(([, id]) => Number(id)),
    )
    const mine = new Set(ids.filter((id) => running.has(id)))
    const [only] = mine
    if (only === undefined || mine.size > 1) strays.noise += 1
    else fail(only, reason)
  }

  function answered(value: { readonly [member: string]: unknown }, line: Line): void {
    const { id, result, error } = value
    const request = typeof id === 'number' ? running.get(id) : undefined
    if (request === undefined) {
      strays.answers += 1
      if (typeof id === 'number') left.delete(id)
      return
    }
    if (isObject(error))
      return request.settle(new Refusal('upstream-error', { mayHaveRun: false, ...errorOf(error) }))
    if (error !== undefined || !isObject(result)) return fail(id as number, 'upstream-malformed')
    request.settle(result as JsonObject, 'bytes' in line ? line.bytes : undefined)
  }

  function asked(value: { readonly [member: string]: unknown }): void {
    const { id, method } = value
    if (typeof id !== 'string' && typeof id !== 'number') {
      strays.noise += 1
      return
    }
    // A server that asks without reading its answers must not fill our memory.
    if (connection.writableLength > mostUnread) return void connection.destroy()
    if (method === 'ping') return void write({ id, result: {} })
    strays.declined += 1
    write({ id, error: declinedError })
  }

  function notified(value: { readonly [member: string]: unknown }): void {
    const message = serverMessage(value)
    if (message === undefined) {
      strays.noise += 1
      return
    }
    const { method, params } = message
    // The server ends a subscription (MCP 2026-07-28, subscriptions/listen).
    if (method === 'notifications/cancelled') {
      const { requestId } = params
      const request = typeof requestId === 'number' ? running.get(requestId) : undefined
      if (request?.asking.endless === true) return fail(requestId as number, 'upstream-broken-off')
    }
    const request = whose(method, params)
    if (request !== undefined) return hear(request, method, params)
    if (aboutServer.has(method) && !namesSubscription(params)) return changed(method, params)
    strays.notifications += 1
  }

  /** The request that a notification names by a token or an id of ours, if it is one that asked for such. */
  function whose(method: string, params: JsonObject): Running | undefined {
    if (method === 'notifications/progress') {
      const { progressToken } = params
      const request = typeof progressToken === 'number' ? running.get(progressToken) : undefined
      return request !== undefined && wantsProgress(request.asking.params) ? request : undefined
    }
    const subscription = isObject(params['_meta']) ? params['_meta'][subscriptionId] : undefined
    const request = typeof subscription === 'number' ? running.get(subscription) : undefined
    return request?.asking.endless === true ? request : undefined
  }

  function hear(request: Running, method: string, params: JsonObject): void {
    const { hearing, endless } = request.asking
    if (request.timer !== undefined && endless !== true) {
      clearTimeout(request.timer)
      const left = Math.max(0, request.until - performance.now())
      request.timer = setTimeout(() => request.settle(tooLate()), Math.min(deadline * progressFactor, left))
    }
    if (hearing === undefined || request.full) request.otherMessages += 1
    else request.full = !hearing.take({ method, params })
  }

  connection.on('error', () => undefined)
  connection.once('close', () => {
    over = true
    for (const id of running.keys()) fail(id, 'upstream-broken-off')
    ended.resolve()
  })
  // A server that shuts its output answers nothing any more.
  connection.once('end', () => connection.destroy())

  return {
    strays,
    ended: ended.promise,
    end: () => void connection.destroy(),
    notify: (method, params) => {
      if (!over) write({ method, params })
    },
    ask: async (asking) =>
      await new Promise<Said>((resolve, reject) => {
        const { method, params, hearing, gone, endless } = asking
        if (gone?.aborted === true) return reject(new Refusal('caller-gone', { mayHaveRun: false }))
        if (over || connection.writableLength > mostUnread)
          return reject(new Refusal('upstream-down', { mayHaveRun: false }))
        const id = freshId()
        const late = (): void => request.settle(tooLate())
        const leaves = (): void => request.settle(new Refusal('caller-gone', { mayHaveRun: true }))
        const request: Running = {
          asking,
          otherMessages: 0,
          full: false,
          timer: endless === true ? undefined : setTimeout(late, asking.deadline ?? deadline),
          until: performance.now() + longest,
          settle(outcome, line) {
            if (!running.delete(id)) return
            clearTimeout(request.timer)
            gone?.removeEventListener('abort', leaves)
            if (!(outcome instanceof Refusal))
              return resolve({
                result: outcome,
                otherMessages: request.otherMessages,
                ...(asking.keepText === true && line !== undefined ? { text: line.toString('utf8') } : {}),
              })
            if (outcome.reason === 'upstream-late' || outcome.reason === 'caller-gone') leave(id)
            reject(outcome)
          },
        }
        running.set(id, request)
        gone?.addEventListener('abort', leaves, { once: true })
        asking.sent?.(id)
        hearing?.began?.(() => (request.full = false))
        write({ id, method, params: withToken(params, id) })
      }),
  }
}

const subscriptionId = 'io.modelcontextprotocol/subscriptionId'
const namesSubscription = (params: JsonObject): boolean =>
  isObject(params['_meta']) && params['_meta'][subscriptionId] !== undefined
const tooLate = (): Refusal => new Refusal('upstream-late', { mayHaveRun: true })
const wantsProgress = ({ _meta: meta }: JsonObject): boolean =>
  isObject(meta) && meta['progressToken'] !== undefined

/** A progress token is ours as well: callers' may be anything, and two may choose the same. */
function withToken(params: JsonObject, id: number): JsonObject {
  const { _meta: meta } = params
  return wantsProgress(params) && isObject(meta)
    ? { ...params, _meta: { ...meta, progressToken: id } }
    : params
}
