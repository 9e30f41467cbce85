// Which messages exist: method × direction × revision -> pipeline. What is not in the table is refused and recorded.

import type { JsonObject } from '../core/canonical.ts'
import { isObject } from '../core/is-object.ts'
import { mcpNames } from '../core/mcp-names.ts'
import type { FromServer, Policy } from '../core/policy.ts'
import type { Message, Revision, Settled } from './exchange.ts'
import { revisions } from './exchange.ts'
import { decodedHeader } from './header-values.ts'
import {
  answerBack,
  catalogue,
  complete,
  handshake,
  notification,
  promptGet,
  resourceRead,
  resourceSubscribe,
  sessionEnd,
  sessionStream,
  subscription,
  taskAsked,
  taskUpdate,
  toolCall,
} from './pipeline.ts'
import { type Reason, Refusal } from './refusals.ts'
import { refusedMethods } from './refused-methods.ts'
import type { Pipeline } from './runner.ts'

type Direction = Message['kind']
type Row = {
  method: string
  direction: Direction
  revisions: readonly Revision[]
  pipeline: Pipeline<Settled>
  /** What the policy must let servers do: without it the method does not exist. */
  needs?: keyof FromServer
}

const before = ['2025-06-18', '2025-11-25'] as const
const now = ['2026-07-28'] as const
const every = [...before, ...now] as const
const withTasks = ['2025-11-25', ...now] as const

/** From callers. What a server sends besides answers has a table of its own (from-server/messages.ts). */
// biome-ignore format: a table reads best as a table
export const methods: readonly Row[] = [
  { method: 'initialize',                direction: 'request',      revisions: before, pipeline: handshake },
  { method: 'notifications/initialized', direction: 'notification', revisions: before, pipeline: notification },
  { method: 'ping',                      direction: 'request',      revisions: before, pipeline: catalogue },
  { method: 'server/discover',           direction: 'request',      revisions: now,    pipeline: handshake },
  { method: 'logging/setLevel',          direction: 'request',      revisions: before, pipeline: handshake, needs: 'logging' },
  { method: 'tools/list',                direction: 'request',      revisions: every,  pipeline: catalogue },
  { method: 'tools/call',                direction: 'request',      revisions: every,  pipeline: toolCall },
  { method: 'resources/list',            direction: 'request',      revisions: every,  pipeline: catalogue },
  { method: 'resources/templates/list',  direction: 'request',      revisions: every,  pipeline: catalogue },
  { method: 'resources/read',            direction: 'request',      revisions: every,  pipeline: resourceRead },
  { method: 'resources/subscribe',       direction: 'request',      revisions: before, pipeline: resourceSubscribe },
  { method: 'resources/unsubscribe',     direction: 'request',      revisions: before, pipeline: resourceSubscribe },
  { method: 'prompts/list',              direction: 'request',      revisions: every,  pipeline: catalogue },
  { method: 'prompts/get',               direction: 'request',      revisions: every,  pipeline: promptGet },
  { method: 'subscriptions/listen',      direction: 'request',      revisions: now,    pipeline: subscription },
  { method: 'notifications/cancelled',   direction: 'notification', revisions: before, pipeline: notification },
  { method: 'notifications/roots/list_changed', direction: 'notification', revisions: before, pipeline: notification, needs: 'roots' },
  { method: 'sampling/createMessage',    direction: 'response',     revisions: before, pipeline: answerBack },
  { method: 'elicitation/create',        direction: 'response',     revisions: before, pipeline: answerBack },
  { method: 'roots/list',                direction: 'response',     revisions: before, pipeline: answerBack },
  { method: 'GET',                       direction: 'http',         revisions: before, pipeline: sessionStream },
  { method: 'DELETE',                    direction: 'http',         revisions: before, pipeline: sessionEnd },
  { method: 'completion/complete',       direction: 'request',      revisions: every,  pipeline: complete, needs: 'completion' },
  { method: 'tasks/get',                 direction: 'request',      revisions: withTasks, pipeline: taskAsked, needs: 'tasks' },
  { method: 'tasks/result',              direction: 'request',      revisions: ['2025-11-25'], pipeline: taskAsked, needs: 'tasks' },
  { method: 'tasks/cancel',              direction: 'request',      revisions: withTasks, pipeline: taskAsked, needs: 'tasks' },
  { method: 'tasks/update',              direction: 'request',      revisions: now,    pipeline: taskUpdate, needs: 'tasks' },
]

const table = new Map(
  methods.flatMap((row) =>
    row.revisions.map((revision) => [keyOf(row.method, row.direction, revision), row] as const),
  ),
)

/** Method names that may stand in a record: of callers' messages, served or refused. Any other may hold PHI. */
export const knownMethods: ReadonlySet<string> = new Set([
  ...methods.map(({ method }) => method),
  ...refusedMethods.filter(({ from }) => from === 'caller').map(({ method }) => method),
])

