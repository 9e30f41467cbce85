// subscriptions/listen (MCP 2026-07-28): what a caller wants to hear of, cut to what they may, then a stream that lasts.

import type { Json, JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import type { Ask } from '../asks/ask.ts'
import { subscribeAsk } from '../asks/resource.ts'
import { taskAsk } from '../asks/task.ts'
import type { Deps } from '../deps.ts'
import type { Announced, Prepared, Redacted, Replied } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import { answerOf } from '../respond.ts'
import { contextOf, type Heard, hear, withReach } from '../streams/hear.ts'
import { openStream } from '../streams/open.ts'
import { demandTasks } from '../tasks/extension.ts'
import { taskBehind } from '../tasks/handle.ts'
import { permits } from './permits.ts'
import { protocolMeta } from './prepare.ts'

const listFlags = ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged'] as const
const mostResources = 100
const mostTasks = 100

/** A flag that the policy does not let through, and a resource that this caller may not read, are left out. */
export function prepareSubscription(exchange: Announced, deps: Deps): Prepared {
  const { message, rules } = exchange
  const { notifications: wanted } = message.params
  if (!isObject(wanted)) throw new Refusal('message-malformed')
  const uris = wanted['resourceSubscriptions'] ?? []
  if (!Array.isArray(uris) || uris.length > mostResources) throw new Refusal('message-malformed')
  const flags =
    rules.fromServer.listChanged === undefined ? [] : listFlags.filter((name) => wanted[name] === true)
  const watched = uris.filter((uri: unknown) => readable(exchange, uri, deps)) as Json[]
  const tasks = tasksOf(exchange, deps)
  const notifications: JsonObject = {
    ...Object.fromEntries(flags.map((name) => [name, true])),
    ...(watched.length === 0 ? {} : { resourceSubscriptions: watched }),
    ...(tasks.size === 0 ? {} : { taskIds: [...tasks.keys()] }),
  }
  const params: JsonObject = { notifications, ...protocolMeta(exchange) }
  const outgoing = { method: message.method, params, notification: false }
  return { ...exchange, stage: 'prepared', outgoing, tasks }
}

/** Handles of the tasks to be told of, by the server's ids. Throws Refusal for a caller who does not know tasks. */
function tasksOf(exchange: Announced, deps: Deps): Map<string, string> {
  const { message, rules } = exchange
  const wanted = isObject(message.params['notifications']) ? message.params['notifications']['taskIds'] : []
  if (wanted === undefined || rules.fromServer.tasks === undefined) return new Map()
  if (!Array.isArray(wanted) || wanted.length > mostTasks) throw new Refusal('message-malformed')
  if (wanted.length > 0) demandTasks(message.params)
  return new Map(
    wanted.flatMap((handle: unknown): [string, string][] => {
      const task = taskBehind(exchange, handle)
      const may = task !== undefined && asks(taskAsk, { taskId: handle as string }, exchange, deps)
      return may ? [[task.id, handle as string]] : []
    }),
  )
}

/** Judged like a read of it. */
function readable(exchange: Announced, uri: unknown, deps: Deps): boolean {
  return asks(subscribeAsk, { uri: uri as Json }, exchange, deps)
}

function asks(ask: Ask, asked: JsonObject, exchange: Announced, deps: Deps): boolean {
  const { _meta: meta } = exchange.message.params
  return permits(ask, { ...asked, ...(meta === undefined ? {} : { _meta: meta }) }, exchange, deps)
}

export async function forwardSubscription(exchange: Prepared, deps: Deps): Promise<Replied> {
  const { inForce, revision, outgoing, message, tasks = new Map<string, string>() } = exchange
  const filter = outgoing.params['notifications'] as JsonObject
  const uris = (filter['resourceSubscriptions'] ?? []) as readonly Json[]
  const outlet = exchange.outlet()
  const stream = openStream(exchange, outlet, deps)
  let heard: Heard | undefined
  try {
    const context = {
      ...contextOf(exchange, deps, (one) => tasks.get(one as string)),
      subscribed: (uri: unknown) => uris.includes(uri as Json),
      acknowledged: {
        ...filter,
        ...(filter['taskIds'] === undefined ? {} : { taskIds: handles(filter, tasks) }),
      },
    }
    // The server names the subscription by our id of the request; the caller knows it by theirs.
    const id = message.id as string | number
    heard = hear(withReach(exchange), context, deps, outlet, { subscriptionId: id })
    const incoming = await deps.upstream.send({
      path: inForce.policy.workload.path,
      revision,
      outgoing,
      hearing: heard.hearing,
      gone: stream.over,
      endless: true,
    })
    return { ...exchange, stage: 'replied', incoming: { ...incoming, otherMessages: await heard.settled() } }
  } catch (why) {
    // A stream that was told to end, or that the server ended, has ended well: it has no other answer.
    const ended =
      stream.over.aborted || (outlet.begun && why instanceof Refusal && why.reason === 'upstream-broken-off')
    const otherMessages = await heard?.settled()
    if (!(why instanceof Refusal) || !ended) throw why
    return { ...exchange, stage: 'replied', incoming: { result: {}, otherMessages: otherMessages ?? 0 } }
  } finally {
    stream.close()
  }
}

/** What the server was asked to tell of, in the caller's terms. */
function handles({ taskIds }: JsonObject, tasks: ReadonlyMap<string, string>): Json {
  return (taskIds as readonly string[]).flatMap((id) => tasks.get(id) ?? [])
}

export function endSubscription(exchange: Replied): Redacted {
  const { message, incoming } = exchange
  return {
    ...exchange,
    stage: 'redacted',
    answer: answerOf(message.id as string | number, { resultType: 'complete' }),
    account: {
      outcome: 'ok',
      patients: [],
      kept: {},
      dropped: incoming.otherMessages === 0 ? {} : { 'server-message': incoming.otherMessages },
      redacted: {},
    },
  }
}
