// Messages of the specification that are not served, each with its reason: what stands neither here nor in a table of
// served ones (methods.ts, from-server/messages.ts) makes a test fail. The names are known, so records may hold them.

import type { Revision } from './exchange.ts'

export type RefusedMethod = {
  readonly method: string
  readonly from: 'caller' | 'server'
  readonly kind: 'request' | 'notification' | 'response' | 'http'
  readonly revisions: readonly Revision[]
  readonly why: keyof typeof whys
}

/** Why a message is refused. */
export const whys = {
  'other-revision': 'This revision does not have it.',
  'inside-answers':
    'In this revision a server asks inside of its answer (inputRequests), and is answered in the next request (inputResponses).',
  'stream-ends': 'In this revision a caller cancels by ending the stream of the call.',
  'tasks-of-all':
    'A server cannot say whose tasks it lists, so a list would show those of others. Callers hold a handle for each of theirs.',
  'no-callers-tasks':
    'Callers answer questions while they are asked. No server is told that they take any as a task, so there is none to ask after.',
  'no-callers-progress':
    'It says how far a caller is with a question of the server. Its text is free, and no server needs it to go on.',
  'withdrawn-question':
    'It withdraws a question that the caller may be answering. The answer is passed on, and the server, by the specification, ignores it.',
  'own-connection':
    'It asks whether the other end of a connection is there. That end is the sidecar, which answers in the caller\u2019s place.',
} as const

const first = ['2025-06-18'] as const
const second = ['2025-11-25'] as const
const before = ['2025-06-18', '2025-11-25'] as const
const now = ['2026-07-28'] as const
const every = [...before, ...now] as const
const notSecond = [...first, ...now] as const

