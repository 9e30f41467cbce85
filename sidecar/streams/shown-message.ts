// One message of a server besides its answer, as it may leave: what the policy shows of it, and the record that must be
// there first.

import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import type { TextRule } from '../../core/policy.ts'
import type { Who } from '../../core/record.ts'
import { fitOneRecord } from '../../core/record-room.ts'
import { limitKey } from '../controls/authorize.ts'
import type { Deps } from '../deps.ts'
import type { Account, Identified } from '../exchange.ts'
import { type Context, type ServerRow, streamedRow } from '../from-server/messages.ts'
import { viewOf } from '../from-server/view.ts'
import { resultHash } from '../hashes.ts'
import type { ServerMessage } from '../hearing.ts'
import { patientTokens } from '../patient-token.ts'
import type { Target } from '../targets.ts'
import { relatedTask } from '../tasks/extension.ts'
import type { EntryOf } from '../trail/trail.ts'

/** Largest message, characters. */
const largest = 256 * 1024

/** Whose stream it is, and what its messages may be about. */
export type Listening = Pick<
  Identified,
  'call' | 'who' | 'inForce' | 'rules' | 'revision' | 'authorization'
> & {
  readonly context: Context
  /** Patients beyond whom this caller hears of nobody; undefined without such a bound. */
  readonly reach?: readonly string[]
  /** Patients whom the call named by a pseudonym. */
  readonly hidden?: readonly string[]
  /** What the call asks for; undefined where the stream belongs to no call. */
  readonly target?: Target
  /** Server's session, for answers to it. */
  readonly upstreamSession?: string
  /** Put into `_meta` of each message (MCP 2026-07-28, subscriptions/listen). */
  readonly subscriptionId?: string | number
  /** The event id for the caller, made of the server's; undefined where the stream cannot be taken up again. */
  readonly place?: (id: string) => string | undefined
}

/** The message as it may leave, with its record; undefined when it may not. */
export function shownMessage(
  message: ServerMessage,
  listening: Listening,
  deps: Deps,
): { readonly text: string; readonly entry: EntryOf<'event'> } | undefined {
  const { who, call, inForce, context, revision, upstreamSession, subscriptionId } = listening
  const kind = message.id === undefined ? 'notification' : 'request'
  const row = streamedRow(message.method, kind, revision)
  const rule = row?.rule(context)
  if (row === undefined || rule === undefined) return undefined
  const seen =
    row.task === true ? context.task?.(message.params) : viewed(row, rule, message, listening, deps)
  // A record has room for so many: what it could not name does not leave.
  if (seen === undefined || !fitOneRecord(seen.account.patients)) return undefined
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
  const bytes = Buffer.byteLength(text)
  if (text.length > largest || !withinVolume(bytes, listening, deps)) {
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
    bytes,
    patients: patientTokens(seen.account.patients, inForce),
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
  const { reach, hidden, inForce, context } = listening
  const view = viewOf(params, rule, inForce, hidden)
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
  return deps.limits.patients(limitKey(who, target), patients, patientsPerHour, deps.steady()) === undefined
}

/** And so do its bytes. */
function withinVolume(bytes: number, { who, target }: Listening, deps: Deps): boolean {
  if (target === undefined) return true
  const { resultBytesPerHour } = target.limits
  return deps.limits.amount(limitKey(who, target), bytes, resultBytesPerHour, deps.steady()) === undefined
}

function personOf({ iss, sub }: Who): { iss: string; sub: string } {
  return { iss, sub }
}
