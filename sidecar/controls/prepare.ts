// What the server learns of the caller: the revision, our own name, and what the caller can do of what the policy lets a
// server ask for. Callers' own names and versions are free text, and stay here.

import type { JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import type { FromServer } from '../../core/policy.ts'
import type { Deps } from '../deps.ts'
import type { Announced, Identified, Prepared, Revision } from '../exchange.ts'
import { isLogLevel } from '../log-levels.ts'
import { Refusal } from '../refusals.ts'
import { callKey } from '../streams/running.ts'
import { namesTasks, tasksExtension } from '../tasks/extension.ts'

/** How we call ourselves. */
export const clientInfo: JsonObject = { name: 'hipaa-mcp', version: '0.1.0' }

/** Made once: a name that is put together for each call is looked up anew for each. */
const metaNames = {
  revision: 'io.modelcontextprotocol/protocolVersion',
  client: 'io.modelcontextprotocol/clientInfo',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  level: 'io.modelcontextprotocol/logLevel',
} as const

/** `_meta` of a request, as its revision asks for it. */
export function protocolMeta({
  revision,
  message,
  rules,
}: Pick<Identified, 'revision' | 'message' | 'rules'>): JsonObject {
  const meta = isObject(message.params['_meta']) ? message.params['_meta'] : {}
  const token = rules.fromServer.progress === undefined ? undefined : progressTokenOf(meta)
  const progress: JsonObject = token === undefined ? {} : { progressToken: token }
  if (revision !== '2026-07-28') return token === undefined ? {} : { _meta: progress }
  const level = meta[metaNames.level]
  return {
    _meta: {
      ...progress,
      [metaNames.revision]: revision,
      [metaNames.client]: clientInfo,
      [metaNames.capabilities]: capabilities(meta[metaNames.capabilities], rules.fromServer, revision),
      ...(rules.fromServer.logging !== undefined && isLogLevel(level) ? { [metaNames.level]: level } : {}),
    },
  }
}

/** A progress token as MCP has it: an integer, or a text, which we bound. */
export function progressTokenOf(meta: unknown): string | number | undefined {
  const token = isObject(meta) ? meta['progressToken'] : undefined
  if (typeof token === 'string') return token.length <= 256 ? token : undefined
  return Number.isSafeInteger(token) ? (token as number) : undefined
}

/** What the caller says it can do, cut to what the policy lets a server ask for: nobody else's word counts. */
function capabilities(
  claimed: unknown,
  { sampling, elicitation, roots, tasks }: FromServer,
  revision: Revision,
): JsonObject {
  const has = isObject(claimed) ? claimed : {}
  const modes = isObject(has['elicitation']) ? has['elicitation'] : {}
  // A bare `elicitation: {}` means forms (MCP 2025-11-25, Elicitation, Capabilities).
  const both = (elicitation?.modes ?? []).filter((mode) => mode in modes)
  return {
    ...(sampling !== undefined && isObject(has['sampling']) ? { sampling: {} } : {}),
    ...(elicitation !== undefined && isObject(has['elicitation'])
      ? { elicitation: Object.fromEntries(both.map((mode) => [mode, {}])) }
      : {}),
    ...(roots !== undefined && isObject(has['roots']) ? { roots: {} } : {}),
    // The other way round, tasks that a server makes at its caller (MCP 2025-11-25), there are none.
    ...(tasks !== undefined && revision === '2026-07-28' && namesTasks(has)
      ? { extensions: { [tasksExtension]: {} } }
      : {}),
  }
}

/** Cancelling names a call by the id that the server knows it by; without one that runs there is nothing to say. */
function cancelled(exchange: Announced, deps: Deps): JsonObject {
  const key = callKey(exchange, exchange.message.params['requestId'])
  const requestId = key === undefined ? undefined : deps.upstream.idOf(key)
  if (requestId === undefined) throw new Refusal('call-unknown')
  return { requestId }
}

/** One of the eight words: any other would be free text on its way to the server. */
function levelOf(level: unknown): string {
  if (!isLogLevel(level))
    throw new Refusal('argument-refused', {
      data: { argument: 'level', rule: 'must be a level of RFC 5424' },
    })
  return level
}

/** What is sent for initialize, server/discover, logging/setLevel and notifications/initialized. */
export function prepare(exchange: Announced, deps: Deps): Prepared {
  const { message, revision, rules } = exchange
  const outgoing = { method: message.method, params: paramsOf(), notification: message.id === undefined }
  return { ...exchange, stage: 'prepared', outgoing }

  function paramsOf(): JsonObject {
    if (message.method === 'initialize') {
      const asked = capabilities(message.params['capabilities'], rules.fromServer, revision)
      return { protocolVersion: revision, capabilities: asked, clientInfo }
    }
    if (message.method === 'notifications/cancelled') return cancelled(exchange, deps)
    if (message.method === 'logging/setLevel') return { level: levelOf(message.params['level']) }
    return protocolMeta(exchange)
  }
}
