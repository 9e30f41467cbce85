// Puts through what a server sends besides its answer: each message under policy, in order, and covered by a record
// that is acknowledged before a byte of it leaves. Messages that arrive together are recorded together: the trail
// commits what waits in one go. What may not leave is counted, and a question that may not is answered for the caller.

import { isObject } from '../../core/is-object.ts'
import type { TextRule } from '../../core/policy.ts'
import type { Who } from '../../core/record.ts'
import { limitKey } from '../controls/authorize.ts'
import { mostPatients } from '../controls/shown-result.ts'
import type { Deps } from '../deps.ts'
import type { Account, Identified, JsonObject } from '../exchange.ts'
import { type Context, type ServerRow, streamedRow } from '../from-server/messages.ts'
import { viewOf } from '../from-server/view.ts'
import { resultHash } from '../hashes.ts'
import { recorded } from '../recorded.ts'
import { patientTokens } from '../redaction/patient-token.ts'
import type { Target } from '../targets.ts'
import { relatedTask } from '../tasks/extension.ts'
import type { Mark, Outlet } from './outlet.ts'

/** Messages whose record or sending is awaited at a time; then the server is no longer read. */
const most = 64
/** Refusals of a server's questions that are on their way to it at a time; beyond them it is not even told. */
const mostRefusals = 64
/** Largest message, characters. */
const largest = 256 * 1024

/** A message of a server: a notification, or a request when it has an id. */
export type ServerMessage = {
  readonly method: string
  readonly id?: string | number
  readonly params: JsonObject
}

/** Whose stream it is, and what its messages may be about. */
export type Listening = Pick<
  Identified,
  'call' | 'who' | 'inForce' | 'rules' | 'revision' | 'authorization'
> & {
  readonly context: Context
  /** Patients beyond whom this caller hears of nobody; undefined without such a bound. */
  readonly reach?: readonly string[]
  /** What the call asks for; undefined where the stream belongs to no call. */
  readonly target?: Target
  /** Server's session, for answers to it. */
  readonly upstreamSession?: string
  /** Put into `_meta` of each message (MCP 2026-07-28, subscriptions/listen). */
  readonly subscriptionId?: string | number
  /** The event id for the caller, made of the server's; undefined where the stream cannot be taken up again. */
  readonly place?: (id: string) => string | undefined
}

export type Relay = {
  /** Takes a message. Returns false when the server should be read no further until `room` is called. */
  take(message: ServerMessage, mark?: Mark): boolean
  /** Tells the caller where the stream can be taken up again. Returns as `take` does. */
  mark(mark: Mark): boolean
  /** Sends a text of ours in its turn, when `kept` has resolved. */
  say(text: string, kept: Promise<void>): void
  /** Resolves when everything taken has left or was withheld. Rejects when one could not be recorded. */
  settled(): Promise<void>
  /** Messages that did not leave. */
  readonly withheld: number
  /** Whether the caller was told of any place at which to take the stream up again. */
  readonly resumable: boolean
}

function noop(): void {}

/** `room`: called when a server that was to wait may be read again. */
export function relay(listening: Listening, outlet: Outlet, deps: Deps, room: () => void): Relay {
  let withheld = 0
  let waiting = 0
  let refusing = 0
  let tail: Promise<void> = Promise.resolve()
  let failed: { why: unknown } | undefined
  let resumable = false

  const withhold = (message: ServerMessage): void => {
    withheld += 1
    // Each is a request of its own: a server that asks and asks must not fill our memory with what it is told.
    if (message.id === undefined || refusing >= mostRefusals) return
    refusing += 1
    void answerFor(message.method, message.id, listening, deps).finally(() => (refusing -= 1))
  }

  /** The caller's own mark: where a stream cannot be taken up again, there is nothing to wait for either. */
  const ours = ({ id, retry }: Mark = {}): Mark | undefined => {
    const handle = id === undefined ? undefined : listening.place?.(id)
    if (handle !== undefined) resumable = true
    if (!resumable) return undefined
    const mark = {
      ...(handle === undefined ? {} : { id: handle }),
      ...(retry === undefined ? {} : { retry }),
    }
    return Object.keys(mark).length === 0 ? undefined : mark
  }
  const put = (
    text: string,
    kept: Promise<void>,
    mark: Mark | undefined,
    withheldInstead = noop,
  ): boolean => {
    waiting += 1
    tail = tail
      .then(async () => {
        await kept
        if (failed !== undefined) return
        // Whatever was ordered since the message came counts: a locked server says nothing more.
        if (
          deps.orders.standing().locked !== undefined ||
          deps.orders.revoked(listening.who, listening.authorization) !== undefined
        ) {
          withheldInstead()
          return
        }
        await outlet.event(text, mark)
      })
      .catch((why: unknown) => {
        failed ??= { why }
      })
      .then(() => {
        waiting -= 1
        if (waiting === most - 1) room()
      })
    // Whoever awaits it is the tail; without this a rejection in between would go unheard.
    kept.catch(() => undefined)
    return waiting < most
  }
  // Nothing of the server's stands in a mark: there is nothing to record.
  const markAlone = (mark: Mark | undefined): boolean => {
    const own = ours(mark)
    return own === undefined || failed !== undefined ? true : put('', Promise.resolve(), own)
  }

  return {
    take(message, mark) {
      if (failed !== undefined) return true
      const shown = show(message, listening, deps)
      if (shown === undefined) {
        withhold(message)
        // What does not leave begins no stream, but one that has begun goes on behind it.
        return resumable ? markAlone(mark) : true
      }
      return put(shown.text, recorded(deps.trail.event(shown.entry)), ours(mark), () => withhold(message))
    },
    mark: markAlone,
    say: (text, kept) => void put(text, kept, undefined),
    async settled() {
      await tail
      if (failed !== undefined) throw failed.why
    },
    get withheld() {
      return withheld
    },
    get resumable() {
      return resumable
    },
  }
}