// biome-ignore format: a table reads best as a table
export const refusedMethods: readonly RefusedMethod[] = [
  { from: 'caller', kind: 'request', method: 'initialize',             revisions: now,       why: 'other-revision' },
  { from: 'caller', kind: 'request', method: 'ping',                   revisions: now,       why: 'other-revision' },
  { from: 'caller', kind: 'request', method: 'logging/setLevel',       revisions: now,       why: 'other-revision' },
  { from: 'caller', kind: 'request', method: 'resources/subscribe',    revisions: now,       why: 'other-revision' },
  { from: 'caller', kind: 'request', method: 'resources/unsubscribe',  revisions: now,       why: 'other-revision' },
  { from: 'caller', kind: 'request', method: 'server/discover',        revisions: before,    why: 'other-revision' },
  { from: 'caller', kind: 'request', method: 'subscriptions/listen',   revisions: before,    why: 'other-revision' },
  { from: 'caller', kind: 'request', method: 'tasks/get',              revisions: first,     why: 'other-revision' },
  { from: 'caller', kind: 'request', method: 'tasks/result',           revisions: notSecond, why: 'other-revision' },
  { from: 'caller', kind: 'request', method: 'tasks/list',             revisions: notSecond, why: 'other-revision' },
  { from: 'caller', kind: 'request', method: 'tasks/list',             revisions: second,    why: 'tasks-of-all' },
  { from: 'caller', kind: 'request', method: 'tasks/cancel',           revisions: first,     why: 'other-revision' },
  { from: 'caller', kind: 'request', method: 'tasks/update',           revisions: before,    why: 'other-revision' },

  { from: 'caller', kind: 'notification', method: 'notifications/initialized',        revisions: now,       why: 'other-revision' },
  { from: 'caller', kind: 'notification', method: 'notifications/roots/list_changed', revisions: now,       why: 'other-revision' },
  { from: 'caller', kind: 'notification', method: 'notifications/cancelled',          revisions: now,       why: 'stream-ends' },
  { from: 'caller', kind: 'notification', method: 'notifications/progress',           revisions: every,     why: 'no-callers-progress' },
  { from: 'caller', kind: 'notification', method: 'notifications/tasks/status',       revisions: notSecond, why: 'other-revision' },
  { from: 'caller', kind: 'notification', method: 'notifications/tasks/status',       revisions: second,    why: 'no-callers-tasks' },

  { from: 'caller', kind: 'response', method: 'sampling/createMessage', revisions: now,       why: 'inside-answers' },
  { from: 'caller', kind: 'response', method: 'elicitation/create',     revisions: now,       why: 'inside-answers' },
  { from: 'caller', kind: 'response', method: 'roots/list',             revisions: now,       why: 'inside-answers' },
  { from: 'caller', kind: 'response', method: 'ping',                   revisions: before,    why: 'own-connection' },
  { from: 'caller', kind: 'response', method: 'ping',                   revisions: now,       why: 'other-revision' },
  { from: 'caller', kind: 'response', method: 'tasks/get',              revisions: notSecond, why: 'other-revision' },
  { from: 'caller', kind: 'response', method: 'tasks/get',              revisions: second,    why: 'no-callers-tasks' },
  { from: 'caller', kind: 'response', method: 'tasks/result',           revisions: notSecond, why: 'other-revision' },
  { from: 'caller', kind: 'response', method: 'tasks/result',           revisions: second,    why: 'no-callers-tasks' },
  { from: 'caller', kind: 'response', method: 'tasks/list',             revisions: notSecond, why: 'other-revision' },
  { from: 'caller', kind: 'response', method: 'tasks/list',             revisions: second,    why: 'no-callers-tasks' },
  { from: 'caller', kind: 'response', method: 'tasks/cancel',           revisions: notSecond, why: 'other-revision' },
  { from: 'caller', kind: 'response', method: 'tasks/cancel',           revisions: second,    why: 'no-callers-tasks' },

  { from: 'caller', kind: 'http', method: 'GET',    revisions: now, why: 'other-revision' },
  { from: 'caller', kind: 'http', method: 'DELETE', revisions: now, why: 'other-revision' },

  { from: 'server', kind: 'request', method: 'sampling/createMessage', revisions: now,       why: 'inside-answers' },
  { from: 'server', kind: 'request', method: 'elicitation/create',     revisions: now,       why: 'inside-answers' },
  { from: 'server', kind: 'request', method: 'roots/list',             revisions: now,       why: 'inside-answers' },
  { from: 'server', kind: 'request', method: 'ping',                   revisions: before,    why: 'own-connection' },
  { from: 'server', kind: 'request', method: 'ping',                   revisions: now,       why: 'other-revision' },
  { from: 'server', kind: 'request', method: 'tasks/get',              revisions: notSecond, why: 'other-revision' },
  { from: 'server', kind: 'request', method: 'tasks/get',              revisions: second,    why: 'no-callers-tasks' },
  { from: 'server', kind: 'request', method: 'tasks/result',           revisions: notSecond, why: 'other-revision' },
  { from: 'server', kind: 'request', method: 'tasks/result',           revisions: second,    why: 'no-callers-tasks' },
  { from: 'server', kind: 'request', method: 'tasks/list',             revisions: notSecond, why: 'other-revision' },
  { from: 'server', kind: 'request', method: 'tasks/list',             revisions: second,    why: 'no-callers-tasks' },
  { from: 'server', kind: 'request', method: 'tasks/cancel',           revisions: notSecond, why: 'other-revision' },
  { from: 'server', kind: 'request', method: 'tasks/cancel',           revisions: second,    why: 'no-callers-tasks' },

  { from: 'server', kind: 'notification', method: 'notifications/cancelled',                  revisions: every,     why: 'withdrawn-question' },
  { from: 'server', kind: 'notification', method: 'notifications/subscriptions/acknowledged', revisions: before,    why: 'other-revision' },
  { from: 'server', kind: 'notification', method: 'notifications/elicitation/complete',       revisions: notSecond, why: 'other-revision' },
  { from: 'server', kind: 'notification', method: 'notifications/tasks/status',               revisions: notSecond, why: 'other-revision' },
  { from: 'server', kind: 'notification', method: 'notifications/tasks',                      revisions: before,    why: 'other-revision' },
]
