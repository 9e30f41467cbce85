// What a server says of a task, as its caller gets it: under the caller's handle, every text by the rule of the tool that
// made it, and what is in it - questions, a result, an error - as it would be in an answer of its own.

import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { fitOneRecord } from '../../core/record-room.ts'
import { toolResult } from '../../core/redaction/results.ts'
import { returnsUnder } from '../../core/redaction/rules.ts'
import { patientsBesides, type Showing, type Shown, shownResult } from '../controls/shown-result.ts'
import type { Deps } from '../deps.ts'
import type { Account, Revision } from '../exchange.ts'
import { shownInputs } from '../from-server/input-required.ts'
import { viewOf } from '../from-server/view.ts'
import { Refusal } from '../refusals.ts'
import type { Rules } from '../rules.ts'
import { relatedTask } from './extension.ts'

const statuses: ReadonlySet<unknown> = new Set([
  'working',
  'input_required',
  'completed',
  'failed',
  'cancelled',
])
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** How long it is kept and how often to ask, in the members' names of each revision. Both milliseconds. */
const names: { readonly [revision in Revision]?: { readonly life: string; readonly poll: string } } = {
  '2025-11-25': { life: 'ttl', poll: 'pollInterval' },
  '2026-07-28': { life: 'ttlMs', poll: 'pollIntervalMs' },
}

/** How long the server keeps the task, milliseconds; null for as long as it likes. */
export function lifeOf(state: JsonObject, revision: Revision): number | null {
  return count(state[names[revision]?.life ?? ''])
}

/** Members that say more than how the task stands: each has rules of its own. */
const inner = ['inputRequests', 'result', 'error', 'requestState', '_meta'] as const

/** In place of the server's own words. */
const failedSays = 'The call failed. The words of the server are withheld because they may hold patient data.'

/**
 * `details`: with the questions, the result or the error, as the extension of MCP 2026-07-28 has them in tasks/get and its
 * notification. Throws Refusal for what is no task, and for one about patients whom this caller may not reach.
 */
export function shownTask(
  state: JsonObject,
  handle: string,
  showing: Showing & { readonly rules: Rules },
  deps: Deps,
  details: boolean,
): Shown {
  const { revision, inForce, found, hidden } = showing
  const returns = returnsUnder(found.target, showing)
  const { status, createdAt, lastUpdatedAt, statusMessage } = state
  const { life = '', poll = '' } = names[revision] ?? {}
  if (!statuses.has(status) || !isTime(createdAt) || !isTime(lastUpdatedAt))
    throw new Refusal('upstream-malformed', { mayHaveRun: true })

  // A name that stands in the result is found in the message too; patients of the result are counted with the result.
  const all = viewOf(state, returns.text, inForce, hidden)
  const rest = Object.fromEntries(Object.entries(state).filter(([name]) => !isInner(name)))
  const said = patientsBesides(rest, showing, deps)

  const message = all.text(statusMessage)
  const interval = count(state[poll])
  const more = details ? detailsOf(state, showing, deps) : { result: {}, account: nothing }
  const patients = [...new Set([...said, ...more.account.patients])]
  if (!fitOneRecord(patients)) throw new Refusal('result-too-many-patients')
  return {
    result: {
      ...(returns.whole ? rest : {}),
      taskId: handle,
      status,
      ...(message === undefined ? {} : { statusMessage: message }),
      createdAt,
      lastUpdatedAt,
      [life]: count(state[life]),
      ...(interval === null ? {} : { [poll]: interval }),
      ...(returns.whole && isObject(state['_meta']) ? { _meta: metaOf(state['_meta'], handle) } : {}),
      ...more.result,
    },
    account: {
      ...more.account,
      patients,
      dropped: { ...more.account.dropped, ...all.tally.dropped },
      redacted: summed(more.account.redacted, all.tally.redacted),
    },
  }
}

const nothing: Account = { outcome: 'ok', patients: [], kept: {}, dropped: {}, redacted: {} }

function detailsOf(state: JsonObject, showing: Showing & { readonly rules: Rules }, deps: Deps): Shown {
  const { status, result, error } = state
  if (status === 'input_required') {
    const { shown, account } = shownInputs(state, showing, deps)
    return { result: { inputRequests: shown }, account }
  }
  if (status === 'failed') {
    const code = isObject(error) && Number.isSafeInteger(error['code']) ? Number(error['code']) : -32603
    return {
      result: { error: { code, message: failedSays } },
      account: { ...nothing, outcome: 'error', dropped: { 'error-text': 1 } },
    }
  }
  if (status !== 'completed') return { result: {}, account: nothing }
  if (!isObject(result)) throw new Refusal('upstream-malformed', { mayHaveRun: true })
  const returns = returnsUnder(showing.found.target, showing)
  // Inside of a task a result has no discriminator of its own.
  const shown = shownResult(
    result,
    { shape: toolResult, returns },
    { ...showing, revision: '2025-11-25' },
    deps,
  )
  return { result: { result: shown.result }, account: shown.account }
}

/** `_meta` that says whose task it is, by the caller's handle (MCP 2025-11-25, Associating Task-Related Messages). */
export function metaOf(meta: unknown, handle: string): JsonObject {
  const own = isObject(meta) ? (meta as JsonObject) : {}
  return { ...own, [relatedTask]: { taskId: handle } }
}

function isInner(name: string): boolean {
  return (inner as readonly string[]).includes(name)
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && time.test(value)
}

/** A count of milliseconds, or null. */
function count(value: unknown): number | null {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : null
}

function summed(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>) {
  const all: Record<string, number> = { ...one }
  for (const [name, value] of Object.entries(other)) all[name] = (all[name] ?? 0) + value
  return all
}
