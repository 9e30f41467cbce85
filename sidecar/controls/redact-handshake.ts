// What a handshake shows of the server: its name and version where they are plain tokens, and that it has tools. Its
// instructions, and every other capability, stay here.

import { isObject } from '../../core/is-object.ts'
import type { Deps } from '../deps.ts'
import { type JsonObject, type Redacted, type Replied, revisions } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import { answerOf, withHeader } from '../respond.ts'
import type { Rules } from '../rules.ts'
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

function initialized({ incoming, revision, rules }: Replied): JsonObject {
  const { result } = incoming
  // An older server answers with its own revision; what was asked for is what is spoken.
  if (result['protocolVersion'] !== revision) throw new Refusal('upstream-no-handshake')
  return {
    protocolVersion: revision,
    capabilities: capabilitiesOf(result['capabilities'], rules),
    serverInfo: plain(result['serverInfo']),
  }
}

function discovered({ incoming, revision, rules }: Replied): JsonObject {
  const { result } = incoming
  const supported = result['supportedVersions']
  const both = revisions.filter((one) => Array.isArray(supported) && supported.includes(one))
  if (!both.includes(revision)) throw new Refusal('upstream-no-handshake')
  const meta = result['_meta']
  const info = isObject(meta) ? meta['io.modelcontextprotocol/serverInfo'] : undefined
  return {
    supportedVersions: both.toReversed(),
    capabilities: capabilitiesOf(result['capabilities'], rules),
    _meta: { 'io.modelcontextprotocol/serverInfo': plain(info) },
  }
}

/** What the server says that it can do, cut to what the policy has. */
function capabilitiesOf(claimed: unknown, rules: Rules): JsonObject {
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
  }
}

/** Name and version, where they are short tokens: free text could hold anything. */
function plain(info: unknown): JsonObject {
  const { name, version } = isObject(info) ? info : {}
  return { name: token(name, 'server'), version: token(version, '0') }
}

function token(value: unknown, otherwise: string): string {
  return typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/.test(value) ? value : otherwise
}

function droppedOf({ incoming }: Replied): Record<string, number> {
  return {
    ...(incoming.result['instructions'] === undefined ? {} : { instructions: 1 }),
    ...(incoming.otherMessages === 0 ? {} : { 'server-message': incoming.otherMessages }),
  }
}