/** The message as it may leave, with its record; undefined when it may not. */
function show(message: ServerMessage, listening: Listening, deps: Deps) {
  const { who, call, inForce, context, revision, upstreamSession, subscriptionId } = listening
  const kind = message.id === undefined ? 'notification' : 'request'
  const row = streamedRow(message.method, kind, revision)
  const rule = row?.rule(context)
  if (row === undefined || rule === undefined) return undefined
  const seen =
    row.task === true ? context.task?.(message.params) : viewed(row, rule, message, listening, deps)
  if (seen === undefined) return undefined
  const id =
    message.id === undefined
      ? undefined
      : deps.pending.ask(
          who,
          {
            method: row.method,
            upstreamId: message.id,
            ...(upstreamSession === undefined ? {} : { session: upstreamSession }),
          },
          deps.clock(),
        )
  if (message.id !== undefined && id === undefined) return undefined
  const meta = {
    ...(subscriptionId === undefined ? {} : { 'io.modelcontextprotocol/subscriptionId': subscriptionId }),
    ...related(message.params, context),
  }
  const text = JSON.stringify({
    jsonrpc: '2.0',
    ...(id === undefined ? {} : { id }),
    method: row.method,
    params: { ...seen.params, ...(Object.keys(meta).length === 0 ? {} : { _meta: meta }) },
  })
  if (text.length > largest) {
    // Nobody was asked it, and nobody has so many to be asked.
    deps.pending.close(id)
    return undefined
  }
  const entry = {
    kind: 'event' as const,
    call,
    ...personOf(who),
    method: row.method,
    result: resultHash(text, inForce),
    bytes: Buffer.byteLength(text),
    patients: patientTokens(seen.account.patients.slice(0, mostPatients), inForce),
    dropped: { ...seen.account.dropped },
    redacted: { ...seen.account.redacted },
  }
  return { text, entry }
}

type Seen = {
  readonly params: JsonObject
  readonly account: Pick<Account, 'patients' | 'dropped' | 'redacted'>
}

function viewed(
  row: ServerRow,
  rule: TextRule,
  { params }: ServerMessage,
  listening: Listening,
  deps: Deps,
): Seen | undefined {
  const { reach, inForce, context } = listening
  const view = viewOf(params, rule, inForce)
  const left = row.show(params, view, context)
  const { patients } = view
  if (left === undefined) return undefined
  if (reach !== undefined && patients.some((patient) => !reach.includes(patient))) return undefined
  if (!withinLimit(patients, listening, deps)) return undefined
  return { params: left, account: { patients, ...view.tally } }
}

/** Whose task a question belongs to, by the caller's handle (MCP 2025-11-25, Associating Task-Related Messages). */
function related({ _meta: meta }: JsonObject, { handleOf }: Context): JsonObject {
  const task = isObject(meta) ? meta[relatedTask] : undefined
  const handle = isObject(task) ? handleOf?.(task['taskId']) : undefined
  return handle === undefined ? {} : { [relatedTask]: { taskId: handle } }
}

/** Patients in what is said during a call count like those in its result: else a log would be the way around the limit. */
function withinLimit(patients: readonly string[], { who, target }: Listening, deps: Deps): boolean {
  if (target === undefined) return true
  const { patientsPerHour } = target.limits
  return deps.limits.patients(limitKey(who, target), patients, patientsPerHour, deps.clock()) === undefined
}

function personOf({ iss, sub }: Who): { iss: string; sub: string } {
  return { iss, sub }
}

/**
 * A server that asks what may not be asked is told so, and need not wait. Whether its caller is there (ping) it asks of the
 * connection's other end, which is here.
 */
async function answerFor(
  method: string,
  id: string | number,
  { inForce, revision, upstreamSession }: Listening,
  deps: Deps,
): Promise<void> {
  const answer =
    method === 'ping' && revision !== '2026-07-28'
      ? { result: {} }
      : { error: { code: -32601, message: 'Not permitted by the policy of this gateway' } }
  await deps.upstream
    .respond({
      path: inForce.policy.workload.path,
      revision,
      ...(upstreamSession === undefined ? {} : { session: upstreamSession }),
      id,
      ...answer,
    })
    .catch(() => undefined)
}
