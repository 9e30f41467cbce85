// What a handshake shows of the server: the policy's name for it, its version where that is numbers, and what it has. Its
// instructions, and every other capability, stay here.

import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import type { Deps } from '../deps.ts'
import { type Redacted, type Replied, type Revision, revisions } from '../exchange.ts'
import type { InForce } from '../in-force.ts'
import { Refusal } from '../refusals.ts'
import { answerOf, withHeader } from '../respond.ts'
import type { Rules } from '../rules.ts'
import { namesTasks, tasksExtension } from '../tasks/extension.ts'
import { cachedByNobody } from './answer-from-policy.ts'

export function redactHandshake(exchange: Replied, deps: Deps): Redacted {
  const { incoming, message, revision, who } = exchange
  const shown = {
    initialize: initialized,
    'server/discover': discovered,
    'logging/setLevel': () => ({}),
  }[message.method]
  const result = shown?.(exchange) ?? {}
  const answer = answerOf(message.id as string | number, {
    ...result,
    ...(message.method === 'server/discover' ? cachedByNobody(revision) : {}),
  })
  const begun =
    incoming.session === undefined
      ? answer
      : withHeader(answer, 'mcp-session-id', deps.sessions.begin(who, incoming.session))
  return {
    ...exchange,
    stage: 'redacted',
    answer: begun,
    account: { outcome: 'ok', patients: [], kept: {}, dropped: droppedOf(exchange), redacted: {} },
  }
}

function initialized({ incoming, revision, rules, inForce }: Replied): JsonObject {
  const { result } = incoming
  // An older server answers with its own revision; what was asked for is what is spoken.
  if (result['protocolVersion'] !== revision) throw new Refusal('upstream-no-handshake')
  return {
    protocolVersion: revision,
    capabilities: capabilitiesOf(result['capabilities'], rules, revision),
    serverInfo: plain(result['serverInfo'], inForce),
  }
}

function discovered({ incoming, revision, rules, inForce }: Replied): JsonObject {
  const { result } = incoming
  const supported = result['supportedVersions']
  const both = revisions.filter((one) => Array.isArray(supported) && supported.includes(one))
  if (!both.includes(revision)) throw new Refusal('upstream-no-handshake')
  const meta = result['_meta']
  const info = isObject(meta) ? meta['io.modelcontextprotocol/serverInfo'] : undefined
  return {
    supportedVersions: both.toReversed(),
    capabilities: capabilitiesOf(result['capabilities'], rules, revision),
    _meta: { 'io.modelcontextprotocol/serverInfo': plain(info, inForce) },
  }
}

/** What the server says that it can do, cut to what the policy has. */
function capabilitiesOf(claimed: unknown, rules: Rules, revision: Revision): JsonObject {
  const has = isObject(claimed) ? claimed : {}
  const { fromServer, resources, prompts } = rules
  const changed = (name: string): JsonObject => {
    const own = has[name]
    return fromServer.listChanged !== undefined && isObject(own) && own['listChanged'] === true
      ? { listChanged: true }
      : {}
  }
  const subscribe = resources.some((resource) => resource.subscribe) ? { subscribe: true } : {}
  return {
    tools: changed('tools'),
    ...(resources.length > 0 && isObject(has['resources'])
      ? { resources: { ...subscribe, ...changed('resources') } }
      : {}),
    ...(prompts.size > 0 && isObject(has['prompts']) ? { prompts: changed('prompts') } : {}),
    ...(fromServer.completion !== undefined && isObject(has['completions']) ? { completions: {} } : {}),
    // Removed as a method in 2026-07-28, kept as a capability.
    ...(fromServer.logging !== undefined && isObject(has['logging']) ? { logging: {} } : {}),
    ...(fromServer.tasks === undefined ? {} : tasksOf(has, revision)),
  }
}

/** Calls of tools as tasks, and their end; never their list, which a server cannot cut to one person. */
function tasksOf(has: { readonly [member: string]: unknown }, revision: Revision): JsonObject {
  if (revision === '2026-07-28') return namesTasks(has) ? { extensions: { [tasksExtension]: {} } } : {}
  const { tasks } = has
  const requests = isObject(tasks) ? tasks['requests'] : undefined
  const tools = isObject(requests) ? requests['tools'] : undefined
  if (revision !== '2025-11-25' || !isObject(tasks) || !isObject(tools) || !isObject(tools['call'])) return {}
  return {
    tasks: { ...(isObject(tasks['cancel']) ? { cancel: {} } : {}), requests: { tools: { call: {} } } },
  }
}

/** The policy's name for the server, not its own, which is room for anything; and its version where that is numbers. */
function plain(info: unknown, { policy }: InForce): JsonObject {
  const version = isObject(info) ? info['version'] : undefined
  const numbers = typeof version === 'string' && /^v?\d{1,4}(?:\.\d{1,4}){0,3}$/.test(version)
  return { name: policy.server.name, version: numbers ? version : '0' }
}

function droppedOf({ incoming }: Replied): Record<string, number> {
  return {
    ...(incoming.result['instructions'] === undefined ? {} : { instructions: 1 }),
    ...(incoming.otherMessages === 0 ? {} : { 'server-message': incoming.otherMessages }),
  }
}