/** The pipeline of a message. Throws Refusal for one that the table does not list, or that this policy has no use for. */
export function pipelineFor(
  { method, kind }: Message,
  revision: Revision,
  { fromServer }: Pick<Policy, 'fromServer'>,
): Pipeline<Settled> {
  const found = table.get(keyOf(method, kind, revision))
  if (found === undefined || (found.needs !== undefined && fromServer[found.needs] === undefined))
    throw new Refusal(unknown[kind])
  return found.pipeline
}

const unknown: { readonly [kind in Direction]: Reason } = {
  request: 'method-unknown',
  notification: 'notification-unknown',
  response: 'question-unknown',
  http: 'method-not-allowed',
}

function keyOf(method: string, direction: Direction, revision: Revision): string {
  return `${direction} ${revision} ${method}`
}

/**
 * A parsed body as one message. `asked`: the method of the question that a response answers, where one is open. Throws
 * Refusal for anything else.
 */
export function messageOf(value: unknown, asked: (id: unknown) => string | undefined): Message {
  if (Array.isArray(value)) throw new Refusal('batch-refused')
  if (!isObject(value) || value['jsonrpc'] !== '2.0') throw new Refusal('message-malformed')
  const { id, method, params = {}, result, error } = value
  if (method === undefined && (result !== undefined || error !== undefined)) {
    if (result !== undefined && (!isObject(result) || error !== undefined))
      throw new Refusal('message-malformed')
    const question = asked(id)
    // Nobody asked that: what it would answer is not known, and it may hold anything.
    if (question === undefined) throw new Refusal('question-unknown')
    const message = { kind: 'response' as const, id: id as number, method: question, params: {} }
    return result === undefined ? message : { ...message, result: result as JsonObject }
  }
  const identified = Object.hasOwn(value, 'id')
  const known = typeof id === 'string' ? id.length <= 256 : Number.isSafeInteger(id)
  if (typeof method !== 'string' || !isObject(params) || (identified && !known)) {
    throw new Refusal('message-malformed')
  }
  const message = { method, params: params as JsonObject }
  return identified
    ? { kind: 'request', ...message, id: id as string | number }
    : { kind: 'notification', ...message }
}

export type McpHeaders = { readonly [name: string]: string | string[] | undefined }

/**
 * The revision that a message is in, decided by its body and confirmed by its headers: an intermediary that believed the
 * headers alone would enforce on what the body does not say (MCP 2026-07-28, Server Validation).
 */
export function revisionOf({ method, params, id }: Message, headers: McpHeaders): Revision {
  const header = headers['mcp-protocol-version']
  const meta = params['_meta']
  const claimed = isObject(meta) ? meta['io.modelcontextprotocol/protocolVersion'] : undefined

  if (claimed !== undefined) {
    if (header !== undefined && header !== claimed) throw new Refusal('headers-disagree')
    if (!isServed(claimed)) throw unknownRevision(claimed, now)
    if (header !== claimed) throw new Refusal('headers-disagree')
    if (claimed === '2026-07-28' && id !== undefined) {
      if (!isObject(isObject(meta) ? meta['io.modelcontextprotocol/clientCapabilities'] : undefined))
        throw new Refusal('meta-missing')
      confirm(method, params, headers)
    }
    return claimed
  }
  if (header === '2026-07-28') throw new Refusal('meta-missing')
  // Before 2026-07-28 initialize negotiates: what the caller proposes, if it is served, else the newest that is.
  if (method === 'initialize') {
    const proposed = params['protocolVersion']
    return isServed(proposed) && proposed !== '2026-07-28' ? proposed : '2025-11-25'
  }
  if (header === undefined) throw new Refusal('headers-disagree')
  if (!isServed(header)) throw unknownRevision(header, before)
  return header
}

function confirm(method: string, params: JsonObject, headers: McpHeaders): void {
  const { 'mcp-method': methodHeader, 'mcp-name': nameHeader } = headers
  if (methodHeader !== method) throw new Refusal('headers-disagree')
  const member = mcpNames.get(method)
  if (member === undefined) return
  if (typeof nameHeader !== 'string' || decodedHeader(nameHeader) !== params[member])
    throw new Refusal('headers-disagree')
}

function isServed(revision: unknown): revision is Revision {
  return revisions.includes(revision as Revision)
}

/**
 * `supported`: of the way in which the caller spoke, so that a server of one era is not said to serve the other. `requested` must be there (schema of UnsupportedProtocolVersionError): it is
 * repeated where it has a version's form.
 */
function unknownRevision(claimed: unknown, supported: readonly Revision[]): Refusal {
  const version =
    typeof claimed === 'string' && /^(?:v?\d{1,4}(?:\.\d{1,3}){1,3}|20\d\d-[01]\d-[0-3]\d)$/.test(claimed)
  return new Refusal('revision-unknown', {
    data: { supported: supported.toReversed(), requested: version ? claimed : 'unknown' },
  })
}
