// Every message that a server may send besides answers: method × kind × revisions -> what the policy must name, and what
// of it is shown. What is not in this table does not leave the pod. In MCP 2026-07-28 a server asks inside of an answer
// (inputRequests); the same rows say what may be asked there.

import type { Json, JsonObject } from '../../core/canonical.ts'
import type { FromServer, TextRule } from '../../core/policy.ts'
import type { Revision } from '../exchange.ts'
import type { Notice } from '../tasks/notice.ts'
import { bare, elicitation, logMessage, progress, type Shown, sampling } from './shown.ts'
import type { View } from './view.ts'

/** What the rows may use besides the message. */
export type Context = {
  readonly fromServer: FromServer
  /** Whether an agreement is active at this moment. */
  readonly agreementActive: (name: string) => boolean
  /** The caller's progress token; undefined where the message belongs to no call. */
  readonly progressToken?: string | number
  /** What a subscription was cut to. */
  readonly acknowledged?: JsonObject
  /** Whether the caller may be told of changes of this resource. */
  readonly subscribed: (uri: unknown) => boolean
  /** The caller's handle of a task that the server names by its own id; undefined when it is none of theirs. */
  readonly handleOf?: (id: unknown) => string | undefined
  /** The state of a task as the caller may hear of it. */
  readonly task?: (state: JsonObject) => Notice | undefined
}

export type ServerRow = {
  readonly method: string
  readonly kind: 'request' | 'notification'
  /** Revisions in which it is a message of its own. */
  readonly revisions: readonly Revision[]
  /** Whether it may stand in inputRequests. */
  readonly input?: true
  /** The text rule under which it may leave; undefined when the policy does not name it. */
  readonly rule: (context: Context) => TextRule | undefined
  readonly show: (params: JsonObject, view: View, context: Context) => Shown
  /** It says how a task stands: shown like an answer to whoever made it (Context.task), by the rules of its tool. */
  readonly task?: true
}

const before = ['2025-06-18', '2025-11-25'] as const
const every = [...before, '2026-07-28'] as const

const ruleOf =
  (name: 'progress' | 'logging' | 'elicitation') =>
  ({ fromServer }: Context): TextRule | undefined =>
    fromServer[name]?.text
const named =
  (name: 'roots' | 'listChanged' | 'tasks') =>
  ({ fromServer }: Context): TextRule | undefined =>
    fromServer[name] === undefined ? undefined : 'Drop'

/** What goes to a model goes to its vendor: with an agreement, while it is active (45 CFR 164.504(e)). */
function samplingRule({ fromServer, agreementActive }: Context): TextRule | undefined {
  const { sampling: rules } = fromServer
  if (rules === undefined) return undefined
  return rules.agreement === undefined || agreementActive(rules.agreement) ? rules.text : undefined
}

// biome-ignore format: a table reads best as a table
export const serverMessages: readonly ServerRow[] = [
  { method: 'sampling/createMessage', kind: 'request', revisions: before, input: true, rule: samplingRule, show: sampling },
  { method: 'elicitation/create', kind: 'request', revisions: before, input: true, rule: ruleOf('elicitation'),
    show: (params, view, { fromServer }) => fromServer.elicitation === undefined ? undefined : elicitation(params, view, fromServer.elicitation) },
  { method: 'roots/list', kind: 'request', revisions: before, input: true, rule: named('roots'), show: bare },
  { method: 'notifications/progress', kind: 'notification', revisions: every, rule: ruleOf('progress'),
    show: (params, view, { progressToken }) => progressToken === undefined ? undefined : progress(params, view, progressToken) },
  { method: 'notifications/message', kind: 'notification', revisions: every, rule: ruleOf('logging'), show: logMessage },
  { method: 'notifications/resources/updated', kind: 'notification', revisions: every, rule: () => 'Drop',
    show: ({ uri }, _, { subscribed }) => subscribed(uri) ? { uri } : undefined },
  { method: 'notifications/subscriptions/acknowledged', kind: 'notification', revisions: ['2026-07-28'], rule: () => 'Drop',
    show: (_, __, { acknowledged }) => acknowledged === undefined ? undefined : { notifications: acknowledged as Json } },
  { method: 'notifications/tools/list_changed', kind: 'notification', revisions: every, rule: named('listChanged'), show: bare },
  { method: 'notifications/prompts/list_changed', kind: 'notification', revisions: every, rule: named('listChanged'), show: bare },
  { method: 'notifications/resources/list_changed', kind: 'notification', revisions: every, rule: named('listChanged'), show: bare },
  { method: 'notifications/elicitation/complete', kind: 'notification', revisions: ['2025-11-25'], rule: ruleOf('elicitation'),
    show: ({ elicitationId }, view) => { const id = view.opaque(elicitationId); return id === undefined ? undefined : { elicitationId: id } } },
  { method: 'notifications/tasks/status', kind: 'notification', revisions: ['2025-11-25'], rule: named('tasks'), task: true, show: () => undefined },
  { method: 'notifications/tasks', kind: 'notification', revisions: ['2026-07-28'], rule: named('tasks'), task: true, show: () => undefined },
]

const streamed = new Map(
  serverMessages.flatMap((row) =>
    row.revisions.map((revision) => [`${row.kind} ${revision} ${row.method}`, row] as const),
  ),
)
const inputs = new Map(serverMessages.filter(({ input }) => input).map((row) => [row.method, row]))

/** The row of a message that stands by itself. */
export function streamedRow(
  method: string,
  kind: ServerRow['kind'],
  revision: Revision,
): ServerRow | undefined {
  return streamed.get(`${kind} ${revision} ${method}`)
}

/** The row of a request inside of an answer. */
export function inputRow(method: unknown): ServerRow | undefined {
  return typeof method === 'string' ? inputs.get(method) : undefined
}
